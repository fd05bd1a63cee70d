"""All rules, in the order of their themes."""

from fitplan.questions.check import (
    dates,
    form,
    labels,
    licences,
    observations,
    online,
    order,
    parts,
    plausible,
    provenance,
    quants,
    references,
    repositories,
    roles,
    shapes,
    sizes,
)
from fitplan.questions.check.rule import Rule

RULES: tuple[Rule, ...] = (
    *form.RULES,
    *references.RULES,
    *sizes.RULES,
    *quants.RULES,
    *roles.RULES,
    *shapes.RULES,
    *provenance.RULES,
    *labels.RULES,
    *repositories.RULES,
    *parts.RULES,
    *licences.RULES,
    *plausible.RULES,
    *dates.RULES,
    *observations.RULES,
    *order.RULES,
)
BY_ID = {rule.id: rule for rule in (*RULES, *online.RULES)}
