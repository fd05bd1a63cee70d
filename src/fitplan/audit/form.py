"""Rules of form: YAML that says what it looks like, and entries that fit the schema.

They are found by `fitplan.catalog.document` and `fitplan.catalog.form`, which loading uses too.
"""

from fitplan.audit.rule import error

RULES = (
    error("yaml-syntax", "The file is YAML, without anchors, and not nested without bound."),
    error("duplicate-key", "No key (and so no id) stands twice in one place."),
    error("yaml-trap", "No bare value is read by YAML as something else than it looks like."),
    error("unknown-key", "Every key is one of the schema's."),
    error("missing-key", "Every entry has the keys it needs."),
    error("wrong-type", "Every value has its type, range and spelling."),
    error("incomplete", "What belongs together in an entry stands together."),
    error("no-source", "Every figure names its source."),
)
