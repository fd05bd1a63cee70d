"""Rules on licences: they have a known name, and a model's is the one it was published under."""

from collections.abc import Iterator
from dataclasses import dataclass
from difflib import get_close_matches

from fitplan.catalog import Pipeline
from fitplan.questions.check.rule import Hit, warning
from fitplan.questions.check.subject import Subject
from fitplan.questions.check.words import Words, words_of

_SPDX = """
0BSD AFL-3.0 AGPL-3.0-only AGPL-3.0-or-later Apache-2.0 Artistic-2.0 BSD-2-Clause BSD-3-Clause
BSD-3-Clause-Clear BSL-1.0 CC-BY-2.0 CC-BY-3.0 CC-BY-4.0 CC-BY-NC-2.0 CC-BY-NC-3.0 CC-BY-NC-4.0
CC-BY-NC-ND-3.0 CC-BY-NC-ND-4.0 CC-BY-NC-SA-2.0 CC-BY-NC-SA-3.0 CC-BY-NC-SA-4.0 CC-BY-ND-4.0
CC-BY-SA-3.0 CC-BY-SA-4.0 CC0-1.0 CDLA-Permissive-1.0 CDLA-Permissive-2.0 CDLA-Sharing-1.0
ECL-2.0 EPL-1.0 EPL-2.0 EUPL-1.1 EUPL-1.2 GFDL-1.3-only GFDL-1.3-or-later GPL-2.0-only
GPL-2.0-or-later GPL-3.0-only GPL-3.0-or-later ISC LGPL-2.1-only LGPL-2.1-or-later LGPL-3.0-only
LGPL-3.0-or-later LPPL-1.3c MIT MIT-0 MPL-2.0 MS-PL MulanPSL-2.0 NCSA ODbL-1.0 ODC-By-1.0
OFL-1.1 OSL-3.0 PDDL-1.0 PostgreSQL Python-2.0 UPL-1.0 Unlicense WTFPL Zlib
"""
SPDX = frozenset(_SPDX.split())
"""SPDX identifiers that models and data are published under."""

NON_COMMERCIAL = frozenset(
    {
        "FLUX.1 [dev] Non-Commercial",
        "FLUX Non-Commercial",
        "Stability AI Non-Commercial Research Community",
        "CircleStone Labs Non-Commercial",
        "NVIDIA Non-Commercial",
        "Bria Non-Commercial",
        "Qwen Research",
        "Ideogram 4 Non-Commercial",
    }
)
OTHERS = NON_COMMERCIAL | {
    "BigScience OpenRAIL-M",
    "CreativeML Open RAIL-M",
    "CreativeML Open RAIL++-M",
    "DeepFloyd IF",
    "FLUX Kommunity",
    "Fair AI Public 1.0-SD",
    "Gemma",
    "Hunyuan Community",
    "Kolors",
    "Krea 2 Community",
    "LTX Video Open Weights",
    "Llama 3.1 Community",
    "NVIDIA Open Model",
    "Playground v2.5 Community",
    "Qwen",
    "Stability AI Community",
    "Tencent Hunyuan Community",
    "unknown",
}
"""Licences of models without an SPDX identifier, as this catalog writes them."""


@dataclass(frozen=True, slots=True)
class PublishedLicence:
    """The licence that a model was published under."""

    words: Words
    """Words of its name."""
    licence: str
    binds: bool = False
    """Whether what is made from it has the same licence, whatever it is called besides."""


def _published(name: str, licence: str, binds: bool = False) -> PublishedLicence:
    return PublishedLicence(words_of(name), licence, binds)


PUBLISHED = (
    _published("FLUX.1 Dev", "FLUX.1 [dev] Non-Commercial", True),
    _published("FLUX.1 Schnell", "Apache-2.0"),
    _published("FLUX.2 Klein 4B", "Apache-2.0"),
    _published("FLUX.2 Klein 4B Base", "Apache-2.0"),
    _published("FLUX.2 Klein 9B", "FLUX Non-Commercial", True),
    _published("FLUX.2 Dev", "FLUX Non-Commercial", True),
    _published("Z-Image", "Apache-2.0"),
    _published("Z-Image Base", "Apache-2.0"),
    _published("Z-Image Turbo", "Apache-2.0"),
    _published("Qwen-Image", "Apache-2.0"),
    _published("Qwen-Image 2512", "Apache-2.0"),
    _published("Qwen-Image-Edit", "Apache-2.0"),
    _published("Qwen-Image-Edit 2509", "Apache-2.0"),
    _published("Qwen-Image-Edit 2511", "Apache-2.0"),
    _published("SD 1.5", "CreativeML Open RAIL-M"),
    _published("SDXL", "CreativeML Open RAIL++-M"),
    _published("SDXL Turbo", "Stability AI Non-Commercial Research Community", True),
    _published("SD 3.5", "Stability AI Community", True),
    _published("Krea-2", "Krea 2 Community", True),
    _published("Anima", "CircleStone Labs Non-Commercial", True),
    _published("Wan 2.2 TI2V 5B", "Apache-2.0"),
    _published("Wan 2.2 5B", "Apache-2.0"),
    _published("ERNIE-Image", "Apache-2.0"),
    _published("ERNIE-Image Turbo", "Apache-2.0"),
    _published("Chroma1-HD", "Apache-2.0"),
)
"""Models and the licences on their model cards."""


def unknown_licences(subject: Subject) -> Iterator[Hit]:
    """Licences that are neither an SPDX identifier nor a listed name."""
    known = SPDX | OTHERS
    folded = {name.casefold(): name for name in known}
    for id, pipeline in subject.file.pipelines.items():
        if pipeline.license not in known:
            name = pipeline.license.casefold()
            near = get_close_matches(name, sorted(folded), n=1, cutoff=0.7)
            cure = f"did you mean {folded[near[0]]}?" if near else "write its SPDX identifier"
            yield ("pipelines", id, "license"), f"unknown licence {pipeline.license!r}", cure


def wrong_licences(subject: Subject) -> Iterator[Hit]:
    """Licences other than the one that a model, or the model it is made from, was published under.

    What is made from a model with a free licence may have any.
    """
    for id, pipeline in subject.file.pipelines.items():
        wanted = _licence_of(subject, id, pipeline)
        if wanted and pipeline.license != wanted and pipeline.license in SPDX | OTHERS:
            message = (
                f"{pipeline.name} under {pipeline.license}, but it was published under {wanted}"
            )
            yield ("pipelines", id, "license"), message, f"did you mean {wanted}?"


def _licence_of(subject: Subject, id: str, pipeline: Pipeline) -> str:
    denoiser = subject.known.components[pipeline.denoiser]
    called = (words_of(id), words_of(pipeline.name))
    texts = (*called, words_of(pipeline.denoiser), words_of(denoiser.name))
    exact = (p.licence for p in PUBLISHED if p.words in called)
    bound = (p for p in PUBLISHED if p.binds and any(p.words <= text for text in texts))
    most = max(bound, key=lambda p: len(p.words), default=None)
    return next(exact, most.licence if most else _architecture_licence(subject, pipeline))


def _architecture_licence(subject: Subject, pipeline: Pipeline) -> str:
    """The licence that binds all other models of an architecture; "" when none does."""
    components = subject.known.components
    architecture = components[pipeline.denoiser].architecture
    words = words_of(architecture)
    return next((p.licence for p in PUBLISHED if p.binds and p.words <= words), "")


RULES = (
    warning("license", "Every licence has a known name.", unknown_licences),
    warning("license-of", "A model has the licence it was published under.", wrong_licences),
)
