"""A model on the hub in the terms of `fitplan catalog add`."""

from fitplan.errors import FitplanError
from fitplan.hub.models import Found, RemoteProblem
from fitplan.questions.edit.add import Published


def as_published(found: Found) -> Published | FitplanError:
    """What a catalog records of a model: its header, its repository, commit and date."""
    if isinstance(found, RemoteProblem):
        return found.error
    repository = found.repository
    owner = repository.name.partition("/")[0]
    url = f"https://huggingface.co/{repository.name}"
    return Published(found.model, owner, url, repository.commit, repository.date)
