"""Which way is up, and in which unit coordinates are: the settings that the recordings ask for."""

from collections.abc import Iterator, Sequence
from typing import Any

from htvae.config import DataConfig
from htvae.io.checks.finding import FolderFinding, Place
from htvae.io.checks.words import count_of
from htvae.io.findings import RecordingReport
from htvae.poses.sequence import Coordinates, PoseSequence


def find_axes(
    reports: Sequence[RecordingReport], sequences: Sequence[PoseSequence]
) -> Iterator[FolderFinding]:
    """Yield findings on which way is up."""
    judged = [report for report in reports if report.upside_down is not None]
    turned = [report for report in judged if report.upside_down]
    places = tuple(_place(report, "upside_down") for report in turned)
    which = count_of(len(turned), len(judged), "recording")
    if len(turned) > len(judged) / 2:
        now = {s.name: s.coordinates.y_up for s in sequences}[turned[0].name]
        yield FolderFinding(
            kind="upside_down",
            message=f"y must grow upwards, but bodies stand on their heads in {which}.",
            places=places,
            remedy=f"Add {'--no_y_up' if now else '--y_up'}.",
            settings={"y_up": not now, "z_up": None},
        )
    elif turned:
        yield FolderFinding(
            kind="upside_down",
            message=f"y must grow one way in all files, but bodies stand on their heads in {which}.",
            places=places,
            remedy="Unless these are handstands, change the sign of y in these files.",
        )
    yield from _find_lying(reports, sequences)


def find_units(reports: Sequence[RecordingReport], config: DataConfig) -> Iterator[FolderFinding]:
    """Yield findings on coordinates in shares of the image, and on an image size that nothing needs."""
    shares = [report for report in reports if _has(report, "shares")]
    pixels = [report for report in reports if report.coordinates == "pixels"]
    if shares:
        are_most = 2 * len(shares) > len(reports) and not pixels
        yield FolderFinding(
            kind="shares",
            message=(
                "x and y must have one unit, but are shares (0..1) of the image's width and height in "
                f"{count_of(len(shares), len(reports), 'recording')}."
            ),
            places=tuple(Place(recording=report.name) for report in shares),
            remedy=(
                "Add --image_size WIDTH HEIGHT, the size of the video in pixels."
                if are_most
                else "Import them by themselves with --image_size WIDTH HEIGHT: it would distort the others."
            ),
            to_add=("--image_size WIDTH HEIGHT",) if are_most else (),
        )
    if pixels and config.image_size is not None:
        others = any(report.coordinates == "0..1" for report in reports)
        yield FolderFinding(
            kind="pixels",
            message=(
                "image_size is for coordinates in 0..1, but x and y are pixels in "
                f"{count_of(len(pixels), len(reports), 'recording')}."
            ),
            places=tuple(Place(recording=report.name) for report in pixels),
            remedy="Import these by themselves without it." if others else "Leave --image_size out.",
            settings={} if others else {"image_size": None},
        )


def _find_lying(
    reports: Sequence[RecordingReport], sequences: Sequence[PoseSequence]
) -> Iterator[FolderFinding]:
    lying = [report for report in reports if _has(report, "lying")]
    if not lying:
        return
    details = [finding.detail for report in lying for finding in report.findings if finding.kind == "lying"]
    is_plus = sum("+z" in detail for detail in details) > len(details) / 2
    own = {sequence.name: sequence.coordinates for sequence in sequences}[lying[0].name]
    settings = _upright_settings(own, is_plus) if len(lying) > len(reports) / 2 else {}
    flag = next((f"--{'' if value else 'no_'}{name}" for name, value in settings.items()), "")
    yield FolderFinding(
        kind="lying",
        message=(
            "y must be the vertical, but bodies stand along z in "
            f"{count_of(len(lying), len(reports), 'recording')}."
        ),
        places=tuple(_place(report, "lying") for report in lying),
        remedy=f"Add {flag}." if flag else "Unless these people lie down, turn the axes of these files.",
        settings={"y_up": None, "z_up": None, **settings} if settings else {},
    )


def _upright_settings(own: Coordinates, is_plus: bool) -> dict[str, Any]:
    """Return the setting by which bodies stand upright that were read to stand along +z, or along -z."""
    if own.z_up:
        return {"y_up": not is_plus}
    return {"z_up": True} if is_plus == own.y_up else {}


def _has(report: RecordingReport, kind: str) -> bool:
    return any(finding.kind == kind for finding in report.findings)


def _place(report: RecordingReport, kind: str) -> Place:
    return Place(
        recording=report.name, detail=next((f.detail for f in report.findings if f.kind == kind), "")
    )
