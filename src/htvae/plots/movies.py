"""Write pictures to a GIF or an MP4."""

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path
from typing import Any

from PIL import Image


def write_movie(pictures: Iterable[Image.Image], path: Path, seconds: float) -> None:
    """Write pictures of one size as GIF or MP4.

    Args:
        pictures: the pictures.
        path: file to write; its suffix says which kind.
        seconds: time for which each picture is shown.

    Raises:
        ValueError: MP4 is selected and imageio-ffmpeg is not installed.
    """
    if path.suffix == ".mp4":
        _write_mp4(pictures, path, 1 / seconds)
    else:
        _write_gif(list(pictures), path, seconds)


def check_mp4() -> None:
    """Raise ValueError if no MP4 can be written; callers check before they start long work."""
    try:
        import imageio_ffmpeg  # noqa: F401
    except ImportError:
        raise ValueError(
            'MP4 needs imageio-ffmpeg, but it is not installed. Try pip install "ht-vae[video]", or take GIF.'
        ) from None


def _write_gif(pictures: list[Image.Image], path: Path, seconds: float) -> None:
    palette = _common_palette(pictures)
    indexed = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    delays = _round_delays(len(indexed), seconds)
    indexed[0].save(path, save_all=True, append_images=indexed[1:], duration=delays, loop=0)


def _round_delays(count: int, seconds: float) -> list[int]:
    """Return the time (ms) of each picture, in whole hundredths of a second, as GIF counts.

    The rounding of one picture is made up for by the next, so that the movie has its true length. Viewers
    slow down delays below two hundredths; so the least is that.
    """
    ends = [round(100 * seconds * number) for number in range(count + 1)]
    return [10 * max(2, after - before) for before, after in pairwise(ends)]


def _write_mp4(pictures: Iterable[Image.Image], path: Path, rate: float) -> None:
    check_mp4()
    import imageio_ffmpeg

    writer: Any = None
    for picture in pictures:
        # the codec needs even sizes
        even = picture.crop((0, 0, picture.width // 2 * 2, picture.height // 2 * 2))
        if writer is None:
            writer = imageio_ffmpeg.write_frames(str(path), even.size, fps=rate)
            writer.send(None)
        writer.send(even.tobytes())
    if writer is not None:
        writer.close()


def _common_palette(pictures: list[Image.Image]) -> Image.Image:
    """Return one palette for all pictures; with a palette each, the movie would flicker."""
    samples = pictures[:: max(1, len(pictures) // 4)][:4]
    sheet = Image.new("RGB", (samples[0].width, samples[0].height * len(samples)))
    for number, sample in enumerate(samples):
        sheet.paste(sample, (0, number * sample.height))
    return sheet.quantize(colors=128)
