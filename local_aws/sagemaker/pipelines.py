"""Pipelines: their definition checked when it comes, and executed step by step under the pipeline's role.

Source: "Amazon SageMaker Pipelines JSON schema" (aws-sagemaker-mlops.github.io/sagemaker-model-building-pipeline-
definition-JSON-schema), version 2020-12-01; developer guide, "Pipelines steps". Steps run one after another in the
order of their dependencies; AWS runs those that depend on nothing of each other at once.
"""

import json
import logging
import threading
import uuid
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_aws import clients, seams
from local_aws.activity import Activity
from local_aws.clock import VirtualClock, iso
from local_aws.identity import Identity
from local_aws.sagemaker.errors import AwsError, invalid
from local_aws.sagemaker.pipeline_steps import Run, StepFailed, check_definition, run_step
from local_aws.sagemaker.roles import check_role
from local_aws.sagemaker.store import Document, Scope, Store

log = logging.getLogger("local_aws.pipelines")

KIND = "pipeline"
Operation = Callable[[Scope, dict[str, Any], Mapping[str, str]], dict[str, Any]]


class Pipelines:
    """The pipelines of all accounts and their executions."""

    def __init__(
        self, clock: VirtualClock, identity: Identity, activity: Activity, store: Store, *, duplicate_events: bool
    ) -> None:
        self._clock, self._identity, self._activity, self._store = clock, identity, activity, store
        self._twice = duplicate_events
        self._runs: dict[str, Run] = {}

    def operations(self) -> dict[str, Operation]:
        """The operations by name."""
        return {
            "CreatePipeline": self._create,
            "UpdatePipeline": self._update,
            "DescribePipeline": self._describe,
            "DeletePipeline": self._delete,
            "ListPipelines": self._list,
            "StartPipelineExecution": self._start,
            "DescribePipelineExecution": self._describe_execution,
            "ListPipelineExecutions": self._list_executions,
            "ListPipelineExecutionSteps": self._list_steps,
            "StopPipelineExecution": self._stop,
        }

    def _create(self, scope: Scope, parameters: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        check_role(self._identity, parameters["RoleArn"], headers)
        check_definition(parameters.get("PipelineDefinition", ""))
        name, now = parameters["PipelineName"], self._clock.now()
        with self._store.lock:
            if self._store.find(scope, KIND, name):
                raise invalid(f"Pipeline names must be unique within an AWS account and region: {name} exists.")
            pipeline = Document(scope, KIND, name, parameters, now, now, {"PipelineStatus": "Active"})
            self._store.add(pipeline)
        return {"PipelineArn": pipeline.arn}

    def _update(self, scope: Scope, parameters: dict[str, Any], headers: Mapping[str, str]) -> dict[str, Any]:
        pipeline = self._pipeline(scope, parameters["PipelineName"])
        if "RoleArn" in parameters:
            check_role(self._identity, parameters["RoleArn"], headers)
        if "PipelineDefinition" in parameters:
            check_definition(parameters["PipelineDefinition"])
        pipeline.request.update(parameters)
        pipeline.modified = self._clock.now()
        return {"PipelineArn": pipeline.arn}

    def _describe(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        pipeline = self._pipeline(scope, parameters["PipelineName"])
        request = {n: v for n, v in pipeline.request.items() if n not in ("Tags", "ClientRequestToken")}
        times = {"CreationTime": pipeline.created, "LastModifiedTime": pipeline.modified}
        return request | pipeline.state | times | {"PipelineArn": pipeline.arn}

    def _delete(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        pipeline = self._pipeline(scope, parameters["PipelineName"])
        if any(run.pipeline is pipeline and run.status in ("Executing", "Stopping") for run in self._runs.values()):
            raise AwsError("ConflictException", f"Pipeline {pipeline.arn} has an execution under way.")
        self._store.remove(pipeline)
        return {"PipelineArn": pipeline.arn}

    def _list(self, scope: Scope, _parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        rows = [
            {"PipelineArn": each.arn, "PipelineName": each.name, "CreationTime": each.created,
             "LastModifiedTime": each.modified, "RoleArn": each.request["RoleArn"]}
            for each in self._store.all(scope, KIND)
        ]  # fmt: skip
        return {"PipelineSummaries": rows}

    def _start(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        pipeline = self._pipeline(scope, parameters["PipelineName"])
        token = parameters.get("ClientRequestToken") or uuid.uuid4().hex
        for run in self._runs.values():
            if run.token == token and run.pipeline is pipeline:
                return {"PipelineExecutionArn": run.arn}
        identity = uuid.uuid5(uuid.NAMESPACE_OID, f"{pipeline.arn}{token}").hex[:12]
        definition = json.loads(pipeline.request["PipelineDefinition"])
        given = {each["Name"]: each["Value"] for each in parameters.get("PipelineParameters") or []}
        known = {each["Name"]: each.get("DefaultValue") for each in definition.get("Parameters", [])}
        unknown = set(given) - set(known)
        missing = [name for name, value in (known | given).items() if value is None]
        if unknown or missing:
            raise invalid(f"Pipeline parameters: unknown {sorted(unknown)}, without a value {missing}")
        run = Run(
            pipeline, f"{pipeline.arn}/execution/{identity}", identity, token, definition, known | given, self._clock
        )
        run.name = parameters.get("PipelineExecutionDisplayName", "")
        self._runs[run.arn] = run
        number = self._activity.begin()
        threading.Thread(target=self._execute, args=(run, number), daemon=True).start()
        return {"PipelineExecutionArn": run.arn}

    def _execute(self, run: Run, number: int) -> None:
        scope = run.pipeline.scope
        try:
            with seams.request_scope(scope.account_id, scope.region):
                session = self._identity.session(run.pipeline.request["RoleArn"], f"pipeline-{run.identity}")
                self._announce(run, None)
                try:
                    self._run_steps(run, clients.client("sagemaker", session), clients.client("s3", session))
                    status = "Stopped" if run.stop.is_set() else "Succeeded"
                except StepFailed as failed:
                    status = "Stopped" if run.stop.is_set() else "Failed"
                    run.reason = str(failed)
                except Exception as error:  # a fault of this emulator must end the execution, not hang who waits
                    log.exception("pipeline execution %s", run.arn)
                    status, run.reason = "Failed", f"InternalServerError: {error}"
                finally:
                    seams.close_role_session(session["AWS_ACCESS_KEY_ID"])
                if status == "Failed":
                    log.warning("pipeline execution %s: %s", run.arn, run.reason)
                before, run.status, run.ended = run.status, status, self._clock.now()
                self._announce(run, before)
        finally:
            self._activity.end(number)

    def _run_steps(self, run: Run, sagemaker: Any, s3: Any) -> None:
        waiting = list(run.definition["Steps"])
        while waiting and not run.stop.is_set():
            step = run.next_of(waiting)
            waiting.remove(step)
            record = run.begin(step)
            try:
                chosen = run_step(run, step, record, sagemaker, s3)
                record.update(StepStatus="Succeeded", EndTime=self._clock.now())
                waiting += chosen
            except StepFailed as failed:
                record.update(StepStatus="Failed", EndTime=self._clock.now(), FailureReason=str(failed))
                raise
            except (ClientError, BotoCoreError) as error:
                record.update(StepStatus="Failed", EndTime=self._clock.now(), FailureReason=f"ClientError: {error}")
                raise StepFailed(f"Step failure: {step['Name']}: {error}") from error

    def _describe_execution(self, _scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        return self._run(parameters).describe()

    def _list_executions(self, scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        pipeline = self._pipeline(scope, parameters["PipelineName"])
        names = ("PipelineExecutionArn", "PipelineExecutionStatus", "PipelineExecutionDisplayName")
        rows = [
            {name: run.describe()[name] for name in names if name in run.describe()} | {"StartTime": run.started}
            for run in reversed(self._runs.values())
            if run.pipeline is pipeline
        ]
        return {"PipelineExecutionSummaries": rows}

    def _list_steps(self, _scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        return {"PipelineExecutionSteps": list(reversed(self._run(parameters).steps.values()))}

    def _stop(self, _scope: Scope, parameters: dict[str, Any], _: Mapping[str, str]) -> dict[str, Any]:
        run = self._run(parameters)
        if run.status == "Executing":
            run.status = "Stopping"
            run.stop.set()
        return {"PipelineExecutionArn": run.arn}

    def _run(self, parameters: Mapping[str, Any]) -> Run:
        run = self._runs.get(parameters["PipelineExecutionArn"])
        if run is None:
            raise AwsError(
                "ResourceNotFound", f"Pipeline execution {parameters['PipelineExecutionArn']} does not exist."
            )
        return run

    def _pipeline(self, scope: Scope, name: str) -> Document:
        found = self._store.find(scope, KIND, name.rpartition("/")[2])
        if found is None:
            raise AwsError("ResourceNotFound", f"Pipeline {scope.arn(KIND, name)} does not exist.")
        return found

    def _announce(self, run: Run, before: str | None) -> None:
        detail: dict[str, Any] = {
            "pipelineExecutionDisplayName": run.name,
            "currentPipelineExecutionStatus": run.status,
            "executionStartTime": _text(run.started),
            "pipelineArn": run.pipeline.arn,
            "pipelineExecutionArn": run.arn,
        }
        detail |= {"previousPipelineExecutionStatus": before} if before else {}
        detail |= {"executionEndTime": _text(run.ended)} if run.ended else {}
        entry = {
            "Source": "aws.sagemaker",
            "DetailType": "SageMaker Model Building Pipeline Execution Status Change",
            "Detail": json.dumps(detail),
            "Resources": [run.pipeline.arn, run.arn],
        }
        for _ in range(2 if self._twice else 1):
            seams.send_aws_event(entry)


def _text(moment: datetime) -> str:
    return iso(moment)
