"""What the latents hold, in words."""

from collections.abc import Iterator

from htvae.analysis.latents.changes import describe_change
from htvae.analysis.latents.dimensions import LevelDimensions
from htvae.analysis.latents.latents import LatentAnalysis
from htvae.analysis.latents.nearest import AlikeShare
from htvae.analysis.latents.probes import CONTROLS, Probe
from htvae.utils.text import shorten

_LEVEL = 0.05
_NAMES = {
    "z": "z",
    "chunk": "chunk latent",
    "z_and_chunk": "both",
    "chunk_mean": "mean chunk latent",
    "chunk_mean_and_spread": "with its spread",
    "mean_pose": "mean pose",
    "hand_made_statistics": "hand-made statistics",
}
"""Features in words."""


def describe_latents(result: LatentAnalysis, fps: float | None, unit: str) -> list[str]:
    """Return the lines that the command prints."""
    return [
        *(_describe_level(level) for level in result.dimensions.levels),
        *_describe_probes(result),
        *(_describe_share(share) for share in result.nearest.shares),
        *(describe_change(t, c, fps, unit) for t, c in zip(result.traversals, result.changes, strict=True)),
        *(f"Note: {doubt.text}" for doubt in result.doubts),
    ]


def _describe_level(level: LevelDimensions) -> str:
    inputs = "windows" if level.name == "sequence" else "moments"
    text = (
        f"{level.name} latent: {level.is_active.sum()} of {len(level.kl)} numbers active, "
        f"{level.kl.sum():.1f} nats, over {level.num_inputs} {inputs}"
    )
    if len(level.components.directions):
        text += f"; variance spread over {level.components.participation_ratio:.1f} components"
    low = int(level.split_half.is_low[len(level.kl) :].sum())
    if low:
        text += f"; {low} of the first {level.num_measured} unreliable between halves of recordings"
    return f"{text}."


def _describe_probes(result: LatentAnalysis) -> Iterator[str]:
    """Yield a line for each column: what is read off each kind of features."""
    columns = dict.fromkeys((probe.column, probe.rows) for probe in result.probes)
    for column, rows in columns:
        own = [p for p in result.probes if (p.column, p.rows) == (column, rows)]
        scores = ", ".join(f"{_NAMES[p.features]} {p.score:.2f}" for p in own)
        yield (
            f"{shorten(column)} of new {_groups(own[0])}, {own[0].measure}: {scores}; shuffled "
            f"{own[0].chance:.2f} (95 % below {own[0].chance_high:.2f}). {_judge(own)}"
        )


def _groups(probe: Probe) -> str:
    return f"{probe.folds_by}s ({probe.num_rows} {probe.rows})"


def _judge(probes: list[Probe]) -> str:
    """Return whether latents tell more than the controls."""
    latents = [p for p in probes if p.features not in CONTROLS]
    best = max(latents, key=lambda p: p.score)
    simple = max((p for p in probes if p.features in CONTROLS), key=lambda p: p.score)
    if best.p >= _LEVEL:
        return "The latents do not tell."
    if best.score > simple.score:
        return f"The latents tell, more than {_NAMES[simple.features]}."
    return f"The latents tell, no more than {_NAMES[simple.features]}."


def _describe_share(share: AlikeShare) -> str:
    among = "" if share.among == "all" else f" of {share.among}"
    first, near = share.first, share.all
    return (
        f"The nearest {share.rows.removesuffix('s')}{among} has the same {shorten(share.column)} in "
        f"{first.share:.0%} of cases, by chance {first.chance:.0%} (95 % below {first.chance_high:.0%}); all "
        f"near ones {near.share:.0%}, by chance {near.chance:.0%}."
    )
