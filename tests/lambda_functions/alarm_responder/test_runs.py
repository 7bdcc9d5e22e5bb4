"""Which run, and since when."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.lambda_functions.conftest import RUN
from tests.lambda_functions.fakes import FakeS3
from tests.lambda_functions.functions import common, load

functions = load("alarm_responder").run_history
ALARM = datetime(2026, 11, 23, 4, 6, tzinfo=UTC)


def hour(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def lay(s3: FakeS3, hours: dict[str, bool]) -> None:
    """Results of runs: hour to whether the run found violations."""
    for text, violated in hours.items():
        folder = f"{RUN}/{hour(text):%Y/%m/%d/%H}"
        s3.put(f"{folder}/statistics.json", {})
        s3.put(f"{folder}/constraints.json", {})
        if violated:
            s3.put(f"{folder}/constraint_violations.json", {})


def listed(s3: FakeS3, **lookback: float) -> Any:
    return functions.list_runs(
        s3, "churn-data", f"{RUN}/", until=ALARM, lookback=timedelta(**(lookback or {"hours": 48}))
    )


def test_runs_come_newest_first_and_none_from_after_the_alarm(s3: FakeS3) -> None:
    lay(s3, {"2026-11-23T03": False, "2026-11-23T04": True, "2026-11-23T05": True, "2026-11-22T23": False})
    runs = listed(s3)
    assert [run.hour for run in runs] == [hour("2026-11-23T04"), hour("2026-11-23T03"), hour("2026-11-22T23")]
    assert runs[0].violations_key == f"{RUN}/2026/11/23/04/constraint_violations.json"
    assert runs[0].key("statistics.json") == f"{RUN}/2026/11/23/04/statistics.json"
    assert runs[0].key("drift.json") is None
    assert runs[1].violations_key is None


def test_no_run_older_than_the_lookback(s3: FakeS3) -> None:
    lay(s3, {"2026-11-21T04": True, "2026-11-21T05": True})
    assert [run.hour for run in listed(s3)] == [hour("2026-11-21T05")]
    assert len({request["Prefix"] for request in s3.requests("ListObjectsV2")}) == 3  # one a day, however many runs


def test_the_documentations_other_spelling_of_the_file(s3: FakeS3) -> None:
    s3.put(f"{RUN}/2026/11/23/04/constraints_violations.json", {})
    assert listed(s3)[0].violations_key == f"{RUN}/2026/11/23/04/constraints_violations.json"


def test_strange_keys_are_passed_over(s3: FakeS3) -> None:
    for key in ("2026/11/23/99/constraint_violations.json", "2026/11/23/notes.txt", "2026/11/23/04/deep/x.json"):
        s3.put(f"{RUN}/{key}", {})
    assert listed(s3) == []


def test_a_bucket_that_may_not_be_listed(s3: FakeS3) -> None:
    s3.denied_prefixes = (RUN,)
    with pytest.raises(common("s3_objects").UnreadableError, match=r"cannot be listed \(AccessDenied\)"):
        listed(s3)


@pytest.mark.parametrize(
    ("hours", "since", "runs", "complete"),
    [
        ({"2026-11-23T04": True}, "2026-11-23T04", 1, False),
        ({"2026-11-23T04": True, "2026-11-23T03": False}, "2026-11-23T04", 1, True),
        ({f"2026-11-23T0{n}": n > 1 for n in range(5)}, "2026-11-23T02", 3, True),
        # No traffic from 1 to 3: no run, no result, and no end of it.
        ({"2026-11-23T04": True, "2026-11-23T00": True, "2026-11-22T23": False}, "2026-11-23T00", 2, True),
        # The newest run is clean; the alarm is about the one before.
        ({"2026-11-23T04": False, "2026-11-23T03": True, "2026-11-23T02": False}, "2026-11-23T03", 1, True),
    ],
)
def test_streak(s3: FakeS3, hours: dict[str, bool], since: str, runs: int, complete: bool) -> None:
    lay(s3, hours)
    assert functions.streak(listed(s3)) == functions.Streak(since=hour(since), runs=runs, complete=complete)


def test_no_violations_no_streak(s3: FakeS3) -> None:
    lay(s3, {"2026-11-23T04": False})
    assert functions.streak(listed(s3)) is None
