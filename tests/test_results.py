"""docs/results.md and README.md show the figures in benchmarks/results/."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]


@pytest.fixture
def results(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The script as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import write_results

    return write_results


@pytest.fixture
def copy(results: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of pages and figures that the script works on."""
    for folder in ("docs", "benchmarks/results"):
        (tmp_path / folder).mkdir(parents=True)
    for path in [*(ROOT / "benchmarks/results").iterdir(), ROOT / "docs/results.md", ROOT / "README.md"]:
        shutil.copy(path, tmp_path / path.relative_to(ROOT))
    monkeypatch.setattr(results, "ROOT", tmp_path)
    monkeypatch.setattr(results, "RESULTS", tmp_path / "benchmarks/results")
    monkeypatch.setattr(results.load_runs, "__defaults__", (tmp_path / "benchmarks/results",))
    return tmp_path


def test_pages_show_the_figures(results: Any) -> None:
    assert results.main(["--check"]) == 0


@pytest.mark.parametrize("page", ["docs/results.md", "README.md"])
def test_a_figure_changed_by_hand_is_found_and_mended(
    results: Any, copy: Path, page: str, capsys: Any
) -> None:
    text = (copy / page).read_text(encoding="utf-8")
    assert "**0.0559**" in text
    (copy / page).write_text(text.replace("**0.0559**", "**0.0459**"), encoding="utf-8")
    assert results.main(["--check"]) == 1
    assert page in capsys.readouterr().out
    assert results.main([]) == 0
    assert (copy / page).read_text(encoding="utf-8") == text


def test_a_new_figure_is_found(results: Any, copy: Path) -> None:
    file = copy / "benchmarks/results/reconstruct_cmu.json"
    file.write_text(
        file.read_text(encoding="utf-8").replace('"ours": 0.122', '"ours": 0.090'), encoding="utf-8"
    )
    assert results.main(["--check"]) == 1
    assert results.main([]) == 0
    assert "**0.090** | 0.108 (PCA, 41 to 70 numbers per 48 frames) | 0.83 x, ahead" in (
        copy / "docs/results.md"
    ).read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"commit": None}, "lacks \\['commit'\\]"),
        ({"question": "guess"}, "question must be one of"),
        ({"measured": [{"name": "error"}]}, "a figure must have"),
    ],
)
def test_a_run_that_lacks_something_is_named(
    results: Any, copy: Path, change: dict[str, Any], message: str
) -> None:
    file = copy / "benchmarks/results/reconstruct_cmu.json"
    run = json.loads(file.read_text(encoding="utf-8")) | change
    file.write_text(json.dumps({k: v for k, v in run.items() if v is not None}), encoding="utf-8")
    with pytest.raises(ValueError, match=f"reconstruct_cmu.json.*{message}"):
        results.main(["--check"])


def test_who_is_ahead(results: Any) -> None:
    def ratio(ours: float, value: float, better: str, **more: Any) -> str:
        baseline = {"name": "PCA", "value": value, **more}
        figure = {"unit": "torso lengths", "ours": ours, "better": better, "best_baseline": baseline}
        return results.render_figure(figure)[2]

    assert ratio(0.5, 1.0, "lower") == "0.50 x, ahead"
    assert ratio(1.5, 1.0, "lower") == "1.50 x, **behind**"
    assert ratio(1.5, 1.0, "higher") == "1.50 x, ahead"
    assert ratio(0.9, 1.0, "higher", yardstick=True) == "0.90 of it"


def test_a_baseline_without_its_figure_says_so(results: Any) -> None:
    baseline = {"name": "mean pose", "value": None}
    figure = {"unit": "share", "ours": 0.1, "better": "lower", "best_baseline": baseline, "ratio": 0.5}
    _, compared_with, ratio = results.render_figure(figure)
    assert "mean pose" in compared_with and "not noted" in compared_with
    assert ratio == "0.50 x, ahead"


def test_commands_say_where_a_model_was_trained_and_what_was_not_noted(results: Any) -> None:
    run = {"question": "speed", "recordings": "demo", "command": "htvae demo", "notes": "-", "measured": []}
    runs = [
        run | {"commit": "b", "date": "2026-01-02", "machine": "a laptop", "trained_at": "a"},
        run | {"commit": "not noted", "date": "not noted", "machine": "not noted"},
    ]
    text = results.render_commands(runs)
    assert "trained at commit a, scored at commit b, 2026-01-02, machine A." in text
    assert "commit not noted, date not noted, machine not noted." in text
    assert text.count("**Machine ") == 1


@pytest.mark.parametrize("page", sorted((ROOT / "docs").rglob("*.md")), ids=lambda path: path.stem)
def test_links_of_the_documents_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\((?!http|#)([^)#]+)[^)]*\)", page.read_text(encoding="utf-8"))
    assert [link for link in links if not (page.parent / link).exists()] == []
