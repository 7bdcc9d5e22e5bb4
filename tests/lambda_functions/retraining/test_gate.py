"""The gate: people are asked, once, and their answer says who gave it."""

import json
from typing import Any

import pytest

from functions.common.retraining_state import State, waiting_key
from tests.lambda_functions.fakes import FakeS3
from tests.lambda_functions.functions import enter
from tests.lambda_functions.retraining.services import MACHINE, PACKAGE, SETTINGS, World, alarm, ask


def changed(status: str) -> dict[str, Any]:
    detail = {"ModelPackageArn": PACKAGE, "ModelApprovalStatus": status}
    return {"detail-type": "SageMaker Model Package State Change", "detail": detail}


def test_people_are_asked_and_the_answer_says_who_gave_it(world: World) -> None:
    world.candidate()
    ask(world)
    (message,) = world.sns.published
    assert f"python -m drift_tools approve {PACKAGE}" in message["Message"]
    chat = message["MessageAttributes"]["chat"]["StringValue"]
    assert chat.split("\n")[0] == message["Subject"]
    assert chat.endswith("\nRunbook: docs/operations.md, Retraining")
    assert len(chat) <= 400
    who = {"IamIdentity": {"Arn": "arn:aws:iam::111122223333:user/ada"}}
    world.sagemaker.packages[PACKAGE].update(
        ModelApprovalStatus="Approved", ApprovalDescription="reviewed", LastModifiedBy=who
    )
    assert world.step(changed("PendingManualApproval")) == {"ignored": "PendingManualApproval"}
    world.step(changed("Approved"))
    (answer,) = world.states.answers
    assert answer["taskToken"] == "t"
    assert json.loads(answer["output"]) == {
        "status": "Approved", "by": "arn:aws:iam::111122223333:user/ada", "note": "reviewed",
    }  # fmt: skip
    assert world.step(changed("Approved")) == {"ignored": "nothing waits for it"}


def test_an_answer_that_came_before_the_question_is_heard(world: World) -> None:
    world.candidate("Rejected")
    ask(world)
    assert json.loads(world.states.answers[0]["output"])["status"] == "Rejected"
    assert world.sns.published == []


def test_without_an_answer_the_candidate_is_rejected(world: World) -> None:
    world.candidate()
    ask(world)
    assert world.step({"step": "expire", "package": PACKAGE})["status"] == "Expired"
    assert world.sagemaker.packages[PACKAGE]["ModelApprovalStatus"] == "Rejected"
    assert world.step(changed("Rejected")) == {"ignored": "nothing waits for it"}


class Forgotten(FakeS3):
    """Another invocation deletes an object in the moment after the one at hand has seen that it is there."""

    def list_objects_v2(self, **request: Any) -> dict[str, Any]:
        answer = super().list_objects_v2(**request)
        for key in self.keys(request["Prefix"]):
            self.expire(key)
        return answer


@pytest.mark.parametrize("is_there", [True, False])
def test_an_answer_and_the_end_of_the_wait_may_come_together(is_there: bool) -> None:
    """Seen of a rejection by the clock, whose event came while it forgot the token: NoSuchKey, and Lambda's retry."""
    s3 = Forgotten("bucket")
    if is_there:
        s3.put(waiting_key(PACKAGE), {"token": "t"})
    assert State(s3, "bucket").waiting(PACKAGE) == ({"token": "t"} if is_there else None)


def test_the_handlers_themselves_end_well(world: World) -> None:
    """From an alarm to the answer; both read from the bucket what the deployment wrote there."""
    world.s3.put("settings.json", {**SETTINGS, "cool_down_hours": 0})
    clients = {
        "s3": world.s3, "sagemaker": world.sagemaker, "stepfunctions": world.states,
        "cloudwatch": world.cloudwatch, "sns": world.sns,
    }  # fmt: skip
    environment = {
        "BUCKET_NAME": "churn-data", "SETTINGS_KEY": "settings.json", "STATE_MACHINE_ARN": MACHINE,
        "NOTIFICATION_TOPIC_ARN": SETTINGS["notification_topic_arn"],
    }  # fmt: skip
    answer, log = enter("start_retraining", alarm(), clients, environment)
    assert (log[-1]["message"], log[-1]["started"]) == ("retraining", answer["started"])
    world.candidate("Approved")
    asked = {"step": "ask", "token": "t", "execution": answer["started"], "package": PACKAGE, "trigger": "alarm x"}
    answer, log = enter("retraining_step", {**asked, "run_uri": "s3://churn-data/r/1"}, clients, environment)
    assert (log[-1]["step"], json.loads(log[-1]["answer"])) == ("ask", answer)
    answer, log = enter("retraining_step", changed("Approved"), clients, environment)
    assert (log[-1]["step"], json.loads(log[-1]["answer"])) == ("SageMaker Model Package State Change", answer)
