"""Every layout that a transform job can leave, read back: CSV and JSON Lines, the input joined or beside, with ids and
without, filters in front of the model and behind it. What is written is made by the embedded AWS's `DataProcessing`,
which shares no code with what reads it.
"""

import itertools
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_tools.errors import InputError
from drift_tools.job.inputs.batch_filters import positions, width_before
from drift_tools.job.kinds.batch import BatchColumns, batch_table
from local_aws.sagemaker.data_processing import FilterFailed, filtered, joined
from local_aws.sagemaker.transforms import _identified
from tests.drift_tools.batches import cells, dataset

NAMES = ["prediction", "probability", "age", "place"]
ROWS = [(41, "a", 1, 0.9), (17, "b", 0, 0.2)]
EXPECTED = {
    "prediction": ["1", "0"],
    "probability": ["0.9", "0.2"],
    "age": ["41", "17"],
    "place": ["a", "b"],
}
CSV, JSON = "text/csv", "application/jsonlines"


def transformed(
    folder: Path,
    *,
    content_type: str,
    accept: str,
    is_joined: bool,
    has_ids: bool,
    input_filter: str | None = None,
    output_filter: str | None = None,
    extra: bool = False,
) -> tuple[Any, list[str], BatchColumns, Path | None]:
    """What a transform job leaves of the rows, as its run is told of it. `extra`: an id stands in front."""
    inputs, outputs = [], []
    for number, (age, place, prediction, probability) in enumerate(ROWS):
        row = {"id": f"r{number}", "age": age, "place": place} if extra else {"age": age, "place": place}
        line = json.dumps(row) if content_type == JSON else ",".join(map(str, row.values()))
        answer = {"prediction": prediction, "probability": probability}
        said = (json.dumps(answer) if accept == JSON else ",".join(map(str, answer.values()))).encode()
        seen = filtered(line.encode(), content_type, input_filter).decode()
        assert "r0" not in seen  # what the model is asked about
        inputs.append(line)
        whole = joined(line.encode(), said, content_type) if is_joined else said
        kept = filtered(whole, content_type if is_joined else accept, output_filter)
        outputs.append((_identified(kept, "2022-08-30T00:49:15Z") if has_ids else kept).decode())
    for side, lines in (("in", inputs), ("out", outputs)):
        (folder / side).mkdir()
        (folder / side / "rows").write_text("\n".join(lines) + "\n")
    columns = BatchColumns(
        is_last=is_joined,
        number=2,
        has_ids=has_ids,
        input_filter=input_filter,
        output_filter=output_filter,
        input_format="json" if content_type == JSON else "csv",
    )
    kind, options = ("json", {"line": True}) if accept == JSON else ("csv", {"header": False})
    return dataset(folder / "out", kind, **options), NAMES, columns, None if is_joined else folder / "in"


ANY = list(itertools.product((CSV, JSON), (CSV, JSON), (True, False), (True, False)))


@pytest.mark.parametrize(
    ("content_type", "accept", "is_joined", "has_ids"),
    # Joined records have one format (developer guide, as above).
    [case for case in ANY if not case[2] or case[0] == case[1]],
)
def test_every_layout_gives_the_same_rows(
    tmp_path: Path, content_type: str, accept: str, is_joined: bool, has_ids: bool
) -> None:
    left = transformed(tmp_path, content_type=content_type, accept=accept, is_joined=is_joined, has_ids=has_ids)
    data, names, columns, source = left
    assert cells(batch_table(data, names, columns, source=source)) == EXPECTED


@pytest.mark.parametrize("is_joined", [True, False])
@pytest.mark.parametrize("has_ids", [True, False])
@pytest.mark.parametrize("output_filter", [None, "$", "$[1:]"])
def test_the_input_filter_says_which_columns_the_model_saw(
    tmp_path: Path, is_joined: bool, has_ids: bool, output_filter: str | None
) -> None:
    """The pattern of AWS's guide: an id that the model does not see, carried through or left out."""
    left = transformed(
        tmp_path,
        content_type=CSV,
        accept=CSV,
        is_joined=is_joined,
        has_ids=has_ids,
        input_filter="$[1:]",
        output_filter=output_filter if is_joined else None,
        extra=True,
    )
    data, names, columns, source = left
    assert cells(batch_table(data, names, columns, source=source)) == EXPECTED


@pytest.mark.parametrize("is_joined", [True, False])
def test_members_that_the_model_did_not_see_are_no_inputs(tmp_path: Path, is_joined: bool) -> None:
    left = transformed(
        tmp_path,
        content_type=JSON,
        accept=JSON,
        is_joined=is_joined,
        has_ids=True,
        input_filter="$['age','place']",
        extra=True,
    )
    data, names, columns, source = left
    assert cells(batch_table(data, names, columns, source=source)) == EXPECTED


@pytest.mark.parametrize(
    ("output_filter", "said"),
    [("$[0,-1]", "how many there were cannot be told"), ("$[2:]", "leaves column 1 of a row out")],
)
def test_rows_that_were_cut_short_say_what_to_do(tmp_path: Path, output_filter: str, said: str) -> None:
    data, names, columns, source = transformed(
        tmp_path,
        content_type=CSV,
        accept=CSV,
        is_joined=True,
        has_ids=False,
        input_filter="$[1:]",
        output_filter=output_filter,
        extra=True,
    )
    with pytest.raises(InputError, match=said):
        batch_table(data, names, columns, source=source)


def test_an_answer_that_is_no_object_has_the_baseline_s_names_by_position(tmp_path: Path) -> None:
    """`SageMakerInput` and `SageMakerOutput` of records that are lists."""
    (tmp_path / "rows").write_text(
        '{"SageMakerInput": [41, "a"], "SageMakerOutput": [1, 0.9]}\n'
        '{"SageMakerInput": [17, "b"], "SageMakerOutput": [0, 0.2]}\n'
    )
    columns = BatchColumns(is_last=True, number=2)
    assert cells(batch_table(dataset(tmp_path, "json", line=True), NAMES, columns)) == EXPECTED
    (tmp_path / "rows").write_text('{"age": 41, "place": "a", "SageMakerOutput": 0.9}\n')
    found = cells(batch_table(dataset(tmp_path, "json", line=True), ["score", "age", "place"], columns))
    assert found == {"score": ["0.9"], "age": ["41"], "place": ["a"]}


def test_a_row_that_is_no_json_or_has_no_partner_is_said(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "in").mkdir()
    (tmp_path / "out" / "rows").write_text('{"prediction": 1\n')
    data = dataset(tmp_path / "out", "json", line=True)
    with pytest.raises(InputError, match="a row is no JSON"):
        batch_table(data, NAMES, BatchColumns())
    (tmp_path / "out" / "rows").write_text('{"prediction": 1}\n{"prediction": 1}\n')
    (tmp_path / "in" / "rows").write_text('{"age": 41}\n')
    with pytest.raises(InputError, match="has not as many answers as rows of input"):
        batch_table(data, NAMES, BatchColumns(), source=tmp_path / "in")


PATHS = st.one_of(
    st.just("$"),
    st.builds("$[{}]".format, st.integers(-5, 5)),
    st.lists(st.integers(-5, 5), min_size=2, max_size=4).map(lambda found: f"$[{','.join(map(str, found))}]"),
    st.builds(
        "$[{}:{}]".format, st.one_of(st.just(""), st.integers(-5, 5)), st.one_of(st.just(""), st.integers(-5, 5))
    ),
)


@given(path=PATHS, total=st.integers(1, 12))
def test_both_sides_read_a_filter_alike(path: str, total: int) -> None:
    row = [str(number) for number in range(total)]
    try:
        expected = filtered(",".join(row).encode(), CSV, path).decode()
    except FilterFailed:  # a column that is not there
        return
    found = positions(path, total)
    assert ",".join(row[position] for position in found) == expected
    assert width_before(path, len(found)) in {None, total}


@given(first=st.integers(0, 5), total=st.integers(6, 30))
def test_a_row_without_its_first_columns_had_so_many(first: int, total: int) -> None:
    assert width_before(f"$[{first}:]", total - first) == total
    assert width_before(None, total) == total
    assert width_before("$[0,1]", 2) is None
    with pytest.raises(InputError, match="names no columns of CSV"):
        positions("$.age", total)
