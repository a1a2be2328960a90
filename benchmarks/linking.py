"""Measures how often individuals are mixed up where people cross, on made-up walkers whose identity is known.

    python benchmarks/linking.py [--num_videos N]

- People (17 points, seen from the side) walk to and fro, at most 1.8 body heights a second, and turn; the
  detector's list is in random order. Points have noise of 1 % of the body's height, 5 % of them are missing,
  and 2 % of the detections.
- Where people overlap, "missed" scenarios lose all but the nearest; of three, two may be lost behind one.
- A crossing is an exchange of places on the screen, from one body height apart to one body height apart. It
  counts as mixed up if either of the two has another track after it than before: exchanged, or begun anew.

Axes: ``P`` people, ``T`` frames, ``L`` landmarks, ``n`` detections.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from htvae.config import ReadingConfig
from htvae.io.linking import link_individuals
from htvae.io.tracks import Content, Detections
from htvae.poses.layouts import COCO_17

FPS = 30.0
PIXELS = 300.0
"""Height (pixels) of a body."""
APART = 1.0
"""Distance (body heights) from which on two people count as apart."""


@dataclass(frozen=True, kw_only=True)
class Scenario:
    """What is to be filmed."""

    num_people: int
    is_missed: bool
    """Whether the detector loses the farther person where two overlap."""
    num_frames: int = 1800

    @property
    def title(self) -> str:
        """Name in the table."""
        how = "the farther ones missed" if self.is_missed else "all seen"
        return f"{self.num_people} people, {how} at the crossing"


@dataclass(frozen=True, kw_only=True)
class Film:
    """Detections with their truth."""

    detections: Detections
    person: np.ndarray
    """(n,) who it is."""
    places: np.ndarray
    """(P, T) place of the body across the screen (body heights)."""


SCENARIOS = tuple(
    Scenario(num_people=people, is_missed=missed) for people in (2, 3) for missed in (False, True)
)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--num_videos", type=int, default=50, help="videos of a minute for each scenario")
    arguments = parser.parse_args(argv)
    print("| scenario | crossings | mixed up | share | frames per second |\n|---|---|---|---|---|")
    for scenario in SCENARIOS:
        crossings = mixed = 0
        seconds = 0.0
        for seed in range(arguments.num_videos):
            film = make_film(scenario, seed)
            start = time.perf_counter()
            labels = link(film.detections)
            seconds += time.perf_counter() - start
            found = judge_crossings(film, labels)
            crossings += len(found)
            mixed += sum(found)
        speed = arguments.num_videos * scenario.num_frames / seconds
        print(f"| {scenario.title} | {crossings} | {mixed} | {mixed / crossings:.3%} | {speed:,.0f} |")
    return 0


def make_film(scenario: Scenario, seed: int) -> Film:
    """Return the detections of a made-up video, in random order within each frame."""
    rng = np.random.default_rng((seed, scenario.num_people, scenario.is_missed))
    bodies = [walk(rng, scenario.num_frames, lane) for lane in range(scenario.num_people)]
    points = np.stack([pose for pose, _ in bodies])
    places = np.stack([place for _, place in bodies])
    points = points + rng.normal(0, 0.01 * PIXELS, points.shape)
    points[rng.random(points.shape[:3]) < 0.05] = np.nan
    found = rng.random(places.shape) > 0.02
    if scenario.is_missed:
        for far in range(scenario.num_people):
            overlaps = np.abs(places[:far] - places[far]) < 0.25
            found[far] &= ~overlaps.any(axis=0)
    person, frame = np.nonzero(found)
    order = rng.permutation(len(person))
    order = order[np.argsort(frame[order], kind="stable")]
    person, frame = person[order], frame[order]
    return Film(
        detections=Detections(landmarks=COCO_17, frames=frame, points=points[person, frame]),
        person=person,
        places=places,
    )


def walk(rng: np.random.Generator, num_frames: int, lane: int) -> tuple[np.ndarray, np.ndarray]:
    """Return the poses (T, L, 2) in pixels, y down, of someone who walks to and fro, and the place (T,)."""
    seconds = np.arange(num_frames) / FPS
    height = rng.uniform(0.9, 1.1)
    period, reach = rng.uniform(8, 16), rng.uniform(1.0, 1.8)
    phase = 2 * np.pi * seconds / period + rng.uniform(0, 2 * np.pi)
    place = reach * np.sin(phase) + 0.2 * np.sin(2.3 * phase + rng.uniform(0, 6))
    speed = np.gradient(place) * FPS
    facing = np.tanh(4 * speed)
    stride = np.cumsum(np.abs(speed)) / FPS * 2 * np.pi / 0.8 + rng.uniform(0, 2 * np.pi)
    swing = 0.12 * np.tanh(3 * np.abs(speed)) * np.sin(stride)
    across, up = _shape(facing, swing)
    x = PIXELS * (height * across + place[:, None]) + 960
    y = 900 + 12 * lane - PIXELS * height * (up + 0.01 * np.cos(2 * stride)[:, None])
    return np.stack((x, y), axis=-1), place


def _shape(facing: np.ndarray, swing: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return places (T, L) of the points of a body of height 1 across the screen and upwards."""
    one = np.ones_like(facing)
    head = [(0.07 * facing, 0.93), (0.05 * facing, 0.95), (0.05 * facing, 0.95)]
    head += [(0.0 * one, 0.94), (0.0 * one, 0.94)]
    turn = 1 - np.abs(facing)  # a body that turns shows its width
    shoulders = [(side * 0.12 * turn, 0.82) for side in (1, -1)]
    elbows = [(side * (0.14 * turn - 0.5 * swing), 0.63) for side in (1, -1)]
    wrists = [(side * (0.15 * turn - swing) + 0.05 * facing, 0.48) for side in (1, -1)]
    hips = [(side * 0.08 * turn, 0.52) for side in (1, -1)]
    knees = [(side * (0.08 * turn + 0.6 * swing) + 0.03 * facing, 0.28) for side in (1, -1)]
    ankles = [(side * (0.08 * turn + 1.2 * swing), 0.04) for side in (1, -1)]
    parts = [*head, *shoulders, *elbows, *wrists, *hips, *knees, *ankles]
    return np.stack([x for x, _ in parts], axis=1), np.stack([y * one for _, y in parts], axis=1)


def link(detections: Detections) -> np.ndarray:
    """Return the number (n,) of the track that each detection came into."""
    config = ReadingConfig(link="nearest", min_individual_share=0)
    content = Content(individuals=detections, fps=FPS)
    labels = np.full(len(detections.frames), -1)
    for number, track in enumerate(link_individuals(content, config, "film", [])):
        rows = detections.frames - track.first_frame
        inside = (rows >= 0) & (rows < len(track.points))
        own = track.points[np.where(inside, rows, 0)]
        same = np.isclose(own, detections.points, equal_nan=True).all(axis=(1, 2))
        labels[inside & same] = number
    return labels


def judge_crossings(film: Film, labels: np.ndarray) -> list[bool]:
    """Return for each crossing of two people whether they were mixed up."""
    num_people, num_frames = film.places.shape
    label_of = np.full((num_people, num_frames), -1)
    label_of[film.person, film.detections.frames] = labels
    mixed = []
    for one in range(num_people):
        for other in range(one):
            apart = film.places[one] - film.places[other]
            seen = (label_of[one] >= 0) & (label_of[other] >= 0) & (np.abs(apart) > APART)
            frames = np.flatnonzero(seen)
            for before, after in pairwise(frames):
                if np.sign(apart[before]) != np.sign(apart[after]):
                    pair = [one, other]
                    mixed.append(bool((label_of[pair, before] != label_of[pair, after]).any()))
    return mixed


if __name__ == "__main__":
    sys.exit(main())
