"""How bad it is: thresholds by severity."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict

from components.args.bounds import number
from components.args.reader import ArgumentError, Reader, argument_names

WARNING: Final = "warning"
CRITICAL: Final = "critical"
# The mildest first: it rings first.
SEVERITIES: Final = (WARNING, CRITICAL)
# That of a column that is gone (functions/common/violations.py).
MOST_EFFECT: Final = 100.0
# AWS: PutMetricAlarm, Period: "Period multiplied by EvaluationPeriods can't be more than 604,800 seconds".
SEVEN_DAYS_IN_HOURS: Final = 168


class ThresholdArgs(TypedDict):
    """From when on an alarm rings."""

    threshold: NotRequired[int]
    """Violations (or failed jobs) in one run. Default 1."""
    effect: NotRequired[float]
    """Of violations, in place of `threshold`: how large the largest effect among a run's findings is, in multiples of
    what is material: 1 (just at a limit) to 100 (a column that is gone). How bad it is, and not how many entries say
    so."""
    evaluation_periods: NotRequired[int]
    """Runs in a row that must reach the threshold. Default 1. All of them must fit into seven days."""


class SeverityThresholdsArgs(TypedDict):
    """Alarms by severity; with both, a critical one must ask for more than a warning."""

    warning: NotRequired[ThresholdArgs]
    """Somebody should look into it."""
    critical: NotRequired[ThresholdArgs]
    """Somebody must look into it now."""


@dataclass(frozen=True, kw_only=True)
class Threshold:
    """`ThresholdArgs` of one severity, checked and complete."""

    severity: str
    threshold: int = 1
    evaluation_periods: int = 1
    effect: float | None = None
    """None for one that counts entries."""

    @property
    def level(self) -> float:
        """The value from which on it rings, in its own unit."""
        return self.threshold if self.effect is None else self.effect

    @classmethod
    def from_args(cls, args: ThresholdArgs, severity: str, path: str) -> Self:
        read = Reader(path, args, argument_names(ThresholdArgs))
        if read.has("effect") and read.has("threshold"):
            raise ArgumentError(f"{read.name('effect')} is given with {read.name('threshold')}: remove one of the two")
        return cls(
            effect=read.number("effect", None, 1.0, MOST_EFFECT),
            severity=severity,
            threshold=number(read, "threshold", 1, "alerting.threshold"),
            evaluation_periods=number(read, "evaluation_periods", 1, "alerting.evaluation_periods"),
        )


def thresholds(args: Any, path: str, default: tuple[Threshold, ...]) -> tuple[Threshold, ...]:
    """The thresholds of one metric, the mildest first.

    Raises
    ------
    ArgumentError
        If a critical alarm could ring before the warning: which of the two is meant?
    """
    if args is None:
        return default
    read = Reader(path, args, argument_names(SeverityThresholdsArgs))
    found = tuple(
        Threshold.from_args(read.raw(severity), severity, read.name(severity))
        for severity in SEVERITIES
        if read.has(severity)
    )
    if not found:
        raise ArgumentError(f"{path} has no severity: give {' or '.join(SEVERITIES)}, or leave it out for the default")
    if len(found) == 2:
        _graver(found[0], found[1], read)
    return found


def _graver(warning: Threshold, critical: Threshold, read: Reader) -> None:
    # A count and an effect have no order. A warning that counts from 1 rings with whatever there is.
    if warning.effect is not None and critical.effect is None:
        raise ArgumentError(
            f"{read.name(WARNING)}.effect is given and {read.name(CRITICAL)} counts violations: which rings first "
            f"nobody could say; give {read.name(CRITICAL)}.effect"
        )
    if critical.effect is not None and warning.effect is None and warning.threshold > 1:
        raise ArgumentError(
            f"{read.name(WARNING)}.threshold is {warning.threshold} and {read.name(CRITICAL)} asks for an effect, "
            f"which one violation can have: the {WARNING} has to ring first; give {read.name(WARNING)}.effect, or 1"
        )
    compared = ["evaluation_periods"]
    if (warning.effect is None) == (critical.effect is None):
        compared.append("threshold" if warning.effect is None else "effect")
    for key in compared:
        mild, grave = getattr(warning, key), getattr(critical, key)
        if grave < mild:
            raise ArgumentError(
                f"{read.name(CRITICAL)}.{key} is {grave:g}: must be at least {mild:g}, "
                f"the {WARNING}'s, which has to ring first"
            )
    of_warning, of_critical = ((item.threshold, item.effect, item.evaluation_periods) for item in (warning, critical))
    if of_warning == of_critical:
        raise ArgumentError(
            f"{read.name(CRITICAL)} is the same as {read.name(WARNING)}: raise its threshold or evaluation_periods, "
            "or remove one of the two"
        )


def check_look_back(found: tuple[Threshold, ...], path: str, kind: str, hours_between_runs: int) -> None:
    """CloudWatch looks back seven days at most; so many runs in a row must fit into them.

    Raises
    ------
    ArgumentError
        With how many would.
    """
    most = SEVEN_DAYS_IN_HOURS // hours_between_runs
    for item in found:
        if item.evaluation_periods > max(most, 1):
            raise ArgumentError(
                f"{path}.{item.severity}.evaluation_periods is {item.evaluation_periods}: CloudWatch looks back seven "
                f"days, in which the {kind} monitor runs {max(most, 1)} times; give at most that"
            )


def described(found: tuple[Threshold, ...]) -> list[Mapping[str, Any]]:
    """Plain data, for the function that tells people of alarms."""
    return [
        {
            "severity": item.severity,
            "threshold": item.threshold,
            "evaluation_periods": item.evaluation_periods,
            **({} if item.effect is None else {"effect": item.effect}),
        }
        for item in found
    ]
