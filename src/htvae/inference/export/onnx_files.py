"""``encoder.onnx`` and ``decoder.onnx``: writing them, and checking them against PyTorch.

Axes: ``B`` batch, ``T`` frames, ``N`` points, ``D`` coordinates, ``C`` chunks, ``Z`` latent_dim, ``K``
chunk_latent_dim.
"""

import importlib.util
import logging
import statistics
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from htvae.data.processing import PoseDataProcessor
from htvae.inference.export.graphs import DecoderGraph, EncoderGraph
from htvae.inference.model import TrainedModel
from htvae.models.linear_code import BODY_SHARE
from htvae.models.vae import HierarchicalTransformerVAE

ENCODER, DECODER = "encoder.onnx", "decoder.onnx"
NEEDED = ("onnx", "onnxscript", "onnxruntime")
OPSET = 20
"""Version of ONNX's operators; programs that read them since early 2024 know it."""
TOLERANCE = 1e-4
"""Largest difference from PyTorch: of latents in their own unit, of poses in torso lengths."""
MISSING_SHARE = 0.2
"""Share of points that are missing in the check."""
NUM_CALLS = 5
"""Calls whose median time counts."""
_INPUTS = {
    ENCODER: {"pose": "BTND", "observed": "BTN", "num_frames": "B"},
    DECODER: {"sequence_latent": "BZ", "chunk_latents": "BCK", "num_frames": "B"},
}
_OUTPUTS = {
    ENCODER: {"sequence_mu": "BZ", "sequence_logvar": "BZ", "chunk_mu": "BCK", "chunk_logvar": "BCK"},
    DECODER: {"pose": "BTND"},
}


@dataclass(frozen=True)
class OnnxCheck:
    """How onnxruntime compares with PyTorch."""

    encoder_difference: float
    """Largest difference of mu and logvar."""
    decoder_difference: float
    """Largest difference of poses, torso lengths."""
    encoder_time_ratio: float
    """Time of onnxruntime over time of PyTorch, for a window of ``max_frames`` frames."""
    decoder_time_ratio: float
    """The same of the decoder."""


def require_onnx() -> None:
    """Raise ValueError where a package of the extra ``onnx`` is not installed."""
    lacking = [name for name in NEEDED if importlib.util.find_spec(name) is None]
    if lacking:
        raise ValueError(
            f"The format onnx must have {', '.join(NEEDED)}, but {', '.join(lacking)} is not installed. Try "
            "pip install 'ht-vae[onnx]', or --format safetensors."
        )


def write_onnx(model: TrainedModel, folder: Path) -> OnnxCheck:
    """Write encoder and decoder into a folder and compare them with PyTorch.

    Args:
        model: a model of the default architecture, on the CPU.
        folder: folder for the files.

    Raises:
        ValueError: the extra is not installed, the model has another architecture or too few latents, or
            the files differ from PyTorch by more than `TOLERANCE`.
    """
    require_onnx()
    network = _check_network(model)
    pose, observed, num_frames = _draw_poses(model, 2, 2 * model.grid.chunk_size, seed=0)
    _write(EncoderGraph(network), (pose, observed, num_frames), folder / ENCODER)
    with torch.no_grad():
        found = network.encode(pose, observed, num_frames)
    latents = (found.sequence.mu, found.chunks.mu, num_frames)
    _write(DecoderGraph(network), latents, folder / DECODER)
    check = _compare(model, network, folder)
    worst = float(np.max([check.encoder_difference, check.decoder_difference]))  # NaN stays NaN
    if not worst <= TOLERANCE:
        raise ValueError(
            f"The ONNX files must give what PyTorch gives to {TOLERANCE:g}, but differ by {worst:.2g}: "
            f"encoder {check.encoder_difference:.2g}, decoder {check.decoder_difference:.2g}. They were "
            "removed. Use --format safetensors, and please report this model's settings."
        )
    return check


def describe_onnx(model: TrainedModel, check: OnnxCheck) -> dict[str, Any]:
    """Return what a program has to know to use the files, for config.json."""
    return {
        "opset": OPSET,
        "files": {
            name: {"inputs": _spell(_INPUTS[name]), "outputs": _spell(_OUTPUTS[name])} for name in _INPUTS
        },
        "axes": {
            "B": "batch, any",
            "T": f"frames, above chunk_overlap; trained with {model.config.data.max_frames} at most",
            "N": len(model.processor.points),
            "D": model.processor.num_coordinates,
            "C": "chunks: ceil((T - chunk_overlap) / (chunk_size - chunk_overlap))",
            "Z": model.config.model.latent_dim,
            "K": model.config.model.chunk_latent_dim,
        },
        "chunk_size": model.grid.chunk_size,
        "chunk_overlap": model.grid.chunk_overlap,
        "points": list(model.processor.points),
        "frames_per_second": model.processor.fps,
        "preprocessing": _list_steps(model.processor),
        "check": asdict(check),
    }


def _list_steps(processor: PoseDataProcessor) -> list[str]:
    """Return in words what turns a recording into the encoder's inputs."""
    rate = "" if processor.fps is None else f"Resample linearly to {processor.fps:g} frames per second. "
    anchors = {
        "midhip": "the middle of LEFT_HIP and RIGHT_HIP, interpolated over frames without them",
        "centroid": "the mean of all landmarks, each interpolated over its gaps",
    }
    units = {
        "torso": "the recording's median distance from mid-hip to mid-shoulder",
        "spread": "the root mean square distance of all observed points from the anchor",
    }
    steps = [
        f"{rate}Coordinates: x to the right, y upwards. Landmarks in the order of points; missing ones are "
        "not observed.",
        f"Anchor of each frame: {anchors[processor.anchor]}. Subtract it.",
        f"Divide by {units[processor.unit]}.",
    ]
    if processor.heading:
        steps.append(f"Turn each frame so that {' to '.join(processor.heading)} points upwards.")
    if processor.root_motion:
        steps.append(
            "The last point is the anchor's step from the frame before, divided by the same unit; it is "
            "observed where the anchor is in both frames, so not in the first."
        )
    steps.append(
        "pose: any finite number where a point is not observed. num_frames: real frames; later are padding."
    )
    return steps


def _check_network(model: TrainedModel) -> HierarchicalTransformerVAE:
    network = model.model
    if type(network) is not HierarchicalTransformerVAE:
        raise ValueError(
            "The format onnx must have a model of the default architecture, but this one is "
            f"{type(network).__name__}. Use --format safetensors."
        )
    if not model.config.model.chunk_latent_dim:
        raise ValueError(
            "The format onnx must have a model with chunk latents, but chunk_latent_dim is 0. Use --format "
            "safetensors."
        )
    if model.config.model.latent_dim < BODY_SHARE:
        raise ValueError(
            f"The format onnx must have a sequence latent of {BODY_SHARE} numbers at least, but latent_dim "
            f"is {model.config.model.latent_dim}. Use --format safetensors."
        )
    return network


def _write(graph: nn.Module, inputs: tuple[Tensor, ...], path: Path) -> None:
    dynamic = torch.export.Dim.DYNAMIC
    names = _INPUTS[path.name]
    shapes = tuple({i: dynamic for i, axis in enumerate(axes) if axis in "BTC"} for axes in names.values())
    with _quiet():
        program = torch.onnx.export(
            graph.eval().requires_grad_(False),
            inputs,
            input_names=list(names),
            output_names=list(_OUTPUTS[path.name]),
            dynamic_shapes=shapes,
            opset_version=OPSET,
            dynamo=True,
            verbose=False,
        )
        assert program is not None
        program.save(str(path))


def _compare(model: TrainedModel, network: HierarchicalTransformerVAE, folder: Path) -> OnnxCheck:
    """Compare outputs for two lengths, one of them padded, and times for the longer one."""
    encoder, decoder = (_open(folder / name) for name in (ENCODER, DECODER))
    encoding, decoding, times = [], [], {}
    for length in (model.grid.chunk_size + model.grid.stride // 2 + 1, model.config.data.max_frames):
        inputs = _draw_poses(model, 2, length, seed=length)
        found, times["torch_encoder"] = _time(network.encode, *inputs)
        mask = found.chunk_mask[..., None]
        wanted = [*found.sequence, *(part * mask for part in found.chunks)]
        got, times["encoder"] = _time(_run, encoder, ENCODER, inputs)
        encoding += [float(np.abs(a - b.numpy()).max()) for a, b in zip(got, wanted, strict=True)]
        latents = (found.sequence.mu, found.chunks.mu, inputs[-1])
        poses, times["torch_decoder"] = _time(network.decode, *latents)
        (own,), times["decoder"] = _time(_run, decoder, DECODER, latents)
        rows = zip(own, poses.numpy(), inputs[-1].tolist(), strict=True)
        decoding += [float(np.abs(a[:n] - b[:n]).max()) for a, b, n in rows]
    return OnnxCheck(
        float(np.max(encoding)),
        float(np.max(decoding)),
        times["encoder"] / times["torch_encoder"],
        times["decoder"] / times["torch_decoder"],
    )


def _draw_poses(model: TrainedModel, batch: int, length: int, seed: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return random poses with missing points around the training poses; the last one is a third shorter."""
    rng, processor = np.random.default_rng(seed), model.processor
    mean, scale = np.array(processor.pose_mean), np.array(processor.pose_scale)[:, None]
    walk = rng.normal(size=(batch, length, *mean.shape)).cumsum(1)
    walk /= np.abs(walk).max()
    pose = mean + scale * (2 * walk + 0.1 * rng.normal(size=walk.shape))
    observed = rng.random(pose.shape[:3]) >= MISSING_SHARE
    lost = slice(length // 3, length // 2), slice(len(mean) // 4 + 1)  # some landmarks, for a while
    observed[:, *lost] = False
    num_frames = np.full(batch, length)
    num_frames[-1] = max(2 * length // 3, 1)
    pose[~observed] = 0
    return torch.tensor(pose, dtype=torch.float32), torch.tensor(observed), torch.tensor(num_frames)


def _open(path: Path) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = torch.get_num_threads()
    options.log_severity_level = 3
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def _run(session: Any, name: str, inputs: Sequence[Tensor]) -> list[np.ndarray]:
    given = {key: value.numpy() for key, value in zip(_INPUTS[name], inputs, strict=True)}
    try:
        found: list[np.ndarray] = session.run(None, given)
    except Exception as error:  # onnxruntime's own have no base class but this
        raise ValueError(
            f"{name} must run on sequences of every length, but onnxruntime refuses {list(inputs[0].shape)}: "
            f"{error}. The files were removed. Use --format safetensors, and please report this."
        ) from error
    return found


def _time(call: Callable[..., Any], *inputs: Any) -> tuple[Any, float]:
    """Return the answer of a call, and its median time (s)."""
    seconds = []
    with torch.no_grad():
        answer = call(*inputs)
        for _ in range(NUM_CALLS):
            start = time.perf_counter()
            answer = call(*inputs)
            seconds.append(time.perf_counter() - start)
    return answer, statistics.median(seconds)


def _spell(axes: Mapping[str, str]) -> dict[str, dict[str, Any]]:
    kinds = {"observed": "bool", "num_frames": "int64"}
    return {name: {"axes": list(text), "type": kinds.get(name, "float32")} for name, text in axes.items()}


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporter's advice to its developers off the terminal."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)
