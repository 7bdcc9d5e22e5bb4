"""SageMaker Clarify's image, and what a monitor of bias asks of it."""

import json
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[3]
ACCOUNTS = json.loads((PROJECT / "local_aws/apply/prebuilt_images.json").read_text())["repositories"]
REGISTRY = "dkr.ecr.us-east-1.amazonaws.com"
CLARIFY = f"{ACCOUNTS['sagemaker-clarify-processing']['us-east-1']}.{REGISTRY}/sagemaker-clarify-processing:1.0"


def analysis_of_bias(**values: float) -> dict[str, Any]:
    metrics = [{"name": name, "description": name, "value": value} for name, value in values.items()]
    facets = {"feature_3": [{"value_or_threshold": "(0.5, 0.99]", "metrics": metrics}]}
    return {
        "version": "1.0",
        "post_training_bias_metrics": {"label": "label", "facets": facets, "label_value_or_threshold": "1"},
    }
