"""Ctrl-C ends fitplan within a second, whatever it does; `pack` shows the best set so far."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest

from fitplan.cli import interrupts
from fitplan.questions.pack import solver
from fitplan.questions.pack.problem import Bundle, Item, Limits, Option, PackingProblem, fault

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.name == "nt", reason="sends a POSIX signal"),
]

READY = """
import os, signal
from fitplan.__main__ import run
set_handler = signal.signal
def first(*given):
    signal.signal = set_handler
    set_handler(*given)
    os.write(1, b">")
signal.signal = first
run()
"""
"""Says that fitplan listens; an interrupt before that, while Python starts, isn't its to answer."""

TRIES = 40


def interrupted(
    arguments: list[str], seconds: float, ripe: Callable[[int], bool] = lambda _: True
) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process that hears Ctrl-C `seconds` after it is `ripe`."""
    command = [sys.executable, "-c", READY, *arguments]
    environment = {**os.environ, "OPENBLAS_NUM_THREADS": "1"}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment
    ) as process:
        assert process.stdout is not None
        assert process.stdout.read(1) == b">"
        while process.poll() is None and not ripe(process.pid):
            time.sleep(0.01)
        time.sleep(seconds)
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)
    return process.returncode, out.decode(), err.decode()


def solving(process: int) -> bool:
    """Whether a process has a second thread: the one in which the solver works."""
    return len(list(Path(f"/proc/{process}/task").iterdir())) > 1


def test_no_moment_has_a_traceback() -> None:
    """During imports, planning, solving and printing: 130, or done before; one line at most."""
    random = Random(13)
    for attempt in range(TRIES):
        arguments = [["--ram", "14"], ["pack", "--ram", "14"], ["check"]][attempt % 3]
        code, _, err = interrupted(arguments, 0.003 + random.random() ** 2 * 0.8)
        assert code in (0, 130)
        assert err in ("", "fitplan: interrupted\n")


IN_A_DESTRUCTOR = """
import signal, sys, time
from fitplan.cli import interrupts

class Heard:
    def __del__(self):
        signal.raise_signal(signal.SIGINT)

interrupts.listen()
try:
    for _ in range(200):
        Heard()
        time.sleep(0.002)
except KeyboardInterrupt:
    print("interrupted")
"""


def test_an_interrupt_in_a_destructor_is_raised_behind_it() -> None:
    """Python drops what a destructor raises; nothing is printed and the interrupt isn't lost."""
    for _ in range(5):
        ran = subprocess.run(
            [sys.executable, "-c", IN_A_DESTRUCTOR], capture_output=True, text=True, timeout=60
        )
        assert (ran.stdout, ran.stderr) == ("interrupted\n", "")


def hard_catalog(folder: Path) -> Path:
    """Two hundred models that share encoders: minutes of work for the solver."""
    random = Random(3)
    quants = ["Q2_K", "Q3_K_S", "Q3_K_M", "Q4_K_M", "Q5_K_M", "Q6_K"]
    lines = ["version: 1", "sources:", "  t: {title: made for a test}", "components:"]
    models = 200
    kinds = [("encoder", "qwen3-4b", models // 3), ("denoiser", "z-image", models)]
    for kind, architecture, count in kinds:
        for number in range(count):
            blocks, error = random.randint(30_000, 800_000), 0.3
            lines += [
                f"  {kind}-{number}:",
                f"    {{kind: {kind}, name: {kind} {number}, architecture: {architecture},",
                "     releases: [{publisher: t, format: gguf, source: t, confidence: high,",
                "     variants: [",
            ]
            for quant in quants:
                blocks, error = int(blocks * (1 + random.random())), error * random.random()
                lines.append(
                    f"       {{quant: {quant}, bytes: {blocks * 272 + 100}, rel_error: {error:.4f},"
                    f" weights: {{weights: {{Q8_0: {blocks * 256}}}}}}},"
                )
            lines.append("     ]}]}")
    lines.append("pipelines:")
    for number in range(models):
        lines.append(
            f"  hard-{number}: {{name: hard {number}, denoiser: denoiser-{number}, "
            f"encoders: [encoder-{random.randrange(models // 3)}], vae: flux1-vae, license: none, "
            f'distilled: "no", elo: {{value: {random.randint(900, 1200)}, as_of: 2026-07, '
            "source: t}}"
        )
    path = folder / "hard.yaml"
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks for threads in /proc")
@pytest.mark.parametrize("objective", ["value", "count"])
def test_pack_shows_the_best_set_so_far(tmp_path: Path, objective: str) -> None:
    """Exit code 130 and a set that fits; what isn't proved is marked so."""
    path = str(hard_catalog(tmp_path))
    arguments = ["pack", "--ram", "10", "--catalog", path, "--model", "hard", "--json"]
    code, out, err = interrupted([*arguments, "--objective", objective], 0.2, solving)
    assert (code, err) == (130, "fitplan: interrupted\n")
    document = json.loads(out)
    assert document["plans"]
    assert 0 < document["cache_bytes"] <= 10 * 2**30
    assert document["proof"]["status"] in ("interrupted", "optimal")
    assert document["next_gib"] is None


def hard_problem() -> PackingProblem:
    """A knapsack of a thousand files."""
    random = Random(5)
    items = [Item(f"c{i}", random.randint(10**6, 10**9), 0) for i in range(1000)]
    bundles = [
        Bundle(str(i), (Option(2 * i, 2 * i + 1, random.randint(10**5, 10**6)),))
        for i in range(500)
    ]
    return PackingProblem(tuple(items), tuple(bundles), Limits(10**10))


@pytest.mark.parametrize("objective", ["value", "count"])
def test_an_interrupt_in_the_solver_is_an_answer(
    monkeypatch: pytest.MonkeyPatch, objective: str
) -> None:
    """HiGHS stops, and what it had (or a greedy guess) holds in integers."""
    problem = hard_problem()
    waits = iter([False])
    import highspy

    wait = highspy.Highs.wait

    def pressed(self: highspy.Highs, timeout: float = -1.0) -> object:
        if next(waits, True) is False:
            raise KeyboardInterrupt
        return wait(self, 5.0)

    monkeypatch.setattr(highspy.Highs, "wait", pressed)
    found = solver.solve(problem, "count" if objective == "count" else "value", 60)
    assert isinstance(found, solver.Solved)
    assert found.proof.status == "interrupted"
    assert fault(problem, found.selection) == ""


def test_an_interrupt_that_a_library_turned_into_its_own_error_is_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """An extension module answers Ctrl-C during its import with ImportError."""
    from fitplan.cli import app, plan

    def fails(*_: object) -> int:
        raise ImportError("initialization failed")

    monkeypatch.setattr(plan, "execute", fails)
    monkeypatch.setattr(interrupts, "heard", lambda: True)
    assert app.main(["--ram", "14"]) == 130
    assert capsys.readouterr() == ("", "fitplan: interrupted\n")
    monkeypatch.setattr(interrupts, "heard", lambda: False)
    with pytest.raises(ImportError):
        app.main(["--ram", "14"])
