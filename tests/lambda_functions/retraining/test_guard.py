"""The guard: what starts a retraining, and what does not."""

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from contract import retraining as names
from functions.common.event_fields import BadEventError
from functions.start_retraining.triggers import read_trigger, violated_runs
from tests.lambda_functions.fakes import client_error
from tests.lambda_functions.retraining.services import CHAMPION, EXECUTION, NOW, SETTINGS, CloudWatch, World, alarm


def test_an_alarm_that_lasts_starts_the_machine_with_what_it_needs(world: World) -> None:
    answer = world.start(alarm())
    (request,) = world.states.started
    given = json.loads(request["input"])
    assert answer["started"].endswith(request["name"])
    assert given["champion"] == {**CHAMPION}
    assert {each["Name"]: each["Value"] for each in given["parameters"]} == {
        "RunUri": given["run_uri"], "ChampionModelUri": "s3://b/m", "Reason": "alarm churn-violations",
    }  # fmt: skip
    assert len(given["token"]) >= 32
    assert world.s3.json(names.LOCK)["execution"] == answer["started"]
    assert world.cloudwatch.counted() == [("RetrainingStarted", "alarm")]


def test_two_alarms_at_once_start_one_run(world: World) -> None:
    """Both look before either has the lock: the conditional write lets one through."""
    both = threading.Barrier(2)
    original = world.sagemaker.describe_model

    def describe(**request: Any) -> dict[str, Any]:
        both.wait(5)
        return original(**request)

    world.sagemaker.describe_model = describe  # type: ignore[method-assign]
    answers: list[dict[str, Any]] = []
    threads = [threading.Thread(target=lambda: answers.append(world.start(alarm()))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(world.states.started) == 1
    (refused,) = [answer["reason"] for answer in answers if answer["started"] is None]
    assert refused == "one is running: another request was faster"


@pytest.mark.parametrize(
    ("prepare", "event", "reason"),
    [
        (lambda w: w.states.executions.update({EXECUTION: "RUNNING"}) or w.lock(), alarm(), names.RUNNING),
        (lambda w: w.candidate(), alarm(), names.WAITS),
        (
            lambda w: w.s3.put(names.LAST, {"ended": (NOW - timedelta(hours=23)).isoformat()}),
            alarm(),
            names.COOL_DOWN,
        ),
        (lambda w: w.s3.put("ground-truth/2026/11/23/11/a.jsonl", b"1\n2\n"), alarm(), names.TOO_FEW_LABELS),
        (
            lambda w: w.s3.put(
                names.LAST,
                {"ended": "2026-11-01T00:00:00+00:00", "labels_until": (NOW - timedelta(minutes=5)).isoformat()},
            ),
            alarm(),
            names.TOO_FEW_LABELS,
        ),
        (lambda w: setattr(w.cloudwatch, "points", (4.0, 0.0, 4.0)), alarm(), names.NOT_LASTING),
        (lambda _: None, alarm("churn-silent"), names.NOT_A_TRIGGER),
        (lambda w: w.candidate(), {"by": "check"}, names.WAITS),
    ],
)
def test_each_no_is_counted_with_its_reason(world: World, prepare: Any, event: Any, reason: str) -> None:
    prepare(world)
    answer = world.start(event)
    assert answer["started"] is None
    assert answer["reason"].startswith(reason)
    assert world.states.started == []
    assert world.cloudwatch.counted() == [("RetrainingNotStarted", reason)]


def test_what_has_lasted_is_counted_from_when_the_alarm_rang(world: World) -> None:
    world.now = NOW + timedelta(hours=5)  # the message was delivered late
    assert world.start(alarm())["started"]
    (request,) = world.cloudwatch.requests("GetMetricStatistics")
    assert request["EndTime"] == NOW + timedelta(hours=1)


def test_the_lock_of_an_execution_that_is_over_is_replaced(world: World) -> None:
    world.lock()
    world.states.executions[EXECUTION] = "ABORTED"
    assert world.start(alarm())["started"] != EXECUTION
    world.lock()
    del world.states.executions[EXECUTION]
    world.now = NOW + timedelta(minutes=2)
    assert world.start(alarm())["reason"].startswith(names.RUNNING)
    world.now = NOW + timedelta(minutes=10)
    assert world.start(alarm())["started"]


def test_a_machine_that_cannot_be_started_leaves_no_lock(world: World) -> None:
    def fails(**_: Any) -> dict[str, Any]:
        raise client_error("AccessDeniedException", "StartExecution")

    world.states.start_execution = fails  # type: ignore[method-assign]
    with pytest.raises(ClientError):
        world.start(alarm())
    assert names.LOCK not in world.s3.objects


@pytest.mark.parametrize("name", names.OWN_PARAMETERS)
def test_what_the_retraining_sets_itself_nobody_may_set(world: World, name: str) -> None:
    with pytest.raises(BadEventError, match=f"^parameters.{name} is set by the retraining itself: leave it out$"):
        world.start({"by": "hand", "parameters": {"HyperparameterMaxDepth": "4", name: "s3://elsewhere"}})
    assert world.states.started == []


def test_by_hand_a_person_has_decided_and_may_give_parameters(world: World) -> None:
    world.s3.put(names.LAST, {"ended": NOW.isoformat()})
    answer = world.start({"by": "hand", "reason": "new tariff", "parameters": {"HyperparameterMaxDepth": "4"}})
    assert answer["trigger"] == "by hand: new tariff"
    parameters = json.loads(world.states.started[0]["input"])["parameters"]
    assert {"Name": "HyperparameterMaxDepth", "Value": "4"} in parameters


def test_the_end_of_an_alarm_is_no_trigger(world: World) -> None:
    assert read_trigger(alarm(state="OK")) is None
    assert world.start(alarm(state="OK"))["started"] is None
    rule = SETTINGS["rules"][0]
    assert violated_runs(rule, SETTINGS, CloudWatch(2.0, 2.0, 1.0), NOW) == 2


def test_what_had_not_lasted_when_the_alarm_rang_is_asked_again_every_hour(world: World) -> None:
    """The alarm goes on and makes one transition."""
    world.cloudwatch.points = (4.0,)
    assert world.start(alarm())["reason"].startswith(names.NOT_LASTING)
    nothing = world.start({"by": "check", "at": NOW.isoformat()})
    assert nothing == {"started": None, "reason": "1 of the 2 last runs of data-quality had violations"}
    assert world.cloudwatch.counted() == [("RetrainingNotStarted", names.NOT_LASTING)]  # nobody asked: no refusal
    world.cloudwatch.points = (2.0, 4.0)
    assert world.start({"by": "check", "at": NOW.isoformat()})["started"]
    (request,) = world.states.started
    assert json.loads(request["input"])["trigger"] == "alarm churn-violations: 2 runs in a row"
    assert world.cloudwatch.counted()[1:] == [("RetrainingStarted", "alarm")]


def test_violations_from_before_the_last_retraining_ended_ask_for_no_other(world: World) -> None:
    world.s3.put(names.LAST, {"ended": (NOW - timedelta(minutes=30)).isoformat()})
    assert world.start({"by": "check"})["reason"] == "1 of the 2 last runs of data-quality had violations"
    world.s3.put(names.LAST, {"ended": (NOW - timedelta(hours=30)).isoformat()})
    assert world.start({"by": "check"})["started"]
