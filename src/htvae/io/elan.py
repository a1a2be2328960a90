"""Annotations of ELAN: EAF files, version 3.0, with one tier for each kind of label.

- Times are milliseconds from the start of the recording.
- A file belongs to one recording. It names no video, since we know none: ELAN asks for it
  (Edit, Linked Files).

Source: "ELAN Annotation Format", EAFv3.0.xsd, Max Planck Institute for Psycholinguistics.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree import ElementTree

import numpy as np

from htvae.io.faults import DataError
from htvae.utils.files import atomic_write

SUFFIX = ".eaf"
_DATE = "1970-01-01T00:00:00+00:00"
"""Date of all files: the format asks for one, and the same labels should give the same file."""
_SCHEMA = "http://www.mpi.nl/tools/elan/EAFv3.0.xsd"
_XSI = "http://www.w3.org/2001/XMLSchema-instance"
_TYPE = "default-lt"
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""Characters that XML has no way to write."""


@dataclass(frozen=True)
class Annotation:
    """A stretch with a label."""

    start: float
    """Seconds."""
    stop: float
    """Seconds."""
    text: str


def write_eaf(path: Path, tiers: Mapping[str, Sequence[Annotation]]) -> Path:
    """Write annotations by name of their tier, and return the path; those shorter than 1 ms are left out."""
    root = ElementTree.Element(
        "ANNOTATION_DOCUMENT",
        {
            "AUTHOR": "htvae",
            "DATE": _DATE,
            "FORMAT": "3.0",
            "VERSION": "3.0",
            "xmlns:xsi": _XSI,
            "xsi:noNamespaceSchemaLocation": _SCHEMA,
        },
    )
    header = ElementTree.SubElement(root, "HEADER", {"MEDIA_FILE": "", "TIME_UNITS": "milliseconds"})
    order = ElementTree.SubElement(root, "TIME_ORDER")
    rows = [
        (tier, round(1000 * one.start), round(1000 * one.stop), _FORBIDDEN.sub("�", one.text))
        for tier, annotations in tiers.items()
        for one in annotations
    ]
    rows = [row for row in rows if row[1] < row[2]]
    moments = sorted((row[side], i, side) for i, row in enumerate(rows) for side in (1, 2))
    slots = {(i, side): f"ts{number}" for number, (_, i, side) in enumerate(moments, 1)}
    for moment, i, side in moments:
        ElementTree.SubElement(
            order, "TIME_SLOT", {"TIME_SLOT_ID": slots[i, side], "TIME_VALUE": str(moment)}
        )
    parents = {
        tier: ElementTree.SubElement(root, "TIER", {"LINGUISTIC_TYPE_REF": _TYPE, "TIER_ID": tier})
        for tier in tiers
    }
    for i, (tier, _, _, text) in enumerate(rows):
        place = {"TIME_SLOT_REF1": slots[i, 1], "TIME_SLOT_REF2": slots[i, 2]}
        annotation = ElementTree.SubElement(parents[tier], "ANNOTATION")
        aligned = ElementTree.SubElement(
            annotation, "ALIGNABLE_ANNOTATION", {"ANNOTATION_ID": f"a{i + 1}", **place}
        )
        ElementTree.SubElement(aligned, "ANNOTATION_VALUE").text = text
    ElementTree.SubElement(header, "PROPERTY", {"NAME": "lastUsedAnnotationId"}).text = str(len(rows))
    kind = {"LINGUISTIC_TYPE_ID": _TYPE, "TIME_ALIGNABLE": "true", "GRAPHIC_REFERENCES": "false"}
    ElementTree.SubElement(root, "LINGUISTIC_TYPE", kind)
    ElementTree.indent(root)
    with atomic_write(path) as temporary:
        ElementTree.ElementTree(root).write(temporary, encoding="UTF-8", xml_declaration=True)
    return path


def read_eaf(path: Path) -> dict[str, list[Annotation]]:
    """Return the annotations that have times of their own, by name of their tier.

    Moments without a time lie evenly between their neighbours, as ELAN shows them.

    Raises:
        DataError: the file is no EAF file.
    """
    content = path.read_bytes()
    if b"<!DOCTYPE" in content[:10_000] or b"<!ENTITY" in content:
        raise DataError([f"{path}: must not define entities, but does. Save it again with ELAN."])
    try:
        root = ElementTree.fromstring(content)
        times = _read_times(root)
        return {
            tier.attrib["TIER_ID"]: [
                Annotation(
                    times[one.attrib["TIME_SLOT_REF1"]],
                    times[one.attrib["TIME_SLOT_REF2"]],
                    (one.findtext("ANNOTATION_VALUE") or "").strip(),
                )
                for one in tier.iterfind("ANNOTATION/ALIGNABLE_ANNOTATION")
            ]
            for tier in root.iterfind("TIER")
        }
    except (ElementTree.ParseError, KeyError, ValueError) as error:
        raise DataError(
            [f"{path}: must be an annotation file of ELAN, but is unreadable ({error}). Save it again."]
        ) from error


def _read_times(root: ElementTree.Element) -> dict[str, float]:
    """Return the seconds of each time slot by its id."""
    slots = [
        (one.attrib["TIME_SLOT_ID"], one.get("TIME_VALUE")) for one in root.iterfind("TIME_ORDER/TIME_SLOT")
    ]
    known = [i for i, (_, value) in enumerate(slots) if value is not None]
    if not known:
        return {}
    values = [float(slots[i][1] or 0) / 1000 for i in known]
    times = np.interp(range(len(slots)), known, values)
    return {name: float(time) for (name, _), time in zip(slots, times, strict=True)}
