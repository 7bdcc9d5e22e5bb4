"""What a user writes (the `*Args` TypedDicts) and what the components read (the frozen `*Settings`).

Every argument dictionary is turned into its settings at once, before the first resource is registered. What is wrong
is said in one line: which argument, which value, and the mend. A key that is not an argument is an error, so that a
misspelt one is never silently ignored.

Values that may come from another resource (names, ARNs, tags, addresses) are `pulumi.Input`; what decides which
resources exist or what they are called is plain. Whole numbers are accepted as `3.0` too: Pulumi's wire format has no
integers.

Never `from __future__ import annotations` here: Pulumi reads these annotations to make the component's schema.
"""

import difflib
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, NotRequired, Self, TypedDict

import pulumi

from components.naming import component_name_problem
from components.packaging import asset_bytes

HOURLY: Final = "cron(0 * ? * * *)"
DAILY_AT_SIX: Final = "cron(0 6 ? * * *)"
ENGINES: Final = ("model-monitor", "open", "both")
PROBLEM_TYPES: Final = ("BinaryClassification", "MulticlassClassification", "Regression")

# The values that CloudWatch Logs accepts, in days.
LOG_RETENTION_DAYS: Final = (
    *(1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653),
)


class ArgumentError(ValueError):
    """An argument that cannot be used; the message is one line: which, what was given, and the mend."""


class EndpointArgs(TypedDict):
    """The endpoint that is created, with the model behind it."""

    model: pulumi.Asset
    """`model.tar.gz` with the model's files and `code/inference.py`."""
    image_tag: NotRequired[str]
    """Tag of AWS's scikit-learn image. Default `1.9-0-cpu-py3`."""
    instance_type: NotRequired[str]
    """Default `ml.t2.medium`."""
    instance_count: NotRequired[int]
    """Default 1."""
    variant_name: NotRequired[str]
    """Name of the production variant. Default `Primary`."""
    sampling_percentage: NotRequired[int]
    """Share of requests that is captured, in percent. Default 100."""
    csv_content_types: NotRequired[Sequence[str]]
    """Captured as CSV. Default `["text/csv"]`. A type in neither list is captured as BASE64, which no monitor reads."""
    json_content_types: NotRequired[Sequence[str]]
    """Captured as JSON. Default `["application/json", "application/jsonlines"]`."""
    network_isolation: NotRequired[bool]
    """The model's container has no network. Default true; a `code/requirements.txt` needs false."""


class BaselineArgs(TypedDict):
    """The data that later data are compared with, and the job that describes them."""

    data: pulumi.Asset
    """CSV with a header: the model's output columns first, then its inputs, in the order of captured records."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600."""
    attempt: NotRequired[int]
    """Raise it to start a baseline job again that failed. Default 1."""


class DataQualityArgs(TypedDict):
    """The monitor of the model's inputs and outputs."""

    schedule_expression: NotRequired[str]
    """Default hourly, `cron(0 * ? * * *)`."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600; SageMaker's limit for an hourly schedule."""


class ModelQualityBaselineArgs(TypedDict):
    """Predictions with their true labels, from which the first performance figures are computed."""

    data: pulumi.Asset
    """CSV with a header."""
    inference_attribute: NotRequired[str]
    """Column of the prediction. Default `prediction`."""
    probability_attribute: NotRequired[str]
    """Column of the probability. Default `probability` for BinaryClassification, otherwise none."""
    ground_truth_attribute: NotRequired[str]
    """Column of the true label. Default `label`."""


class ModelQualityArgs(TypedDict):
    """The monitor of the model's predictions against labels that arrive under `ground-truth/`."""

    problem_type: str
    """`BinaryClassification`, `MulticlassClassification` or `Regression`."""
    baseline: NotRequired[ModelQualityBaselineArgs]
    """Without it figures are published and nothing is compared."""
    inference_attribute: NotRequired[str]
    """Where a captured answer has its prediction: a column's index for CSV, a JMESPath for JSON. Default `0`."""
    probability_attribute: NotRequired[str]
    """Where it has the probability. Default `1` for BinaryClassification, otherwise none."""
    probability_threshold: NotRequired[float]
    """From which probability on the label is 1. Default 0.5 for BinaryClassification, otherwise none."""
    schedule_expression: NotRequired[str]
    """Default daily at 06:00 UTC, `cron(0 6 ? * * *)`."""
    start_time_offset: NotRequired[str]
    """Where the window starts, seen from the scheduled time. Default `-P1D`."""
    end_time_offset: NotRequired[str]
    """Where the window ends, seen from the scheduled time. Default `-PT0H`. Move both back if labels come late."""
    instance_type: NotRequired[str]
    """Default `ml.m5.xlarge`."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 1800; SageMaker's limit for an hourly schedule."""


class AlertingArgs(TypedDict):
    """Who is told, and from when on."""

    emails: NotRequired[Sequence[pulumi.Input[str]]]
    """Addresses that are told of alarms; each must confirm its subscription. Default none."""
    violations_threshold: NotRequired[int]
    """Violations in one run that raise the alarm. Default 1."""
    notify_on_ok: NotRequired[bool]
    """Tell of an alarm's end as well. Default false."""


class StorageArgs(TypedDict):
    """How long the bucket keeps what."""

    captured_data_days: NotRequired[int]
    """Days after which captured requests and answers are deleted. Default 90."""
    noncurrent_version_days: NotRequired[int]
    """Days after which overwritten and deleted versions of objects are deleted. Default 30."""


class ModelMonitoringStackArgs(TypedDict):
    """A monitored endpoint: everything from its bucket to its dashboard."""

    endpoint: EndpointArgs
    """The endpoint and its model."""
    baseline: BaselineArgs
    """What the data-quality monitor compares with."""
    engine: NotRequired[str]
    """Who runs the monitoring jobs. Default and so far only `model-monitor`."""
    data_quality: NotRequired[DataQualityArgs]
    """The hourly data-quality monitor."""
    model_quality: NotRequired[ModelQualityArgs]
    """The daily model-quality monitor. Without it there is none."""
    alerting: NotRequired[AlertingArgs]
    """Alarms and notifications."""
    storage: NotRequired[StorageArgs]
    """The bucket."""
    retain_data: NotRequired[bool]
    """A destroy keeps the bucket with its data. Default true."""
    log_retention_in_days: NotRequired[int]
    """Of the functions' log groups. Default 30."""
    permissions_boundary_arn: NotRequired[pulumi.Input[str] | None]
    """IAM policy that bounds every role. Default none."""
    tags: NotRequired[Mapping[str, pulumi.Input[str]]]
    """On everything that can have tags. Default none."""


class _Reader:
    """Takes the arguments of one dictionary, one after the other, and refuses what is wrong with them."""

    def __init__(self, path: str, values: Mapping[str, Any] | None, names: Sequence[str]) -> None:
        if not isinstance(values, Mapping):
            raise ArgumentError(f"{path or 'args'} is {values!r}: give a dictionary with {', '.join(names)}")
        self._path = path
        self._values = values
        for name in values:
            if name not in names:
                near = difflib.get_close_matches(str(name), names, n=1)
                mend = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(names)}"
                raise ArgumentError(f"{self.name(str(name))} is not an argument: {mend}")

    def name(self, key: str) -> str:
        return f"{self._path}.{key}" if self._path else key

    def refuse(self, key: str, problem: str) -> ArgumentError:
        return ArgumentError(f"{self.name(key)} is {self._values.get(key)!r}: {problem}")

    def has(self, key: str) -> bool:
        return self._values.get(key) is not None

    def raw(self, key: str) -> Any:
        return self._values.get(key)

    def group(self, key: str) -> Any:
        """A dictionary of its own; one that is left out has no entries."""
        return self._values.get(key, {})

    def whole(self, key: str, default: int, least: int, most: int) -> int:
        value = self._values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not float(value).is_integer():
            raise self.refuse(key, f"must be a whole number from {least} to {most}")
        if not least <= value <= most:
            raise self.refuse(key, f"must be from {least} to {most}")
        return int(value)

    def number(self, key: str, default: float | None, least: float, most: float) -> float | None:
        value = self._values.get(key)
        if value is None:
            return default
        if isinstance(value, bool) or not isinstance(value, int | float) or not least <= value <= most:
            raise self.refuse(key, f"must be a number from {least} to {most}")
        return float(value)

    def flag(self, key: str, default: bool) -> bool:
        value = self._values.get(key)
        if value is None:
            return default
        if not isinstance(value, bool):
            raise self.refuse(key, "must be true or false")
        return value

    def text(self, key: str, default: str | None, pattern: str = ".+", form: str = "text that is not empty") -> str:
        value = self._values.get(key)
        if value is None and default is not None:
            return default
        if not isinstance(value, str) or not re.fullmatch(pattern, value):
            raise self.refuse(key, f"must be {form}")
        return value

    def optional_text(self, key: str, default: str | None) -> str | None:
        return self.text(key, default) if self.has(key) else default

    def choice(self, key: str, default: str | None, choices: Sequence[str]) -> str:
        value = self._values.get(key, default)
        if value not in choices:
            raise self.refuse(key, f"must be one of {', '.join(choices)}")
        return str(value)

    def asset(self, key: str, form: str) -> tuple[pulumi.Asset, bytes]:
        value = self._values.get(key)
        if not isinstance(value, pulumi.Asset):
            raise self.refuse(key, f"must be a pulumi.FileAsset: {form}")
        described = value.path if isinstance(value, pulumi.FileAsset) else type(value).__name__
        try:
            data = asset_bytes(value)
        except OSError as error:
            raise ArgumentError(f"{self.name(key)} is {described}: {error.strerror}; {form}") from error
        except TypeError as error:
            raise ArgumentError(f"{self.name(key)} is {described}: {error}") from error
        if not data:
            raise ArgumentError(f"{self.name(key)} is {described}: it is empty; {form}")
        return value, data

    def instance_type(self, default: str) -> str:
        return self.text(
            "instance_type", default, r"ml\.[a-z0-9-]+\.[a-z0-9]+", "an instance type such as ml.m5.xlarge"
        )


def _names(args: type) -> list[str]:
    return list(args.__annotations__)


@dataclass(frozen=True, kw_only=True)
class EndpointSettings:
    """`EndpointArgs`, checked and complete. `model_data` are the tarball's bytes."""

    model: pulumi.Asset
    model_data: bytes
    image_tag: str
    instance_type: str
    instance_count: int
    variant_name: str
    sampling_percentage: int
    csv_content_types: tuple[str, ...]
    json_content_types: tuple[str, ...]
    network_isolation: bool

    @classmethod
    def from_args(cls, args: EndpointArgs, path: str = "endpoint") -> Self:
        read = _Reader(path, args, _names(EndpointArgs))
        model, data = read.asset("model", "name the model.tar.gz")
        if not data.startswith(b"\x1f\x8b"):
            raise ArgumentError(f"{read.name('model')} is not gzip: SageMaker needs a model.tar.gz")
        return cls(
            model=model,
            model_data=data,
            image_tag=read.text(
                "image_tag", "1.9-0-cpu-py3", r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}", "a tag of an image"
            ),
            instance_type=read.instance_type("ml.t2.medium"),
            instance_count=read.whole("instance_count", 1, 1, 100),
            variant_name=read.text("variant_name", "Primary", _SAGEMAKER_NAME, "letters, digits and single hyphens"),
            sampling_percentage=read.whole("sampling_percentage", 100, 1, 100),
            csv_content_types=_content_types(read, "csv_content_types", ("text/csv",)),
            json_content_types=_content_types(
                read, "json_content_types", ("application/json", "application/jsonlines")
            ),
            network_isolation=read.flag("network_isolation", True),
        )


_SAGEMAKER_NAME: Final = r"[a-zA-Z0-9](-*[a-zA-Z0-9]){0,62}"
# SageMaker's pattern for CsvContentTypes and JsonContentTypes; it has no room for "; charset=utf-8".
_CONTENT_TYPE: Final = re.compile(r"[a-zA-Z0-9](-*[a-zA-Z0-9])*/[a-zA-Z0-9](-*[a-zA-Z0-9.])*")


def _content_types(read: _Reader, key: str, default: tuple[str, ...]) -> tuple[str, ...]:
    if not read.has(key):
        return default
    value = read.raw(key)
    if not isinstance(value, Sequence) or isinstance(value, str) or not 1 <= len(value) <= 10:
        raise read.refuse(key, "must be a list of 1 to 10 content types")
    for item in value:
        if not isinstance(item, str) or not _CONTENT_TYPE.fullmatch(item):
            raise ArgumentError(f"{read.name(key)} has {item!r}: write a type such as text/csv, without parameters")
    return tuple(value)


@dataclass(frozen=True, kw_only=True)
class BaselineSettings:
    """`BaselineArgs`, checked and complete. `content` are the bytes of the data."""

    data: pulumi.Asset
    content: bytes
    instance_type: str
    volume_size_in_gb: int
    max_runtime_in_seconds: int
    attempt: int

    @classmethod
    def from_args(cls, args: BaselineArgs, path: str = "baseline") -> Self:
        read = _Reader(path, args, _names(BaselineArgs))
        data, content = read.asset("data", "name a CSV file with a header")
        _header(read, "data", content)
        return cls(
            data=data,
            content=content,
            instance_type=read.instance_type("ml.m5.xlarge"),
            volume_size_in_gb=read.whole("volume_size_in_gb", 20, 1, 16384),
            max_runtime_in_seconds=read.whole("max_runtime_in_seconds", 3600, 60, 86400),
            attempt=read.whole("attempt", 1, 1, 999),
        )


def _header(read: _Reader, key: str, content: bytes) -> list[str]:
    """The column names of a CSV; a file with a header only, or without one, is refused."""
    lines = content.split(b"\n", maxsplit=2)
    try:
        columns = [column.strip().strip('"') for column in lines[0].decode("utf-8-sig").split(",")]
    except UnicodeDecodeError as error:
        raise ArgumentError(f"{read.name(key)} is not UTF-8 text: give a CSV file with a header") from error
    if len(lines) < 2 or not lines[1].strip():
        raise ArgumentError(f"{read.name(key)} has no row after its first line: give a CSV file with a header and rows")
    if not all(columns) or any(_is_number(column) for column in columns):
        raise ArgumentError(f"{read.name(key)} starts with {columns!r}: the first line must name the columns")
    return columns


def _is_number(text: str) -> bool:
    try:
        return math.isfinite(float(text))
    except ValueError:
        return False


@dataclass(frozen=True, kw_only=True)
class DataQualitySettings:
    """`DataQualityArgs`, checked and complete."""

    schedule_expression: str
    instance_type: str
    volume_size_in_gb: int
    max_runtime_in_seconds: int

    @classmethod
    def from_args(cls, args: DataQualityArgs, path: str = "data_quality") -> Self:
        read = _Reader(path, args, _names(DataQualityArgs))
        return cls(
            schedule_expression=_schedule(read, HOURLY),
            instance_type=read.instance_type("ml.m5.xlarge"),
            volume_size_in_gb=read.whole("volume_size_in_gb", 20, 1, 16384),
            max_runtime_in_seconds=_max_runtime(read, 3600, hourly_limit=3600, default_schedule=HOURLY),
        )


@dataclass(frozen=True, kw_only=True)
class ModelQualityBaselineSettings:
    """`ModelQualityBaselineArgs`, checked and complete."""

    data: pulumi.Asset
    content: bytes
    inference_attribute: str
    probability_attribute: str | None
    ground_truth_attribute: str

    @classmethod
    def from_args(cls, args: ModelQualityBaselineArgs, problem_type: str, path: str = "model_quality.baseline") -> Self:
        read = _Reader(path, args, _names(ModelQualityBaselineArgs))
        data, content = read.asset("data", "name a CSV file with a header")
        columns = _header(read, "data", content)
        binary = problem_type == "BinaryClassification"
        found = {
            "inference_attribute": read.text("inference_attribute", "prediction"),
            "probability_attribute": read.optional_text("probability_attribute", "probability" if binary else None),
            "ground_truth_attribute": read.text("ground_truth_attribute", "label"),
        }
        for key, column in found.items():
            if column is not None and column not in columns:
                raise ArgumentError(f"{read.name(key)} is {column!r}: the data have the columns {', '.join(columns)}")
        return cls(
            data=data,
            content=content,
            inference_attribute=str(found["inference_attribute"]),
            probability_attribute=found["probability_attribute"],
            ground_truth_attribute=str(found["ground_truth_attribute"]),
        )


@dataclass(frozen=True, kw_only=True)
class ModelQualitySettings:
    """`ModelQualityArgs`, checked and complete."""

    problem_type: str
    baseline: ModelQualityBaselineSettings | None
    inference_attribute: str
    probability_attribute: str | None
    probability_threshold: float | None
    schedule_expression: str
    start_time_offset: str
    end_time_offset: str
    instance_type: str
    volume_size_in_gb: int
    max_runtime_in_seconds: int

    @classmethod
    def from_args(cls, args: ModelQualityArgs, path: str = "model_quality") -> Self:
        read = _Reader(path, args, _names(ModelQualityArgs))
        problem_type = read.choice("problem_type", None, PROBLEM_TYPES)
        binary = problem_type == "BinaryClassification"
        baseline = None
        if read.has("baseline"):
            baseline = ModelQualityBaselineSettings.from_args(read.raw("baseline"), problem_type, read.name("baseline"))
        return cls(
            problem_type=problem_type,
            baseline=baseline,
            inference_attribute=read.text("inference_attribute", "0"),
            probability_attribute=read.optional_text("probability_attribute", "1" if binary else None),
            probability_threshold=read.number("probability_threshold", 0.5 if binary else None, 0.0, 1.0),
            schedule_expression=_schedule(read, DAILY_AT_SIX),
            start_time_offset=_offset(read, "start_time_offset", "-P1D"),
            end_time_offset=_offset(read, "end_time_offset", "-PT0H"),
            instance_type=read.instance_type("ml.m5.xlarge"),
            volume_size_in_gb=read.whole("volume_size_in_gb", 20, 1, 16384),
            max_runtime_in_seconds=_max_runtime(read, 1800, hourly_limit=1800, default_schedule=DAILY_AT_SIX),
        )


# The forms that SageMaker's schedules take: every hour; every day at an hour; every N hours from an hour on.
_EVERY_HOUR: Final = re.compile(r"cron\(0 \* \? \* \* \*\)")
_DAILY: Final = re.compile(r"cron\(0 ([01]?\d|2[0-3]) \? \* \* \*\)")
_EVERY_N_HOURS: Final = re.compile(r"cron\(0 ([01]?\d|2[0-3])/(\d{1,2}) \? \* \* \*\)")


def schedule_period_hours(expression: str) -> int | None:
    """Hours between two runs of a SageMaker schedule; None if SageMaker does not take the expression."""
    if _EVERY_HOUR.fullmatch(expression):
        return 1
    if _DAILY.fullmatch(expression):
        return 24
    every = _EVERY_N_HOURS.fullmatch(expression)
    if every and 1 <= int(every[2]) <= 24:
        return int(every[2])
    return None


def _schedule(read: _Reader, default: str) -> str:
    expression = read.text("schedule_expression", default)
    if schedule_period_hours(expression) is None:
        raise read.refuse(
            "schedule_expression",
            "write cron(0 * ? * * *) (hourly), cron(0 H ? * * *) (daily) or cron(0 H/N ? * * *) (every N hours)",
        )
    return expression


def _max_runtime(read: _Reader, default: int, *, hourly_limit: int, default_schedule: str) -> int:
    hours = schedule_period_hours(read.raw("schedule_expression") or default_schedule)
    limit = hourly_limit if hours == 1 else min(86400, (hours or 24) * 3600)
    return read.whole("max_runtime_in_seconds", min(default, limit), 60, limit)


def _offset(read: _Reader, key: str, default: str) -> str:
    return read.text(
        key, default, r"-P(?=.)(\d+D)?(T(?=.)(\d+H)?(\d+M)?)?", "a duration back in time such as -P1D or -PT6H"
    )


@dataclass(frozen=True, kw_only=True)
class AlertingSettings:
    """`AlertingArgs`, checked and complete."""

    emails: tuple[pulumi.Input[str], ...]
    violations_threshold: int
    notify_on_ok: bool

    @classmethod
    def from_args(cls, args: AlertingArgs, path: str = "alerting") -> Self:
        read = _Reader(path, args, _names(AlertingArgs))
        emails = read.raw("emails") or ()
        if not isinstance(emails, Sequence) or isinstance(emails, str):
            raise read.refuse("emails", "must be a list of addresses")
        for email in emails:
            if not isinstance(email, pulumi.Output) and not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", str(email)):
                raise ArgumentError(f"{read.name('emails')} has {email!r}: write an address such as team@example.com")
        return cls(
            emails=tuple(emails),
            violations_threshold=read.whole("violations_threshold", 1, 1, 1_000_000),
            notify_on_ok=read.flag("notify_on_ok", False),
        )


@dataclass(frozen=True, kw_only=True)
class StorageSettings:
    """`StorageArgs`, checked and complete."""

    captured_data_days: int
    noncurrent_version_days: int

    @classmethod
    def from_args(cls, args: StorageArgs, path: str = "storage") -> Self:
        read = _Reader(path, args, _names(StorageArgs))
        return cls(
            captured_data_days=read.whole("captured_data_days", 90, 1, 36500),
            noncurrent_version_days=read.whole("noncurrent_version_days", 30, 1, 36500),
        )


@dataclass(frozen=True, kw_only=True)
class CommonSettings:
    """What every part of a stack is given: tags, the roles' boundary, how long logs are kept."""

    tags: Mapping[str, pulumi.Input[str]]
    permissions_boundary_arn: pulumi.Input[str] | None
    log_retention_in_days: int


@dataclass(frozen=True, kw_only=True)
class StackSettings:
    """`ModelMonitoringStackArgs`, checked and complete."""

    engine: str
    endpoint: EndpointSettings
    baseline: BaselineSettings
    data_quality: DataQualitySettings
    model_quality: ModelQualitySettings | None
    alerting: AlertingSettings
    storage: StorageSettings
    retain_data: bool
    common: CommonSettings

    @classmethod
    def from_args(cls, name: str, args: ModelMonitoringStackArgs) -> Self:
        """Check everything that a user wrote, the component's name included.

        Raises
        ------
        ArgumentError
            In one line: the argument, its value and the mend.
        """
        check_component_name(name)
        read = _Reader("", args, _names(ModelMonitoringStackArgs))
        engine = read.choice("engine", "model-monitor", ENGINES)
        if engine != "model-monitor":
            raise read.refuse("engine", "this engine is not there yet; use model-monitor")
        for key in ("endpoint", "baseline"):
            if not read.has(key):
                raise ArgumentError(f"{key} is missing: a stack needs endpoint (with model) and baseline (with data)")
        return cls(
            engine=engine,
            endpoint=EndpointSettings.from_args(read.raw("endpoint")),
            baseline=BaselineSettings.from_args(read.raw("baseline")),
            data_quality=DataQualitySettings.from_args(read.group("data_quality")),
            model_quality=(
                ModelQualitySettings.from_args(read.raw("model_quality")) if read.has("model_quality") else None
            ),
            alerting=AlertingSettings.from_args(read.group("alerting")),
            storage=StorageSettings.from_args(read.group("storage")),
            retain_data=read.flag("retain_data", True),
            common=common_settings(
                tags=read.raw("tags"),
                permissions_boundary_arn=read.raw("permissions_boundary_arn"),
                log_retention_in_days=read.raw("log_retention_in_days"),
            ),
        )


def check_component_name(name: str) -> None:
    """Raise ArgumentError if no resource could be named after `name`."""
    problem = component_name_problem(name)
    if problem:
        raise ArgumentError(f"the component's name is {name!r}: it {problem}")


def common_settings(
    *,
    tags: Mapping[str, pulumi.Input[str]] | None = None,
    permissions_boundary_arn: pulumi.Input[str] | None = None,
    log_retention_in_days: int | None = None,
) -> CommonSettings:
    """Check the arguments that every component takes.

    Raises
    ------
    ArgumentError
        In one line: the argument, its value and the mend.
    """
    values = {"log_retention_in_days": log_retention_in_days}
    read = _Reader("", values, list(values))
    days = read.whole("log_retention_in_days", 30, 1, 3653)
    if days not in LOG_RETENTION_DAYS:
        raise read.refuse("log_retention_in_days", f"CloudWatch takes {', '.join(map(str, LOG_RETENTION_DAYS))}")
    if isinstance(permissions_boundary_arn, str) and not re.fullmatch(
        r"arn:aws[a-z-]*:iam::(\d{12}|aws):policy/.+", permissions_boundary_arn
    ):
        raise ArgumentError(
            f"permissions_boundary_arn is {permissions_boundary_arn!r}: give the ARN of an IAM policy, "
            "arn:aws:iam::123456789012:policy/name"
        )
    return CommonSettings(
        tags=_tags(tags or {}),
        permissions_boundary_arn=permissions_boundary_arn,
        log_retention_in_days=days,
    )


def _tags(tags: Mapping[str, pulumi.Input[str]]) -> Mapping[str, pulumi.Input[str]]:
    if not isinstance(tags, Mapping):
        raise ArgumentError(f"tags is {tags!r}: give a dictionary of names and values")
    if len(tags) > 50:
        raise ArgumentError(f"tags has {len(tags)} entries: AWS takes 50 on a resource")
    for key, value in tags.items():
        if not isinstance(key, str) or not 1 <= len(key) <= 128 or key.lower().startswith("aws:"):
            raise ArgumentError(f"tags has the name {key!r}: 1 to 128 characters that do not start with aws:")
        if not isinstance(value, pulumi.Output) and (not isinstance(value, str) or len(value) > 256):
            raise ArgumentError(f"tags.{key} is {value!r}: must be text of at most 256 characters")
    return dict(tags)
