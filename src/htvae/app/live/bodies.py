"""What requests may hold; whatever else they hold is refused before it is looked at."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

MOST_INDEX = 1_000_000
MOST_FRAME = 10**10
MOST_EXAMPLES, MOST_SPANS, MOST_PARTS = 500, 5_000, 64
LONGEST_NAME, LONGEST_SCRIPT = 200, 4_000
USUAL_SECONDS = 6.0
"""Length of generated motion for which nothing gives a length."""

Index = Annotated[int, Field(strict=True, ge=0, lt=MOST_INDEX)]
Frame = Annotated[int, Field(strict=True, ge=0, lt=MOST_FRAME)]
Seconds = Annotated[float, Field(strict=True, gt=0, le=20_000, allow_inf_nan=False)]
"""Or frames, where the report counts in frames; the number of frames is bounded, too."""
Seed = Annotated[int, Field(strict=True, ge=0, lt=2**31)]
Shift = Annotated[float, Field(strict=True, ge=-4, le=4, allow_inf_nan=False)]
Guidance = Annotated[float, Field(strict=True, ge=0, le=100, allow_inf_nan=False)]
Name = Annotated[str, Field(strict=True, min_length=1, max_length=LONGEST_NAME)]


class Body(BaseModel):
    """A request's body: no other keys, no other types."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Decode(Body):
    """One moment, its latents moved."""

    recording: Index
    frame: Frame
    shifts: Annotated[list[Shift], Field(max_length=MOST_PARTS)]


class Generate(Body):
    """Motion from the prior."""

    kind: Literal["generate"]
    label: Index | None = None
    script: Annotated[str, Field(max_length=LONGEST_SCRIPT)] | None = None
    seconds: Seconds | None = None
    """None: the script's length, or `USUAL_SECONDS`."""
    seed: Seed = 0
    guidance: Guidance | None = None


class Continue(Body):
    """Motion that follows a recording from a frame on."""

    kind: Literal["continue"]
    recording: Index
    frame: Frame
    seconds: Seconds = 4.0
    seed: Seed = 0


class Complete(Body):
    """A span of a recording, made anew from what is around it."""

    kind: Literal["complete"]
    recording: Index
    start: Frame
    stop: Frame
    landmarks: Annotated[list[Index], Field(min_length=1, max_length=1_000)] | None = None
    """Indices of the landmarks that are made anew. None: all."""
    seed: Seed = 0


class Edit(Body):
    """A span of a recording, moved in the latent space."""

    kind: Literal["edit"]
    recording: Index
    start: Frame
    stop: Frame
    label: Index | None = None
    """Label that the prior knows, to move towards."""
    towards: Name | None = None
    """Label of recordings, or COLUMN=VALUE, to move towards."""
    style: Index | None = None
    """Index of the recording whose style is taken."""
    strength: Annotated[float, Field(strict=True, ge=-10, le=10, allow_inf_nan=False)] = 1.0


class Interpolate(Body):
    """Motion that begins like one moment and ends like another."""

    kind: Literal["interpolate"]
    begin: Annotated[tuple[Index, Frame], Field(alias="from")]
    """Recording and source frame."""
    end: Annotated[tuple[Index, Frame], Field(alias="to")]
    seconds: Seconds = 4.0


Wish = Annotated[Generate | Continue | Complete | Edit | Interpolate, Field(discriminator="kind")]
"""What a job makes."""

Example = tuple[Index, Frame, Frame, Annotated[bool, Field(strict=True)]]
"""Recording, first source frame, frame after the last one, whether it is what is looked for."""
Examples = Annotated[list[Example], Field(min_length=1, max_length=MOST_EXAMPLES)]


class Find(Body):
    """A search by examples."""

    examples: Examples


class SaveDetector(Body):
    """A detector to learn from examples and to save."""

    name: Name
    examples: Examples


class SaveLabels(Body):
    """All labelled spans of one recording."""

    recording: Index
    spans: Annotated[list[tuple[Frame, Frame, Name]], Field(max_length=MOST_SPANS)]


class SaveMotifs(Body):
    """Names of motifs by id."""

    names: Annotated[dict[Annotated[str, Field(max_length=16)], Name], Field(min_length=1, max_length=1_000)]


class Export(Body):
    """Spans of recordings."""

    spans: Annotated[list[tuple[Index, Frame, Frame]], Field(min_length=1, max_length=MOST_SPANS)]
