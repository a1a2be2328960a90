"""Choice of the computing device, and its speed in bf16."""

import torch


def choose_device(name: str) -> str:
    """Return "cuda", "mps" or "cpu"; for "auto", the fastest device of this machine.

    Raises:
        ValueError: this machine has no such device.
    """
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        return next(device for device, present in available.items() if present)
    if not available[name]:
        present = ", ".join(device for device, there in available.items() if there)
        raise ValueError(f"device must be present on this machine, but {name!r} is not. Present: {present}.")
    return name


def multiplies_bf16_fast(device: str) -> bool:
    """Return whether the hardware multiplies bf16 faster than float32."""
    if device == "cuda":
        return torch.cuda.is_bf16_supported(including_emulation=False)
    if device == "cpu":
        return torch.cpu._is_amx_tile_supported() or torch.cpu._is_avx512_bf16_supported()
    return False


def fast_bf16(device: str) -> torch.autocast:
    """Return a context in which networks run in bf16 where `multiplies_bf16_fast`, for rough answers."""
    return torch.autocast(device, torch.bfloat16, enabled=multiplies_bf16_fast(device))
