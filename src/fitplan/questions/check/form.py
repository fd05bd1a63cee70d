"""Rules of form: YAML that says what it looks like, and entries that fit the schema.

`fitplan.catalog.document` and `fitplan.catalog.validation` find them; loading uses both, too.
"""

from fitplan.questions.check.rule import error

RULES = (
    error("yaml-syntax", "The file is YAML, without anchors, and not nested without bound."),
    error("duplicate-key", "Keys, and so ids, are unique."),
    error("yaml-trap", "No bare value is read by YAML as something else than it looks like."),
    error("unknown-key", "Every key is one of the schema's."),
    error("missing-key", "Every entry has the keys it needs."),
    error("wrong-type", "Every value has its type, range and spelling."),
    error("incomplete", "Fields of an entry that depend on each other are all present."),
    error("no-source", "Every figure names its source."),
)
