"""The first job of a retraining: `python -m drift_tools.retraining.prepare` takes the snapshot.

It reads what the pipeline lays below /opt/ml/processing/input and writes to /opt/ml/processing/output.
"""

import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

from contract.retraining import CAPTURED, LABELS, RESULTS, SETTINGS, SNAPSHOT, STATISTICS, inside
from drift_tools.errors import InputError
from drift_tools.job import Job, run_program
from drift_tools.retraining.settings import Retraining
from drift_tools.retraining.snapshot import Sources, take


def run(job: Job) -> str:
    """Take the snapshot; the job's last words are its summary."""

    def place(path: str) -> Path:
        return job.here(path)

    settings = Retraining.load(only_file(place(inside(SETTINGS))))
    sources = Sources(
        captured=place(inside(CAPTURED)),
        labels=place(inside(LABELS)),
        statistics=only_file(place(inside(STATISTICS))),
        results=place(inside(RESULTS)),
    )
    return f"Completed: {take(sources, settings, place(SNAPSHOT)).summary}"


def only_file(folder: Path) -> Path:
    """The one file of an input."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    if len(files) != 1:
        raise InputError(f"{folder} has {len(files)} files: one is needed")
    return files[0]


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> int:
    """Entry point of the job."""
    return run_program(run, "drift_tools.retraining.prepare", __doc__, arguments, environment)


if __name__ == "__main__":
    sys.exit(main())
