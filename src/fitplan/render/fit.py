"""Which file of a repository to download: a ranked table with one line of advice, and JSON."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, JustifyMethod, RenderableType
from rich.table import Table
from rich.text import Text

from fitplan.accounting.runtime import Runtime
from fitplan.hub.download import command
from fitplan.hub.listing import Repository
from fitplan.hub.models import RemoteProblem
from fitplan.planning.pairs import Choice
from fitplan.planning.report import Budget
from fitplan.questions.fit import Choices, Pair, Without
from fitplan.render.document import runtime_document
from fitplan.render.documents.fit import FitDocument, FittedFileEntry, FittedPairEntry, WithoutEntry
from fitplan.render.remote import partner_name, problem_lines, why_not
from fitplan.render.rich_tables import bare_table, plain_console
from fitplan.render.text import printable
from fitplan.units import GB, GIB, format_gib

_MODEL = 15
"""Columns that a model's name takes at most on a narrow terminal."""
_TEXT = frozenset({"Model", "File", "Beside"})


@dataclass(frozen=True, slots=True)
class FitReport:
    """The answer to "which file of this repository?"."""

    repository: Repository
    choices: Choices
    problems: tuple[RemoteProblem, ...]
    budget: Budget
    runtime: Runtime
    files: int
    """Models that were read."""


def fit_table(report: FitReport, width: int) -> RenderableType:
    """Title, pairs, what is left out and why, the file to download and how."""
    parts: list[RenderableType] = [Text(_title(report), style="bold")]
    if report.choices.pairs:
        parts += [_pairs(report, width), Text(_LEGEND, style="dim")]
    parts += _left_out(report)
    if report.choices.pairs:
        parts += [Text(""), Text(printable(advice(report)), style="green")]
        parts += [Text(printable(line), style="cyan") for line in commands(report.choices.pairs[0])]
    return Group(*parts)


_LEGEND = "GB as downloaded; Cache and Free: of the whole pair; dB: closeness to full precision."


def _title(report: FitReport) -> str:
    repository, room = report.repository, format_gib(report.budget.cache_bytes)
    asked = " (this machine's RAM minus 2 GiB)" if report.budget.source == "machine" else ""
    found = "The best pair of each file" if report.choices.pairs else "No file makes a pair"
    name = f"{printable(repository.name)} at {repository.commit[:8]}"
    return f"{name}: {found} in {room}{asked} of {report.runtime.budget_name}"


def _pairs(report: FitReport, width: int) -> Table:
    paper = plain_console()
    wide = _table(report.choices.pairs, full=True)
    fits = paper.measure(wide).maximum <= width
    return wide if fits else _table(report.choices.pairs, full=False)


def _table(pairs: Sequence[Pair], *, full: bool) -> Table:
    table = bare_table()
    several = len({pair.plan.pipeline_id for pair in pairs}) > 1
    model = ["Model"] if several else []
    ram = ["RAM\nGiB"] if full else []
    for heading in (*model, "File", "GB", "Beside", "Cache\nGiB", *ram, "Free\nGiB", "dB"):
        side: JustifyMethod = "left" if heading in _TEXT else "right"
        folds = heading in _TEXT and not full
        most = _MODEL if heading == "Model" and folds else None
        table.add_column(heading, justify=side, no_wrap=not folds, overflow="fold", max_width=most)
    for pair in pairs:
        table.add_row(*_cells(pair, several, full))
    return table


def _cells(pair: Pair, several: bool, full: bool) -> Iterator[RenderableType]:
    plan = pair.plan
    if several:
        yield Text(printable(plan.pipeline.name))
    yield Text(printable(pair.candidate.remote.name))
    yield f"{pair.choice.file.weights.file_bytes / GB:.2f}"
    yield Text(printable(partner_name(pair)))
    yield f"{plan.cache_bytes / GIB:.2f}"
    if full:
        yield f"{plan.real_bytes / GIB:.2f}"
    yield f"{pair.headroom_bytes / GIB:.2f}"
    yield _quality(pair)


def _quality(pair: Pair) -> str:
    return "?" if pair.plan.quality_db is None else f"{pair.plan.quality_db:.1f}"


def _left_out(report: FitReport) -> Iterator[Text]:
    for item in report.choices.without:
        model = f" ({item.pipeline.name})" if item.pipeline else ""
        yield Text(f"- {printable(item.remote.name + model)}: {printable(why_not(item))}")
    yield from problem_lines([(problem.path, problem.error) for problem in report.problems])


def advice(report: FitReport) -> str:
    """One line: which file, and why no other."""
    best = report.choices.pairs[0]
    room, spare = format_gib(report.budget.cache_bytes), format_gib(best.headroom_bytes)
    file = best.candidate.remote.name
    of = f"of {report.files} files " if report.files > 1 else ""
    line = f"Download {file}: {of}it makes the best pair for {best.plan.pipeline.name}, "
    line += f"{_quality(best)} dB beside {partner_name(best)}, with {spare} of {room} to spare"
    return line + _but(report.choices.better_but)


def _but(better: Pair | Without | None) -> str:
    if better is None:
        return "."
    if isinstance(better, Without):
        return f"; the next better, {better.remote.name}, is {why_not(better)}."
    beside = f"leaves room for {partner_name(better)} only ({_quality(better)} dB)"
    return f"; the next better, {better.candidate.remote.name}, {beside}."


def commands(pair: Pair) -> Iterator[str]:
    """How to download the file, and its partner when the catalog knows where it is."""
    remote = pair.candidate.remote
    revision = remote.repository.address.revision
    yield command(remote.repository.name, remote.files, revision, remote.folder or "")
    partner = pair.partner.file
    start = "https://huggingface.co/"
    if partner.url and partner.file and partner.url.startswith(start):
        repository = "/".join(partner.url.removeprefix(start).split("/")[:2])
        yield command(repository, [partner.file])


def fit_document(report: FitReport) -> FitDocument:
    """`fitplan.fit/1`."""
    repository, runtime, pairs = report.repository, report.runtime, report.choices.pairs
    return {
        "schema": "fitplan.fit/1",
        "repository": repository.name,
        "revision": repository.address.revision,
        "commit": repository.commit,
        "date": repository.date or None,
        "budget": {"cache_bytes": report.budget.cache_bytes, "source": report.budget.source},
        "runtime": {**runtime_document(runtime), "modes": dict(runtime.modes)},
        "pairs": [_pair(pair, rank) for rank, pair in enumerate(pairs, 1)],
        "without": [_without(item) for item in report.choices.without],
        "problems": [
            {"path": str(problem.path), "message": problem.error.message}
            for problem in report.problems
        ],
        "advice": advice(report) if pairs else None,
        "commands": list(commands(pairs[0])) if pairs else [],
    }


def _pair(pair: Pair, rank: int) -> FittedPairEntry:
    plan, remote = pair.plan, pair.candidate.remote
    return {
        "rank": rank,
        "file": remote.name,
        "files": list(remote.files),
        "model": plan.pipeline.name,
        "model_id": plan.pipeline_id,
        "denoiser": _choice(plan.denoiser),
        "encoder": _choice(plan.encoder),
        "file_bytes": plan.file_bytes,
        "cache_bytes": plan.cache_bytes,
        "real_bytes": plan.real_bytes,
        "headroom_bytes": pair.headroom_bytes,
        "quality_db": None if plan.quality_db is None else round(plan.quality_db, 2),
    }


def _choice(choice: Choice) -> FittedFileEntry:
    file = choice.file
    return {
        "id": file.id,
        "quant": file.quant,
        "file": file.file,
        "url": file.url,
        "file_bytes": file.weights.file_bytes,
        "cache_bytes": choice.residency.cache_bytes,
        "real_bytes": choice.residency.real_bytes,
        "rel_error": None if file.rel_error is None else round(file.rel_error, 4),
        "basis": file.basis,
    }


def _without(item: Without) -> WithoutEntry:
    return {
        "file": item.remote.name,
        "files": list(item.remote.files),
        "model": item.pipeline.name if item.pipeline else None,
        "reason": item.reason,
        "needed_bytes": item.needed_bytes,
    }
