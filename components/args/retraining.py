"""Arguments of retraining: what is learned from, what is compared, who approves, how it is deployed."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict

from components.args.reader import ArgumentError, Reader, argument_names, as_text
from components.args.severities import SEVERITIES, WARNING
from components.args.training import TrainingArgs, TrainingSettings
from contract.monitor_kinds import KINDS
from contract.quality_metrics import CONSTRAINED
from contract.retraining import CHECKS, RULE_BOUNDS

STRATEGIES: Final = ("canary", "linear", "all-at-once")
# AWS: WaitIntervalInSeconds is at most an hour, a task token of Step Functions lives as long as its execution, a year.
_LONGEST_WAIT: Final = 3600
_LONGEST_APPROVAL: Final = 24 * 90
_RATE: Final = r"rate\((1 (minute|hour|day)|([2-9]|[1-9]\d{1,5}) (minutes|hours|days))\)"
_CRON_FIELDS: Final = 6
BINARY: Final = "BinaryClassification"


class RetrainingDataArgs(TypedDict):
    """What a snapshot of labelled captures is made of."""

    outputs: NotRequired[Sequence[str]]
    """The first columns of the baseline, which the model gives. Default `prediction` and `probability`."""
    prediction: NotRequired[str]
    """The one of them that is the prediction. Default the first."""
    probability: NotRequired[str]
    """The one of them that is the positive class's probability. Default `probability`, if it is one of them."""
    label: NotRequired[str]
    """What the label's column is called for the script. Default `label`."""
    train_hours: NotRequired[int]
    """How far back before the hold-out the training rows begin. Default 2160, 90 days."""
    holdout_share: NotRequired[float]
    """The newest share of the rows that both models are compared on. Default 0.2."""
    holdout_hours: NotRequired[float]
    """In its place: the newest hours."""
    gap_hours: NotRequired[float]
    """Rows so shortly before the hold-out are in neither. Default 0."""
    least_rows: NotRequired[int]
    """Fewer rows to train on are refused. Default 1000."""
    quarantined_checks: NotRequired[Sequence[str]]
    """A window in which a monitor's run violated one of these checks is left out. Default those of a broken feed:
    data types, completeness, columns, unknown categories."""
    range_margin: NotRequired[float]
    """A record with a number further outside of the baseline's range than so many of its widths is left out. Default 1.
    """


class ComparisonArgs(TypedDict):
    """When a new model is better."""

    segment_by: NotRequired[Sequence[str]]
    """Features by whose values rows are compared apart. Default none."""
    facets: NotRequired[Mapping[str, Sequence[str]]]
    """Groups of people, by feature and values, whose bias metrics are compared. Default none."""
    rule: NotRequired[Mapping[str, float]]
    """Thresholds: confidence, tolerance, least_gain, segment_tolerance, least_segment_rows, bias_tolerance, least_rows;
    docs/retraining.md has them."""


class RetrainingAlarmArgs(TypedDict):
    """Which violations ask for a retraining."""

    kind: str
    """The monitor's kind, such as `data-quality`."""
    severity: NotRequired[str]
    """`warning` or `critical`. Default `warning`."""
    runs: NotRequired[int]
    """How many runs in a row must have had violations, as many as rings the alarm. Asked when the alarm begins and then
    once an hour. Default 3."""


class QualityFloorArgs(TypedDict):
    """A metric of the model's quality below which a retraining is asked for."""

    metric: str
    """As the model-quality monitor publishes it, such as `accuracy`."""
    floor: float
    """From 0 to 1."""


class TriggersArgs(TypedDict):
    """What asks for a retraining, beside people."""

    alarms: NotRequired[Sequence[RetrainingAlarmArgs]]
    """Default none."""
    quality_floor: NotRequired[QualityFloorArgs]
    """Looked at once an hour. Default none."""
    schedule: NotRequired[str]
    """An expression of EventBridge Scheduler, such as `rate(30 days)`. Default none."""


class ApprovalArgs(TypedDict):
    """Who says yes."""

    hours: NotRequired[int]
    """After so many without an answer the candidate is rejected. Default 72."""
    auto_approve: NotRequired[bool]
    """Ask nobody; for stacks without customers, refused with `protect`. Default false."""


class RetrainingDeploymentArgs(TypedDict):
    """How traffic shifts to an approved model."""

    strategy: NotRequired[str]
    """`canary`, `linear` or `all-at-once`. Default `canary`."""
    percent: NotRequired[int]
    """The canary's or each step's share of the capacity. Default 10; at most 50."""
    wait_in_seconds: NotRequired[int]
    """How long each step bakes. Default 600."""
    most_errors: NotRequired[int]
    """More answers 5 than this in a minute bring the old model back. Default 0."""


class RetrainingArgs(TypedDict):
    """Retraining with an approval gate; without it there is none."""

    training: TrainingArgs
    """What trains a model."""
    data: NotRequired[RetrainingDataArgs]
    """What it is trained and compared on."""
    comparison: NotRequired[ComparisonArgs]
    """When it is better."""
    triggers: NotRequired[TriggersArgs]
    """What starts it, beside people."""
    approval: NotRequired[ApprovalArgs]
    """Who says yes."""
    deployment: NotRequired[RetrainingDeploymentArgs]
    """How traffic shifts."""
    cool_down_hours: NotRequired[float]
    """No run starts of itself so soon after another. Default 24."""
    least_new_labels: NotRequired[int]
    """No run starts before so many labels came since the last one. Default 1000."""
    timeout_in_hours: NotRequired[int]
    """Longest life of a run, the approval included. Default 168."""


@dataclass(frozen=True, kw_only=True)
class AlarmRule:
    """`RetrainingAlarmArgs`, checked and complete."""

    kind: str
    severity: str
    runs: int


@dataclass(frozen=True, kw_only=True)
class RetrainingSettings:
    """`RetrainingArgs`, checked and complete."""

    training: TrainingSettings
    job_settings: Mapping[str, Any]
    """What the jobs read, but for the problem's type and its positive class."""
    alarms: tuple[AlarmRule, ...]
    quality_floor: tuple[str, float] | None
    schedule: str | None
    approval_hours: int
    auto_approve: bool
    deployment_config: Mapping[str, Any]
    most_errors: int
    cool_down_hours: float
    least_new_labels: int
    timeout_in_hours: int

    @classmethod
    def from_args(cls, args: RetrainingArgs, *, protect: bool, path: str = "retraining") -> Self:
        """Check everything; ArgumentError in one line: the argument, its value, and the fix."""
        read = Reader(path, args, argument_names(RetrainingArgs))
        training = TrainingSettings.from_args(read.group("training"), read.name("training"))
        approval = Reader(read.name("approval"), read.group("approval"), argument_names(ApprovalArgs))
        triggers = Reader(read.name("triggers"), read.group("triggers"), argument_names(TriggersArgs))
        deployment = Reader(read.name("deployment"), read.group("deployment"), argument_names(RetrainingDeploymentArgs))
        if approval.flag("auto_approve", False) and protect:
            raise ArgumentError(
                f"{approval.name('auto_approve')} is True and protect is True: what is protected has customers, and "
                "they get no model without a person's yes; remove one of the two"
            )
        hours = approval.whole("hours", 72, 1, _LONGEST_APPROVAL)
        timeout = read.whole("timeout_in_hours", max(168, hours + 48), 1, 24 * 365)
        if timeout <= hours:
            raise ArgumentError(
                f"{read.name('timeout_in_hours')} is {timeout} and {approval.name('hours')} is {hours}: a run must "
                "live longer than it waits for an answer"
            )
        return cls(
            training=training,
            job_settings=_job_settings(read),
            alarms=_alarms(triggers),
            quality_floor=_floor(triggers),
            schedule=_schedule(triggers),
            approval_hours=hours,
            auto_approve=approval.flag("auto_approve", False),
            deployment_config=_deployment_config(deployment),
            most_errors=deployment.whole("most_errors", 0, 0, 1_000_000),
            cool_down_hours=read.number("cool_down_hours", 24.0, 0, 24 * 365) or 0.0,
            least_new_labels=read.whole("least_new_labels", 1000, 0, 10**9),
            timeout_in_hours=timeout,
        )

    def check(self, severities: Sequence[str], problem_type: str, columns: Sequence[str], path: str) -> None:
        """Refuse triggers that nothing sets off, and comparisons by columns that are not there. Raises ArgumentError.

        `severities`: those that the alarms on violations have; `columns`: of the baseline's data.
        """
        for at, rule in enumerate(self.alarms):
            if rule.severity not in severities:
                raise ArgumentError(
                    f"{path}.triggers.alarms[{at}].severity is {rule.severity!r}: there is no such alarm; give "
                    f"alerting.violations.{rule.severity}, or another severity"
                )
        outputs = tuple(self.job_settings["outputs"])
        if tuple(columns[: len(outputs)]) != outputs:
            raise ArgumentError(
                f"{path}.data.outputs is {', '.join(outputs)}: baseline.data begins with "
                f"{', '.join(columns[: len(outputs)])}; name the columns there that the model answers with"
            )
        if self.job_settings["label"] in columns:
            raise ArgumentError(
                f"{path}.data.label is {self.job_settings['label']!r}: baseline.data has a column of that name; the "
                "label is no part of a request, call it otherwise"
            )
        if self.job_settings.get("facets") and problem_type != BINARY:
            raise ArgumentError(
                f"{path}.comparison.facets is given and problem_type is {problem_type}: bias is measured where there "
                "is a positive class, of a BinaryClassification; remove it"
            )
        if self.quality_floor is not None and self.quality_floor[0] not in CONSTRAINED[problem_type]:
            raise ArgumentError(
                f"{path}.triggers.quality_floor.metric is {self.quality_floor[0]!r}: of a {problem_type} there are "
                f"{', '.join(CONSTRAINED[problem_type])}"
            )
        for key in ("segment_by", "facets"):
            missing = [name for name in self.job_settings.get(key) or () if name not in columns]
            if missing:
                raise ArgumentError(
                    f"{path}.comparison.{key} has {missing[0]!r}: baseline.data has {', '.join(columns)}; name one"
                )


def _schedule(read: Reader) -> str | None:
    """Read a schedule in EventBridge Scheduler's words: `rate(30 days)`, or a cron of six fields; None where there is
    none.
    """
    if not read.has("schedule"):
        return None
    form = "rate(30 days), or cron(MINUTE HOUR DAY-OF-MONTH MONTH DAY-OF-WEEK YEAR) such as cron(0 4 ? * MON *)"
    found = read.text("schedule", None, form=form)
    fields = found[5:-1].split(" ") if re.fullmatch(r"cron\(.+\)", found) else []
    is_cron = len(fields) == _CRON_FIELDS and all(re.fullmatch(r"[0-9A-Z*?,/L#W-]+", field) for field in fields)
    # Of the two kinds of days one is left open.
    if not re.fullmatch(_RATE, found) and not (is_cron and (fields[2] == "?") != (fields[4] == "?")):
        raise read.refuse("schedule", f"must be {form}")
    return found


def _job_settings(read: Reader) -> dict[str, Any]:
    """The groups `data` and `comparison` as the jobs read them; their values the jobs check once more."""
    data = Reader(read.name("data"), read.group("data"), argument_names(RetrainingDataArgs))
    comparison = Reader(read.name("comparison"), read.group("comparison"), argument_names(ComparisonArgs))
    outputs = list(data.names("outputs", "a list of the columns that the model answers with"))
    if data.has("outputs") and not outputs:
        raise data.refuse("outputs", "must be a list of the columns that the model answers with")
    outputs = outputs or ["prediction", "probability"]
    hours = data.whole("train_hours", 2160, 1, 24 * 3660)
    holdout, gap = data.number("holdout_hours", None, 0.1, 24 * 3660), data.number("gap_hours", 0.0, 0, 24 * 3660)
    taken = (holdout or 0.0) + (gap or 0.0)
    if taken >= hours:
        raise ArgumentError(
            f"{data.name('train_hours')} is {hours}, and holdout and gap take {taken:g} of them: nothing is left to "
            "train on; give more"
        )
    if data.has("holdout_share") and data.has("holdout_hours"):
        raise ArgumentError(f"{data.name('holdout_share')} is given with {data.name('holdout_hours')}: remove one")
    found: dict[str, Any] = {
        "outputs": outputs,
        "prediction": data.choice("prediction", outputs[0], outputs),
        "probability": data.choice("probability", None, outputs)
        if data.has("probability")
        else ("probability" if "probability" in outputs else None),
        "label": data.text("label", "label"),
        "train_hours": hours,
        "holdout_share": data.number("holdout_share", None, 0.01, 0.9),
        "holdout_hours": holdout,
        "gap_hours": gap,
        "least_rows": data.whole("least_rows", 1000, 2, 10**9),
        "quarantined_checks": _checks(data),
        "range_margin": data.number("range_margin", 1.0, 0, 1000),
        "segment_by": list(comparison.names("segment_by", "a list of features")) or None,
        "facets": _facets(comparison),
        "rule": _rule(comparison),
    }
    return {key: value for key, value in found.items() if value is not None}


def _checks(read: Reader) -> list[str] | None:
    """None for those of a broken feed; an empty list leaves nothing out."""
    if not read.has("quarantined_checks"):
        return None
    form = f"a list of some of {', '.join(CHECKS)}"
    found = read.names("quarantined_checks", form)
    if not all(name in CHECKS for name in found):
        raise read.refuse("quarantined_checks", f"must be {form}")
    return list(found)


def _facets(read: Reader) -> dict[str, list[str]] | None:
    if not read.has("facets"):
        return None
    given = read.raw("facets")
    if not isinstance(given, Mapping) or not all(isinstance(name, str) for name in given):
        raise read.refuse("facets", 'must be lists of values by feature, such as {"SEX": ["2"]}')
    found = {}
    for name, values in given.items():
        form = "a list of the values that make the group"
        own = Reader(read.name("facets"), {name: values}, [name])
        texts = [as_text(value) for value in own.listed(name, form)]
        if not texts or not all(isinstance(value, str) for value in texts):
            raise own.refuse(name, f"must be {form}")
        found[name] = texts
    return found


def _rule(read: Reader) -> dict[str, float] | None:
    if not read.has("rule"):
        return None
    own = Reader(read.name("rule"), read.raw("rule"), list(RULE_BOUNDS))
    found = {name: own.number(name, None, least, most) for name, (least, most) in RULE_BOUNDS.items()}
    return {name: value for name, value in found.items() if value is not None}


def _alarms(read: Reader) -> tuple[AlarmRule, ...]:
    given = read.listed("alarms", "a list of objects with kind, severity and runs")
    found = []
    for at, each in enumerate(given):
        rule = Reader(f"{read.name('alarms')}[{at}]", each, argument_names(RetrainingAlarmArgs))
        found.append(
            AlarmRule(
                kind=rule.choice("kind", None, list(KINDS)),
                severity=rule.choice("severity", WARNING, SEVERITIES),
                runs=rule.whole("runs", 3, 1, 168),
            )
        )
    return tuple(found)


def _floor(read: Reader) -> tuple[str, float] | None:
    if not read.has("quality_floor"):
        return None
    floor = Reader(read.name("quality_floor"), read.raw("quality_floor"), argument_names(QualityFloorArgs))
    value = floor.number("floor", None, 0.0, 1.0)
    if value is None:
        raise floor.refuse("floor", "must be a number from 0 to 1")
    return floor.text("metric", None, r"[a-z0-9_]+", "a metric such as accuracy"), value


def _deployment_config(read: Reader) -> dict[str, Any]:
    """The traffic routing of UpdateEndpoint's DeploymentConfig, without its alarms."""
    strategy = read.choice("strategy", STRATEGIES[0], STRATEGIES)
    percent = read.whole("percent", 10, 1, 50)
    routing: dict[str, Any] = {
        "Type": {"canary": "CANARY", "linear": "LINEAR", "all-at-once": "ALL_AT_ONCE"}[strategy],
        "WaitIntervalInSeconds": read.whole("wait_in_seconds", 600, 0, _LONGEST_WAIT),
    }
    size = {"Type": "CAPACITY_PERCENT", "Value": percent}
    if strategy == "canary":
        routing["CanarySize"] = size
    elif strategy == "linear":
        routing["LinearStepSize"] = size
    elif read.has("percent"):
        raise read.refuse("percent", "means nothing with strategy all-at-once: remove one of the two")
    return {
        "BlueGreenUpdatePolicy": {
            "TrafficRoutingConfiguration": routing,
            "TerminationWaitInSeconds": 0,
            "MaximumExecutionTimeoutInSeconds": 14_400,
        }
    }
