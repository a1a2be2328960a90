"""Packing as many poses as fit into the file of a report."""

from collections.abc import Sequence

from htvae.app.collect.budget import COARSER, Plan, estimate_bytes, plan_report
from htvae.app.collect.clock import Clock
from htvae.app.collect.poses import PackedPoses, thin_out
from htvae.app.collect.steps import Steps
from htvae.app.remembering import RememberingModel
from htvae.data.processing import ProcessedSequence


def pack_within(
    model: RememberingModel, recordings: Sequence[ProcessedSequence], max_mb: float, steps: Steps
) -> tuple[Plan, list[PackedPoses]]:
    """Pack as many poses as fit into the file, and return which recordings these belong to.

    Args:
        model: the model that remembers the recordings.
        recordings: in the model's coordinates.
        max_mb: size of the file.
        steps: shows progress.
    """
    clock = Clock.of(model.processor, recordings)

    def pack(factor: int) -> list[PackedPoses]:
        found = []
        for number, recording in enumerate(recordings):
            (own,) = model.reconstruct_all([recording])
            rate = clock.model_rate(recording)
            found.append(thin_out(recording, own.pose, model.processor, rate, factor))
            steps.advance((number + 1) / len(recordings))
        return found

    def measure(packed: Sequence[PackedPoses]) -> list[int]:
        return [
            estimate_bytes(len(own.text), len(r.pose), len(r.source.frame_labels))
            for own, r in zip(packed, recordings, strict=True)
        ]

    fine = pack(1)
    plan = plan_report(measure(fine), measure(fine), max_mb)
    if not plan.notes:
        return plan, fine
    coarse = pack(COARSER)
    plan = plan_report(measure(fine), measure(coarse), max_mb)
    return plan, [coarse[i] for i in plan.kept]
