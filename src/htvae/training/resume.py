"""Whether a run may resume from a saved state, and in words what stands against it.

Names and content of recordings, splits, settings and length are compared before anything is read into the
model.
"""

import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from torch import Tensor

from htvae.training.loop import STATE_FORMAT
from htvae.utils.text import list_names

logger = logging.getLogger(__name__)

MAY_CHANGE = {
    "data": {"data_dir", "num_workers"},
    "training": {
        "num_epochs",
        "num_frames",
        "max_minutes",
        "micro_batch_frames",
        "patience",
        "device",
        "compile_model",
        "init_from",
        "resume",
    },
}
"""Settings that a resumed run may change, by section. The length is compared by itself; the sections of prior
and experiment are not compared."""
COMPARED = ("data", "model", "loss", "training")


def check_resumable(
    path: Path, saved: Mapping[str, Any], identity: Mapping[str, Any], weights: Mapping[str, Tensor]
) -> None:
    """Make sure that a run can go on from a saved state.

    Args:
        path: file of the state, for messages.
        saved: the state.
        identity: `VAETask.identity` of this run.
        weights: of this run's model.

    Raises:
        ValueError: the state is of another version, model, other recordings or settings, or of a run that is
            longer than asked for; with what differs and what to do.
    """
    if saved.get("format") != STATE_FORMAT:
        raise ValueError(
            f"{path}: must be a state of training of this version ({STATE_FORMAT}), but is of "
            f"{saved.get('format')!r}. Start without --resume."
        )
    try:
        before, step = saved["identity"], int(saved["step"])
        shapes = {name: value.shape for name, value in saved["model"].items()}
        again = f"--init_from {path.with_name('best_model.pt')} --experiment_name NAME"
        differences = list(_find_differences(before, identity, again))
        length = int(before["total_steps"])
    except (AttributeError, LookupError, TypeError, ValueError) as error:
        raise ValueError(
            f"{path}: must be a state of training of this version, but is damaged ({error!r}). Start without "
            "--resume."
        ) from error
    if differences:
        raise ValueError(
            f"{path}: --resume must go on with the run's own recordings and settings, but {differences[0]}"
        )
    if shapes != {name: value.shape for name, value in weights.items()}:
        raise ValueError(
            f"{path}: must fit the model, but its weights have other sizes. Start without --resume."
        )
    _check_length(step, length, int(identity["total_steps"]))


def _find_differences(before: Mapping[str, Any], now: Mapping[str, Any], again: str) -> Iterator[str]:
    """Yield each kind of difference in words, with what to do; ``again`` are the flags of a new run."""
    settings = _compare_settings(before["settings"], now["settings"])
    if settings:
        yield f"these settings differ: {', '.join(settings)}. Give them as they are in the run's config.json."
    yield from _compare_recordings(before["recordings"], now["recordings"], again)
    moved = [
        name for part, names in before["splits"].items() for name in names if name not in now["splits"][part]
    ]
    if moved:
        yield (
            f"recordings are in another split than before: {list_names(moved)}. Restore manifest.csv as it "
            "was, or start a new run."
        )


def _compare_settings(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Return what differs, as ``name (was X, now Y)``."""
    changed = []
    for section in COMPARED:
        old, new = before[section], now[section]
        names = [n for n in new if n not in MAY_CHANGE.get(section, ()) and old[n] != new[n]]
        changed += [f"{name} (was {old[name]}, now {new[name]})" for name in names]
    return changed


def _compare_recordings(before: Mapping[str, str], now: Mapping[str, str], again: str) -> Iterator[str]:
    gone = [name for name in before if name not in now]
    new = [name for name in now if name not in before]
    changed = [name for name in now if name in before and before[name] != now[name]]
    anew = f"or start a new run from this one's weights: {again}."
    if gone and len(gone) == len(before):
        yield (
            f"all recordings are others: the run has learned from {list_names(gone)}. Give their folder with "
            "--data_dir, or start without --resume."
        )
    elif gone:
        yield f"these recordings are gone: {list_names(gone)}. Put them back, {anew}"
    elif changed:
        yield (
            f"these recordings have other poses, or another frame rate, than before: {list_names(changed)}. "
            f"Restore them, {anew}"
        )
    elif new:
        yield f"these recordings are new: {list_names(new)}. Take them away, {anew}"


def _check_length(step: int, length: int, total: int) -> None:
    """Refuse a run that is shorter than what it has done; say that one is longer than it was.

    Epochs differ in their steps, so that a run may take a few more or less than the length that it estimates.
    """
    if total < min(step, length):
        raise ValueError(
            f"Nothing is left to train: the run has taken {step:,} of {length:,} steps, and this command "
            f"asks for {total:,}. Give a larger --num_frames (or --num_epochs) to go on. The best model is "
            "as it was."
        )
    if total != length:
        logger.info(
            "The run becomes %s: %s steps in place of %s. The learning rate follows the new length.",
            "longer" if total > length else "shorter",
            f"{total:,}",
            f"{length:,}",
        )
    elif step >= total:
        logger.info("The run has taken all of its %s steps: nothing is left to train.", f"{step:,}")
