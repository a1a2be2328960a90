"""Forward kinematics: from the angles of a skeleton's joints to their places, for all frames at once."""

from dataclasses import dataclass, field

import numpy as np


@dataclass
class Joint:
    """A joint, or the end of a limb."""

    name: str
    parent: int
    """Index of the parent; -1 for a root."""
    root: int
    """Index of the root that the joint belongs to."""
    is_end: bool = False
    """Whether it is the end of a limb, which has no name in the file."""
    offset: tuple[float, ...] = (0.0, 0.0, 0.0)
    positions: list[tuple[int, int]] = field(default_factory=list)
    """Axis and column of each position channel."""
    rotations: list[tuple[int, int]] = field(default_factory=list)
    """Axis and column of each rotation channel, in the order in which they turn the joint."""


def compute_places(joints: list[Joint], motion: np.ndarray) -> np.ndarray:
    """Return the joints' places (T, J, 3).

    The place of a joint is ``parent's place + parent's turn @ offset``; its turn is ``parent's turn @ A @ B @
    C`` for its channels A, B, C in their order.

    Args:
        joints: each parent before its children.
        motion: (T, channels), in degrees and units of the file.
    """
    places = np.empty((len(motion), len(joints), 3))
    turns: list[np.ndarray | None] = []
    last_child = {joint.parent: index for index, joint in enumerate(joints)}
    for index, joint in enumerate(joints):
        offset = np.tile(joint.offset, (len(motion), 1))
        for axis, column in joint.positions:
            offset[:, axis] = motion[:, column]
        turn = None
        if joint.parent >= 0:
            turn = turns[joint.parent]
            if turn is not None:
                offset = np.einsum("tij,tj->ti", turn, offset)
            offset += places[:, joint.parent]
            if last_child[joint.parent] == index:
                turns[joint.parent] = None  # frees memory
        places[:, index] = offset
        if index in last_child:
            for axis, column in joint.rotations:
                own = _turn(axis, np.radians(motion[:, column]))
                turn = own if turn is None else turn @ own
        turns.append(turn)
    return places


def _turn(axis: int, angles: np.ndarray) -> np.ndarray:
    """Return the matrices (T, 3, 3) that turn by angles (radians) about an axis."""
    first, second = (axis + 1) % 3, (axis + 2) % 3
    turns = np.zeros((len(angles), 3, 3))
    turns[:, axis, axis] = 1
    turns[:, first, first] = turns[:, second, second] = np.cos(angles)
    turns[:, second, first] = np.sin(angles)
    turns[:, first, second] = -turns[:, second, first]
    return turns
