"""Rules on architectures: what the tables of the time model know of them too."""

from collections.abc import Iterator

from fitplan.accounting.weights import Role
from fitplan.questions.check.rule import Hit, error
from fitplan.questions.check.subject import Subject
from fitplan.timing.reading import timing_data

STEP = 32
"""Every known width is a multiple of this: heads, groups and quantization blocks need it."""


def wrong_hidden_sizes(subject: Subject) -> Iterator[Hit]:
    """Widths that no model has, or that the embedding or the table of dimensions has otherwise."""
    known = timing_data().dimensions
    for id, architecture in subject.file.architectures.items():
        stated, loc = architecture.hidden_size, ("architectures", id, "hidden_size")
        width = getattr(known.get(id), "hidden", stated)
        if stated and stated != width:
            yield loc, f"hidden size {stated}, but {id} has {width}", f"did you mean {width}?"
        elif stated % STEP:
            yield loc, f"hidden size {stated} is no multiple of {STEP}", "check it in config.json"
        elif stated and any(count % stated for count in _embeddings(subject, id)):
            message = f"the token embedding is no multiple of hidden size {stated}"
            yield loc, message, "check hidden_size and token_embedding"


def _embeddings(subject: Subject, id: str) -> Iterator[int]:
    for mix in subject.mixes:
        if mix.architecture_id == id:
            yield mix.elements(Role.TOKEN_EMBEDDING)


RULES = (
    error("hidden-size", "An architecture's width is that of its tensors.", wrong_hidden_sizes),
)
