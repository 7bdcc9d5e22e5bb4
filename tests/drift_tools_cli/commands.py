"""The command line, in this process and in one of its own, and captured data for it."""

import json
import subprocess
import sys
from datetime import UTC, datetime
from typing import Any

import pytest

from drift_tools.__main__ import main


def capture(rows: list[str], hour: datetime = datetime(2026, 1, 1, 10, tzinfo=UTC)) -> str:
    records = [
        {
            "captureData": {
                "endpointInput": {"observedContentType": "text/csv", "mode": "INPUT", "data": row, "encoding": "CSV"},
            },
            "eventMetadata": {"eventId": f"{number}", "inferenceTime": f"{hour:%Y-%m-%dT%H:%M:%SZ}"},
            "eventVersion": "0",
        }
        for number, row in enumerate(rows)
    ]
    return "".join(json.dumps(record) + "\n" for record in records)


def run(*arguments: str) -> int:
    """Run the command; argparse's own exits are its status too."""
    try:
        return main(arguments)
    except SystemExit as end:
        return int(end.code or 0)


def fails(capsys: pytest.CaptureFixture[str], *arguments: str) -> str:
    """The one line of an unusable call."""
    assert run(*arguments) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1
    return err.rstrip("\n")


def process(*arguments: str, **options: Any) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "drift_tools", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60, **options)
