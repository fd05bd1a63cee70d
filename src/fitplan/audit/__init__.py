"""Hold catalogs against the schema, each other and the facts: every mistake, with its place."""

from fitplan.audit.checking import Checked, Report, check
from fitplan.audit.finding import Finding, Severity
from fitplan.audit.rule import Rule
from fitplan.audit.rules import RULES

__all__ = ["RULES", "Checked", "Finding", "Report", "Rule", "Severity", "check"]
