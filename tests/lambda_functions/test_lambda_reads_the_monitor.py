"""The functions understand what this project's monitor writes: each violation's numbers, each feature's values."""

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from drift_tools.job.kinds.data_quality import monitor_data_quality
from drift_tools.job.results import completion
from drift_tools.monitors import model_quality
from drift_tools.monitors.data_quality import Violation, suggest, violations_document
from drift_tools.monitors.model_quality import Outcomes
from drift_tools.profiles.profile import profile
from drift_tools.tables import Table, as_table, read_csv_text
from functions.alarm_responder.findings import Findings
from functions.alarm_responder.kinds import violations as violations_kind
from functions.alarm_responder.notification import MessageContext
from tests.lambda_functions.functions import common, load

violations = common("violations")
responder, metrics = load("alarm_responder"), load("processing_metrics")


def run(tmp_path: Path, current: Table) -> tuple[Any, Any, str]:
    """(parsed violations, the run's statistics.json, the exit message) of a run against a fixed baseline."""
    random = np.random.default_rng(7)
    ages, codes = random.normal(40.0, 5.0, 1000), random.integers(0, 9, 1000)
    baseline = as_table({"age": ages.tolist(), "code": codes.tolist(), "kind": ["own", "rent"] * 500})
    statistics = profile(baseline)
    constraints = suggest(statistics)
    evaluation, _ = monitor_data_quality(current, constraints, statistics, tmp_path)
    document = json.loads(json.dumps(violations_document(evaluation.violations)))
    written = json.loads((tmp_path / "statistics.json").read_text())
    return violations.parse_violations(document), written, completion(evaluation.violations, None)


def test_each_data_quality_check(tmp_path: Path) -> None:
    ages = [*np.random.default_rng(8).normal(60.0, 5.0, 900), *[""] * 100]
    codes, kinds = ["x"] * 500 + [1] * 500, ["own"] * 900 + ["castle"] * 100
    rows = "".join(f"{age},{code},{kind},1.5\n" for age, code, kind in zip(ages, codes, kinds, strict=True))
    parsed, statistics, message = run(tmp_path, read_csv_text(f"age,code,kind,extra\n{rows}"))
    found = {(violation.subject, violation.check): violation for violation in parsed}
    assert found["age", "completeness_check"].observed == 0.9
    assert found["code", "data_type_check"].observed == 0.5
    assert found["code", "data_type_check"].limit == 1.0
    assert found["code", "data_type_check"].expected_type == "Integral"
    assert found["kind", "categorical_values_check"].observed == 0.9
    assert found["age", "baseline_drift_check"].observed > 0.5
    assert found["age", "baseline_drift_check"].limit == 0.1
    columns = found["number of columns", "extra_column_check"]
    assert (columns.observed, columns.limit) == (4.0, 3.0)
    assert all(violation.observed is not None for violation in parsed)
    assert "CompletedWithViolations" in message
    lines = responder.column_summaries.summaries(statistics)
    assert lines["age"].startswith("mean 59.9")
    assert lines["age"].endswith("missing 10 %")
    assert lines["kind"] == "'own' 90 %, 'castle' 10 %"


def test_a_renamed_column_is_named(tmp_path: Path) -> None:
    current = as_table({"years": [40.0] * 100, "code": [1] * 100, "kind": ["own", "rent"] * 50})
    parsed, _, _ = run(tmp_path, current)
    run_of = responder.run_history.Run(hour=datetime(2026, 11, 23, 4, tzinfo=UTC), prefix="p/", files=frozenset())
    alarm = responder.alarm_event.Alarm(
        name="a", arn="", account="", region="us-east-1", description="", state="ALARM", previous_state="OK", reason="",
        changed_at=run_of.hour, changed_at_text="t", metric="", dimensions={"Endpoint": "e", "MonitoringSchedule": "s"},
    )  # fmt: skip
    place = MessageContext("b", "r", "us-east-1")
    findings = Findings(run=run_of, violations=parsed)
    body = violations_kind.notification(alarm, findings, place).body
    assert "3 columns in the data, 3 in the baseline (missing: age)\n" in body
    assert "3 columns in the data, 3 in the baseline (extra: years)\n" in body


@pytest.mark.parametrize("count", [0, 1, 7])
def test_the_exit_message_tells_the_count(count: int) -> None:
    message = completion([Violation("a", "completeness_check", "")] * count, None)
    job = metrics.job.identify(
        {
            "ProcessingJobName": "j",
            "ProcessingJobArn": "arn",
            "ProcessingJobStatus": "Completed",
            "ExitMessage": message,
            "Environment": {"sagemaker_endpoint_name": "e", "sagemaker_monitoring_schedule_name": "s"},
        },
        endpoint="e",
        results_uri="s3://b/r/",
    )
    assert job.violations_in_message == count


def test_model_quality() -> None:
    labels = np.array(["1", "0"] * 50)
    perfect = Outcomes("BinaryClassification", labels, labels)
    upside_down = Outcomes("BinaryClassification", labels, labels[::-1])
    found = model_quality.evaluate(
        model_quality.measure(upside_down), model_quality.suggest(model_quality.measure(perfect))
    )
    parsed = {violation.subject: violation for violation in violations.parse_violations(violations_document(found))}
    assert (parsed["f1"].check, parsed["f1"].observed, parsed["f1"].limit) == ("LessThanThreshold", 0.0, 1.0)
    assert all(violation.is_metric and violation.observed is not None for violation in parsed.values())
    lines = responder.quality_lines.metric_lines(model_quality.measure(perfect).to_dict())
    assert lines["f1"] == "1 (95 %: 0.929–1.000, 50 rows)"
