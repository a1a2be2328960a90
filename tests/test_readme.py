"""README.md and the pages it leads to: commands parse, what they name is there, examples run."""

import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import htvae
from htvae.cli import evaluate, train
from htvae.cli import main as cli
from htvae.cli.attention.options import AttentionOptions
from htvae.cli.compare.options import CompareOptions
from htvae.cli.explore.options import ExploreOptions
from htvae.cli.find.options import DetectOptions, FindOptions
from htvae.cli.flags import parse_flags
from htvae.cli.judge.options import JudgeOptions
from htvae.cli.latents.options import LatentsOptions
from htvae.cli.motifs.compare_labels_options import CompareLabelsOptions
from htvae.cli.motifs.options import MotifsOptions
from htvae.cli.motion_options import (
    CompleteOptions,
    ContinueOptions,
    EditOptions,
    GenerateOptions,
    InterpolateOptions,
)
from htvae.cli.norm.options import NormFitOptions, NormScoreOptions
from htvae.cli.options import CheckDataOptions, DemoDataOptions, DemoOptions, EvaluateOptions
from htvae.cli.power.options import PowerOptions
from htvae.cli.report.options import ReportOptions
from htvae.cli.surprise.options import SurpriseOptions
from htvae.config import Config, setting_names
from tests.test_floors import FLOORS

ROOT = Path(__file__).parents[1]
README, EXTENDING, CONFIGURATION, ARCHITECTURE, GENERATION, ANALYSIS, CONTRIBUTING = (
    (ROOT / page).read_text(encoding="utf-8")
    for page in (
        "README.md",
        "docs/extending.md",
        "docs/configuration.md",
        "docs/architecture.md",
        "docs/generation.md",
        "docs/analysis.md",
        "CONTRIBUTING.md",
    )
)
MORE = [*sorted((ROOT / "docs/analysis").glob("*.md")), ROOT / "docs/report.md", ROOT / "docs/explore.md"]
ANALYSIS += "".join(page.read_text(encoding="utf-8") for page in MORE)
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")


def blocks(language: str, page: str = README) -> list[str]:
    """Return the code blocks of a language."""
    fenced = re.findall(r"^```(\w*)\n(.*?)^```$", page, flags=re.MULTILINE | re.DOTALL)
    return [block for kind, block in fenced if kind == language]


def example(name: str, page: str = README) -> str:
    """Return the one Python block that says this."""
    (block,) = [block for block in blocks("python", page) if name in block]
    return block


def command_lines() -> list[str]:
    """Return the lines of the shell blocks, and inline commands, without comments."""
    text = "\n".join(blocks("bash")).replace("\\\n", " ")
    pages = README + CONFIGURATION
    inline = re.findall(r"`((?:htvae|make|pip|python (?:-m htvae|\w+\.py)) [^`]+)`", pages)
    indented = re.findall(r"^ {4}(htvae [a-z].*)$", GENERATION, flags=re.MULTILINE)
    inline += re.findall(r"^ {4}(htvae [a-z].*)$", ANALYSIS, flags=re.MULTILINE)
    inline += [line for line in indented if not line.startswith("htvae train-prior")]
    lines = [shlex.join(shlex.split(line, comments=True)) for line in [*text.splitlines(), *inline]]
    return list(dict.fromkeys(line for line in lines if line))


def check_htvae(argv: list[str]) -> None:
    command, *rest = argv
    assert command in cli.COMMANDS
    if command == "norm":
        command, rest = f"norm {rest[0]}", rest[1:]
    options: dict[str, tuple[Any, list[str]]] = {
        "check-data": (CheckDataOptions, ["folder"]),
        "demo-data": (DemoDataOptions, ["out_dir"]),
        "demo": (DemoOptions, []),
        "generate": (GenerateOptions, []),
        "continue": (ContinueOptions, ["recording"]),
        "complete": (CompleteOptions, ["recording"]),
        "interpolate": (InterpolateOptions, ["first", "second"]),
        "edit": (EditOptions, ["recording"]),
        "motifs": (MotifsOptions, []),
        "find": (FindOptions, ["query"]),
        "detect": (DetectOptions, ["detector"]),
        "compare-labels": (CompareLabelsOptions, ["first", "second"]),
        "compare": (CompareOptions, []),
        "attention": (AttentionOptions, []),
        "latents": (LatentsOptions, []),
        "surprise": (SurpriseOptions, []),
        "report": (ReportOptions, []),
        "explore": (ExploreOptions, []),
        "judge": (JudgeOptions, []),
        "power": (PowerOptions, []),
        "norm fit": (NormFitOptions, ["inputs"]),
        "norm score": (NormScoreOptions, ["inputs"]),
    }
    if rest or command == "demo":
        kind, positional = options[command]
        parse_flags(kind, rest, command, positional=positional)


def check_command(line: str) -> None:
    match shlex.split(line, comments=True):
        case ["make", target]:
            assert re.search(rf"^{target}:", MAKEFILE, flags=re.MULTILINE)
            assert target in MAKEFILE.split(".PHONY:")[1].splitlines()[0].split()
        case ["pip", "install", "-r", file]:
            assert (ROOT / file).is_file()
        case ["python", "-m", "venv", _]:
            pass
        case ["python", "train.py", "--help"]:
            assert (ROOT / "train.py").is_file()
        case ["python", "train.py", *argv]:
            train.parse_train(argv)
        case ["python", "evaluate.py", *argv]:
            evaluate.parse_evaluate(argv)
        case ["htvae", *argv] | ["python", "-m", "htvae", *argv]:
            check_htvae(argv)
        case _:
            pytest.fail(f"The tests do not know this command: {line}")


@pytest.mark.parametrize("line", command_lines())
def test_commands_are_understood(line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    check_command(line)


def test_the_two_commands_of_the_first_page_are_there() -> None:
    assert {"make demo", "make test", "pip install -r requirements.txt"} <= set(command_lines())


def test_the_first_page_is_short() -> None:
    assert len(README.splitlines()) <= 130


def test_flags_in_the_text_are_settings_or_options() -> None:
    options = {*setting_names(), "preset", "config", "resume", *EvaluateOptions.__dataclass_fields__}
    found = set(re.findall(r"`--(\w+)", README + CONFIGURATION))
    assert len(found) >= 4 and found <= options


def test_the_table_of_settings_tells_the_defaults() -> None:
    table = CONFIGURATION.split("| setting | default |")[1].split("\n\n")[0]
    values = {name: value for section in Config().to_dict().values() for name, value in section.items()}
    checked = 0
    for row in table.splitlines()[2:]:
        names, defaults, _ = (cell.strip() for cell in row.strip("|").split("|"))
        for name, default in zip(re.findall(r"\w+", names), re.split(r", | / ", defaults), strict=True):
            assert name in values
            words = {"a seventh": None, "none": None, "on": True, "off": False, "15 M": 15_000_000}
            assert values[name] == (words[default] if default in words else float(default))
            checked += 1
    assert checked >= 14


def test_files_of_the_structure_are_there() -> None:
    (tree,) = [block for block in blocks("", ARCHITECTURE) if "src/htvae/" in block]
    for line in tree.splitlines():
        folder = ROOT / "src/htvae" if line.startswith("  ") else ROOT
        for name in re.findall(r"[\w/]+(?:\.py|/)(?=[ ,]|$)", line.strip().split("  ")[0]):
            assert (folder / name).exists(), name


@pytest.mark.parametrize(
    "row", re.findall(r"^\| (`.*`) \| `(htvae\.\w+)` \|", ARCHITECTURE, flags=re.MULTILINE)
)
def test_classes_are_where_they_are_said_to_be(row: tuple[str, str]) -> None:
    names, module = row
    for name in re.findall(r"\w+", names):
        assert isinstance(getattr(pytest.importorskip(module), name), type)


@pytest.mark.parametrize("page", [ARCHITECTURE, CONTRIBUTING], ids=["architecture", "contributing"])
def test_the_table_of_floors_is_the_floors_test(page: str) -> None:
    rows = re.findall(r"^\| (\d) \| (.*) \|$", page, flags=re.MULTILINE)
    found = {room: int(floor) for floor, rooms in rows for room in re.findall(r"\w+", rooms)}
    assert found == FLOORS


@pytest.mark.parametrize(
    "page", [ROOT / "CONTRIBUTING.md", ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))],
    ids=lambda page: page.stem,
)  # fmt: skip
def test_files_that_documents_name_are_there(page: Path) -> None:
    text = page.read_text(encoding="utf-8")
    names = re.findall(r"(?<![\w./])((?:\w+/)+\w+\.(?:py|md))(?![\w/])", text)
    folders = (ROOT, ROOT / "src/htvae", page.parent)
    assert [name for name in names if not any((folder / name).is_file() for folder in folders)] == []


def test_links_lead_somewhere() -> None:
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README + CONTRIBUTING)
    assert len(links) >= 10
    assert [link for link in links if not (ROOT / link).exists()] == []


@pytest.fixture
def config(trained: Any, tiny_config: Config, no_measuring: None) -> Config:
    """Settings of a tiny training on a folder of recordings."""
    return tiny_config.replace(data_dir=str(trained.folder))


def run(code: str, **names: Any) -> dict[str, Any]:
    """Run an example as a module of its own and return its names."""
    names = {"__name__": "example"} | names
    exec(compile(code, "README.md", "exec"), names)
    return names


def test_a_trained_model_in_python(trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for source, path in (
        (trained.checkpoint, "experiments/checkpoints/best_model.pt"),
        (trained.folder / "walk_00.csv", "data/pose_csvs/person_01_1.csv"),
    ):
        Path(path).parent.mkdir(parents=True)
        shutil.copy(source, path)
    names = run(example("htvae.load"))
    assert names["encoding"].sequence_latent.shape == (6,)


def test_training_in_python(
    tiny_config: Config, no_measuring: None, make_walks: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(htvae, "Config", lambda: tiny_config, raising=False)
    run(example("PoseSequence.from_array"), arrays=[walk.pose for walk in make_walks([30, 40, 50, 60])])
    folder = Path(tiny_config.experiment.experiments_dir)
    assert htvae.load(folder / "checkpoints" / "best_model.pt", "cpu").config.model.latent_dim == 64


def test_a_loss_of_ones_own(config: Config) -> None:
    code, count = re.subn(
        r"^# (HTVAETrainer\(.*\.fit\(\))$", r"result = \1", example("VAELoss", EXTENDING), flags=re.M
    )
    assert count == 1
    result = run(code, config=config, HTVAETrainer=htvae.HTVAETrainer)["result"]
    log = (result.best_model.parents[1] / "logs" / "metrics.csv").read_text()
    assert "train/smoothness" in log.splitlines()[0]


def test_an_architecture_of_ones_own(config: Config, trained: Any, tmp_path: Path) -> None:
    settings = tmp_path / "mine.py"
    settings.write_text(
        f"{example('def build_model', EXTENDING)}\n\nfrom htvae.config import Config\n\n"
        f"def get_config():\n    return Config.from_dict({config.to_dict()!r})\n"
    )
    parsed = train.parse_train(["--config", str(settings)])
    assert parsed.config == config
    result = htvae.HTVAETrainer(parsed.config, build_model=parsed.build_model).fit()
    model = htvae.load(result.best_model, "cpu", parsed.build_model)
    assert type(model.model).__name__ == "WiderScale"
    assert np.isfinite(model.encode(trained.recordings[0]).sequence_latent).all()


def test_an_augmentation_of_ones_own(config: Config, monkeypatch: pytest.MonkeyPatch) -> None:
    names = run(example("with_shift", EXTENDING))
    plain = config.replace(
        mirror_probability=0.0, limb_range=0.0, stretch_range=0.0, shear_range=0.0, rotation_degrees=0.0,
        scale_range=0.0, time_warp=0.0, landmark_dropout=0.0, span_dropout=0.0,
    )  # fmt: skip
    data = htvae.PoseDataLoader(plain)
    before = data.dataset("train", training=True)[0]
    monkeypatch.setattr("htvae.data.dataset.build_augmentations", names["with_shift"])
    after = data.dataset("train", training=True)[0]
    moved = np.nanmax(np.abs(after.target - before.target), axis=(0, 2)) > 0
    assert moved.tolist() == [True] + [False] * (len(moved) - 1)
    np.testing.assert_array_equal(after.pose[after.observed], after.target[after.observed])


def test_a_metric_of_ones_own(trained: Any, tmp_path: Path, brief_refinement: None) -> None:
    from htvae.cli.evaluate import run_evaluation

    folders = {"output_dir": tmp_path, "experiments_dir": tmp_path / "runs"}
    options = EvaluateOptions(checkpoint=trained.checkpoint, device="cpu", **folders)
    figures = run_evaluation(options, run(example("def get_metrics", EXTENDING))["get_metrics"]())
    assert figures["worst_frame"] > figures["mpjpe"] > 0
