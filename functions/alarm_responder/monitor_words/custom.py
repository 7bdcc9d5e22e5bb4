"""A custom monitor's number crossed its threshold."""

from typing import Final

from functions.alarm_responder.check_words import CheckWords
from functions.alarm_responder.notification import clip
from functions.common.violations import Violation

CHECK: Final = "custom_check"
_MAX_DESCRIPTION: Final = 300


def _explain(violation: Violation) -> str:
    return clip(violation.description.removeprefix(f"Metric {violation.subject} with ").strip(), _MAX_DESCRIPTION)


WORDS: Final = CheckWords(
    noun="custom metric",
    verb="crossed its threshold",
    explain=_explain,
    steps=(
        "Look at what the custom monitor's script measures; drift.json has all of its numbers and reasons.",
        "Run the script on the window's captures here: its function takes the columns by name.",
    ),
)
