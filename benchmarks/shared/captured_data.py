"""Captured data for the benchmarks: files as an endpoint writes them, made under build/ and kept for the next run."""

import json
import random
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

FEATURES = 20
BUILD = Path(__file__).resolve().parents[2] / "build" / "benchmarks"


def uniform_values(records: int, seed: int) -> NDArray[np.float64]:
    """`records` rows of 20 features of four families, six decimals each."""
    rng = np.random.default_rng(seed)
    families = [
        values
        for _ in range(FEATURES // 4)
        for values in (
            rng.normal(size=records),
            rng.lognormal(size=records),
            rng.gamma(2, size=records),
            rng.uniform(size=records),
        )
    ]
    rounded: NDArray[np.float64] = np.column_stack(families).round(6)
    return rounded


def csv_record(cells: list[str], answer: str, event_id: str, time: str) -> str:
    """One record of a CSV endpoint, compact, in the order in which SageMaker writes its keys."""
    return (
        '{"captureData":{"endpointInput":{"observedContentType":"text/csv","mode":"INPUT","data":"'
        + ",".join(cells)
        + '","encoding":"CSV"},'
        + '"endpointOutput":{"observedContentType":"text/csv; charset=utf-8","mode":"OUTPUT","data":"'
        + answer
        + '","encoding":"CSV"}},"eventMetadata":{"eventId":"'
        + event_id
        + '","inferenceTime":"'
        + time
        + '"},"eventVersion":"0"}'
    )


def json_record(cells: list[str], answer: str, event_id: str, time: str) -> str:
    """One record of a JSON endpoint."""
    data = "{" + ", ".join(f'"f{index}": {cell}' for index, cell in enumerate(cells)) + "}"
    return _record(data, "JSON", "application/json", answer, event_id, time)


def base64_record(cells: list[str], answer: str, event_id: str, time: str) -> str:
    """One record of an endpoint whose content types are not listed: both sides in BASE64."""
    from base64 import b64encode  # noqa: PLC0415 - one line needs it

    data = b64encode(",".join(cells).encode()).decode()
    return _record(data, "BASE64", "text/plain", b64encode(f"{answer}\n".encode()).decode(), event_id, time)


def _record(data: str, encoding: str, kind: str, answer: str, *event: str) -> str:
    event_id, time = event
    output = "CSV" if encoding == "JSON" else encoding
    return json.dumps(
        {
            "captureData": {
                "endpointInput": {"observedContentType": kind, "mode": "INPUT", "data": data, "encoding": encoding},
                "endpointOutput": {
                    "observedContentType": "text/csv; charset=utf-8" if output == "CSV" else kind,
                    "mode": "OUTPUT",
                    "data": answer,
                    "encoding": output,
                },
            },
            "eventMetadata": {"eventId": event_id, "inferenceTime": time},
            "eventVersion": "0",
        },
        separators=(",", ":"),
    )


def lines(records: int, makers: list[Callable[[list[str], str, str, str], str]], seed: int = 0) -> Iterator[str]:
    """Records by these makers in turn."""
    ids = random.Random(seed)  # noqa: S311 - the same file every time is what is wanted
    for index, row in enumerate(uniform_values(records, seed).tolist()):
        time = f"2026-01-01T10:{index * 60 // records:02d}:{index % 60:02d}Z"
        event_id = str(uuid.UUID(int=ids.getrandbits(128)))
        yield makers[index % len(makers)](list(map(repr, row)), repr(round(row[0], 6)), event_id, time)


def file_of(name: str, content: Callable[[], Iterator[str]]) -> Path:
    """A file under build/benchmarks, written if it is not there yet."""
    path = BUILD / name
    if not path.is_file():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        with part.open("w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in content())
        part.rename(path)
    return path
