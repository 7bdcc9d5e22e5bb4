"""Where an answer is in a table."""

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True, kw_only=True)
class AnswerColumns:
    """Where an answer is in a table, by name or position. `probabilities`: by class, of several classes."""

    inference: str | None = None
    probability: str | None = None
    probabilities: Mapping[str, str] = field(default_factory=dict)
