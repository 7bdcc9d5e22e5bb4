"""Rows of batches: what a transform job may leave, brought into the baseline's order."""

import json
from pathlib import Path

import pytest

from drift_tools.errors import InputError
from drift_tools.job.kinds.batch import BatchColumns, batch_table
from tests.drift_tools.batches import cells, dataset

NAMES = ["prediction", "probability", "age", "place"]


EXPECTED = {
    "prediction": ["1", "0"],
    "probability": ["0.9", "0.2"],
    "age": ["41", "17"],
    "place": ["a", "b"],
}


def written(folder: Path, name: str, text: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)
    return folder


def test_a_joined_output_has_its_input_in_front(tmp_path: Path) -> None:
    out = written(tmp_path / "out", "rows.csv.out", "41,a,1,0.9\n17,b,0,0.2\n")
    columns = BatchColumns.parse('{"position":"END","number":2,"ids":false}')
    assert cells(batch_table(dataset(out), NAMES, columns)) == EXPECTED


def test_ids_and_times_behind_a_row_are_left_out(tmp_path: Path) -> None:
    rows = "41,a,1,0.9,6f,2026-01-31T12:00:00Z\n17,b,0,0.2,7a,2026-01-31T12:00:00Z\n"
    out = written(tmp_path / "out", "rows.csv.out", rows)
    columns = BatchColumns(is_last=True, number=2, has_ids=True)
    assert cells(batch_table(dataset(out), NAMES, columns)) == EXPECTED


def test_answers_alone_are_put_beside_their_input_row_by_row(tmp_path: Path) -> None:
    out = written(tmp_path / "out", "rows.csv.out", "1,0.9\n0,0.2\n")
    source = written(tmp_path / "in", "rows.csv", "41,a\n17,b\n")
    columns = BatchColumns(number=2)
    assert cells(batch_table(dataset(out), NAMES, columns, source=source)) == EXPECTED


def test_json_lines_name_their_columns(tmp_path: Path) -> None:
    rows = [dict(zip(NAMES, row, strict=True)) for row in ((1, 0.9, 41, "a"), (0, 0.2, 17, "b"))]
    text = "".join(
        f"{json.dumps({**row, 'SageMakerInferenceId': '6f', 'SageMakerInferenceTime': 't'})}\n" for row in rows
    )
    out = written(tmp_path / "out", "rows.jsonl.out", text)
    columns = BatchColumns(is_last=True, number=2, has_ids=True)
    assert cells(batch_table(dataset(out, "json", line=True), NAMES, columns)) == EXPECTED


def test_rows_that_do_not_fit_say_what_to_do(tmp_path: Path) -> None:
    out = written(tmp_path / "out", "rows.csv.out", "1,0.9\n0,0.2\n")
    with pytest.raises(InputError, match=r"2 columns and the baseline 4: say in batch\.output_columns"):
        batch_table(dataset(out), NAMES, BatchColumns(number=2))
    source = written(tmp_path / "in", "rows.csv", "41,a\n")
    with pytest.raises(InputError, match="2 answers for 1 rows"):
        batch_table(dataset(out), NAMES, BatchColumns(number=2), source=source)
    with pytest.raises(InputError, match="batch_columns is 'x'"):
        BatchColumns.parse("x")


def test_the_folders_of_a_partition_are_columns_where_the_baseline_has_them(tmp_path: Path) -> None:
    pa = pytest.importorskip("pyarrow")
    import pyarrow.parquet as pq  # noqa: PLC0415 - as above

    for folder, name, rows in (
        ("place=a", "part-0.parquet", {"age": [41], "probability": [0.9], "prediction": [1]}),
        ("place=b%2Fc", "0000_part_00", {"probability": [0.2], "age": [17], "prediction": [0]}),
        ("place=__HIVE_DEFAULT_PARTITION__", "part-0.parquet", {"probability": [0.3], "age": [18], "prediction": [0]}),
    ):
        path = tmp_path / "dt=2026-11-23" / "hour=04" / folder
        path.mkdir(parents=True)
        pq.write_table(pa.table(rows), path / name)
    (tmp_path / "dt=2026-11-23" / "_SUCCESS").write_text("")
    table = batch_table(dataset(tmp_path, "parquet", any=1), NAMES, BatchColumns(is_partitioned=True))
    assert table.columns["place"].as_texts().tolist() == [None, "a", "b/c"]
    assert table.columns["age"].as_numbers()[0].tolist() == [18.0, 41.0, 17.0]
    assert set(table.names) == set(NAMES)  # dt and hour are no features


def test_a_partition_of_csv_without_names_is_in_the_baselines_order(tmp_path: Path) -> None:
    written(tmp_path / "dt=2026-11-23" / "place=a", "part-0.csv", "1,0.9,41\n")
    written(tmp_path / "dt=2026-11-23" / "place=b", "part-0.csv", "0,0.2,17\n")
    columns = BatchColumns.parse('{"partitioned":true}')
    assert cells(batch_table(dataset(tmp_path), NAMES, columns)) == EXPECTED
    written(tmp_path / "dt=2026-11-23" / "place=b", "part-1.csv", "0,0.2\n")
    with pytest.raises(InputError, match=r"a row has 2 columns and the baseline 3: write the baseline's"):
        batch_table(dataset(tmp_path), NAMES, columns)


def test_a_file_that_is_no_parquet_is_named(tmp_path: Path) -> None:
    written(tmp_path, "part-0", "1,0.9,41\n")
    with pytest.raises(InputError, match="part-0: dataset_format says parquet, and this is none"):
        batch_table(dataset(tmp_path, "parquet", any=1), NAMES, BatchColumns(is_partitioned=True))
