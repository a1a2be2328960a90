"""A report of made-up people, by formula: small, complete, and with anything in it changed or left out.

Axes: ``F`` poses, ``L`` landmarks, ``D`` coordinates, ``w`` windows, ``K`` features.
"""

from dataclasses import dataclass, field
from typing import Any, cast

import numpy as np

from htvae.app.html import build_html
from htvae.app.packing import (
    Moments,
    find_parents,
    pack_apart,
    pack_lanes,
    pack_mask,
    pack_motion,
    pack_poses,
    to_text,
)
from htvae.app.payload import Payload

Array = np.ndarray

LANDMARKS = [
    *("NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_ELBOW", "RIGHT_ELBOW", "LEFT_WRIST", "RIGHT_WRIST"),
    *("LEFT_HIP", "RIGHT_HIP", "LEFT_KNEE", "RIGHT_KNEE", "LEFT_ANKLE", "RIGHT_ANKLE"),
]
SIDES = [0] + [1, -1] * 6
EDGES = [
    *([0, 1], [0, 2], [1, 2], [1, 3], [3, 5], [2, 4], [4, 6]),
    *([1, 7], [2, 8], [7, 8], [7, 9], [9, 11], [8, 10], [10, 12]),
]
PARENTS = find_parents(len(LANDMARKS), EDGES)
PLACES = np.array(
    [
        *([0, 1.5, 0.1], [-0.4, 1, 0], [0.4, 1, 0], [-0.6, 0.5, 0], [0.6, 0.5, 0], [-0.7, 0, 0.1]),
        *([0.7, 0, 0.1], [-0.2, 0, 0], [0.2, 0, 0], [-0.25, -0.8, 0.1], [0.25, -0.8, 0.1]),
        *([-0.25, -1.6, 0], [0.25, -1.6, 0]),
    ]
)
"""A person at rest."""
SCALE = 1 / 256
RATE = 10.0
EVERY, LENGTH = 0.5, 1.0
"""Seconds from window to window, and of a window."""
NUM_FEATURES = 6


@dataclass(frozen=True, kw_only=True)
class Wishes:
    """What the report is to hold."""

    names: tuple[str, ...] = ("ann_1", "ann_2", "bob_1", "bob_2")
    frames: int = 600
    fps: float | None = 30.0
    first: int = 0
    coordinates: int = 2
    labels: tuple[str, ...] = ("walk", "squat", "wave")
    edges: bool = True
    moments: bool = True
    bare: bool = False
    """Without all that a report can do without."""

    @property
    def count(self) -> int:
        """Packed poses of a recording."""
        return int((self.frames - 1) * RATE / 30) + 1

    @property
    def spans(self) -> list[list[int]]:
        """Spans of the labels, equally long."""
        stop = self.first + self.frames
        bounds = np.linspace(self.first, stop, max(len(self.labels), 1) + 1).round().astype(int).tolist()
        return [[bounds[i], bounds[i + 1], i] for i in range(len(self.labels))]


@dataclass(eq=False)
class MadeUp:
    """A report, and the numbers that it must show."""

    payload: dict[str, Any] = field(default_factory=dict)
    blocks: dict[str, str] = field(default_factory=dict)
    poses: list[tuple[Array, Array]] = field(default_factory=list)
    """Reconstruction and recording (F, L, D) of each recording, NaN where missing."""
    windows: list[Array] = field(default_factory=list)
    """Features (w, K) of each recording's windows, whole numbers."""

    def keep(self, content: bytes) -> str:
        """Add a block and return its id."""
        name = f"b{len(self.blocks) + 1}"
        self.blocks[name] = to_text(content)
        return name

    def html(self) -> str:
        """Return the report's file."""
        return build_html(cast(Payload, self.payload), self.blocks)


def make_report(**wishes: Any) -> MadeUp:
    """Make a report; see `Wishes`."""
    asked, report = Wishes(**wishes), MadeUp()
    rng = np.random.default_rng(0)
    recordings = [_make_recording(report, asked, i, rng) for i in range(len(asked.names))]
    report.payload = {
        "format": 1,
        "title": "Made-up people",
        "subtitle": f"{len(recordings)} recordings",
        "made": {"program": "htvae 0", "date": "2026-01-01T12:00:00", "command": "htvae report", "seed": 0},
        "notes": [],
        "verdict": {
            "level": "unknown",
            "headline": "A good model",
            "sentence": "It is good.",
            "findings": [],
        },
        "body": {
            "landmarks": LANDMARKS,
            "sides": SIDES if asked.edges else [0] * len(LANDMARKS),
            "edges": EDGES if asked.edges else [],
            "parents": PARENTS,
            "coordinates": asked.coordinates,
            "unit": "torso lengths",
        },
        "labels": list(asked.labels),
        "subjects": ["ann", "bob"],
        "columns": [],
        "recordings": recordings,
        "lanes": {"error": 0.1, "speed": 5.0, "surprise": 0.0, "threshold": 1.0},
        "moments": _make_moments(report, asked),
        "windows": _make_windows(report, asked),
        **{
            "motifs": [],
            "activities": [],
            "transitions": None,
            "generated": [],
            "sliders": None,
            "groups": None,
        },
        **{"completion": None, "attention": None, "tables": [], "method": []},
    }
    if not asked.bare:
        _add_all(report, asked)
    return report


def _make_recording(report: MadeUp, asked: Wishes, i: int, rng: np.random.Generator) -> dict[str, Any]:
    motion = _move(asked.count, asked.coordinates, 0.2 * i)
    recording = motion + 0.02 * rng.standard_normal(motion.shape)
    recording[5:8, 3] = np.nan
    recording[20:21] = np.nan
    report.poses.append((motion, recording))
    num_windows = max(int(((asked.frames - 1) / 30 - LENGTH) / EVERY) + 1, 0)
    steps = rng.standard_normal((num_windows, NUM_FEATURES)) + np.sin(np.arange(num_windows) / 4 + i)[:, None]
    report.windows.append(np.clip(np.rint(20 * steps), -127, 127).astype(np.int8))
    curves = [*(rng.random((3, asked.count)).cumsum(axis=1) % 1), np.ones(asked.count)]
    return {
        "name": asked.names[i],
        "label": -1,
        "subject": i // 2 % 2,
        "split": "test" if i % 2 else "train",
        "columns": [],
        "fps": asked.fps,
        "first": asked.first,
        "frames": asked.frames,
        "rate": RATE if asked.fps else RATE / 30,
        "count": asked.count,
        "scale": SCALE,
        "labels": asked.spans,
        "motifs": [],
        "activities": [],
        "error": None,
        "maps": {"pca": [float(np.cos(i)), float(np.sin(i))], "tsne": [float(np.sin(i)), 0.3 * i]},
        "poses": report.keep(pack_poses(motion, recording, SCALE, PARENTS)),
        "lanes": report.keep(pack_lanes(curves, [1, 1, 1, 1])),
    }


def _move(count: int, coordinates: int, phase: float) -> Array:
    """Return poses (F, L, D) of a person who walks and moves the arms."""
    time = np.arange(count) / RATE
    pose = np.repeat(PLACES[None, :, :coordinates], count, axis=0).astype(float)
    swing = np.sin(2 * np.pi * time + phase)
    for point, far in ((5, 0.5), (6, -0.5), (11, 0.4), (12, -0.4)):
        pose[:, point, 0] += far * swing
    pose[..., 0] += 0.5 * time[:, None]
    return pose


def _make_moments(report: MadeUp, asked: Wishes) -> dict[str, Any]:
    """Pack moments of two seconds (60 frames), on a spiral."""
    starts = (
        np.arange(asked.first, asked.first + asked.frames - 59, 60) if asked.moments else np.zeros(0, int)
    )
    recording = np.repeat(np.arange(len(asked.names)), len(starts))
    starts = np.tile(starts, len(asked.names))
    turn = np.arange(len(starts)) * 0.7
    place = np.stack([np.cos(turn), np.sin(turn)], -1) * np.linspace(0.2, 1, len(starts))[:, None]
    none = np.full(len(starts), -1)
    labels = (starts - asked.first) * len(asked.labels) // asked.frames if asked.labels else none
    motifs = none if asked.bare else labels % 3
    surprise = np.linspace(0, 1, len(starts))
    made = Moments(recording, starts, starts + 60, (place, place[::-1]), labels, motifs, surprise)
    return {"count": len(starts), "seconds": 2.0, "maps": ["tsne", "pca"], "block": report.keep(made.pack())}


def _make_windows(report: MadeUp, asked: Wishes) -> dict[str, Any]:
    unit = 1 if asked.fps else 30
    return {
        "every": EVERY * unit,
        "length": LENGTH * unit,
        "features": 0 if asked.bare else NUM_FEATURES,
        "counts": [len(own) for own in report.windows],
        "step": 0.05,
        "block": report.keep(b"".join(own.tobytes() for own in report.windows)),
    }


def _add_all(report: MadeUp, asked: Wishes) -> None:
    """Add all parts that a report can do without."""
    payload = report.payload
    payload["notes"] = ["Recordings were left out."]
    fault = {"level": "fault", "text": "One fault.", "advice": "Mend it."}
    payload["verdict"] |= {"level": "good", "findings": [fault]}
    payload["columns"] = ["camera"]
    for i, recording in enumerate(payload["recordings"]):
        recording["columns"] = ["left" if i % 2 else "right"]
        recording["motifs"] = [[a, b, (k + i) % 3] for a, b, k in asked.spans]
        middle = (asked.spans[0][0] + asked.first + asked.frames) // 2 if asked.spans else asked.first
        recording["activities"] = [[asked.first, middle, 0], [middle, asked.first + asked.frames, 1]]
        recording["error"] = 0.02 + 0.001 * i
    payload["lanes"]["surprise"] = 2.0
    payload["motifs"] = [_make_motif(asked, k) for k in range(3)]
    payload["transitions"] = [[0, 0.5, 0.5], [1, 0, 0], [0.2, 0.8, 0]]
    payload["generated"] = [
        {
            **{"name": f"drawn_{k}", "label": k % len(asked.labels) if asked.labels else -1},
            **{"rate": RATE, "count": 30, "scale": SCALE},
            "poses": report.keep(pack_motion(_move(30, asked.coordinates, k), SCALE, PARENTS)),
        }
        for k in range(3)
    ]
    payload["sliders"] = {
        "directions": [{"name": f"Direction {k}", "text": "of the arms", "share": 0.2} for k in range(2)],
        **{"steps": [-2, 0, 2], "rate": RATE, "count": 20, "scale": SCALE},
        "block": report.keep(
            b"".join(pack_motion(_move(20, asked.coordinates, k), SCALE, PARENTS) for k in range(6))
        ),
    }
    payload["activities"] = [
        {
            **{"id": f"a{k + 1}", "share": 0.5, "bouts": 4, "recordings": 4, "medianSeconds": 10.0},
            **{"motifs": [[k, 0.6], [2, 0.2]], "lift": [0, 2.0] if asked.labels else None},
            "clip": [0, asked.first, asked.first + 60] if k else None,
        }
        for k in range(2)
    ]
    payload["attention"] = _make_attention(report, asked)
    payload["completion"] = [_make_filled(report, asked, k) for k in range(2)]
    effect = {"difference": 0.4, "effect": 0.8, "low": 0.1, "high": 1.4, "p": 0.01, "q": 0.03}
    measure = {"measure": "speed of LEFT_WRIST", "unit": "torso lengths/s", "between": "left minus right"}
    row = measure | effect | {"landmark": "LEFT_WRIST", "unreliable": False}
    payload["groups"] = {"by": "camera", "text": ["Left moves more."], "rows": [row]} | {
        "scenes": [_make_scene(report, asked)]
    }
    scores = [[name, asked.first, asked.first + 90, 0.1 * i] for i, name in enumerate(asked.names)]
    columns = ["recording", "start_frame", "stop_frame", "error"]
    payload["tables"] = [
        {"name": "scores", "title": "Scores", "columns": columns, "rows": scores},
        {"name": "other", "title": "Other", "columns": ["a", "b"], "rows": [["=SUM(A1)", None], ["b", 1e-9]]},
    ]
    payload["method"] = [{"title": "Data", "lines": ["Made up."]}]


def _make_scene(report: MadeUp, asked: Wishes) -> dict[str, Any]:
    """Return the same walk twice, the second one a torso length higher."""
    first = _move(20, asked.coordinates, 0.0)
    second = first + (np.arange(asked.coordinates) == 1)
    block = report.keep(b"".join(pack_motion(pose, SCALE, PARENTS) for pose in (first, second)))
    bodies = {"captions": ["mean of 3 subjects", "mean of 4 subjects"], "rate": RATE, "count": 20}
    return {
        **{"title": "speed of LEFT_WRIST and 2 more", "note": "The rest is alike.", "landmarks": [5]},
        **{"names": ["right", "left"], "distance": 1.0},
        "bodies": [bodies | {"scale": SCALE, "block": block}],
    }


def _make_attention(report: MadeUp, asked: Wishes) -> dict[str, Any]:
    """Return chunks of 40 frames every 30, three to a window; the last recording is left out.

    Chunk c looks at the token with 1, at the first chunk of its window with 2, at the next ones with 3 and 4
    shares of ten; in the second stage at the token alone.
    """
    count = max(1, -(-(asked.frames - 10) // 30))
    width = min(count, 3) + 1
    kept = max(1, len(asked.names) - 1)
    starts = np.full((kept, count), 30)
    starts[:, 0] = 0
    firsts = np.minimum(np.arange(count) // 2 * 2, count - width + 1)
    words = [starts.ravel(), np.full(kept * count, min(40, asked.frames)), np.tile(firsts, kept)]
    step = 0.05
    rows = np.stack(
        [np.tile(np.arange(1, width + 1) / 10, (count, 1)), np.tile(np.eye(width)[:1], (count, 1))]
    )
    weights = np.rint(rows * width / step).astype(np.uint8).tobytes() * kept
    left = [0] * (len(asked.names) - kept)
    return {
        **{"stages": ["the last layer", "all layers"], "counts": [count] * kept + left, "step": step},
        **{"widths": [width] * kept + left},
        "block": report.keep(np.concatenate(words).astype("<u2").tobytes() + weights),
    }


def _make_filled(report: MadeUp, asked: Wishes, k: int) -> dict[str, Any]:
    """Return poses 10 to 19 of 30 hidden, of all landmarks or of two; the model is off by 0.5 sideways."""
    true = _move(30, asked.coordinates, 0.0)
    landmarks = [5, 6] if k else list(range(len(LANDMARKS)))
    hidden = np.zeros(true.shape[:2], bool)
    hidden[10:20, landmarks] = True
    off = 0.5 * hidden[..., None] * (np.arange(asked.coordinates) == 0)
    true[3, 5] = np.nan
    content = pack_poses(np.nan_to_num(true) + off, true, SCALE, PARENTS) + pack_mask(hidden)
    content += b"".join(pack_apart(share * off, SCALE) for share in ((1.0, -1.5, 0.5) if k == 0 else (1.0,)))
    return {
        **{"recording": k % len(asked.names), "shown": [asked.first, asked.first + 90]},
        **{"hidden": [asked.first + 30, asked.first + 60], "what": "left arm" if k else "everything"},
        **{"landmarks": landmarks, "length": 1.0 if asked.fps else 30.0, "error": 0.5, "linear": 1.0},
        **{"inside": None if k else 0.9, "band": k == 0, "rate": RATE, "count": 30, "scale": SCALE},
        "block": report.keep(content),
    }


def _make_motif(asked: Wishes, k: int) -> dict[str, Any]:
    begin = asked.first + 30 * k
    return {
        **{"id": f"m0{k + 1}", "name": f"m0{k + 1}", "share": 0.5 - 0.1 * k},
        **{"bouts": 9, "recordings": 3, "medianSeconds": 2.5},
        "lift": [0, 2.0] if asked.labels else None,
        "clip": [0, begin, begin + 60] if k < 2 else None,
    }
