"""Monitoring schedules and executions: each execution is a processing job with Model Monitor's environment.

Times, names, environment and S3 layout follow what AWS's documents and published job descriptions show; the listing of
captured data, like everything else here, happens under the role of the job definition.

Longer than 400 lines: a schedule's life, from its creation to the end of an execution, is one state that every
operation reads and writes.
"""

import logging
import secrets
import threading
from collections.abc import Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import clients, seams
from local_aws.clock import HOUR, VirtualClock, floor_hour, iso
from local_aws.identity import Identity
from local_aws.sagemaker import batch_inputs, clarify, cron, images
from local_aws.sagemaker.hosting.capture import hour_prefixes
from local_aws.sagemaker.jobs import ProcessingJobs
from local_aws.sagemaker.store import Document, Scope, Store

log = logging.getLogger("local_aws.schedules")

NO_DATA = "Job inputs had no data"
_GROUND_TRUTH = "/opt/ml/processing/groundtruth"
_MERGE_INPUT = "/opt/ml/processing/input_data"
_OUTPUT = "/opt/ml/processing/output"
# Members of the four kinds of job definition have the kind in their name; so have the names of their jobs.
PREFIXES = {
    "DataQuality": "data-quality",
    "ModelQuality": "model-quality",
    "ModelBias": "model-bias",
    "ModelExplainability": "model-explainability",
}
# The analyzer takes a run that says nothing of itself for data quality.
_ANALYSES = {"ModelQuality": "MODEL_QUALITY", "ModelBias": "BIAS", "ModelExplainability": "ATTRIBUTION"}


@dataclass(frozen=True)
class Definition:
    """A job definition of any kind, or the one that is written into a schedule."""

    monitoring_type: str
    name: str | None
    app: Mapping[str, Any]
    baseline: Mapping[str, Any]
    endpoint: Mapping[str, Any]
    batch: Mapping[str, Any]
    ground_truth: str | None
    output: Mapping[str, Any]
    cluster: Mapping[str, Any]
    role: str
    environment: Mapping[str, str]
    max_runtime: int
    network: Mapping[str, Any] | None

    @classmethod
    def of_document(cls, monitoring_type: str, document: Document) -> "Definition":
        """Read a Create…JobDefinition request."""
        request, kind = document.request, monitoring_type
        source = request[f"{kind}JobInput"]
        return cls(
            monitoring_type=kind,
            name=document.name,
            app=request[f"{kind}AppSpecification"],
            baseline=request.get(f"{kind}BaselineConfig") or {},
            endpoint=source.get("EndpointInput") or {},
            batch=source.get("BatchTransformInput") or {},
            ground_truth=(source.get("GroundTruthS3Input") or {}).get("S3Uri"),
            output=request[f"{kind}JobOutputConfig"]["MonitoringOutputs"][0]["S3Output"],
            cluster=request["JobResources"]["ClusterConfig"],
            role=request["RoleArn"],
            environment=request[f"{kind}AppSpecification"].get("Environment") or {},
            max_runtime=(request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 3600),
            network=request.get("NetworkConfig"),
        )

    @classmethod
    def inline(cls, request: Mapping[str, Any]) -> "Definition":
        """Read a schedule's own MonitoringJobDefinition (data quality only)."""
        return cls(
            monitoring_type="DataQuality",
            name=None,
            app=request["MonitoringAppSpecification"],
            baseline=request.get("BaselineConfig") or {},
            endpoint=request["MonitoringInputs"][0].get("EndpointInput") or {},
            batch=request["MonitoringInputs"][0].get("BatchTransformInput") or {},
            ground_truth=None,
            output=request["MonitoringOutputConfig"]["MonitoringOutputs"][0]["S3Output"],
            cluster=request["MonitoringResources"]["ClusterConfig"],
            role=request["RoleArn"],
            environment=request.get("Environment") or {},
            max_runtime=(request.get("StoppingCondition") or {}).get("MaxRuntimeInSeconds", 3600),
            network=request.get("NetworkConfig"),
        )

    @property
    def source(self) -> Mapping[str, Any]:
        """Where a record has what, and the window: members that both kinds of input have."""
        return self.endpoint or self.batch


@dataclass
class Execution:
    """One run of a schedule; outlives it."""

    scope: Scope
    schedule: str
    scheduled: datetime
    created: datetime
    modified: datetime
    definition: Definition
    status: str = "Pending"
    job_arn: str | None = None
    failure: str | None = None

    def summary(self) -> dict[str, Any]:
        """A MonitoringExecutionSummary."""
        summary = {
            "MonitoringScheduleName": self.schedule,
            "ScheduledTime": self.scheduled,
            "CreationTime": self.created,
            "LastModifiedTime": self.modified,
            "MonitoringExecutionStatus": self.status,
            "EndpointName": self.definition.endpoint.get("EndpointName"),
            "MonitoringType": self.definition.monitoring_type,
            "MonitoringJobDefinitionName": self.definition.name,
            "ProcessingJobArn": self.job_arn,
            "FailureReason": self.failure,
        }
        return {name: value for name, value in summary.items() if value is not None}

    @property
    def ended(self) -> bool:
        """Whether nothing more will happen to it."""
        return self.status in ("Completed", "CompletedWithViolations", "Failed", "Stopped")


@dataclass(frozen=True)
class Window:
    """The time that an execution looks at: `[start, end)`."""

    start: datetime
    end: datetime


class Schedules:
    """Fires schedules on the virtual clock and runs their executions."""

    def __init__(self, clock: VirtualClock, identity: Identity, store: Store, jobs: ProcessingJobs) -> None:
        self._clock = clock
        self._identity = identity
        self._store = store
        self._jobs = jobs
        self._pool = ThreadPoolExecutor(8, thread_name_prefix="monitoring-execution")
        self._lock = threading.Lock()
        self._running: dict[str, Future[None]] = {}
        self.executions: list[Execution] = []

    def definition(self, schedule: Document) -> Definition:
        """The job definition that a schedule runs."""
        config = schedule.request["MonitoringScheduleConfig"]
        if "MonitoringJobDefinition" in config:
            return Definition.inline(config["MonitoringJobDefinition"])
        kind = config["MonitoringType"]
        name = config["MonitoringJobDefinitionName"]
        return Definition.of_document(kind, self._store.get(schedule.scope, f"{PREFIXES[kind]}-job-definition", name))

    def plan(self, schedule: Document) -> None:
        """Set when a schedule fires next, from now."""
        rule = cron.parse(expression(schedule))
        now = self._clock.now()
        schedule.state["_next"] = now if rule is None else rule.next_after(now)

    def next_due(self) -> datetime | None:
        """When the next schedule fires; None if none does."""
        return min((s.state["_next"] for s in self._active()), default=None)

    def fire_due(self, now: datetime) -> "list[Future[None]]":
        """Start the executions that are due, in order of time; a future is done when its execution has ended."""
        started: list[Future[None]] = []
        while True:
            due = sorted((s for s in self._active() if s.state["_next"] <= now), key=lambda s: s.state["_next"])
            if not due:
                return started
            started.append(self._fire(due[0]))

    def in_progress(self, schedule: Document) -> bool:
        """Whether an execution of a schedule has not ended."""
        return any(
            e.schedule == schedule.name and e.scope == schedule.scope and not e.ended
            for e in self.executions
            if e.created >= schedule.created
        )

    def _active(self) -> list[Document]:
        documents = self._store.all(None, "monitoring-schedule")
        return [s for s in documents if s.state["MonitoringScheduleStatus"] == "Scheduled" and s.state.get("_next")]

    def _fire(self, schedule: Document) -> "Future[None]":
        scheduled: datetime = schedule.state["_next"]
        rule = cron.parse(expression(schedule))
        schedule.state["_next"] = rule.next_after(scheduled) if rule else None
        definition = self.definition(schedule)
        now = self._clock.now()
        execution = Execution(schedule.scope, schedule.name, scheduled, now, now, definition)
        with self._lock:
            self.executions.append(execution)
        return self._pool.submit(self._run, schedule, execution, self._window(schedule, definition, scheduled, rule))

    def _window(
        self, schedule: Document, definition: Definition, scheduled: datetime, rule: "cron.Cron | None"
    ) -> Window:
        config = schedule.request["MonitoringScheduleConfig"].get("ScheduleConfig") or {}
        if rule is None:
            start = scheduled + cron.parse_offset(config["DataAnalysisStartTime"])
            return Window(start, scheduled + cron.parse_offset(config["DataAnalysisEndTime"]))
        hour = floor_hour(scheduled)
        start_offset, end_offset = definition.source.get("StartTimeOffset"), definition.source.get("EndTimeOffset")
        start = hour + cron.parse_offset(start_offset) if start_offset else hour - rule.period
        return Window(start, hour + (cron.parse_offset(end_offset) if end_offset else timedelta(0)))

    def _run(self, schedule: Document, execution: Execution, window: Window) -> None:
        with seams.request_scope(schedule.scope.account_id, schedule.scope.region):
            execution.status = "InProgress"
            try:
                job = self._perform(schedule, execution, window)
                message = job.state.get("ExitMessage", "")
                status = job.state["ProcessingJobStatus"]
                if status == "Completed" and message.startswith("CompletedWithViolations"):
                    status = "CompletedWithViolations"
                execution.failure = job.state.get("FailureReason")
                execution.status = status
            except _NoData:
                execution.failure, execution.status = NO_DATA, "Failed"
            except (ClientError, BotoCoreError, _MergeFailed) as error:
                log.warning("execution of %s: %s", schedule.name, error)
                execution.failure, execution.status = str(error), "Failed"
            except Exception as error:  # a fault of this emulator must end the execution, not hang whoever waits for it
                log.exception("execution of %s", schedule.name)
                execution.failure, execution.status = f"InternalServerError: {error}", "Failed"
            execution.modified = self._clock.now()

    def _perform(self, schedule: Document, execution: Execution, window: Window) -> Document:
        """Run the jobs of an execution one after the other; the last one's document."""
        definition = execution.definition
        session = self._identity.session(definition.role, f"SageMaker-{schedule.name}")
        s3 = clients.client("s3", session)
        captured = self._captured(schedule.scope, definition, s3, window)
        if not captured:
            raise _NoData
        suffix = f"{execution.scheduled:%Y%m%d%H%M}-{secrets.token_hex(12)}"
        source = definition.source["LocalPath"]
        if definition.ground_truth:
            labels = [
                h
                for h in hour_prefixes(window.start, window.end)
                if clients.list_keys(s3, f"{definition.ground_truth.rstrip('/')}/{h}/")
            ]
            if not labels:
                raise _NoData
            captured = self._merge(schedule, definition, captured, labels, suffix)
            source = _MERGE_INPUT
            captured = {p: u for p, u in captured.items() if clients.list_keys(s3, f"{u}/")}
            if not captured:
                raise _NoData
        model = None
        if uri := definition.app.get("ConfigUri"):
            model = clarify.model_archive(uri, s3, scope=schedule.scope, store=self._store, identity=self._identity)
        seams.close_role_session(session["AWS_ACCESS_KEY_ID"])
        request = self._request(schedule, execution, window, captured, source)
        job = self._job(schedule, f"{PREFIXES[definition.monitoring_type]}-monitoring-{suffix}", request)
        if model is not None:
            job.state["_Model"] = model
            request["Environment"]["model_archive"] = clarify.MODEL_PATH
        job.state.update(_MonitoringType=definition.monitoring_type, _WatchesBatches=bool(definition.batch))
        execution.job_arn = job.arn
        self._jobs.start(job).result()
        return job

    def _captured(self, scope: Scope, definition: Definition, s3: Any, window: Window) -> dict[str, str]:
        """The captured hours of the window that have data: `{endpoint}/{variant}/yyyy/mm/dd/hh` and where they are. Of
        transform jobs their manifests.
        """
        if definition.batch:
            return batch_inputs.manifests(definition.batch, s3, window.start, window.end)
        endpoint = self._store.get(scope, "endpoint", definition.endpoint["EndpointName"])
        config = self._store.get(scope, "endpoint-config", endpoint.state["EndpointConfigName"])
        destination = config.request["DataCaptureConfig"]["DestinationS3Uri"]
        found = {}
        for variant in config.request["ProductionVariants"]:
            for hour in hour_prefixes(window.start, window.end):
                place = f"{endpoint.name}/{variant['VariantName']}/{hour}"
                if clients.list_keys(s3, f"{destination}/{place}/"):
                    found[place] = f"{destination}/{place}"
        return found

    def _merge(
        self,
        schedule: Document,
        definition: Definition,
        captured: Mapping[str, str],
        labels: Sequence[str],
        suffix: str,
    ) -> dict[str, str]:
        """Run the ground-truth merge job; where the merged hours are."""
        truth = str(definition.ground_truth).rstrip("/")
        merged = f"{definition.output['S3Uri'].rstrip('/')}/merge"
        inputs = [
            _input(f"groundtruth_input_{i}", f"{truth}/{h}", f"{_GROUND_TRUTH}/{h}") for i, h in enumerate(labels, 1)
        ]
        inputs += [
            _input(f"endpoint_input_{i}", uri, f"{_MERGE_INPUT}/{p}", is_manifest=bool(definition.batch))
            for i, (p, uri) in enumerate(captured.items(), 1)
        ]
        analyzer = definition.app["ImageUri"]
        request = self._job_request(
            definition,
            {"ImageUri": images.merger(analyzer)},
            inputs,
            {"S3Uri": merged, "LocalPath": _OUTPUT, "S3UploadMode": "EndOfJob"},
            {"dataset_source": _MERGE_INPUT, "ground_truth_source": _GROUND_TRUTH, "output_path": _OUTPUT},
        )
        job = self._job(schedule, f"groundtruth-merge-{suffix}", request)
        self._jobs.start(job).result()
        if job.state["ProcessingJobStatus"] != "Completed":
            raise _MergeFailed(f"Ground truth merge job {job.name} failed: {job.state.get('FailureReason', 'stopped')}")
        return {place: f"{merged}/{place}" for place in captured}

    def _request(
        self, schedule: Document, execution: Execution, window: Window, captured: Mapping[str, str], source: str
    ) -> dict[str, Any]:
        """The monitoring job's CreateProcessingJob request."""
        definition = execution.definition
        endpoint = definition.endpoint.get("EndpointName")
        is_manifest = bool(definition.batch) and not definition.ground_truth
        inputs, baseline = _baseline_inputs(definition)
        inputs += [
            _input(f"{'endpoint' if endpoint else 'batch_transform'}_input_{i}", u, f"{source}/{p}", is_manifest)
            for i, (p, u) in enumerate(captured.items(), 1)
        ]
        scripts, script_variables = _script_inputs(definition)
        if found := clarify.config_input(definition.app):
            scripts.append(_input("analysis_config", found[0], clarify.CONFIG_FOLDER))
            script_variables |= found[1]
        output_path = definition.output["LocalPath"]
        variables = {
            "dataset_format": _dataset_format(definition),
            "dataset_source": source,
            "output_path": output_path,
            "start_time": iso(window.start),
            "end_time": iso(window.end),
            "metric_time": iso(window.start),
            "publish_cloudwatch_metrics": "Enabled",
            **({"sagemaker_endpoint_name": endpoint} if endpoint else {}),
            "sagemaker_monitoring_schedule_name": schedule.name,
        }
        variables |= baseline | script_variables | _quality_variables(definition) | dict(definition.environment)
        # Of transform jobs there is no endpoint in the place of the results (AWS's notebooks on them).
        prefix = "/".join(filter(None, (definition.output["S3Uri"].rstrip("/"), endpoint, schedule.name)))
        output = {
            "S3Uri": f"{prefix}/{floor_hour(execution.scheduled):%Y/%m/%d/%H}",
            "LocalPath": output_path,
            "S3UploadMode": definition.output.get("S3UploadMode", "Continuous"),
        }
        app = {
            name: definition.app[name]
            for name in ("ImageUri", "ContainerEntrypoint", "ContainerArguments")
            if definition.app.get(name)
        }
        return self._job_request(definition, app, inputs + scripts, output, variables)

    @staticmethod
    def _job_request(
        definition: Definition,
        app: Mapping[str, Any],
        inputs: list[dict[str, Any]],
        output: Mapping[str, Any],
        variables: Mapping[str, str],
    ) -> dict[str, Any]:
        request: dict[str, Any] = {
            "AppSpecification": dict(app),
            "Environment": dict(variables),
            "ProcessingInputs": inputs,
            "ProcessingOutputConfig": {
                "Outputs": [{"OutputName": "result", "S3Output": dict(output), "AppManaged": False}]
            },
            "ProcessingResources": {"ClusterConfig": dict(definition.cluster)},
            "RoleArn": definition.role,
            "StoppingCondition": {"MaxRuntimeInSeconds": definition.max_runtime},
        }
        return request | ({"NetworkConfig": dict(definition.network)} if definition.network else {})

    def _job(self, schedule: Document, name: str, request: dict[str, Any]) -> Document:
        now = self._clock.now()
        state = {"MonitoringScheduleArn": schedule.arn}
        job = Document(schedule.scope, "processing-job", name, {"ProcessingJobName": name} | request, now, now, state)
        self._store.add(job)
        return job


class _NoData(Exception):  # noqa: N818 - the name of what happened
    pass


class _MergeFailed(Exception):  # noqa: N818 - the name of what happened
    pass


def expression(schedule: Document) -> str:
    """A schedule's expression; a schedule without one runs daily, at midnight here (AWS picks the hour)."""
    config = schedule.request["MonitoringScheduleConfig"].get("ScheduleConfig") or {}
    return str(config.get("ScheduleExpression", "cron(0 0 ? * * *)"))


def check_runtime(definition: Definition, rule: "cron.Cron | None") -> str | None:
    """AWS's limit on MaxRuntimeInSeconds for hourly schedules; the sentence that refuses, or None."""
    if rule is None or rule.period > HOUR:
        return None
    limit = 1800 if definition.monitoring_type in ("ModelQuality", "ModelBias") else 3600
    if definition.max_runtime <= limit:
        return None
    return (
        f"MaxRuntimeInSeconds {definition.max_runtime} of an hourly {definition.monitoring_type} schedule is over "
        f"{limit}; lower it in the job definition's StoppingCondition"
    )


def _input(name: str, uri: str, local_path: str, is_manifest: bool = False) -> dict[str, Any]:
    source = {
        "LocalPath": local_path,
        "S3Uri": uri,
        "S3DataDistributionType": "FullyReplicated",
        "S3DataType": "ManifestFile" if is_manifest else "S3Prefix",
        "S3InputMode": "File",
        "S3CompressionType": "None",
    }
    return {"InputName": name, "AppManaged": False, "S3Input": source}


def _baseline_inputs(definition: Definition) -> tuple[list[dict[str, Any]], dict[str, str]]:
    inputs, variables = [], {}
    for member, name, folder, variable in (
        ("ConstraintsResource", "constraints", "constraints", "baseline_constraints"),
        ("StatisticsResource", "statistics", "stats", "baseline_statistics"),
    ):
        uri = (definition.baseline.get(member) or {}).get("S3Uri")
        if uri:
            local = f"/opt/ml/processing/baseline/{folder}"
            inputs.append(_input(name, uri, local))
            variables[variable] = f"{local}/{uri.rpartition('/')[2]}"
    return inputs, variables


def _script_inputs(definition: Definition) -> tuple[list[dict[str, Any]], dict[str, str]]:
    inputs, variables = [], {}
    for member, variable in (
        ("RecordPreprocessorSourceUri", "record_preprocessor_script"),
        ("PostAnalyticsProcessorSourceUri", "post_analytics_processor_script"),
    ):
        uri = definition.app.get(member)
        if uri:
            local = f"/opt/ml/processing/code/{variable}"
            inputs.append(_input(f"{variable}_input", uri, local))
            variables[variable] = f"{local}/{uri.rpartition('/')[2]}"
    return inputs, variables


def _dataset_format(definition: Definition) -> str:
    if definition.batch:
        return batch_inputs.dataset_format(
            definition.batch, definition.monitoring_type, is_merged=bool(definition.ground_truth)
        )
    if definition.ground_truth and definition.monitoring_type == "ModelQuality":
        return '{"sagemakerMergeJson":{"captureIndexNames":["endpointOutput"]}}'
    if definition.ground_truth:
        return '{"sagemakerMergeJson":{"captureIndexNames":["endpointInput","endpointOutput"]}}'
    return '{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput","endpointOutput"]}}'


def _quality_variables(definition: Definition) -> dict[str, str]:
    """The variables that come from a job definition's attributes, where it has them."""
    source, app = definition.source, definition.app
    named: dict[str, Any] = {
        "analysis_type": _ANALYSES.get(definition.monitoring_type),
        "problem_type": app.get("ProblemType"),
        "inference_attribute": source.get("InferenceAttribute"),
        "probability_attribute": source.get("ProbabilityAttribute"),
        "probability_threshold_attribute": source.get("ProbabilityThresholdAttribute"),
        "exclude_features_attribute": source.get("ExcludeFeaturesAttribute"),
    }
    return {name: str(value) for name, value in named.items() if value is not None}
