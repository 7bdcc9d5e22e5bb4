"""Limits of what is computed over data: what is beyond each is said where a person sees it."""

import tarfile
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest

from drift_tools.capture import read_captures
from drift_tools.errors import InputError
from drift_tools.job.kinds import data_quality, estimated_quality
from drift_tools.monitors.attribution import explain, model_process
from drift_tools.monitors.attribution.model_process import ModelProcess, unpack
from drift_tools.monitors.bias import selections
from drift_tools.monitors.custom.measure import CustomFailedError, CustomMonitor
from drift_tools.tables import as_table
from tests.drift_tools.attribution.model_folder import folder
from tests.drift_tools.attribution.monitor import Monitor as AttributionMonitor
from tests.drift_tools.bias.monitor import Monitor as BiasMonitor
from tests.drift_tools.bias.monitor import people
from tests.drift_tools.open_box import Box, captured, make_baseline, rows
from tests.drift_tools.records import record, write


@pytest.mark.limit("nesting of JSON")
def test_json_that_is_nested_too_deeply_is_a_skipped_record_of_its_file_and_line(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", [record("1", "2"), "[" * 100_000, record("1", "2")])
    captures = read_captures(path)
    assert (captures.used, captures.skipped) == (2, {"not JSON": 1})
    assert str(captures.problems[0]) == f"{path}, line 2: not JSON"


@pytest.mark.limit("a facet without `values`")
def test_a_facet_of_too_many_groups_fails_and_says_so() -> None:
    places = np.array([f"p{number}" for number in range(101)] * 3, dtype=object)
    assert len(selections("place", places[places != "p100"], [])) == 100
    with pytest.raises(InputError, match="facet 'place' has 101 values, of which each would be a group: name the"):
        selections("place", places, [])


@pytest.mark.limit("rows that attribution explains")
def test_the_rows_that_were_explained_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    defaults = explain.attribute.__kwdefaults__
    assert defaults is not None
    monkeypatch.setitem(defaults, "most", 60)
    monitor = AttributionMonitor(tmp_path)
    monitor.baseline()
    message = monitor.window(np.random.default_rng(1).random((100, 3)))
    assert message.endswith(" 60 of 100 rows, evenly spread, were explained.")
    assert monitor.result("drift.json")["judgement"]["rows_explained"] == 60
    few = monitor.window(np.random.default_rng(1).random((60, 3)))
    assert "evenly spread" not in few


@pytest.mark.limit("rows of the flip test (FT)")
def test_the_rows_of_the_flip_test_are_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in ("drift_tools.monitors.bias.measure", "drift_tools.job.kinds.bias"):
        monkeypatch.setattr(import_module(module), "MOST_ROWS_OF_FLIP_TEST", 50)
    monitor = BiasMonitor(tmp_path)
    monitor.baseline(people(400, 1))
    said = monitor.window(people(200, 2))
    assert said.endswith(" FT was measured on 50 of 200 rows, drawn.")
    assert monitor.result("drift.json")["judgement"]["says"].endswith(" FT was measured on 50 of 200 rows, drawn.")


@pytest.mark.limit("segments of a window")
def test_values_that_are_no_segments_are_counted_and_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(import_module("drift_tools.job.segments.cut"), "MOST_VALUES", 2)
    box = Box(tmp_path / "ml")
    make_baseline(box)
    captured(box, rows(600, 2))
    assert box.scheduled(segments="code") == 0, box.message
    assert " Values beyond the 2 most frequent are no segments: 1 of code." in box.message
    assert box.drift["segments_left_out"] == {"code": 1}
    assert len(box.drift["segments"]["code"]) == 2


@pytest.mark.limit("a custom monitor")
def test_a_script_of_too_many_numbers_fails_and_says_so() -> None:
    def monitor(numbers: int) -> CustomMonitor:
        text = f"def measure(table):\n    return {{f'n{{i}}': i for i in range({numbers})}}\n"
        return CustomMonitor("people", compile(text, "people.py", "exec"), {}, {})

    table = as_table({"age": [1.0]})
    assert len(monitor(50).measure(table).numbers) == 50
    with pytest.raises(
        CustomFailedError, match="custom monitor people returned dict: return a dictionary of at most 50 numbers"
    ):
        monitor(51).measure(table)


@pytest.mark.limit("rows an estimate is made from")
def test_an_estimate_that_is_not_made_is_said() -> None:
    class Asked:
        estimate = object()

    found = estimated_quality.estimate(Asked(), None, None)  # type: ignore[arg-type] # no more of them is read
    assert found is not None
    assert "the window is larger than what is kept in memory" in found.says
    assert data_quality.EXACT_BYTES == 256 * 1024 * 1024


ENDLESS = "class M:\n    def predict(self, rows):\n        {body}\ndef model_fn(d):\n    return M()\n"


@pytest.mark.limit("a model that is asked")
def test_a_model_that_answers_too_much_or_too_late_fails_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(model_process, "LARGEST_ANSWER", 1000)
    (tmp_path / "much").mkdir()
    with (
        ModelProcess(folder(tmp_path / "much", ENDLESS.format(body="return ['x' * 5000]"))) as model,
        pytest.raises(InputError, match="to one request, more than the 0 MB that are read: explain fewer rows"),
    ):
        model.ask(b"1,2\n")
    (tmp_path / "late").mkdir()
    slow = folder(tmp_path / "late", ENDLESS.format(body="__import__('time').sleep(60)"))
    with ModelProcess(slow, seconds=300) as model:
        model._seconds = 0.2
        with pytest.raises(InputError, match=r"the model has not answered in 0\.2 s: explain fewer rows"):
            model.ask(b"1,2\n")


@pytest.mark.limit("a trained model, unpacked, and an answer of it")
def test_a_model_that_unpacks_to_too_much_fails_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(model_process, "LARGEST_ARCHIVE", 1000)
    (tmp_path / "weights").write_bytes(b"0" * 1001)
    with tarfile.open(tmp_path / "model.tar.gz", "w:gz") as tar:
        tar.add(tmp_path / "weights", "weights")
    with pytest.raises(InputError, match=r"model\.tar\.gz is larger than 0 GB unpacked"):
        unpack(tmp_path / "model.tar.gz", tmp_path / "into")
