"""Rules on architectures: what the tables of the time model know of them too."""

import re
from collections.abc import Iterator

from fitplan.accounting.weights import Role
from fitplan.questions.check.families import families_of, widths_of
from fitplan.questions.check.rule import Hit, error, warning
from fitplan.questions.check.subject import Subject
from fitplan.timing.reading import timing_data

STEP = 8
"""Every known width is a multiple of this: most are of 32 and more, OmniGen2's 2520 is not."""

KINDS = ("denoiser", "encoder", "vae")


def wrong_hidden_sizes(subject: Subject) -> Iterator[Hit]:
    """Widths that no model has, or that the embedding or the table of dimensions has otherwise."""
    known = timing_data().dimensions
    for id, architecture in subject.file.architectures.items():
        if id in subject.checkpoint_architectures:
            continue
        stated, loc = architecture.hidden_size, ("architectures", id, "hidden_size")
        width = getattr(known.get(id), "hidden", stated)
        listed = widths_of(architecture.family)
        if not stated and ((id in known and width) or listed):
            widths = ", ".join(str(n) for n in sorted(listed or {width}))
            yield loc, f"{id} has no hidden size", f"add hidden_size: one of {widths}"
        elif stated and listed and stated not in listed and _uneven(subject, id, stated):
            widths = ", ".join(str(n) for n in sorted(listed))
            message = f"hidden size {stated}, but {architecture.family} is {widths} wide"
            yield loc, message, "check it in config.json"
        elif stated and stated != width:
            yield loc, f"hidden size {stated}, but {id} has {width}", f"did you mean {width}?"
        elif stated % STEP:
            yield (
                loc,
                f"hidden size {stated} is not a multiple of {STEP}",
                "check it in config.json",
            )
        elif stated and any(count % stated for count in _embeddings(subject, id)):
            message = f"the token embedding is not a multiple of hidden size {stated}"
            yield loc, message, "check hidden_size and token_embedding"


def _uneven(subject: Subject, id: str, width: int) -> bool:
    """Whether some mix's matrices can't all have a side of this width."""
    mixes = (mix for mix in subject.mixes if mix.architecture_id == id)
    return any(mix.elements(Role.WEIGHTS) % width for mix in mixes)


def strange_families(subject: Subject) -> Iterator[Hit]:
    """Architectures called after another family of their kind."""
    for id, architecture in subject.file.architectures.items():
        kind = next((k for k in KINDS if architecture.family in families_of(k)), "")
        called = [f for f in families_of(kind) if _starts_with(id, f)] if kind else []
        if called and not any(_starts_with(f, architecture.family) for f in called):
            best = max(called, key=len)
            if best != architecture.family and len(best) > 2:
                message = f"{id} is of the family {architecture.family}"
                yield ("architectures", id, "family"), message, f"did you mean {best}?"


def _starts_with(id: str, family: str) -> bool:
    """Whether an id begins with a family's name, whatever is between its words."""
    bare, start = (re.sub(r"[^a-z0-9]", "", text) for text in (id, family))
    return bare.startswith(start)


def _embeddings(subject: Subject, id: str) -> Iterator[int]:
    for mix in subject.mixes:
        if mix.architecture_id == id:
            yield mix.elements(Role.TOKEN_EMBEDDING)


RULES = (
    error("hidden-size", "An architecture's width is that of its tensors.", wrong_hidden_sizes),
    warning("family", "An architecture is called after its own family.", strange_families),
)
