"""Files of ELAN: what is written comes back, in the order that the format asks for; others are read."""

from xml.etree import ElementTree

import pytest

from htvae.io.elan import Annotation, read_eaf, write_eaf
from htvae.io.faults import DataError
from htvae.io.label_tables import Span, read_label_table

TIERS = {
    "motif": [Annotation(0.0, 1.234, "walk & <run>"), Annotation(1.234, 2.0, 'sit "ä" 跑')],
    "activity": [Annotation(0.5, 1.75, "a1")],
}


def test_what_is_written_comes_back(tmp_path):
    path = write_eaf(tmp_path / "a/walk.eaf", TIERS)
    assert read_eaf(path) == TIERS
    assert write_eaf(tmp_path / "b.eaf", TIERS).read_bytes() == path.read_bytes()


def test_the_structure_is_that_of_the_format(tmp_path):
    root = ElementTree.parse(write_eaf(tmp_path / "walk.eaf", TIERS)).getroot()
    assert root.tag == "ANNOTATION_DOCUMENT" and root.attrib["FORMAT"] == root.attrib["VERSION"] == "3.0"
    assert {"AUTHOR", "DATE"} <= set(root.attrib)
    assert [part.tag for part in root] == ["HEADER", "TIME_ORDER", "TIER", "TIER", "LINGUISTIC_TYPE"]
    assert root[0].attrib["TIME_UNITS"] == "milliseconds"
    slots = [(s.attrib["TIME_SLOT_ID"], int(s.attrib["TIME_VALUE"])) for s in root[1]]
    assert [value for _, value in slots] == [0, 500, 1234, 1234, 1750, 2000]
    assert len(dict(slots)) == 6
    places = dict(slots)
    for one in root.iter("ALIGNABLE_ANNOTATION"):
        assert places[one.attrib["TIME_SLOT_REF1"]] < places[one.attrib["TIME_SLOT_REF2"]]
    assert len({one.attrib["ANNOTATION_ID"] for one in root.iter("ALIGNABLE_ANNOTATION")}) == 3
    (kind,) = root.iterfind("LINGUISTIC_TYPE")
    assert {t.attrib["LINGUISTIC_TYPE_REF"] for t in root.iterfind("TIER")} == {
        kind.attrib["LINGUISTIC_TYPE_ID"]
    }


def test_what_xml_cannot_hold_is_replaced_and_what_has_no_length_left_out(tmp_path):
    annotations = [Annotation(0, 1, "a\x0bb\ud800"), Annotation(1, 1.0001, "short")]
    assert read_eaf(write_eaf(tmp_path / "a.eaf", {"motif": annotations})) == {
        "motif": [Annotation(0, 1, "a\ufffdb\ufffd")]
    }


def test_moments_without_time_lie_between_their_neighbours(tmp_path):
    slots = '<TIME_SLOT TIME_SLOT_ID="a" TIME_VALUE="1000"/><TIME_SLOT TIME_SLOT_ID="b"/>'
    slots += '<TIME_SLOT TIME_SLOT_ID="c" TIME_VALUE="3000"/>'
    parts = [
        f'<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="{x}{y}" TIME_SLOT_REF1="{x}" TIME_SLOT_REF2="{y}">'
        f"<ANNOTATION_VALUE>{x}</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>"
        for x, y in ("ab", "bc")
    ]
    tier = f'<TIER TIER_ID="t" LINGUISTIC_TYPE_REF="x">{"".join(parts)}</TIER>'
    path = tmp_path / "a.eaf"
    path.write_text(f"<ANNOTATION_DOCUMENT><TIME_ORDER>{slots}</TIME_ORDER>{tier}</ANNOTATION_DOCUMENT>")
    assert read_eaf(path) == {"t": [Annotation(1, 2, "a"), Annotation(2, 3, "b")]}


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("walk", "must be an annotation file of ELAN"),
        ('<A><TIER TIER_ID="t"><ANNOTATION><ALIGNABLE_ANNOTATION/></ANNOTATION></TIER></A>', "is unreadable"),
        ('<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "must not define entities"),
    ],
)
def test_other_files_are_refused(tmp_path, content, message):
    path = tmp_path / "a.eaf"
    path.write_text(content)
    with pytest.raises(DataError, match=message):
        read_eaf(path)


def test_label_tables_are_read_from_a_file_and_a_folder(tmp_path):
    write_eaf(tmp_path / "elan/sub/walk.eaf", TIERS)
    write_eaf(tmp_path / "elan/sit.eaf", {"person": [Annotation(0, 1, "sits")]})
    write_eaf(tmp_path / "elan/empty.eaf", {"person": []})
    table = read_label_table(tmp_path / "elan")
    assert table.in_seconds and list(table.spans) == ["sit", "sub/walk"]
    assert table.spans["sit"] == [Span(0, 1, "sits")] and table.spans["sub/walk"][1].start == 1.234
    one = read_label_table(tmp_path / "elan/sub/walk.eaf", "activity")
    assert one.spans == {"walk": [Span(0.5, 1.75, "a1")]}


def test_a_tier_must_be_one(tmp_path):
    path = write_eaf(tmp_path / "a.eaf", {"left": [], "right": []})
    with pytest.raises(DataError, match=r"it has 'left', 'right'\. Name one with --tier"):
        read_label_table(path)
    with pytest.raises(DataError, match="it has 'left', 'right', not 'middle'"):
        read_label_table(path, "middle")
