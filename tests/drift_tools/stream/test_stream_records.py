"""Records of a stream: written as capture writes them, read whatever they are, counted like the monitor counts."""

import json
from collections import Counter
from datetime import UTC, datetime
from typing import Any
from unittest import mock

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from drift_tools.stream.bins import FeatureBins
from drift_tools.stream.records import StreamCounts, UnreadableError, count_cells, encode_record, read_rows

AT = datetime(2026, 11, 29, 10, 0, 1, tzinfo=UTC)
FEATURES = [
    FeatureBins.of_categories("class", {"0": 50, "1": 50}, 0),
    FeatureBins.of_numbers("x", np.arange(100.0)),
    FeatureBins.of_categories("state", {"MA": 60, "NY": 40}, 0),
]
NAMES = [feature.name for feature in FEATURES]


def record(
    received: bytes = b"5,MA\n",
    answered: bytes = b"1\n",
    received_type: str = "text/csv",
    answered_type: str = "text/csv; charset=utf-8",
) -> bytes:
    return encode_record(
        received=received,
        received_type=received_type,
        answered=answered,
        answered_type=answered_type,
        event_id="e",
        inference_id="i",
        at=AT,
    )


def test_a_record_has_the_capture_format() -> None:
    assert json.loads(record()) == {
        "captureData": {
            "endpointInput": {
                "observedContentType": "text/csv",
                "mode": "INPUT",
                "data": "5,MA\n",
                "encoding": "CSV",
            },
            "endpointOutput": {
                "observedContentType": "text/csv; charset=utf-8",
                "mode": "OUTPUT",
                "data": "1\n",
                "encoding": "CSV",
            },
        },
        "eventMetadata": {"eventId": "e", "inferenceTime": "2026-11-29T10:00:01Z", "inferenceId": "i"},
        "eventVersion": "0",
    }


@pytest.mark.parametrize(
    ("received", "received_type", "answered", "answered_type", "rows"),
    [
        (b"5,MA\n6,NY\n", "text/csv", b"1\n0\n", "text/csv", [["1", "5", "MA"], ["0", "6", "NY"]]),
        (b'5,"N,Y"', "text/csv", b"1", "text/csv", [["1", "5", "N,Y"]]),
        (b'{"x": 5, "state": "MA"}', "application/json", b'{"class": 1}', "application/json", [[1, 5, "MA"]]),
        (b'[[5, "MA"]]', "application/json", b"1", "text/csv", [["1", 5, "MA"]]),
        (
            b'{"instances": [{"features": [5, "MA"]}]}',
            "application/json",
            b'{"predictions": [[1]]}',
            "application/json",
            [[1, 5, "MA"]],
        ),
        (b"5,MA\n", "application/octet-stream", b"1", "text/plain", [["1", "5", "MA"]]),
    ],
)
def test_payloads_of_every_shape(
    received: bytes, received_type: str, answered: bytes, answered_type: str, rows: list[list[Any]]
) -> None:
    assert read_rows(record(received, answered, received_type, answered_type), NAMES) == rows


@pytest.mark.limit("a record of the stream")
@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (b"", "not in the capture format"),
        (b"[" * 100_000, "not in the capture format"),
        (b'{"captureData": 7}', "not in the capture format"),
        (record(b"5"), "2 columns where the baseline has 3"),
        (record(b"5,MA\n6,MA\n", b"1\n1\n1\n"), "numbers of rows in input and output differ"),
        (record(b"\xff\xfe", received_type="image/png"), "a BASE64 payload that is no text"),
        (b"x" * ((1 << 20) + 1), "larger than 1 MiB"),
        (record(b"5,MA\n" * 10_001, b"1\n" * 10_001), "more than 10,000 rows"),
    ],
)
def test_what_cannot_be_read_has_a_reason(text: bytes, reason: str) -> None:
    with pytest.raises(UnreadableError, match=reason):
        read_rows(text, NAMES)


def counted(records: list[bytes]) -> StreamCounts:
    counts = StreamCounts.of(FEATURES)
    counts.add(records)
    return counts


def test_poison_is_counted_and_spoils_nothing() -> None:
    counts = counted([record(), b"poison", record(b"500,TX"), record(b",")])
    assert (counts.records, counts.rows, counts.skipped) == (4, 3, Counter({"not in the capture format": 1}))
    assert counts.counts[1, -2:].tolist() == [1, 1]  # one missing, one beyond the baseline's range
    assert counts.counts[2].tolist() == [1, 0, 0, 1, 1, *[0] * 7]
    assert counts.counts[0].tolist()[:2] == [0, 3]


def test_a_number_of_a_hundred_thousand_digits_is_beyond_the_range() -> None:
    assert counted([record(b"9" * 100_000 + b",MA")]).counts[1, -1] == 1


@given(
    st.lists(st.sampled_from([record(), record(b"77,NY", b"0"), b"poison", record(b"x,")]), max_size=20),
    st.integers(0, 20),
)
def test_parts_add_up_to_the_whole_and_survive_their_state(records: list[bytes], cut: int) -> None:
    whole, first, second = counted(records), counted(records[:cut]), counted(records[cut:])
    again = StreamCounts.from_dict(FEATURES, json.loads(json.dumps(first.to_dict())))
    assert again is not None
    again.merge(second)
    assert again.to_dict() == whole.to_dict()


def test_counts_of_another_baseline_are_not_taken() -> None:
    assert StreamCounts.from_dict(FEATURES[:2], counted([record()]).to_dict()) is None


@given(st.binary(max_size=300))
def test_no_bytes_raise_anything_else(text: bytes) -> None:
    counts = counted([text])
    assert counts.records == 1
    assert counts.rows + counts.skipped.total() >= 0


SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=3) | st.just(10**400)
JSON = st.recursive(
    SCALARS,
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inside, max_size=3),
    max_leaves=4,
)


@given(JSON | st.builds(lambda row: {"features": row}, JSON), st.sampled_from([b"1", b"[[1]]", b'{"class": 1}']))
def test_no_json_raises_anything_else(payload: Any, answer: bytes) -> None:
    answer_type = "text/csv" if answer == b"1" else "application/json"
    counts = counted([record(json.dumps(payload).encode(), answer, "application/json", answer_type)] * 2)
    assert counts.rows + counts.skipped.total() >= 2 or payload == []


@pytest.mark.parametrize(
    ("payload", "bin_from_the_end"), [(b"[" + b"9" * 400 + b', "MA"]', 1), (b'[[[5], "MA"]]', 2), (b'[null, "MA"]', 2)]
)
def test_a_number_that_no_float_holds_is_new_and_a_list_is_missing(payload: bytes, bin_from_the_end: int) -> None:
    assert counted([record(payload, received_type="application/json")]).counts[1, 12 - bin_from_the_end] == 1


CELLS = st.sampled_from(
    [
        "0.1",
        "5",
        "-2.5e1",
        "null",
        "true",
        '"MA"',
        '""',
        '"N,Y"',
        '"é"',
        '"\\u00e9"',
        '"5"',
        "01",
        "-",
        "NaN",
        "1e999",
        "[5]",
        "",
    ]
)
SHAPES = st.sampled_from(
    [
        '{{"instances":[{{"features":[{}, {}]}}]}}',
        "[[{},{}]]",
        '{{"x":{},"state":{}}}',
        '{{"state":{},"x":{},"other":[]}}',
        '[{{"x":{},"x":{}}}]',
        "{},{}",
        "{},{}\n",
        "[[{},{}],[1,2]]",
    ]
)
KINDS = st.sampled_from(["application/json", "text/csv"])
ANSWERS = st.sampled_from(["1", "0\n", "[[1]]", '{{"class": 1}}', '{{"predictions":[{{"class":0}}]}}', '"1"'])


CHANGES = st.sampled_from(
    [
        (b'"e"', b'"another"'),
        (b'"e"', b"7"),
        (b"CSV", b"JSON"),
        (b'"data":"', b'"data": "'),
        (b'"data":"', b'"data":"0",,"data":"'),
        (b'"data":"', b'"data":"0","data":"'),
        (b"}}", b"}"),
        (b"captureData", b"capturedata"),
        (b"5", b"\xc2\x85"),
    ]
)


@st.composite
def batches(draw: st.DrawFn) -> list[bytes]:
    """Records of two shapes at most, with other cells each; some of them changed somewhere."""
    shapes = draw(st.lists(st.tuples(SHAPES, ANSWERS, KINDS, KINDS), min_size=1, max_size=2))
    made = list[bytes]()
    for shape, answer, *kinds in draw(st.lists(st.sampled_from(shapes), min_size=2, max_size=12)):
        one = record(shape.format(draw(CELLS), draw(CELLS)).encode(), answer.format().encode(), *kinds)
        made.append(one.replace(*draw(CHANGES), 1) if draw(st.integers(0, 5)) == 5 else one)
    return made


@given(batches())
def test_a_batch_counts_as_its_records_do_one_by_one(made: list[bytes]) -> None:
    """The first of a kind is read with care, and the others are matched with it; one record alone is always parsed."""
    apart = StreamCounts.of(FEATURES)
    for one in made:
        apart.merge(counted([one]))
    assert counted(made).to_dict() == apart.to_dict()


@pytest.mark.parametrize(
    "payload", ['{{"instances":[{{"features":[{}, {}]}}]}}', "[[{},{}]]", '{{"x":{},"state":{}}}', "{},{}"]
)
def test_records_of_one_shape_are_not_parsed_one_by_one(payload: str) -> None:
    kind = "text/csv" if payload == "{},{}" else "application/json"
    made = [record(payload.format(at, at / 2).encode(), received_type=kind) for at in range(200)]
    with mock.patch("drift_tools.stream.records.read_rows", wraps=read_rows) as read:
        assert counted(made).rows == 200
    assert read.call_count == 2  # the first, and once more with marks in its holes


def test_records_that_are_alike_count_as_if_each_were_read_with_care() -> None:
    """A batch learns how its records are laid out; one record alone is always parsed."""
    rng = np.random.default_rng(0)
    features = [
        FeatureBins.of_categories("answer", {"yes": 600, "no": 400, "": 1}, 0),
        FeatureBins.of_numbers("x", rng.normal(size=500)),
        FeatureBins.of_numbers("y", rng.normal(size=500)),
    ]

    def one(given: str, answer: str, **changes: str) -> bytes:
        return encode_record(
            received=given.encode(),
            received_type=changes.get("received_type", "text/csv"),
            answered=answer.encode(),
            answered_type=changes.get("answered_type", "text/csv"),
            event_id=changes.get("event_id", f"{rng.integers(1 << 30)}"),
            inference_id=changes.get("inference_id"),
            at=datetime(2026, 1, 1, tzinfo=UTC),
        )

    cells = ["0.1", "-2.5", "", "nan", "inf", "1e3", "x", "1_0", " 0.4 ", "9999", "0x10"]
    made = [
        one(f"{rng.choice(cells)},{rng.choice(cells)}", str(rng.choice(["yes", "no", "maybe", ""]))) for _ in range(600)
    ]
    made += [one("0.1", "yes"), one("0.1,0.2,0.3", "yes"), one("0.1,0.2\n0.3,0.4", "yes\nno"), one('"0.1",0.2', "yes")]
    made += [one("[0.1, 0.2]", '"yes"', received_type="application/json", answered_type="application/json")]
    made += [one("0.1,0.2\n", "yes\n") for _ in range(9)] + [one("\n", "yes\n"), one("0.1,0.2\n\n", "no\n")]
    made += [one("0.1,0.2", "yes", inference_id=f"id-{at}") for at in range(5)]
    # As capture writes it where the answer comes first; and what only looks like the others.
    made += [
        json.dumps({"captureData": json.loads(two)["captureData"], "eventVersion": "0"}).encode() for two in made[:5]
    ]
    made += [two[:-1] for two in made[:3]] + [two.replace(b'"data":"', b'"date":"', 1) for two in made[:3]]
    made += [two.replace(b'"CSV"', b'"JSON"') for two in made[:3]] + [two[:90] + two[60:] for two in made[:3]]
    order = rng.permutation(len(made))
    together, apart = StreamCounts.of(features), StreamCounts.of(features)
    together.add(made[at] for at in order)
    for at in order:
        apart.add([made[at]])
    assert together.to_dict() == apart.to_dict()
    assert together.rows > 400


@pytest.mark.parametrize(
    ("known", "cells"),
    [
        (("True", "False"), [True, "true", "TRUE", 1, "1.0"]),
        (("1", "0"), [1, "1.0", True, "True"]),
        (("2", "7"), ["2.0", 2, "2"]),
        (("2026-01-31 00:00:00+00:00", "2026-02-01 00:00:00+00:00"), ["2026-01-31T00:00:00Z", "2026-01-31"]),
    ],
)
def test_a_category_is_known_in_any_spelling(known: tuple[str, str], cells: list[Any]) -> None:
    """A baseline that pandas wrote has `True` where requests in JSON have `true`."""
    feature = FeatureBins.of_categories("x", dict.fromkeys(known, 50), 0)
    place = feature.categories.index(known[0])
    assert count_cells(feature, cells)[place] == len(cells)
    assert count_cells(feature, ["other", "03", None]).tolist()[-2:] == [1.0, 2.0]


def test_words_beside_truths_are_known_as_they_are_written() -> None:
    feature = FeatureBins.of_categories("x", {"True": 50, "maybe": 50}, 0)
    assert count_cells(feature, ["true", True, "True"])[-1] == 2
