"""What `compare` can be told, and the promise that its JSON is."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drift_tools.__main__ import main
from drift_tools.significance import false_alarm_budget as levels

SCHEMA = json.loads((Path(__file__).parents[2] / "docs" / "compare.schema.json").read_text())
HOURS, ROWS = 6, 150
START = datetime(2026, 1, 1, 10, tzinfo=UTC)
_TYPES: dict[str, tuple[type, ...]] = {
    "object": (dict,),
    "array": (list,),
    "string": (str,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "null": (type(None),),
}


def problems(value: Any, schema: dict[str, Any], path: str = "$") -> Iterator[str]:
    """Where a document is not what the schema says; a name that the schema does not know is a problem too."""
    if "$ref" in schema:
        schema = SCHEMA["$defs"][schema["$ref"].removeprefix("#/$defs/")]
    types = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
    allowed = tuple(kind for name in types for kind in _TYPES[name])
    if not isinstance(value, allowed) or (isinstance(value, bool) and "boolean" not in types):
        yield f"{path}: {value!r} is not {types}"
    elif "enum" in schema and value not in schema["enum"]:
        yield f"{path}: {value!r} is not one of {schema['enum']}"
    elif isinstance(value, dict):
        known, others = schema.get("properties", {}), schema.get("additionalProperties")
        yield from (f"{path}: lacks {name}" for name in schema.get("required", ()) if name not in value)
        for name, item in value.items():
            if name in known or others:
                yield from problems(item, known.get(name, others), f"{path}.{name}")
            else:
                yield f"{path}: {name} is not documented"
    elif isinstance(value, list):
        for index, item in enumerate(value):
            yield from problems(item, schema["items"], f"{path}[{index}]")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """base.csv; current.csv, six hours in `when`, `a` moved by two standard deviations from the fourth; odd.csv with
    what cannot be measured; captured.jsonl, as current.csv.
    """
    generator = np.random.default_rng(8)

    def row(hour: int) -> tuple[str, str, str, int]:
        return (
            f"{generator.normal(2 * (hour >= 3)):.6f}",
            f"{generator.normal():.6f}",
            str(generator.choice(["x", "y"])),
            int(generator.integers(1, 5)),
        )

    base = [row(0) for _ in range(2000)]
    current = [(hour, row(hour)) for hour in range(HOURS) for _ in range(ROWS)]
    times = [START + timedelta(hours=hour, minutes=index % 60) for index, (hour, _) in enumerate(current)]
    lines = [",".join(map(str, cells)) for _, cells in current]
    (tmp_path / "base.csv").write_text("a,b,code,zip\n" + "\n".join(",".join(map(str, cells)) for cells in base))
    (tmp_path / "current.csv").write_text(
        "when,a,b,code,zip\n"
        + "\n".join(f"{time:%Y-%m-%dT%H:%M:%SZ},{line}" for time, line in zip(times, lines, strict=True))
    )
    (tmp_path / "odd.csv").write_text("a,code,new\n" + "\n".join("inf,,1" for _ in range(30)))
    records = (
        {
            "captureData": {
                "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": line, "encoding": "CSV"}
            },
            "eventMetadata": {"eventId": f"{index}", "inferenceTime": f"{time:%Y-%m-%dT%H:%M:%SZ}"},
            "eventVersion": "0",
        }
        for index, (time, line) in enumerate(zip(times, lines, strict=True))
    )
    (tmp_path / "captured.jsonl").write_text("".join(json.dumps(record) + "\n" for record in records))
    return tmp_path


def compared(
    capsys: pytest.CaptureFixture[str], data: Path, *arguments: str, current: str = "current.csv"
) -> dict[str, Any]:
    """The document of a comparison; valid by the schema."""
    assert main(["compare", str(data / "base.csv"), str(data / current), "--format", "json", *arguments]) == 0
    document: dict[str, Any] = json.loads(capsys.readouterr().out)
    assert list(problems(document, SCHEMA)) == []
    return document


def refused(capsys: pytest.CaptureFixture[str], data: Path, *arguments: str) -> str:
    try:
        status: Any = main(["compare", str(data / "base.csv"), str(data / "current.csv"), *arguments])
    except SystemExit as end:
        status = end.code
    out, err = capsys.readouterr()
    assert (status, out, err.count("\n")) == (2, "", 1)
    return err


@pytest.mark.parametrize("current", ["current.csv", "odd.csv", "captured.jsonl", "base.csv"])
def test_the_json_is_what_the_schema_says(data: Path, current: str, capsys: pytest.CaptureFixture[str]) -> None:
    document = compared(capsys, data, current=current)
    assert set(document) == set(SCHEMA["required"])


def test_the_check_of_the_schema_can_fail() -> None:
    document = {"baseline_rows": "1", "alpha": True, "extra": 1, "features": {"a": {"kind": "odd"}}}
    found = "\n".join(problems(document, SCHEMA))
    for part in (
        "baseline_rows: '1'",
        "alpha: True",
        "extra is not documented",
        "lacks drifted",
        "'odd' is not one of",
    ):
        assert part in found


def test_windows_of_a_time_column(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    document = compared(capsys, data, "--time-column", "when", "--window", "1h")
    timeline = document["timeline"]
    assert compared(capsys, data, "--time-column", "when", "--window", "60min")["timeline"] == timeline
    assert [window["label"] for window in timeline["windows"]] == [f"2026-01-01T{hour}:00Z" for hour in range(10, 16)]
    assert [window["drifted_features"] for window in timeline["windows"]] == [[], [], [], ["a"], ["a"], ["a"]]
    assert timeline["onsets"]["a"]["window"] == "2026-01-01T13:00Z"
    assert list(document["features"]) == ["a", "b", "code", "zip"]


def test_windows_of_captured_data_are_by_the_time_of_their_requests(
    data: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = compared(capsys, data, "--window", "2h", current="captured.jsonl")
    assert [window["current_rows"] for window in document["timeline"]["windows"]] == [2 * ROWS] * 3
    assert list(document["features"]) == ["a", "b", "code", "zip"]


def test_windows_are_in_the_table_and_on_the_page(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["compare", str(data / "base.csv"), str(data / "current.csv"), "--time-column", "when"]
    assert main([*arguments, "--fail-on-drift"]) == 1
    assert "a: since 2026-01-01T13:00Z" in capsys.readouterr().out
    assert main([*arguments, "--format", "html"]) == 0
    assert "Since when?" in capsys.readouterr().out


def test_a_kind_and_a_threshold_are_of_one_feature(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    usual = compared(capsys, data)
    assert (usual["features"]["zip"]["kind"], usual["drifted_features"]) == ("numerical", ["a"])
    told = compared(capsys, data, "--kind", "zip=categorical", "--threshold", "a=50", "--threshold", "b=0.2")
    assert (told["features"]["zip"]["kind"], told["drifted_features"]) == ("categorical", [])


def test_the_level_comes_from_false_alarms_a_year(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for arguments, level in (
        ((), 0.05),
        (("--alpha", "0.01"), 0.01),
        (("--runs-per-year", "8760"), levels.alpha_per_run(1, 8760)),
        (("--runs-per-year", "8760", "--false-alarms-per-year", "12"), levels.alpha_per_run(12, 8760)),
    ):
        assert compared(capsys, data, *arguments)["alpha"] == pytest.approx(level)


def test_rows_of_a_block_are_resampled_together(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    lines = (data / "current.csv").read_text().splitlines()
    blocked = [f"{'customer' if index == 0 else (index - 1) // 15},{line}" for index, line in enumerate(lines)]
    (data / "current.csv").write_text("\n".join(blocked))
    free = compared(capsys, data, "--time-column", "when")
    held = compared(capsys, data, "--time-column", "when", "--block-column", "customer")
    assert "customer" in free["features"]
    assert list(held["features"]) == ["a", "b", "code", "zip"]
    assert held["features"]["b"]["p_value_adjusted"] != free["features"]["b"]["p_value_adjusted"]


def test_all_features_together(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert compared(capsys, data, "--multivariate")["multivariate"]["p_value"] < 0.05


def test_a_delimiter_can_be_given(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("base.csv", "current.csv"):
        (data / name).write_text((data / name).read_text().replace(",", "~"))
    assert compared(capsys, data, "--delimiter", "~")["drifted_features"] == ["a"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--kind", "zap=categorical"), "--kind zap: the baseline has no such feature: did you mean 'zip'?"),
        (("--threshold", "q=1"), "the baseline has a, b, code, zip"),
        (("--threshold", "a"), "'a' is not FEATURE=VALUE"),
        (("--threshold", "a=-1"), "'-1' is not above 0"),
        (("--threshold", "a=inf"), "'inf' is not finite"),
        (("--kind", "a=number"), "'number' is neither numerical nor categorical"),
        (("--window", "15mins"), "'15mins' is no width of a window"),
        (("--window", "soon"), "'soon' is no width of a window; write 15m, 1h, 1d or 1w"),
        (("--window", "1h"), "name the column that has them with --time-column"),
        (("--time-column", "then"), "'then'"),
        (("--block-column", "then"), "the current data have no such column"),
        (("--delimiter", ",,"), "',,' is no delimiter"),
        (("--alpha", "0.1", "--runs-per-year", "12"), "give one of them"),
        (("--false-alarms-per-year", "1"), "Add --runs-per-year"),
        (("--format", "html", "--output", "/"), "/: is a folder and cannot be written"),
    ],
)
def test_what_makes_no_sense_is_refused_in_one_line(
    data: Path, arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert says in refused(capsys, data, *arguments)
