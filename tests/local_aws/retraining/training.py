"""What is trained, and the state machines that have it trained."""

import json
from collections.abc import Callable
from typing import Any

from tests.local_aws.bench import SKLEARN, Bench, pull, statement, tarball, wait_until

# Of training jobs, of executions of pipelines and of state machines.
ENDS = ("COMPLETED", "SUCCEEDED", "FAILED", "STOPPED", "ABORTED", "TIMED_OUT")
TRAIN = """
import argparse, json, os
parser = argparse.ArgumentParser()
parser.add_argument("--factor", type=float)
factor = parser.parse_args().factor
if factor < 0:
    with open(os.path.join(os.environ["SM_OUTPUT_DIR"], "failure"), "w") as file:
        file.write("a factor must not be negative")
    raise SystemExit(1)
rows = open(os.path.join(os.environ["SM_CHANNEL_TRAIN"], "train.csv")).read().split()
with open(os.path.join(os.environ["SM_MODEL_DIR"], "model.json"), "w") as file:
    json.dump({"weights": [factor * float(rows[0]), factor * float(rows[1])]}, file)
"""


def training_request(bench: Bench, role: str, factor: str) -> dict[str, Any]:
    return {
        "AlgorithmSpecification": {"TrainingImage": SKLEARN, "TrainingInputMode": "File"},
        "RoleArn": role,
        "HyperParameters": {
            "sagemaker_program": '"train.py"',
            "sagemaker_submit_directory": json.dumps(bench.put("code/source.tar.gz", tarball({"train.py": TRAIN}))),
            "factor": factor,
        },
        "InputDataConfig": [
            {
                "ChannelName": "train",
                "DataSource": {"S3DataSource": {"S3DataType": "S3Prefix", "S3Uri": f"s3://{bench.bucket}/data/"}},
            }
        ],
        "OutputDataConfig": {"S3OutputPath": f"s3://{bench.bucket}/models"},
        "ResourceConfig": {"InstanceType": "ml.m5.large", "InstanceCount": 1, "VolumeSizeInGB": 10},
        "StoppingCondition": {"MaxRuntimeInSeconds": 60},
    }


def worker(bench: Bench, *more: dict[str, Any]) -> str:
    return bench.role(
        "worker",
        statement(["s3:GetObject", "s3:PutObject"], f"arn:aws:s3:::{bench.bucket}/*"),
        statement("s3:ListBucket", f"arn:aws:s3:::{bench.bucket}"),
        *pull(),
        *more,
    )


def machine(bench: Bench, states: dict[str, Any], *rights: dict[str, Any]) -> Any:
    """A state machine and a function that starts it and waits for its end."""
    client = bench.cloud.client("stepfunctions")
    role = bench.role("states", *rights, service="states.amazonaws.com")
    definition = {"StartAt": next(iter(states)), "States": states}
    arn = client.create_state_machine(name=f"{bench.name}-machine", definition=json.dumps(definition), roleArn=role)[
        "stateMachineArn"
    ]
    return client, arn


def when_ended(describe: Callable[[], dict[str, Any]], status: str) -> dict[str, Any]:
    """What a service says of something once its status is that of an end."""

    def look() -> Any:
        found = describe()
        return found if found[status].upper() in ENDS else None

    found: dict[str, Any] = wait_until(look)
    return found


def ended(client: Any, execution: str) -> dict[str, Any]:
    """An execution of a state machine that has ended."""
    return when_ended(lambda: client.describe_execution(executionArn=execution), "status")
