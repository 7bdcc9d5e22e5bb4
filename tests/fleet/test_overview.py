"""Many models on one page: which comes first, what is silent, versions side by side, and the page's own safety."""

import base64
import gzip
import hashlib
import json
import re
from pathlib import Path
from typing import Any

import pytest

from drift_tools.__main__ import main as cli_main
from drift_tools.fleet import fill_tables, open_store
from drift_tools.report import render_fleet
from tests.fleet.overviews import UNTIL, overview
from tests.fleet.runs import drift_document, leave, quality_statistics, violations_document
from tests.report.pages import Page

HOSTILE = '</script><img src=x onerror=alert(1)>"'


def write_results(results: Path) -> None:
    """Four models: `loud` drifts, `worse` has bad quality, `gone` is silent, `calm` is steady."""
    for day in ("01/30", "01/31", "02/01", "02/02"):
        end = f"2026-{day.replace('/', '-')}T13:00:00Z"
        hour = f"2026/{day}/13"
        leave(results, "calm", "data-quality", hour, {"drift.json": drift_document([], end)})
        drifted = ["amount"] if day > "01/31" else []
        files: dict[str, Any] = {"drift.json": drift_document(drifted, end)}
        if drifted:
            files["constraint_violations.json"] = violations_document(["amount"])
        leave(results, "loud", "data-quality", hour, files)
        leave(results, "worse", "data-quality", hour, {"drift.json": drift_document([], end)})
        quality = {
            "statistics.json": quality_statistics(0.9 if day == "01/30" else 0.6),
            "drift.json": {"engine": "open"},
        }
        if day > "01/30":
            quality["constraint_violations.json"] = violations_document(["f1"], "metric_name")
        leave(results, "worse", "model-quality", hour, quality)
    for hour in ("2026/01/30/10", "2026/01/30/11", "2026/01/30/12"):
        leave(results, "gone", "data-quality", hour, {"drift.json": drift_document([])})


@pytest.fixture(scope="module")
def results(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("results")
    write_results(folder)
    return folder


def test_the_worst_come_first(results: Path) -> None:
    fleet = overview(results)
    assert [(model.endpoint, model.state, model.says) for model in fleet.models] == [
        ("worse", "quality is worse", "1 metrics are worse than the baseline allows."),
        ("loud", "drifting", "In every run since 2026-02-01 13:00."),
        ("gone", "silent", "No data-quality run for 3 days."),
        ("calm", "steady", ""),
    ]
    assert (fleet.runs, str(fleet.first)) == (19, "2026-01-30")
    loud = fleet.models[1]
    assert (loud.drifted, loud.compared, loud.violations) == (1, 2, 1)
    assert loud.days == (0, 0, 6, 6, None)  # one of two: 9 times the root of a half
    assert [(feature.name, feature.psi, feature.days) for feature in loud.features] == [
        ("amount", 1.25, (2, 3)),
        ("age", 0.02, ()),
    ]
    assert [row["subject"] for row in loud.findings] == ["amount"]
    assert fleet.models[0].metrics == {"f1": 0.6}
    assert fleet.models[0].kinds == ["data-quality", "model-quality"]


def test_tables_and_folders_give_the_same_overview(results: Path, tmp_path: Path) -> None:
    tables = open_store(str(tmp_path / "tables"), must_exist=False)
    fill_tables(open_store(str(results)), tables, {})
    assert overview(tmp_path / "tables") == overview(results)
    assert cli_main(["result-tables", "compact", "--tables", str(tmp_path / "tables")]) == 0
    assert overview(tmp_path / "tables") == overview(results)


def test_versions_stand_side_by_side(tmp_path: Path) -> None:
    tables = open_store(str(tmp_path / "tables"), must_exist=False)
    for version, days, f1 in (("churn/1", ("30", "31"), 0.9), ("churn/2", ("31",), 0.7)):
        results = tmp_path / version.replace("/", "-")
        for day in days:
            hour = f"2026/01/{day}/{'13' if version == 'churn/1' else '14'}"
            files = {"drift.json": drift_document(["amount"] if version == "churn/2" else [])}
            leave(results, "churn", "data-quality", hour, files)
            leave(results, "churn", "model-quality", hour, {"statistics.json": quality_statistics(f1)})
        fill_tables(open_store(str(results)), tables, {"version": version, "team": "payments", "variant": "Primary"})
    (churn,) = overview(tmp_path / "tables").models
    assert churn.version == "churn/2"
    assert [
        (view.version, view.variant, view.runs, view.drifted_runs, view.drifted_share, view.metrics)
        for view in churn.versions
    ] == [("churn/2", "Primary", 2, 1, 0.5, {"f1": 0.7}), ("churn/1", "Primary", 4, 0, 0.0, {"f1": 0.9})]
    # Each on its own days, which are the same for both: side by side.
    assert [(view.days, view.daily) for view in churn.versions] == [
        ((None, 6, None, None, None), {"f1": {1: 0.7}}),
        ((0, 0, None, None, None), {"f1": {0: 0.9, 1: 0.9}}),
    ]
    page = render_fleet(overview(tmp_path / "tables"), made=UNTIL)
    data = re.search(r'id="data">(.*?)</script>', page)
    assert data is not None
    newest, oldest = unpacked(data[1])["models"][0]["v"]
    assert (newest["version"], newest["days"], newest["metrics"]) == ("churn/2", ".6...", {"f1": 0.7})
    assert (oldest["days"], oldest["daily"]) == ("00...", {"f1": [[0, 0.9], [1, 0.9]]})
    assert [model.endpoint for model in overview(tmp_path / "tables", team="payments").models] == ["churn"]


def test_each_team_gets_its_own(results: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["fleet", str(results), "--until", "2026-02-03T00:00Z", "--days", "5"]
    assert cli_main([*arguments, "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["models"][0]["endpoint"] == "worse"
    assert cli_main([*arguments, "--team", "nobody"]) == 2
    assert "--team nobody: no run is of this team" in capsys.readouterr().err
    assert cli_main(arguments) == 0
    assert capsys.readouterr().out.splitlines()[0].strip() == "2 of 4 models drift, 1 is silent"
    assert cli_main(["fleet", str(results), "--until", "2020-01-01"]) == 2
    assert "no run of a monitor ended in the 90 days up to 2020-01-01 00:00 UTC" in capsys.readouterr().err


def unpacked(text: str) -> dict[str, Any]:
    """What the page's script draws reports from."""
    found: dict[str, Any] = json.loads(gzip.decompress(base64.b64decode(text)))
    return found


def test_the_page_runs_one_script_and_no_name_leaves_its_place(tmp_path: Path) -> None:
    files = {"drift.json": drift_document(["amount"])}
    files["drift.json"]["features"][HOSTILE] = files["drift.json"]["features"]["amount"]
    files["drift.json"]["features"]["amount"]["reason"] = HOSTILE
    leave(tmp_path, "churn<b>", "data-quality", "2026/02/02/13", files)
    page = render_fleet(overview(tmp_path), made=UNTIL)
    parsed = Page(page)
    assert "img" not in parsed.tags
    assert parsed.tags.count("script") == 2
    assert parsed.tags.count("b") == 1  # of the count of states
    data = re.search(r'<script type="application/octet-stream" id="data">(.*?)</script>', page, re.DOTALL)
    script = re.search(r"<script>(.*?)</script>", page, re.DOTALL)
    assert data is not None
    assert script is not None
    found = unpacked(data[1])
    (model,) = found["models"]
    assert (model["n"], model["t"], len(model["f"])) == ("churn<b>", "drifted", 3)
    assert found["texts"][model["f"][0][0]] == HOSTILE
    assert "#m0" in parsed.links
    digest = base64.b64encode(hashlib.sha256(script[1].encode()).digest()).decode()
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]*)"', page)
    assert policy is not None
    assert f"script-src &#39;sha256-{digest}&#39;" in policy[1] or f"script-src 'sha256-{digest}'" in policy[1]
    assert "innerHTML" not in script[1]


def test_what_grows_and_rings_nobody_is_said(tmp_path: Path) -> None:
    document = drift_document([])
    document["judgement"]["features"] = {"amount": {"state": "growing"}}
    document["window"]["end"] = "2026-02-02T13:00:00Z"
    leave(tmp_path, "calm", "data-quality", "2026/02/02/13", {"drift.json": document})
    [model] = overview(tmp_path).models
    assert model.says == "Growing, not yet material: amount."
    assert model.says in render_fleet(overview(tmp_path))
