"""Holds the two engines' verdicts on a window against each other, once both have finished it.

One of two monitors that disagree lastingly is wrong, and nobody else would notice. Whoever ends second brings the two
together; an event that comes twice compares the same files again and publishes the same number.
Permissions and environment variables: functions/README.md.
"""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from contract.bucket_layout import ANALYSIS, CONSTRAINTS, DRIFT, MODEL_MONITOR_RULES, STATISTICS, VIOLATIONS
from contract.metrics import AGREEMENT
from contract.processing_job import is_merge, output_uri
from functions.common.aws_clients import client
from functions.common.cloudwatch import publish
from functions.common.environment import ConfigurationError, prefix, required
from functions.common.event_fields import BadEventError, mapping, text
from functions.common.json_logging import log
from functions.common.s3_objects import UnreadableError, exists, list_keys, read_json
from functions.common.violations import parse_violations
from functions.compare_engines.agreement import Agreement, Results, compare, subjects_of

DETAIL_TYPE = "SageMaker Processing Job State Change"
# A continuous column takes some 100 KB of statistics.json; a file of 64 MB, once parsed, still fits this function.
MAX_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True)
class Pair:
    """The two schedules that watch the same thing."""

    kind: str
    model_monitor: str
    open: str


@dataclass(frozen=True)
class Settings:
    """The function's environment."""

    endpoint: str
    namespace: str
    bucket: str
    results_prefix: str
    agreement_prefix: str
    pairs: tuple[Pair, ...]

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> "Settings":
        """Read them from environment variables; ConfigurationError names the one that is missing or unusable."""
        return cls(
            endpoint=required(environ, "ENDPOINT_NAME"),
            namespace=required(environ, "METRIC_NAMESPACE"),
            bucket=required(environ, "BUCKET_NAME"),
            results_prefix=prefix(environ, "RESULTS_PREFIX"),
            agreement_prefix=prefix(environ, "AGREEMENT_PREFIX"),
            pairs=_pairs(required(environ, "ENGINE_PAIRS")),
        )

    def pair_of(self, schedule: str) -> Pair | None:
        """The pair that a schedule belongs to; None if it is not of this stack."""
        return next((pair for pair in self.pairs if schedule in (pair.model_monitor, pair.open)), None)


def _pairs(value: str) -> tuple[Pair, ...]:
    try:
        return tuple(
            Pair(kind, str(names["model_monitor"]), str(names["open"])) for kind, names in json.loads(value).items()
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ConfigurationError(
            'environment variable ENGINE_PAIRS must be {"data-quality": {"model_monitor": "…", "open": "…"}}'
        ) from error


@dataclass(frozen=True)
class Finished:
    """A run that has ended: of which schedule, when its window ends (ISO 8601), and where it wrote, if known."""

    schedule: str
    end_time: str
    output_uri: str | None = None


def finished(event: Any, sagemaker: Any) -> Finished | None:
    """The run that an event tells of; None if its job is no completed monitoring run.

    Either a processing job's event, or from the function for small windows `{"schedule", "end_time"}`.
    """
    fields = mapping(event, "the event")
    if "detail-type" not in fields:
        return Finished(text(fields, "schedule", "the event"), text(fields, "end_time", "the event"))
    if fields["detail-type"] != DETAIL_TYPE:
        raise BadEventError(f"the event's detail-type is {fields['detail-type']!r}, expected {DETAIL_TYPE!r}")
    name = text(mapping(fields.get("detail"), "the event's detail"), "ProcessingJobName", "the event's detail")
    job = sagemaker.describe_processing_job(ProcessingJobName=name)
    environment = job.get("Environment") or {}
    schedule, end_time = environment.get("sagemaker_monitoring_schedule_name"), environment.get("end_time")
    if job["ProcessingJobStatus"] != "Completed" or not schedule or not end_time or is_merge(environment):
        return None
    return Finished(schedule, end_time, output_uri(job))


def note(s3: Any, settings: Settings, pair: Pair, hour: str, run: Finished) -> None:
    """Keep that a run has finished, and where it wrote.

    Its files do not tell: a run of Model Monitor's that is content may leave none, as it is documented for the quality
    of models, and where windows end before their runs it may file them under another hour.
    """
    folder = f"{settings.results_prefix}/{settings.endpoint}/{run.schedule}/{hour}/"
    own = f"s3://{settings.bucket}/{settings.results_prefix}/"
    if run.output_uri and run.output_uri.startswith(own):
        folder = run.output_uri.removeprefix(f"s3://{settings.bucket}/").rstrip("/") + "/"
    s3.put_object(
        Bucket=settings.bucket,
        Key=_note_key(settings, pair, run.schedule, hour),
        Body=json.dumps({"schedule": run.schedule, "folder": folder}).encode(),
        ContentType="application/json",
    )


def _note_key(settings: Settings, pair: Pair, schedule: str, hour: str) -> str:
    return f"{settings.agreement_prefix}/{settings.endpoint}/{pair.kind}/{hour}.{schedule}.finished"


def results(s3: Any, settings: Settings, pair: Pair, schedule: str, hour: str) -> Results | None:
    """What a schedule's run of an hour wrote; None if it has not finished, as far as events and files tell.

    Like is compared with like: where the open engine judged by its own rules, what Model Monitor's say of the window.
    An event may get lost: files that are written last are as good.
    """
    folder = f"{settings.results_prefix}/{settings.endpoint}/{schedule}/{hour}/"
    noted = _note_key(settings, pair, schedule, hour)
    finished_by_event = exists(s3, settings.bucket, noted)
    if finished_by_event:
        folder = str(_read(s3, settings, noted)["folder"])
    files = {key.removeprefix(folder): key for key in list_keys(s3, settings.bucket, folder)}
    if not finished_by_event and files.keys().isdisjoint((STATISTICS, ANALYSIS, *VIOLATIONS)):
        return None
    name = next((name for name in (MODEL_MONITOR_RULES, *VIOLATIONS) if name in files), None)
    violations = parse_violations(_read(s3, settings, files[name])) if name else ()
    return Results(_subjects(s3, settings, files), violations, _measures(s3, settings, files))


def _subjects(s3: Any, settings: Settings, files: Mapping[str, str]) -> frozenset[str]:
    """Read what was looked at from the constraints, which name the features and little else, or from the statistics
    where they name none.
    """
    for name in (CONSTRAINTS, STATISTICS, ANALYSIS):
        if name in files and (found := subjects_of(_read(s3, settings, files[name]))):
            return found
    return frozenset()


def _measures(s3: Any, settings: Settings, files: Mapping[str, str]) -> Mapping[str, Any]:
    """What the open engine measured. It illustrates a disagreement and decides none, so it may be missing."""
    if DRIFT not in files:
        return {}
    try:
        measured = _read(s3, settings, files[DRIFT]).get("features")
    except (UnreadableError, AttributeError) as error:
        log("WARNING", "compared without measures", file=files[DRIFT], reason=str(error))
        return {}
    return measured if isinstance(measured, Mapping) else {}


def _read(s3: Any, settings: Settings, key: str) -> Any:
    return read_json(s3, settings.bucket, key, max_bytes=MAX_BYTES)


def process(event: Any, settings: Settings, *, s3: Any, sagemaker: Any, cloudwatch: Any) -> dict[str, Any]:
    """One event; what came of it."""
    run = finished(event, sagemaker)
    if run is None:
        return {"ignored": "no completed monitoring run"}
    pair = settings.pair_of(run.schedule)
    if pair is None:
        return {"ignored": f"{run.schedule} is no schedule of this stack"}
    try:
        hour = datetime.fromisoformat(run.end_time).strftime("%Y/%m/%d/%H")
    except ValueError as error:
        raise BadEventError(f"end_time is {run.end_time!r}: it must be an ISO 8601 time") from error
    note(s3, settings, pair, hour, run)
    first = results(s3, settings, pair, pair.model_monitor, hour)
    second = results(s3, settings, pair, pair.open, hour)
    if first is None or second is None:
        return {"kind": pair.kind, "hour": hour, "waiting": "the other engine has not finished this window"}
    agreement = compare(first, second)
    key = keep(s3, settings, pair, hour, agreement)
    metrics = {AGREEMENT: agreement.share}
    publish(cloudwatch, settings.namespace, settings.endpoint, pair.open, metrics, unit="None")
    return {
        "kind": pair.kind,
        "hour": hour,
        "agreement": agreement.share,
        "compared": agreement.compared,
        "disagreements": [item.subject for item in agreement.disagreements],
        "kept": f"s3://{settings.bucket}/{key}",
    }


def keep(s3: Any, settings: Settings, pair: Pair, hour: str, agreement: Agreement) -> str:
    """Write the comparison with both sides' numbers; its key."""
    document = {
        "version": 1,
        "endpoint": settings.endpoint,
        "kind": pair.kind,
        "hour": hour,
        "schedules": {"model_monitor": pair.model_monitor, "open": pair.open},
        "rules": {"model_monitor": "model-monitor", "open": "model-monitor"},
        "agreement": agreement.share,
        "compared": agreement.compared,
        "both_violated": list(agreement.both_violated),
        "disagreements": [item.to_dict() for item in agreement.disagreements],
    }
    key = f"{settings.agreement_prefix}/{settings.endpoint}/{pair.kind}/{hour}.json"
    s3.put_object(Bucket=settings.bucket, Key=key, Body=json.dumps(document).encode(), ContentType="application/json")
    return key


def handler(event: Any, context: Any) -> dict[str, Any]:  # noqa: ARG001 -- Lambda passes both
    """Lambda's entry."""
    settings = Settings.read(os.environ)
    try:
        answer = process(
            event, settings, s3=client("s3"), sagemaker=client("sagemaker"), cloudwatch=client("cloudwatch")
        )
    except BadEventError as error:
        log("ERROR", "unusable event", reason=str(error))
        raise
    log("WARNING" if answer.get("disagreements") else "INFO", "engines compared", **answer)
    return answer
