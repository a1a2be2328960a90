"""Building the network of a checkpoint, which may be a foreign file, and loading its weights."""

from typing import Any

import torch
from torch import nn
from torch.overrides import TorchFunctionMode

from htvae.inference.checkpoint import BuildModel, Checkpoint, build_model


def load_weights(checkpoint: Checkpoint, build: BuildModel | None) -> Any:
    """Build the model of a checkpoint and load its weights.

    Args:
        checkpoint: from `htvae.inference.checkpoint.load_checkpoint`.
        build: function that builds the user's own architecture. None: the model has the default one.

    Raises:
        ValueError: the weights do not fit the architecture.
    """
    try:
        if build is None:
            _check_sizes(checkpoint)
        model = build_model(checkpoint.config, checkpoint.processor, build)
        model.load_state_dict(checkpoint.state)
    except RuntimeError as error:
        raise ValueError(
            "The checkpoint's weights must fit the architecture, but do not. Was it trained with a model of "
            f"your own? Give the settings file that defines its build_model. "
            f"({str(error).splitlines()[-1].strip()})"
        ) from error
    return model


def _check_sizes(checkpoint: Checkpoint) -> None:
    """Raise RuntimeError if the configured sizes do not match the weights.

    The model is built on the meta device first, since a foreign file may claim any size.
    """
    if checkpoint.config.model.num_layers > len(checkpoint.state):
        raise RuntimeError(f"num_layers={checkpoint.config.model.num_layers}: the file has fewer weights")
    with torch.device("meta"), _WithoutDrawing():
        expected = build_model(checkpoint.config, checkpoint.processor).state_dict()
    for name, value in expected.items():
        found = checkpoint.state.get(name)
        if found is None or found.shape != value.shape:
            raise RuntimeError(f"{name} has another size than the settings say")


class _WithoutDrawing(TorchFunctionMode):
    """Leaves parameters as they are where they would be drawn.

    They have no values on the meta device, and drawing them there would import PyTorch's compiler: a second.
    """

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        given = kwargs or {}
        if function in (nn.init.normal_, torch.Tensor.normal_):
            return args[0] if args else given["tensor"]
        return function(*args, **given)
