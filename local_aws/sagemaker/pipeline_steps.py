"""The steps of a pipeline's execution: what their arguments refer to, and what each type does.

Processing, Training, Condition, RegisterModel and Fail are here; a definition with another type is refused.
"""

import json
import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from local_aws import clients
from local_aws.clock import VirtualClock
from local_aws.sagemaker.errors import invalid
from local_aws.sagemaker.store import Document

_POLL_SECONDS = 0.1
_TYPES = ("Processing", "Training", "Condition", "RegisterModel", "Fail")
_ENDED = ("Completed", "Failed", "Stopped")


class StepFailed(Exception):  # noqa: N818 - the name of what happened
    """A step that failed, and with it the execution."""


@dataclass
class Run:
    """One execution of a pipeline."""

    pipeline: Document
    arn: str
    identity: str
    token: str
    definition: dict[str, Any]
    parameters: dict[str, Any]
    clock: VirtualClock
    name: str = ""
    status: str = "Executing"
    reason: str = ""
    ended: datetime | None = None
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    results: dict[str, dict[str, Any]] = field(default_factory=dict)
    stop: threading.Event = field(default_factory=threading.Event)
    started: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.started = self.clock.now()

    def begin(self, step: Mapping[str, Any]) -> dict[str, Any]:
        """A step's record."""
        record = {"StepName": step["Name"], "StartTime": self.clock.now(), "StepStatus": "Executing", "Metadata": {}}
        self.steps[step["Name"]] = record
        return record

    def describe(self) -> dict[str, Any]:
        """DescribePipelineExecution's answer."""
        answer = {
            "PipelineArn": self.pipeline.arn,
            "PipelineExecutionArn": self.arn,
            "PipelineExecutionDisplayName": self.name or f"execution-{self.identity}",
            "PipelineExecutionStatus": self.status,
            "CreationTime": self.started,
            "LastModifiedTime": self.ended or self.started,
            "FailureReason": self.reason,
        }
        return {name: value for name, value in answer.items() if value}

    def next_of(self, waiting: list[dict[str, Any]]) -> dict[str, Any]:
        """The first step whose dependencies are done."""
        for step in waiting:
            needs = set(step.get("DependsOn") or []) | _referred(step.get("Arguments"))
            if needs <= set(self.results):
                return step
        raise StepFailed(f"no step of {[step['Name'] for step in waiting]} can run: what they depend on did not")

    def resolve(self, value: Any, s3: Any) -> Any:
        """A value with what it refers to in its place."""
        if isinstance(value, list):
            return [self.resolve(each, s3) for each in value]
        if not isinstance(value, Mapping):
            return value
        if set(value) == {"Get"}:
            return self._get(value["Get"])
        if set(value) == {"Std:Join"}:
            join = value["Std:Join"]
            return str(join["On"]).join(str(self.resolve(each, s3)) for each in join["Values"])
        if set(value) == {"Std:JsonGet"}:
            return self._json_get(value["Std:JsonGet"], s3)
        return {name: self.resolve(each, s3) for name, each in value.items()}

    def _get(self, path: str) -> Any:
        root, _, rest = path.partition(".")
        if root == "Parameters":
            return self.parameters[rest]
        if root == "Execution":
            return {"PipelineExecutionId": self.identity, "PipelineExecutionArn": self.arn,
                    "StartDateTime": self.started.isoformat(), "PipelineName": self.pipeline.name}[rest]  # fmt: skip
        found: Any = self.results
        for part in _parts(rest):
            try:
                found = found[part]
            except (KeyError, TypeError) as error:
                raise StepFailed(f"{path} refers to what is not there") from error
        return found

    def _json_get(self, wanted: Mapping[str, Any], s3: Any) -> Any:
        _, step, _, name = wanted["PropertyFile"]["Get"].split(".")
        uri = self.results[step]["_PropertyFiles"][name]
        bucket, key = clients.split_uri(uri)
        found: Any = json.loads(s3.get_object(Bucket=bucket, Key=key)["Body"].read())
        for part in wanted["Path"].split("."):
            found = found[part]
        return found


def check_definition(text: str) -> None:
    """Refuse a definition that is none, or has what is not executed here."""
    try:
        definition = json.loads(text)
        names = [step["Name"] for step in _all_steps(definition["Steps"])]
        types = {step["Type"] for step in _all_steps(definition["Steps"])}
        version = definition["Version"]
    except (ValueError, KeyError, TypeError) as error:
        raise invalid(f"Unable to parse pipeline definition: {error!r}") from error
    if version != "2020-12-01" or len(names) != len(set(names)) or not names:
        raise invalid(f"Invalid pipeline definition: version {version!r}, steps {names}")
    if types - set(_TYPES):
        raise invalid(f"steps of type {sorted(types - set(_TYPES))} are not executed here")
    for step in _all_steps(definition["Steps"]):
        unknown = (set(step.get("DependsOn") or []) | _referred(step.get("Arguments"))) - set(names)
        if unknown:
            raise invalid(f"Invalid pipeline definition: step {step['Name']} refers to {sorted(unknown)}")


def run_step(
    run: Run, step: Mapping[str, Any], record: dict[str, Any], sagemaker: Any, s3: Any
) -> list[dict[str, Any]]:
    """Do a step; the steps that it chose to be done afterwards."""
    name = step["Name"]
    if step["Type"] == "Condition":
        arguments = step["Arguments"]
        met = all(_holds(condition, run, s3) for condition in arguments["Conditions"])
        record["Metadata"] = {"Condition": {"Outcome": "True" if met else "False"}}
        run.results[name] = {"Outcome": met}
        return list(arguments["IfSteps" if met else "ElseSteps"])
    arguments = run.resolve(step["Arguments"], s3)
    if step["Type"] == "Fail":
        record["Metadata"] = {"Fail": {"ErrorMessage": arguments["ErrorMessage"]}}
        raise StepFailed(arguments["ErrorMessage"])
    if step["Type"] == "RegisterModel":
        arn = sagemaker.create_model_package(**arguments)["ModelPackageArn"]
        record["Metadata"] = {"RegisterModel": {"Arn": arn}}
        run.results[name] = {"ModelPackageArn": arn}
    else:
        run.results[name] = _run_job(run, step, arguments, record, sagemaker)
    return []


def _run_job(
    run: Run, step: Mapping[str, Any], arguments: dict[str, Any], record: dict[str, Any], sagemaker: Any
) -> dict[str, Any]:
    kind = step["Type"]
    # As AWS names them: pipelines-<execution>-<step>-<random>.
    job = f"pipelines-{run.identity}-{step['Name']}-{run.token[-8:]}"[:63]
    getattr(sagemaker, f"create_{kind.lower()}_job")(**arguments, **{f"{kind}JobName": job})
    described: dict[str, Any] = {}
    while described.get(f"{kind}JobStatus") not in _ENDED:
        run.stop.wait(_POLL_SECONDS)
        described = getattr(sagemaker, f"describe_{kind.lower()}_job")(**{f"{kind}JobName": job})
        record["Metadata"] = {f"{kind}Job": {"Arn": described[f"{kind}JobArn"]}}
        if run.stop.is_set() and described[f"{kind}JobStatus"] == "InProgress":
            getattr(sagemaker, f"stop_{kind.lower()}_job")(**{f"{kind}JobName": job})
    if described[f"{kind}JobStatus"] != "Completed":
        raise StepFailed(
            f"Step failure: {step['Name']}: {described.get('FailureReason', described[f'{kind}JobStatus'])}"
        )
    files = {}
    outputs = {o["OutputName"]: o["S3Output"]["S3Uri"] for o in
               (described.get("ProcessingOutputConfig") or {}).get("Outputs", [])}  # fmt: skip
    for wanted in step.get("PropertyFiles") or []:
        files[wanted["PropertyFileName"]] = f"{outputs[wanted['OutputName']]}/{wanted['FilePath']}"
    by_name = {"Outputs": {name: {"S3Output": {"S3Uri": uri}} for name, uri in outputs.items()}}
    return described | {"ProcessingOutputConfig": by_name, "_PropertyFiles": files}


def _holds(condition: Mapping[str, Any], run: Run, s3: Any) -> bool:
    kind = condition["Type"]
    left = run.resolve(condition["LeftValue"], s3)
    right = run.resolve(condition["RightValue"], s3)
    if kind == "Equals":
        return bool(left == right)
    if kind == "GreaterThanOrEqualTo":
        return bool(left >= right)
    if kind == "LessThanOrEqualTo":
        return bool(left <= right)
    raise StepFailed(f"conditions of type {kind} are not known here")


def _all_steps(steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
    found = []
    for step in steps:
        found.append(step)
        if step.get("Type") == "Condition":
            found += _all_steps([*step["Arguments"].get("IfSteps", []), *step["Arguments"].get("ElseSteps", [])])
    return found


def _referred(value: Any) -> set[str]:
    """The steps that a value refers to; those inside of a condition's branches wait for themselves."""
    if isinstance(value, list):
        return set().union(*(_referred(each) for each in value))
    if not isinstance(value, Mapping):
        return set()
    if set(value) == {"Get"}:
        root, _, rest = str(value["Get"]).partition(".")
        return {_parts(rest)[0]} if root == "Steps" else set()
    return set().union(*(_referred(each) for name, each in value.items() if name not in ("IfSteps", "ElseSteps")))


def _parts(path: str) -> list[str]:
    """`Train.ModelArtifacts` and `Prepare.Outputs['snapshot'].S3Output` in their parts."""
    return [part.strip("']") for part in path.replace("['", ".").split(".")]
