"""Activities as the page gets them: which motifs they alternate between, how often, beside which labels.

Axes: ``T`` model frames, ``A`` activities, ``K`` motifs.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from htvae.analysis.motifs.activities import ACTIVITY_SECONDS, Activities, find_activities
from htvae.analysis.motifs.motifs import Bout
from htvae.app.collect.material import Material
from htvae.app.collect.motifs import ReportMotifs, count_labels, find_lift, place_clip
from htvae.app.payload import Activity
from htvae.data.processing import ProcessedSequence

NUM_ACTIVITIES = 4
LEAST_STAYS = 1.5
"""Times that the median recording must be longer than an activity; else each would be one."""
MOST_MOTIFS, LEAST_MOTIF = 3, 0.1
"""Motifs that an activity is told by, at most, and the share of its time that each must fill."""
CLIP_SECONDS = 4.0


def fit_activities(material: Material, motifs: ReportMotifs | None) -> Activities | None:
    """Return activities as `find_activities` does; None where recordings are too short for them."""
    rate = material.model.processor.fps or 30.0
    seconds = [len(recording.pose) / rate for recording in material.recordings]
    long_enough = np.median(seconds) >= LEAST_STAYS * ACTIVITY_SECONDS
    count = min(NUM_ACTIVITIES, int(sum(seconds) / (2 * ACTIVITY_SECONDS)))
    if motifs is None or not long_enough or count < 2:
        return None
    return find_activities(motifs.motifs, count, ACTIVITY_SECONDS, material.seed)


def describe_activities(activities: Activities, material: Material) -> list[Activity]:
    """Return usage, motifs, lift and a clip of each activity."""
    recordings, bouts = material.recordings, activities.bouts
    table = count_labels(activities.segmentations, len(activities.model), recordings, material.book)
    lengths = np.array([len(own.labels) for own in activities.segmentations])
    shares = (activities.usage() * lengths[:, None]).sum(axis=0) / lengths.sum()
    found: list[Activity] = []
    for k, own_motifs in enumerate(activities.model.shares):
        own = [bout for bout in bouts if bout.motif == k]
        median = float(np.median([bout.stop - bout.start for bout in own])) if own else 0.0
        found.append(
            {
                "id": f"a{k + 1}",
                "share": round(float(shares[k]), 4),
                "bouts": len(own),
                "recordings": len({bout.recording for bout in own}),
                "medianSeconds": round(material.clock.measure(median), 2),
                "motifs": _list_motifs(own_motifs[:-1]),
                "lift": find_lift(table, k),
                "clip": _choose_clip(own, recordings, material),
            }
        )
    return found


def _list_motifs(shares: np.ndarray) -> list[list[float]]:
    """Return the commonest motifs and their shares."""
    order = np.argsort(-shares, kind="stable")[:MOST_MOTIFS]
    return [[int(k), round(float(shares[k]), 3)] for k in order if shares[k] >= LEAST_MOTIF]


def _choose_clip(
    bouts: Sequence[Bout], recordings: Sequence[ProcessedSequence], material: Material
) -> list[int] | None:
    """Return the middle of the surest stay."""
    if not bouts:
        return None
    best = max(bouts, key=lambda bout: (bout.confidence, bout.stop - bout.start))
    length = round(CLIP_SECONDS * (material.model.processor.fps or 30.0))
    start = best.start + max(0, best.stop - best.start - length) // 2
    return place_clip(replace(best, start=start, stop=min(best.stop, start + length)), recordings)
