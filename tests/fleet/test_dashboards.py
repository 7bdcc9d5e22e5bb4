"""The fleet's dashboards: within CloudWatch's limits at any size, and found by search alone."""

import json
import re
from typing import Any

import pytest

from components.fleet import (
    BODY_BYTES,
    METRICS_A_DASHBOARD,
    METRICS_A_SEARCH,
    FleetDashboardSettings,
    FleetSubject,
    Group,
    bodies,
)

SUBJECT = FleetSubject(
    name="fleet",
    region="eu-west-1",
    alarm_arns=["arn:aws:cloudwatch:eu-west-1:111122223333:alarm:fleet-fleet"],
    usd_a_run=0.02,
    findings_log_group="/aws/events/fleet-findings",
)


def searches(body: dict[str, Any]) -> list[str]:
    return re.findall(r"SEARCH\('(.*?)', '\w+', \d+\)", json.dumps(body).replace('\\"', '"'))


def metric_count(body: dict[str, Any]) -> int:
    """What a dashboard may show: each search finds as many as a search can, each named metric is one."""
    found = METRICS_A_SEARCH * len(searches(body))
    for widget in body["widgets"]:
        rows = widget["properties"].get("metrics", [])
        found += sum(1 for row in rows if isinstance(row[0], str))
    return found


@pytest.mark.parametrize("groups", [1, 2, 7, 40])
def test_every_dashboard_is_within_cloudwatchs_limits(groups: int) -> None:
    subject = FleetSubject(
        name="fleet",
        region="eu-west-1",
        groups=[Group(f"Team {number}", f"team{number}") for number in range(groups)],
        alarm_arns=SUBJECT.alarm_arns,
        findings_log_group="group",
    )
    found = bodies(subject)
    for name, body in found.items():
        assert metric_count(body) <= METRICS_A_DASHBOARD, name
        assert len(json.dumps(body).encode()) <= BODY_BYTES
        assert len(body["widgets"]) <= 500
        for widget in body["widgets"]:
            assert len(searches(widget)) <= 1
            assert 0 <= widget["x"] <= widget["x"] + widget["width"] <= 24
            assert 1 <= widget["height"] <= 1000
            assert widget["y"] >= 0
        assert not _overlapping(body["widgets"])
    # Eight searches a group at 100 metrics each, and four numbers: the first has four searches and the numbers.
    assert len(found) - 1 == 1 + -(-(8 * groups - 4) // 5)


def _overlapping(widgets: list[dict[str, Any]]) -> bool:
    cells: set[tuple[int, int]] = set()
    for widget in widgets:
        own = {
            (x, y)
            for x in range(widget["x"], widget["x"] + widget["width"])
            for y in range(widget["y"], widget["y"] + widget["height"])
        }
        if cells & own:
            return True
        cells |= own
    return False


def test_the_overview_finds_models_by_search_the_worst_first() -> None:
    found = bodies(SUBJECT)
    assert list(found) == ["fleet-fleet", "fleet-fleet-2", "fleet-fleet-model"]
    first = found["fleet-fleet"]["widgets"]
    titles = [widget["properties"].get("title") for widget in first]
    assert titles == [
        None, "The fleet's alarms", "Now", "All models: findings by day", "All models: hours of silence",
        "All models: failed runs by day", "All models: quality by day",
    ]  # fmt: skip
    (row,) = first[3]["properties"]["metrics"]
    expected = "SORT(SEARCH('ModelMonitoring MetricName=\"ConstraintViolations\"', 'Maximum', 86400), MAX, DESC, 100)"
    assert row == [{"expression": expected, "id": "found", "label": ""}]
    assert first[3]["properties"]["view"] == "table"
    second = found["fleet-fleet-2"]["widgets"]
    assert [row[0]["expression"] for row in second[1]["properties"]["metrics"]] == [
        "SUM(SEARCH('ModelMonitoring MetricName=\"JobFailures\"', 'SampleCount', 86400))",
        "0.02*runs",
    ]
    assert [widget["properties"]["title"] for widget in second[2:5]] == [
        f"All models: {what} by version and day"
        for what in ("share of features that drift", "quality", "bias findings")
    ]
    (row,) = second[2]["properties"]["metrics"]
    searched = '{"ModelMonitoring/Endpoints/data-metrics",Endpoint,Variant,Version} MetricName="version_drifted_share"'
    assert row[0]["expression"] == f"SORT(SEARCH('{searched}', 'Maximum', 86400), MAX, DESC, 100)"
    assert "SOURCE '/aws/events/fleet-findings'" in second[5]["properties"]["query"]


def test_a_model_is_chosen_from_those_that_there_are() -> None:
    body = bodies(SUBJECT)["fleet-fleet-model"]
    (variable,) = body["variables"]
    assert (variable["type"], variable["inputType"], variable["populateFrom"]) == ("pattern", "select", "Endpoint")
    text = json.dumps(body["widgets"])
    assert text.count(variable["pattern"]) == 4  # each graph is of the chosen model
    assert "churn" not in text


def test_no_account_or_endpoint_is_named() -> None:
    text = json.dumps(bodies(FleetSubject(name="fleet", region="eu-west-1")))
    assert not re.search(r"\d{12}", text)


def test_groups_are_what_searches_take() -> None:
    def terms(**args: Any) -> list[str]:
        found = FleetDashboardSettings.from_args(args)  # type: ignore[arg-type]
        return [group.term for group in found.groups]

    assert FleetDashboardSettings.from_args({}).groups == [Group("All models")]
    account = ':aws.AccountId="111122223333"'
    assert terms(groups={"Jobs": "jobs", "Prod": account}, monitors=200) == ["jobs", account]
    # Signs stand in double quotes, whoever wrote them.
    assert terms(groups={"Jobs": "jobs-prod", "Payments": '"pay-prod"', "Five": 5}) == [
        '"jobs-prod"',
        '"pay-prod"',
        "5",
    ]


# The grammar that AWS documents for search expressions ("CloudWatch search expression syntax"): names with other signs
# than letters and digits stand in double quotes; the query has at most 1,024 characters.
_NAME = r'(?:\w+|"[^"\']+")'
_VALUE = r'"[^"\']+"'
_TERM = rf"(?:(?:\w+|:aws\.AccountId)=(?:{_VALUE}|\({_VALUE}(?: OR {_VALUE})*\))|{_NAME})"
_QUERY = re.compile(rf"(?:\{{{_NAME}(?:,{_NAME})*\}})?(?:(?:^| ){_TERM})*")
_SEARCH = r"SEARCH\('([^']*)', '(?:Average|Maximum|Minimum|Sum|SampleCount)', (\d+)\)"
_EXPRESSION = re.compile(
    rf"(?:SORT\({_SEARCH}, (?:AVG|MIN|MAX|SUM), (?:ASC|DESC), (\d+)\)|SUM\({_SEARCH}\)|[\d.]+\*[a-z]\w*)"
)


def test_every_expression_is_within_cloudwatchs_documented_grammar() -> None:
    groups = [Group("All"), Group("Jobs", "jobs"), Group("Prod", ':aws.AccountId="111122223333"')]
    found = bodies(FleetSubject(name="fleet", region="eu-west-1", groups=groups, usd_a_run=0.02))
    expressions = [
        item["expression"]
        for body in found.values()
        for widget in body["widgets"]
        for row in widget["properties"].get("metrics", [])
        for item in row
        if isinstance(item, dict) and "expression" in item
    ]
    assert len(expressions) == 9 * len(groups) + 4
    for expression in expressions:
        match = _EXPRESSION.fullmatch(expression)
        assert match is not None, expression
        query, period = match[1] or match[4], match[2] or match[5]
        if query is not None:
            assert len(query) <= 1024
            assert _QUERY.fullmatch(query), query
            assert int(period) % 60 == 0
        assert match[3] is None or int(match[3]) <= METRICS_A_SEARCH
    assert not _QUERY.fullmatch("{ModelMonitoring/Fleet,Fleet} x")  # a namespace with a slash is quoted
    assert not _EXPRESSION.fullmatch("SORT(SEARCH('x', 'Median', 60), MAX, DESC, 100)")
