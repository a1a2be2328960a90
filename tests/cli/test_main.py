"""The commands: their flags, what they call, and what a user sees when something is wrong."""

import logging
import os
import re
import runpy
import subprocess
import sys
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest

from htvae.cli import demo, evaluate, train
from htvae.cli import main as cli
from htvae.cli.motion_options import GenerateOptions
from htvae.cli.options import EvaluateOptions
from htvae.cli.report.options import ReportOptions
from htvae.config import Config, setting_names

ROOT = Path(__file__).parents[2]

SETTINGS = """
    data_dir source y_up z_up image_size dimensions confidence_column min_confidence max_frame_gap
    time_unit individual min_individual_share individual_prefix link landmarks drop rename
    max_frames fps heading
    val_fraction test_fraction split_seed
    mirror_probability limb_range stretch_range shear_range rotation_degrees scale_range time_warp
    plain_share jitter landmark_dropout burst_dropout span_dropout num_workers
    chunk_size chunk_overlap frames_per_token embed_dim num_heads num_layers latent_dim chunk_latent_dim
    dropout latent_span_dropout sequence_span_probability statistics_pooling conditional_prior
    linear_path output_smoothing
    likelihood min_scale kl_weight chunk_kl_weight kl_schedule kl_warmup_steps target_rate free_bits
    statistics_weight velocity_weight bone_weight
    batch_size batch_frames batch_growth micro_batch_frames num_epochs num_frames max_minutes
    learning_rate weight_decay warmup_steps gradient_clip ema_decay patience validation_interval
    precision device compile_model seed init_from resume
    prior_steps prior_batch_size prior_embed_dim prior_num_heads prior_num_layers prior_dropout
    prior_learning_rate prior_label_dropout prior_known_probability prior_ema_decay
    prior_validation_interval prior_patience
    experiments_dir experiment_name
""".split()
MODEL = ["checkpoint", "config", "device", "experiments_dir"]
SCORING = """
    data_dir output_dir split visualize extract_latents probe probe_groups truth_dir refine_steps
    num_excerpts batch_size
""".split()
RECORDING = [
    *("fps", "source", "min_confidence", "image_size", "y_up", "z_up", "time_unit", "link", "rename"),
    "individual",
]
MOTION = [*MODEL, "output_dir", "format", "seed", "video"]
PRIOR = [
    "data_dir",
    *("max_minutes", "precision", "device", "seed", "resume"),
    *(name for name in SETTINGS if name.startswith("prior_")),
    "experiments_dir",
]
READING = SETTINGS[SETTINGS.index("source") : SETTINGS.index("max_frames")]
FLAGS = {
    "train": ["config", "preset", *SETTINGS],
    "evaluate": [*MODEL, *SCORING, *RECORDING],
    "encode": [*MODEL, "output_dir", "format", "ray_workers", *RECORDING],
    "reconstruct": [*MODEL, "output_dir", "format", "refine_steps", *RECORDING],
    "train-prior": ["config", "preset", "checkpoint", *PRIOR],
    "generate": [*MOTION, "num_sequences", "num_frames", "label", "script", "guidance"],
    "continue": [*MOTION, "num_frames", "num_samples", *RECORDING],
    "complete": [*MOTION, "num_samples", "keep_frames", "keep_landmarks", *RECORDING],
    "interpolate": [*MOTION, "steps", "level", "kind", *RECORDING],
    "edit": [*MOTION, "towards", "style_from", "strength", "data_dir", *RECORDING],
    "motifs": [
        *(*MODEL, "data_dir", "split", "output_dir", "seed", "num_motifs", "bout_seconds"),
        *("num_activities", "activity_seconds", "features", "apply", "stability", "intervals"),
        *("save_frames", *RECORDING),
    ],
    "compare-labels": ["fps", "tolerance", "tier", "output_dir", "seed"],
    "find": [
        *(*MODEL, "data_dir", "split", "output_dir", "seed", "frames", "features", "top", "detector"),
        *("answers", "num_answers", *RECORDING),
    ],
    "detect": [*MODEL, "data_dir", "split", "output_dir", "seed", "threshold", *RECORDING],
    "attention": [*MODEL, "data_dir", "split", "output_dir", "seed", "save_maps", *RECORDING],
    "latents": [
        *(*MODEL, "data_dir", "split", "output_dir", "seed", "map", "num_neighbours", "num_directions"),
        *("recording", "probes", *RECORDING),
    ],
    "compare": [
        *(*MODEL, "data_dir", "split", "output_dir", "seed", "by", "blocks", "adjust", "paired"),
        *("motifs", "motion", "num_permutations", "num_bootstraps", *RECORDING),
    ],
    "surprise": [
        *MODEL,
        *("data_dir", "split", "output_dir", "seed"),
        *("reference_dir", "threshold", "num_spans", "num_pictures", "frame_table", "refine_steps"),
        *RECORDING,
    ],
    "report": [
        *(*MODEL, "data_dir", "split", "output", "title", "recordings", "by", "motifs", "evaluation"),
        *("max_mb", "anonymise", "seed", *RECORDING),
    ],
    "explore": [
        *(*MODEL, "data_dir", "split", "output_dir", "seed", "title", "recordings", "by", "motifs"),
        *("evaluation", "port", "browser", *RECORDING),
    ],
    "export": ["checkpoint", "output_dir", "format"],
    "norm": [],
    "judge": [
        *(*MODEL, "data_dir", "split", "output_dir", "seed", "training_dir", "spans", "num_rounds"),
        *("num_drawn", *RECORDING),
    ],
    "power": [
        *(*MODEL, "data_dir", "split", "output_dir", "seed", "effect", "motifs", "num_subjects", "target"),
        *("recordings_per_subject", "num_studies", "num_permutations", *RECORDING),
    ],
    "check-data": ["config", "preset", "json", "picture", *READING, "fps"],
    "repair": ["config", "preset", "output_dir", "swaps", "spikes", "frozen", "sentinels", *READING],
    "import": ["config", "preset", "output_dir", *READING, "fps"],
    "pack": ["config", "preset", "output_dir", *READING, "fps", "experiments_dir"],
    "demo-data": ["kind", "dimensions", "seed"],
    "demo": ["output_dir", "minutes", "dimensions", "seed", "device"],
}
"""Flags are a promise: change this list only together with CHANGELOG.md."""


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Work where no settings file is, on a terminal too narrow for two columns of help."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "100")
    monkeypatch.delenv("HTVAE_DEBUG", raising=False)


def stand_in(monkeypatch: pytest.MonkeyPatch, module: str, **names: Any) -> None:
    """Replace a module that need not run here by one with the given names."""
    monkeypatch.setitem(sys.modules, module, ModuleType(module))
    for name, value in names.items():
        setattr(sys.modules[module], name, value)


@pytest.fixture
def runs(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Config, Any]]:
    """Return the list of calls of the trainer."""
    calls: list[tuple[Config, Any]] = []

    class Trainer:
        def __init__(self, config: Config, build_model: Any = None) -> None:
            calls.append((config, build_model))

        def fit(self) -> SimpleNamespace:
            return SimpleNamespace(best_model=Path("best_model.pt"))

    stand_in(monkeypatch, "htvae.training.trainer", HTVAETrainer=Trainer)
    return calls


@pytest.fixture
def evaluations(monkeypatch: pytest.MonkeyPatch) -> list[tuple[EvaluateOptions, dict[str, Any]]]:
    """Return the list of calls of the evaluator."""
    calls: list[tuple[EvaluateOptions, dict[str, Any]]] = []

    def run_evaluation(options: EvaluateOptions, metrics: dict[str, Any], build_model: Any = None) -> None:
        calls.append((options, metrics))

    monkeypatch.setattr("htvae.cli.evaluate.run_evaluation", run_evaluation)
    stand_in(monkeypatch, "htvae.evaluation.evaluator", DEFAULT_METRICS={"mpjpe": len})
    return calls


def unwrapped(text: str) -> str:
    """Return text of a terminal without its frames and line breaks."""
    return re.sub(r"[│\s]+", " ", text)


def exit_code(argv: list[str]) -> Any:
    with pytest.raises(SystemExit) as exit_info:
        cli.main(argv)
    return exit_info.value.code


class TestFlags:
    @pytest.mark.parametrize("command", FLAGS)
    def test_the_frozen_list(self, command: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert exit_code([command, "--help"]) == 0
        flags = re.findall(r"^\W+--(\w+)", capsys.readouterr().out, flags=re.MULTILINE)
        assert flags == FLAGS[command]

    def test_every_command_is_listed(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert list(FLAGS) == list(cli.COMMANDS)
        assert exit_code(["--help"]) == 0
        text = capsys.readouterr().out
        assert all(re.search(rf"^  {command} +[A-Z].*\.$", text, flags=re.MULTILINE) for command in FLAGS)

    def test_settings_are_the_dataclasses_fields(self) -> None:
        assert setting_names() == SETTINGS

    def test_help_shows_meaning_and_default_in_force(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("mine.py").write_text(
            "from htvae.config import Config\ndef get_config():\n    return Config().replace(latent_dim=77)\n"
        )
        assert exit_code(["train", "--config", "mine.py", "--help"]) == 0
        text = unwrapped(capsys.readouterr().out)
        assert "Numbers in the sequence latent, which describes what the recording is. (default: 77" in text

    def test_version(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert exit_code(["--version"]) == 0
        assert re.fullmatch(r"htvae \d+\.\d+\.\d+\n", capsys.readouterr().out)


class TestSpecifiedCommandLines:
    def test_train(self) -> None:
        config = train.parse_train(["--data_dir", "data/pose_csvs"]).config
        assert config == Config()

    def test_train_with_settings(self) -> None:
        line = (
            "--data_dir data/pose_csvs --batch_size 32 --num_epochs 200 --learning_rate 5e-4 "
            "--latent_dim 256 --chunk_size 100 --experiment_name my_experiment"
        )
        assert train.parse_train(line.split()).config == Config().replace(
            batch_size=32,
            num_epochs=200,
            learning_rate=5e-4,
            latent_dim=256,
            chunk_size=100,
            experiment_name="my_experiment",
        )

    def test_evaluate(self) -> None:
        line = (
            "--checkpoint experiments/checkpoints/best_model.pt --data_dir data/pose_csvs "
            "--output_dir evaluation_results --visualize --extract_latents"
        )
        options, build_model = evaluate.parse_evaluate(line.split())
        assert build_model is None
        assert options == EvaluateOptions(
            data_dir=Path("data/pose_csvs"), visualize=True, extract_latents=True
        )
        assert options.checkpoint == Path("experiments/checkpoints/best_model.pt")
        assert options.output_dir == Path("evaluation_results")

    @pytest.mark.parametrize("line", ["--batch-size 3 --no-y-up", "--batch_size=3 --no_y_up"])
    def test_hyphens_and_equal_signs_do_too(self, line: str) -> None:
        assert train.parse_train(line.split()).config == Config().replace(batch_size=3, y_up=False)

    def test_pairs_and_none(self) -> None:
        line = "--image_size 640 480 --heading tail nose --fps None"
        config = train.parse_train(line.split()).config
        assert config == Config().replace(image_size=(640, 480), heading=("tail", "nose"))


class TestPrecedence:
    FILE = (
        "from htvae.config import Config\n\n"
        "def get_config():\n    return Config().replace(latent_dim={}, seed=5)\n\n"
    )

    def test_flag_before_config_before_folder_before_default(self) -> None:
        Path("configs").mkdir()
        Path("configs/config.py").write_text(self.FILE.format(11))
        Path("mine.py").write_text(self.FILE.format(22))

        def parsed(line: str) -> tuple[int, int, int]:
            config = train.parse_train(line.split()).config
            return config.model.latent_dim, config.training.seed, config.model.num_layers

        assert parsed("") == (11, 5, 3)
        assert parsed("--config mine.py") == (22, 5, 3)
        assert parsed("--latent_dim 33 --config=mine.py") == (33, 5, 3)

    def test_the_cache_lies_where_the_settings_file_says(self) -> None:
        def parsed(line: str) -> Path:
            return evaluate.parse_evaluate(line.split())[0].experiments_dir

        assert parsed("") == Path("experiments")
        Path("configs").mkdir()
        text = "from htvae.config import Config\ndef get_config():\n    return Config().replace({})\n"
        Path("configs/config.py").write_text(text.format("experiments_dir='/large/disk'"))
        assert parsed("") == Path("/large/disk")
        assert parsed("--experiments_dir here") == Path("here")

    def test_presets_of_the_folders_file(self) -> None:
        Path("configs").mkdir()
        text = self.FILE.format(11) + "def tiny():\n    return get_config().replace(num_layers=1)\n"
        Path("configs/config.py").write_text(text)
        assert train.parse_train(["--preset", "tiny"]).config.model.num_layers == 1


class TestMistakes:
    @pytest.mark.parametrize(
        ("argv", "message"),
        [
            (["train", "--bach_size", "3"], "--batch_size"),
            (["train", "--batch_size", "many"], "invalid literal for int"),
            (["train", "--batch_size", "0"], "batch_size must be at least 1, but got 0"),
            (["train", "--output_smoothing", "4"], "output_smoothing must be odd, but got 4. Try 5."),
            (["evaluate", "--refine_steps", "-1"], "refine_steps must be at least 0, but got -1"),
            (["train", "--precision", "fp8"], "fp8"),
            (["train", "--config"], "--config"),
            (["train", "left.csv"], "left.csv"),
            (["trian"], "invalid choice: 'trian'"),
            ([], "required: command"),
            (["evaluate", "--batch_size", "0"], "batch_size must be at least 1"),
            (["evaluate", "--num_excerpts", "0"], "num_excerpts must be at least 1, but got 0"),
            (["evaluate", "--probe_groups", "subject"], "probe_groups must come with probe"),
            (["encode", "a.csv", "--ray_workers", "2"], "ray_workers must come with format parquet"),
            (["encode"], "inputs must be files or folders, but got none"),
            (["reconstruct", "a.csv", "--output_dir", "."], "output_dir must be another folder"),
            (["check-data"], "FOLDER"),
            (["demo-data", "out", "--kind", "plant"], "plant"),
        ],
    )
    def test_wrong_usage_gives_a_message_and_2(
        self, argv: list[str], message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert exit_code(argv) == 2
        output = capsys.readouterr()
        assert message in unwrapped(output.err)
        assert "Traceback" not in output.err
        assert output.out == ""

    @pytest.mark.parametrize(
        ("error", "code", "message"),
        [
            (ValueError("frame# must be a whole number."), 1, "error: frame# must be a whole number.\n"),
            (FileNotFoundError("No *.csv files in here."), 1, "error: No *.csv files in here.\n"),
            (
                PermissionError(13, "Permission denied", "out"),
                1,
                "error: out: must be accessible, but the system says: Permission denied. "
                "Check the path, its permissions and the space on the disk.\n",
            ),
            (KeyboardInterrupt(), 130, "Interrupted.\n"),
            (KeyboardInterrupt("Interrupted at step 3."), 130, "Interrupted at step 3.\n"),
        ],
    )
    def test_what_a_user_can_cause_is_one_message(
        self, error: BaseException, code: int, message: str, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def fail(argv: Any) -> None:
            raise error

        assert cli.run_command(fail, []) == code
        assert capsys.readouterr().err == message

    def test_faults_of_the_program_keep_their_traceback(self) -> None:
        def fail(argv: Any) -> None:
            raise KeyError("gone")

        with pytest.raises(KeyError, match="gone"):
            cli.run_command(fail, [])

    def test_debugging_keeps_every_traceback(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTVAE_DEBUG", "1")
        with pytest.raises(FileNotFoundError, match=r"nix\.py"):
            cli.main(["train", "--config", "nix.py"])

    def test_a_faulty_settings_file_is_one_message(self, capsys: pytest.CaptureFixture[str]) -> None:
        Path("mine.py").write_text("def get_config():\n    return 3\n")
        assert cli.main(["train", "--config", "mine.py"]) == 1
        assert (
            capsys.readouterr().err
            == "error: mine.py: get_config() must return a Config, but returned int.\n"
        )


class TestCommands:
    def test_train(self, runs: list[tuple[Config, Any]]) -> None:
        assert cli.main(["train", "--latent_dim", "9"]) == 0
        assert runs == [(Config().replace(latent_dim=9), None)]

    def test_train_with_an_architecture_of_ones_own(self, runs: list[tuple[Config, Any]]) -> None:
        text = "from htvae.config import Config as get_config\n"
        Path("mine.py").write_text(text + "def build_model(config, **sizes):\n    return 'mine'\n")
        assert cli.main(["train", "--config", "mine.py"]) == 0
        [(config, build_model)] = runs
        assert build_model(config) == "mine"

    def test_settings_without_effect_warn(
        self, runs: list[tuple[Config, Any]], capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["train", "--batch_size", "4", "--batch_frames", "99"]) == 0
        assert capsys.readouterr().err == "warning: batch_frames has no effect beside batch_size.\n"

    def test_evaluate(self, evaluations: list[tuple[EvaluateOptions, dict[str, Any]]]) -> None:
        assert cli.main(["evaluate", "--split", "new", "--probe", "label"]) == 0
        assert evaluations == [(EvaluateOptions(split="new", probe="label"), {"mpjpe": len})]

    def test_demo(
        self, runs: Any, evaluations: Any, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
    ) -> None:
        def write_demo_data(path: Path, seed: int, dimensions: int) -> SimpleNamespace:
            assert dimensions == 3
            return SimpleNamespace(recordings=path, truth=Path("truth"))

        fitted: list[tuple[Path, Config]] = []
        asked: list[GenerateOptions] = []
        stand_in(monkeypatch, "htvae.demo.recordings", write_demo_data=write_demo_data)
        stand_in(
            monkeypatch,
            "htvae.training.prior",
            add_prior_to=lambda path, config: fitted.append((path, config)),
        )
        stand_in(
            monkeypatch,
            "htvae.cli.motion",
            remove_earlier=lambda folder: None,
            generate=asked.append,
        )
        monkeypatch.setattr("htvae.cli.motion", sys.modules["htvae.cli.motion"], raising=False)
        shown: list[ReportOptions] = []
        monkeypatch.setattr(
            "htvae.cli.report.command.make_report", lambda own, command: shown.append(own) or own.output
        )
        assert cli.main(["demo", "--minutes", "0.5", "--output_dir", "out", "--dimensions", "3"]) == 0
        [(config, _)], [(options, _)] = runs, evaluations
        assert Path(config.data.data_dir) == Path("out/pose_csvs")
        assert config.training.max_minutes == pytest.approx(2 / 3 * 0.5)  # the prior has the rest of the time
        assert config.prior.prior_steps == 0
        [(path, prior_config)] = fitted
        assert path == Path("best_model.pt") and prior_config.prior.prior_steps > 0
        assert prior_config.training.max_minutes == pytest.approx(0.5 / 3)
        assert [(g.output_dir, g.script) for g in asked] == [(Path("out/generated"), demo.DEMO_SCRIPT)]
        assert options.visualize
        assert options.truth_dir == Path("truth")
        assert options.output_dir == Path("out/evaluation_results")
        assert [(own.output, own.evaluation) for own in shown] == [
            (Path("out/report.html"), options.output_dir)
        ]
        assert capsys.readouterr().out.splitlines()[-1].endswith(str(Path("out/report.html")))

    def test_demo_data(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        calls: list[tuple[Path, str, int, int]] = []
        stand_in(
            monkeypatch,
            "htvae.demo.recordings",
            write_demo_data=lambda path, kind, seed, dimensions: calls.append((path, kind, seed, dimensions)),
        )
        assert cli.main(["demo-data", "out", "--kind", "animal", "--seed", "3"]) == 0
        assert calls == [(Path("out"), "animal", 3, 2)]
        assert capsys.readouterr().err == "Recordings: out\n"

    @pytest.mark.parametrize(("faults", "code"), [([], 0), (["walk.csv is empty"], 1)])
    def test_check_data(
        self,
        faults: list[str],
        code: int,
        monkeypatch: pytest.MonkeyPatch,
        capsys: pytest.CaptureFixture[str],
    ) -> None:
        calls: list[tuple[Path, Any]] = []

        def check_folder(folder: Path, config: Any) -> SimpleNamespace:
            calls.append((folder, config))
            return SimpleNamespace(faults=faults, recordings=["r"], findings=[], has_rate=True)

        stand_in(
            monkeypatch,
            "htvae.io.check",
            check_folder=check_folder,
            format_report=lambda report, command: f"REPORT {command.line}",
        )
        stand_in(monkeypatch, "htvae.data.check", check_training=lambda report, folder, config: report)
        assert cli.main(["check-data", "here", "--no_y_up"]) == code
        assert calls == [(Path("here"), Config().replace(y_up=False).data)]
        assert capsys.readouterr().out == "REPORT htvae train --data_dir here --no_y_up\n"


class TestRecordings:
    """encode and reconstruct, with a model that returns what it is given (reconstruct)."""

    @pytest.fixture(autouse=True)
    def _recordings(self) -> None:
        rows = "\n".join(f"{frame},{name},0.5,{frame}" for frame in range(4) for name in ("NOSE", "LEFT_HIP"))
        for folder in ("folder", "other"):
            Path(folder).mkdir()
            Path(folder, "walk.csv").write_text(f"frame#,landmark_name,x,y\n{rows}\n")

    @pytest.fixture(autouse=True)
    def _model(self, monkeypatch: pytest.MonkeyPatch) -> None:
        model = SimpleNamespace(
            config=Config(),
            check=lambda recording: None,
        )
        stand_in(monkeypatch, "htvae.analysis.model", load=lambda path, device, build_model: model)
        stand_in(
            monkeypatch,
            "htvae.inference.reconstructions",
            Reconstructions=lambda model, recordings, *_: SimpleNamespace(sequences=lambda: recordings),
        )

    def test_encode(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        calls: list[tuple[Any, ...]] = []

        def encode_corpus(*given: Any) -> list[Path]:
            calls.append(given)
            return [given[0].output_dir / "latents.npz"]

        monkeypatch.setattr("htvae.inference.corpus.encode_corpus", encode_corpus)
        assert cli.main(["encode", "folder", "my walk.csv", "--device", "cpu"]) == 0
        [(request,)] = calls
        assert request.inputs == (Path("folder"), Path("my walk.csv"))
        assert (request.device, request.cache_dir) == ("cpu", Path("experiments/cache"))
        assert request.command == "htvae encode folder 'my walk.csv' --device cpu"
        assert capsys.readouterr().err == f"{Path('latents/latents.npz')}\n"

    def test_reconstruct(self) -> None:
        assert cli.main(["reconstruct", "folder", "--output_dir", "out"]) == 0
        assert Path("out/walk.csv").read_text().splitlines()[:2] == [
            "frame#,landmark_name,x,y",
            "0,NOSE,0.50000,0.00000",
        ]

    def test_two_recordings_of_one_name_would_overwrite_each_other(
        self, capsys: pytest.CaptureFixture[str]
    ) -> None:
        assert cli.main(["reconstruct", "folder", "other/walk.csv"]) == 1
        assert "names must differ, but two recordings are walk" in capsys.readouterr().err


class TestScripts:
    """train.py and evaluate.py at the root."""

    def test_train(self, runs: list[tuple[Config, Any]]) -> None:
        main = runpy.run_path(str(ROOT / "train.py"))["main"]
        assert main(["--latent_dim", "9"]) == 0
        assert runs == [(Config().replace(latent_dim=9), None)]

    def test_evaluate(self, evaluations: list[tuple[EvaluateOptions, dict[str, Any]]]) -> None:
        main = runpy.run_path(str(ROOT / "evaluate.py"))["main"]
        assert main(["--split", "all"]) == 0
        assert evaluations == [(EvaluateOptions(split="all"), {"mpjpe": len})]

    @pytest.mark.parametrize("script", ["train.py", "evaluate.py"])
    def test_mistakes(self, script: str, capsys: pytest.CaptureFixture[str]) -> None:
        main = runpy.run_path(str(ROOT / script))["main"]
        with pytest.raises(SystemExit) as exit_info:
            main(["--nonsense"])
        assert exit_info.value.code == 2
        assert f"python {script} --help" in capsys.readouterr().err

    @pytest.mark.parametrize("target", ["train.py", "evaluate.py", "src/htvae/__main__.py"])
    def test_help_waits_for_nothing_heavy(self, target: str) -> None:
        """The test looks at imports instead of time, since a busy machine spoils times."""
        code = (
            "import atexit, runpy, sys; heavy = {'torch', 'pandas', 'matplotlib', 'sklearn'}; "
            "atexit.register(lambda: print('HEAVY', *sorted(heavy & set(sys.modules)))); "
            f"sys.argv = ['x', '--help']; runpy.run_path({str(ROOT / target)!r}, run_name='__main__')"
        )
        result = subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env=os.environ
        )
        assert result.stdout.splitlines()[-1] == "HEAVY"


def test_logging_is_as_before_after_a_command(capsys: pytest.CaptureFixture[str]) -> None:
    package = logging.getLogger("htvae")
    before = (list(package.handlers), package.level)

    def talk(argv: Any) -> None:
        logging.getLogger("htvae.somewhere").info("read %d recordings", 3)
        logging.getLogger("htvae.somewhere").warning("one is short")

    assert cli.run_command(talk, []) == 0
    assert capsys.readouterr().err == "read 3 recordings\nwarning: one is short\n"
    assert (list(package.handlers), package.level) == before


def test_a_reader_that_leaves_early_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "htvae", "train", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    said = process.stderr.read().decode()
    process.wait()
    process.stderr.close()
    assert "error" not in said and "Traceback" not in said
