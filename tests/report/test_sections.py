"""What each kind of monitor shows of its runs, on the page that people read."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from drift_tools.__main__ import main
from drift_tools.report import RunResults, read_run, render_runs, sections_of

from .pages import Page


def metric(value: float, low: float, high: float, verdict: str, baseline: float = 0.01) -> dict[str, Any]:
    return {"value": value, "low": low, "high": high, "verdict": verdict, "baseline": baseline}


def bias(verdict: str, **metrics: Mapping[str, Any]) -> RunResults:
    found = {"DPL": metric(0.2, 0.15, 0.25, verdict), "DI": metric(0.5, 0.4, 0.6, verdict, 0.98), **metrics}
    group = {"facet": "sex", "value": "<F>", "rows": 400, "rest": 600, "metrics": found}
    violations = [
        {"facet": "sex", "facet_value": "<F>", "metric_name": "DPL", "description": "Metric value 0.2", "x": "y"}
    ]
    window = {"start": "2026-01-01T06:00:00Z", "end": "2026-01-02T06:00:00Z"}
    return RunResults(
        {"window": window, "records": {"rows": 1000}, "rules": "calibrated", "judgement": {"groups": [group]}},
        violations=violations if verdict == "drift" else [],
    )


def attribution(ndcg: float) -> RunResults:
    shares = {"age": {"baseline": 0.6, "now": 0.1}, "income": {"baseline": 0.4, "now": 0.9}}
    says = f"The ranking of the features is another one (nDCG {ndcg:.3f})."
    return RunResults(
        {"judgement": {"ndcg": ndcg, "shares": shares, "says": says}},
        violations=[{"metric_name": "shap", "label": "label0"}] if ndcg < 0.9 else [],
    )


def estimate(value: float, doubt: str | None = None, **measured: float) -> RunResults:
    metrics = {"accuracy": {"estimate": value, "low": value - 0.01, "high": value + 0.01, "baseline": 0.8}}
    method = "confidence-based performance estimation"
    estimated = {"method": method, "rows": 500, "left_out": 0, "trusted": not doubt, "doubt": doubt, "metrics": metrics}
    return RunResults({"estimated_quality": estimated}, measured=measured)


def test_bias_is_shown_group_by_group_beside_the_baseline() -> None:
    [section] = sections_of(
        {"monday": bias("no drift"), "tuesday": bias("drift", FT=metric(0.1, 0.0, 0.2, "no drift"))}
    )
    assert section.columns == ["baseline", "monday", "tuesday"]
    assert section.rows["DPL"] == ["0.010", "0.200 (0.150 to 0.250)", "0.200 (0.150 to 0.250)"]
    assert section.rows["FT"] == ["0.010", "–", "0.100 (0.000 to 0.200)"]
    assert section.marked == {("DPL", "tuesday"), ("DI", "tuesday")}
    assert section.says["tuesday"] == (
        "farther from neutral than in the baseline: DPL, DI (400 rows of the group, 600 others)."
    )
    # DI is neutral at 1: it is not drawn on the scale of the others.
    assert ">DPL<" in section.pictures[0].chart
    assert ">DI<" not in section.pictures[0].chart


def test_a_metric_that_nothing_could_compute_is_left_out() -> None:
    unknown = {"value": None, "low": None, "high": None, "baseline": None}
    [section] = sections_of({"monday": bias("no drift", CDDL=unknown)})
    assert list(section.rows) == ["DPL", "DI"]
    assert ">CDDL<" not in section.pictures[0].chart


def test_a_group_of_too_few_rows_says_so() -> None:
    [section] = sections_of({"monday": bias("not enough data")})
    assert section.says["monday"] == "not enough data (400 rows of the group, 600 others)."
    assert not section.is_drifted


def test_attribution_is_shown_as_shares_of_all_importance() -> None:
    [section] = sections_of({"monday": attribution(0.99), "tuesday": attribution(0.71)})
    assert section.rows == {
        "nDCG": ["1.000", "0.990", "0.710"],
        "age": ["60 %", "10 %", "10 %"],
        "income": ["40 %", "90 %", "90 %"],
    }
    assert section.marked == {("nDCG", "tuesday")}


def test_an_estimate_stands_beside_what_the_labels_said() -> None:
    [section] = sections_of({"2016": estimate(0.79, accuracy=0.785), "2017": estimate(0.5, "34 % of the rows are new")})
    assert section.columns == ["baseline", "2016", "2016, by the labels", "2017"]
    assert section.rows["accuracy"] == ["0.800", "0.790 (0.780 to 0.800)", "0.785", "0.500 (0.490 to 0.510)"]
    assert section.says["2017"] == "not to be trusted: 34 % of the rows are new."
    assert section.is_unsure


def test_what_must_not_be_trusted_is_not_drawn() -> None:
    [section] = sections_of({"2016": estimate(0.79), "2017": estimate(0.5, "new rows"), "2018": estimate(0.78)})
    assert section.pictures[0].chart.count('class="dot s1"') == 2


def test_segments_are_shown_whatever_kind_looked_at_them() -> None:
    def run(*drifted: str) -> RunResults:
        south = {"rows": 360, "judged": True, "drifted": list(drifted)}
        few = {"rows": 9, "judged": False, "drifted": []}
        return RunResults({"segments": {"region": {"south": south, "west": few}}})

    [section] = sections_of({"monday": run(), "tuesday": run("income", "debt")})
    assert section.rows == {
        "region = south": ["calm (360 rows)", "income and debt (360 rows)"],
        "region = west": ["too few (9 rows)", "too few (9 rows)"],
    }
    assert section.marked == {("region = south", "tuesday")}
    assert section.says == {
        "monday": "nothing drifted in any of 1 segment. 1 segment had too few rows.",
        "tuesday": "something drifted in region = south. 1 segment had too few rows.",
    }


def test_a_page_of_runs_says_first_what_the_last_one_found() -> None:
    shown = Page(render_runs({"monday": bias("no drift"), "tuesday": bias("drift")}))
    assert "tuesday: 1 violation, of sex = <F>" in shown.words
    assert shown.words.index("Does the model still treat sex = <F> as the baseline's?") < shown.words.index("baseline")
    assert "Metric value 0.2" in shown.words
    assert shown.sources == ["data:,"]  # the icon, which keeps browsers from asking for one
    calm = Page(render_runs({"monday": bias("no drift")}))
    assert "monday: nothing to act on" in calm.words
    unsure = Page(render_runs({"monday": estimate(0.5, "new rows")}))
    assert "monday: nobody can tell" in unsure.words
    assert "unknown" in render_runs({"monday": estimate(0.5, "new rows")})
    few = Page(render_runs({"monday": bias("drift"), "tuesday": bias("not enough data")}))
    assert "tuesday: nobody can tell" in few.words
    both = RunResults({**bias("no drift").drift, **estimate(0.5, "new rows").drift})
    assert "monday: nothing to act on in 1 of 2 sections" in Page(render_runs({"monday": both})).words


def written(folder: Path, run: RunResults) -> Path:
    folder.mkdir()
    (folder / "drift.json").write_text(json.dumps(run.drift))
    if run.violations:
        (folder / "constraint_violations.json").write_text(json.dumps({"violations": list(run.violations)}))
    return folder


def test_the_command_reads_the_folders_of_runs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one, two = written(tmp_path / "one", attribution(0.99)), written(tmp_path / "two", bias("drift"))
    page = tmp_path / "page.html"
    assert main(["report", str(one), str(two), "--format", "html", "--output", str(page), "--fail-on-drift"]) == 1
    assert "2026-01-01 06:00: 1 violation, of sex = &lt;F&gt;" in page.read_text()
    assert main(["report", str(one), "--format", "json"]) == 0
    assert json.loads(capsys.readouterr().out)["one"]["judgement"]["ndcg"] == 0.99
    assert main(["report", str(two)]) == 0
    assert "0.200 (0.150 to 0.250) *" in capsys.readouterr().out


def test_a_folder_without_a_run_is_refused_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["report", str(tmp_path)]) == 2
    assert capsys.readouterr().err.startswith(f"drift_tools: {tmp_path}: no drift.json is here: name the folder")
    run = written(tmp_path / "one", bias("drift"))
    (run / "constraint_violations.json").write_text('{"violations": 3}')
    with pytest.raises(Exception, match="has no list of violations"):
        read_run(run, "one")
