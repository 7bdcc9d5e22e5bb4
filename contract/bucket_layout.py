"""Where things lie in a stack's bucket: prefixes without slashes at either end, and the names of files."""

from datetime import UTC, datetime
from typing import Final

BASELINE_DATA: Final = "baseline-data"
BASELINE_RESULTS: Final = f"{BASELINE_DATA}/results"
CAPTURED_DATA: Final = "captured-data"
GROUND_TRUTH: Final = "ground-truth"
MODEL_ARTIFACTS: Final = "model-artifacts"
MONITORING_RESULTS: Final = "monitoring-results"
MONITORING_SCRIPTS: Final = "monitoring-scripts"

# Of the open engine: the monitor's own code, what its runs have taken, and where it agrees with Model Monitor.
JOB_CODE: Final = "job-code"
MONITOR_STATE: Final = "monitor-state"
ENGINE_AGREEMENT: Final = "engine-agreement"
# Lines for SQL, one a run, a feature, a finding (contract.result_tables).
RESULT_TABLES: Final = "result-tables"

# Folders below MONITOR_STATE: what small windows have been taken, what several instances hand over to one.
SMALL_WINDOWS_FOLDER: Final = "small-windows"
SHARDS_FOLDER: Final = "shards"
# And what each batch is made of, one folder a transform job.
BATCHES_FOLDER: Final = "batches"

# What each window of a monitor counted, one object a window below the schedule's name, with what was learnt from them
# and what people said of them. Not below MONITOR_STATE, which expires within weeks: a monitor must not forget.
MONITOR_WINDOWS: Final = "monitor-windows"

# Of the responder: which alarms it has answered, and why a run failed.
RESPONDER_STATE: Final = "responder-state"
ANSWERED_ALARMS_FOLDER: Final = "alarms"
FAILURE_NOTES_FOLDER: Final = "job-failures"
FAILURE_NOTES: Final = f"{RESPONDER_STATE}/{FAILURE_NOTES_FOLDER}"
# Beside it: of which ended jobs the metrics are published, and when the watch over the monitors last looked.
HEARD_JOBS_FOLDER: Final = "heard-jobs"
WATCH_FOLDER: Final = "watch"

# Of the stream: what its shards have handed in and what was made of it, and below it one file a finding.
STREAM_STATE: Final = "stream-state"
STREAM_STATE_FILE: Final = "state.json"
STREAM_FINDINGS_FOLDER: Final = "findings"

# Files of a baseline and of a run.
STATISTICS: Final = "statistics.json"
CONSTRAINTS: Final = "constraints.json"
# Of SageMaker Clarify's kinds: what was measured, and of a baseline what later runs are held against.
ANALYSIS: Final = "analysis.json"
DRIFT: Final = "drift.json"
# AWS's documentation writes both; real runs and AWS's SDK the first.
VIOLATIONS: Final = ("constraint_violations.json", "constraints_violations.json")
# What Model Monitor's rules say of a window that the open engine judged by its own.
MODEL_MONITOR_RULES: Final = "model_monitor_rules.json"
# Of a baseline with times: the counts of its windows, beside its statistics.
WINDOWS: Final = "windows.npz"
# What a stream is held against, where the baseline has times: the bins of each hour of the day.
STREAM_BASELINE: Final = "stream.json"


def hour_folder(moment: datetime) -> str:
    """`2026/01/31/12` of a moment with a time zone, in UTC: how captures, labels and results are laid out."""
    return moment.astimezone(UTC).strftime("%Y/%m/%d/%H")


def batch_folder(ended: datetime, name: str) -> str:
    """`2026/01/31/12/0530-NAME` of a batch that ended at 12:05:30 UTC: an hour may bring several."""
    return f"{hour_folder(ended)}/{ended.astimezone(UTC):%M%S}-{name}"
