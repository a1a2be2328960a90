"""Pictures of poses and of a model's results: strips, movies, point maps, attention maps, curves.

Poses in two dimensions are drawn as they are, y up. Poses in three are seen from the front (x to the right)
and from their left side (z to the right).

Axes: T frames, L points, D coordinates.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from htvae.plots import charts, movies
from htvae.plots.drawing import Figure
from htvae.plots.framing import frame_figure
from htvae.plots.sheets import MoviePanel, draw_movie, draw_strip, movie_step
from htvae.utils.files import atomic_write

Array = np.ndarray


class Visualizer:
    """Draws poses as figures. Each method writes one file, makes its folder, and returns the path.

    Args:
        landmarks: name of each point.
        edges: pairs of indices of points that are joined. Without edges, points are drawn alone.
        sides: ``left``, ``right`` or an empty string for each point, which determine the colours. None: they
            are found in the names.
    """

    def __init__(
        self,
        landmarks: Sequence[str],
        edges: Sequence[tuple[int, int]],
        sides: Sequence[str] | None = None,
    ) -> None:
        self.figure = Figure.from_names(landmarks, edges, sides)

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
        center, half = frame_figure(pose, reconstruction, smooth=round(fps or 30.0) | 1)
        pair = zip((pose, reconstruction), captions, strict=True)
        panels = [MoviePanel(own, center, caption) for own, caption in pair]
        return self._movie(panels, float(half.max()), path, title, fps)

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
        smooth = round(fps or 30.0) | 1
        frames = [frame_figure(pose, pose, smooth) for pose in poses]
        panels = [
            MoviePanel(pose, center, caption)
            for pose, (center, _), caption in zip(poses, frames, captions or [""] * len(poses), strict=True)
        ]
        return self._movie(panels, max(float(half.max()) for _, half in frames), path, title, fps)

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
        picture = draw_strip(self.figure, rows, num_poses, title, fps)
        with atomic_write(path) as temporary:
            picture.save(temporary)
        return Path(path)

    def _movie(
        self, panels: Sequence[MoviePanel], half: float, path: str | Path, title: str, fps: float | None
    ) -> Path:
        pictures = draw_movie(self.figure, panels, half, title, fps)
        with atomic_write(path) as temporary:
            movies.write_movie(pictures, temporary, movie_step(fps) / (fps or 30.0))
        return Path(path)


def _check_same_frames(pose: Array, reconstruction: Array) -> None:
    if pose.shape[:2] != reconstruction.shape[:2]:
        raise ValueError(
            f"pose and reconstruction must have the same frames and points, but have the shapes {pose.shape} "
            f"and {reconstruction.shape}."
        )
