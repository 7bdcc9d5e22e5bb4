"""Significant and material, or not enough data."""

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats
from scipy.stats import false_discovery_control

from drift_tools import compare
from drift_tools.comparison import DRIFT, NO_DRIFT, NOT_ENOUGH_DATA, compare_with_profile
from drift_tools.comparison.verdict import Evidence, adjust, decide, ks_of_shift, surely_beyond
from drift_tools.measures import rows_needed
from drift_tools.profiles import Profile
from drift_tools.tables import as_table


def evidence(
    p_value: float = 1e-9,
    effect: float = 0.5,
    *,
    rows: int = 1000,
    baseline_rows: int = 1000,
    ks: float | None = None,
    beyond: float = 0.0,
    **p_values: float,
) -> Evidence:
    return Evidence({"values": p_value, **p_values}, effect, baseline_rows, rows, 10, ks, beyond=beyond)


@pytest.mark.parametrize(
    ("item", "decision", "reason"),
    [
        (evidence(), DRIFT, "adjusted p < 0.001, PSI 0.500 above its expectation"),
        (
            evidence(effect=0.09),
            NO_DRIFT,
            "significant (adjusted p < 0.001) but immaterial: PSI 0.090 above its expectation",
        ),
        (evidence(p_value=0.2), NO_DRIFT, "no significant difference (adjusted p = 0.200)"),
        (evidence(p_value=0.2, rows=10), NOT_ENOUGH_DATA, "not enough data: 10 current rows, 87 needed"),
        (evidence(p_value=0.2, rows=86), NOT_ENOUGH_DATA, "not enough data: 86 current rows, 87 needed"),
        (evidence(p_value=0.2, rows=87), NO_DRIFT, "no significant difference (adjusted p = 0.200)"),
        (evidence(rows=86), DRIFT, "adjusted p < 0.001, PSI 0.500 above its expectation"),
        (evidence(rows=1), NOT_ENOUGH_DATA, "not enough data: 1 current row, 87 needed"),
        (evidence(rows=19), NOT_ENOUGH_DATA, "not enough data: 19 current rows, 87 needed"),
        (
            evidence(p_value=0.2, rows=50, baseline_rows=40),
            NOT_ENOUGH_DATA,
            "not enough data: 40 baseline rows and 50 current rows, 159 needed",
        ),
        (evidence(effect=0.0, ks=0.2), DRIFT, "adjusted p < 0.001, KS 0.200"),
        # a new category of a share of 2 % has an index of 0.02 ln 200 = 0.106, one of 1.8 % of 0.093
        (
            evidence(effect=0.0, beyond=0.02),
            DRIFT,
            "adjusted p < 0.001, 2.0 % of the values beyond the baseline's range",
        ),
        (
            evidence(effect=0.0, beyond=0.018),
            NO_DRIFT,
            "significant (adjusted p < 0.001) but immaterial: PSI 0.000 above its expectation",
        ),
        (evidence(p_value=0.2, beyond=0.5), NO_DRIFT, "no significant difference (adjusted p = 0.200)"),
        (
            evidence(effect=0.0, ks=0.1),
            NO_DRIFT,
            "significant (adjusted p < 0.001) but immaterial: PSI 0.000 above its expectation",
        ),
    ],
)
def test_the_verdict_and_its_reason(item: Evidence, decision: str, reason: str) -> None:
    verdict = decide({"x": item})["x"]
    assert (verdict.decision, verdict.reason) == (decision, reason)
    assert verdict.drifted == (decision == DRIFT)


def test_the_reason_names_the_share_that_gave_it_away() -> None:
    item = Evidence({"values": 0.9, "share of missing values": 1e-30}, 2.0, 1000, 1000, 11)
    assert decide({"x": item})["x"].reason.endswith(", share of missing values")


def test_several_tests_of_a_feature_are_paid_for() -> None:
    assert decide({"x": evidence(0.03)})["x"].drifted
    assert not decide({"x": evidence(0.03, missing=0.8)})["x"].drifted


def test_a_threshold_of_its_own() -> None:
    item = Evidence({"values": 1e-9}, 0.2, 1000, 1000, 10, 0.19, threshold=0.25)
    assert not decide({"x": item})["x"].drifted
    assert decide({"x": replace(item, ks=0.2)})["x"].drifted
    assert not decide({"x": replace(item, ks=1.0, threshold=math.inf)})["x"].drifted


@pytest.mark.parametrize("shift", [0.1, math.sqrt(0.1), 0.5, 1.0])
def test_the_two_measures_of_a_shift_agree(shift: float) -> None:
    """The index and the KS statistic of a normal shift, by integration: the index is shift², the statistic is what is
    asked for in its place.
    """
    x = np.linspace(-10, 11, 200_001)
    p, q = stats.norm.pdf(x), stats.norm.pdf(x, shift)
    assert np.trapezoid((p - q) * np.log(p / q), x) == pytest.approx(shift**2, rel=1e-6)
    assert ks_of_shift(shift**2) == pytest.approx(np.max(stats.norm.cdf(x) - stats.norm.cdf(x, shift)), rel=1e-6)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=20))
def test_adjusted_p_values_are_scipys(p_values: list[float]) -> None:
    assert adjust(p_values) == list(false_discovery_control(p_values))


def test_features_that_cannot_be_tested_cost_the_others_nothing() -> None:
    verdicts = decide({"short": evidence(rows=5), "fine": evidence(0.04)})
    assert verdicts["fine"].p_value_adjusted == pytest.approx(0.04)
    assert math.isnan(verdicts["short"].p_value_adjusted)


def test_one_small_p_value_among_many_is_no_discovery() -> None:
    items = {f"x{i}": evidence(0.5) for i in range(19)}
    assert not decide({**items, "y": evidence(0.04)})["y"].drifted
    assert decide({**items, "y": evidence(0.002)})["y"].drifted


def dependent_p_values(
    rng: np.random.Generator, count: int, alpha: float
) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Valid p-values of undrifted features, depending on each other as badly for Benjamini and Hochberg as can be:
    each is uniform, and with probability alpha / j a random j of them lie just where they reject (Benjamini and
    Yekutieli 2001, the case in which their logarithmic factor is attained).
    """
    p_values = rng.uniform(alpha, 1, count)
    chances = alpha / np.arange(1, count + 1)
    together = int(np.searchsorted(np.cumsum(chances), rng.random())) + 1
    if together <= count:
        chosen = rng.choice(count, together, replace=False)
        p_values[chosen] = alpha * rng.uniform(together - 1, together, together) / count
    return p_values


def test_a_run_without_drift_seldom_alarms_however_its_features_depend_on_each_other() -> None:
    rng = np.random.default_rng(14)
    alpha, by_benjamini_hochberg, ours = 0.1, 0, 0
    for _ in range(2000):
        p_values = dependent_p_values(rng, 20, alpha)
        by_benjamini_hochberg += min(adjust(p_values.tolist())) <= alpha
        verdicts = decide({f"x{i}": evidence(float(p)) for i, p in enumerate(p_values)}, alpha=alpha)
        ours += any(verdict.drifted for verdict in verdicts.values())
    assert by_benjamini_hochberg > 2.5 * alpha * 2000
    assert ours <= 234  # 235 or more of 2,000 at a true level of 10 % would be less likely than 1 in 100


def test_which_features_is_what_benjamini_and_hochberg_say_once_a_run_alarms() -> None:
    items = {f"x{i}": evidence(p) for i, p in enumerate([0.001, 0.02, 0.03, 0.9])}
    assert [name for name, verdict in decide(items).items() if verdict.drifted] == ["x0", "x1", "x2"]


def test_more_features_need_more_rows() -> None:
    alone = decide({"x": evidence(0.5, rows=100)})["x"]
    among = decide({f"x{i}": evidence(0.5, rows=100) for i in range(20)})["x0"]
    assert alone.decision == NO_DRIFT
    assert among.reason == "not enough data: 100 current rows, 198 needed"


def test_with_the_rows_that_were_asked_for_a_material_difference_is_significant() -> None:
    for level in (0.05, 0.05 / 100, 1 / 8760 / 50):
        needed = rows_needed(10, 2000, threshold=0.1, alpha=level)
        scale = 1 / 2000 + 1 / needed
        assert stats.chi2.sf((0.1 + 9 * scale) / scale, 9) <= level
        scale = 1 / 2000 + 1 / (needed - 1)
        assert stats.chi2.sf((0.1 + 9 * scale) / scale, 9) > level


@pytest.mark.parametrize("alpha", [0, 1, -0.1, 2])
def test_alpha_is_a_probability(alpha: float) -> None:
    with pytest.raises(ValueError, match="alpha"):
        decide({}, alpha=alpha)


def test_nothing_to_decide_is_no_verdict() -> None:
    assert decide({}) == {}


def families(rng: np.random.Generator, rows: int) -> dict[str, object]:
    return {
        "normal": rng.normal(size=rows),
        "lognormal": rng.lognormal(size=rows),
        "heavy": rng.standard_t(2, size=rows),
        "counts": rng.poisson(2, size=rows).astype(float),
        "zeros": np.where(rng.random(rows) < 0.9, 0, rng.exponential(size=rows)),
        "holes": np.where(rng.random(rows) < 0.1, np.nan, rng.normal(size=rows)),
        "two": rng.choice(list("ab"), rows),
        "ten": rng.choice(list("abcdefghij"), rows, p=[0.5, 0.2, 0.1, 0.1, 0.05, 0.02, 0.01, 0.01, 0.005, 0.005]),
        "fifty": rng.integers(0, 50, rows).astype(str),
    }


@pytest.mark.parametrize(("n", "m"), [(50, 50), (300, 300), (1000, 200), (1000, 1000)])
def test_without_drift_a_run_seldom_raises_an_alarm(n: int, m: int) -> None:
    rng = np.random.default_rng(11)
    alarms = sum(compare(families(rng, n), families(rng, m)).drifted for _ in range(60))
    assert alarms <= 6  # at most 5 % of runs are promised; 7 of 60 would be less likely than 1 in 30 at just that


def test_half_a_deviation_is_found_among_nine_that_did_not_move() -> None:
    rng = np.random.default_rng(12)
    for _ in range(30):
        before, after = families(rng, 1000), families(rng, 1000)
        after["normal"] = rng.normal(0.5, size=1000)
        assert compare(before, after).drifted_features == ["normal"]


def test_a_tenth_of_a_deviation_at_a_hundred_thousand_rows_is_significant_and_no_drift() -> None:
    rng = np.random.default_rng(13)
    feature = compare({"x": rng.normal(size=100_000)}, {"x": rng.normal(0.1, size=100_000)}).features["x"]
    assert feature.p_value_adjusted < 1e-50
    assert feature.psi == pytest.approx(0.01, abs=0.002)
    assert feature.verdict == NO_DRIFT
    assert feature.reason.startswith("significant (adjusted p < 0.001) but immaterial")


def test_what_lies_beyond_the_range_less_what_chance_explains() -> None:
    assert surely_beyond(120, 1000, 1000) == pytest.approx(0.115)
    assert surely_beyond(5, 1000, 1000) == 0.0
    assert (surely_beyond(0, 0, 10), surely_beyond(1, 1, 0)) == (0.0, 0.0)


@pytest.mark.parametrize("kept", ["rows", "profiles"])
def test_values_that_the_baseline_never_had_are_drift(kept: str) -> None:
    """A tenth of the rows in the outer bin is what the deciles expect there, whether it is 3 or a thousand million."""
    rng = np.random.default_rng(4)
    before, after = rng.normal(size=(2, 20_000))
    flag, raised = np.zeros(20_000), np.zeros(20_000)
    after[:1000], raised[:2000] = 1e9, 1.0
    tables: list[Any] = [{"x": before, "flag": flag}, {"x": after, "flag": raised}]
    if kept == "profiles":
        comparison = compare_with_profile(*(Profile.of(as_table(table)) for table in tables))
    else:
        comparison = compare(*tables)
    assert comparison.drifted_features == ["x", "flag"]
    assert {name: comparison.features[name].reason.rpartition(", ")[2][:4] for name in ("x", "flag")} == (
        {"x": "5.0 ", "flag": "PSI "} if kept == "rows" else {"x": "4.4 ", "flag": "9.5 "}
    )
    low = {"x": np.where(after > 1e8, -1e9, after)}
    assert compare({"x": before}, low).drifted_features == ["x"]
