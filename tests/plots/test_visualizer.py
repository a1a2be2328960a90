import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, ImageSequence

from htvae.plots.drawing import Figure
from htvae.plots.visualizer import Visualizer

NAMES = ["HEAD", "LEFT_HAND", "RIGHT_HAND", "LEFT_FOOT", "RIGHT_FOOT"]
COLORS = (0, 114, 178), (213, 94, 0)
EDGES = [(0, 1), (0, 2), (0, 3), (0, 4)]


@pytest.fixture
def pose() -> np.ndarray:
    """A figure (T, L, 2) that walks to the right and waves."""
    figure = np.array([[0, 1.0], [-0.5, 0.5], [0.5, 0.5], [-0.2, 0], [0.2, 0]])
    frames = np.arange(37)
    pose = np.tile(figure, (len(frames), 1, 1))
    pose[:, :, 0] += 0.2 * frames[:, None]
    pose[:, 2, 1] += 0.4 * np.sin(frames)
    return pose


@pytest.fixture
def visualizer() -> Visualizer:
    return Visualizer(NAMES, EDGES)


def test_strip_is_written_and_shows_the_pose(
    visualizer: Visualizer, pose: np.ndarray, tmp_path: Path
) -> None:
    path = visualizer.skeleton_strip(pose, tmp_path / "new" / "strip.png", num_poses=6, title="walk", fps=30)
    assert path == tmp_path / "new" / "strip.png"
    assert _pixels(path).shape[1] > 2 * _pixels(path).shape[0]
    pose[:, 1, 1] += 0.3
    other = visualizer.skeleton_strip(pose, tmp_path / "other.png", num_poses=6, title="walk", fps=30)
    assert not np.array_equal(_pixels(path), _pixels(other))


def test_strip_follows_a_figure_that_walks(visualizer: Visualizer, pose: np.ndarray, tmp_path: Path) -> None:
    still = pose.copy()
    still[:, :, 0] -= 0.2 * np.arange(len(pose))[:, None]
    first = visualizer.skeleton_strip(pose, tmp_path / "walk.png", num_poses=4)
    second = visualizer.skeleton_strip(still, tmp_path / "still.png", num_poses=4)
    assert _pixels(first).shape == _pixels(second).shape


def test_sides_have_their_colours(visualizer: Visualizer, pose: np.ndarray, tmp_path: Path) -> None:
    picture = _pixels(visualizer.skeleton_strip(pose, tmp_path / "strip.png", num_poses=2))
    colors = {tuple(color) for color in picture.reshape(-1, 3)}
    assert {(0, 114, 178), (213, 94, 0)} <= colors


def test_missing_points_are_not_drawn(visualizer: Visualizer, pose: np.ndarray, tmp_path: Path) -> None:
    gone = pose.copy()
    gone[:, [1, 3]] = np.nan
    picture = _pixels(visualizer.skeleton_strip(gone, tmp_path / "strip.png", num_poses=3))
    assert (0, 114, 178) not in {tuple(color) for color in picture.reshape(-1, 3)}


@pytest.mark.parametrize("missing", [slice(None), slice(0, 1), slice(5, 20)])
def test_empty_frames_are_fine(
    visualizer: Visualizer, pose: np.ndarray, missing: slice, tmp_path: Path
) -> None:
    gone = pose.copy()
    gone[missing] = np.nan
    assert visualizer.skeleton_strip(gone, tmp_path / "strip.png").exists()
    assert visualizer.comparison_strip(gone, pose, tmp_path / "comparison.png").exists()
    assert visualizer.comparison_gif(gone[:6], pose[:6], tmp_path / "comparison.gif").exists()


def test_comparison_strip_has_two_rows(visualizer: Visualizer, pose: np.ndarray, tmp_path: Path) -> None:
    single = _pixels(visualizer.skeleton_strip(pose, tmp_path / "single.png"))
    double = _pixels(visualizer.comparison_strip(pose, pose + 0.05, tmp_path / "double.png"))
    assert double.shape[0] > 1.9 * (single.shape[0] - 10)  # both have the space on top once
    assert double.shape[1] == single.shape[1]


@pytest.mark.parametrize(("fps", "step"), [(10, 1), (24, 2), (25, 2), (29.97, 2), (30, 2), (50, 3), (60, 3)])
def test_gif_plays_at_natural_speed(
    visualizer: Visualizer, pose: np.ndarray, fps: float, step: int, tmp_path: Path
) -> None:
    moving = np.tile(pose, (2, 1, 1))
    path = visualizer.comparison_gif(moving, moving + 0.02, tmp_path / "pair.gif", fps=fps)
    delays = _gif_delays(path)
    shown = -(-len(moving) // step)
    assert len(delays) == shown
    assert sum(delays) == pytest.approx(1000 * shown * step / fps, rel=0.01)
    assert np.ptp(delays) <= 10  # the least that a GIF can tell apart
    with Image.open(path) as picture:
        assert picture.width > picture.height


def test_gif_of_an_unknown_rate_plays_at_30(visualizer: Visualizer, pose: np.ndarray, tmp_path: Path) -> None:
    unknown, known = (
        visualizer.comparison_gif(pose, pose, tmp_path / f"{fps}.gif", fps) for fps in (None, 30)
    )
    assert _gif_delays(unknown) == _gif_delays(known)


def _gif_delays(path: Path) -> list[int]:
    """Return the time (ms) of each picture, as the file has it."""
    with Image.open(path) as picture:
        return [int(frame.info["duration"]) for frame in ImageSequence.Iterator(picture)]


def test_comparison_needs_equal_shapes(visualizer: Visualizer, pose: np.ndarray, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="same frames and points"):
        visualizer.comparison_gif(pose, pose[1:], tmp_path / "pair.gif")


def test_points_without_edges(visualizer: Visualizer, pose: np.ndarray, tmp_path: Path) -> None:
    joined = visualizer.skeleton_strip(pose, tmp_path / "joined.png")
    alone = Visualizer(NAMES, []).skeleton_strip(pose, tmp_path / "alone.png")
    assert not np.array_equal(_pixels(joined), _pixels(alone))


@pytest.fixture
def solid(pose: np.ndarray) -> np.ndarray:
    """The figure in three dimensions (T, L, 3): its hands reach to the front and to the back."""
    depth = np.array([0, 0.5, -0.5, 0.1, -0.1]) * np.ones((len(pose), 1))
    return np.concatenate([pose, depth[..., None]], axis=-1)


def test_a_strip_in_three_dimensions_shows_front_and_side(
    visualizer: Visualizer, pose: np.ndarray, solid: np.ndarray, tmp_path: Path
) -> None:
    deep = _pixels(visualizer.skeleton_strip(solid, tmp_path / "deep.png", title="walk"))
    flat = _pixels(visualizer.skeleton_strip(pose, tmp_path / "flat.png", title="walk"))
    assert deep.shape[1] == flat.shape[1]
    both = visualizer.comparison_strip(solid, solid + 0.05, tmp_path / "both.png", title="walk")
    added = deep.shape[0] - flat.shape[0]  # a row, and a line for the caption that 2-D does not have
    assert added > 0.5 * flat.shape[0]
    assert _pixels(both).shape[0] > deep.shape[0] + 1.8 * (added - 18)
    turned = solid.copy()
    turned[:, 1, 2] -= 0.4  # seen from the side alone
    other = _pixels(visualizer.skeleton_strip(turned, tmp_path / "turned.png", title="walk"))
    half = flat.shape[0] - 24 + 18
    np.testing.assert_array_equal(deep[:half], other[:half])
    assert not np.array_equal(deep[half:], other[half:])


def test_movies_in_three_dimensions(visualizer: Visualizer, solid: np.ndarray, tmp_path: Path) -> None:
    gone = solid.copy()
    gone[:3] = gone[5, 2] = np.nan
    pair = visualizer.comparison_gif(gone, solid, tmp_path / "pair.gif", fps=30, title="walk")
    four = visualizer.motion_picture([gone] * 4, tmp_path / "four.gif", fps=30, captions=list("abcd"))
    with Image.open(pair) as first, Image.open(four) as second:
        assert first.height > first.width and second.width > second.height
        assert first.n_frames == second.n_frames == 19  # type: ignore[attr-defined]


def test_nearer_limbs_cover_others(tmp_path: Path) -> None:
    """Two rods cross; from the front the left one is nearer, or the right one."""
    names, edges = ["LEFT_A", "LEFT_B", "RIGHT_A", "RIGHT_B"], [(0, 1), (2, 3)]
    rods = np.array([[[-1.0, -1, 1], [1, 1, 1], [-1, 1, 0], [1, -1, 0]]])
    away = rods * [1, 1, -1]
    pictures = [
        _pixels(Visualizer(names, edges).skeleton_strip(pose, tmp_path / f"{name}.png", num_poses=1))
        for name, pose in (("near", rods), ("away", away))
    ]
    middle = [picture[10 : picture.shape[0] // 2].reshape(-1, 3) for picture in pictures]
    blue, orange = (np.array([(part == color).all(axis=1).sum() for part in middle]) for color in COLORS)
    assert blue[0] > blue[1] and orange[0] < orange[1]


def test_sides_come_from_names() -> None:
    names = ["LEFT_HIP", "hip_r", "leftHip", "R_ear", "nose", "BRIGHT", "MOUTH_LEFT", "POINT_0"]
    assert Figure.from_names(names, []).sides == ("left", "right", "left", "right", "", "", "left", "")


@pytest.mark.parametrize("num_labels", [3, 20])
def test_latent_map(visualizer: Visualizer, num_labels: int, tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(60, 2))
    labels = [f"label {index % num_labels}" for index in range(59)] + [None]
    first = visualizer.latent_map(points, labels, tmp_path / "map.png", title="Latents")
    second = visualizer.latent_map(points, None, tmp_path / "plain.png")
    assert not np.array_equal(_pixels(first), _pixels(second))


def test_a_name_in_any_script_is_drawn_without_a_warning(visualizer: Visualizer, tmp_path: Path) -> None:
    points = np.random.default_rng(0).normal(size=(3, 2))
    assert visualizer.latent_map(points, ["歩く", "走る", None], tmp_path / "map.png", title="歩").is_file()


@pytest.mark.parametrize("shape", [(7, 9), (3, 7, 9), (9, 2, 3)])
def test_attention_map(visualizer: Visualizer, shape: tuple[int, ...], tmp_path: Path) -> None:
    weights = np.random.default_rng(0).random(shape)
    path = visualizer.attention_map(weights, tmp_path / "map.png", title="Global attention")
    other = visualizer.attention_map(weights[..., ::-1], tmp_path / "other.png", title="Global attention")
    assert not np.array_equal(_pixels(path), _pixels(other))


def test_loss_curves(visualizer: Visualizer, tmp_path: Path) -> None:
    steps = range(100)
    history = {
        "train/total": [(step, 100 * 0.9**step) for step in steps],
        "val/total": [(0, 90.0), (50, float("nan")), (99, 1.0)],
        "train/kl": [(step, -0.1 * step) for step in steps],
        "learning_rate": [(0, 1e-3)],
    }
    path = visualizer.loss_curves(history, tmp_path / "curves.png")
    assert _pixels(path).shape[1] > _pixels(path).shape[0]
    with pytest.raises(ValueError, match="empty"):
        visualizer.loss_curves({}, tmp_path / "none.png")


def test_matplotlib_is_imported_only_for_charts() -> None:
    code = (
        "import sys, htvae.plots.visualizer; sys.exit('matplotlib' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def _pixels(path: Path) -> np.ndarray:
    with Image.open(path) as picture:
        return np.asarray(picture.convert("RGB"))
