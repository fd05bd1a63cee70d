"""Rules of order and style."""

from fitplan.audit.rule import Rule

RULES: tuple[Rule, ...] = ()
