"""Results as tables: what a run leaves for SQL, one line a run, a feature, a finding, a metric.

A monitoring job writes them, a command fills them up from older results, Glue describes them and Athena reads them:
`<place>/<table>/day=2026-01-31/<anything>.json`, JSON Lines (plain or `.json.gz`), by the UTC day on which the window
ends. A run that is done again writes the same object again.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

DAY: Final = "day"
"""The partition: `2026-01-31`."""

TEXT: Final = "string"
NUMBER: Final = "double"
COUNT: Final = "bigint"
TRUTH: Final = "boolean"
TEXTS: Final = "array<string>"
NUMBERS: Final = "map<string,double>"


@dataclass(frozen=True, slots=True)
class Column:
    """A column, by Hive's name of its type; what it holds is for people who write queries."""

    name: str
    type: str
    holds: str


@dataclass(frozen=True, slots=True)
class ResultTable:
    """A table of results."""

    name: str
    holds: str
    columns: Sequence[Column]

    @property
    def names(self) -> tuple[str, ...]:
        """The columns' names, in their order."""
        return tuple(column.name for column in self.columns)


_RUN: Final = (
    Column("account", TEXT, "the AWS account of the endpoint"),
    Column("region", TEXT, "its region"),
    Column("team", TEXT, "the stack's tag Team"),
    Column("endpoint", TEXT, "the endpoint's name"),
    Column("variant", TEXT, "the production variant that was looked at"),
    Column("version", TEXT, "of the model, such as its model package"),
    Column("schedule", TEXT, "the monitoring schedule's name"),
    Column("kind", TEXT, "of monitor: data-quality, model-quality, bias, attribution, batch, custom"),
    Column("window_start", TEXT, "ISO 8601, UTC"),
    Column("window_end", TEXT, "ISO 8601, UTC"),
)

RUNS: Final = ResultTable(
    "runs",
    "one line a run of a monitor",
    (
        *_RUN,
        Column("status", TEXT, "clean or violations"),
        Column("engine", TEXT, "open or model-monitor"),
        Column("judged_by", TEXT, "what the judgement rests on: baseline windows, own windows, learning, rows"),
        Column("row_count", COUNT, "rows of the window"),
        Column("records_read", COUNT, "captured records"),
        Column("records_used", COUNT, "of these, how many could be used"),
        Column("feature_count", COUNT, "features that were compared"),
        Column("drifted_count", COUNT, "of these, how many drifted"),
        Column("drifted_features", TEXTS, "their names"),
        Column("violation_count", COUNT, "entries of constraint_violations.json"),
        Column("metrics", NUMBERS, "of the model: quality, bias of each group, by name"),
        Column("results_uri", TEXT, "the folder with all files of the run"),
    ),
)
FEATURES: Final = ResultTable(
    "features",
    "one line a feature of a run",
    (
        *_RUN,
        Column("feature", TEXT, "its name"),
        Column("feature_kind", TEXT, "numerical or categorical"),
        Column("psi", NUMBER, "population stability index"),
        Column("ks", NUMBER, "the Kolmogorov-Smirnov statistic"),
        Column("jensen_shannon", NUMBER, "the distance, 0 to 1"),
        Column("wasserstein", NUMBER, "in standard deviations of the baseline"),
        Column("l_infinity", NUMBER, "the largest difference of a share"),
        Column("p_value_adjusted", NUMBER, "over all features of the run"),
        Column("drifted", TRUTH, "the run's verdict"),
        Column("state", TEXT, "drift, no drift, growing, learning, not enough data"),
        Column("since", TEXT, "ISO 8601: when the present episode began"),
        Column("reason", TEXT, "why, in words"),
    ),
)
FINDINGS: Final = ResultTable(
    "findings",
    "one line an entry of constraint_violations.json",
    (
        *_RUN,
        Column("subject", TEXT, "the feature or the metric"),
        Column("check_type", TEXT, "such as baseline_drift_check"),
        Column("description", TEXT, "in words"),
    ),
)
METRICS: Final = ResultTable(
    "metrics",
    "one line a metric of the model: quality, bias of a group, a custom number",
    (
        *_RUN,
        Column("metric", TEXT, "such as f1, or DPPL of sex = 2"),
        Column("value", NUMBER, "what the run measured"),
        Column("standard_deviation", NUMBER, "of the value"),
        Column("threshold", NUMBER, "of the baseline's constraints"),
        Column("p_value", NUMBER, "of the value's being no worse than the threshold"),
        Column("called", TRUTH, "the run's verdict"),
    ),
)
ACKNOWLEDGEMENTS: Final = ResultTable(
    "acknowledgements",
    "one line an alarm that somebody has seen",
    (
        Column("endpoint", TEXT, "the endpoint's name"),
        Column("schedule", TEXT, "the monitoring schedule's name"),
        Column("acknowledged_by", TEXT, "who"),
        Column("acknowledged_at", TEXT, "when, ISO 8601 with a time zone"),
        Column("note", TEXT, "what they say of it"),
    ),
)
TABLES: Final[Mapping[str, ResultTable]] = {
    table.name: table for table in (RUNS, FEATURES, FINDINGS, METRICS, ACKNOWLEDGEMENTS)
}


def day_prefix(table: str, day: str) -> str:
    """The prefix of a day's lines of a table, below the place of the tables; `day` is `2026-01-31`."""
    return f"{table}/{DAY}={day}"
