"""The command line: parse → core → render → exit. One module per command."""

from fitplan.cli.app import main

__all__ = ["main"]
