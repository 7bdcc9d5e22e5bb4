"""Processing jobs of monitors and baselines: paths inside of their containers, and how to tell one from another."""

from collections.abc import Mapping
from typing import Any, Final

ROOT: Final = "/opt/ml/processing/"
INPUT: Final = f"{ROOT}input"
OUTPUT_PATH: Final = f"{ROOT}output"
CODE_PATH: Final = f"{INPUT}/code"
CAPTURED_PATH: Final = f"{INPUT}/endpoint"
GROUND_TRUTH_PATH: Final = f"{INPUT}/ground_truth"
BASELINE_DATASET_PATH: Final = f"{INPUT}/baseline_dataset_input"
"""Of a baseline job, as Model Monitor's own clients set it."""
BASELINE_DATA_PATH: Final = f"{INPUT}/baseline_data"
"""Of a run: the rows that its baseline was made from."""
LABELLED_DATA_PATH: Final = f"{INPUT}/labelled_data"
"""Predictions with labels, from which quality is estimated before others come."""
BATCH_INPUT_PATH: Final = f"{INPUT}/batch_input"
"""What a batch was made from, beside what was made of it."""
PREPROCESSOR_PATH: Final = f"{INPUT}/preprocessor"
ANALYSIS_CONFIG_PATH: Final = f"{INPUT}/config"
"""As SageMaker Clarify's own clients set it."""
MODEL_PATH: Final = f"{INPUT}/model"
CONSTRAINTS_PATH: Final = f"{ROOT}baseline/constraints"
STATISTICS_PATH: Final = f"{ROOT}baseline/stats"

# This project's own monitor, in AWS's scikit-learn image.
ENTRYPOINT: Final = ("python3", "-m", "drift_tools.monitor")
OUTPUT_NAME: Final = "monitoring_output"
# At the end, not as it goes: who finds a violations file finds a whole one.
UPLOAD_MODE: Final = "EndOfJob"


def outputs(results_uri: str) -> list[dict[str, Any]]:
    """The one output of a monitoring or baseline job: its results, as CreateProcessingJob takes them."""
    return [
        {
            "OutputName": OUTPUT_NAME,
            "S3Output": {"S3Uri": results_uri, "LocalPath": OUTPUT_PATH, "S3UploadMode": UPLOAD_MODE},
        }
    ]


def output_uri(description: Mapping[str, Any]) -> str | None:
    """Where a job, as DescribeProcessingJob has it, writes; None if it writes nothing."""
    for output in (description.get("ProcessingOutputConfig") or {}).get("Outputs") or []:
        uri = (output.get("S3Output") or {}).get("S3Uri")
        if uri:
            return str(uri)
    return None


def is_merge(environment: Mapping[str, str]) -> bool:
    """Whether a job with this environment only joins captures with labels, as one of Model Monitor's does.

    The open engine's model-quality runs join the labels themselves; a merge job analyzes nothing.
    """
    return "ground_truth_source" in environment and "analysis_type" not in environment
