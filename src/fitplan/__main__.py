"""`python -m fitplan`, and the console script: what comes before anything is imported."""

import os
import signal

_INTERRUPTED = 130


def run() -> None:
    """Run fitplan as a process; Ctrl-C ends it without a traceback, also during imports."""
    if signal.getsignal(signal.SIGINT) is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, _leave)
    from fitplan.cli import app

    app.run()


def _leave(*_: object) -> None:
    try:
        os.write(2, b"fitplan: interrupted\n")
    finally:
        os._exit(_INTERRUPTED)


if __name__ == "__main__":
    run()
