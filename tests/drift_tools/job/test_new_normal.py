"""What people say of a monitor's windows: that some were bad, and that others are the new normal."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from contract.bad_windows import BadWindows
from contract.new_normal import NewNormal
from drift_tools.errors import InputError
from drift_tools.job.window_store import Folder, WindowStore
from tests.drift_tools.job.judged_windows import NOW, STATE, earlier_windows, judged, state, violations
from tests.drift_tools.open_box import Box, captured, rows

SAID = NewNormal(since="2025-12-30T10:00:00Z", by="ann", at="2026-01-01T09:00:00Z", note="the new form")


def say(box: Box, name: str, content: bytes) -> None:
    (state(box) / name).write_bytes(content)


def drifted_windows(box: Box, number: int) -> None:
    """Windows like a shift of two standard deviations, each called."""
    judged(box, shift=2.0, seed=3)
    earlier_windows(box, number)
    for path in state(box).glob("202*.json"):
        record = json.loads(path.read_text())
        path.write_text(json.dumps({**record, "called": ["amount", "prediction", "probability"]}))


def test_a_gross_change_that_is_the_new_normal_rings_no_more_and_is_learnt(box: Box) -> None:
    drifted_windows(box, 100)
    assert judged(box, shift=2.0, seed=2)["judgement"]["by"] == "learning"
    assert sorted(violations(box)) == ["amount", "prediction", "probability"]
    say(box, SAID.name, SAID.to_json())
    calm = judged(box, shift=2.0, seed=5)
    assert (calm["judgement"]["by"], violations(box)) == ("learning", [])
    assert (
        "Learning how windows differ since 2025-12-30T10:00:00Z, the new normal by ann: 49 of 168 seen." in box.message
    )
    assert "amount" in judged(box, shift=-1.0, seed=4)["drifted_features"]  # gross against the new normal


def test_windows_since_then_are_what_is_learnt_from_though_they_were_called(box: Box) -> None:
    drifted_windows(box, 200)
    say(box, SAID.name, NewNormal(since="2025-12-20T00:00:00Z", by="ann", at=SAID.at).to_json())
    calm = judged(box, shift=2.0, seed=5)
    assert (calm["judgement"]["by"], calm["judgement"]["windows"]) == ("own windows", 168)
    assert calm["drifted_features"] == []
    assert "since 2025-12-20T00:00:00Z, the new normal by ann (season" in box.message
    assert "amount" in judged(box, seed=4)["drifted_features"]  # the old normal is drift now


def test_windows_that_a_person_marked_are_not_learnt_from(box: Box) -> None:
    judged(box)
    earlier_windows(box, 168)
    mark = BadWindows(
        start=f"{NOW - timedelta(hours=10):%Y-%m-%dT%H:%M:%SZ}", end=f"{NOW:%Y-%m-%dT%H:%M:%SZ}", by="ann", at=SAID.at
    )
    say(box, mark.name, mark.to_json())
    assert judged(box, seed=4)["judgement"]["by"] == "learning"  # 158 windows
    earlier_windows(box, 178)
    assert judged(box, seed=5)["judgement"]["windows"] == 168


def test_what_people_said_is_read_in_its_order(tmp_path: Path) -> None:
    store = WindowStore(Folder(tmp_path))
    assert store.normal() is None
    later = NewNormal(since="2026-02-01T00:00:00Z", by="bob", at="2026-02-02T00:00:00Z")
    for said in (later, SAID):
        (tmp_path / said.name).write_bytes(said.to_json())
    assert store.normal() == later
    mark = BadWindows(start="2026-01-01T00:00:00+01:00", end="2026-01-01T02:00:00Z", by="ann", at=SAID.at)
    (tmp_path / mark.name).write_bytes(mark.to_json())
    midnight = int(datetime(2026, 1, 1, tzinfo=UTC).timestamp())
    assert store.bad(midnight + 3600 * np.arange(-3, 4)) == [midnight - 3600, midnight, midnight + 3600]


@pytest.mark.parametrize("name", [SAID.name, "bad-x.json"])
def test_what_is_damaged_is_one_line(box: Box, name: str) -> None:
    judged(box)
    say(box, name, b'{"since": 1}')
    captured(box, rows(600, 2))
    assert box.scheduled(windows_uri=STATE) == 1
    assert "is damaged" in box.message
    store = WindowStore(Folder(state(box)))
    with pytest.raises(InputError, match="is damaged"):
        _ = store.normal(), store.bad([0])


def test_a_span_ends_after_it_began() -> None:
    with pytest.raises(ValueError, match="give one that ends later"):
        BadWindows(start="2026-01-01T00:00:00Z", end="2026-01-01T00:00:00Z", by="ann", at=SAID.at)
    with pytest.raises(ValueError, match="has no time zone"):
        NewNormal(since="2026-01-01T00:00:00", by="ann", at=SAID.at)


def test_serving_that_differs_from_training_is_said_once(box: Box) -> None:
    judged(box, shift=0.7)
    earlier_windows(box, 336)
    first = judged(box, shift=0.7, seed=2)
    assert "amount" in first["judgement"]["serving_differs_from_training"]
    assert "As a whole serving differs from the training data, said once: prediction (PSI 0.33), " in box.message
    assert violations(box) == []
    again = judged(box, shift=0.7, seed=3)
    assert "serving_differs_from_training" not in again["judgement"]
    assert "As a whole" not in box.message
