"""Settings: ranges, kinds, copies, and the way to JSON and back."""

import dataclasses
import json
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from htvae.cli.flags import field_docs
from htvae.config import (
    Config,
    DataConfig,
    ExperimentConfig,
    LossConfig,
    ModelConfig,
    PriorConfig,
    TrainingConfig,
    setting_names,
)

SECTIONS = [DataConfig, ModelConfig, LossConfig, TrainingConfig, PriorConfig, ExperimentConfig]


def test_names_are_unique_so_that_sections_can_be_flattened() -> None:
    names = setting_names()
    assert len(names) == len(set(names)) == sum(len(dataclasses.fields(section)) for section in SECTIONS)


@pytest.mark.parametrize("section", [*SECTIONS, Config])
def test_every_setting_has_a_docstring(section: type) -> None:
    docs = field_docs(section)
    assert list(docs) == [field.name for field in dataclasses.fields(section)]
    assert all(text.endswith(".") for text in docs.values())


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1, but got 0"),
        ({"val_fraction": 1.0}, r"val_fraction must be in \[0, 1\), but got 1.0"),
        ({"mirror_probability": 1.5}, r"mirror_probability must be in \[0, 1\], but got 1.5"),
        ({"learning_rate": float("nan")}, "learning_rate must be a finite number, but got nan"),
        (
            {"val_fraction": 0.6, "test_fraction": 0.5},
            r"val_fraction \+ test_fraction must be below 1, .*1.1",
        ),
        ({"chunk_size": 66}, "chunk_size must be a multiple of frames_per_token=4, but got 66. Try 68"),
        ({"chunk_overlap": 56}, r"chunk_overlap must be in \[0, chunk_size=56\), but got 56"),
        ({"embed_dim": 100}, r"embed_dim must be a multiple of 2 \* num_heads=16, but got 100"),
        ({"target_rate": 2.0}, "target_rate must be given with kl_schedule='target_rate' and only then"),
        ({"kl_schedule": "target_rate"}, "target_rate must be given with kl_schedule='target_rate'"),
        ({"precision": "fp16"}, "precision must be one of auto, 32, bf16, but got 'fp16'"),
        ({"device": "gpu"}, "device must be one of auto, cpu, cuda, mps, but got 'gpu'"),
        ({"experiment_name": "../elsewhere"}, "experiment_name must be a plain folder name"),
        ({"experiment_name": " "}, "experiment_name must be a plain folder name"),
        ({"experiment_name": "cache"}, "experiment_name must not be one of .*cache"),
        ({"batchsize": 3}, "batchsize is no setting. Known: data_dir, "),
    ],
)
def test_values_out_of_range_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        Config().replace(**settings)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"batch_size": 2.5}, r"batch_size must be int \| None, but got 2.5"),
        ({"num_layers": True}, "num_layers must be int, but got True"),
        ({"learning_rate": "1e-3"}, "learning_rate must be float, but got '1e-3'"),
        ({"y_up": 1}, r"y_up must be bool \| None, but got 1"),
        ({"image_size": (640,)}, r"image_size must be tuple\[int, int\] \| None, but got \(640,\)"),
        ({"precision": 32}, "precision must be Literal.*, but got 32"),
    ],
)
def test_values_of_a_wrong_kind_are_refused(settings: dict[str, object], message: str) -> None:
    with pytest.raises(TypeError, match=message):
        Config().replace(**settings)


def test_a_section_of_a_wrong_kind_is_refused() -> None:
    with pytest.raises(TypeError, match="model must be ModelConfig, but got"):
        Config(model=DataConfig())  # type: ignore[arg-type]


def test_whole_numbers_pass_for_floats() -> None:
    assert Config().replace(learning_rate=1, fps=30).data.fps == 30


def test_replace_changes_only_the_named_settings() -> None:
    config = Config().replace(batch_size=8, latent_dim=16)
    assert config.training == TrainingConfig(batch_size=8)
    assert config.model == ModelConfig(latent_dim=16)
    assert config.data == DataConfig()


def test_settings_cannot_be_changed_in_place() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        Config().model.latent_dim = 3  # type: ignore[misc]


@given(
    chunk_size=st.integers(1, 50).map(lambda n: 4 * n),
    image_size=st.none() | st.tuples(st.integers(1, 9000), st.integers(1, 9000)),
    fps=st.none() | st.floats(0.1, 1000),
    likelihood=st.sampled_from(typing.get_args(typing.get_type_hints(LossConfig)["likelihood"])),
    experiment_name=st.none() | st.just("run 1"),
)
def test_settings_survive_json(**settings: object) -> None:
    config = Config().replace(**settings)
    assert Config.from_dict(json.loads(json.dumps(config.to_dict()))) == config


def test_a_window_holds_a_whole_chunk() -> None:
    with pytest.raises(ValueError, match="max_frames must be at least chunk_size=56, but got 55"):
        Config().replace(max_frames=55)
    assert Config().replace(max_frames=55, chunk_size=52).data.max_frames == 55


def test_settings_that_a_file_lacks_keep_their_defaults() -> None:
    assert Config.from_dict({"model": {"latent_dim": 7}}) == Config().replace(latent_dim=7)


def test_settings_of_a_newer_version_are_named() -> None:
    message = "found sound, model.wings. Remove them, or install the version"
    with pytest.raises(ValueError, match=message):
        Config.from_dict({"sound": {}, "model": {"wings": 2, "latent_dim": 3}})


def test_chunk_overlap_defaults_to_a_seventh() -> None:
    assert ModelConfig(chunk_size=100).resolved_chunk_overlap == 14
    assert (ModelConfig().resolved_chunk_overlap, ModelConfig().chunk_stride) == (8, 48)
    assert ModelConfig(chunk_size=100, chunk_overlap=0).resolved_chunk_overlap == 0


def test_settings_without_effect_are_listed() -> None:
    assert Config().idle_settings() == []
    config = Config().replace(batch_size=4, batch_frames=100, num_epochs=1, kl_schedule="constant")
    assert config.idle_settings() == ["batch_frames has no effect beside batch_size."]
    plain = Config().replace(chunk_latent_dim=0, conditional_prior=False)
    assert [sentence.split()[0] for sentence in plain.idle_settings()] == [
        "conditional_prior",
    ]
