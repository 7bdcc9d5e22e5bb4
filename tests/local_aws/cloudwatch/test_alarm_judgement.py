"""The two worked tables of the CloudWatch user guide, "Configuring how CloudWatch alarms treat missing data"."""

from typing import Any

import pytest

from local_aws.cloudwatch.alarms import judge

ALARM, OK, INSUFFICIENT, KEEP = "ALARM", "OK", "INSUFFICIENT_DATA", None
TREATMENTS = ("missing", "ignore", "breaching", "notBreaching")


def points(picture: str) -> list[float | None]:
    """`0 - X`: a good point, none, a bad one, oldest first as in the guide; as values, most recent first."""
    return [{"0": 0.0, "X": 5.0, "-": None}[sign] for sign in reversed(picture.split())]


def judged(picture: str, treatment: str, needed: int, wanted: int = 3) -> str | None:
    rule: dict[str, Any] = {"EvaluationPeriods": wanted, "DatapointsToAlarm": needed, "TreatMissingData": treatment}
    return judge(points(picture), lambda value: value > 1, rule)


@pytest.mark.parametrize(
    ("picture", "states"),
    [
        ("0 - X - X", (OK, OK, OK, OK)),
        ("0 - - - -", (OK, OK, OK, OK)),
        ("- - - - -", (INSUFFICIENT, KEEP, ALARM, OK)),
        ("0 X X - X", (ALARM, ALARM, ALARM, ALARM)),
        ("- - X - -", (ALARM, KEEP, ALARM, OK)),
    ],
)
def test_three_out_of_three(picture: str, states: tuple[str | None, ...]) -> None:
    assert tuple(judged(picture, treatment, needed=3) for treatment in TREATMENTS) == states


@pytest.mark.parametrize(
    ("picture", "states"),
    [
        ("0 - X - X", (ALARM, ALARM, ALARM, ALARM)),
        ("0 0 X 0 X", (ALARM, ALARM, ALARM, ALARM)),
        ("0 - X - -", (OK, OK, ALARM, OK)),
        ("- - - - 0", (OK, OK, ALARM, OK)),
        ("- - - X -", (ALARM, KEEP, ALARM, OK)),
    ],
)
def test_two_out_of_three(picture: str, states: tuple[str | None, ...]) -> None:
    assert tuple(judged(picture, treatment, needed=2) for treatment in TREATMENTS) == states


@pytest.mark.parametrize(("picture", "state"), [("X", ALARM), ("0", OK), ("-", OK)])
def test_one_period_with_missing_data_not_breaching(picture: str, state: str) -> None:
    assert judged(picture, "notBreaching", needed=1, wanted=1) == state


def test_a_missing_treatment_is_missing_and_missing_datapoints_to_alarm_are_all() -> None:
    assert judge([None], lambda value: value > 1, {"EvaluationPeriods": 1}) == INSUFFICIENT
    assert judge([5.0, 0.0], lambda value: value > 1, {"EvaluationPeriods": 2}) == OK
