"""Several files of one layout are what one file with all their rows is."""

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from drift_tools import compare
from drift_tools.cli.inputs import read_data
from drift_tools.errors import InputError
from drift_tools.job.inputs.dataset import baseline_table
from drift_tools.profiles import Profile
from drift_tools.tables import Table, TypeCounts, as_table, concatenate, read_table


def parquet(folder: Path, *parts: dict[str, Any]) -> Path:
    folder.mkdir()
    for number, columns in enumerate(parts):
        pq.write_table(pa.table(columns), folder / f"{number}.parquet")
    return folder


def folder_of(folder: Path, *parts: dict[str, Any]) -> Table:
    return read_data(str(parquet(folder, *parts))).table


def test_a_folder_of_parquet_files_keeps_its_types(tmp_path: Path) -> None:
    part = {"zip": ["007", "7", None], "big": [1, 2, 3], "share": [0.5, None, 1.5], "flag": [True, None, False]}
    table = folder_of(tmp_path / "parts", part, part)
    inferred = {name: feature.inferred_type for name, feature in Profile.of(table).statistics().features.items()}
    assert inferred == {"zip": "String", "big": "Integral", "share": "Fractional", "flag": "String"}
    assert table.columns["zip"].types == TypeCounts(string=4, missing=2)
    assert table.columns["big"].types == TypeCounts(integral=6)
    assert table.columns["share"].types == TypeCounts(fractional=4, missing=2)
    assert table.columns["flag"].types == TypeCounts(boolean=4, missing=2)


def test_codes_that_look_like_one_number_drift_in_a_folder_as_in_a_file(tmp_path: Path) -> None:
    baseline = ["007", "7", "07", "007", "7"] * 50 + ["007", "07"] * 125
    current = ["07", "7", "07", "07", "7"] * 50 + ["007", "07"] * 125
    before = folder_of(tmp_path / "before", {"zip": baseline[:250]}, {"zip": baseline[250:]})
    after = folder_of(tmp_path / "after", {"zip": current[:250]}, {"zip": current[250:]})
    in_folders, in_files = compare(before, after), compare(pa.table({"zip": baseline}), pa.table({"zip": current}))
    assert in_folders.to_dict() == in_files.to_dict()
    assert in_folders.drifted_features == ["zip"]
    # Shares of 007, 07 and 7: 0.45, 0.35, 0.2 before; 0.25, 0.55, 0.2 after.
    assert in_folders.features["zip"].psi == pytest.approx(0.2 * np.log(0.45 / 0.25) + 0.2 * np.log(0.55 / 0.35))


def test_a_file_without_values_says_nothing_of_its_columns(tmp_path: Path) -> None:
    empty = {"age": pa.nulls(2), "zip": pa.nulls(2)}
    table = folder_of(tmp_path / "parts", empty, {"age": [31, 40], "zip": ["07", "7"]})
    assert table.columns["age"].types == TypeCounts(integral=2, missing=2)
    np.testing.assert_array_equal(table.columns["age"].as_numbers()[0], [np.nan, np.nan, 31, 40])
    assert table.columns["zip"].types == TypeCounts(string=2, missing=2)
    nothing = folder_of(tmp_path / "nothing", empty, empty)
    assert nothing.columns["age"].types == TypeCounts(missing=4)


def test_one_file_that_says_strings_makes_them_strings(tmp_path: Path) -> None:
    pq.write_table(pa.table({"zip": ["07"]}), tmp_path / "a.parquet")
    (tmp_path / "b.csv").write_text("zip\n7\n")
    (tmp_path / "c.csv").write_text("zip\n8\n")
    tables = [read_table(tmp_path / name) for name in ("a.parquet", "b.csv", "c.csv")]
    mixed = concatenate(tables, ["a", "b", "c"]).columns["zip"]
    assert (mixed.types, mixed.is_numerical) == (TypeCounts(string=3), False)
    texts = concatenate(tables[1:], ["b", "c"]).columns["zip"]
    assert (texts.types, texts.is_numerical) == (TypeCounts(integral=2), True)


def test_large_integers_of_a_folder_stay_what_they_are(tmp_path: Path) -> None:
    table = folder_of(tmp_path / "parts", {"id": [2**60 + 1, None]}, {"id": [3, 4]})
    assert table.columns["id"].types == TypeCounts(integral=3, missing=1)
    assert table.columns["id"].is_numerical
    assert table.columns["id"].as_texts().tolist() == [str(2**60 + 1), None, "3", "4"]
    np.testing.assert_array_equal(table.columns["id"].as_numbers()[0], [2.0**60, np.nan, 3, 4])


def test_days_of_a_folder_stay_days(tmp_path: Path) -> None:
    part = {"day": [date(1970, 1, 2)]}
    single = pq.read_table(parquet(tmp_path / "one", part) / "0.parquet")
    column = folder_of(tmp_path / "parts", part, part).columns["day"]
    assert type(column) is type(as_table(single).columns["day"])
    assert column.as_numbers()[0].tolist() == [86400.0, 86400.0]


@pytest.mark.parametrize("first", ["1,1", "1,", "x,1"])
def test_rows_of_a_baseline_without_a_header_may_begin_with_anything(tmp_path: Path, first: str) -> None:
    path = tmp_path / "rows.csv"
    path.write_text(f"{first}\n2,3\n")
    table = baseline_table(path, ["a", "b"])
    assert table.columns["a"].as_texts().tolist() == [first[0], "2"]
    path.write_text("a,a\n2,3\n")
    with pytest.raises(InputError, match="line 1: two columns are called 'a': rename one of them"):
        baseline_table(path, ["a", "b"])


def test_json_that_is_nested_too_deeply_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text("[" * 100_000 + "\n")
    with pytest.raises(InputError) as error:
        baseline_table(path, ["a"])
    assert str(error.value) == f"{path}: nested too deeply for a table: write one flat object a row"
