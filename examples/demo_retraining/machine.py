"""The deployed machine, as its users meet it: ask for a run, watch it, answer, read what came of it."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from drift_tools.endpoint import retrain
from examples.demo.waiting import DemoError

_STEP = timedelta(seconds=30)
_PAUSE = 0.15
_LIMIT = 600.0  # of a busy machine; who waits in vain is told of the last states


@dataclass(frozen=True)
class Ended:
    """How a run ended, and what it compared."""

    record: Mapping[str, Any]
    evaluation: Mapping[str, Any]
    report: str
    seconds: float

    @property
    def outcome(self) -> str:
        """`deployed`, `refused`, `expired`, `rolled back`, `rejected` or `failed`."""
        return str(self.record["outcome"])


class Machine:
    """The stack's retraining."""

    def __init__(self, cloud: Any, outputs: Mapping[str, str]) -> None:
        self._cloud, self._outputs = cloud, outputs
        self._s3, self._states = cloud.client("s3"), cloud.client("stepfunctions")
        self.sagemaker = cloud.client("sagemaker")

    def ask(self, reason: str, **parameters: str) -> str:
        """Ask by hand; the execution that began. DemoError if the guard says no."""
        answer = retrain(self._outputs["retraining_function_name"], reason=reason, parameters=parameters)
        if answer["started"] is None:
            raise DemoError(f"no retraining was started: {answer['reason']}")
        return str(answer["started"])

    def refusal(self, reason: str) -> str:
        """Ask although it must not be; the guard's reason."""
        answer = retrain(self._outputs["retraining_function_name"], reason=reason)
        if answer["started"] is not None:
            raise DemoError(f"a second retraining was started: {answer['started']}")
        return str(answer["reason"])

    def running(self) -> str | None:
        """The execution that runs; None if none does."""
        found = self._states.list_executions(
            stateMachineArn=self._outputs["retraining_state_machine_arn"], statusFilter="RUNNING"
        )["executions"]
        return str(found[0]["executionArn"]) if found else None

    def serving(self) -> str:
        """The configuration that the endpoint serves with."""
        found = self.sagemaker.describe_endpoint(EndpointName=self._outputs["endpoint_name"])
        return str(found["EndpointConfigName"])

    def candidate(self) -> str | None:
        """The package that waits for approval and has asked people; None if there is none."""
        waiting = self._keys("retraining/state/waiting/")
        found = self.sagemaker.list_model_packages(
            ModelPackageGroupName=self._outputs["model_package_group_name"],
            ModelApprovalStatus="PendingManualApproval",
        )["ModelPackageSummaryList"]
        return str(found[0]["ModelPackageArn"]) if found and waiting else None

    def until(self, what: str, ask: Callable[[], Any], *, step: timedelta = _STEP) -> Any:
        """The first true answer; the clock goes on meanwhile, by which the machine waits."""
        limit = time.monotonic() + _LIMIT
        while not (answer := ask()):
            if time.monotonic() > limit:
                raise DemoError(f"waited {_LIMIT:g} s for {what}; {self._last()}")
            self._cloud.clock.advance(step)
            time.sleep(_PAUSE)
        return answer

    def status(self, execution: str) -> str:
        """Of an execution."""
        return str(self._states.describe_execution(executionArn=execution)["status"])

    def ended(self, execution: str, began: float, *, step: timedelta = _STEP) -> Ended:
        """Wait for the end of a run, and read what was written down of it."""
        self.until(f"the end of {execution}", lambda: self.status(execution) != "RUNNING", step=step)
        name = execution.rsplit(":", 1)[-1]
        record = self.until("the record of the run", lambda: self.record(execution))
        folder = f"retraining/runs/{name}/evaluation"
        evaluation = self._json(f"{folder}/evaluation.json") or {}
        report = self._text(f"{folder}/report.html") or ""
        return Ended(record, evaluation, report, time.monotonic() - began)

    def record(self, execution: str) -> Any:
        """What was written down of a run that has ended; None if nothing is."""
        return self._json(f"retraining/decisions/{execution.rsplit(':', 1)[-1]}.json")

    def locks(self) -> list[str]:
        """What keeps the next run from starting."""
        return [*self._keys("retraining/state/current.json"), *self._keys("retraining/state/waiting/")]

    def _last(self) -> str:
        """The last states of the newest run, for whoever has to find out why it hangs, or ended too early."""
        found = self._states.list_executions(stateMachineArn=self._outputs["retraining_state_machine_arn"])
        if not found["executions"]:
            return "there was no execution"
        newest = max(found["executions"], key=lambda execution: execution["startDate"])
        arn, status = newest["executionArn"], newest["status"]
        events = self._states.get_execution_history(executionArn=arn, reverseOrder=True, maxResults=3)["events"]
        record = self.record(arn) or {}
        said = {key: record[key] for key in ("outcome", "reason") if key in record}
        return f"{arn} is {status}: {json.dumps(said or events, default=str)[:800]}"

    def _keys(self, prefix: str) -> list[str]:
        found = self._s3.list_objects_v2(Bucket=self._outputs["bucket_name"], Prefix=prefix).get("Contents", [])
        return [item["Key"] for item in found]

    def _text(self, key: str) -> str | None:
        if key not in self._keys(key):
            return None
        body: bytes = self._s3.get_object(Bucket=self._outputs["bucket_name"], Key=key)["Body"].read()
        return body.decode()

    def _json(self, key: str) -> Any:
        text = self._text(key)
        return None if text is None else json.loads(text)
