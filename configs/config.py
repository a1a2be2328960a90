"""The settings of a run: edit the values in `get_config`.

- ``python train.py`` reads this file from the folder in which you start it. A flag such as ``--latent_dim
  256`` overrides the value in this file.
- ``python train.py --help`` explains every setting, including those that are not listed here.
- The functions below `get_config` are presets: ``--preset quick`` uses the function `quick`.
- To try an architecture of your own, define
  ``build_model(config, num_points, num_coordinates, pose_mean, pose_scale)`` here and return the module.
"""

from htvae.config import Config, DataConfig, ExperimentConfig, LossConfig, ModelConfig, TrainingConfig

__all__ = [
    "Config",
    "DataConfig",
    "ExperimentConfig",
    "LossConfig",
    "ModelConfig",
    "TrainingConfig",
    "get_config",
    "large",
    "long_sequences",
    "quick",
    "small_gpu",
]


def get_config() -> Config:
    """The settings that ``python train.py`` uses: 13.4 million parameters with 33 landmarks."""
    return Config(
        model=ModelConfig(
            chunk_size=56,
            embed_dim=256,
            num_heads=8,
            num_layers=3,
            latent_dim=64,
            chunk_latent_dim=32,
        ),
        loss=LossConfig(
            kl_weight=1.0,
            chunk_kl_weight=1.0,
        ),
        training=TrainingConfig(
            batch_size=None,
            num_epochs=None,
            learning_rate=1e-3,
            precision="auto",
            compile_model=False,
            seed=0,
        ),
        data=DataConfig(
            data_dir="data/pose_csvs",
            max_frames=4096,
            val_fraction=0.1,
            test_fraction=0.1,
        ),
        experiment=ExperimentConfig(
            experiments_dir="experiments",
            experiment_name=None,
        ),
    )


def quick() -> Config:
    """A small model (2.5 million parameters) and a short run, to see that the data loads and the loss falls.

    Expect a rough reconstruction after about a thirtieth of the default's time.
    Command: ``python train.py --preset quick --experiment_name quick``
    """
    return get_config().replace(
        embed_dim=128, num_heads=4, num_layers=2, max_frames=1024, num_frames=2_000_000
    )


def long_sequences() -> Config:
    """Recordings of many thousand frames, in windows of 16,384 frames.

    Longer chunks limit the number of chunk summaries and so the cost of global attention. Expect about four
    times the default's memory per window; ``micro_batch_frames`` lets one window through the model at a time.
    Command: ``python train.py --preset long_sequences --experiment_name long``
    """
    return get_config().replace(
        max_frames=16_384, chunk_size=128, batch_frames=16_384, micro_batch_frames=16_384
    )


def small_gpu() -> Config:
    """The default model for a GPU with little memory: a quarter of the frames are in memory at once.

    Expect the default's results at a somewhat lower speed.
    Command: ``python train.py --preset small_gpu --experiment_name small_gpu``
    """
    return get_config().replace(micro_batch_frames=4096)


def large() -> Config:
    """A model for much data and a good GPU: twice the width, twice the layers, 98 million parameters.

    Expect lower errors with tens of millions of frames, and about seven times the default's cost per step.
    Command: ``python train.py --preset large --experiment_name large``
    """
    return get_config().replace(
        embed_dim=512,
        num_layers=6,
        latent_dim=256,
        learning_rate=5e-4,
        num_frames=60_000_000,
        compile_model=True,
    )
