"""Processes that start at once: forks of one that has imported everything.

- `Forks` is the tests' end; the fixture ``forks`` has one for all tests of a session.
- Run as a script, this file is the process that forks. A JSON line says what to start, or whom to wait for.
"""

import json
import os
import subprocess
import sys
import threading
import traceback
from pathlib import Path
from typing import Any


class Child:
    """A process that was started.

    Args:
        forks: what started it.
        pid: its number.
        pipe: takes all that it prints. A file would not do: the size of files may be limited.
    """

    def __init__(self, forks: "Forks", pid: int, pipe: Path) -> None:
        self.forks, self.pid, self.pipe = forks, pid, pipe
        self.printed = ""
        self.reader = threading.Thread(target=self._read)
        self.reader.start()

    def _read(self) -> None:
        self.printed = self.pipe.read_text(encoding="utf-8")

    def wait(self) -> tuple[int, str]:
        """Return its exit code, less than 0 where a signal ended it, and what it printed."""
        code = self.forks.ask(wait=self.pid)
        self.reader.join()
        return int(code), self.printed


class Forks:
    """Starts processes.

    Args:
        folder: where the pipes of their outputs lie.
    """

    def __init__(self, folder: Path) -> None:
        self.folder, self.count = folder, 0
        single = dict.fromkeys(("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"), "1")
        self.server = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | single | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
        )

    def start(self, code: str, *argv: str, folder: Path, **environment: str) -> Child:
        """Run Python code in a process of its own.

        Args:
            code: what it runs; ``sys.exit`` gives its exit code.
            argv: its arguments.
            folder: its working folder.
            environment: variables that it has besides those of the tests.
        """
        self.count += 1
        pipe = self.folder / str(self.count)
        os.mkfifo(pipe)
        pid = self.ask(code=code, argv=argv, folder=str(folder), pipe=str(pipe), environment=environment)
        return Child(self, int(pid), pipe)

    def run(self, code: str, *argv: str, folder: Path, **environment: str) -> tuple[int, str]:
        """Run it to its end; return its exit code and what it printed."""
        return self.start(code, *argv, folder=folder, **environment).wait()

    def ask(self, **request: Any) -> Any:
        """Send a request to the process that forks; return its answer."""
        assert self.server.stdin and self.server.stdout
        print(json.dumps(request), file=self.server.stdin, flush=True)
        return json.loads(self.server.stdout.readline())

    def close(self) -> None:
        """End the process that forks."""
        self.server.communicate()


def serve() -> None:
    """Answer requests until there are no more."""
    for line in sys.stdin:
        request = json.loads(line)
        if "wait" in request:
            answer = os.waitstatus_to_exitcode(os.waitpid(request["wait"], 0)[1])
        else:
            answer = os.fork() or run_child(**request)
        print(json.dumps(answer), flush=True)


def run_child(code: str, argv: list[str], folder: str, pipe: str, environment: dict[str, str]) -> None:
    """Run the code in this process, and end it."""
    output, nothing = os.open(pipe, os.O_WRONLY), os.open(os.devnull, os.O_RDONLY)
    for source, target in ((nothing, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    os.close(output)
    os.chdir(folder)
    os.environ.update(environment)
    sys.argv = ["", *argv]
    status: Any = 0
    try:
        exec(compile(code, "<code>", "exec"), {"__name__": "__main__"})
    except SystemExit as error:
        status = error.code
    except BaseException:
        traceback.print_exc()
        status = 1
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(status if isinstance(status, int) else int(status is not None))


def import_everything() -> None:
    """Import what commands import late, too."""
    import pandas  # noqa: F401
    import sklearn.linear_model  # noqa: F401
    import torch._dynamo
    import torch.utils.tensorboard

    import htvae.cli.main
    import htvae.evaluation.evaluator
    import htvae.generation
    import htvae.training.trainer  # noqa: F401

    torch.set_num_threads(1)


if __name__ == "__main__":
    import_everything()
    serve()
