"""Captured records as an endpoint writes them, for the tests of this folder."""

import json
from pathlib import Path
from typing import Any


def side(data: str, encoding: str = "CSV", content_type: str = "text/csv", mode: str = "INPUT") -> dict[str, Any]:
    return {"observedContentType": content_type, "mode": mode, "data": data, "encoding": encoding}


def record(
    given: str | dict[str, Any] | None = "1,2",
    output: str | dict[str, Any] | None = "0.5",
    *,
    event_id: str = "event",
    inference_id: str | None = None,
    time: str | None = "2026-01-01T10:00:01Z",
    truth: str | dict[str, Any] | None = None,
) -> str:
    data: dict[str, Any] = {}
    for name, payload in (("endpointInput", given), ("endpointOutput", output)):
        if payload is not None:
            data[name] = side(payload) if isinstance(payload, str) else payload
    metadata = {"eventId": event_id}
    if inference_id is not None:
        metadata["inferenceId"] = inference_id
    if time is not None:
        metadata["inferenceTime"] = time
    document: dict[str, Any] = {"captureData": data, "eventMetadata": metadata, "eventVersion": "0"}
    if truth is not None:
        document["groundTruthData"] = {"data": truth, "encoding": "CSV"} if isinstance(truth, str) else truth
    return json.dumps(document)


def label(event_id: str, value: str) -> str:
    return json.dumps(
        {
            "groundTruthData": {"data": value, "encoding": "CSV"},
            "eventMetadata": {"eventId": event_id},
            "eventVersion": "0",
        }
    )


def write(path: Path, lines: list[str]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("".join(line + "\n" for line in lines), encoding="utf-8")
    return path
