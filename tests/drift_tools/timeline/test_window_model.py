"""What is learnt of a baseline's windows: parameters that are known, and what must not matter."""

import numpy as np
import pytest
from scipy import stats

from drift_tools.errors import InputError
from drift_tools.timeline import MonitorModel, windows_of_weeks
from drift_tools.timeline.scores import NUMBERS, normal_scores, row_variance, scores_of
from drift_tools.timeline.sudden import run_length, runs_beyond, sudden_p_values, weighted_p_values
from tests.drift_tools.timeline.drawn_windows import HOUR, MONDAY, category_shares, draw, history, number_shares

TWO_WEEKS = 336


def model_of(*, stray: float = 0.0, rows: int = 500, seed: int = 1, windows: int = TWO_WEEKS) -> MonitorModel:
    rng = np.random.default_rng(seed)
    means = stray * rng.normal(size=windows)
    numbers = draw(rng, number_shares(means, 0.1), rows)
    categories = draw(rng, category_shares(windows, missing=0.02), rows)
    return MonitorModel.fit(history({"n": numbers, "c": categories}))


def test_normal_scores_of_deciles_shift_by_about_the_shift() -> None:
    normal = normal_scores(np.full(10, 0.1))
    assert normal.sum() == pytest.approx(0, abs=1e-12)
    assert normal[0] == pytest.approx(-10 * stats.norm.pdf(stats.norm.ppf(0.1)), rel=1e-9)
    moved = number_shares(np.array([0.1]))[0, :10] @ normal
    assert moved == pytest.approx(0.1 * (normal**2).mean(), rel=0.02)


def test_the_delta_method_agrees_with_simulation() -> None:
    rng = np.random.default_rng(2)
    shares = number_shares(np.array([0.3]), 0.1)
    normal = normal_scores(np.full((1, 10), 0.1))
    counts = draw(rng, np.repeat(shares, 20_000, 0), 400)[:, None].astype(float)
    found = scores_of(counts, NUMBERS, normal).var(0)[0]
    expected = row_variance(shares[None], NUMBERS, normal, np.array([1e-6]))[0, 0] / np.array([360, 360, 400, 400, 400])
    assert found[:3] == pytest.approx(expected[:3], rel=0.05)


def test_independent_rows_are_known_as_such() -> None:
    for part in model_of().parts:
        model = part.model
        assert model.season == "none"
        assert model.phi[model.is_common] == pytest.approx(1.0, abs=0.25)
        assert model.long_run[model.is_common].max() < 1.5
        assert model.freedom[model.is_common].min() > 250
        assert not model.heavy.any()


def test_hours_that_stray_are_known_by_how_much() -> None:
    numbers = model_of(stray=0.2).parts[0].model
    # Of a normal with standard deviation 0.2, in units of normal scores of deciles (0.966 of the real ones).
    assert np.sqrt(numbers.tau2[0, 0]) == pytest.approx(0.2 * 0.966, rel=0.12)
    many = numbers.spread(np.array([0]), np.full((1, 1, 5), 1e9))[0, 0, 0]
    assert many == pytest.approx(numbers.tau2[0, 0], rel=1e-6)  # rows without end do not average that away


def test_clusters_of_rows_are_known_by_their_size() -> None:
    rng = np.random.default_rng(3)
    counts = 10 * draw(rng, category_shares(TWO_WEEKS), 50)
    model = MonitorModel.fit(history({"c": counts})).parts[0].model
    assert model.dispersion[0, :3] == pytest.approx(10, rel=0.3)


def test_heavy_tails_are_noticed() -> None:
    rng = np.random.default_rng(4)
    counts = draw(rng, number_shares(0.3 * rng.standard_t(2, size=TWO_WEEKS)), 500)
    assert MonitorModel.fit(history({"n": counts})).parts[0].model.heavy.any()


def test_windows_that_remember_each_other_are_noticed() -> None:
    rng = np.random.default_rng(5)
    means, now = np.empty(TWO_WEEKS), 0.0
    for at in range(TWO_WEEKS):
        now = 0.9 * now + 0.1 * rng.normal()
        means[at] = now
    model = MonitorModel.fit(history({"n": draw(rng, number_shares(means), 500)}))
    assert model.remembering == ("n",)
    assert model.parts[0].model.freedom[0, 0] < 200


@pytest.mark.parametrize("rows", [60, 500])
def test_p_values_of_undrifted_windows_are_uniform_enough(rows: int) -> None:
    rng = np.random.default_rng(6)
    model, windows = model_of(rows=rows), 4000
    fresh = history(
        {
            "n": draw(rng, number_shares(np.zeros(windows), 0.1), rows),
            "c": draw(rng, category_shares(windows, missing=0.02), rows),
        },
        start=MONDAY + TWO_WEEKS * HOUR,
    )
    for part in model.parts:
        found = part.model.standardise(fresh.counts[:, part.places].astype(float), fresh.starts)
        p, _ = weighted_p_values(part.model, sudden_p_values(part.model, found))
        for level in (0.05, 0.005):
            assert (p <= level).mean() <= 1.4 * level + 3 * np.sqrt(level / windows)


def test_a_p_value_is_that_of_students_distribution() -> None:
    model = model_of().parts[0].model
    counts = draw(np.random.default_rng(7), number_shares(np.array([0.3]), 0.1), 500)[:, None].astype(float)
    found = model.standardise(counts, np.array([MONDAY]))
    p = sudden_p_values(model, found)[0, 0, 0]
    assert p == pytest.approx(2 * stats.t(model.freedom[0, 0]).sf(abs(found.z[0, 0, 0])), rel=1e-9)
    assert p < 1e-6


def test_the_order_of_features_does_not_matter() -> None:
    rng = np.random.default_rng(8)
    first, second = (draw(rng, number_shares(0.1 * rng.normal(size=TWO_WEEKS)), 300) for _ in range(2))
    one, other = (
        MonitorModel.fit(history(features)).parts[0].model
        for features in ({"n1": first, "n2": second}, {"n2": second, "n1": first})
    )
    assert one.variance == pytest.approx(other.variance[::-1], rel=1e-12)
    assert one.freedom == pytest.approx(other.freedom[::-1], rel=1e-12)


def test_windows_without_values_and_constants_do_no_harm() -> None:
    rng = np.random.default_rng(9)
    numbers = draw(rng, number_shares(np.zeros(TWO_WEEKS), 0.1), 300)
    numbers[5] = 0
    numbers[5, 11] = 300  # all missing
    constant = np.zeros_like(numbers)
    constant[:, 0] = 300
    model = MonitorModel.fit(history({"n": numbers, "n2": constant, "c": constant})).parts[0].model
    for values in (model.mean, model.variance, model.freedom, model.long_run, model.noise, model.highest):
        assert np.isfinite(values).all()
    assert not model.in_use[1, :2].any()


def test_too_few_windows_are_refused() -> None:
    rng = np.random.default_rng(10)
    with pytest.raises(InputError, match="the baseline has 20 windows of at least 20 rows, 24 are needed"):
        MonitorModel.fit(history({"c": draw(rng, category_shares(20), 100)}))


def test_weeks_of_windows() -> None:
    assert [windows_of_weeks(seconds, 1) for seconds in (HOUR, 86400, 7 * 86400, 900)] == [168, 28, 24, 672]
    assert windows_of_weeks(HOUR, 4) == 672


def test_runs_are_as_long_as_the_level_asks() -> None:
    assert [run_length(windows, 68, 0.75 / 8760) for windows in (168, 336, 672)] == [4, 3, 3]
    model = model_of().parts[0].model
    heavy = np.ones_like(model.heavy)
    odd = type(model)(**{name: getattr(model, name) for name in model.__dataclass_fields__} | {"heavy": heavy})
    z = np.zeros((6, 1, 5))
    z[2:5, 0, 0] = odd.highest[0, 0] + 0.1
    assert runs_beyond(odd, z, 3)[:, 0].tolist() == [False, False, False, False, True, False]
    z[3, 0, 0] = odd.lowest[0, 0] - 0.1  # once on the other side
    assert not runs_beyond(odd, z, 3).any()
