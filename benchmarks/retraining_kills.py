"""Kill a retraining once in each state of its machine, and look at what is left; the table in docs/retraining.md.

python -m benchmarks retraining_kills [STATE ...]

The demo's stack is deployed on the embedded AWS, with roles enforced, and a run is stopped by StopExecution as soon as
its history says that it has entered the state. Choices, `PipelineFailed` and the three last states take no time: a run
cannot be stopped there and nowhere else.
"""

import argparse
import json
import sys
import threading
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import Any, Final

from rich.console import Console

import local_aws
from benchmarks.shared.publishing import DOCS, markdown_table, publish
from drift_tools.endpoint import approve, reject
from examples.demo.console import Steps
from examples.demo.deploying import environment_variables
from examples.demo.mailbox import Mailbox
from examples.demo.waiting import DemoError
from examples.demo_retraining.data import years
from examples.demo_retraining.deploying import deployed
from examples.demo_retraining.machine import Machine
from examples.demo_retraining.program import INTENDED, Demo, overrides
from examples.employment.train import train
from functions.retraining_step.services import OUTLIVED

_ATTEMPTS: Final = 3  # a state that is over within milliseconds may be missed
_LOOK, _PAUSE = 0.005, 0.1
_CLOCK, _SILENCE = timedelta(seconds=30), timedelta(minutes=30)
_OUTLIVES: Final = 30.0
_ENTERED: Final = "stateEnteredEventDetails"
_HEADINGS: Final = ["killed in", "told people", "serves", "left", "the step itself"]
_WORSE: Final = {"HyperparameterNEstimators": "1", "HyperparameterMaxDepth": "1"}
_STRICT: Final = {"HyperparameterUnknownCategories": "refuse"}
# Against a model that was deployed here already.
_BETTER: Final = {"HyperparameterNEstimators": "150", "HyperparameterMaxDepth": "5"}
_APPROVED, _SILENT, _STOPPED, _REJECTED, _BROKEN, _REFUSED = range(6)
# The states in which time passes, and the way there; the last two may leave the new model.
WAYS: Final = {
    "Train": _SILENT,
    "WaitForPipeline": _SILENT,
    "DescribePipeline": _SILENT,
    "Outcome": _SILENT,
    "Approval": _SILENT,
    "Failed": _STOPPED,
    "Refused": _REFUSED,
    "Rejected": _REJECTED,
    "Expire": _SILENT,
    "Expired": _SILENT,
    "Prepare": _APPROVED,
    "UpdateEndpoint": _APPROVED,
    "WaitForEndpoint": _APPROVED,
    "DescribeEndpoint": _APPROVED,
    "RolledBack": _BROKEN,
    "MakeBaselines": _APPROVED,
    "PointMonitors": _APPROVED,
    "Deployed": _APPROVED,
}
# A step that outlived its run says so; and what waits for an endpoint keeps the clock that the endpoint goes by.
_KILLED: Final = ("was stopped: ", "still runs after 120 s")
Line = list[str]


def main(argv: Sequence[str]) -> int:
    """Kill in all states, or those given; 1 if anything was left, or people were not told once."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks retraining_kills", description=__doc__)
    parser.add_argument("states", nargs="*", metavar="STATE", help=f"of {', '.join(WAYS)}; without any, all")
    wanted = parser.parse_args(argv).states or list(WAYS)
    if unknown := sorted(set(wanted) - set(WAYS)):
        parser.error(f"no state to be killed in: {', '.join(unknown)}")
    with Steps(Console(stderr=True), total=6) as steps:
        cloud = local_aws.start(enforce_iam=True)
        with (
            cloud,
            environment_variables(cloud.environment()),
            deployed(cloud, steps, overrides(train())) as (outputs, _, _),
            Mailbox(cloud, [outputs["notification_topic_arn"]]) as mailbox,
        ):
            demo, rows = Demo(cloud, outputs, steps, mailbox), years()
            for year in (2016, 2017, 2018):
                demo.next_hour()
                demo.hour(str(year), rows[year])
            kills = Kills(cloud, outputs, mailbox, demo)
            lines = []
            for state in wanted:
                lines.append(kills.kill(state, rows[2017]))
                sys.stdout.write("  ".join(lines[-1]) + "\n")
                sys.stdout.flush()
            wrong = [*kills.wrong, *kills.told_otherwise(), *(f"denied: {call}" for call in cloud.denied_calls())]
            wrong += [f"failed: {line}" for line in cloud.failures(but=(*INTENDED, *_KILLED))]
    sys.stdout.write("".join(f"{each}\n" for each in wrong))
    if set(wanted) == set(WAYS) and not wrong:
        publish(DOCS / "retraining.md", {"kills": markdown_table(_HEADINGS, lines)})
    return int(bool(wrong))


class Kills:
    """Runs of one deployed machine."""

    def __init__(self, cloud: Any, outputs: dict[str, str], mailbox: Mailbox, demo: Demo) -> None:
        self._cloud, self._outputs, self._mailbox, self._demo = cloud, outputs, mailbox, demo
        self._machine: Machine = demo.machine
        self._states, self._sagemaker = cloud.client("stepfunctions"), cloud.client("sagemaker")
        self._first = self._machine.serving()
        self._killed: dict[str, str] = {}
        self.wrong: list[str] = []

    def kill(self, state: str, people: Sequence[Any]) -> Line:
        """Kill a run in this state; what is left of it."""
        for _ in range(_ATTEMPTS):
            before = self._machine.serving()
            execution = self._ask(state)
            self._drive(execution, state, people)
            if self._machine.status(execution) == "ABORTED":
                break
            self._machine.ended(execution, time.monotonic())
        else:
            self.wrong.append(f"{state}: no run of {_ATTEMPTS} was met there")
            return [state, "not met", "", "", ""]
        self._killed[execution] = state
        record = self._machine.until("the record", lambda: self._machine.record(execution))
        said = self._outlived(execution) if state in ("Prepare", "PointMonitors") else ""
        left = self._nothing_left()
        self._demo.next_hour()  # what rang is over
        serves = self._machine.serving()
        if (serves != before) != (record["outcome"] == "deployed"):
            self.wrong.append(f"{state}: {record['outcome']}, but {before} became {serves}")
        self.wrong += [f"{state}: left {each}" for each in left]
        new = "the new model" if serves != before else "the old model"
        return [state, record["outcome"], new, ", ".join(left) or "nothing", said]

    def _ask(self, state: str) -> str:
        way = WAYS[state]
        parameters = {_REFUSED: _WORSE, _BROKEN: _STRICT}.get(way)
        if parameters is None:
            parameters = {} if self._machine.serving() == self._first else _BETTER
        return self._machine.ask(f"to be killed in {state}", **parameters)

    def _drive(self, execution: str, state: str, people: Sequence[Any]) -> None:
        """Let the run go its way while another thread waits for the state."""
        killer = threading.Thread(target=self._stop_in, args=(execution, state), daemon=True)
        killer.start()
        answered, way = False, WAYS[state]
        while killer.is_alive():
            step = _SILENCE if answered and way == _SILENT else _CLOCK
            if not answered:
                answered = self._answer(execution, way, people)
            self._cloud.clock.advance(step)
            time.sleep(_PAUSE)
        killer.join()

    def _answer(self, execution: str, way: int, people: Sequence[Any]) -> bool:
        """Do what the way there needs, once it can be done."""
        if way == _STOPPED:
            running = self._pipelines("Executing")
            for arn in running:
                self._sagemaker.stop_pipeline_execution(PipelineExecutionArn=arn, ClientRequestToken="k" * 32)
            return bool(running)
        package = self._machine.candidate()
        if package is None:
            return False
        if way == _REJECTED:
            reject(package, note="to be killed")
        elif way in (_APPROVED, _BROKEN):
            approve(package, note="to be killed")
        if way == _BROKEN:
            self._machine.until("the canary", lambda: self._is_shifting(execution))
            self._demo.unknown_codes(list(people))
        return True

    def _is_shifting(self, execution: str) -> bool:
        found = self._sagemaker.describe_endpoint(EndpointName=self._outputs["endpoint_name"])
        return "PendingDeploymentSummary" in found or self._machine.status(execution) != "RUNNING"

    def _stop_in(self, execution: str, state: str) -> None:
        while self._machine.status(execution) == "RUNNING":
            events = self._states.get_execution_history(executionArn=execution, reverseOrder=True, maxResults=20)
            entered = (each["stateEnteredEventDetails"]["name"] for each in events["events"] if _ENTERED in each)
            # The jobs of MakeBaselines are states in a state.
            if next((name for name in entered if name != "MakeBaseline"), None) == state:
                self._states.stop_execution(executionArn=execution, error="Killed", cause=f"killed in {state}")
                return
            time.sleep(_LOOK)

    def _nothing_left(self) -> list[str]:
        """What is left, once nothing is or the machine's limit is over."""
        found: list[str] = []

        def nothing() -> bool:
            found[:] = self._left()
            return not found

        try:
            self._machine.until("a clean state", nothing)
        except DemoError:
            return found
        return []

    def _left(self) -> list[str]:
        """What a run leaves that may not stay: all that is neither declared nor serves."""
        endpoint = self._sagemaker.describe_endpoint(EndpointName=self._outputs["endpoint_name"])
        serving = endpoint["EndpointConfigName"]
        configs = [each["EndpointConfigName"] for each in self._sagemaker.list_endpoint_configs()["EndpointConfigs"]]
        models = [each["ModelName"] for each in self._sagemaker.list_models()["Models"]]
        group = self._outputs["model_package_group_name"]
        pending = self._sagemaker.list_model_packages(
            ModelPackageGroupName=group, ModelApprovalStatus="PendingManualApproval"
        )["ModelPackageSummaryList"]
        return [
            *(["endpoint " + endpoint["EndpointStatus"]] if endpoint["EndpointStatus"] != "InService" else []),
            *(f"configuration {name}" for name in configs if "-retrained-" in name and name != serving),
            *(f"model {name}" for name in models if "-retrained-" in name and name != serving),
            *(f"candidate {each['ModelPackageArn']}" for each in pending),
            *(f"pipeline {arn}" for status in ("Executing", "Stopping") for arn in self._pipelines(status)),
            *self._machine.locks(),
        ]

    def _pipelines(self, status: str) -> list[str]:
        found = [
            self._sagemaker.list_pipeline_executions(PipelineName=each["PipelineName"])["PipelineExecutionSummaries"]
            for each in self._sagemaker.list_pipelines()["PipelineSummaries"]
        ]
        return [
            each["PipelineExecutionArn"] for some in found for each in some if each["PipelineExecutionStatus"] == status
        ]

    def _outlived(self, execution: str) -> str:
        """What the step's function did that was at work when its run was stopped; it may have been over by then."""
        limit = time.monotonic() + _OUTLIVES
        while time.monotonic() < limit:
            if any(OUTLIVED in line and execution in line for line in self._logged()):
                return "outlived it, and undid its work"
            time.sleep(_PAUSE)
        return "was over"

    def _logged(self) -> list[str]:
        """What the function for the steps has logged."""
        machine = self._outputs["retraining_state_machine_arn"]
        definition = json.loads(self._states.describe_state_machine(stateMachineArn=machine)["definition"])
        function = definition["States"]["Prepare"]["Parameters"]["FunctionName"]
        found = self._cloud.client("lambda").get_function_configuration(FunctionName=function)
        pages = self._cloud.client("logs").get_paginator("filter_log_events")
        group = found["LoggingConfig"]["LogGroup"]
        return [event["message"] for page in pages.paginate(logGroupName=group) for event in page["events"]]

    def told_otherwise(self) -> list[str]:
        """The kills of which people were not told exactly once."""
        bodies = [each.body for each in self._mailbox.messages(self._outputs["notification_topic_arn"])]
        ends = [body for body in bodies if "\nExecution: " in body]
        told = {state: sum(execution in body for body in ends) for execution, state in self._killed.items()}
        return [f"{state}: told {times} times" for state, times in told.items() if times != 1]
