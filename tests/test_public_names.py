"""What users import and which files they open: the names stay."""

import importlib
from pathlib import Path

import pytest

import htvae

ROOT = Path(__file__).parents[1]

CLASSES = [
    ("htvae.data", "PoseDataLoader"),
    ("htvae.data", "PoseDataProcessor"),
    ("htvae.data", "PoseSequence"),
    ("htvae.data", "PoseSequenceDataset"),
    ("htvae.models", "HierarchicalAttention"),
    ("htvae.models", "HierarchicalTransformerVAE"),
    ("htvae.models", "LatentSpace"),
    ("htvae.models", "VAEDecoder"),
    ("htvae.models", "VAEEncoder"),
    ("htvae.training", "HTVAETrainer"),
    ("htvae.training", "LossManager"),
    ("htvae.training", "VAELoss"),
    ("htvae.utils", "EarlyStopping"),
    ("htvae.utils", "MetricsTracker"),
    ("htvae.utils", "ModelCheckpoint"),
    ("htvae.utils", "Visualizer"),
]

FILES = [
    "README.md",
    "requirements.txt",
    "train.py",
    "evaluate.py",
    "configs/config.py",
    "src/htvae/data/dataset.py",
    "src/htvae/models/transformer.py",
    "src/htvae/models/vae.py",
    "src/htvae/training/losses.py",
    "src/htvae/training/trainer.py",
    "src/htvae/utils/utils.py",
]


@pytest.mark.parametrize(("module", "name"), CLASSES)
def test_classes(module: str, name: str) -> None:
    home = importlib.import_module(module)
    assert isinstance(getattr(home, name), type)
    assert name in home.__all__
    assert name in dir(home)


@pytest.mark.parametrize("name", htvae.__all__)
def test_the_public_face(name: str) -> None:
    assert getattr(htvae, name) is not None
    assert name in dir(htvae)


def test_the_public_face_is_this() -> None:
    assert sorted(htvae.__all__) == [
        "AnalysisModel",
        "Config",
        "GenerativeModel",
        "HTVAETrainer",
        "HierarchicalTransformerVAE",
        "PoseDataLoader",
        "PoseDataProcessor",
        "PoseSequence",
        "PoseSequenceDataset",
        "TrainedModel",
        "__version__",
        "load",
    ]


@pytest.mark.parametrize("module", ["htvae", "htvae.data", "htvae.utils"])
def test_other_names_are_refused_as_python_does(module: str) -> None:
    with pytest.raises(AttributeError, match=f"module '{module}' has no attribute 'nonsense'"):
        _ = importlib.import_module(module).nonsense


def test_settings_can_be_imported_where_they_are_edited() -> None:
    from configs.config import Config, DataConfig, ExperimentConfig, ModelConfig, TrainingConfig, get_config

    config = get_config()
    assert isinstance(config, Config)
    assert isinstance(config.model, ModelConfig)
    assert isinstance(config.training, TrainingConfig)
    assert isinstance(config.data, DataConfig)
    assert isinstance(config.experiment, ExperimentConfig)


@pytest.mark.parametrize("path", FILES)
def test_files(path: str) -> None:
    assert (ROOT / path).is_file()


def test_the_version_is_the_citations() -> None:
    assert f"version: {htvae.__version__}\n" in (ROOT / "CITATION.cff").read_text(encoding="utf-8")
