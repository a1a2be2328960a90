"""Settings files: which one is read, and the messages about faulty ones."""

import json
from pathlib import Path

import pytest

from htvae.config import Config
from htvae.config.files import load_config_file

GOOD = "from htvae.config import Config\n\ndef get_config():\n    return Config().replace(latent_dim=7)\n"


def write(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return path


def test_without_a_file_the_defaults_hold(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    file = load_config_file()
    assert file.config == Config()
    assert file.build_model is None


def test_the_working_folders_file_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "configs/config.py", GOOD)
    assert load_config_file().config.model.latent_dim == 7


def test_presets_and_build_model(tmp_path: Path) -> None:
    text = GOOD + "\ndef tiny():\n    return get_config().replace(num_layers=1)\n"
    text += "\ndef build_model(config, **sizes):\n    return 5\n"
    file = load_config_file(write(tmp_path / "mine.py", text), preset="tiny")
    assert (file.config.model.latent_dim, file.config.model.num_layers) == (7, 1)
    assert file.build_model is not None
    assert file.build_model(file.config) == 5


def test_a_runs_json(tmp_path: Path) -> None:
    config = Config().replace(image_size=(640, 480), chunk_size=100)
    path = write(tmp_path / "config.json", json.dumps(config.to_dict()))
    assert load_config_file(path).config == config
    with pytest.raises(ValueError, match="a preset must come from a Python file, but got --preset quick"):
        load_config_file(path, preset="quick")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (GOOD + "\nx = 1 / 0\n", r"mine.py, line 6: ZeroDivisionError: division by zero"),
        (
            GOOD.replace("latent_dim=7", "latent_dim=0"),
            r"mine.py, line 4: ValueError: latent_dim must be at least 1",
        ),
        (GOOD.replace("latent_dim=7", "latents=7"), r"mine.py, line 4: ValueError: latents is no setting"),
        ("def get_config(:\n", r"mine.py, line 1: SyntaxError"),
        ("import nowhere_to_be_found\n", r"mine.py, line 1: ModuleNotFoundError"),
        ("def quick():\n    pass\n", r"mine.py must define get_config\(\), but has only: quick"),
        ("", r"mine.py must define get_config\(\), but has only: no function"),
        ("def get_config():\n    return {}\n", r"get_config\(\) must return a Config, but returned dict"),
    ],
)
def test_a_faulty_python_file_is_reported_with_its_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_config_file(write(tmp_path / "mine.py", text))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "config.json: Expecting"),
        ('{"model": {"wings": 2}}', r"config.json: Settings must be known, but found model.wings"),
        ('{"model": {"latent_dim": "7"}}', "config.json: latent_dim must be int, but got '7'"),
        ("[1]", "config.json: .*list"),
        ('{"model": 3}', "config.json: .*int"),
    ],
)
def test_a_faulty_json_file_is_reported(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load_config_file(write(tmp_path / "config.json", text))


def test_an_absent_file_is_reported(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(FileNotFoundError, match=r"nix.py must be a settings file, but there is none"):
        load_config_file(Path("nix.py"))
    with pytest.raises(FileNotFoundError, match=r"config.py must be a settings file, but there is none"):
        load_config_file(preset="quick")


def test_the_shipped_file_and_its_presets() -> None:
    """Each preset makes a Config that differs from the others; its docstring names its own command."""
    path = Path(__file__).parents[2] / "configs/config.py"
    configs = {
        name: load_config_file(path, name).config
        for name in ("get_config", "quick", "long_sequences", "small_gpu", "large")
    }
    assert len({str(config) for config in configs.values()}) == len(configs)
    text = path.read_text(encoding="utf-8")
    for name in configs.keys() - {"get_config"}:
        assert f"python train.py --preset {name} " in text
