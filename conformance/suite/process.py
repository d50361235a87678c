"""Child processes of a scenario: started, watched and surely ended.

Every process that a scenario needs goes through `Processes`, which ends each by its own pid, in
reverse order, whatever happened. It must not know what the processes are, and never ends one that
it did not start.
"""

from __future__ import annotations

import ctypes
import signal
import subprocess
from pathlib import Path
from typing import IO, Sequence

STOP_S_MAX = 5.0
"""How long a process may take to end after SIGTERM before it gets SIGKILL."""

_PR_SET_PDEATHSIG = 1
_LIBC = ctypes.CDLL(None)


class Failed(Exception):
    """A scenario cannot go on; the text says why, in one sentence for the person who runs it."""


class Child:
    """One process that was started, with the file that holds what it logged."""

    def __init__(self, name: str, popen: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.popen = popen
        self.log = log

    @property
    def running(self) -> bool:
        """Whether the process still runs."""
        return self.popen.poll() is None

    def kill(self) -> None:
        """Ends the process with SIGKILL, as a power cut would end it."""
        self.popen.kill()
        self.popen.wait()

    def stop(self) -> None:
        """Asks the process to end, and insists after `STOP_S_MAX`."""
        if self.running:
            self.popen.terminate()
            try:
                self.popen.wait(STOP_S_MAX)
            except subprocess.TimeoutExpired:
                self.kill()

    def last_lines(self, count: int) -> list[str]:
        """The last lines of the log."""
        if not self.log.exists():
            return []
        return self.log.read_text(errors="replace").splitlines()[-count:]


class Processes:
    """All processes of one scenario."""

    def __init__(self) -> None:
        self._children: list[Child] = []

    def start(
        self, name: str, argv: Sequence[str], log: Path, *, piped: bool = False
    ) -> Child:
        """Starts a process. Its standard error, and unless `piped` its standard output, go to
        `log`."""
        with log.open("ab") as sink:
            popen = subprocess.Popen(
                list(argv),
                stdin=subprocess.PIPE if piped else subprocess.DEVNULL,
                stdout=subprocess.PIPE if piped else sink,
                stderr=sink,
                start_new_session=True,
                preexec_fn=_die_with_parent,
            )
        child = Child(name, popen, log)
        self._children.append(child)
        return child

    def close(self) -> None:
        """Ends everything that was started here, the last one first."""
        while self._children:
            child = self._children.pop()
            child.stop()
            for pipe in (child.popen.stdin, child.popen.stdout):
                _close_quietly(pipe)


def run(*argv: str, timeout_s: float = 30.0, stdin: str | None = None) -> str:
    """Runs a command to its end and returns what it printed; raises `Failed` where it fails."""
    done = attempt(*argv, timeout_s=timeout_s, stdin=stdin)
    if done.returncode != 0:
        raise Failed(f"{' '.join(argv)} failed: {(done.stderr or done.stdout).strip()}")
    return done.stdout


def attempt(
    *argv: str, timeout_s: float = 30.0, stdin: str | None = None
) -> subprocess.CompletedProcess[str]:
    """Runs a command to its end, whatever its exit status."""
    try:
        return subprocess.run(
            argv, capture_output=True, text=True, timeout=timeout_s, input=stdin, check=False
        )
    except FileNotFoundError:
        raise Failed(f"the command {argv[0]} is missing; install it") from None
    except subprocess.TimeoutExpired:
        raise Failed(f"{' '.join(argv)} did not end within {timeout_s:.0f} s") from None


def _die_with_parent() -> None:
    """Runs in the child: it ends when the scenario does, even by SIGKILL."""
    _LIBC.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _close_quietly(pipe: IO[bytes] | None) -> None:
    if pipe is not None:
        try:
            pipe.close()
        except BrokenPipeError:
            pass
