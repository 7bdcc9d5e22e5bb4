"""Bias drifted: a metric of a group is farther from neutral than in the baseline."""

import math
from typing import Final

from functions.alarm_responder.check_words import CheckWords, description
from functions.alarm_responder.column_summaries import number
from functions.common.violations import Violation

CHECK: Final = "bias_drift_check"


def _explain(violation: Violation) -> str:
    observed, limit = violation.observed, violation.limit
    if observed is None or limit is None:
        return f"bias drifted: {description(violation)}"
    return f"bias drifted: {_number(observed)}, in the baseline {_number(limit)}"


def _number(value: float) -> str:
    return number(value) if math.isfinite(value) else "infinite"


WORDS: Final = CheckWords(
    noun="bias metric",
    verb="drifted",
    explain=_explain,
    steps=(
        "Look at whether the labels moved or the model: where CI, DPL or CDDL stand above, other people came or other "
        "labels; where only DPPL, DI, RD, AD and the like do, the model treats the group differently.",
        "Compare the group's share of the requests and its features with the baseline's; drift.json has every metric "
        "with its interval.",
    ),
)
