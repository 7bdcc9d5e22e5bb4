"""A custom monitor's number crossed its threshold."""

from typing import Final

from functions.alarm_responder.check_words import CheckWords, description_after

CHECK: Final = "custom_check"

WORDS: Final = CheckWords(
    noun="custom metric",
    verb="crossed its threshold",
    explain=description_after("Metric {} with "),
    steps=(
        "Look at what the custom monitor's script measures; drift.json has all of its numbers and reasons.",
        "Run the script on the window's captures here: its function takes the columns by name.",
    ),
)
