import concurrent.futures
import contextlib
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures.process import BrokenProcessPool
from pathlib import Path

import numpy as np
import pytest

from htvae.config import DataConfig
from htvae.io import folder
from htvae.io.faults import DataError
from htvae.io.folder import ReadFolder, read_folder, read_sources
from htvae.io.formats.base import NamedSource
from htvae.io.listing import list_folder
from htvae.io.sources import find_sources, open_file

ROWS = "frame#,landmark_name,x,y\n0,A,1,2\n0,B,3,4\n1,A,5,6\n"


def write(path: Path, content: str = ROWS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")
    return path


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """Yield a folder that other users can reach, unlike tmp_path."""
    path = Path(tempfile.mkdtemp())
    path.chmod(0o755)
    yield path
    shutil.rmtree(path)


@contextlib.contextmanager
def permissions(path: Path, mode: int) -> Iterator[None]:
    """Set a mode, as an ordinary user sees it (root may read everything), and set it back."""
    before, user = path.stat().st_mode, os.geteuid()
    path.chmod(mode)
    if user == 0:
        os.seteuid(65534)  # nobody
    try:
        yield
    finally:
        os.seteuid(user)
        path.chmod(before)


def find(data_dir: Path) -> list[NamedSource]:
    """Return the sources of a folder; faults are raised."""
    found = find_sources(data_dir, list_folder(data_dir).files, DataConfig())
    if found.faults:
        raise DataError(found.faults)
    return found.sources


def test_recordings_are_sorted_by_name_and_found_below(tmp_path: Path) -> None:
    for name in ("b.csv", "a/z.csv", "a.csv", "C.CSV", "manifest.csv", "frame_labels.csv", "notes.txt"):
        write(tmp_path / name)
    for name in (".hidden.csv", "._b.csv", ".ipynb_checkpoints/b-checkpoint.csv"):
        write(tmp_path / name)
    names = [named.source.path.relative_to(tmp_path).as_posix() for named in find(tmp_path)]
    assert names == ["C.CSV", "a.csv", "a/z.csv", "b.csv"]


@pytest.mark.skipif(os.name == "nt", reason="a backslash is the separator there")
@pytest.mark.parametrize("file", ["a\\..\\..\\walk.csv", "\\tmp\\walk.csv", " .csv"])
def test_names_that_lead_elsewhere_are_faults(tmp_path: Path, file: str) -> None:
    write(tmp_path / file)
    with pytest.raises(DataError, match=r"a file name must have no backslash, but (has one|is empty)"):
        find(tmp_path)


def test_linked_folders_are_read_once(tmp_path: Path) -> None:
    write(tmp_path / "far" / "walk.csv")
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "link").symlink_to(tmp_path / "far")
    (tmp_path / "far" / "loop").symlink_to(tmp_path / "data")
    assert [named.source.path.name for named in find(tmp_path / "data")] == ["walk.csv"]


def test_links_beside_their_folder_add_nothing(tmp_path: Path) -> None:
    write(tmp_path / "b" / "walk.csv")
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "c").symlink_to(tmp_path / "b")
    assert [named.name for named in find(tmp_path)] == ["b/walk"]


@pytest.mark.skipif(os.name == "nt", reason="a backslash is the separator there")
def test_the_folder_itself_may_have_any_name(tmp_path: Path) -> None:
    write(tmp_path / "back\\slash" / "walk.csv")
    assert [named.name for named in find(tmp_path / "back\\slash")] == ["walk"]


def test_folders_without_recordings(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"does not exist \(looked from .*\)"):
        list_folder(tmp_path / "none")
    with pytest.raises(FileNotFoundError, match=r"No \*\.csv files in .* \(looked also in its subfolders\)"):
        list_folder(tmp_path)
    with pytest.raises(DataError, match=r"must be a folder, but .*walk\.csv is a file"):
        list_folder(write(tmp_path / "walk.csv"))


def test_tables_in_subfolders_and_broken_links_are_faults(tmp_path: Path) -> None:
    write(tmp_path / "sub" / "manifest.csv")
    (tmp_path / "broken.csv").symlink_to(tmp_path / "none")
    with pytest.raises(DataError) as caught:
        list_folder(tmp_path)
    link, table = caught.value.faults
    assert table.startswith(f"sub/manifest.csv: must lie in {tmp_path} itself, but lies in a subfolder.")
    assert link == "broken.csv: must exist, but is not there. Was it moved, or is it a broken link?"


@pytest.mark.skipif(sys.platform != "linux", reason="other file systems have no such names")
def test_names_that_clash_or_are_no_text_are_faults(tmp_path: Path) -> None:
    write(tmp_path / "walk.csv")
    write(tmp_path / "walk.CSV")
    os.close(os.open(os.fsencode(tmp_path) + b"/caf\xe9.csv", os.O_CREAT))
    with pytest.raises(DataError) as caught:
        find(tmp_path)
    encoding, clash = sorted(caught.value.faults)
    assert encoding == r"caf\udce9.csv: a file name must be UTF-8, but is not. Rename the file."
    assert clash.startswith("recordings must have different names, but walk.")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems read names as UTF-8 in every locale")
def test_names_that_the_locale_cannot_read_are_not_called_wrong(tmp_path: Path) -> None:
    """The names are UTF-8; the setting that the message names then reads them."""
    write(tmp_path / "poses" / "歩く.csv")
    locale = {"LC_ALL": "C", "PYTHONCOERCECLOCALE": "0"}
    folder = str(tmp_path / "poses")

    def check(utf8: str) -> tuple[int, str]:
        environment = os.environ | locale | {"PYTHONUTF8": utf8}
        result = subprocess.run(
            [sys.executable, "-m", "htvae", "check-data", folder], env=environment, capture_output=True
        )
        return result.returncode, (result.stdout + result.stderr).decode()

    code, said = check("0")
    assert code == 1 and "Traceback" not in said
    assert "Python reads names as ascii in this locale, and this one is UTF-8" in said
    assert "Set the environment variable PYTHONUTF8=1." in said
    code, said = check("1")
    assert code == 0 and "a file name must" not in said


def test_folder_with_everything(tmp_path: Path) -> None:
    write(tmp_path / "walk.csv")
    write(tmp_path / "old" / "run.csv", ROWS.replace("\n0", "\n7").replace("\n1", "\n8"))
    write(tmp_path / "manifest.csv", "file,label,fps\nold/run.csv,run,25\nwalk,walk,30\n")
    write(tmp_path / "frame_labels.csv", "file,start,stop,label\nold/run.csv,7,8,start\n")
    run, walk = read_folder(tmp_path, DataConfig(), show_progress=False)
    assert (run.name, run.label, run.fps, run.first_frame) == ("old/run", "run", 25, 7)
    assert (walk.name, walk.label, walk.fps, walk.landmarks) == ("walk", "walk", 30, ("A", "B"))
    assert run.frame_labels[0].label == "start"
    np.testing.assert_array_equal(run.pose, walk.pose)


def test_all_faults_of_all_files_at_once(tmp_path: Path) -> None:
    write(tmp_path / "empty.csv", "")
    write(tmp_path / "sub" / "text.csv", ROWS + "2,A,left,right\n")
    write(tmp_path / "walk.csv")
    write(tmp_path / "manifest.csv", "file,fps\nnone.csv,30\nempty.csv,30\n")
    with pytest.raises(DataError) as caught:
        read_folder(tmp_path, DataConfig(), show_progress=False)
    starts = [fault.split(",")[0] for fault in caught.value.faults]
    assert starts[0] == "manifest.csv"
    assert starts[1] == "empty.csv: must have a header and rows"
    assert starts[2:] == [
        f"sub/text.csv: {column} must be a number of at most 1e9 in size" for column in ("x", "y")
    ]


def test_unusual_files_share_a_line(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    for index in range(3):
        write(tmp_path / f"still_{index}.csv", "frame#,landmark_name,x,y\n0,A,1,2\n0,B,1,2\n")
    with caplog.at_level(logging.WARNING):
        read_folder(tmp_path, DataConfig(), show_progress=False)
    assert caplog.messages == ["still_0: it has one frame only (and 2 more files)"]


def test_processes_read_the_same(tmp_path: Path) -> None:
    for index in range(5):
        write(tmp_path / f"walk_{index}.csv", ROWS + f"2,A,{index},0\n")
    write(tmp_path / "wrong.csv", "")
    here, beside = (
        read_sources(tmp_path, DataConfig(), num_processes=number, show_progress=False) for number in (1, 2)
    )

    def plain(read: ReadFolder) -> list[tuple[str, list[str]]]:
        return [(source.name, source.faults) for source in read.sources]

    assert plain(here) == plain(beside) and len(here.sequences) == len(beside.sequences) == 5
    for left, right in zip(here.sequences, beside.sequences, strict=True):
        np.testing.assert_array_equal(left.pose, right.pose)


def test_reading_goes_on_where_processes_cannot_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise BrokenProcessPool

    monkeypatch.setattr(concurrent.futures.ProcessPoolExecutor, "map", fail)
    write(tmp_path / "walk.csv")
    with caplog.at_level(logging.WARNING):
        (walk,) = read_folder(tmp_path, DataConfig(), num_processes=2, show_progress=False)
    assert walk.name == "walk"
    assert "this process reads on alone" in caplog.text


def test_little_is_read_by_one_process(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sources = [open_file(write(tmp_path / f"{index}.csv"), DataConfig()) for index in range(3)]
    assert folder._count_processes(sources) == 1
    monkeypatch.setattr(folder, "_POOL_SECONDS", 0.0)
    assert 1 <= folder._count_processes(sources) <= 3


def test_a_line_now_and_then_where_there_is_no_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(folder, "_SECONDS_BETWEEN_LINES", -1.0)
    write(tmp_path / "walk.csv")
    with caplog.at_level(logging.INFO):
        read_folder(tmp_path, DataConfig())
        read_folder(tmp_path, DataConfig(), show_progress=False)
    assert caplog.messages.count("Read 1 of 1 recordings.") == 1


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="needs POSIX permissions")
def test_files_and_folders_without_permission(open_dir: Path) -> None:
    closed = open_dir / "closed"
    walk = write(closed / "walk.csv")
    denied = "must be readable, but permission is denied"
    with permissions(walk, 0), pytest.raises(DataError, match=rf"^closed/walk\.csv: {denied}"):
        read_folder(open_dir, DataConfig(), show_progress=False)
    for mode in (0, 0o444):  # neither listed nor entered; listed, not entered
        for data_dir in (open_dir, closed):
            with permissions(closed, mode), pytest.raises(DataError, match=denied):
                list_folder(data_dir)
