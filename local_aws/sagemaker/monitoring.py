"""The operations on monitoring schedules and their executions, and the rules around job definitions."""

from collections.abc import Callable, Mapping
from typing import Any

from local_aws.clock import VirtualClock
from local_aws.sagemaker import cron, listing
from local_aws.sagemaker.errors import in_use, invalid, not_found
from local_aws.sagemaker.schedules import PREFIXES, Definition, Schedules, check_runtime, expression
from local_aws.sagemaker.store import Document, Scope, Store

KIND = "monitoring-schedule"
Operation = Callable[[Scope, dict[str, Any], Mapping[str, str]], dict[str, Any]]


class Monitoring:
    """Monitoring schedules as resources."""

    def __init__(self, clock: VirtualClock, store: Store, schedules: Schedules) -> None:
        self._clock = clock
        self._store = store
        self._schedules = schedules

    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "CreateMonitoringSchedule": self._create,
            "DescribeMonitoringSchedule": self._describe,
            "UpdateMonitoringSchedule": self._update,
            "StartMonitoringSchedule": self._start,
            "StopMonitoringSchedule": self._stop,
            "DeleteMonitoringSchedule": self._delete,
            "ListMonitoringSchedules": self._list,
            "ListMonitoringExecutions": self._list_executions,
        }

    def refuse_removal(self, document: Document) -> None:
        """Refuse to delete a job definition that a schedule uses, or an endpoint that one monitors."""
        for schedule in self._store.all(document.scope, KIND):
            definition = self._schedules.definition(schedule)
            if document.kind.endswith("job-definition"):
                kind = f"{PREFIXES[definition.monitoring_type]}-job-definition"
                if (kind, definition.name) == (document.kind, document.name):
                    raise in_use(
                        f"Job definition {document.arn} is locked by schedule {schedule.arn}; delete the schedule first"
                    )
            elif document.kind == "endpoint" and definition.endpoint.get("EndpointName") == document.name:
                raise invalid(
                    f"Cannot delete endpoint {document.arn} that the monitoring schedule {schedule.arn} uses; "
                    "delete the monitoring schedule first"
                )

    def endpoint_of(self, document: Document) -> dict[str, str]:
        """The endpoint that a job definition looks at, as `EndpointName`; nothing of one of transform jobs."""
        definition = Definition.of_document(_monitoring_type(document.kind), document)
        name: str | None = definition.endpoint.get("EndpointName")
        return {} if name is None else {"EndpointName": name}

    @staticmethod
    def with_endpoint(kind: str, request: dict[str, Any]) -> dict[str, Any]:
        """A request as moto can keep it, which knows no definition without an endpoint; the real one is described."""
        if not kind.endswith("job-definition"):
            return request
        member = f"{_monitoring_type(kind)}JobInput"
        return request | {member: {"EndpointInput": {"EndpointName": "none", "LocalPath": "none"}} | request[member]}

    def check_definition(self, kind: str, request: Mapping[str, Any]) -> None:
        """Rules for job definitions beyond the model: offsets that can be read, one source of data."""
        source = request[f"{_monitoring_type(kind)}JobInput"]
        if ("EndpointInput" in source) == ("BatchTransformInput" in source):
            raise invalid("Exactly one of EndpointInput and BatchTransformInput must be given")
        given = source.get("EndpointInput") or source["BatchTransformInput"]
        if "BatchTransformInput" in source and len(given["DatasetFormat"]) != 1:
            raise invalid("DatasetFormat must have exactly one of Csv, Json and Parquet")
        for member in ("StartTimeOffset", "EndTimeOffset"):
            if member in given:
                try:
                    cron.parse_offset(given[member])
                except cron.CronError as error:
                    raise invalid(str(error)) from error

    def _create(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        name = parameters["MonitoringScheduleName"]
        with self._store.lock:
            if self._store.find(scope, KIND, name):
                raise in_use(f"Monitoring Schedule {scope.arn(KIND, name)} already exists")
            now = self._clock.now()
            schedule = Document(scope, KIND, name, parameters, now, now)
            self._check(schedule)
            # AWS is Pending for some seconds; here a schedule is ready at once.
            schedule.state["MonitoringScheduleStatus"] = "Scheduled"
            self._schedules.plan(schedule)
            self._store.add(schedule)
        return {"MonitoringScheduleArn": schedule.arn}

    def _check(self, schedule: Document) -> None:
        config = schedule.request["MonitoringScheduleConfig"]
        inline, named = "MonitoringJobDefinition" in config, "MonitoringJobDefinitionName" in config
        if inline == named:
            raise invalid("Exactly one of MonitoringJobDefinition and MonitoringJobDefinitionName must be given")
        if inline and config.get("MonitoringType", "DataQuality") != "DataQuality":
            raise invalid(
                "MonitoringJobDefinition is for MonitoringType DataQuality only; use MonitoringJobDefinitionName"
            )
        if named and "MonitoringType" not in config:
            raise invalid("MonitoringType is required with MonitoringJobDefinitionName")
        try:
            rule = cron.parse(expression(schedule))
            self._check_window(config, rule)
        except cron.CronError as error:
            raise invalid(str(error)) from error
        definition = self._schedules.definition(schedule)
        refused = check_runtime(definition, rule)
        if refused:
            raise invalid(refused)
        self._check_endpoint(schedule.scope, definition)

    @staticmethod
    def _check_window(config: Mapping[str, Any], rule: "cron.Cron | None") -> None:
        window = config.get("ScheduleConfig") or {}
        both = [window.get("DataAnalysisStartTime"), window.get("DataAnalysisEndTime")]
        if rule is None and None in both:
            raise cron.CronError("ScheduleExpression NOW needs DataAnalysisStartTime and DataAnalysisEndTime")
        for offset in both:
            if offset is not None:
                cron.parse_offset(offset)

    def _check_endpoint(self, scope: Scope, definition: Definition) -> None:
        name = definition.endpoint.get("EndpointName")
        if name is None:  # what watches transform jobs needs none
            return
        endpoint = self._store.find(scope, "endpoint", name)
        if endpoint is None:
            raise invalid(f'Could not find endpoint "{scope.arn("endpoint", name)}".')
        config = self._store.find(scope, "endpoint-config", endpoint.state["EndpointConfigName"])
        if config and not (config.request.get("DataCaptureConfig") or {}).get("EnableCapture"):
            raise invalid(
                f"Data capture is not enabled for endpoint {endpoint.arn}; enable it in the endpoint configuration"
            )

    def _describe(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        schedule = self._get(scope, parameters)
        last = self._last_execution(schedule)
        answer = self._summary(schedule) | {"MonitoringScheduleConfig": schedule.request["MonitoringScheduleConfig"]}
        answer.pop("MonitoringJobDefinitionName", None)
        return answer | ({"LastMonitoringExecutionSummary": last.summary()} if last else {})

    def _update(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        with self._store.lock:
            schedule = self._get(scope, parameters)
            changed = Document(
                scope, KIND, schedule.name, schedule.request | parameters, schedule.created, self._clock.now()
            )
            self._check(changed)
            schedule.request, schedule.modified = changed.request, changed.modified
            self._schedules.plan(schedule)
        return {"MonitoringScheduleArn": schedule.arn}

    def _start(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        return self._set_status(scope, parameters, "Scheduled")

    def _stop(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        return self._set_status(scope, parameters, "Stopped")

    def _set_status(self, scope: Scope, parameters: Mapping[str, Any], status: str) -> dict[str, Any]:
        with self._store.lock:
            schedule = self._get(scope, parameters)
            if schedule.state["MonitoringScheduleStatus"] != status:
                schedule.state["MonitoringScheduleStatus"] = status
                schedule.modified = self._clock.now()
                self._schedules.plan(schedule)
        return {}

    def _delete(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        with self._store.lock:
            schedule = self._get(scope, parameters)
            if self._schedules.in_progress(schedule):
                raise invalid(
                    f"Monitoring schedule {schedule.arn} cannot be deleted while an execution is in progress; "
                    "wait until it has ended"
                )
            self._store.remove(schedule)
        return {}

    def _list(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        rows = [self._summary(schedule) for schedule in self._store.all(scope, KIND)]
        filters = listing.Filters(
            name="MonitoringScheduleName",
            status="MonitoringScheduleStatus",
            equal={
                "EndpointName": "EndpointName",
                "MonitoringJobDefinitionName": "MonitoringJobDefinitionName",
                "MonitoringTypeEquals": "MonitoringType",
            },
        )
        return listing.page(rows, parameters, "MonitoringScheduleSummaries", filters)

    def _list_executions(self, scope: Scope, parameters: dict[str, Any], _headers: Mapping[str, str]) -> dict[str, Any]:
        rows = [execution.summary() for execution in self._schedules.executions if execution.scope == scope]
        filters = listing.Filters(
            name="MonitoringScheduleName",
            status="MonitoringExecutionStatus",
            equal={
                "MonitoringScheduleName": "MonitoringScheduleName",
                "EndpointName": "EndpointName",
                "MonitoringJobDefinitionName": "MonitoringJobDefinitionName",
                "MonitoringTypeEquals": "MonitoringType",
            },
        )
        return listing.page(rows, parameters, "MonitoringExecutionSummaries", filters)

    def _get(self, scope: Scope, parameters: Mapping[str, Any]) -> Document:
        name = parameters["MonitoringScheduleName"]
        schedule = self._store.find(scope, KIND, name)
        if schedule is None:
            raise not_found(f"Monitoring Schedule {scope.arn(KIND, name)} not found")
        return schedule

    def _summary(self, schedule: Document) -> dict[str, Any]:
        definition = self._schedules.definition(schedule)
        summary = {
            "MonitoringScheduleName": schedule.name,
            "MonitoringScheduleArn": schedule.arn,
            "MonitoringScheduleStatus": schedule.state["MonitoringScheduleStatus"],
            "MonitoringType": definition.monitoring_type,
            "MonitoringJobDefinitionName": definition.name,
            "EndpointName": definition.endpoint.get("EndpointName"),
            "CreationTime": schedule.created,
            "LastModifiedTime": schedule.modified,
        }
        return {name: value for name, value in summary.items() if value is not None}

    def _last_execution(self, schedule: Document) -> Any:
        mine = [
            execution
            for execution in self._schedules.executions
            if (execution.scope, execution.schedule) == (schedule.scope, schedule.name)
            and execution.created >= schedule.created
        ]
        return mine[-1] if mine else None


def _monitoring_type(kind: str) -> str:
    prefix = kind.removesuffix("-job-definition")
    return next(name for name, known in PREFIXES.items() if known == prefix)
