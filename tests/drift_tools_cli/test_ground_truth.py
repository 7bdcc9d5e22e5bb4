import json
import re
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import boto3
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drift_tools.endpoint import label_upload as ground_truth
from drift_tools.errors import InputError

COLLECTED = datetime(2026, 3, 4, 23, 59, tzinfo=UTC)


def csv_file(folder: Path, text: str) -> Path:
    file = folder / "labels.csv"
    file.write_text(text, encoding="utf-8")
    return file


def test_labels_are_read_by_their_usual_names(tmp_path: Path) -> None:
    labels = ground_truth.read_labels(csv_file(tmp_path, "other,label,inference_id\n9,1,a\n9,0,b\n9,,c\n"))
    assert labels.by_id == {"a": "1", "b": "0"}
    assert labels.unlabelled == 1
    assert repr(labels) == "Labels(2 labels, 1 rows without one)"


def test_other_names_are_given(tmp_path: Path) -> None:
    file = csv_file(tmp_path, "row,id,employed\nx,1,yes\n")
    assert ground_truth.read_labels(file, id_column="row", label_column="employed").by_id == {"x": "yes"}


def test_labels_of_parquet_are_texts(tmp_path: Path) -> None:
    file = tmp_path / "labels.pq"
    pq.write_table(pa.table({"id": [1, 2, 3], "label": [1.0, None, 0.5]}), file)
    labels = ground_truth.read_labels(file)
    assert (labels.by_id, labels.unlabelled) == ({"1": "1", "3": "0.5"}, 1)


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("name,label\na,1\n", "has no column inference_id or event_id or id: name one of name, label with --id-column"),
        ("id,name\na,1\n", "has no column label or ground_truth or target: name one of id, name with --label-column"),
        ("id,label\na,1\n,1\n", ", row 2: a label without an id cannot be joined"),
        ("id,label\na,1\na,1\na,0\n", ", row 3: id 'a' is '0' here and '1' above: keep one"),
    ],
)
def test_labels_that_cannot_be_used_are_named(tmp_path: Path, text: str, says: str) -> None:
    file = csv_file(tmp_path, text)
    with pytest.raises(InputError, match=re.escape(f"{file}") + ".*" + re.escape(says)):
        ground_truth.read_labels(file)


def test_a_line_is_what_the_merge_job_reads() -> None:
    assert list(ground_truth.ground_truth_lines({"aaaa-bbbb-cccc": "1"})) == [
        '{"groundTruthData":{"data":"1","encoding":"CSV"},"eventMetadata":{"eventId":"aaaa-bbbb-cccc"},"eventVersion":"0"}\n'
    ]


def test_the_file_lies_in_the_hour_in_which_the_labels_were_collected(tmp_path: Path) -> None:
    written = ground_truth.write_ground_truth({"a": "1", "b": "0"}, tmp_path, collected=COLLECTED)
    assert Path(written).parent == tmp_path / "2026/03/04/23"
    lines = [json.loads(line) for line in Path(written).read_text().splitlines()]
    assert [(line["eventMetadata"]["eventId"], line["groundTruthData"]["data"]) for line in lines] == [
        ("a", "1"),
        ("b", "0"),
    ]


def test_the_same_labels_written_again_are_not_counted_twice(tmp_path: Path) -> None:
    first = ground_truth.write_ground_truth({"a": "1"}, tmp_path, collected=COLLECTED)
    assert ground_truth.write_ground_truth({"a": "1"}, tmp_path, collected=COLLECTED) == first
    assert ground_truth.write_ground_truth({"a": "0"}, tmp_path, collected=COLLECTED) != first
    assert len(list(tmp_path.rglob("*.jsonl"))) == 2


def test_a_name_that_ends_in_jsonl_is_the_file_itself(tmp_path: Path) -> None:
    assert ground_truth.write_ground_truth({"a": "1"}, tmp_path / "out.jsonl") == str(tmp_path / "out.jsonl")


def test_labels_are_written_to_s3(bucket: str) -> None:
    uri = ground_truth.write_ground_truth({"a": "1"}, f"s3://{bucket}/ground-truth/", collected=COLLECTED)
    assert uri.startswith(f"s3://{bucket}/ground-truth/2026/03/04/23/labels-")
    body = boto3.client("s3").get_object(Bucket=bucket, Key=uri.removeprefix(f"s3://{bucket}/"))["Body"].read()
    assert json.loads(body)["groundTruthData"] == {"data": "1", "encoding": "CSV"}


@pytest.mark.parametrize("identifier", ["", " leading", "ümlaut", "x" * 65, "line\nend"])
def test_an_id_that_no_request_can_have_is_refused(tmp_path: Path, identifier: str) -> None:
    with pytest.raises(InputError, match="is no id of a request"):
        ground_truth.write_ground_truth({identifier: "1"}, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_no_labels_are_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there are no labels to write"):
        ground_truth.write_ground_truth({}, tmp_path)


def test_an_hour_is_in_utc() -> None:
    assert ground_truth.hour_folder(datetime(2026, 1, 1, 0, 30, tzinfo=timezone(timedelta(hours=1)))) == "2025/12/31/23"
    assert ground_truth.hour_folder(datetime(2026, 1, 1, 0, 30)) == "2026/01/01/00"
