"""What came of a pipeline's execution: the comparison, and the model package if there is one."""

from collections.abc import Mapping
from typing import Any

from contract.retraining import EVALUATION_FILE, REPORT_FILE
from functions.common.s3_objects import UnreadableError, read_json, split_uri
from functions.retraining_step.services import Services


def outcome(event: Mapping[str, Any], _settings: Mapping[str, Any], services: Services) -> dict[str, Any]:
    """Read the comparison and find the package that was registered."""
    evaluation = read_evaluation(event["run_uri"], services)
    steps = services.sagemaker.list_pipeline_execution_steps(PipelineExecutionArn=event["pipeline_execution"])
    arns = [
        step["Metadata"]["RegisterModel"]["Arn"]
        for step in steps["PipelineExecutionSteps"]
        if "RegisterModel" in step.get("Metadata", {})
    ]
    if evaluation["accepted"] != bool(arns):
        raise RuntimeError(f"the comparison says accepted: {evaluation['accepted']}, and the packages are {arns}")
    return {"accepted": bool(arns), "summary": evaluation["summary"], "package": arns[0] if arns else ""}


def read_evaluation(run_uri: str, services: Services) -> dict[str, Any]:
    """A run's evaluation.json."""
    bucket, key = split_uri(f"{run_uri}/evaluation/{EVALUATION_FILE}")
    found: dict[str, Any] = read_json(services.s3, bucket, key)
    return found


def comparison_lines(run_uri: str, services: Services) -> list[str]:
    """The comparison as a message has it, with the report's place; a sentence where there is none."""
    try:
        evaluation = read_evaluation(run_uri, services)
    except UnreadableError as error:
        return [f"There is no comparison: {error}"]
    lines = [f"Champion against challenger on the same {evaluation['rows']:,} newest rows:"]
    for each in evaluation["metrics"]:
        before, after, gap = each["champion"], each["challenger"], each["difference"]
        lines.append(
            f"  {each['metric']:9} {before['value']:.4f} -> {after['value']:.4f}  "
            f"({gap['low']:+.4f} to {gap['high']:+.4f}, {each['method']}, p {each['p_adjusted']:.2g})"
        )
    left_out = evaluation["snapshot"]["rows"]["left_out"]
    lines += [f"  left out: {count:,} {reason}" for reason, count in left_out.items()]
    return [*lines, f"  {evaluation['summary']}", f"Report: {run_uri}/evaluation/{REPORT_FILE}"]
