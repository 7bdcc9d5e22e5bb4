"""The job judges a window by windows: the baseline's own, or those that the monitor has seen itself."""

import json
from datetime import timedelta

from tests.drift_tools.job.judged_windows import NOW, STATE, earlier_windows, judged, state, violations
from tests.drift_tools.open_box import CSV, NAMES, Box, captured, rows
from tests.drift_tools.records import write

HOUR = timedelta(hours=1)


def test_without_a_place_for_windows_rows_are_judged(box: Box) -> None:
    captured(box, rows(600, 1, shift=0.7))
    assert box.scheduled() == 0
    assert box.drift["judgement"]["by"] == "rows"
    assert "amount" in violations(box)


def test_while_learning_only_what_is_gross_rings_and_the_message_says_so(box: Box) -> None:
    drift = judged(box, shift=0.7)
    assert (drift["judgement"]["by"], drift["judgement"]["windows_left"]) == ("learning", 167)
    assert drift["judgement"]["features"]["amount"]["state"] == "learning"
    assert (drift["drifted"], violations(box)) == (False, [])
    assert "Learning how windows differ: 1 of 168 seen." in box.message
    assert (box.output / "model_monitor_rules.json").exists()
    metrics = [json.loads(line) for line in (box.root / "output/metrics/cloudwatch/cloudwatch_metrics.jsonl").open()]
    assert [item["Value"] for item in metrics if item["MetricName"] == "windows_to_learn"] == [167.0]
    assert "amount" in judged(box, shift=2.0, seed=2)["drifted_features"]


def test_a_window_of_few_rows_ends_no_episode(box: Box) -> None:
    """As at night: else each morning would ring anew."""
    assert "amount" in judged(box, shift=2.0)["drifted_features"]
    found = []
    for hours, size in ((1, 5), (2, 60)):
        hour = NOW + timedelta(hours=hours)
        span = {name: f"{at:%Y-%m-%dT%H:%M:%SZ}" for name, at in (("start_time", hour), ("end_time", hour + HOUR))}
        captured(box, rows(size, hours), hour=f"later/{hours}", time=span["start_time"])
        assert box.scheduled(windows_uri=STATE, **span) == 0, box.message
        found.append(("amount" in violations(box), box.drift["judgement"]["features"]["amount"]["state"]))
    assert found == [(True, "drift"), (False, "not enough data")]  # of 60 rows, for a small difference: it is over


def test_a_third_of_the_rows_where_training_has_none_is_gross_from_the_first_window(box: Box) -> None:
    """A unit error in a part of the feed: no season puts values beyond all that the training rows have."""
    table = rows(600, 5)
    for place, (answer, request) in enumerate(table[::3]):
        amount, code = request.split(",")
        table[3 * place] = (answer, f"{float(amount) * 12:.6f},{code}")
    captured(box, table)
    assert box.scheduled(windows_uri=STATE) == 0, box.message
    assert box.drift["judgement"]["by"] == "learning"
    assert box.drift["drifted_features"] == ["amount"]
    assert violations(box) == ["amount"]


def test_after_a_week_the_monitors_own_windows_judge(box: Box) -> None:
    judged(box)
    earlier_windows(box, 168)
    calm = judged(box, seed=4)
    assert calm["judgement"]["by"] == "own windows"
    assert calm["judgement"]["windows"] == 168
    assert calm["drifted_features"] == []
    assert "Judged by the monitor's own first 168 windows (season numerical: none" in box.message


def test_a_damaged_record_is_one_line(box: Box) -> None:
    judged(box)
    write(state(box) / "20260101T090000Z.json", ["[1"])
    captured(box, rows(600, 5))
    assert box.scheduled(windows_uri=STATE) == 1
    assert "the record 20260101T090000Z.json of a window is damaged" in box.message


def with_times(box: Box, hours: int, **more: str) -> int:
    start = NOW - timedelta(hours=hours)
    lines = [",".join(["at", *NAMES])]
    for place in range(hours):
        moment = start + timedelta(hours=place)
        lines += [f"{moment:%Y-%m-%dT%H:%M:%SZ},{out},{given}" for out, given in rows(60, place)]
    write(box.processing / "input" / "timed" / "rows.csv", lines)
    return box.run(
        dataset_format=CSV,
        dataset_source="/opt/ml/processing/input/timed",
        output_path="/opt/ml/processing/timed",
        baseline_time_column="at",
        **more,
    )


def test_a_baseline_with_times_is_kept_in_windows_and_judges_from_the_first_hour(box: Box) -> None:
    assert with_times(box, 336) == 0, box.message
    assert "The baseline has 336 windows of 60 rows on average (season numerical: none" in box.message
    constraints = json.loads((box.processing / "timed" / "constraints.json").read_text())
    assert [feature["name"] for feature in constraints["features"]] == NAMES
    timed: dict[str, str | None] = {
        "baseline_constraints": "/opt/ml/processing/timed/constraints.json",
        "baseline_statistics": "/opt/ml/processing/timed/statistics.json",
        "baseline_windows_uri": "/opt/ml/processing/timed",
        "baseline_dataset": None,
        "metric_namespace": "ModelMonitoring/Endpoints/data-metrics",
        "publish_cloudwatch_metrics": "Disabled",
    }
    calm = judged(box, environment=timed)
    assert (calm["judgement"]["by"], calm["judgement"]["windows"]) == ("baseline windows", 336)
    assert calm["drifted_features"] == []
    moved = judged(box, shift=0.7, seed=2, environment=timed)
    assert "amount" in moved["drifted_features"]
    assert moved["judgement"]["features"]["amount"]["since"] == "2026-01-01T10:00:00Z"
    assert "amount" in violations(box)


def test_a_baseline_of_too_few_windows_is_refused(box: Box) -> None:
    assert with_times(box, 12) == 1
    assert "the baseline has 12 windows of at least 20 rows, 24 are needed" in box.message


def test_model_monitors_rules_on_the_open_engine(box: Box) -> None:
    captured(box, rows(600, 1, shift=0.7))
    assert box.scheduled(rules="model-monitor") == 0
    assert box.drift["rules"] == "model-monitor"
    assert not (box.output / "model_monitor_rules.json").exists()
    assert box.scheduled(rules="calibrate") == 1
    assert "rules is 'calibrate': give calibrated or model-monitor" in box.message
