"""Arguments of the open engine."""

from dataclasses import dataclass
from typing import Final, NotRequired, Self, TypedDict, cast

import pulumi

from components.archives import numpy_layer
from components.args.bounds import number
from components.args.reader import S3_FILE, ArgumentError, Reader, argument_names, as_text

RULES: Final = ("calibrated", "model-monitor")
SEASONS: Final = (
    "auto",
    "none",
    "weekend",
    "hour_of_day",
    "hour_of_day_and_weekend",
    "day_of_week",
    "hour_of_week",
    "day_of_month",
)
FEATURE_METRICS: Final = ("findings", "all", "none")
# The result tables of the account's fleet, whose place goes by a convention.
ACCOUNT: Final = "account"
# A variable of a processing job holds no more.
MOST_VERSION: Final = 256
MEGABYTE: Final = 1024 * 1024
# EventBridge Scheduler may start a run five minutes later still (`open_monitors.FLEXIBLE_MINUTES`). Whether it then
# tells the time that the run was due or the later one is documented nowhere: both must lie in one hour.
LONGEST_GRACE: Final = 54
# What was measured to fit the function (docs/cost.md), with room for the baseline on its disk of 512 MB.
MOST_MEGABYTES: Final = 200


class SmallWindowsArgs(TypedDict):
    """Windows of few captures are looked at by a function, in seconds, and not by a processing job, in minutes."""

    layer: NotRequired[pulumi.Archive]
    """numpy and scipy for the function: a Lambda layer for Python 3.13 on arm64, as `make layer` builds it. Without it
    the deployment builds it itself, once, from locked wheels; that needs a package index."""
    max_megabytes: NotRequired[int]
    """Captures and labels of up to so many megabytes are a small window. Default 50, at most 200; 0 for none: every
    window is a processing job."""


class OpenEngineArgs(TypedDict):
    """How the open engine runs; what it monitors is said in `data_quality` and `model_quality`."""

    grace_in_minutes: NotRequired[int]
    """How long after the hour a run starts: captured files appear some minutes late. Default 20, at most 54."""
    late_hours: NotRequired[int]
    """How far back a run looks for files that came later still, each counted once. Default 6."""
    false_alarms_per_year: NotRequired[float]
    """How often in a year all monitors of the stack together may alarm although nothing drifted. They share it equally;
    it holds under the rules `calibrated` only. Default 1."""
    rules: NotRequired[str]
    """By whose rules a run judges: `calibrated`, under that budget, or `model-monitor`, AWS's own, which promise
    nothing. Default `calibrated`."""
    learn_windows: NotRequired[bool]
    """Judge each window by how much the monitor's windows differ when nothing is wrong, learnt from its own first
    weeks; until then only gross changes alarm. False: as if all rows were independent, from the first hour. Default
    true."""
    season: NotRequired[str]
    """What windows repeat with: `auto` finds it; or `none`, `weekend`, `hour_of_day`, `hour_of_day_and_weekend`,
    `day_of_week`, `hour_of_week`, `day_of_month`. Default `auto`."""
    max_unreadable_share: NotRequired[float]
    """From which share of unreadable records on a run fails. Default 0.1."""
    instance_count: NotRequired[int]
    """Instances that share a window's captures, for windows of many gigabytes. Default 1."""
    small_windows: NotRequired[SmallWindowsArgs]
    """Default of the component: none, every window is a processing job. The Pulumi program has them unless it is told
    otherwise."""
    feature_metrics: NotRequired[str]
    """Of which features there are metrics, at 0.30 USD a metric and month: `findings` (those that violate something, in
    the hours in which they do), `all`, or `none`. `drift.json` has all numbers in any case. Default `findings`."""
    alarm_on_no_data: NotRequired[bool]
    """A window without captures alarms too: a model that nobody calls may be the news. Default false."""
    result_tables_uri: NotRequired[pulumi.Input[str]]
    """Where each run also leaves its results as lines for SQL: an `s3://` place, or `account` for that of the account's
    `ModelMonitoringFleet`. Default `result-tables` in the stack's bucket."""
    model_version: NotRequired[pulumi.Input[str]]
    """What the model that is served is called in those lines, such as its model package. Default the model's own
    name, since a retraining its package."""
    least_agreement: NotRequired[float]
    """Engine `both`: below this share of features with the same verdict the engines disagree. Default 0.9."""
    disagreeing_runs: NotRequired[int]
    """Engine `both`: after so many runs in a row that disagree it alarms. Default 3."""


@dataclass(frozen=True, kw_only=True)
class SmallWindowsSettings:
    """`SmallWindowsArgs`, checked and complete."""

    layer: pulumi.Archive
    max_bytes: int

    @classmethod
    def from_args(cls, args: SmallWindowsArgs, path: str) -> Self | None:
        """None where no window is small."""
        read = Reader(path, args, argument_names(SmallWindowsArgs))
        most = read.whole("max_megabytes", 50, 0, MOST_MEGABYTES)
        layer = read.raw("layer") if read.has("layer") else None
        if layer is not None and not isinstance(layer, pulumi.Archive):
            raise ArgumentError(f"{read.name('layer')} is {layer!r}: give a pulumi.FileArchive, as `make layer` builds")
        if most == 0:
            return None
        return cls(layer=_built_layer(path) if layer is None else layer, max_bytes=most * MEGABYTE)


@dataclass(frozen=True, kw_only=True)
class OpenEngineSettings:
    """`OpenEngineArgs`, checked and complete."""

    grace_in_minutes: int
    late_hours: int
    false_alarms_per_year: float
    rules: str
    learn_windows: bool
    season: str
    max_unreadable_share: float
    instance_count: int
    small_windows: SmallWindowsSettings | None
    feature_metrics: str
    alarm_on_no_data: bool
    result_tables: pulumi.Input[str] | None
    """None: in the stack's own bucket."""
    model_version: pulumi.Input[str] | None
    least_agreement: float
    disagreeing_runs: int

    @classmethod
    def from_args(cls, args: OpenEngineArgs, path: str = "open_engine") -> Self:
        read = Reader(path, args, argument_names(OpenEngineArgs))
        small_windows = None
        if read.has("small_windows"):
            small_windows = SmallWindowsSettings.from_args(read.raw("small_windows"), read.name("small_windows"))
        return cls(
            grace_in_minutes=read.whole("grace_in_minutes", 20, 0, LONGEST_GRACE),
            late_hours=read.whole("late_hours", 6, 0, 72),
            false_alarms_per_year=read.number("false_alarms_per_year", 1.0, 0.001, 1000.0) or 1.0,
            rules=read.choice("rules", RULES[0], RULES),
            learn_windows=read.flag("learn_windows", True),
            season=read.choice("season", SEASONS[0], SEASONS),
            max_unreadable_share=_share(read, "max_unreadable_share", 0.1),
            instance_count=number(read, "instance_count", 1, "open_engine.instance_count"),
            small_windows=small_windows,
            feature_metrics=read.choice("feature_metrics", "findings", FEATURE_METRICS),
            alarm_on_no_data=read.flag("alarm_on_no_data", False),
            result_tables=_tables(read),
            model_version=_version(read),
            least_agreement=_share(read, "least_agreement", 0.9),
            # CloudWatch looks back a week, and a monitor may run once a day.
            disagreeing_runs=read.whole("disagreeing_runs", 3, 1, 7),
        )


def _tables(read: Reader) -> pulumi.Input[str] | None:
    return read.optional_late_text(
        "result_tables_uri", rf"{ACCOUNT}|{S3_FILE}", f"{ACCOUNT}, or a place such as s3://bucket/prefix"
    )


def _version(read: Reader) -> pulumi.Input[str] | None:
    given = as_text(read.raw("model_version"))  # `pulumi config set` keeps 3 as a number
    known = isinstance(given, str) and 1 <= len(given) <= MOST_VERSION and given.isprintable()
    if given is not None and not known and not isinstance(given, pulumi.Output):
        raise read.refuse("model_version", f"must be text of 1 to {MOST_VERSION} characters")
    return cast(pulumi.Input[str] | None, given)


def _built_layer(path: str) -> pulumi.FileArchive:
    try:
        return pulumi.FileArchive(str(numpy_layer.built()))
    except numpy_layer.LayerError as error:
        raise ArgumentError(
            f"{path} has no layer, and none could be made ({error}): make one where there is a package index (make "
            "layer) and give its path, or set max_megabytes to 0, and every run is a processing job"
        ) from error


def _share(read: Reader, key: str, default: float) -> float:
    found = read.number(key, default, 0.0, 1.0)
    return default if found is None else found
