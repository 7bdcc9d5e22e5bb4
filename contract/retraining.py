"""What the parts of a retraining tell each other: places in its jobs and in the bucket, names of states and metrics."""

from collections.abc import Mapping
from typing import Final

# Inside of the jobs' containers.
ROOT: Final = "/opt/ml/processing"
SETTINGS: Final = "settings"
CAPTURED: Final = "captured"
LABELS: Final = "labels"
STATISTICS: Final = "statistics"
RESULTS: Final = "results"
SNAPSHOT_INPUT: Final = "snapshot"
CHAMPION: Final = "champion"
CHALLENGER: Final = "challenger"
SNAPSHOT: Final = f"{ROOT}/output/snapshot"
EVALUATION: Final = f"{ROOT}/output/evaluation"
EVALUATION_FILE: Final = "evaluation.json"
REPORT_FILE: Final = "report.html"
# Rows of the hold-out as the new model answers them: what it is monitored against.
BASELINE_FILE: Final = "baseline.csv"
QUALITY_BASELINE_FILE: Final = "baseline_quality.csv"

# In the stack's bucket.
PREFIX: Final = "retraining"
CODE_FOLDER: Final = f"{PREFIX}/code"
RUNS_FOLDER: Final = f"{PREFIX}/runs"
STATE_FOLDER: Final = f"{PREFIX}/state"
LOCK: Final = f"{STATE_FOLDER}/current.json"
"""Which execution runs; written only where there is none."""
LAST: Final = f"{STATE_FOLDER}/last.json"
"""How the last execution ended, and when."""
WAITING: Final = f"{STATE_FOLDER}/waiting"
"""Task tokens of candidates that wait for approval, by version."""
POINTER: Final = f"{STATE_FOLDER}/baselines.json"
"""What the monitors compare with since the last deployment, by kind and name of a job's input."""
DECLARED: Final = f"{STATE_FOLDER}/declared.json"
"""What the endpoint was declared with when retraining began, by part as a hash."""
DECISIONS: Final = f"{PREFIX}/decisions"
"""Of every execution how it ended, why, and who approved."""
MODELS_FOLDER: Final = "retrained-models"
"""What training jobs write. Not below the archives of deployed models, which only deployments write."""
BASELINES: Final = "retrained-"
"""What the folders of retrained models' baselines begin with, below a kind's place for baselines that were given."""

# What says that a feed is broken, in Model Monitor's names of checks. A distribution that has moved is what a
# retraining is for, so baseline_drift_check is none of them.
BROKEN_FEED: Final = (
    "data_type_check",
    "completeness_check",
    "missing_column_check",
    "extra_column_check",
    "categorical_values_check",
)
CHECKS: Final = (*BROKEN_FEED, "baseline_drift_check")

# Thresholds of the rule by which a new model is better: from, and to.
RULE_BOUNDS: Final[Mapping[str, tuple[float, float]]] = {
    "confidence": (0.501, 0.9999),
    "tolerance": (0.0, 0.999),
    "least_gain": (0.0, 0.999),
    "segment_tolerance": (0.0, 0.999),
    "bias_tolerance": (0.0, 0.999),
    "least_segment_rows": (2, 1_000_000_000),
    "least_rows": (2, 1_000_000_000),
}

# Metrics in the stack's namespace.
STARTED: Final = "RetrainingStarted"
NOT_STARTED: Final = "RetrainingNotStarted"
REASON: Final = "Reason"

# Why a retraining does not start.
RUNNING: Final = "one is running"
WAITS: Final = "a candidate waits for approval"
COOL_DOWN: Final = "cool-down"
TOO_FEW_LABELS: Final = "too few new labels"
NOT_LASTING: Final = "it has not lasted"
NOT_A_TRIGGER: Final = "no rule names this alarm"

# Pipeline parameters.
RUN_URI: Final = "RunUri"
CHAMPION_URI: Final = "ChampionModelUri"
STATISTICS_URI: Final = "StatisticsUri"
REASON_PARAMETER: Final = "Reason"
OWN_PARAMETERS: Final = (RUN_URI, CHAMPION_URI, STATISTICS_URI, REASON_PARAMETER)
"""Which a retraining sets itself; a person who asks for one may set the others."""


def inside(name: str) -> str:
    """The path of an input inside of its job."""
    return f"{ROOT}/input/{name}"
