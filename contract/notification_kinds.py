"""The kinds of messages that people get, by which a subscription may be filtered: the attribute `kind`; and where the
runbook, docs/operations.md, says what to do about each.
"""

from collections.abc import Mapping
from typing import Final

VIOLATIONS: Final = "violations"
JOB_FAILURE: Final = "job-failure"
SILENT_MONITOR: Final = "silent-monitor"
NO_DATA: Final = "no-data"
DISAGREEMENT: Final = "disagreement"
STREAM: Final = "stream"
RETRAINING: Final = "retraining"
DEAD_LETTER: Final = "dead-letter"
ALARM: Final = "alarm"
"""Any other alarm, and the end of each."""

KINDS_OF_MESSAGES: Final = (
    VIOLATIONS,
    JOB_FAILURE,
    SILENT_MONITOR,
    NO_DATA,
    DISAGREEMENT,
    STREAM,
    RETRAINING,
    DEAD_LETTER,
    ALARM,
)

# Of an alarm's end, and of alarms of other people's, it says nothing.
RUNBOOK: Final[Mapping[str, tuple[str, str]]] = {
    VIOLATIONS: ("Violations", "violations-violations"),
    JOB_FAILURE: ("Job failures", "job-failures-job-failure"),
    SILENT_MONITOR: ("Silent monitor", "silent-monitor-silent-monitor"),
    NO_DATA: ("No data", "no-data-no-data"),
    DISAGREEMENT: ("Disagreement", "disagreement-disagreement-engine-both"),
    STREAM: ("The stream", "the-stream-stream-with-real_time"),
    RETRAINING: ("Retraining", "retraining-retraining"),
    DEAD_LETTER: ("Dead letters", "dead-letters"),
}
"""By kind: the section's title, and its anchor in the page that is made of the file."""


def runbook(kind: str, url: str | None) -> str | None:
    """The link to the section of a kind in the runbook at `url`, or else where it stands; None where there is none."""
    if kind not in RUNBOOK:
        return None
    title, anchor = RUNBOOK[kind]
    return f"docs/operations.md, {title}" if url is None else f"{url}#{anchor}"
