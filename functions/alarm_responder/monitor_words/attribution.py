"""Attribution drifted: the model's scores come from other features than in the baseline."""

from typing import Final

from functions.alarm_responder.check_words import CheckWords, description
from functions.alarm_responder.column_summaries import number
from functions.common.violations import Violation

CHECK: Final = "feature_attribution_drift_check"


def _explain(violation: Violation) -> str:
    observed, limit = violation.observed, violation.limit
    if observed is None or limit is None:
        return f"another ranking of the features: {description(violation)}"
    return f"another ranking of the features: nDCG {number(float(f'{observed:.4g}'))}, {number(limit)} required"


WORDS: Final = CheckWords(
    noun="feature attribution",
    verb="drifted",
    explain=_explain,
    steps=(
        "Look at the features that moved (the verdict above names them): one that gained has new values or another "
        "scale, one that lost is missing or constant.",
        "If they moved with the population: check the model's quality, then retrain.",
    ),
)
