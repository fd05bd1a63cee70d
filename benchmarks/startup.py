"""CPU time of `fitplan --ram 14 --json` against a one-command typer program, in one run.

Usage: python benchmarks/startup.py [RUNS]. Prints both medians and their ratio, at most 2.
"""

import os
import statistics
import subprocess
import sys

ONE_COMMAND = """
import typer
app = typer.Typer()
@app.command()
def main(name: str = "x") -> None:
    print("hello", name)
app()
"""
FITPLAN = "from fitplan.cli.app import run; run()"


def cpu_seconds(*command: str) -> float:
    """User and system time of one finished process."""
    before = os.times()
    subprocess.run([sys.executable, "-c", *command], check=True, stdout=subprocess.DEVNULL)
    after = os.times()
    return (
        after.children_user + after.children_system - before.children_user - before.children_system
    )


def main(runs: int) -> None:
    """Interleave both programs, so that a slower moment slows both."""
    pairs = [
        (cpu_seconds(ONE_COMMAND), cpu_seconds(FITPLAN, "--ram", "14", "--json"))
        for _ in range(runs)
    ]
    baseline, ours = (statistics.median(times) for times in zip(*pairs, strict=True))
    ratio = statistics.median(b / a for a, b in pairs)
    print(f"one-command typer program: {baseline:.3f} s")
    print(f"fitplan --ram 14 --json:   {ours:.3f} s, ratio {ratio:.2f}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 15)
