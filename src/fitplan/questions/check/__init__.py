"""Hold catalogs against the schema, each other and the facts: every mistake, with its place."""

from fitplan.questions.check.checking import Checked, Report, check
from fitplan.questions.check.finding import Finding, Severity
from fitplan.questions.check.rule import Rule
from fitplan.questions.check.rules import RULES

__all__ = ["RULES", "Checked", "Finding", "Report", "Rule", "Severity", "check"]
