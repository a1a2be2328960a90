"""The commands: each parses its flags, then calls one function of a lower floor.

- A setting comes from the first of: a flag; the file given with ``--config``; ``configs/config.py`` of the
  working folder; the defaults.
- Heavy imports stand inside the commands, after their flags are parsed, so that ``--help`` and mistakes are
  answered at once.
"""

import argparse
import io
import logging
import os
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from htvae import __version__
from htvae.cli.attention.command import attention
from htvae.cli.compare.command import compare
from htvae.cli.data import check_data, demo_data, import_, pack, repair
from htvae.cli.demo import demo
from htvae.cli.evaluate import encode, evaluate, reconstruct
from htvae.cli.explore.command import explore
from htvae.cli.export.command import export
from htvae.cli.find.command import find
from htvae.cli.find.detect import detect
from htvae.cli.generate import complete, continue_, edit, generate, interpolate
from htvae.cli.judge.command import judge
from htvae.cli.latents.command import latents
from htvae.cli.motifs.command import motifs
from htvae.cli.motifs.compare_labels import compare_labels
from htvae.cli.norm.command import norm
from htvae.cli.power.command import power
from htvae.cli.report.command import report
from htvae.cli.surprise.command import surprise
from htvae.cli.train import train, train_prior
from htvae.utils.world import World


def main(argv: Sequence[str] | None = None) -> int:
    """Run ``htvae COMMAND ...`` and return the exit code."""
    parser = argparse.ArgumentParser(
        prog="htvae",
        usage="htvae COMMAND [OPTIONS], or htvae COMMAND --help",
        description="Learn from folders of pose recordings with a hierarchical transformer VAE.",
        epilog=_list_commands(),
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"htvae {__version__}")
    parser.add_argument("command", choices=COMMANDS, help=argparse.SUPPRESS)
    argv = sys.argv[1:] if argv is None else argv
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # names that the terminal's encoding lacks
    return run_command(COMMANDS[parser.parse_args(argv[:1]).command], argv[1:])


def run_command(command: Callable[[Sequence[str]], None], argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code. Errors become messages here and nowhere else.

    - A user's mistake raises ValueError (wrong content) or OSError (files): a message, and exit code 1.
    - Wrong flags have already ended the process with exit code 2.
    - Any other error is a fault of the program and keeps its traceback. HTVAE_DEBUG=1 in the environment
      keeps every traceback.
    """
    with _log_to_stderr():
        try:
            command(sys.argv[1:] if argv is None else argv)
        except KeyboardInterrupt as interruption:
            if World.from_environment().rank == 0:
                print(str(interruption) or "Interrupted.", file=sys.stderr)
            return 130
        except BrokenPipeError:  # the reader of the output has ended, e.g. head
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            return 1
        except (ValueError, OSError) as error:
            if os.environ.get("HTVAE_DEBUG", "0") != "0":
                raise
            print(f"error: {_describe(error)}", file=sys.stderr)
            return 1
    return 0


COMMANDS: dict[str, Callable[[Sequence[str]], None]] = {
    "train": train,
    "evaluate": evaluate,
    "encode": encode,
    "reconstruct": reconstruct,
    "train-prior": train_prior,
    "generate": generate,
    "continue": continue_,
    "complete": complete,
    "interpolate": interpolate,
    "edit": edit,
    "motifs": motifs,
    "compare-labels": compare_labels,
    "find": find,
    "detect": detect,
    "attention": attention,
    "latents": latents,
    "compare": compare,
    "surprise": surprise,
    "report": report,
    "explore": explore,
    "export": export,
    "norm": norm,
    "judge": judge,
    "power": power,
    "check-data": check_data,
    "repair": repair,
    "import": import_,
    "pack": pack,
    "demo-data": demo_data,
    "demo": demo,
}


def _describe(error: ValueError | OSError) -> str:
    """Return the message of an error; an error of the operating system gets our form of message."""
    if not isinstance(error, OSError) or error.errno is None:
        return str(error)
    return (
        f"{error.filename or 'A file'}: must be accessible, but the system says: {error.strerror}. "
        "Check the path, its permissions and the space on the disk."
    )


def _list_commands() -> str:
    lines = [f"  {name:<15} {command.__doc__}" for name, command in COMMANDS.items()]
    return "\n".join(["commands:", *lines, "", "HTVAE_DEBUG=1 shows the traceback of an error."])


@contextmanager
def _log_to_stderr() -> Iterator[None]:
    """Send the package's log to stderr while a command runs: plain lines, warnings marked as such.

    If there are several processes, all but the first log only errors.
    """
    package, handler = logging.getLogger("htvae"), logging.StreamHandler()
    handler.setFormatter(_PlainFormatter())
    level = package.level
    package.addHandler(handler)
    package.setLevel(logging.INFO if World.from_environment().rank == 0 else logging.ERROR)
    try:
        yield
    finally:
        package.removeHandler(handler)
        package.setLevel(level)


class _PlainFormatter(logging.Formatter):
    """Formats information as ``message``, graver records as ``warning: message`` or ``error: message``."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line for a record."""
        line = super().format(record)
        return f"{record.levelname.lower()}: {line}" if record.levelno >= logging.WARNING else line
