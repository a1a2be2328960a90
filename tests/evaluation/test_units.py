"""Distances are named by what the poses were divided by."""

from htvae.evaluation.figures import explain
from htvae.evaluation.tables import summarise
from htvae.evaluation.verdict import give_full_verdict, summarise_verdict
from htvae.metrics.units import UNIT_WORDS

FIGURES = {"mpjpe": 0.1, "pca_mpjpe": 0.2, "truth_mpjpe": 0.1, "truth_recording_mpjpe": 0.2}
UNIT = UNIT_WORDS["spread"]


def test_every_sentence_and_table_has_the_unit_that_is_given() -> None:
    texts = [
        *give_full_verdict(FIGURES, UNIT),
        summarise_verdict(FIGURES, "test", 3, UNIT).sentence,
        summarise(FIGURES, UNIT),
    ]
    assert "0.100 body sizes" in texts[0] and "0.200 body sizes" in " ".join(texts[1:-2])
    assert "torso" not in " ".join(texts) and "body sizes" in texts[-1]


def test_units_made_of_a_distance_follow_and_others_stay() -> None:
    figures = {name: explain(name, UNIT) for name in ("velocity_error", "chunk_rate")}
    assert [figure and figure.unit for figure in figures.values()] == ["body sizes/frame", "nats/frame"]
