"""The second job of a retraining: `python -m drift_tools.retraining.compare_models` compares the two models.

Beside its decision it leaves the rows that the new model will be monitored against: the hold-out, which it has not
learned from, as it answers it.
"""

import csv
import io
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from contract.retraining import (
    BASELINE_FILE,
    CHALLENGER,
    CHAMPION,
    EVALUATION,
    EVALUATION_FILE,
    QUALITY_BASELINE_FILE,
    REPORT_FILE,
    SETTINGS,
    SNAPSHOT_INPUT,
    inside,
)
from drift_tools.errors import InputError
from drift_tools.job import Job, run_program
from drift_tools.retraining.evaluation import REGRESSION, Evaluation, HoldOut, evaluate
from drift_tools.retraining.page import page
from drift_tools.retraining.prepare import only_file
from drift_tools.retraining.scoring import ask, plain
from drift_tools.retraining.settings import Retraining
from drift_tools.retraining.snapshot import HOLD_OUT, MANIFEST
from drift_tools.tables import Table, read_table


def run(job: Job) -> str:
    """Compare, and write evaluation.json, report.html and the new baseline's rows."""
    settings = Retraining.load(only_file(job.here(inside(SETTINGS))))
    snapshot = job.here(inside(SNAPSHOT_INPUT))
    result = compare_models(
        snapshot,
        only_file(job.here(inside(CHAMPION))),
        only_file(job.here(inside(CHALLENGER))),
        settings,
        job.here(EVALUATION),
    )
    return f"Completed: {result.summary}"


def compare_models(snapshot: Path, champion: Path, challenger: Path, settings: Retraining, output: Path) -> Evaluation:
    """Ask both models for the hold-out, decide, and write what came of it below `output`.

    Raises
    ------
    InputError
        If a file is not what it should be, or a model does not answer.
    """
    table = read_table(snapshot / HOLD_OUT)
    if settings.label not in table.columns:
        raise InputError(f"{HOLD_OUT} has no column {settings.label!r}: it has {', '.join(table.names)}")
    features = table.without([settings.label])
    label = table.columns[settings.label]
    texts = [plain(text) for text in label.as_texts()]
    labels = label.as_numbers()[0] if settings.problem_type == REGRESSION else np.array(texts)
    holdout = HoldOut(
        features=features, labels=labels, problem_type=settings.problem_type, positive=settings.positive_label
    )
    before, _ = ask(champion, features, settings)
    after, answered = ask(challenger, features, settings)
    result = evaluate(holdout, before, after, settings.rule, segment_by=settings.segment_by, facets=settings.facets)
    manifest = json.loads((snapshot / MANIFEST).read_bytes())
    document = {**result.to_dict(), "snapshot": manifest}
    output.mkdir(parents=True, exist_ok=True)
    (output / EVALUATION_FILE).write_text(json.dumps(document, indent=2) + "\n", encoding="utf-8")
    (output / REPORT_FILE).write_text(page(document), encoding="utf-8")
    _write_baselines(output, features, texts, answered, settings)
    return result


def _write_baselines(
    output: Path, features: Table, labels: Sequence[str], answered: Sequence[Sequence[str]], settings: Retraining
) -> None:
    columns = [column.as_texts() for column in features.columns.values()]
    rows = [["" if column[at] is None else column[at] for column in columns] for at in range(features.rows)]
    together = [[*answer, *row] for answer, row in zip(answered, rows, strict=True)]
    (output / BASELINE_FILE).write_text(_csv([*settings.outputs, *features.names], together), encoding="utf-8")
    judged = [[*answer, label] for answer, label in zip(answered, labels, strict=True)]
    (output / QUALITY_BASELINE_FILE).write_text(_csv([*settings.outputs, settings.label], judged), encoding="utf-8")


def _csv(header: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    return text.getvalue()


def main(arguments: Sequence[str] | None = None, environment: Mapping[str, str] | None = None) -> int:
    """Entry point of the job."""
    return run_program(run, "drift_tools.retraining.compare_models", __doc__, arguments, environment)


if __name__ == "__main__":
    sys.exit(main())
