"""Kill a process that writes a file, before each line it executes or at any moment."""

import contextlib
import io
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Collection
from pathlib import Path
from types import FrameType, ModuleType
from typing import Any

import psutil  # noqa: F401 - or each child would import it anew

NEVER = 10**9
Write = Callable[[], object]


def kill_at_each_line(
    path: Path, old: bytes, write: Write, modules: Collection[ModuleType]
) -> set[bytes]:
    """Let `write` be killed before each line of `modules` in turn; what the file held then.

    Each time, the next run must leave nothing beside the file but backups of the old one.
    """
    traced = {str(module.__file__) for module in modules}
    ends = set()
    for moment in range(1, 2_000):
        _reset(path, old)
        code = _in_child(lambda moment=moment: _up_to(moment, traced, write))  # type: ignore[misc]
        ends.add(path.read_bytes())
        next_run(path, old, write)
        if code == 0:
            assert moment > 15, moment
            return ends
        assert code == 9, code
    raise AssertionError("it never ends")


def kill_at_random(path: Path, old: bytes, write: Write, times: int, seed: int) -> set[bytes]:
    """Let `write` be killed `times` times by SIGKILL, somewhere between its start and its end."""
    chance = random.Random(seed)
    _reset(path, old)
    with contextlib.redirect_stdout(io.StringIO()):
        write()  # imports what the children need
    _reset(path, old)
    begun = time.perf_counter()
    assert _in_child(write) == 0
    usual = time.perf_counter() - begun
    ends = set()
    for _ in range(times):
        _reset(path, old)
        child = os.fork()
        if child == 0:
            _run(write)
        time.sleep(chance.uniform(0, 1.2 * usual))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        ends.add(path.read_bytes())
        next_run(path, old, write)
    return ends


def next_run(path: Path, old: bytes, write: Write) -> None:
    """Write again, to the end: nothing is left but the file and one backup of the old one."""
    before = path.read_bytes()
    assert _in_child(write) == 0
    others = [other for other in path.parent.iterdir() if other != path]
    assert len(others) <= 1, others
    assert all(other.suffix == ".bak" and other.read_bytes() == old for other in others), others
    if before != old:
        assert path.read_bytes() == before


def _reset(path: Path, old: bytes) -> None:
    for stray in path.parent.iterdir():
        stray.unlink()
    path.write_bytes(old)


def _in_child(work: Write) -> int:
    child = os.fork()
    if child == 0:
        _run(work)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _run(work: Write) -> None:
    """Run `work` and end the process; 0 when nothing was raised."""
    code = 1
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        work()
        code = 0
    finally:
        os._exit(code)


def _up_to(moment: int, traced: Collection[str], write: Write) -> None:
    """Run `write`, and end the process before its line number `moment` in the traced files."""
    left = moment

    def trace(frame: FrameType, event: str, argument: Any) -> Any:
        nonlocal left
        if frame.f_code.co_filename not in traced:
            return None
        if event == "line":
            left -= 1
            if left == 0:
                os._exit(9)
        return trace

    sys.settrace(trace)
    write()
