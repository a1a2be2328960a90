"""Writes docs/results.md, and the table of results in README.md, from the figures in benchmarks/results/.

    python benchmarks/write_results.py           write both
    python benchmarks/write_results.py --check   exit with 1 if they differ from the figures

- A file of figures holds one run: ``question``, ``recordings``, ``command`` (one, or several in order),
  ``commit``, ``date``, ``machine``, ``notes``, and ``measured``, a list. ``trained_at`` is the commit of
  training, where another one was scored. What nobody wrote down begins with "not noted".
- A figure in ``measured`` holds ``name``, ``unit``, ``better`` ("lower" or "higher"), ``ours``, and
  ``best_baseline`` (``name``, ``value``) or null. ``ratio`` stands only where the baseline's value is null.
  ``yardstick`` marks a baseline that is a ceiling, such as real motion. ``readme`` is the figure's name in
  README.md; a figure without it is left out there.
- The template page.md has one line ``<!-- table: QUESTION -->`` for each table, and ``<!-- commands -->``.
- ``quality_*.json``, ``ablation_*.json``, ``learning_*.json`` and ``drift_*.json`` come from benchmarks of
  these names. Their tables go after ``<!-- quality -->`` and so on; pictures belong in ``docs/images/``.
- Numbers are read as decimals, so that the page shows the digits that were written: 0.180 stays 0.180.
"""

import argparse
import importlib
import json
import re
import sys
from collections.abc import Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
RESULTS = ROOT / "benchmarks/results"
QUESTIONS = ("reconstruct", "complete", "generate", "read off the latents", "speed")
UNSEEN_PEOPLE = ("kinect", "vicon", "cmu", "demo")
"""Recordings whose people are either in training or in test, in the order of the tables."""
SHARED_PEOPLE = ("bandai2_long", "bandai2_clips")
"""Recordings of people who are in training and in test alike; tables say so, and have them last."""
RECORDINGS = ("random poses", *UNSEEN_PEOPLE, *SHARED_PEOPLE)
MADE = {
    "quality": ("### Beside other models, at equal numbers and equal training", "Error against numbers"),
    "ablation": ("### What each part brings", ""),
    "learning": ("### How many people it needs", "Error against training people"),
    "drift": ("### Minutes of motion: does it drift?", "Motion against time"),
}
"""Benchmarks whose outputs become tables: heading, and words of the picture or "". The tables are
made by the module NAME_show.py."""
RUN_FIELDS = {"question", "recordings", "command", "commit", "date", "machine", "notes", "measured"}
SHOWN_UNITS = ("frames/s", "GB", "min", "s")
"""Units that stand beside the number; the text above a table names the other units."""
FIGURE_FIELDS = {"name", "unit", "better", "ours", "best_baseline"}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing; exit with 1 if a page differs")
    check = parser.parse_args(argv).check
    differing = {path: text for path, text in render_pages(load_runs()).items() if read(path) != text}
    if check and differing:
        names = ", ".join(str(path.relative_to(ROOT)) for path in differing)
        print(
            f"{names} must show the figures in benchmarks/results, but shows others. "
            "Run: python benchmarks/write_results.py"
        )
        return 1
    for path, text in differing.items():
        path.write_text(text, encoding="utf-8")
    return 0


def read(path: Path) -> str:
    """Return the text of a page, or "" if it does not exist."""
    return path.read_text(encoding="utf-8") if path.exists() else ""


def load_runs(folder: Path = RESULTS) -> list[dict[str, Any]]:
    """Return the runs of all files: by question, then by recordings, then by file name.

    Raises:
        ValueError: if a file lacks a field, or has a question or recordings that no table knows.
    """
    runs = []
    for path in sorted(p for p in folder.glob("*.json") if p.name.split("_")[0] not in MADE):
        run = json.loads(path.read_text(encoding="utf-8"), parse_float=Decimal, parse_int=Decimal)
        check_run(run, path.name)
        runs.append(run)
    return sorted(
        runs, key=lambda run: (QUESTIONS.index(run["question"]), RECORDINGS.index(run["recordings"]))
    )


def describe_recordings(name: str, question: str) -> str:
    """Return the cell of a set of recordings, which says where training and test share people."""
    return f"{name}, people shared" if name in SHARED_PEOPLE and question != "speed" else name


def check_run(run: dict[str, Any], file: str) -> None:
    """Raise ValueError if a run lacks a field or has a wrong one; `load_runs` says which."""
    if missing := RUN_FIELDS - set(run):
        raise ValueError(f"{file} must have {sorted(RUN_FIELDS)}, but lacks {sorted(missing)}.")
    if run["recordings"] not in RECORDINGS:
        raise ValueError(f"{file}: recordings must be one of {RECORDINGS}, but got {run['recordings']!r}.")
    if run["question"] not in QUESTIONS:
        raise ValueError(f"{file}: question must be one of {QUESTIONS}, but got {run['question']!r}.")
    for figure in run["measured"]:
        if missing := FIGURE_FIELDS - set(figure):
            raise ValueError(
                f"{file}: a figure must have {sorted(FIGURE_FIELDS)}, but lacks {sorted(missing)}."
            )
        if figure["better"] not in ("lower", "higher"):
            raise ValueError(f'{file}: better must be "lower" or "higher", but got {figure["better"]!r}.')
        baseline = figure["best_baseline"]
        if baseline and (baseline["value"] is None) != ("ratio" in figure):
            raise ValueError(
                f"{file}: {figure['name']!r} must have either a baseline's value or a ratio, never both."
            )


def render_pages(runs: list[dict[str, Any]]) -> dict[Path, str]:
    """Return the text of each page that shows figures."""
    page = read(RESULTS / "page.md")
    for question in QUESTIONS:
        page = page.replace(f"<!-- table: {question} -->", render_table(runs, question))
    for made in MADE:
        page = page.replace(f"<!-- {made} -->\n", render_made(RESULTS, made))
    page = page.replace("<!-- commands -->", render_commands(runs))
    readme = re.sub(
        r"(<!-- results -->\n).*?(<!-- end of results -->)",
        lambda found: f"{found[1]}{render_readme_table(runs)}\n{found[2]}",
        read(ROOT / "README.md"),
        flags=re.DOTALL,
    )
    return {ROOT / "docs/results.md": page, ROOT / "README.md": readme}


def render_table(runs: list[dict[str, Any]], question: str) -> str:
    """Return the table of one question, a row for each figure."""
    rows = [
        [describe_recordings(run["recordings"], question), figure["name"], *render_figure(figure)]
        for run in runs
        if run["question"] == question
        for figure in run["measured"]
    ]
    return join_table(["recordings", "what was measured", "ours", "compared with", "ratio"], rows)


def render_made(folder: Path, made: str) -> str:
    """Return the tables of a benchmark of `MADE` with what stands above and below each; empty without one."""
    parts, (heading, words) = [], MADE[made]
    for path in sorted(folder.glob(f"{made}_*.json")):
        show = importlib.import_module(f"{made}_show")
        result = json.loads(path.read_text(encoding="utf-8"))
        picture = [f"![{words}](images/{path.stem}.png)"] if words else []
        commands = "\n".join(f"    {command}" for command in result["command"])
        parts.append(
            "\n\n".join([show.describe(result), show.render_table(result), *picture, commands]) + "\n"
        )
    return "\n".join(["", heading, "", *parts]) if parts else ""


def render_readme_table(runs: list[dict[str, Any]]) -> str:
    """Return the table of README.md, a row for each figure with a ``readme`` name."""
    figures = [figure for run in runs for figure in run["measured"] if "readme" in figure]
    rows = [[figure["readme"], *render_figure(figure)] for figure in figures]
    return join_table(["what was measured", "ours", "compared with", "ratio"], rows)


def render_figure(figure: dict[str, Any]) -> list[str]:
    """Return ours, what it is compared with, and the ratio, as cells."""
    unit = f" {figure['unit']}" if figure["unit"] in SHOWN_UNITS else ""
    ours = f"**{figure['ours']:,}**{unit}"
    baseline = figure["best_baseline"]
    if baseline is None:
        return [ours, "none measured", ""]
    value = baseline["value"]
    name = (
        f"{baseline['name']} (its own figure was not noted)"
        if value is None
        else f"{value:,} ({baseline['name']})"
    )
    ratio = figure["ratio"] if value is None else figure["ours"] / value
    if baseline.get("yardstick"):
        return [ours, name, f"{ratio:.2f} of it"]
    if ratio < 0:
        return [ours, name, "ahead"]
    is_ahead = ratio < 1 if figure["better"] == "lower" else ratio > 1
    return [ours, name, f"{ratio:.2f} x, {'ahead' if is_ahead else '**behind**'}"]


def render_commands(runs: list[dict[str, Any]]) -> str:
    """Return machines, then the commands with commit and date; runs by the same commands are joined."""
    machines = [m for m in dict.fromkeys(run["machine"] for run in runs) if m != "not noted"]
    together: dict[tuple[Any, ...], list[str]] = {}
    for run in runs:
        commands = tuple(run["command"]) if isinstance(run["command"], list) else (run["command"],)
        source = (run["recordings"], render_source(run, machines), commands)
        note = f"*{run['question'].capitalize()}*: {run['notes']}"
        together.setdefault(source, []).append(note)
    lines = [f"- **Machine {letter(i)}**: {machine}." for i, machine in enumerate(machines)]
    for (recordings, source, commands), notes in together.items():
        lines += ["", f"**{recordings}**, {source}. {' '.join(notes)}", ""]
        lines += [f"    {command}" for command in commands]
    return "\n".join(lines)


def render_source(run: dict[str, Any], machines: list[str]) -> str:
    """Return commits, date and machine of a run."""
    commit = f"commit {run['commit']}"
    if trained_at := run.get("trained_at"):
        commit = f"trained at commit {trained_at}, scored at {commit}"
    date = "date not noted" if run["date"] == "not noted" else run["date"]
    machine = letter(machines.index(run["machine"])) if run["machine"] in machines else run["machine"]
    return f"{commit}, {date}, machine {machine}"


def letter(index: int) -> str:
    """Return A, B, C, ..."""
    return chr(ord("A") + index)


def join_table(header: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


if __name__ == "__main__":
    sys.exit(main())
