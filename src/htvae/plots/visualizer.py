"""Pictures of poses and of a model's results: strips, movies, point maps, attention maps, curves.

Axes: T frames, L points, D coordinates, of which the first two are drawn, y up.
"""

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from PIL import Image

from htvae.plots import charts, movies
from htvae.plots.drawing import BACKGROUND, GHOST, INK, MUTED, Figure, Panel, View, write_text
from htvae.utils.files import atomic_write

Array = np.ndarray

_STRIP_WIDTH = 1800
_MAX_FIGURE_HEIGHT = 260
_GIF_PANEL = 400
_GIF_RATE = 20.0  # pictures per second that viewers show reliably
_MARGIN, _HEADER, _FOOTER = 16, 46, 24


class Visualizer:
    """Draws poses as figures. Each method writes one file, makes its folder, and returns the path.

    Args:
        landmarks: name of each point; the names' sides determine the colours.
        edges: pairs of indices of points that are joined. Without edges, points are drawn alone.
    """

    def __init__(self, landmarks: Sequence[str], edges: Sequence[tuple[int, int]]) -> None:
        self.figure = Figure.from_names(landmarks, edges)

    def skeleton_strip(
        self, pose: Array, path: str | Path, num_poses: int = 12, title: str = "", fps: float | None = None
    ) -> Path:
        """Draw frames of ``pose`` (T, L, D), NaN where missing, side by side (PNG).

        Args:
            pose: the poses.
            path: file to write.
            num_poses: frames drawn, evenly spaced over the recording.
            title: heading.
            fps: frame rate (1/s). Captions are seconds. None: captions are frame numbers.
        """
        return self._strip([("", pose)], path, num_poses, title, fps)

    def comparison_strip(
        self,
        pose: Array,
        reconstruction: Array,
        path: str | Path,
        num_poses: int = 12,
        title: str = "",
        fps: float | None = None,
        captions: tuple[str, str] = ("input", "reconstruction"),
    ) -> Path:
        """Draw frames of ``pose`` above ``reconstruction``, which has the input as its shadow (PNG).

        The arguments are those of `skeleton_strip`.
        """
        _check_same_frames(pose, reconstruction)
        return self._strip([(captions[0], pose), (captions[1], reconstruction)], path, num_poses, title, fps)

    def comparison_gif(
        self,
        pose: Array,
        reconstruction: Array,
        path: str | Path,
        fps: float | None = None,
        title: str = "",
        captions: tuple[str, str] = ("input", "reconstruction"),
    ) -> Path:
        """Animate ``pose`` (T, L, D) beside ``reconstruction`` at natural speed (GIF).

        Above 20 frames per second, frames are left out. The view follows a figure that walks.

        Args:
            pose: the input, NaN where missing.
            reconstruction: the output.
            path: file to write.
            fps: frame rate (1/s). None: the movie plays at 30 and counts frames.
            title: heading.
            captions: captions of the two halves.
        """
        _check_same_frames(pose, reconstruction)
        center, half = _framing(pose[..., :2], reconstruction[..., :2], smooth=round(fps or 30.0) | 1)
        return self._animate(
            [(pose, center), (reconstruction, center)], float(half.max()), path, fps, title, captions
        )

    def motion_picture(
        self,
        poses: Sequence[Array],
        path: str | Path,
        fps: float | None = None,
        title: str = "",
        captions: Sequence[str] | None = None,
    ) -> Path:
        """Animate sequences (T, L, D) of one length side by side; each panel follows its figure (GIF or MP4).

        Args:
            poses: one to four sequences, NaN where missing.
            path: file to write; its suffix selects GIF or MP4. MP4 needs imageio-ffmpeg.
            fps: frame rate (1/s). None: the movie plays at 30 and counts frames.
            title: heading.
            captions: caption of each panel. None: no captions.

        Raises:
            ValueError: MP4 is selected and imageio-ffmpeg is not installed.
        """
        framings = [_framing(pose[..., :2], pose[..., :2], smooth=round(fps or 30.0) | 1) for pose in poses]
        panels = [(pose, center) for pose, (center, _) in zip(poses, framings, strict=True)]
        half = max(float(half.max()) for _, half in framings)
        return self._animate(panels, half, path, fps, title, captions or [""] * len(poses))

    def latent_map(
        self,
        points: Array,
        labels: Sequence[str | None] | None,
        path: str | Path,
        title: str = "Latent map",
        axis_names: tuple[str, str] = ("component 1", "component 2"),
    ) -> Path:
        """Draw points (n, 2) coloured by label (PNG); beyond twelve labels the rarest are ``other``."""
        return charts.draw_point_map(points, labels, Path(path), title, axis_names)

    def attention_map(
        self,
        weights: Array,
        path: str | Path,
        title: str = "Attention",
        query_name: str = "query",
        key_name: str = "key",
    ) -> Path:
        """Draw attention weights (Q, K) or (H, Q, K), one panel per head (PNG)."""
        return charts.draw_attention(
            np.asarray(weights, dtype=float), Path(path), title, query_name, key_name
        )

    def loss_curves(
        self, history: Mapping[str, charts.Curve], path: str | Path, title: str = "Training"
    ) -> Path:
        """Draw each quantity of ``history`` (name -> pairs of step and value) in a panel of its own (PNG).

        Names that differ only before the last ``/`` (``train/total``, ``val/total``) share a panel.
        """
        return charts.draw_curves(history, Path(path), title)

    def _strip(
        self, rows: list[tuple[str, Array]], path: str | Path, num_poses: int, title: str, fps: float | None
    ) -> Path:
        num_frames = len(rows[0][1])
        chosen = np.linspace(0, num_frames - 1, min(num_poses, num_frames)).round().astype(int)
        poses = [pose[chosen, :, :2] for _, pose in rows]
        center, half = _framing(poses[0], poses[-1])
        room = (_STRIP_WIDTH - 2 * _MARGIN) / len(chosen)
        scale = min(room / (2.25 * half[0]), _MAX_FIGURE_HEIGHT / (2.25 * half[1]))
        view = View(scale, round(min(room, max(2.25 * half[0] * scale, 40))), round(2.25 * half[1] * scale))
        header = (_HEADER if title else 10) + (0 if len(rows) == 1 else 18)
        size = (2 * _MARGIN + len(chosen) * view.width, header + (view.height + _FOOTER) * len(rows))
        picture = Image.new("RGB", (max(size[0], 320), size[1]), BACKGROUND)
        write_text(picture, (_MARGIN, 12), title, 20)
        for row, (caption, _) in enumerate(rows):
            top = header + row * (view.height + _FOOTER)
            write_text(picture, (_MARGIN, top - 4), caption, 14, MUTED, anchor="ld")
            for column in range(len(chosen)):
                behind = [poses[0][column]] if row else []
                panel = self._draw(poses[row][column], behind, center[column], view)
                picture.paste(panel, (_MARGIN + column * view.width, top))
        for column, t in enumerate(chosen):
            place = (_MARGIN + (column + 0.5) * view.width, size[1] - _FOOTER + 5)
            write_text(picture, place, _caption(int(t), fps), 12, MUTED, anchor="ma")
        with atomic_write(path) as temporary:
            picture.save(temporary)
        return Path(path)

    def _animate(
        self,
        panels: Sequence[tuple[Array, Array]],
        half: float,
        path: str | Path,
        fps: float | None,
        title: str,
        captions: Sequence[str],
    ) -> Path:
        """Write a movie at natural speed; each panel has poses (T, L, D) and its view's centre (T, 2)."""
        rate = fps or 30.0
        step = max(1, math.ceil(rate / _GIF_RATE))
        view = View(0.46 * _GIF_PANEL / max(half, 1e-9), _GIF_PANEL, _GIF_PANEL)
        pictures = (
            self._movie_frame(
                [(p[t, :, :2], c[t]) for p, c in panels], view, captions, title, _caption(t, fps)
            )
            for t in range(0, len(panels[0][0]), step)
        )
        with atomic_write(path) as temporary:
            movies.write_movie(pictures, temporary, step / rate)
        return Path(path)

    def _movie_frame(
        self,
        panels: Sequence[tuple[Array, Array]],
        view: View,
        captions: Sequence[str],
        title: str,
        counter: str,
    ) -> Image.Image:
        """Draw poses (L, 2) around their centres (2,), side by side."""
        width = len(panels) * (view.width + _MARGIN) + _MARGIN
        size = (width, view.height + _HEADER + _FOOTER + (28 if title else 0))
        picture = Image.new("RGB", size, BACKGROUND)
        write_text(picture, (_MARGIN, 12), title, 18)
        top = size[1] - view.height - _FOOTER
        for number, ((pose, center), caption) in enumerate(zip(panels, captions, strict=True)):
            left = _MARGIN + number * (view.width + _MARGIN)
            picture.paste(self._draw(pose, [], center, view), (left, top))
            write_text(picture, (left, top - 8), caption, 15, INK, anchor="ld")
        write_text(picture, (size[0] - _MARGIN, size[1] - 5), counter, 13, MUTED, anchor="rd")
        return picture

    def _draw(self, pose: Array, behind: list[Array], center: Array, view: View) -> Image.Image:
        panel, thickness = Panel(view), max(1.2, 0.015 * max(view.width, view.height))
        for shadow in behind:
            panel.figure(self.figure, shadow, center, thickness, GHOST)
        panel.figure(self.figure, pose, center, thickness)
        return panel.reduce()


def _framing(pose: Array, other: Array, smooth: int = 0) -> tuple[Array, Array]:
    """Return the view's centre (T, 2) and half its size (2,), in units of the pose.

    The centre follows the figure along an axis on which the figure travels, and is constant along the others.

    Args:
        pose: points (T, L, 2) that the view must contain.
        other: points used instead if all points of ``pose`` are missing.
        smooth: frames (odd) over which the centre is averaged. 0: each frame is centred separately in x.
    """
    points = pose if np.isfinite(pose).any() else other
    if not np.isfinite(points).any():
        return np.zeros((len(pose), 2)), np.ones(2)
    seen = np.isfinite(points[..., 0]).any(axis=-1)
    frames = np.arange(len(points))
    low, high = np.nanmin(points[seen], axis=1), np.nanmax(points[seen], axis=1)
    middle = (low + high) / 2
    center = np.stack([np.interp(frames, frames[seen], middle[:, axis]) for axis in (0, 1)], axis=-1)
    if smooth > 1:
        pad = np.pad(center, ((smooth // 2, smooth // 2), (0, 0)), mode="edge")
        center = np.lib.stride_tricks.sliding_window_view(pad, smooth, axis=0).mean(axis=-1)
    travels = np.ptp(center, axis=0) > 0.6 * np.quantile(high - low, 0.9, axis=0).max()
    travels[0] |= smooth == 0
    center = np.where(travels, center, (low.min(axis=0) + high.max(axis=0)) / 2)
    half = np.nanquantile(np.abs(points - center[:, None]), 0.999, axis=(0, 1))
    return center, np.maximum(half, 1e-6 + 0.25 * half.max())


def _caption(frame: int, fps: float | None) -> str:
    return f"frame {frame}" if fps is None else f"{frame / fps:.1f} s"


def _check_same_frames(pose: Array, reconstruction: Array) -> None:
    if pose.shape[:2] != reconstruction.shape[:2]:
        raise ValueError(
            f"pose and reconstruction must have the same frames and points, but have the shapes {pose.shape} "
            f"and {reconstruction.shape}."
        )
