"""Rows of transform jobs as captured records, and labels that are merged with them by their ids."""

import json
from pathlib import Path

from drift_tools.job.inputs.batch_records import batch_lines, batch_outputs
from drift_tools.job.inputs.merge import merge


def test_csv_rows_end_in_an_id_and_a_time(tmp_path: Path) -> None:
    path = tmp_path / "rows.csv.out"
    path.write_text('41,"a, b",0.9,6f1c,2022-08-30T00:49:15Z\n\n17,2022-08-30T00:49:15Z\n')
    first, second = batch_lines(path)
    assert first is not None
    assert json.loads(first) == {
        "captureData": {"endpointOutput": {"data": '41,"a, b",0.9', "encoding": "CSV", "mode": "OUTPUT"}},
        "eventMetadata": {"eventId": "6f1c", "inferenceTime": "2022-08-30T00:49:15Z"},
        "eventVersion": "0",
    }
    assert second is None  # no value, or no id


def test_json_objects_name_their_id(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.out"
    path.write_text(
        '{"age": 41, "SageMakerOutput": 0.9, "SageMakerInferenceId": "6f", "SageMakerInferenceTime": "t"}\n'
        '{"age": 41}\n{"age": \n'
    )
    first, *others = batch_lines(path)
    assert first is not None
    assert json.loads(first)["captureData"]["endpointOutput"]["data"] == '{"age": 41, "SageMakerOutput": 0.9}'
    assert json.loads(first)["eventMetadata"] == {"eventId": "6f", "inferenceTime": "t"}
    assert others == [None, None]


def test_labels_are_merged_by_the_ids_of_the_rows(tmp_path: Path) -> None:
    folder = tmp_path / "in" / "output" / "2022" / "08" / "30" / "00" / "0b7b"
    folder.mkdir(parents=True)
    (folder / "rows.csv.out").write_text("41,0.9,a,2022-08-30T00:49:15Z\n17,0.2,b,2022-08-30T00:49:15Z\nbroken\n")
    truth = tmp_path / "truth"
    truth.mkdir()
    label = {"groundTruthData": {"data": "1", "encoding": "CSV"}, "eventMetadata": {"eventId": "b"}}
    (truth / "labels.jsonl").write_text(json.dumps(label) + "\n")
    result = merge(tmp_path / "in", truth, tmp_path / "out")
    assert (result.captured, result.merged, result.skipped) == (2, 1, 1)
    [path] = result.files
    assert path.parent == tmp_path / "out" / folder.relative_to(tmp_path / "in")
    record = json.loads(path.read_text())
    assert record["captureData"]["endpointOutput"]["data"] == "17,0.2"
    assert record["groundTruthData"]["data"] == "1"


def test_only_files_that_transform_jobs_wrote_are_taken_for_theirs(tmp_path: Path) -> None:
    (tmp_path / "a.csv.out").write_text("1,a,t\n")
    (tmp_path / "b.jsonl").write_text("{}\n")
    assert [path.name for path in batch_outputs(tmp_path)] == ["a.csv.out"]
    assert batch_outputs(tmp_path / "b.jsonl") == []
