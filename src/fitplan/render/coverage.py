"""Every model in every program, as a Markdown page with its sources.

`python -m fitplan.render.coverage docs/coverage.md` writes that of the shipped catalog.
"""

import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import assert_never

from fitplan.accounting.runtime import Runtime
from fitplan.accounting.weights import Container
from fitplan.questions.coverage import (
    Answered,
    Coverage,
    HasPairs,
    NoFile,
    NoRules,
    NotSupported,
)

_HEAD = """\
# Which program runs which model

Made from the catalog and the rules of the newest known version of each program; a test holds it
true. A number is how many pairs of denoiser and text encoder the program loads. *code*: no such
pair was measured in the program, the rules were only read in its source. Below the table stands
why a program loads none, with the source.

- *needs …*: the program knows the model, but the catalog has no file of a part that it loads.
- *not supported*: the program has no such model.
- *no rules*: nothing is known; fitplan says neither that it loads nor that it does not.

"""
_KINDS = {
    Container.GGUF: "GGUF",
    Container.SAFETENSORS: "one file",
    Container.FOLDER: "folder",
}


def coverage_page(found: Sequence[Coverage], runtimes: Sequence[Runtime]) -> str:
    """The whole page: the table, then the reasons."""
    titles = [_program(runtime) for runtime in runtimes]
    head = f"| model | {' | '.join(titles)} |\n|---|{'---|' * len(titles)}\n"
    notes = _numbered(found, titles)
    rows = (_row(model, titles, notes) for model in found)
    return _HEAD + head + "".join(rows) + "\n" + "".join(map(_note, notes.items()))


def _program(runtime: Runtime) -> str:
    return runtime.title.partition(" (")[0]


def _row(model: Coverage, titles: Sequence[str], notes: dict[str, int]) -> str:
    cells = (
        _cell(answer) + _mark(_reason(answer, title), notes)
        for answer, title in zip(model.answers, titles, strict=True)
    )
    return f"| {model.name} | {' | '.join(cells)} |\n"


def _cell(answer: Answered) -> str:
    match answer:
        case HasPairs():
            return f"{answer.pairs}{'' if answer.measured else ' *code*'}"
        case NoFile():
            return f"needs {answer.component} as {_kinds(answer.takes)}"
        case NotSupported():
            return "not supported"
        case NoRules():
            return "no rules"
        case _:
            assert_never(answer)


def _kinds(takes: Iterable[Container]) -> str:
    return " or ".join(_KINDS[container] for container in takes) or "a file"


def _reason(answer: Answered, title: str) -> str:
    """Why the program loads none, with its name and the source; "" where it loads some."""
    match answer:
        case HasPairs():
            return ""
        case NoRules():
            return _without_mode(answer.reason, title)
        case NoFile() | NotSupported():
            return f"{_without_mode(answer.reason, title)} ({answer.source})"
        case _:
            assert_never(answer)


def _without_mode(reason: str, title: str) -> str:
    """`ComfyUI 0.33 (dynamic) does …` as `ComfyUI 0.33 does …`."""
    before, found, after = reason.partition(f"{title} (")
    return f"{before}{title}{after.partition(')')[2]}" if found else reason


def _numbered(found: Iterable[Coverage], titles: Sequence[str]) -> dict[str, int]:
    """Every reason once, numbered from 1 in the order of the table."""
    reasons = (
        _reason(answer, title)
        for model in found
        for answer, title in zip(model.answers, titles, strict=True)
    )
    return {reason: n for n, reason in enumerate(dict.fromkeys(filter(None, reasons)), 1)}


def _mark(reason: str, notes: dict[str, int]) -> str:
    return f" [{notes[reason]}]" if reason else ""


def _note(numbered: tuple[str, int]) -> str:
    reason, number = numbered
    return f"{number}. {reason}\n"


def shipped_page() -> str:
    """The page of the shipped catalog and the newest versions."""
    from fitplan.catalog.reading import load_catalog
    from fitplan.questions.coverage import coverage
    from fitplan.runtimes import newest

    programs = newest()
    return coverage_page(coverage(load_catalog(), programs), programs)


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(shipped_page(), encoding="utf-8", newline="\n")
