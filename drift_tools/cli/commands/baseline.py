"""`baseline`: write the files of a baseline."""

import argparse

from drift_tools.aws import s3_paths
from drift_tools.cli.input_checks import foreign_numbers, require_rows
from drift_tools.cli.inputs import read_data
from drift_tools.cli.shared import OK, say, tell_left_out, warn
from drift_tools.errors import InputError
from drift_tools.job import suggest_baseline
from drift_tools.report import activity


def run(options: argparse.Namespace) -> int:
    """Write the files of a baseline. Returns the exit status."""
    with s3_paths.output_folder(options.output) as folder, activity() as tell:
        data = read_data(options.data, on_progress=tell)
        require_rows(options.data, data)
        tell_left_out(options.data, data)
        table = data.table.without(data.table.index)
        if data.table.index:
            warn(f"{options.data}: {', '.join(sorted(data.table.index))}: left out, since it labels the rows")
        for name, column in table.columns.items():
            if column.problem:
                raise InputError(f"{options.data}: column {name!r}: {column.problem}")
        for line in foreign_numbers(table, table.names):
            warn(f"{options.data}: {line}")
        tell("describing the baseline", 0, 0)
        constraints = suggest_baseline(table, folder)
    made = f"{len(constraints.features)} features, {table.rows:,} rows"
    say(f"{options.output}: statistics.json and constraints.json of {made}")
    return OK
