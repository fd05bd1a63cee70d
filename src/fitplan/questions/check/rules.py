"""All rules, in the order of their themes."""

from fitplan.questions.check import (
    dates,
    form,
    labels,
    observations,
    online,
    order,
    quants,
    references,
    shapes,
    sizes,
)
from fitplan.questions.check.rule import Rule

RULES: tuple[Rule, ...] = (
    *form.RULES,
    *references.RULES,
    *sizes.RULES,
    *quants.RULES,
    *shapes.RULES,
    *labels.RULES,
    *dates.RULES,
    *observations.RULES,
    *order.RULES,
)
BY_ID = {rule.id: rule for rule in (*RULES, *online.RULES)}
