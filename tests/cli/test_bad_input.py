"""Faulty input through the commands: each fault gives a helpful message, or is accepted and logged.

The rules of the files themselves are tested one by one in tests/data; here is what the user sees of them.
"""

import contextlib
import io
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from htvae.cli import main as cli

BODY = ("NOSE", "LEFT_SHOULDER", "RIGHT_SHOULDER", "LEFT_HIP", "RIGHT_HIP")
HEADER = "frame#,landmark_name,x,y\n"
TINY = """
    --embed_dim 16 --num_heads 2 --num_layers 1 --latent_dim 4 --chunk_latent_dim 2 --chunk_size 16
    --num_frames 60 --max_frames 64 --batch_frames 128 --device cpu --precision 32 --experiments_dir run
    --prior_steps 0
""".split()
MODEL = Path("run/checkpoints/best_model.pt")

Run = Callable[..., tuple[Any, str]]


def walk(landmarks: tuple[str, ...] = BODY, num_frames: int = 20, phase: float = 0.0) -> str:
    """Return the CSV of a swaying body."""
    rows = [
        f"{frame},{name},{0.1 * np.sin(0.3 * frame + phase) + i % 2:.4f},{i * 0.4:.4f}\n"
        for frame in range(num_frames)
        for i, name in enumerate(landmarks)
    ]
    return HEADER + "".join(rows)


def write(folder: str, **files: str) -> str:
    """Write texts to ``<name>.csv`` in a folder, and return the folder."""
    Path(folder).mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        Path(folder, f"{name}.csv").write_text(text, encoding="utf-8")
    return folder


def walks(number: int = 4, **changes: Any) -> dict[str, str]:
    return {f"walk_{i}": walk(phase=i, **changes) for i in range(number)}


@pytest.fixture(autouse=True)
def _empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, no_measuring: None) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("HTVAE_DEBUG", raising=False)


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Run:
    """Return a function that runs a command and returns its exit code and its output without line breaks."""

    def run_command(*argv: str) -> tuple[Any, str]:
        try:
            code: Any = cli.main(argv)
        except SystemExit as ended:
            code = ended.code
        output = capsys.readouterr()
        text = re.sub(r"[│|\s]+", " ", output.out + output.err)
        assert "Traceback" not in text
        assert not re.search(r"error: \[Errno|\w(Error|Exception):", text)
        return code, text

    return run_command


@pytest.fixture
def model(trained: Any) -> str:
    """Return the checkpoint of a model with the landmarks of `BODY` and one more."""
    return str(trained.checkpoint)


def last(column: str, cell: str) -> str:
    """Return a recording whose last row has another cell in a column."""
    row = {"frame": "20", "name": "NOSE", "x": "1.5", "y": "2.5"} | {column: cell}
    return f"{walk()}{','.join(row.values())}\n"


FAULTY_FILES = {
    "empty": ("", r"must have a header and rows, but is empty\. Remove the file"),
    "header only": (HEADER, r"must have rows below the header, but has none\. Remove the file\."),
    "missing column": (
        "frame#,landmark_name,x\n0,NOSE,1\n",
        r"the header must have .*, but lacks y; it has: frame#, landmark_name, x\. Rename the columns",
    ),
    "no header": ("0,NOSE,1,2\n1,NOSE,1,2\n", r"the header must have .*, but lacks .*; it has: 0, NOSE"),
    "semicolons": (walk().replace(",", ";"), r"separated by semicolons\. Separate them by commas\."),
    "tabs": (walk().replace(",", "\t"), r"separated by tabs\. Separate them by commas\."),
    "semicolons below a header with commas": (
        HEADER + "0;NOSE;1;2\n",
        r'frame# must be a whole number of at least 0, but line 2 has "0;NOSE;1;2"',
    ),
    "decimal commas": (last("x", "1,5"), r"no more cells than the header, but line 102 has more\. Write dec"),
    "text in x": (last("x", "left"), r'x must be a number .*, but line 102 has "left"\. Correct the cell'),
    "inf in y": (last("y", "-inf"), r'y must be a number of at most 1e9 .*, but line 102 has "-inf"\. Corr'),
    "negative frame": (last("frame", "-1"), r'whole number of at least 0, but line 102 has "-1"\. Number'),
    "fractional frame": (last("frame", "12.5"), r'whole number .*, but line 102 has "12\.5"\. Number'),
    "time of day as frame": (last("frame", "00:01:30"), r'but line 102 has "00:01:30"\. Number the frames'),
    "milliseconds since 1970 as frame": (
        HEADER + "1700000000123,NOSE,1,2\n1700000033456,NOSE,1,2\n",
        r"must not leave out more than max_frame_gap=10000 .*If these are time stamps, number the",
    ),
    "a single huge gap": (last("frame", "50000"), r"but line 102 has 50000 after 19\. .*raise max_frame_gap"),
    "the same row twice": (last("frame", "19"), r"must occur once in a frame, but line 102 has NOSE"),
    "no landmark name": (last("name", ""), r"landmark_name must not be empty, but line 102 has"),
    "all points missing": (HEADER + "0,NOSE,,\n1,NOSE,NaN,NaN\n", r"but all are missing\. Remove the file"),
    "a quote that is never closed": (
        last("name", '"NOSE'),
        r"must be CSV, but line 102 cannot be split: a quote is never closed\. Is a",
    ),
    "a picture": ("\x89PNG\r\n", r"the header must have"),
}


@pytest.fixture(scope="module")
def told_of_all(trained: Any, tmp_path_factory: pytest.TempPathFactory) -> dict[str, tuple[Any, str]]:
    """Return exit code and output of each command on a folder of all faulty files."""
    root = tmp_path_factory.mktemp("faulty")
    folder = write(
        str(root / "poses"),
        **walks(1),
        **{case: text for case, (text, _) in FAULTY_FILES.items()},
    )
    checkpoint = ("--checkpoint", str(trained.checkpoint))
    told = {}
    for command in (
        ("train", "--data_dir", folder, *TINY),
        ("check-data", folder),
        ("evaluate", "--data_dir", folder, *checkpoint),
        ("encode", folder, *checkpoint),
        ("reconstruct", folder, *checkpoint),
    ):
        with (
            contextlib.chdir(root),
            contextlib.redirect_stderr(io.StringIO()) as err,
            contextlib.redirect_stdout(err),
        ):
            told[command[0]] = cli.main(command), err.getvalue()
    return told


class TestFiles:
    @pytest.mark.parametrize("case", FAULTY_FILES)
    def test_every_command_reports_every_fault(
        self, case: str, told_of_all: dict[str, tuple[Any, str]]
    ) -> None:
        for code, said in told_of_all.values():
            assert code == 1
            assert re.search(rf"^(error: |  )?{case}\.csv: .*{FAULTY_FILES[case][1]}", said, re.MULTILINE), (
                said
            )

    @pytest.mark.parametrize(
        "command", ["train --data_dir poses", "check-data poses", "encode poses/bad.csv"]
    )
    def test_one_faulty_file_is_enough(self, command: str, run: Run, model: str) -> None:
        write("poses", **walks(1), bad=last("x", "left"))
        checkpoint = ["--checkpoint", model] if "encode" in command else []
        code, said = run(*command.split(), *checkpoint)
        assert code == 1
        assert re.search(r'bad\.csv: x must be a number .*, but line 102 has "left"\. Correct', said)

    def test_nothing_is_written_before_all_is_read(self, run: Run, model: str) -> None:
        write("poses", **walks(1), bad=last("x", "left"))
        assert run("reconstruct", "poses/walk_0.csv", "poses/bad.csv", "--checkpoint", model)[0] == 1
        assert not Path("reconstructions").exists()

    def test_all_faults_of_all_files_at_once(self, run: Run) -> None:
        folder = write(
            "poses", **walks(1), one=last("x", "left"), two=last("frame", "-1"), manifest="file\nx\n"
        )
        code, said = run("train", "--data_dir", folder, *TINY)
        assert code == 1
        assert all(
            place in said for place in ("one.csv: x must", "two.csv: frame# must", "manifest.csv, line 2")
        )

    def test_bytes_that_are_no_text(self, run: Run) -> None:
        Path(write("poses", **walks(1)), "bad.csv").write_bytes(b"PK\x03\x04\xff\xfe")
        code, said = run("train", "--data_dir", "poses", *TINY)
        assert code == 1
        assert re.search(
            r'bad\.csv: must be UTF-8 text, but line 1 has the byte 0xff\. Save it as "CSV', said
        )

    def test_a_column_that_is_not_there(self, run: Run) -> None:
        code, said = run("check-data", write("poses", **walks(1)), "--confidence_column", "score")
        assert code == 1
        assert re.search(r"walk_0\.csv: the header must have .*, but lacks score", said)


FAULTY_FOLDERS = {
    "absent": ({}, r"data_dir must be a folder, but poses does not exist .*\. Correct the path"),
    "without a CSV": (
        {"notes.txt": "x"},
        r"No \*\.csv files in poses .* kinds, such as notes\.txt\. Put one CSV",
    ),
    "a manifest that names an absent file": (
        {"manifest": "file,label\nwalk_9.csv,x\n"},
        r"manifest\.csv, line 2: file must be .*, but walk_9 is not in poses\. Correct the name",
    ),
    "a manifest with semicolons": (
        {"manifest": "file;label\nwalk_0.csv;x\n"},
        r"must have file, but .*by semicolons",
    ),
    "a manifest without a file column": ({"manifest": "name\nwalk_0\n"}, r"lacks file; it has: name\."),
    "two rows for one recording": ({"manifest": "file\nwalk_0\nwalk_0.csv\n"}, r"line 3: .* one row"),
    "a frame rate in words": (
        {"manifest": "file,fps\nwalk_0,fast\n"},
        r'line 2: fps must be .*"fast"\. Write',
    ),
    "a frame rate off by far": (
        {"manifest": "file,fps,split\nwalk_0,30,train\nwalk_1,30,val\nwalk_2,0.01,test\n"},
        r"walk_2: fps must be within a factor of 100 of the model's 30, but is 0\.01\. Correct manifest\.csv",
    ),
    "nothing to train on": (
        {"manifest": "file,split\nwalk_0,test\nwalk_1,val\nwalk_2,val\nwalk_3,test\n"},
        r"poses: a recording must be left to train on, but all 4 are held out\. Correct the column split",
    ),
    "labels in seconds": (
        {"frame_labels": "file,start,stop,label\nwalk_0,0.5,1.5,turn\n"},
        r'frame_labels\.csv, line 2: start and stop must be whole frame numbers.*"0\.5" and "1\.5"\. Correct',
    ),
}


class TestFolders:
    @pytest.mark.parametrize("case", FAULTY_FOLDERS)
    def test_a_faulty_folder_is_reported(self, case: str, run: Run) -> None:
        files, message = FAULTY_FOLDERS[case]
        if "notes.txt" in files:
            write("poses")
            Path("poses/notes.txt").write_text("nothing here")
        elif files:
            write("poses", **walks(), **files)
        code, said = run("train", "--data_dir", "poses", *TINY)
        assert code == 1
        assert re.search(message, said), said

    def test_a_file_in_place_of_the_folder(self, run: Run) -> None:
        for command in (("train", *TINY, "--data_dir"), ("check-data",)):
            code, said = run(*command, f"{write('poses', **walks(1))}/walk_0.csv")
            assert code == 1
            assert (
                "data_dir must be a folder, but poses/walk_0.csv is a file. Give the folder that it" in said
            )

    @pytest.mark.skipif(not hasattr(os, "geteuid"), reason="the system has no such permissions")
    def test_no_permission(self) -> None:
        with tempfile.TemporaryDirectory() as name:  # not tmp_path, which only its owner may enter
            folder = Path(name)
            write(str(folder / "shut"), **walks(1)), write(str(folder / "half"), **walks(2))
            for path, mode in ((folder, 0o755), (folder / "shut", 0), (folder / "half/walk_1.csv", 0)):
                path.chmod(mode)
            said = run_as_another_user(folder)
            (folder / "shut").chmod(0o755)
        denied = "must be readable, but permission is denied. Change its permissions (chmod -R u+rX)."
        assert said.count(f"shut: {denied}") == 1
        assert said.count(f"walk_1.csv: {denied}") == 1
        assert said.count("code 1") == 2


AS_ANOTHER_USER = """
import os, sys
from htvae.cli import main as cli
cli.main(["check-data", "half"])  # imports what the other user might not find
print("NOW", file=sys.stderr)
if os.geteuid() == 0:  # root may read everything
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for folder in ("shut", "half"):
    print("code", cli.main(["check-data", folder]), file=sys.stderr)
"""


def run_as_another_user(folder: Path) -> str:
    """Return the output of `AS_ANOTHER_USER` in a folder."""
    paths = {"PYTHONPATH": str(Path(cli.__file__).parents[2])}
    result = subprocess.run(
        [sys.executable, "-c", AS_ANOTHER_USER],
        cwd=folder, env=os.environ | paths, capture_output=True, text=True, check=False,
    )  # fmt: skip
    said = result.stdout + result.stderr.partition("NOW")[2]
    if re.search(r"os\.set.*\n.*PermissionError", said):
        pytest.skip("cannot become another user here")
    assert "Traceback" not in said
    return said


ACCEPTED = {
    "one landmark in one file": (
        {**walks(), "point": walk(("NOSE",))},
        r"warning: point: it has one landmark only; a pose needs several",
    ),
    "one landmark in all files": (walks(landmarks=("NOSE",)), r"one landmark only; .*\(and 3 more files\)"),
    "one frame in one file": ({**walks(), "still": walk(num_frames=1)}, r"still: it has one frame only"),
    "one frame in all files": (walks(num_frames=1), r"it has one frame only \(and 3 more files\)"),
    "two recordings": (walks(2), r"warning: Nothing is left for val \(2 recordings in all\)\."),
    "one recording": (walks(1), r"warning: Nothing is left for val and test \(1 recording in all\)\."),
    "a test recording of landmarks that were not trained on": (
        {**walks(), "cat": walk(("PAW", "TAIL")), "manifest": "file,split\ncat,test\nwalk_1,val\n"},
        r"4 of 5|3 of 5 recordings have no row in manifest\.csv",
    ),
    "labels and frame rates missing": (
        {**walks(), "manifest": "file,label,fps\nwalk_0,,\nwalk_1,walk,\n"},
        r"warning: 2 of 4 recordings have no row in manifest\.csv .*label, subject and fps are unknown",
    ),
    "a landmark that is never seen": (
        {name: re.sub(r"(LEFT_HIP),.*", r"\1,,", text) for name, text in walks().items()},
        r"Best model",
    ),
    "points that never move": (
        {f"walk_{i}": re.sub(r",-?[\d.]+,", f",{i},", walk()) for i in range(4)},
        r"Best model",
    ),
    "most frame numbers left out": (
        {**walks(), "rare": last("frame", "99")},
        r"warning: rare: most frame numbers are left out, and these frames count as missing",
    ),
    "names in any script": (
        {"wälk é": walk(), "日本 😀": walk(phase=1), "a'b; $c": walk(phase=2)},
        r"Best model",
    ),
}


@pytest.mark.filterwarnings(
    "ignore:invalid value encountered in divide:RuntimeWarning"
)  # PCA of what stands still
@pytest.mark.parametrize("case", ACCEPTED)
def test_what_is_accepted_works_to_the_end(case: str, run: Run, brief_refinement: None) -> None:
    files, message = ACCEPTED[case]
    folder = write("poses", **files)
    commands = [
        ("check-data", folder),
        ("train", "--data_dir", folder, *TINY),
        ("evaluate", "--split", "all", "--extract_latents", "--checkpoint", str(MODEL)),
    ]
    if (
        "cat" not in files
    ):  # evaluate counts its points as missing; given this recording alone, it has nothing to score
        commands += [(name, folder, "--checkpoint", str(MODEL)) for name in ("encode", "reconstruct")]
    said = {}
    for command in commands:
        code, said[command[0]] = run(*command)
        assert code == 0, said
        assert not re.search(r"\bnan\b", said[command[0]], re.IGNORECASE)
    assert re.search(message, said["train"]), said["train"]
    check_numbers()


def check_numbers() -> None:
    """Assert that weights and latents are finite, but for seconds, which need a frame rate."""
    state = torch.load(MODEL, weights_only=True)["state"]
    assert all(bool(tensor.isfinite().all()) for tensor in state.values())
    for path in Path().rglob("latents.npz"):
        arrays = np.load(path)
        numbers = [name for name in arrays if arrays[name].dtype.kind == "f" and name != "chunk_seconds"]
        assert numbers
        assert all(np.isfinite(arrays[name]).all() for name in numbers)


FOREIGN = ("PAW", "TAIL")
USES = {
    "evaluate": ("evaluate", "--data_dir", "poses", "--split", "all", "--checkpoint"),
    "encode": ("encode", "poses", "--checkpoint"),
    "reconstruct": ("reconstruct", "poses/walk_0.csv", "--checkpoint"),
    "init_from": ("train", "--data_dir", "poses", *TINY, "--init_from"),
}
NO_MODELS = {
    "cut in half": r"must be a checkpoint of .*, but could not be read.*cut off .*: copy it again",
    "text": r"must be a checkpoint of .*, but could not be read.*cut off .*: copy it again",
    "absent": r"must be a checkpoint, but there is no such file\. Train first, or mend the path",
    "other tensors": r"must be a model saved by HT-VAE, but is something else\.",
}


class TestCheckpoints:
    @pytest.mark.parametrize("use", USES)
    @pytest.mark.parametrize("case", NO_MODELS)
    def test_a_file_that_is_no_model(self, use: str, case: str, run: Run, model: str) -> None:
        write("poses", **walks())
        content = Path(model).read_bytes()
        if case == "cut in half":
            Path("bad.pt").write_bytes(content[: len(content) // 2])
        elif case == "text":
            Path("bad.pt").write_text("hello")
        elif case == "other tensors":
            torch.save({"state": {}}, "bad.pt")
        code, said = run(*USES[use], "bad.pt")
        assert code == 1
        assert re.search(rf"error: bad\.pt: {NO_MODELS[case]}", said), said

    @pytest.mark.parametrize("use", ["evaluate", "encode", "reconstruct"])
    def test_a_model_of_other_landmarks(self, use: str, run: Run, model: str) -> None:
        write("poses", **walks(landmarks=FOREIGN))
        code, said = run(*USES[use], model)
        assert code == 1
        assert re.search(
            r"must share landmarks with the model, but .*NOSE.*; the record.* ha.* PAW, TAIL\.", said
        )

    def test_to_start_from_a_model_of_other_landmarks_is_logged(self, run: Run, model: str) -> None:
        write("poses", **walks(landmarks=FOREIGN))
        sizes = (
            "--embed_dim 16 --latent_dim 6 --chunk_latent_dim 3 --frames_per_token 2 --chunk_size 8".split()
        )
        code, said = run(*USES["init_from"], model, *sizes)
        assert code == 0, said
        assert re.search(r"Weights from .*best_model\.pt: \d of \d points copied by name", said)

    def test_to_start_from_a_model_of_other_sizes(self, run: Run, model: str) -> None:
        write("poses", **walks())
        code, said = run(*USES["init_from"], model, "--embed_dim", "32")
        assert code == 1
        assert "init_from must be a model of the same sizes, but differs in" in said

    def test_the_training_state_in_place_of_the_model(self, run: Run, trained: Any) -> None:
        write("poses", **walks())
        code, said = run(*USES["encode"], str(trained.checkpoint.with_name("last_model.pt")))
        assert code == 1
        assert "but is a training state. Give best_model.pt beside it." in said


SETTINGS = {
    "--chunk_overlap 16": r"chunk_overlap must be in \[0, chunk_size=16\), but got 16\.",
    "--chunk_overlap 40": r"chunk_overlap must be in \[0, chunk_size=16\), but got 40\.",
    "--chunk_size 18": r"chunk_size must be a multiple of frames_per_token=4, but got 18\. Try 20\.",
    "--num_heads 3": r"embed_dim must be a multiple of 2 \* num_heads=6, but got 16\. Change embed_dim",
    "--num_heads 0": r"num_heads must be at least 1, but got 0\.",
    "--learning_rate inf": r"learning_rate must be a finite number, but got inf\.",
    "--kl_weight nan": r"kl_weight must be a finite number, but got nan\.",
    "--fps inf": r"fps must be a finite number, but got inf\.",
    "--image_size 640": r"image_size",
    "--image_size 0 480": r"image_size must be a width and a height above 0, but got \(0, 480\)\. Give",
    "--heading NOSE NOSE": r"heading must name two different landmarks, but got .*\. Give tail and head\.",
    "--seed -1": r"seed must be in \[0, 4294967295\], but got -1\.",
    "--experiment_name ../up": r"experiment_name must be a plain folder name .* got '\.\./up'\. Choose",
    "--experiment_name archive": r"experiment_name must not be one of archive, .*, but got 'archive'\.",
    f"--experiment_name {'x' * 61}": r"experiment_name must be a plain folder name",
    "--device gpu": r"'gpu'",
}


class TestSettings:
    @pytest.mark.parametrize("flags", SETTINGS)
    def test_a_setting_out_of_range(self, flags: str, run: Run) -> None:
        code, said = run("train", *TINY, *flags.split())
        assert code == 2
        assert re.search(SETTINGS[flags], said), said

    def test_a_line_break_in_the_name(self, run: Run) -> None:
        code, said = run("train", "--experiment_name", "a\nb")
        assert code == 2
        assert r"but got 'a\nb'" in said

    def test_an_absent_device(self, run: Run, model: str) -> None:
        device = "mps" if not torch.backends.mps.is_available() else "cuda"
        write("poses", **walks())
        for command in (("train", "--data_dir", "poses", *TINY), ("encode", "poses", "--checkpoint", model)):
            code, said = run(*command, "--device", device)
            assert code == 1
            assert re.search(
                rf"device must be present on this machine, but '{device}' is not\. Present: ", said
            )

    def test_a_heading_of_unknown_landmarks(self, run: Run) -> None:
        code, said = run("train", "--data_dir", write("poses", **walks()), *TINY, "--heading", "NOSE", "TAIL")
        assert code == 1
        assert "heading must name two landmarks of the recordings, but TAIL is none. Known: NOSE" in said

    def test_nothing_to_resume(self, run: Run) -> None:
        code, said = run("train", "--data_dir", write("poses", **walks()), *TINY, "--resume")
        assert code == 1
        assert "last_model.pt must be there to resume from, but is not. Start without --resume." in said


class TestPlacesAndChoices:
    @pytest.mark.parametrize("command", ["evaluate", "encode poses", "reconstruct poses"])
    def test_a_file_in_place_of_the_output_folder(self, command: str, run: Run) -> None:
        Path("out").write_text("a file")
        code, said = run(*command.split(), "--output_dir", "out/here")
        assert code == 2
        assert re.search(r"output_dir must be a folder, but .*out is a file\. Give another\.", said)

    def test_a_file_in_place_of_the_experiments_folder(self, run: Run) -> None:
        Path("out").write_text("a file")
        code, said = run("train", "--data_dir", write("poses", **walks()), *TINY, "--experiments_dir", "out")
        assert code == 1
        assert re.search(r"error: out.*: must be accessible, but the system says: .*\. Check the path", said)

    @pytest.mark.parametrize(
        ("flags", "message"),
        [
            (
                "--split new",
                r"must hold recordings of the split 'new', but has \d train, .*Choose another with --sp",
            ),
            (
                "--split all --probe colour",
                r"must be columns of manifest\.csv, but got 'colour'\. Known: label, sub",
            ),
            ("--data_dir absent", r"data_dir must be a folder, but absent does not exist"),
            ("--truth_dir absent", r"must be a folder of noise-free recordings, but is not there"),
        ],
    )
    def test_choices_of_evaluate_that_are_not_there(
        self, flags: str, message: str, run: Run, model: str
    ) -> None:
        code, said = run("evaluate", "--checkpoint", model, *flags.split())
        assert code == 1
        assert re.search(message, said), said

    def test_an_input_that_is_not_there(self, run: Run, model: str) -> None:
        code, said = run("encode", "walk.csv", "--checkpoint", model)
        assert code == 1
        assert "walk.csv: must exist, but is not there." in said

    def test_a_folder_of_subfolders_is_encoded_as_a_whole(self, run: Run, model: str) -> None:
        write("poses/day 1", walk=walk())
        write("poses/день/2", walk=walk(phase=1))
        code, said = run("encode", "poses", "--checkpoint", model)
        assert code == 0, said
        assert np.load("latents/latents.npz")["names"].tolist() == ["day 1/walk", "день/2/walk"]
