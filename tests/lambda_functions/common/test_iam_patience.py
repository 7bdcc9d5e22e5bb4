"""Waiting for IAM: a minute for what passes, not a second for what does not."""

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lambda_functions.conftest import ManualClock
from tests.lambda_functions.functions import common

patience = common("iam_patience")
PASS_ROLE = "User: arn:aws:sts::1:assumed-role/f/f is not authorized to perform: iam:PassRole on resource: arn:x"
NEW_ROLE = "Could not assume role arn:aws:iam::1:role/x. Please ensure that the role exists and allows sagemaker"


class Refusing:
    """Refuses so many times, then answers."""

    def __init__(self, code: str, message: str, times: int) -> None:
        self.error = ClientError({"Error": {"Code": code, "Message": message}}, "CreateProcessingJob")
        self.left = times

    def __call__(self) -> Any:
        if self.left:
            self.left -= 1
            raise self.error
        return "done"


@pytest.mark.parametrize(
    ("code", "message"),
    [("AccessDeniedException", PASS_ROLE), ("AccessDenied", ""), ("ValidationException", NEW_ROLE)],
)
def test_what_iam_will_see_soon_is_tried_again(clock: ManualClock, code: str, message: str) -> None:
    assert patience.patiently(Refusing(code, message, 4), sleep=clock.sleep) == "done"
    assert clock.sleeps == 4


def test_after_a_minute_the_error_is_raised(clock: ManualClock) -> None:
    began = clock.now()
    with pytest.raises(ClientError, match="PassRole"):
        patience.patiently(Refusing("AccessDeniedException", PASS_ROLE, 100), sleep=clock.sleep)
    assert clock.now() - began == 60


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("ResourceLimitExceeded", "instances"),
        ("ValidationException", "1 validation error detected: Value at 'volumeSizeInGB' failed"),
        ("ResourceInUse", "role"),
    ],
)
def test_what_time_does_not_mend_is_raised_at_once(clock: ManualClock, code: str, message: str) -> None:
    with pytest.raises(ClientError, match=code):
        patience.patiently(Refusing(code, message, 1), sleep=clock.sleep)
    assert clock.sleeps == 0


def test_other_errors_are_not_caught(clock: ManualClock) -> None:
    def broken() -> None:
        raise OSError("no route")

    with pytest.raises(OSError, match="no route"):
        patience.patiently(broken, sleep=clock.sleep)
