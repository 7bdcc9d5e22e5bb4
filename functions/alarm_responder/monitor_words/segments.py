"""Something drifted in a segment alone: the rows with one value of a column, whatever kind of monitor looked."""

from typing import Final

from functions.alarm_responder.check_words import CheckWords
from functions.alarm_responder.notification import clip
from functions.common.violations import Violation

CHECK: Final = "segment_drift_check"
_MAX_DESCRIPTION: Final = 300


def _explain(violation: Violation) -> str:
    return clip(violation.description.removeprefix(f"In {violation.subject} ").strip(), _MAX_DESCRIPTION)


WORDS: Final = CheckWords(
    noun="segment",
    verb="drifted",
    explain=_explain,
    steps=(
        "Look at who sends the rows of the segment that is named above: a source, a region or a client of its own "
        "is broken more often than the world has changed for it alone.",
        "drift.json has every segment with its figures, under segments.",
    ),
)
