"""`retrain`, `approve` and `reject`: what is asked of AWS, held against botocore's model, and what is said."""

import io
import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from drift_tools.__main__ import main
from drift_tools.endpoint import retraining

ARN = "arn:aws:sagemaker:eu-west-1:123456789012:model-package/stack-models/3"


class Aws:
    """The clients that the commands get, with their answers laid out before."""

    def __init__(self) -> None:
        self.stubs = {name: Stubber(boto3.client(name)) for name in ("lambda", "sagemaker")}

    def client(self, service: str) -> Any:
        return self.stubs[service].client

    def function(self, answer: Any, event: dict[str, Any], error: str | None = None) -> None:
        body = {"StatusCode": 200, "Payload": io.BytesIO(json.dumps(answer).encode())}
        asked = {"FunctionName": "f", "Payload": json.dumps(event).encode()}
        self.stubs["lambda"].add_response("invoke", body | ({"FunctionError": error} if error else {}), asked)

    def package(self, status: str) -> None:
        described = {
            "ModelPackageName": "n", "ModelPackageArn": ARN, "CreationTime": 0, "ModelPackageStatus": "Completed",
            "ModelPackageStatusDetails": {"ValidationStatuses": []}, "ModelApprovalStatus": status,
        }  # fmt: skip
        self.stubs["sagemaker"].add_response("describe_model_package", described, {"ModelPackageName": ARN})

    def update(self, **asked: str) -> None:
        self.stubs["sagemaker"].add_response(
            "update_model_package", {"ModelPackageArn": ARN}, {"ModelPackageArn": ARN, **asked}
        )


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Aws]:
    found = Aws()
    monkeypatch.setattr(retraining, "aws_client", found.client)
    for stub in found.stubs.values():
        stub.activate()
    yield found
    for stub in found.stubs.values():
        stub.assert_no_pending_responses()


def test_a_retraining_is_asked_for_with_its_reason_and_parameters(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    event = {"by": "hand", "reason": "new tariff", "parameters": {"HyperparameterMaxDepth": "4"}}
    aws.function({"started": "arn:execution", "trigger": "by hand"}, event)
    more = ["--reason", "new tariff", "--parameter", "HyperparameterMaxDepth=4"]
    assert main(["retrain", "--function", "f", *more]) == 0
    assert capsys.readouterr().out == "started: arn:execution\n"


def test_the_guards_no_is_told_and_is_exit_status_1(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.function({"started": None, "reason": "one is running: x"}, {"by": "hand", "reason": "", "parameters": {}})
    assert main(["retrain", "--function", "f"]) == 1
    assert capsys.readouterr().out == "not started: one is running: x\n"


@pytest.mark.parametrize(
    ("answer", "error", "said"),
    [
        ({"errorMessage": "no rights"}, "Unhandled", "--function f: it failed: no rights"),
        ({"hello": 1}, None, "this is no function that starts retrainings"),
    ],
)
def test_another_function_is_no_start(
    aws: Aws, capsys: pytest.CaptureFixture[str], answer: Any, error: str | None, said: str
) -> None:
    aws.function(answer, {"by": "hand", "reason": "", "parameters": {}}, error)
    assert main(["retrain", "--function", "f"]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(("command", "status"), [("approve", "Approved"), ("reject", "Rejected")])
def test_an_answer_is_the_packages_status(
    aws: Aws, capsys: pytest.CaptureFixture[str], command: str, status: str
) -> None:
    aws.package("PendingManualApproval")
    aws.update(ModelApprovalStatus=status, ApprovalDescription="reviewed")
    assert main([command, ARN, "--note", "reviewed"]) == 0
    assert capsys.readouterr().out.startswith(f"{ARN}: {status.lower()};")


def test_what_was_answered_is_not_answered_again(aws: Aws, capsys: pytest.CaptureFixture[str]) -> None:
    aws.package("Rejected")
    assert main(["approve", ARN]) == 2
    assert f"{ARN} is Rejected already" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["approve", "stack-models/3"], "is no model package's ARN"),
        (["approve", ARN, "--note", "x" * 1025], "--note: has 1025 characters"),
        (["retrain", "--function", "f", "--parameter", "depth"], "--parameter 'depth': write NAME=VALUE"),
    ],
)
def test_what_is_refused(capsys: pytest.CaptureFixture[str], arguments: list[str], said: str) -> None:
    assert main(arguments) == 2
    assert said in capsys.readouterr().err
