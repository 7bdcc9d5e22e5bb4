"""Segments by variant and by target model: whose rows they are, and that one of them that drifts is found."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from drift_tools.job.segments.cut import Segment
from drift_tools.job.segments.origins import by_origin
from drift_tools.job.settings import DatasetSettings, TimeWindow
from tests.drift_tools.open_box import NAMESPACE, SKETCH, Box, captured, make_baseline
from tests.drift_tools.open_box import rows as rows_like

HOUR = "2026/11/23/04"


def record(values: Any, identifier: str | None, minute: int = 30) -> str:
    sides = {
        "endpointOutput": {"data": str(values[0]), "encoding": "CSV"},
        "endpointInput": {"data": ",".join(map(str, values[1:])), "encoding": "CSV"},
    }
    about = {"eventId": "e", "inferenceTime": f"2026-11-23T04:{minute:02d}:00Z"}
    about |= {} if identifier is None else {"inferenceId": identifier}
    return json.dumps({"captureData": sides, "eventMetadata": about, "eventVersion": "0"})


def written(root: Path, variant: str, lines: list[str]) -> None:
    folder = root / "churn" / variant / HOUR
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "a.jsonl").write_text("\n".join(lines) + "\n")


def dataset(source: Path, **window: Any) -> DatasetSettings:
    return DatasetSettings(
        format="sagemakerCaptureJson",
        options={},
        source=source,
        ground_truth=None,
        window=TimeWindow(**window),
        preprocessor=None,
        max_unreadable_share=0.1,
    )


def rows(found: dict[Segment, Any]) -> dict[str, list[str]]:
    return {one.dimension: table.columns["x"].as_texts().tolist() for one, table in found.items()}


def test_a_variant_is_told_by_the_folder(tmp_path: Path) -> None:
    written(tmp_path, "Primary", [record((1, 10), None), record((1, 11), None)])
    written(tmp_path, "shadow", [record((1, 20), None), "no record", record((1, 21), None, minute=59)])
    end = datetime(2026, 11, 23, 4, 45, tzinfo=UTC)
    found, beyond = by_origin(dataset(tmp_path, end=end), "variant", ["y", "x"])
    # The window's own rule for which records count holds for segments, too.
    assert rows(found) == {"variant=Primary": ["10", "11"], "variant=shadow": ["20"]}
    assert beyond == 0


def test_a_target_is_told_by_the_caller(tmp_path: Path) -> None:
    lines = [record((1, 1), "model-a:1"), record((1, 2), "model-b:2"), record((1, 3), "model-a:3:x")]
    lines += [record((1, 4), None), record((1, 5), "4711"), record((1, 6), ":7"), "{", "[]"]
    written(tmp_path, "AllTraffic", lines)
    found, _ = by_origin(dataset(tmp_path), "target_model", ["y", "x"])
    assert rows(found) == {"target_model=model-a": ["1", "3"], "target_model=model-b": ["2"]}


def test_ten_with_the_most_records_are_told_and_the_others_counted(tmp_path: Path) -> None:
    lines = [record((1, number), f"m{number:02d}:x") for number in range(12) for _ in range(number + 1)]
    written(tmp_path, "AllTraffic", lines)
    found, beyond = by_origin(dataset(tmp_path), "target_model", ["y", "x"])
    assert [one.value for one in found] == [f"m{number:02d}" for number in range(11, 1, -1)]
    assert beyond == 2


@pytest.fixture
def box(tmp_path: Path) -> Box:
    made = Box(tmp_path / "ml")
    make_baseline(made)
    return made


def test_an_origin_that_there_is_not_is_refused(box: Box) -> None:
    captured(box, rows_like(200, 1))
    assert box.scheduled(**SKETCH | {"segment_origins": "region"}) == 1
    assert "segment_origins is 'region': give some of variant, target_model" in box.message


@pytest.mark.parametrize(("shift", "called"), [(0.0, []), (3.0, ["shadow"])])
def test_a_shadow_variant_that_drifts_is_named_and_rings(box: Box, shift: float, called: list[str]) -> None:
    """A tenth of the requests: the whole hardly shows it."""
    captured(box, rows_like(2700, 1))
    captured(box, rows_like(300, 2, shift=shift), hour="ep/shadow/2026/01/01/10")
    assert (
        box.scheduled(metric_namespace=NAMESPACE, publish_cloudwatch_metrics="Disabled", segment_origins="variant") == 0
    )
    found = box.drift["segments"]["variant"]
    assert {value: (entry["rows"], entry["baseline_rows"]) for value, entry in found.items()} == {
        "Primary": (2700, 2000),
        "shadow": (300, 2000),
    }
    assert [value for value, entry in found.items() if "amount" in entry["drifted"]] == called
    path = box.output / "constraint_violations.json"
    violations = json.loads(path.read_text())["violations"] if path.is_file() else []
    assert [item["feature_name"] for item in violations if item["constraint_check_type"] == "segment_drift_check"] == [
        f"variant = {value}" for value in called
    ]
