import csv
import json
import runpy
from pathlib import Path

import pytest

from examples.employment.feed import FEATURES, Row, Split, faulty, split, with_faults
from examples.employment.train import train


@pytest.fixture(scope="module")
def data() -> Split:
    return split()


def test_every_row_is_used_once(data: Split) -> None:
    parts = [data.training, data.baseline, data.control, *data.years.values(), data.before_faults]
    assert [len(part) for part in parts] == [5_000, 3_500, 1_500, 1_500, 1_500, 1_500, 1_000]
    keys = [row.key for part in parts for row in part]
    assert len(set(keys)) == len(keys) == 15_500


def test_rows_are_sent_as_a_number_and_labels(data: Split) -> None:
    first = data.training[0]
    assert first.payload == (
        "62,SCHL_16,MAR_1,RELP_17,DIS_1,ESP_0,CIT_1,MIG_1,MIL_4,ANC_2,NATIVITY_1,DEAR_2,DEYE_2,DREM_2,SEX_2,RAC1P_1"
    )
    assert (first.key, first.employed) == ("person-0", 0)


def test_years_keep_the_order_of_the_survey(data: Split) -> None:
    for rows in data.years.values():
        numbers = [int(row.key.removeprefix("person-")) for row in rows]
        assert numbers == sorted(numbers)


def test_faults_are_in_every_third_row_only(data: Split) -> None:
    after = with_faults(data.before_faults)
    changed = [i for i, (a, b) in enumerate(zip(after, data.before_faults, strict=True)) if a != b]
    # A newborn's age is 0 in months as well: such a row may be the same after the fault.
    assert set(changed) <= set(range(0, 1_000, 3))
    assert len(changed) == 330
    assert sum("RELP_20" in row.values for row in after) == 145
    assert not any("RELP_20" in row.values for row in data.baseline)


def test_a_faulty_row_is_the_same_person() -> None:
    row = Row("person-1", 1, ("41", "SCHL_21", "MAR_1", "RELP_0", *FEATURES[4:]))
    assert faulty(row) == Row("person-1", 1, ("492", "SCHL_21", "MAR_1", "RELP_20", *FEATURES[4:]))


def test_the_baseline_has_the_deployed_models_answers(data: Split, tmp_path: Path) -> None:
    target = train(data, tmp_path)
    serving = runpy.run_path(str(target / "artifact" / "code" / "inference.py"))
    model = serving["model_fn"](str(target / "artifact"))
    assert json.loads((target / "artifact" / "features.json").read_text()) == list(FEATURES)
    with (target / "baseline.csv").open() as file:
        rows = list(csv.reader(file))
    assert rows[0] == ["prediction", "probability", *FEATURES]
    assert len(rows) == 3_501
    for row, source in list(zip(rows[1:], data.baseline, strict=True))[:20]:
        answers = serving["predict_fn"](serving["input_fn"](source.payload, "text/csv"), model)
        assert serving["output_fn"](answers, "*/*") == (",".join(row[:2]), "text/csv")
        assert row[2:] == list(source.values)
    with (target / "baseline_quality.csv").open() as file:
        labelled = list(csv.DictReader(file))
    assert [row["label"] for row in labelled] == [str(row.employed) for row in data.baseline]
    right = sum(row["prediction"] == row["label"] for row in labelled)
    majority = max(sum(row.employed for row in data.baseline), sum(1 - row.employed for row in data.baseline))
    assert right > majority * 1.3  # it has learnt something: a constant answer would be right `majority` times
