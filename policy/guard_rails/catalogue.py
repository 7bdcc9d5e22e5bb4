"""All rules."""

from typing import Final

from . import buckets, identity, keys, messages, monitoring, tags
from .rule import Rule, StackRule

RULES: Final[tuple[Rule, ...]] = (
    *identity.RULES,
    *buckets.RULES,
    *messages.RULES,
    *monitoring.RULES,
    *tags.RULES,
    *keys.RULES,
)
STACK_RULES: Final[tuple[StackRule, ...]] = (*buckets.STACK_RULES, *messages.STACK_RULES)
