"""Convolutions over time that halve and double the frame rate, plain or causal: what two baselines share.

A stage has a convolution of four frames with stride 2, then residual blocks of growing dilation; decoders
mirror it with nearest-neighbour upsampling.

Source: Zhang et al. 2023, "Generating Human Motion from Textual Descriptions with Discrete Representations"
(T2M-GPT), section 3.1 and figure 2; MoMask and MotionStreamer keep it.

Axes: ``B`` batch, ``F`` features, ``T`` frames.
"""

import torch.nn.functional as F
from torch import Tensor, nn

DILATIONS = (9, 3, 1)
"""Dilations of an encoder's residual blocks; a decoder has them in reverse order."""


class TimeConvolution(nn.Module):
    """A convolution over time that keeps the length (or halves it); a causal one sees no later frame."""

    def __init__(
        self, inputs: int, outputs: int, size: int, *, stride: int = 1, dilation: int = 1, causal: bool
    ) -> None:
        super().__init__()
        reach = (size - 1) * dilation + 1 - stride
        self.padding = (reach, 0) if causal else (reach // 2, reach - reach // 2)
        self.convolution = nn.Conv1d(inputs, outputs, size, stride, dilation=dilation)

    def forward(self, frames: Tensor) -> Tensor:
        """Return (B, outputs, T / stride)."""
        return self.convolution(F.pad(frames, self.padding))


class ResidualBlock(nn.Module):
    """ReLU, dilated convolution of three frames, ReLU, convolution of one; added to the input."""

    def __init__(self, width: int, dilation: int, causal: bool) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.ReLU(),
            TimeConvolution(width, width, 3, dilation=dilation, causal=causal),
            nn.ReLU(),
            TimeConvolution(width, width, 1, causal=causal),
        )

    def forward(self, frames: Tensor) -> Tensor:
        """Return (B, F, T)."""
        return frames + self.layers(frames)


def build_encoder(values: int, width: int, outputs: int, num_halvings: int, causal: bool) -> nn.Sequential:
    """Build frames (B, values, T) -> features (B, outputs, T / 2 ** num_halvings)."""
    layers: list[nn.Module] = [TimeConvolution(values, width, 3, causal=causal), nn.ReLU()]
    for _ in range(num_halvings):
        layers.append(TimeConvolution(width, width, 4, stride=2, causal=causal))
        layers += [ResidualBlock(width, dilation, causal) for dilation in DILATIONS]
    return nn.Sequential(*layers, TimeConvolution(width, outputs, 3, causal=causal))


def build_decoder(inputs: int, width: int, values: int, num_doublings: int, causal: bool) -> nn.Sequential:
    """Build features (B, inputs, T) -> frames (B, values, T * 2 ** num_doublings)."""
    layers: list[nn.Module] = [TimeConvolution(inputs, width, 3, causal=causal), nn.ReLU()]
    for _ in range(num_doublings):
        layers += [ResidualBlock(width, dilation, causal) for dilation in reversed(DILATIONS)]
        layers += [nn.Upsample(scale_factor=2), TimeConvolution(width, width, 3, causal=causal)]
    layers += [TimeConvolution(width, width, 3, causal=causal), nn.ReLU()]
    return nn.Sequential(*layers, TimeConvolution(width, values, 3, causal=causal))


def hold_last_frame(frames: Tensor, multiple: int) -> Tensor:
    """Return frames (B, T, F), the last one repeated until T is a multiple."""
    padding = -frames.shape[1] % multiple
    return F.pad(frames.mT, (0, padding), mode="replicate").mT if padding else frames
