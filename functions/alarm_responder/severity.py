"""How bad an alarm is, and how the alarms of one schedule are related.

A warning and a critical alarm watch the same metric. The critical one asks for more (the component refuses anything
else), so when it rings, the warning has rung, or rings with it, for the same runs. Two messages then, and one matter.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from contract.metrics import CONSTRAINT_VIOLATIONS, JOB_FAILURES, LARGEST_EFFECT
from functions.alarm_responder.alarm_event import Alarm
from functions.common.environment import ConfigurationError

# The component ends an alarm's description with it.
_SEVERITY = re.compile(r"\bSeverity: (warning|critical)\.?\s*$")
_UNITS = {CONSTRAINT_VIOLATIONS: "violation", JOB_FAILURES: "failed job"}


@dataclass(frozen=True)
class Threshold:
    """From when on an alarm of a severity rings: so many in a run, or so large an effect, in so many runs in a row."""

    severity: str
    threshold: int
    runs: int
    effect: float | None = None

    def words(self, metric: str) -> str:
        """As a message says it; `metric` is what is counted where no effect is asked for."""
        unit = _UNITS.get(metric, "count")
        amount = f"{self.threshold} {unit}" if self.threshold == 1 else f"{self.threshold} {unit}s"
        if self.effect is not None:
            amount = f"{self.effect:g} times what is material"
        return f"from {amount} on" + (f" in {self.runs} runs in a row" if self.runs > 1 else "")

    def is_reached(self, found: int, effect: float) -> bool:
        """Whether a run with so many findings, the largest of which has this effect, reaches it."""
        return found >= self.threshold if self.effect is None else effect >= self.effect


Severities = Mapping[str, Sequence[Threshold]]
"""By metric; the mildest first."""


def read_severities(value: str) -> Severities:
    """Read them from the environment's JSON; ConfigurationError says what is wrong with it."""
    try:
        return {
            str(metric): tuple(
                Threshold(
                    str(item["severity"]),
                    int(item["threshold"]),
                    int(item["evaluation_periods"]),
                    None if item.get("effect") is None else float(item["effect"]),
                )
                for item in found
            )
            for metric, found in _mapping(json.loads(value)).items()
        }
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(
            "environment variable SEVERITIES must map metrics to lists of severity, threshold and evaluation_periods: "
            f"{type(error).__name__}: {error}"
        ) from error


def _mapping(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, dict):
        raise TypeError("no JSON object")
    return value


def severity_of(alarm: Alarm) -> str | None:
    """As the alarm's description says; None if it does not, as with an alarm that somebody else made."""
    found = _SEVERITY.search(alarm.description)
    return found[1] if found else None


def description_of(alarm: Alarm) -> str:
    """What the alarm's description says but for the severity; empty if it says nothing."""
    return _SEVERITY.sub("", alarm.description).strip()


def severity_lines(
    alarm: Alarm, severities: Severities, violations: int | None = None, effect: float = 0.0
) -> list[str]:
    """The message's lines about it; `violations` are those of the run, where they are known, `effect` is the largest of
    theirs.
    """
    severity = severity_of(alarm)
    if severity is None:
        return []
    metric = CONSTRAINT_VIOLATIONS if alarm.metric == LARGEST_EFFECT else alarm.metric
    known = {item.severity: item for item in severities.get(metric, ())}
    own = known.get(severity)
    lines = [f"Severity  {severity}" + (f": {own.words(metric)}" if own else "")]
    warning, critical = known.get("warning"), known.get("critical")
    if warning is None or critical is None:
        return lines
    if severity == "critical":
        lines.append(
            f"Note      the same finding as the warning's ({warning.words(metric)}), grown worse: not a second one"
        )
    elif critical.runs == 1 and violations is not None and critical.is_reached(violations, effect):
        lines.append(
            f"Note      the critical alarm ({critical.words(metric)}) rings for this run as well: "
            "the same finding, not a second one"
        )
    else:
        lines.append(f"Note      {critical.words(metric)} it becomes critical, and you are told again")
    return lines
