"""check_endpoint: a deployment fails if SageMaker took the endpoint's update back."""

from typing import Any

import pytest

from tests.lambda_functions.conftest import ManualClock
from tests.lambda_functions.fakes import FakeSageMaker
from tests.lambda_functions.functions import common, enter, load

functions = load("check_endpoint").handler
EVENT = {"endpoint": "churn-endpoint", "configuration": "churn-config-new"}
REASON = "The primary container for production variant Primary did not pass the ping health check."


def check(sagemaker: FakeSageMaker, clock: ManualClock, event: Any = EVENT) -> Any:
    return functions.check(sagemaker, event, functions.Clock(now=clock.now, sleep=clock.sleep))


def test_what_was_deployed_runs(sagemaker: FakeSageMaker, clock: ManualClock) -> None:
    sagemaker.endpoints["churn-endpoint"] = [("InService", "churn-config-new", None)]
    assert check(sagemaker, clock) == {
        "endpoint": "churn-endpoint",
        "configuration": "churn-config-new",
        "status": "InService",
    }
    assert clock.sleeps == 0


def test_an_update_that_was_taken_back_fails_in_one_line(sagemaker: FakeSageMaker, clock: ManualClock) -> None:
    sagemaker.endpoints["churn-endpoint"] = [("InService", "churn-config-old", REASON)]
    with pytest.raises(functions.EndpointNotUpdatedError) as caught:
        check(sagemaker, clock)
    assert str(caught.value) == (
        "endpoint churn-endpoint was not updated and serves on with churn-config-old, SageMaker took churn-config-new "
        f"back ({REASON.rstrip('.')}): fix the model or take the change back, then deploy with pulumi up --refresh"
    )


def test_an_update_under_way_is_waited_for(sagemaker: FakeSageMaker, clock: ManualClock) -> None:
    sagemaker.endpoints["churn-endpoint"] = [
        ("Updating", "churn-config-old", None),
        ("RollingBack", "churn-config-old", None),
        ("InService", "churn-config-new", None),
    ]
    assert check(sagemaker, clock)["status"] == "InService"
    assert clock.sleeps == 2


def test_it_does_not_wait_for_ever(sagemaker: FakeSageMaker, clock: ManualClock) -> None:
    sagemaker.endpoints["churn-endpoint"] = [("Updating", "churn-config-old", None)]
    with pytest.raises(functions.EndpointNotUpdatedError, match=r"^endpoint churn-endpoint is Updating after its"):
        check(sagemaker, clock)
    assert clock.sleeps == 36


@pytest.mark.parametrize("status", ["Failed", "UpdateRollbackFailed", "OutOfService", "Deleting"])
def test_an_endpoint_that_does_not_serve_fails(sagemaker: FakeSageMaker, clock: ManualClock, status: str) -> None:
    sagemaker.endpoints["churn-endpoint"] = [(status, "churn-config-new", None)]
    with pytest.raises(functions.EndpointNotUpdatedError, match=rf"is {status} after .*no reason given"):
        check(sagemaker, clock)


def test_a_right_that_is_not_seen_yet_is_waited_for(sagemaker: FakeSageMaker, clock: ManualClock) -> None:
    sagemaker.endpoints["churn-endpoint"] = [("InService", "churn-config-new", None)]
    sagemaker.fail("DescribeEndpoint", *["AccessDeniedException"] * 3)
    assert check(sagemaker, clock)["status"] == "InService"
    assert clock.sleeps == 3


def test_bad_events(sagemaker: FakeSageMaker, clock: ManualClock) -> None:
    with pytest.raises(common("event_fields").BadEventError, match="the event has no configuration"):
        check(sagemaker, clock, {"endpoint": "churn-endpoint"})


def test_the_handler_itself_ends_well(sagemaker: FakeSageMaker) -> None:
    sagemaker.endpoints["churn-endpoint"] = [("InService", "churn-config-new", None)]
    answer, log = enter("check_endpoint", EVENT, {"sagemaker": sagemaker}, {})
    assert answer == {**EVENT, "status": "InService"}
    assert (log[-1]["message"], log[-1]["status"]) == ("the endpoint runs what was deployed", "InService")
    sagemaker.endpoints["churn-endpoint"] = [("InService", "churn-config-old", REASON)]
    with pytest.raises(functions.EndpointNotUpdatedError):
        enter("check_endpoint", EVENT, {"sagemaker": sagemaker}, {})
