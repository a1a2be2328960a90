"""The people of the demo recordings: each has a body and habits of movement."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, kw_only=True)
class Proportions:
    """Lengths of one person's bones, in metres."""

    height: float
    thigh: float
    shank: float
    trunk: float
    upper_arm: float
    forearm: float
    hip_width: float
    shoulder_width: float

    @property
    def leg(self) -> float:
        """Length of the stretched leg from hip to ankle, in metres."""
        return self.thigh + self.shank

    @property
    def ankle_height(self) -> float:
        """Height of the ankle above the ground when the foot is flat, in metres."""
        return 0.045 * self.height

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Proportions":
        """Return a random adult of 1.55 to 1.92 m; each bone has about its usual share of the height."""
        height = rng.uniform(1.55, 1.92)
        shares = {"thigh": 0.245, "shank": 0.246, "trunk": 0.285, "upper_arm": 0.172, "forearm": 0.148}
        shares |= {"hip_width": 0.108, "shoulder_width": 0.222}
        spread = np.clip(rng.normal(1.0, 0.04, len(shares)), 0.9, 1.1)
        return cls(
            height=height,
            **{name: height * s * f for (name, s), f in zip(shares.items(), spread, strict=True)},
        )


@dataclass(frozen=True, kw_only=True)
class Habits:
    """Habits of one person's movement. The average is about 1, and about 0 for angles (radians).

    ``right_handed`` is the chance (0..1) that the person uses the right hand.
    """

    tempo: float
    amplitude: float
    arm_swing: float
    bounce: float
    stance_width: float
    lean: float
    head_pitch: float
    arm_carry: float
    elbow: float
    knees_out: float
    right_handed: float

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Habits":
        """Return the habits of a random person."""
        return cls(
            tempo=rng.uniform(0.86, 1.16),
            amplitude=rng.uniform(0.86, 1.12),
            arm_swing=rng.uniform(0.5, 1.4),
            bounce=rng.uniform(0.6, 1.4),
            stance_width=rng.uniform(0.8, 1.35),
            lean=rng.normal(0.02, 0.04),
            head_pitch=rng.normal(0.0, 0.09),
            arm_carry=rng.uniform(-0.03, 0.12),
            elbow=rng.uniform(-0.08, 0.25),
            knees_out=rng.uniform(0.0, 0.2),
            right_handed=rng.choice([0.1, 0.9]),
        )


@dataclass(frozen=True, kw_only=True)
class Person:
    """A subject: the body and its habits."""

    body: Proportions
    habits: Habits

    @classmethod
    def draw(cls, rng: np.random.Generator) -> "Person":
        """Return a random person."""
        return cls(body=Proportions.draw(rng), habits=Habits.draw(rng))
