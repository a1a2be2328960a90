"""Why parts of the page are empty."""

from htvae.app.collect.material import Material
from htvae.app.payload import Payload


def explain_missing(payload: Payload, material: Material, by: str | None) -> list[str]:
    """Return why parts of the page are empty.

    Args:
        payload: the report.
        material: what it is made from.
        by: column whose groups are compared.
    """
    recordings = payload["recordings"]
    reasons = {
        "No labels: neither manifest.csv nor frame_labels.csv names any.": not payload["labels"],
        "No frame rate: times are frames.": material.clock.rate is None,
        "No motifs: the recordings are too short.": not payload["motifs"],
        "No generated motion: the model has no prior (htvae train-prior adds one).": not payload["generated"],
        "No completion: the held-out recordings are too short to hide a second.": (
            payload["completion"] is None
        ),
        "No attention: the network has none to show.": payload["attention"] is None,
        "No bones: no landmark's name tells what is joined. A skeleton.csv beside the recordings does.": (
            not payload["body"]["edges"]
        ),
        "No groups were compared: --by COLUMN compares the groups of a column.": by is None,
        "One recording: maps of recordings need more.": len(recordings) == 1,
    }
    return [reason for reason, is_so in reasons.items() if is_so]
