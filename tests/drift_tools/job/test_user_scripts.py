"""A user's scripts run as in Model Monitor's container, and what they raise is said with text and line."""

import json
import logging
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from drift_tools.capture import Captures, read_captures
from drift_tools.errors import InputError, UnusableError
from drift_tools.job.inputs.user_scripts import InferenceRecord, load_postprocessor, load_preprocessor
from drift_tools.job.results import require_rows
from tests.drift_tools.records import record

Script = Callable[..., Path]


@pytest.fixture
def script(tmp_path: Path) -> Script:
    def write(*lines: str, head: str = "def preprocess_handler(inference_record):") -> Path:
        path = tmp_path / "mine.py"
        path.write_text("\n".join([head, *(f"    {line}" for line in lines)]) + "\n")
        return path

    return write


def read(path: Path, columns: int = 12, records: int = 3, **options: Any) -> Captures:
    lines = [record(",".join(str(100 * row + at) for at in range(columns))) for row in range(1, records + 1)]
    return read_captures(lines, preprocess=load_preprocessor(path), **options)


@pytest.mark.parametrize("key", ["i", "str(i)", "str(i).zfill(2)", "str(i).zfill(20)", "i + 1"])
@pytest.mark.parametrize("columns", [2, 10, 11, 101])
def test_numbered_columns_are_positions(script: Script, key: str, columns: int) -> None:
    # The guide's own handlers return such keys.
    path = script(
        f"return {{{key}: v for i, v in reversed(list(enumerate(inference_record.endpoint_input.data.split(','))))}}"
    )
    found = read(path, columns, 1)
    assert [column.as_texts()[0] for column in found.data.columns.values()] == [str(100 + at) for at in range(columns)]
    assert found.data.names == [f"_c{at}" for at in range(columns)]


def test_rows_of_one_record_have_the_same_columns(script: Script) -> None:
    found = read(script("return [{10: 'k', 2: 'c'}, {2: 'C', 3: 'D'}]"), records=1)
    assert [column.as_texts().tolist() for column in found.data.columns.values()] == [
        ["c", "C"],
        [None, "D"],
        ["k", None],
    ]


@pytest.mark.parametrize(
    ("value", "text", "kind"),
    [
        ("np.int64(3)", "3", "integral"),
        ("np.uint8(3)", "3", "integral"),
        ("np.float32(0.5)", "0.5", "fractional"),
        ("np.bool_(True)", "true", "boolean"),
        ("np.str_('a')", "a", "string"),
        ("np.array(7)", "7", "integral"),
        ("True", "true", "boolean"),
        ("Decimal('0.25')", "0.25", "fractional"),
        ("dt.date(2026, 1, 2)", "2026-01-02", "string"),
        ("pd.Timestamp('2026-01-02')", "2026-01-02T00:00:00", "string"),
        ("float('inf')", "inf", "string"),
        ("10**5000", "inf", "string"),
        ("-(10**400)", "-inf", "string"),
        ("fractions.Fraction(-(10**400))", "-inf", "string"),
        ("Decimal('1e400')", "inf", "string"),
        ("Decimal('sNaN')", None, "missing"),
        ("float('nan')", None, "missing"),
        ("np.float64('nan')", None, "missing"),
        ("pd.NA", None, "missing"),
        ("pd.NaT", None, "missing"),
        ("None", None, "missing"),
    ],
)
def test_values(script: Script, value: str, text: str | None, kind: str) -> None:
    library = "pandas as pd" if value.startswith("pd.") else "numpy as np"
    pytest.importorskip(library.partition(" ")[0])
    path = script(
        f"import datetime as dt, fractions, {library}",
        "from decimal import Decimal",
        f"return {{'x': {value}, 'y': 1}}",
    )
    column = read(path, records=1).data.columns["x"]
    assert column.as_texts().tolist() == [text]
    assert getattr(column.types, kind) == 1


def test_lists_become_columns(script: Script) -> None:
    found = read(script("import numpy as np", "return {'x': np.array([1, 2]), 'y': (3.5, None)}"), records=1)
    assert {name: column.as_texts()[0] for name, column in found.data.columns.items()} == {
        "x_0": "1", "x_1": "2", "y_0": "3.5", "y_1": None}  # fmt: skip


@pytest.mark.parametrize("value", ["{'deep': 1}", "{1, 2}", "b'x'", "[[1]]", "object()", "dt.timedelta(1)"])
def test_values_that_no_cell_holds(script: Script, value: str) -> None:
    found = read(script("import datetime as dt", f"return {{'x': {value}}}"))
    (reason,) = found.skipped
    assert reason.startswith("the record preprocessor gave x as ")
    assert reason.endswith(": give text, a number, a boolean, None, or a flat list of them")
    assert found.skipped[reason] == 3


@pytest.mark.parametrize("result", ["None", "'x'", "[[1]]", "({'x': 1},)", "(row for row in [{}])"])
def test_results_that_are_no_rows_end_the_run(script: Script, result: str) -> None:
    with pytest.raises(InputError, match=r"preprocess_handler gave .*: give a flat dictionary or a list of them"):
        read(script(f"return {result}"))


def test_an_empty_list_drops_the_record(script: Script) -> None:
    found = read(script("return []"))
    assert (found.rows, found.used, found.skipped) == (0, 3, {})
    with pytest.raises(InputError) as caught:
        require_rows(found)
    assert str(caught.value) == (
        "Job inputs had no data: the record preprocessor gave no row for any of 3 captured records"
    )


@pytest.mark.parametrize(
    ("statement", "says"),
    [
        ("return {'x': {}['amount']}", "KeyError: 'amount' (mine.py, line 2)"),
        ("inference_record.event_data", "AttributeError: 'InferenceRecord' object has no attribute 'event_data' (mine"),
        ("raise ValueError('a\\nb')", "ValueError: a b (mine.py, line 2)"),
        ("raise ValueError('x' * 1000)", f"ValueError: {'x' * 200}… (mine.py, line 2)"),
        ("assert False", "AssertionError (mine.py, line 2)"),
        ("import sys; sys.exit('enough')", "SystemExit: enough (mine.py, line 2)"),
        ("raise BaseException('whatever')", "BaseException: whatever (mine.py, line 2)"),
        ("raise GeneratorExit", "GeneratorExit (mine.py, line 2)"),
        ("raise type('Mute', (Exception,), {'__str__': lambda self: 1 / 0})", "Mute: (no text) (mine.py, line 2)"),
        ("import json; json.loads('{')", "JSONDecodeError: Expecting property name enclosed in double quotes"),
    ],
)
def test_what_a_script_raises_is_a_reason_with_text_and_line(
    script: Script, statement: str, says: str, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A library that configures logging turns off the loggers that are there already.
    monkeypatch.setattr(logging.getLogger("drift_tools.job.inputs.user_scripts"), "disabled", False)
    with caplog.at_level(logging.ERROR):
        found = read(script(statement))
    ((reason, count),) = found.skipped.items()
    assert reason.startswith(f"the record preprocessor raised {says}")
    assert count == 3
    (entry,) = caplog.records  # the first traceback, not one a record
    assert "mine.py" in entry.getMessage()
    assert "Traceback (most recent call last)" in entry.getMessage()


def test_exceptions_of_one_line_are_one_reason(script: Script) -> None:
    found = read(script("return {'x': float('no ' + inference_record.endpoint_input.data)}"))
    ((reason, count),) = found.skipped.items()
    assert count == 3
    assert reason == (
        "the record preprocessor raised ValueError: could not convert string to float: "
        "'no 100,101,102,103,104,105,106,107,108,109,110,111' (mine.py, line 2)"
    )


@pytest.mark.parametrize(
    ("head", "says"),
    [
        (
            "import nowhere_to_be_found\ndef preprocess_handler(record):",
            "ModuleNotFoundError: No module named 'nowhere",
        ),
        ("def preprocess_handler(record:", "SyntaxError: "),
        ("raise BaseException('no')\ndef preprocess_handler(record):", "BaseException: no (mine.py, line 1)"),
        ("import sys\nsys.exit(3)\ndef preprocess_handler(record):", "SystemExit: 3 (mine.py, line 2)"),
    ],
)
def test_a_script_that_cannot_be_loaded(script: Script, head: str, says: str) -> None:
    path = script("return {}", head=head)
    with pytest.raises(InputError) as caught:
        load_preprocessor(path)
    assert str(caught.value).startswith(f"{path}: could not be loaded, {says}")
    assert str(caught.value).endswith(": fix the script")


def test_a_handler_without_a_signature_is_called_with_the_record_alone(tmp_path: Path) -> None:
    path = tmp_path / "mine.py"
    path.write_text("preprocess_handler = dict\n")
    (reason,) = read(path).skipped
    assert reason == "the record preprocessor raised TypeError: 'InferenceRecord' object is not iterable (mine.py)"


def test_a_postprocessor_that_fails_ends_the_run_with_its_line(script: Script) -> None:
    path = script("import sys", "sys.exit(1)", head="def postprocess_handler():")
    with pytest.raises(InputError) as caught:
        load_postprocessor(path)()
    assert str(caught.value) == f"{path}: postprocess_handler raised SystemExit: 1 (mine.py, line 3): fix the script"


def test_the_record_is_that_of_the_guide() -> None:
    captured = json.loads(record("1,2", "0.5", event_id="e", inference_id="i", truth="1"))
    captured["eventMetadata"]["customAttributes"] = ["a=b"]
    found = InferenceRecord(captured)
    assert found.as_dict() == captured
    assert str(found) == str(captured)
    assert found.endpoint_input is not None
    assert found.endpoint_output is not None
    assert found.ground_truth is not None
    assert found.endpoint_input.as_dict() == captured["captureData"]["endpointInput"]
    assert (found.endpoint_output.data, found.endpoint_output.encoding) == ("0.5", "CSV")
    assert (found.ground_truth.data, found.batch_transform_output, found.event_version) == ("1", None, "0")
    metadata = found.event_metadata
    assert (metadata.event_id, metadata.event_time, metadata.custom_attribute, metadata.inference_id) == (
        "e", "2026-01-01T10:00:01Z", ["a=b"], "i")  # fmt: skip
    found.endpoint_input.data = "7"
    found.ground_truth.data = "0"
    changed = found.as_dict()
    assert changed["captureData"]["endpointInput"] == {**captured["captureData"]["endpointInput"], "data": "7"}
    assert changed["groundTruthData"] == {"data": "0", "encoding": "CSV"}
    assert captured["captureData"]["endpointInput"]["data"] == "1,2"  # the capture itself stays


def test_a_label_is_kept_beside_what_a_script_predicts(script: Script) -> None:
    path = script("return {'said': inference_record.endpoint_output.data}")
    lines = [record("1", "0.5", truth='"a, b"'), record("1", "0.25")]
    found = read_captures(lines, preprocess=load_preprocessor(path), sides=("endpointOutput", "groundTruthData"))
    assert found.skipped == {"no groundTruthData": 1}
    assert {name: column.as_texts().tolist() for name, column in found.data.columns.items()} == {
        "said": ["0.5"], "groundTruthData": ["a, b"]}  # fmt: skip


def test_a_label_for_each_row_of_a_script(script: Script) -> None:
    path = script("return [{'said': v} for v in inference_record.endpoint_output.data.split()]")
    lines = [record("1\n2", "3\n4", truth="5\n6"), record("1\n2", "3\n4", truth="5")]
    found = read_captures(lines, preprocess=load_preprocessor(path), sides=("endpointOutput", "groundTruthData"))
    assert found.data.columns["groundTruthData"].as_texts().tolist() == ["5", "6"]
    assert found.skipped == {
        "the record preprocessor gave 2 rows for 1 labels: let it give groundTruthData in each row": 1}  # fmt: skip


def test_a_plain_function_may_be_a_preprocessor_with_reasons_of_its_own() -> None:
    def fails(_: object) -> list[dict[str, Any]]:
        raise UnusableError("of another customer")

    assert read_captures([record()], preprocess=fails).skipped == {"of another customer": 1}
