"""The page shows what was packed: poses, missing points, times; in colours that can be told apart."""

import re
from importlib.resources import files
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
import pytest

from htvae.app.packing import from_text, unpack_poses
from htvae.plots.drawing import SIDE_COLORS
from tests.app.page.live_steps import FAINT
from tests.app.page.made_up import LANDMARKS, PARENTS, SCALE, make_report

READ_POSE = """async frame => {
  htvaeReport.change({ frame });
  await new Promise(requestAnimationFrame); await new Promise(requestAnimationFrame);
  const { recording, reconstruction } = htvaeReport.shownPoses();
  return [Array.from(reconstruction), Array.from(recording, value => Number.isNaN(value) ? null : value)];
}"""


@pytest.mark.browser
@pytest.mark.parametrize("coordinates", [2, 3])
def test_poses_are_those_that_were_packed(open_report: Any, coordinates: int) -> None:
    report = make_report(coordinates=coordinates, first=40)
    page = open_report(report, link="#recording=bob_1")
    shape = (len(report.poses[2][0]), len(LANDMARKS), coordinates)
    packed = unpack_poses(
        from_text(report.blocks[report.payload["recordings"][2]["poses"]]), shape, SCALE, PARENTS
    )
    for pose in (0, 6, 7, 20, 100, len(report.poses[2][0]) - 1):
        shown = [
            np.array(values, float).reshape(-1, coordinates)
            for values in page.evaluate(READ_POSE, 40 + 3 * pose)
        ]
        for seen, made, same in zip(shown, report.poses[2], packed, strict=True):
            np.testing.assert_allclose(seen, made[pose], atol=1 / 512 + 1e-6)
            np.testing.assert_allclose(seen, same[pose], atol=1e-5)  # float32 of the page


@pytest.mark.browser
def test_between_packed_poses_motion_is_smooth(open_report: Any) -> None:
    report = make_report()
    page = open_report(report)
    time = np.arange(90, 120)
    shown = np.array([page.evaluate(READ_POSE, frame)[0] for frame in time.tolist()]).reshape(30, -1, 2)
    wrist = -0.7 + 0.5 * np.sin(2 * np.pi * time / 30) + 0.5 * time / 30
    np.testing.assert_allclose(shown[:, 5, 0], wrist, atol=0.02)  # Catmull-Rom at 10 poses a second, 1 Hz


@pytest.mark.browser
def test_a_frame_without_points_says_so(open_report: Any) -> None:
    page = open_report(link="#t=2")
    page.evaluate(READ_POSE, 60)
    assert "no points in this frame" in page.inner_text("#player-error")
    page.evaluate(READ_POSE, 90)
    assert re.match(r"error 0\.0\d+ · mean 0\.020 torso lengths", page.inner_text("#player-error"))


@pytest.mark.browser
def test_the_clock_follows_the_time_that_has_passed(open_report: Any) -> None:
    page = open_report(make_report(frames=3000))
    for speed in (1, 4, 0.25):
        begin, end, passed = page.evaluate(
            """async speed => {
              htvaeReport.change({ frame: 300, speed, playing: true });
              const [begin, then] = [htvaeReport.state.frame, performance.now()];
              await new Promise(done => setTimeout(done, 1500));
              await new Promise(requestAnimationFrame);
              const found = [begin, htvaeReport.state.frame, (performance.now() - then) / 1000];
              htvaeReport.change({ playing: false });
              return found;
            }""",
            speed,
        )
        assert abs((end - begin) / 30 / speed - passed) < 0.1 + 0.1 / speed  # two pictures on a busy machine


@pytest.mark.browser
def test_nothing_moves_that_was_not_asked_to_where_less_motion_is_asked_for(open_report: Any) -> None:
    page = open_report(link="#tab=motifs", reduced_motion="reduce")
    picture = "document.querySelector('#pane-motifs canvas').toDataURL()"
    page.wait_for_timeout(300)
    before = page.evaluate(picture)
    page.wait_for_timeout(400)
    assert page.evaluate(picture) == before
    page.hover("#pane-motifs .card")
    page.wait_for_timeout(400)
    assert page.evaluate(picture) != before


def read_tokens(theme: str) -> dict[str, str]:
    """Return the style sheet's colours by name."""
    text = (files("htvae.app") / "page/page.css").read_text(encoding="utf-8")
    light, dark = (
        dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6})", block))
        for block in re.findall(r":root[^{]*\{([^}]*)\}", text)[:2]
    )
    return light if theme == "light" else light | dark


def to_linear(color: str) -> np.ndarray:
    """Return linear RGB (3,), 0..1."""
    value = np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) / 255
    return np.where(value <= 0.04045, value / 12.92, ((value + 0.055) / 1.055) ** 2.4)


def contrast(first: str, second: str) -> float:
    """Return the contrast of WCAG, 1 to 21."""
    low, high = sorted(float(to_linear(color) @ [0.2126, 0.7152, 0.0722]) for color in (first, second))
    return (high + 0.05) / (low + 0.05)


TO_XYZ = np.array(
    [[0.4124564, 0.3575761, 0.1804375], [0.2126729, 0.7151522, 0.072175], [0.0193339, 0.119192, 0.9503041]]
)
BLINDNESS = {
    "none": np.eye(3),
    "protan": np.array(
        [[0.152286, 1.052583, -0.204868], [0.114503, 0.786281, 0.099216], [-0.003882, -0.048116, 1.051998]]
    ),
    "deutan": np.array(
        [[0.367322, 0.860646, -0.227968], [0.280085, 0.672501, 0.047413], [-0.01182, 0.04294, 0.968881]]
    ),
    "tritan": np.array(
        [[1.255528, -0.076749, -0.178779], [-0.078411, 0.930809, 0.147602], [0.004733, 0.691367, 0.3039]]
    ),
}
"""What linear RGB becomes for the colour-blind (Machado et al. 2009, severity 1)."""


def to_lab(color: str, blindness: str) -> np.ndarray:
    """Return CIE L*a*b* (3,)."""
    share = TO_XYZ @ np.clip(BLINDNESS[blindness] @ to_linear(color), 0, 1) / TO_XYZ.sum(axis=1)
    x, y, z = np.where(share > 0.008856, np.cbrt(share), 7.787 * share + 16 / 116)
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("blindness", BLINDNESS)
def test_categories_differ_for_the_colour_blind(theme: str, blindness: str) -> None:
    tokens = read_tokens(theme)
    colors = [tokens[f"c{i}"] for i in range(9)] + [tokens["other"]]
    ways = [np.linalg.norm(to_lab(a, blindness) - to_lab(b, blindness)) for a, b in combinations(colors, 2)]
    assert min(ways) >= 15


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_text_and_graphics_stand_out(theme: str) -> None:
    tokens = read_tokens(theme)
    for paper in ("paper", "panel", "well"):
        for name in ("ink", "soft", "accent"):
            assert contrast(tokens[name], tokens[paper]) >= 4.5, (name, paper)
    for name in ("good", "fair", "poor"):
        assert contrast(tokens[name], tokens[f"{name}-tint"]) >= 4.5, name
    assert contrast(tokens["accent-ink"], tokens["accent"]) >= 4.5
    marks = ("left", "right", "middle", "faint", "ghost", "warm", "other", *(f"c{i}" for i in range(9)))
    for name, paper in product(marks, ("well", "panel")):
        assert contrast(tokens[name], tokens[paper]) >= 3, (name, paper)


def mix(first: str, second: str, share: float) -> str:
    """Return a colour between two, as ``mixColours`` of the page does."""
    a, b = (np.array([int(color[at : at + 2], 16) for at in (1, 3, 5)]) for color in (first, second))
    return "#" + "".join(f"{part:02x}" for part in np.rint(a + (b - a) * share).astype(int))


def read_script(name: str, pattern: str) -> tuple[str, ...]:
    """Return what a pattern finds in a module of the page."""
    found = re.search(pattern, (files("htvae.app") / "page" / name).read_text(encoding="utf-8"))
    assert found is not None
    return found.groups()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_words_on_coloured_bars_can_be_read(theme: str) -> None:
    tokens = read_tokens(theme)
    limit, dark, light = read_script("theme.js", r'> ([\d.]+) \? "(#\w{6})" : "(#\w{6})"')
    (shares,) = read_script("colours.js", r"GREYS = \[([\d., ]+)\]")
    greys = [mix(tokens["well"], tokens["middle"], float(share)) for share in shares.split(",")]
    assert all(contrast(grey, tokens["well"]) >= 3 for grey in greys)
    assert all(contrast(a, b) >= 1.15 for a, b in pairwise([*greys, greys[0]]))
    for color in (*greys, *(tokens[f"c{i}"] for i in range(9)), tokens["other"], tokens["middle"]):
        level = float(to_linear(color) @ [0.2126, 0.7152, 0.0722])
        assert contrast(color, dark if level > float(limit) else light) >= 4.5, color


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_shares_can_be_read_on_their_shade(theme: str) -> None:
    tokens = read_tokens(theme)
    (most,) = read_script("heat.js", r"Math\.round\(\((\d+) \* value\)")
    assert contrast(tokens["ink"], mix(tokens["well"], tokens["accent"], int(most) / 100)) >= 4.5


@pytest.mark.browser
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_every_text_of_the_report_can_be_read(open_report: Any, theme: str) -> None:
    page = open_report(color_scheme=theme)
    page.click("#findings-open")
    page.evaluate("htvaeReport.change({ span: [60, 120] })")
    for tab in page.evaluate("[...document.querySelectorAll('[role=tab]')].map(tab => tab.id.slice(4))"):
        page.evaluate("tab => htvaeReport.change({ tab })", tab)
        page.wait_for_timeout(60)
        assert page.evaluate(FAINT, f"#pane-{tab} *") == [], tab
    assert page.evaluate(FAINT, "body > :not(main) *, main > :not(.side) *, .tabs *") == []


def test_sides_have_the_colours_of_the_pictures() -> None:
    tokens = read_tokens("light")
    for name, side in (("left", "left"), ("right", "right"), ("middle", "")):
        assert tokens[name] == "#" + "".join(f"{part:02x}" for part in SIDE_COLORS[side])
