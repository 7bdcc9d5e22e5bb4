"""Labels of captured records: what to say where none came."""

from drift_tools.capture import Counts, Labels
from drift_tools.errors import InputError
from drift_tools.job import drift_json


def require_labels(counts: Counts | None, labels: Labels | None) -> None:
    """Raise `InputError` if there are captured records and not one of them has a label, and nothing else is wrong."""
    if counts is None or counts.rows or not counts.skipped.get(drift_json.NO_LABEL):
        return
    if drift_json.readable(counts).skipped:
        return
    given = ""
    if labels is not None:
        example = next(iter(labels.by_id), None)
        given = f" ({len(labels.by_id)} were read" + (")" if example is None else f", the first for {example!r})")
    raise InputError(
        f"none of {counts.read} captured records has a label{given}: check that the labels name the records' "
        "inferenceId, or their eventId where the callers give none"
    )
