"""What model quality keeps of a window: the same columns, however many batches it is read in."""

import json
import tracemalloc
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from drift_tools.capture import iterate_captures, read_labels
from drift_tools.errors import InputError
from drift_tools.job import program as monitor
from drift_tools.monitors.model_quality import QualityColumns
from drift_tools.tables import read_csv_text
from tests.drift_tools.records import label, record, side, write

WANTED = {"inference_attribute": "said", "probability_attribute": "p", "ground_truth_attribute": "label"}


def columns(batches: list[str], wanted: dict[str, str], problem_type: str = "BinaryClassification") -> QualityColumns:
    kept = QualityColumns(wanted, problem_type)
    for text in batches:
        kept.add(read_csv_text(text))
    return kept


def test_batches_are_one_table() -> None:
    kept = columns(["x,said,p,label\n9,a,0.5,b\n9,b,,a\n", "label,p,x,said\nb,0.25,9,a\n"], WANTED).table()
    assert kept.names == list(WANTED)
    assert kept.columns["inference_attribute"].as_texts().tolist() == ["a", "b", "a"]
    assert kept.columns["ground_truth_attribute"].as_texts().tolist() == ["b", "a", "b"]
    assert kept.columns["probability_attribute"].as_numbers()[0].tolist() == pytest.approx(
        [0.5, np.nan, 0.25], nan_ok=True
    )


def test_a_column_that_a_batch_does_not_have_is_missing_there() -> None:
    kept = columns(["said,label\na,b\n", "said,p,label\nb,0.5,\n", "x\n1\n"], WANTED).table()
    assert kept.columns["inference_attribute"].as_texts().tolist() == ["a", "b", None]
    assert kept.columns["ground_truth_attribute"].as_texts().tolist() == ["b", None, None]
    assert kept.columns["probability_attribute"].as_numbers()[0].tolist() == pytest.approx(
        [np.nan, 0.5, np.nan], nan_ok=True
    )


def test_a_position_is_the_one_that_the_first_batch_gives_it() -> None:
    kept = columns(["said,label\na,b\n", "label,said\nb,a\n"], {"inference_attribute": "0"}).table()
    assert kept.columns["inference_attribute"].as_texts().tolist() == ["a", "a"]


def test_a_regression_keeps_numbers() -> None:
    wanted = {"inference_attribute": "said", "ground_truth_attribute": "label"}
    kept = columns(["said,label\n1.5,2\n", "said,label\nx,inf\n"], wanted, "Regression").table()
    assert kept.columns["ground_truth_attribute"].as_numbers()[0].tolist() == [2.0, np.inf]
    assert kept.columns["inference_attribute"].as_numbers()[0].tolist() == pytest.approx([1.5, np.nan], nan_ok=True)


def test_a_column_that_no_batch_has() -> None:
    with pytest.raises(InputError) as caught:
        columns(["said,label\na,b\n", "x,label\na,b\n"], WANTED).table()
    assert str(caught.value) == (
        "probability_attribute is 'p', and the columns are said, label, x: name one of them or give its position"
    )
    assert QualityColumns(WANTED, "BinaryClassification").table().rows == 0


def test_what_is_kept_does_not_grow_with_the_features() -> None:
    rows, features = 500, [f"feature_{number}" for number in range(50)]
    kept = QualityColumns(WANTED, "BinaryClassification")
    tracemalloc.start()
    try:
        for _ in range(4):
            text = ",".join([*features, "said", "p", "label"]) + "\n" + ("0.123456," * 50 + "1,0.5,0\n") * rows
            kept.add(read_csv_text(text))
            del text
        used, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept.table().rows == 4 * rows
    # Three columns of eight bytes, and what Python needs besides; the features alone would be 800 kB and more.
    assert used < 4 * rows * 3 * 8 + 50_000


def test_labels_that_are_alike_are_one_object(tmp_path: Path) -> None:
    values = ["1", "0", "1", *map(str, range(2, 1100)), "1099"]
    write(tmp_path / "l.jsonl", [label(f"e{at}", value) for at, value in enumerate(values)])
    by_id = read_labels(tmp_path).by_id
    assert [by_id[f"e{at}"] for at in range(len(values))] == [{"data": value, "encoding": "CSV"} for value in values]
    assert by_id["e0"] is by_id["e2"]
    assert by_id["e0"] is not by_id["e1"]
    assert by_id["e1100"] is not by_id["e1101"]  # measurements are not looked up for ever


ENVIRONMENT = {
    "analysis_type": "MODEL_QUALITY",
    "problem_type": "BinaryClassification",
    "inference_attribute": "prediction",
    "probability_attribute": "probability",
    "dataset_format": '{"sagemakerCaptureJson": {"captureIndexNames": ["endpointInput", "endpointOutput"]}}',
    "dataset_source": "/opt/ml/processing/input/captured",
    "ground_truth_source": "/opt/ml/processing/input/ground_truth",
    "output_path": "/opt/ml/processing/output",
    "metric_namespace": "ModelMonitoring/Endpoints/model-metrics",
}


def answer(number: int) -> str:
    named = {"prediction": number % 2, "probability": 0.1 + 0.8 * (number % 3 == 0)}
    if number < 60:
        del named["probability"]  # a first version of the model had none
    given = side(json.dumps({f"x{at}": number for at in range(5)}), "JSON", "application/json")
    said = side(json.dumps(named), "JSON", "application/json", "OUTPUT")
    return record(given, said, event_id=f"e{number}")


@pytest.mark.parametrize("batch_rows", [1, 50, 250_000])
def test_a_run_says_the_same_in_batches_of_any_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batch_rows: int
) -> None:
    processing = tmp_path / "processing"
    # Blocks end with files: a batch cannot be smaller than one.
    for first in range(0, 300, 30):
        lines = [*(answer(number) for number in range(first, first + 30)), "{"]
        write(processing / f"input/captured/ep/Primary/2026/01/01/10/{first:03}.jsonl", lines)
    write(processing / "input/ground_truth/l.jsonl", [label(f"e{at}", str(int(at % 4 == 1))) for at in range(290)])
    sizes: list[int] = []

    def watched(*arguments, **options):  # type: ignore[no-untyped-def]
        for batch in iterate_captures(*arguments, **options | {"batch_rows": batch_rows}):
            sizes.append(batch.rows)
            yield batch

    monkeypatch.setattr("drift_tools.job.inputs.dataset.iterate_captures", watched)
    monkeypatch.setattr("drift_tools.capture.read._LINES_AT_ONCE", 25)
    assert monitor.main(["--ml-root", str(tmp_path)], ENVIRONMENT) == 0, (tmp_path / "output/message").read_text()
    assert (len(sizes) > 1) == (batch_rows < 250_000)
    statistics = json.loads((processing / "output/statistics.json").read_bytes())
    metrics = statistics["binary_classification_metrics"]
    # Of 290 labels every fourth is 1 (1, 5, … 289: 73), and all of those rows are among the 145 odd ones.
    assert statistics["dataset"] == {"item_count": 290}
    assert metrics["confusion_matrix"] == {"0": {"0": 145, "1": 72}, "1": {"0": 0, "1": 73}}
    assert metrics["auc"]["value"] == pytest.approx(expected_auc(), abs=1e-12)
    found = json.loads((processing / "output/drift.json").read_bytes())["records"]
    assert (found["read"], found["used"]) == (310, 290)
    assert found["skipped"] == {"no groundTruthData": 10, "not JSON": 10}
    labels = found["labels"]
    assert (labels["read"], labels["unreadable"], labels["coverage"]) == (290, 0, 290 / 300)


def expected_auc() -> float:
    rows = range(60, 290)
    return float(roc_auc_score([at % 4 == 1 for at in rows], [at % 3 == 0 for at in rows]))
