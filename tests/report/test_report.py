import re
import subprocess
import sys
from datetime import UTC, datetime

import numpy as np
import pytest

from drift_tools import Comparison, compare
from drift_tools.report import console, feature_views, print_comparison, render_comparison, words
from drift_tools.report.advice import next_steps

from .pages import Page

MADE = datetime(2026, 1, 2, 3, 4, tzinfo=UTC)


def test_the_verdict_comes_first(loud: Comparison) -> None:
    page = Page(render_comparison(loud, baseline_name="old.csv", current_name="new.csv", made=MADE))
    assert page.words[:2] == ["2 of 3 features drifted: number and code", "Drift report"]
    assert page.words[2] == page.words[0]
    assert "old.csv (2,000 rows)" in page.words
    assert "new.csv (2,000 rows)" in page.words
    assert (
        page.text.index("2 of 3 features drifted")
        < page.text.index("What changed")
        < page.text.index("What to do next")
    )
    assert page.text.index("What to do next") < page.text.index("The other features") < page.text.index("All measures")
    assert "2026-01-02 03:04 UTC" in page.text


def test_each_feature_is_drawn_and_in_the_table_with_a_working_link(loud: Comparison) -> None:
    page = Page(render_comparison(loud))
    assert page.tags.count("svg") == 3
    assert len(set(page.ids)) == len(page.ids) == 3
    assert sorted(page.links) == sorted(f"#{anchor}" for anchor in page.ids)


@pytest.mark.parametrize(
    ("which", "tone", "headline"),
    [
        ("quiet", "steady", "No drift in 3 features"),
        ("loud", "drifted", "2 of 3 features drifted: number and code"),
        ("short", "unknown", "Not enough data to tell about any feature; no drift found"),
    ],
)
def test_the_verdict_has_its_tone(which: str, tone: str, headline: str, request: pytest.FixtureRequest) -> None:
    html = render_comparison(request.getfixturevalue(which))
    assert f'<section class="verdict {tone}">' in html
    assert Page(html).words[2] == headline


def test_a_page_needs_nothing_but_itself(loud: Comparison) -> None:
    html = render_comparison(loud)
    page = Page(html)
    assert page.sources == ["data:,"]
    assert "script" not in page.tags
    assert "@import" not in html
    assert re.findall(r"url\(", html) == []
    assert re.findall(r"https?://", html) == []


def test_light_dark_print_and_phones_are_provided_for(quiet: Comparison) -> None:
    html = render_comparison(quiet)
    for rule in ("prefers-color-scheme: dark", "@media print", "max-width: 560px", 'name="viewport"'):
        assert rule in html
    used = set(re.findall(r"var\((--[a-z0-9-]+)", html))
    defined = set(re.findall(r"(--[a-z0-9-]+):", html))
    assert used - defined - {"--strength"} == set()


def test_names_from_the_data_are_shown_and_never_understood() -> None:
    name, code = '<img src=x onerror="alert(1)">', "<script>alert(2)</script>"
    generator = np.random.default_rng(1)
    baseline = {name: generator.normal(0, 1, 500), "code": ["a"] * 500}
    current = {name: generator.normal(9, 1, 500), "code": ["a"] * 300 + [code] * 200}
    page = Page(render_comparison(compare(baseline, current), baseline_name=name, current_name=code))
    assert "script" not in page.tags
    assert "img" not in page.tags
    assert name in page.words
    assert any(code in text for text in page.words)


def test_features_that_cannot_be_drawn_are_in_the_table(quiet: Comparison) -> None:
    baseline = {"gone": np.arange(100.0), "kept": np.arange(100.0), "empty": [None] * 100}
    current = {"kept": np.arange(100.0), "new": np.arange(100.0), "empty": [None] * 100}
    page = Page(render_comparison(compare(baseline, current)))
    assert {"gone", "kept", "empty", "new"} <= set(page.words)
    assert "gone: missing from the current data. Ask whoever owns the feed whether that was meant." in page.words


def test_the_file_stays_small_with_many_features() -> None:
    generator = np.random.default_rng(1)
    sides = [{f"feature_{number}": generator.normal(shift, 1, 100) for number in range(110)} for shift in (0.0, 2.0)]
    html = render_comparison(compare(*sides))
    assert len(html.encode()) < 2_000_000
    assert html.count("<svg ") == 100
    assert "10 more features are in the table below" in html


@pytest.mark.parametrize("value", [2**53 + 1, 10**17, 1_770_000_000_000_000_000, 1e20, 1.7e308, -5e-324])
def test_large_whole_numbers_are_drawn(value: float) -> None:
    ids = {"id": np.full(100, value), "near": np.full(100, value) + np.spacing(value) * np.arange(100)}
    views = feature_views(compare(ids, ids))
    assert [view.chart is not None for view in views] == [True, True]
    for view in views:
        labels = [row.label for row in view.bins]
        assert len(set(labels)) == len(labels) == 20


def test_a_column_that_only_the_current_rows_have_is_new(capsys: pytest.CaptureFixture[str]) -> None:
    rows = np.arange(500.0)
    comparison = compare({"a": rows, "b": rows}, {"a": rows + 400, "b": rows, "fresh": rows})
    assert words.headline(comparison) == "1 of 2 features drifted: a"
    assert words.headline(compare({"a": rows}, {"a": rows, "fresh": rows})) == "No drift in 1 feature"
    assert [(view.name, view.verdict_text) for view in feature_views(comparison)] == [
        ("a", "drifted"),
        ("b", "no drift"),
        ("fresh", "new"),
    ]
    assert "3, 1 of them new" in Page(render_comparison(comparison)).words
    print_comparison(comparison, console())
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()[3:4]] == [["fresh", "new"]]
    assert comparison.to_dict()["features"]["fresh"]["verdict"] == "no drift"


def test_a_sentence_is_said_once(capsys: pytest.CaptureFixture[str]) -> None:
    rows = np.arange(500.0)
    print_comparison(compare({"a": rows, "gone": rows}, {"a": rows}), console())
    print_comparison(compare({"gone": rows}, {"other": np.empty(0)}), console())
    lines = capsys.readouterr().out.splitlines()
    assert "gone: the column is missing from the current data." in lines
    assert "gone: not enough data: no current rows." in lines


@pytest.mark.parametrize("shift", [0.0, 2.0])
def test_columns_part_only_where_no_feature_shows_it(shift: float) -> None:
    generator = np.random.default_rng(3)
    first, noise = generator.normal(size=(2, 400))
    before = {"age": generator.normal(size=400), "a": first, "b": noise}
    after = {"age": generator.normal(shift, 1, 400), "a": first, "b": first}
    said = words.together(compare(before, after, multivariate=True))
    if shift:
        assert re.fullmatch(r"different \(AUC 0\.\d\d, p 0\.002\)", said)
    else:
        assert said.endswith(", although no feature shows it alone; most of all a and b")
    assert words.together(compare(before, after)) == ""


def test_dates_are_drawn_and_told_as_dates() -> None:
    days = np.arange("2026-01-01", "2026-04-01", dtype="datetime64[D]")
    comparison = compare({"when": days}, {"when": days + np.timedelta64(400, "D")})
    (view,) = feature_views(comparison)
    assert view.chart is not None
    assert re.findall(r">(20[0-9-]+)<", view.chart) == ["2026-01", "2026-07", "2027-01"]
    assert view.bins[1].label == "2026-01-25 10:48 – 2026-02-18 21:36"
    assert next_steps(comparison)[0] == ("when: dates move on by themselves. Compare an age or a delay in their place.")


def test_no_name_is_wider_than_the_page() -> None:
    html = render_comparison(compare({"n" * 300: np.arange(100.0)}, {"n" * 300: np.arange(100.0) + 90}))
    for rule in ("h1, p, li { overflow-wrap: anywhere; }", ".plain .name { overflow-wrap: anywhere; }"):
        assert rule in html


def test_a_long_category_is_told_without_its_middle() -> None:
    long, new = "x" * 5000, "a" + "y" * 5000 + "z"
    comparison = compare({"code": [long, "b"] * 100}, {"code": [long, new] * 100})
    feature = comparison.features["code"]
    told = f"a{'y' * 29}…{'y' * 28}z"
    assert (
        feature.summary
        == f'code: category "{told}" appeared (50 % of values), category "b" vanished (50 % of values), '
        + (f"PSI {feature.psi:.2f}.")
    )
    assert next_steps(comparison)[0].startswith(
        f"Categories that the model has never seen: code (a{'y' * 29}…{'y' * 28}z)"
    )
    (view,) = feature_views(comparison)
    assert max(len(row.label) for row in view.bins) == 300
    assert max(len(text) for text in Page(render_comparison(comparison)).words) < 1000
    assert "x" * 301 not in Page(render_comparison(comparison)).text


def test_the_bars_of_a_category_are_shares_of_all_rows(loud: Comparison) -> None:
    (view,) = [view for view in feature_views(loud) if view.name == "code"]
    shown = {row.label: (row.baseline, row.current) for row in view.bins}
    assert shown["9"][0] == "0 %"
    assert shown["3"][1] == "0 %"
    assert shown["missing, of all rows"][0] == "0 %"
    assert view.chart is not None
    assert ">missing<" in view.chart
    missing = float(shown["missing, of all rows"][1].removesuffix(" %"))
    assert missing == pytest.approx(20, abs=3)


def test_many_categories_are_drawn_as_few() -> None:
    generator = np.random.default_rng(1)
    codes = [f"c{number}" for number in range(60)]
    shares = np.arange(60, 0, -1) / sum(range(1, 61))
    old, new = (generator.choice(codes, 3000, p=shares).tolist() for _ in range(2))
    (view,) = feature_views(compare({"code": old}, {"code": ["rare"] * 300 + new[300:]}))
    assert view.chart is not None
    labels = re.findall(r'text-anchor="end"[^>]*>([^<]+)<', view.chart)
    assert len(labels) == 8
    assert "rare" in labels
    assert labels[-1] == "all others"


def test_what_to_do_names_the_likeliest_cause(loud: Comparison, quiet: Comparison, short: Comparison) -> None:
    steps = next_steps(loud)
    assert steps[:3] == [
        "number: moved out of the baseline's range. Check the unit before anything else.",
        "code: more missing values than before. Look for a join or a source that fails.",
        "Categories that the model has never seen: code (9). Look for a changed code list upstream.",
    ]
    assert len(steps) == 5
    assert next_steps(quiet) == ["Nothing. The current rows look like the baseline; the next run will tell again."]
    assert next_steps(short) == ["number: too few rows to tell. Wait for more, or compare a longer window."]
    names = compare({"name": [f"a{row}" for row in range(5000)]}, {"name": [f"b{row}" for row in range(5000)]})
    assert next_steps(names) == ["name: almost every row has its own, as of names and ids. Leave such columns out."]


def test_the_advice_can_be_ones_own(loud: Comparison) -> None:
    page = Page(render_comparison(loud, steps=["Call the data team."]))
    assert "Call the data team." in page.words
    assert "Check the unit" not in page.text


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "–"),
        (float("nan"), "–"),
        (float("inf"), "∞"),
        (0.0, "0.000"),
        (0.08349, "0.083"),
        (12.3456, "12.346"),
        (5068.76, "5,068.8"),
        (1e-9, "< 0.001"),
        (-1e-9, "-1.0e-09"),
        (2.5e7, "2.5e+07"),
    ],
)
def test_numbers_are_written_for_people(value: float | None, shown: str) -> None:
    assert words.number(value) == shown


@pytest.mark.parametrize(
    ("share", "shown"),
    [(0, "0 %"), (1e-5, "< 0.1 %"), (0.034, "3.4 %"), (0.62, "62 %"), (1, "100 %"), (0.9996, "100 %")],
)
def test_shares_are_written_for_people(share: float, shown: str) -> None:
    assert words.percent(share) == shown


@pytest.mark.parametrize(
    ("names", "shown"),
    [
        (["a"], "a"),
        (["a", "b"], "a and b"),
        (["a", "b", "c"], "a, b and c"),
        (list("abcdefg"), "a, b, c, d, e and 2 more"),
    ],
)
def test_names_are_listed(names: list[str], shown: str) -> None:
    assert words.listed(names) == shown


def test_a_report_is_made_without_a_plotting_library() -> None:
    code = "import sys, drift_tools.report as r; r.render_comparison; sys.exit('matplotlib' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False, timeout=60, env={}).returncode == 0


def test_columns_that_were_left_out_are_named_with_the_reason() -> None:
    rows = {f"c{number}": np.arange(100) % 7 for number in range(25)} | {"x": np.arange(100) % 5, "<b>": np.arange(100)}
    comparison = compare(rows, rows, exclude=[name for name in rows if name != "x"])
    page = Page(render_comparison(comparison))
    said = page.words[page.words.index("Left out") + 1]
    assert said.startswith("c0 (left out as asked), c1 (left out as asked), ")
    assert said.endswith("c19 (left out as asked) and 6 more")
    assert "Left out" not in Page(render_comparison(compare(rows, rows, columns=["x"]))).words
