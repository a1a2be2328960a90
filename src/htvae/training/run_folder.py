"""Where a run writes, and how an earlier run in the same place is kept."""

import contextlib
import json
import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from htvae.config import Config, ExperimentConfig
from htvae.utils.files import atomic_write, remove_leftovers
from htvae.utils.lock import hold_lock

logger = logging.getLogger(__name__)

OUTPUTS = ("checkpoints", "logs", "tensorboard", "config.json")


@dataclass(frozen=True)
class RunFolder:
    """The folders of one run."""

    root: Path

    @classmethod
    def of(cls, config: ExperimentConfig) -> "RunFolder":
        """Return the folder of an experiment; nothing is made yet."""
        root = Path(config.experiments_dir)
        return cls(root / config.experiment_name if config.experiment_name else root)

    @property
    def checkpoints(self) -> Path:
        """Folder of ``best_model.pt`` and ``last_model.pt``."""
        return self.root / "checkpoints"

    @property
    def best_model(self) -> Path:
        """The best model so far."""
        return self.checkpoints / "best_model.pt"

    @property
    def last_model(self) -> Path:
        """The state of training."""
        return self.checkpoints / "last_model.pt"

    @property
    def logs(self) -> Path:
        """Folder of the figures as CSV."""
        return self.root / "logs"

    @property
    def tensorboard(self) -> Path:
        """Folder of the figures for TensorBoard."""
        return self.root / "tensorboard"

    @property
    def lock_file(self) -> Path:
        """Names the process that runs here. It stays behind, as a sign that a run has begun."""
        return self.root / "run.lock"

    @contextlib.contextmanager
    def lock(self, resume: bool) -> Iterator[None]:
        """Keep others out while a run is at work here, and remove what a killed one left half written.

        Raises:
            FileNotFoundError: no run has ever begun here that could be resumed.
            LockHeldError: another process is at work here.
        """
        if resume and not (self.last_model.is_file() or self.lock_file.is_file()):
            raise FileNotFoundError(
                f"{self.last_model} must be there to resume from, but is not. Start without --resume."
            )
        self.root.mkdir(parents=True, exist_ok=True)
        with hold_lock(self.lock_file, "Wait until it has ended, or give another --experiment_name."):
            for folder in (self.root, self.checkpoints, self.logs):
                remove_leftovers(folder)
            yield

    def has_state(self) -> bool:
        """Return whether there is a state to resume from, and say so if there is none."""
        if not self.last_model.is_file():
            logger.info("The run ended before its first save in %s: it starts from the beginning.", self.root)
        return self.last_model.is_file()

    def archive_earlier_run(self) -> Path | None:
        """Move the outputs of an earlier run to ``archive/<time>/`` and say so; None where there is none."""
        earlier = [self.root / name for name in OUTPUTS if (self.root / name).exists()]
        if not earlier:
            return None
        target = self.root / "archive" / datetime.now().strftime("%Y-%m-%d_%H-%M-%S-%f")
        target.mkdir(parents=True)
        for path in earlier:
            shutil.move(path, target / path.name)
        logger.info("An earlier run in %s was moved to %s.", self.root, target)
        return target

    def prepare(self, config: Config) -> None:
        """Make the folders and save the resolved configuration with the run."""
        for folder in (self.checkpoints, self.logs, self.tensorboard):
            folder.mkdir(parents=True, exist_ok=True)
        with atomic_write(self.root / "config.json") as temporary:
            temporary.write_text(json.dumps(config.to_dict(), indent=2) + "\n", encoding="utf-8")
