"""``htvae motifs`` from its flags to its files, and the way back by --apply."""

import contextlib
import csv
import dataclasses
import json
import weakref

import numpy as np
import pytest
from PIL import Image

import htvae
from htvae.analysis import motion_series
from htvae.analysis.motifs.motifs import Bout
from htvae.cli.main import main
from htvae.cli.motifs.files import is_edited, motif_ids, read_table
from htvae.cli.motifs.intervals import write_intervals
from htvae.cli.spans import place_span
from htvae.data.loader import PoseDataLoader
from htvae.data.processing import PoseDataProcessor
from htvae.io.elan import Annotation, read_eaf
from htvae.poses.sequence import PoseSequence


@pytest.fixture(scope="module")
def run(trained, tmp_path_factory):
    """Return a function that runs the command, and the folder of a first run."""
    folder = tmp_path_factory.mktemp("motifs")

    def start(*argv):
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(folder)
            return main(["motifs", "--checkpoint", str(trained.checkpoint), "--device", "cpu", *argv])

    further = ("--num_activities", "2", "--activity_seconds", "2", "--intervals", "boris", "elan")
    assert start("--num_motifs", "2", "--save_frames", *further) == 0
    return start, folder


def read(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_bouts_cover_recordings_without_overlap(run, trained):
    rows = read(run[1] / "motifs/motif_bouts.csv")
    for recording in trained.recordings:
        own = [r for r in rows if r["recording"] == recording.name]
        covered = np.zeros(recording.num_frames, int)
        for row in own:
            start, stop = int(row["start_frame"]), int(row["stop_frame"])
            covered[start - recording.first_frame : stop - recording.first_frame] += 1
            assert float(row["start_second"]) == pytest.approx(start / 30, abs=1e-4)
        assert covered.max() == 1 and covered.mean() > 0.9


def test_tables_agree_with_each_other(run):
    folder = run[1] / "motifs"
    bouts, motifs = read(folder / "motif_bouts.csv"), read(folder / "motifs.csv")
    frames = read(folder / "motif_frames.csv")
    assert [m["motif"] for m in motifs] == ["m01", "m02"]
    for motif in motifs:
        assert int(motif["bouts"]) == sum(b["motif"] == motif["motif"] for b in bouts)
        share = np.mean([f["motif"] == motif["motif"] for f in frames])
        assert float(motif["share"]) == pytest.approx(share, rel=1e-4)
    for row in read(folder / "motif_usage.csv"):
        assert float(row["m01"]) + float(row["m02"]) + float(row["none"]) == pytest.approx(1, abs=1e-4)
    labels = read(folder / "frame_labels.csv")
    assert [(x["file"], x["start"]) for x in labels] == [
        (f"{b['recording']}.csv", b["start_frame"]) for b in bouts
    ]
    content = json.loads((folder / "motifs.json").read_text(encoding="utf-8"))
    assert content["settings"]["num_motifs"] == 2 and set(content["stability"]) == {
        "seeds",
        "halves",
        "windows",
    }


def test_activities_cover_all_frames(run, trained):
    folder = run[1] / "motifs"
    activities, bouts = read(folder / "activities.csv"), read(folder / "activity_bouts.csv")
    assert [row["activity"] for row in activities] == ["a1", "a2"]
    for row in activities:
        assert sum(float(row[name]) for name in ("m01", "m02", "none")) == pytest.approx(1, abs=1e-4)
        assert int(row["bouts"]) == sum(b["activity"] == row["activity"] for b in bouts)
    frames = sum(int(b["stop_frame"]) - int(b["start_frame"]) for b in bouts)
    assert frames == sum(r.num_frames for r in trained.recordings)
    for row in read(folder / "activity_usage.csv"):
        assert float(row["a1"]) + float(row["a2"]) == pytest.approx(1, abs=1e-4)


def test_tables_say_what_is_unreliable(run):
    folder = run[1] / "motifs"
    motifs = {row["motif"]: row for row in read(folder / "motifs.csv")}
    for row in motifs.values():
        for kind in ("share", "length"):
            known = [float(row[f"{kind}_{name}"] or "nan") for name in ("split_half", "icc")]
            assert row[f"{kind}_unreliable"] == str(any(x < 0.5 for x in known))
    doubtful = [name for name, row in motifs.items() if row["share_unreliable"] == "True"]
    assert {row["unreliable"] for row in read(folder / "motif_usage.csv")} == {" ".join(doubtful)}


@pytest.mark.parametrize("other", ["motif_bouts_boris.csv", "elan"])
@pytest.mark.parametrize("tier", [None, "activity"])
def test_boris_and_elan_get_the_same_bouts(run, other, tier, monkeypatch):
    monkeypatch.chdir(run[1])
    kind = tier or "motif"
    tables = [f"motifs/{kind}_bouts.csv", f"motifs/{other.replace('motif', kind)}"]
    further = [] if tier is None else ["--tier", tier]
    assert main(["compare-labels", *tables, "--fps", "30", *further]) == 0
    figures = json.loads((run[1] / "compare_labels/compare_labels.json").read_text("utf-8"))["figures"]
    assert figures["accuracy"] == 1.0 and figures["boundary_f1"] in (1.0, None)


def test_pictures_show_something(run):
    folder = run[1] / "motifs"
    with Image.open(folder / "motifs.png") as picture:
        assert picture.width > 1000 and len(picture.convert("RGB").getcolors(10**7)) > 50
    clips = sorted(path.name for path in (folder / "clips").iterdir())
    assert clips == ["m01.gif", "m02.gif"]
    with Image.open(folder / "clips/m01.gif") as clip:
        assert clip.n_frames > 5


def test_intervals_of_nested_names_and_of_no_frame_rate(trained, tmp_path, caplog):
    model = htvae.load(trained.checkpoint, "cpu")
    names = ["day 1/walk & run", "day 1/../walk", "timeless"]
    fps = [25.0, 25.0, None]
    bare = [dataclasses.replace(model.process(trained.recordings[0]), name=name) for name in names]
    recordings = [
        dataclasses.replace(p, source=dataclasses.replace(p.source, name=p.name, fps=rate))
        for p, rate in zip(bare, fps, strict=True)
    ]
    bouts = [(Bout(i, 0, 5, 30, 0.9), "run") for i in range(3)]
    with caplog.at_level("WARNING"):
        paths = write_intervals(tmp_path, ("boris", "elan"), {"motif": bouts}, recordings)
    assert [p.relative_to(tmp_path).as_posix() for p in paths[:2]] == [
        "motif_bouts_boris.csv",
        "elan/day 1/walk & run.eaf",
    ]
    assert all(p.resolve().is_relative_to(tmp_path) for p in paths) and len(paths) == 3
    assert [row["Start (s)"] for row in read(paths[0])] == ["0.200", "0.200"]
    assert read_eaf(paths[1]) == {"motif": [Annotation(0.2, 1.2, "run")]}
    assert "1 recordings have no frame rate" in caplog.text
    with pytest.raises(ValueError, match="must lie in"):
        write_intervals(tmp_path, ("elan",), {}, [dataclasses.replace(recordings[0], name="../../x")])


def test_its_labels_can_be_trained_with(run, trained, tmp_path):
    for path in trained.folder.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    (tmp_path / "frame_labels.csv").write_bytes((run[1] / "motifs/frame_labels.csv").read_bytes())
    model = htvae.load(trained.checkpoint, "cpu")
    config = model.config.replace(data_dir=str(tmp_path), experiments_dir=str(tmp_path / "runs"))
    data = PoseDataLoader(config, processor=model.processor, splits=model.splits)
    assert {span.label for s in data.sequences for span in s.frame_labels} == {"m01", "m02"}


def test_applied_again_the_same_and_with_names_and_merges(run, capsys):
    start, folder = run
    assert start("--apply", "motifs", "--output_dir", "again") == 0
    for name in ("motif_bouts.csv", "activity_bouts.csv", "activities.csv"):
        assert (folder / "again" / name).read_bytes() == (folder / "motifs" / name).read_bytes()
    table = folder / "again/motifs.csv"
    table.write_text(
        table.read_text().replace("m01,m01,", "m01,stroll,").replace("m02,m02,", "m02,m02,stroll")
    )
    assert start("--apply", "again", "--output_dir", "merged") == 0
    assert {row["name"] for row in read(folder / "merged/motif_bouts.csv")} == {"stroll"}
    capsys.readouterr()
    assert start("--output_dir", "again") == 1
    assert "must not be overwritten, because motifs were renamed or merged" in capsys.readouterr().err


def test_few_recordings_are_in_memory_at_once(run, trained, monkeypatch):
    """Poses of all recordings together may be more than fits."""
    alive, most, transform = weakref.WeakSet(), [], PoseDataProcessor.transform

    def watch(self, sequence):
        made = transform(self, sequence)
        alive.add(made)
        most.append(len(alive))
        return made

    monkeypatch.setattr(PoseDataProcessor, "transform", watch)
    monkeypatch.setattr(motion_series, "BATCH_RECORDINGS", 1)
    assert run[0]("--num_motifs", "2", "--features", "pose", "--output_dir", "lean") == 0
    assert len(most) > 3 * len(trained.recordings) and max(most) <= 3


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        (["--num_motifs", "0"], "num_motifs must be at least 1"),
        (["--num_motifs", "5000"], "Ask for fewer with --num_motifs"),
        (["--bout_seconds", "0"], "bout_seconds must be above 0"),
        (["--activity_seconds", "0"], "activity_seconds must be above 0"),
        (["--num_activities", "-1"], "num_activities must be at least 0"),
        (["--num_motifs", "2", "--num_activities", "900"], "Ask for fewer with --num_activities"),
        (["--apply", "nowhere"], "must hold segmenter.npz of an earlier"),
        (["--apply", "motifs", "--output_dir", "motifs"], "must be another folder than that of apply"),
    ],
)
def test_mistakes_are_told(run, capsys, argv, message):
    start, _ = run
    with contextlib.suppress(SystemExit):  # wrong flags end the process
        assert start("--no-stability", *argv) == 1
    assert message in " ".join(capsys.readouterr().err.replace("│", " ").split())


def test_a_damaged_or_foreign_file_is_refused(run, tmp_path, capsys):
    start, folder = run
    (tmp_path / "segmenter.npz").write_bytes((folder / "motifs/segmenter.npz").read_bytes()[:500])
    assert start("--apply", str(tmp_path), "--output_dir", str(tmp_path / "out")) == 1
    assert "unreadable" in capsys.readouterr().err
    with np.load(folder / "motifs/segmenter.npz") as file:
        arrays = dict(file) | {"points": np.array(["NOSE"])}
    np.savez(tmp_path / "segmenter.npz", **arrays)
    assert start("--apply", str(tmp_path), "--output_dir", str(tmp_path / "out")) == 1
    assert "must belong to a model with the same landmarks" in capsys.readouterr().err


def write_motifs(path, *rows):
    path.write_text("\n".join(["motif,name,merge_into", *rows]) + "\n", encoding="utf-8")
    return path


def test_merges_are_followed_to_their_end(tmp_path):
    path = write_motifs(tmp_path / "motifs.csv", "m02,,run", "m03,run,m01", "m01,m01,")
    names, groups = read_table(path, 3)
    assert names == ["m01", "m02", "run"] and groups.tolist() == [0, 0, 0]
    assert is_edited(path) and not is_edited(tmp_path / "absent.csv")
    assert read_table(tmp_path / "absent.csv", 2)[1].tolist() == [0, 1]


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        (["m01,,m02", "m02,,m01"], "goes in a circle"),
        (["m01,,walk", "m02,,"], "merge_into must name a motif, but has 'walk'"),
        (["m01,,", "m01,,"], "must hold m01 to m02, each once"),
        (["m01,,"], "must hold m01 to m02, each once"),
    ],
)
def test_tables_that_make_no_sense_are_refused(tmp_path, rows, message):
    with pytest.raises(ValueError, match=message):
        read_table(write_motifs(tmp_path / "motifs.csv", *rows), 2)


def test_ids_are_as_wide_as_they_need_to_be():
    assert motif_ids(2) == ["m01", "m02"] and motif_ids(100)[0] == "m001"


def test_places_of_a_recording_at_another_rate_follow_each_other(trained):
    model = htvae.load(trained.checkpoint, "cpu")
    source = trained.recordings[0]
    faster = PoseSequence.from_array(np.repeat(source.pose, 2, axis=0), landmarks=source.landmarks, fps=60.0)
    processed = model.process(faster)
    frames = len(processed.pose)
    first, second = place_span(processed, 0, 10), place_span(processed, 10, frames)
    assert (first["start_frame"], first["stop_frame"]) == (0, 20) == (0, second["start_frame"])
    assert second["stop_frame"] == faster.num_frames
    assert first["stop_second"] == pytest.approx(20 / 60)
