"""What the tests of the responder as a whole share."""

import json
from typing import Any

from tests.lambda_functions.conftest import RUN
from tests.lambda_functions.functions import load

functions = load("alarm_responder")
respond = functions.handler.respond_to_all
BASELINES = json.dumps({"churn-data-quality": "s3://churn-data/baseline-data/results/ab12/statistics.json"})
VIOLATIONS = f"{RUN}/2026/11/23/04/constraint_violations.json"


def outcome(result: Any) -> list[str]:
    return [record["outcome"] for record in result["handled"]]
