"""Each record of a file that arrives in part is counted once, or its file is named."""

import gzip

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drift_tools.capture import read_captures
from tests.lambda_functions.start_monitor.partial_uploads import CASES, RECORDS, Uploads, played

# By case: how many of the six records are counted, and whether people hear of the file.
EXPECTED = {
    "gzip, cut": (1, True),
    "gzip, cut, whole before its run": (RECORDS, False),
    "gzip, cut, whole after its run": (1, True),
    "gzip, cut in its first bytes": (0, True),
    "plain, cut in a line": (3, True),
    "plain, cut in a line, whole before its run": (RECORDS, False),
    "plain, cut in a line, whole after its run": (3, True),
    "plain, cut between lines, whole after its run": (4, True),
    "never completed, and so not there": (0, False),
    "completed hours later": (RECORDS, False),
}


@pytest.mark.parametrize("case", CASES)
def test_every_record_is_counted_once_or_its_file_is_named(case: str) -> None:
    uploads = played(case)
    counted = uploads.counted()
    assert counted[:RECORDS] == counted[2 * RECORDS :][:RECORDS] == counted[3 * RECORDS :] == [1] * RECORDS
    whole, is_named = EXPECTED[case]
    assert counted[RECORDS : 2 * RECORDS] == [1] * whole + [0] * (RECORDS - whole)
    assert len(uploads.named()) == int(is_named)
    assert uploads.wrong() == []
    assert uploads.world.account() == []


def test_the_ledger_finds_a_record_that_is_counted_twice_or_lost() -> None:
    uploads = Uploads()
    uploads.arrive(uploads.write("before"))
    uploads.hour()
    (key,) = uploads.sent
    uploads.sent[key].append(uploads.records)
    uploads.records += 1
    assert uploads.wrong() == [f"record {RECORDS} of {key} is lost"]
    (statistics,) = (key for key in uploads.world.s3.objects if key.endswith("statistics.json") and "results" in key)
    twice = uploads.world.s3.objects[statistics].replace(b"1365.0", b"2730.0")
    uploads.world.s3.put(statistics, twice)
    assert uploads.wrong()[0] == "record 0 was counted 2 times"


WHOLE = b"".join(
    b'{"captureData":{"endpointInput":{"observedContentType":"text/csv","data":"%d,2","encoding":"CSV"}},'
    b'"eventMetadata":{"eventId":"%d","inferenceTime":"2026-01-01T10:00:00Z"},"eventVersion":"0"}\n' % (number, number)
    for number in range(40)
)


@settings(deadline=None)
@given(st.integers(1, len(WHOLE) - 1))
def test_a_plain_file_that_is_cut_anywhere_has_the_lines_that_are_whole_and_says_so(
    tmp_path_factory: pytest.TempPathFactory, end: int
) -> None:
    part = WHOLE[:end]
    path = tmp_path_factory.mktemp("cut") / "a.jsonl"
    path.write_bytes(part)
    # A line without its line break is whole if its JSON is.
    whole = part.count(b"\n") + int(WHOLE[end : end + 1] == b"\n")
    captures = read_captures(path)
    assert captures.used == whole
    if whole:
        assert captures.table.column("_c0").to_pylist() == list(range(whole))
    assert sum(captures.skipped.values()) == int(not part.endswith(b"\n") and WHOLE[end : end + 1] != b"\n")


@settings(deadline=None)
@given(st.data(), st.integers(0, 9))
def test_a_gzip_file_that_is_cut_anywhere_has_lines_from_its_start_and_says_so(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, level: int
) -> None:
    packed = gzip.compress(WHOLE, level, mtime=0)
    path = tmp_path_factory.mktemp("cut") / "a.jsonl.gz"
    path.write_bytes(packed[: data.draw(st.integers(3, len(packed) - 1))])
    captures = read_captures(path)
    assert captures.skipped == {"gzip file is cut short or damaged": 1}
    assert [problem.source for problem in captures.problems] == [str(path)]
    if captures.used:
        assert captures.table.column("_c0").to_pylist() == list(range(captures.used))
