"""`ground-truth`: write labels in the format of the merge."""

import argparse

from drift_tools.aws import s3_paths
from drift_tools.cli.shared import OK, say
from drift_tools.endpoint import read_labels, write_ground_truth
from drift_tools.report import activity


def run(options: argparse.Namespace) -> int:
    """Write labels in the format of the merge. Returns the exit status."""
    with activity() as tell:
        tell("writing labels", 0, 0)
        with s3_paths.local_copy(options.labels) as file:
            labels = read_labels(file, id_column=options.id_column, label_column=options.label_column)
        written = write_ground_truth(labels.by_id, options.output, collected=options.time)
    without = f"; {labels.unlabelled:,} rows have no label yet" if labels.unlabelled else ""
    say(f"{written}: {len(labels.by_id):,} labels{without}")
    return OK
