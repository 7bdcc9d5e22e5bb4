"""Something drifted in a segment alone: the rows with one value of a column, whatever kind of monitor looked."""

from typing import Final

from functions.alarm_responder.check_words import CheckWords, description_after

CHECK: Final = "segment_drift_check"

WORDS: Final = CheckWords(
    noun="segment",
    verb="drifted",
    explain=description_after("In {} "),
    steps=(
        "Look at who sends the rows of the segment that is named above: a source, a region or a client of its own "
        "is broken more often than the world has changed for it alone.",
        "drift.json has every segment with its figures, under segments.",
    ),
)
