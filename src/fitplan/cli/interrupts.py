"""Ctrl-C: heard once, remembered, and never answered with a traceback."""

import _thread
import os
import signal
import sys
import threading
from types import FrameType

from fitplan.errors import EXIT_INTERRUPTED

_heard = threading.Event()


def listen() -> None:
    """Raise KeyboardInterrupt on Ctrl-C, again if a library dropped it; nothing where it's off."""
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        return
    signal.signal(signal.SIGINT, _raise)
    sys.unraisablehook = _unraisable


def leave_at_once() -> None:
    """From now on Ctrl-C ends the process without a word; nothing where it's off."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, lambda *_: os._exit(EXIT_INTERRUPTED))


def heard() -> bool:
    """Whether Ctrl-C came: what is raised after it, of whatever type, comes from it."""
    return _heard.is_set()


def _raise(signum: int, frame: FrameType | None) -> None:
    _heard.set()
    if _in_hook(frame):
        _raise_later()
    else:
        raise KeyboardInterrupt


def _in_hook(frame: FrameType | None) -> bool:
    """Whether `_unraisable` is at work: what it raises is only printed."""
    while frame is not None:
        if frame.f_code is _unraisable.__code__:
            return True
        frame = frame.f_back
    return False


def _raise_later() -> None:
    again = threading.Timer(0.001, _thread.interrupt_main)
    again.daemon = True
    again.start()


def _unraisable(dropped: "sys.UnraisableHookArgs") -> None:
    """An interrupt in a destructor or callback is dropped by Python: raise it once more."""
    if isinstance(dropped.exc_value, KeyboardInterrupt):
        _raise_later()
    else:
        sys.__unraisablehook__(dropped)


def ignore() -> None:
    """The answer is out: an interrupt while Python ends would only take its exit code away.

    Python gives signals their default back while it ends, but leaves those that are ignored.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
