"""Encoding a corpus as a Ray Data job, which writes the parts of `htvae.inference.part_job`.

- A row of Ray's data set is the number of a part; an actor holds model and recordings, and writes the part.
- Ray starts a dead actor again and gives it the part anew; parts that are there are kept.
- Ray moves the request between processes of one user by cloudpickle. It unpickles no file of a user's, and a
  user's own architecture is built from its settings file in every process.
- Without ``RAY_ADDRESS`` in the environment, a Ray of this machine alone is started for the job, whose
  servers demand a token unless Ray was imported before. Ports listen on all addresses: Ray has no setting for
  loopback.
"""

import importlib.util
import logging
import math
import os
import secrets
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

from htvae.config.files import load_config_file
from htvae.inference.encoding_pool import show_progress
from htvae.inference.opening import CorpusRequest, open_corpus
from htvae.inference.parquet_tables import check_extra
from htvae.inference.part_job import PartJob
from htvae.utils.processes import interrupt_on_terminate
from htvae.utils.world import World

logger = logging.getLogger(__name__)

STORE_BYTES = 100 * 2**20
"""Shared memory of a Ray that is started for the job; only numbers of parts pass through it."""


class PartEncoder:
    """The actor: encodes the parts that Ray gives it.

    Args:
        request: the request, without the function that builds the user's own architecture.
        digest: hash of the origin that the parts must have.

    Raises:
        ValueError: model or recordings are others than those of the process that started the job.
    """

    def __init__(self, request: CorpusRequest, digest: str) -> None:
        import torch

        torch.set_num_threads(1)
        if request.build_model_file is not None:
            request = replace(request, build_model=load_config_file(request.build_model_file).build_model)
        corpus = open_corpus(request)
        if corpus.origin.digest != digest:
            raise ValueError(
                "A worker of Ray must find the model, recordings and versions of the process that started "
                f"the job, but found others in {', '.join(map(str, request.inputs))}. Use a folder that all "
                "machines share, and the same installation."
            )
        self.job = PartJob.of(corpus, request.output_dir, World())

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        """Write the parts of a batch, unless they are there."""
        for index in batch["part"].tolist():
            self.job.encode(index)
        return batch


def encode_with_ray(request: CorpusRequest, num_workers: int) -> list[Path]:
    """Do what `encode_corpus` does for ``format="parquet"``, by workers of Ray.

    Args:
        request: recordings, model and output folder.
        num_workers: number of actors, of one processor each; on GPUs they share these evenly.

    Returns:
        The folders of the two tables.

    Raises:
        FileNotFoundError, ValueError: as for `encode_corpus`; Ray is not installed; an architecture of the
            user's own without its settings file.
    """
    _check_extra()
    if request.build_model is not None and request.build_model_file is None:
        raise ValueError("build_model_file must be given with build_model, so that workers can build it.")
    request = _with_absolute_paths(request)
    job = PartJob.of(open_corpus(request), request.output_dir, World())
    if not job.begin():
        return job.folder.results
    missing, digest, device = job.folder.missing(), job.corpus.origin.digest, job.corpus.model.device
    size = min(num_workers, len(missing))
    try:
        with interrupt_on_terminate(), _running_ray(num_workers) as ray:
            gpus = share_gpus(size, ray.cluster_resources().get("GPU", 0)) if device == "cuda" else None
            rows = ray.data.from_items(
                [{"part": index} for index in missing], override_num_blocks=len(missing)
            )
            done = rows.map_batches(
                PartEncoder,
                fn_constructor_args=(replace(request, build_model=None, device=device), digest),
                batch_size=1,
                num_cpus=1,
                num_gpus=gpus,
                compute=ray.data.ActorPoolStrategy(size=size),
            )
            for _ in show_progress(done.iter_rows(), len(missing), World(), "part"):
                pass
    except KeyboardInterrupt:
        raise KeyboardInterrupt(
            f"Interrupted. Complete parts are kept in {request.output_dir}; continue with: {request.command}"
        ) from None
    job.folder.complete()
    return job.folder.results


def share_gpus(num_workers: int, num_gpus: float) -> float | None:
    """Return the share of a GPU for each worker, so that all fit; None where there are no GPUs."""
    if num_gpus < 1:
        return None
    per_gpu = -(-num_workers // int(num_gpus))
    return math.floor(10_000 / per_gpu) / 10_000  # Ray counts in ten-thousandths


def _with_absolute_paths(request: CorpusRequest) -> CorpusRequest:
    """Return the request for processes with other working folders."""
    file = request.build_model_file
    return replace(
        request,
        checkpoint=request.checkpoint.absolute(),
        inputs=[path.absolute() for path in request.inputs],
        output_dir=request.output_dir.absolute(),
        cache_dir=request.cache_dir.absolute(),
        build_model_file=None if file is None else file.absolute(),
    )


@contextmanager
def _running_ray(num_workers: int) -> Iterator[Any]:
    """Yield Ray: the one of ``RAY_ADDRESS``, the one that runs in this process, or one for this job alone."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"  # nothing is sent
    local = "RAY_ADDRESS" not in os.environ
    if local and "ray" not in sys.modules:  # Ray reads it once
        os.environ.setdefault("RAY_AUTH_MODE", "token")
        os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    import ray
    import ray.data

    ray.data.DataContext.get_current().enable_progress_bars = False
    logging.getLogger("ray.data").setLevel(logging.WARNING)
    if ray.is_initialized():
        yield ray
        return
    own: dict[str, Any] = {"num_cpus": num_workers, "object_store_memory": STORE_BYTES} if local else {}
    ray.init(include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR, **own)
    try:
        yield ray
    finally:
        ray.shutdown()


def _check_extra() -> None:
    """Raise ValueError where Ray or pyarrow is not installed."""
    check_extra()
    if importlib.util.find_spec("ray") is None:
        raise ValueError(
            '--ray_workers needs Ray, which is not installed. Install: pip install "ht-vae[ray]"'
        )
