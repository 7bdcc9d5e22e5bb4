"""The stream's detector: its bound, its delays, and that it goes on where it was."""

import json
from collections.abc import Iterable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.stream.bins import MISSING, NEW, FeatureBins
from drift_tools.stream.charts import MATERIAL_PSI, charts, largest_immaterial_share
from drift_tools.stream.detector import DISPERSION, Change, Detector

RNG = np.random.default_rng(0)
AGE = FeatureBins.of_numbers("age", np.where(np.arange(5000) % 50 == 0, np.nan, RNG.normal(size=5000)))
KIND = FeatureBins.of_categories("kind", {"yes": 500, "no": 300, "maybe": 190, "never": 3}, 7)
PER_SECOND = 31_536_000


class TestBins:
    def test_deciles_hold_a_tenth_each(self) -> None:
        assert AGE.counts[:10] == pytest.approx(np.full(10, 490), abs=1)
        assert AGE.counts[10:].tolist() == [100.0, 0.0]

    def test_ends_missing_and_new(self) -> None:
        feature = FeatureBins.of_numbers("x", np.array([1.0, 2, 3, 4]))
        given = np.array([1.0, 1.5, 4.0, 4.1, 0.9, np.nan, np.inf, -np.inf])
        assert feature.codes(given).tolist() == [0, 1, 3, 5, 5, 4, 5, 5]
        assert feature.names() == ["1", "above 1, up to 2", "2 … 3", "3 … 4", MISSING, NEW]

    @pytest.mark.parametrize("sign", [1.0, -1.0])
    def test_what_is_rare_beside_a_frequent_value_has_a_bin_on_either_side_of_it(self, sign: float) -> None:
        feature = FeatureBins.of_numbers("flag", sign * np.array([0.0] * 5 + [1.0] * 995))
        assert sorted(feature.counts.tolist()) == [0, 0, 5, 995]
        assert feature.counts[feature.codes(np.array([0.0 * sign, sign]))].tolist() == [5, 995]

    def test_a_constant(self) -> None:
        feature = FeatureBins.of_numbers("x", np.full(9, 3.0))
        assert feature.codes(np.array([3.0, 3.1, 2.9, np.nan])).tolist() == [0, 2, 2, 1]

    def test_rare_categories_share_a_bin_and_unknown_ones_are_new(self) -> None:
        values = np.array(["yes", "never", "nobody", None], dtype=object)
        assert [KIND.names()[code] for code in KIND.codes(values)] == ["yes", "other", NEW, MISSING]

    def test_a_column_without_values(self) -> None:
        feature = FeatureBins.of_numbers("x", np.array([np.nan, np.nan]))
        assert feature.codes(np.array([np.nan, 1.0])).tolist() == [1, 2]

    @pytest.mark.parametrize("feature", [AGE, KIND], ids=["numerical", "categorical"])
    def test_they_survive_their_file(self, feature: FeatureBins) -> None:
        again = FeatureBins.from_dict(json.loads(json.dumps(feature.to_dict())), "s3://b/bins.json")
        assert again.to_dict() == feature.to_dict()

    def test_what_is_no_baseline_is_said(self) -> None:
        with pytest.raises(InputError, match=r"bins\.json is no baseline of a stream: 4 counts for 1 bins"):
            FeatureBins.from_dict({**KIND.to_dict(), "counts": [1, 2, 3, 4], "categories": []}, "bins.json")


def population_stability_index(one: NDArray[Any], other: NDArray[Any]) -> float:
    one, other = np.maximum(one, 1e-4), np.maximum(other, 1e-4)
    return float(((one - other) * np.log(one / other)).sum())


class TestTheBound:
    """E[e] ≤ 1 for what is harmless: then the mean time between false alarms is the promised one (Shin et al. 2022)."""

    @pytest.mark.parametrize("feature", [AGE, KIND], ids=["numerical", "categorical"])
    def test_the_weights_of_a_feature_are_one(self, feature: FeatureBins) -> None:
        assert sum(chart.weight for chart in charts(feature)) == pytest.approx(1)

    @pytest.mark.parametrize("feature", [AGE, KIND], ids=["numerical", "categorical"])
    def test_the_baseline_itself_is_evidence_against_every_chart(self, feature: FeatureBins) -> None:
        shares = feature.counts / feature.counts.sum()
        for chart in charts(feature):
            assert (shares * np.exp(chart.scores)).sum() < 1, chart.what
            assert (shares * chart.scores).sum() < 0, chart.what

    @given(st.integers(0, 2**32 - 1), st.floats(0.05, 3))
    def test_any_distribution_of_half_a_material_psi_is_harmless(self, seed: int, roughness: float) -> None:
        rng = np.random.default_rng(seed)
        for feature in (AGE, KIND):
            shares = feature.counts / feature.counts.sum()
            other = rng.dirichlet(np.full(len(shares), roughness))
            low, high = 0.0, 1.0  # the farthest mixture that is still harmless
            for _ in range(30):
                middle = (low + high) / 2
                near = population_stability_index((1 - middle) * shares + middle * other, shares) < MATERIAL_PSI / 2
                low, high = (middle, high) if near else (low, middle)
            mixed = (1 - low) * shares + low * other
            for chart in charts(feature):
                assert (mixed * np.exp(chart.scores / DISPERSION)).sum() <= 1, chart.what

    @pytest.mark.parametrize("share", [0.0, 0.01, 0.1, 0.5, 0.9])
    def test_the_largest_immaterial_share(self, share: float) -> None:
        largest = largest_immaterial_share(share)
        before = max(share, 1e-4)
        one, other = np.array([largest, 1 - largest]), np.array([before, 1 - before])
        assert population_stability_index(one, other) == pytest.approx(MATERIAL_PSI, abs=1e-6)


def detector(*features: FeatureBins, budget: float = 0.1) -> Detector:
    return Detector(features, looks_per_year=PER_SECOND, false_alarms_per_year=budget)


def counted(watch: Detector, columns: Iterable[NDArray[Any]]) -> NDArray[Any]:
    counts = np.zeros((len(watch.features), watch.bins))
    for row, (feature, values) in enumerate(zip(watch.features, columns, strict=True)):
        counts[row, : len(feature.counts)] = feature.count(values)
    return counts


def seconds(
    watch: Detector,
    rng: np.random.Generator,
    number: int,
    start: int = 0,
    *,
    shift: float = 0.0,
    kind: list[float] | None = None,
) -> list[tuple[int, Change]]:
    """Feed so many seconds of 100 rows; what is told, as (second, change)."""
    told = []
    for second in range(start, start + number):
        ages = rng.normal(size=100) + shift
        kinds = rng.choice(["yes", "no", "maybe"], 100, p=kind or [0.5, 0.3, 0.2]).astype(object)
        told += [(second, change) for change in watch.update(counted(watch, [ages, kinds]), second, second + 1)]
    return told


class TestDetection:
    def test_nothing_is_told_of_an_hour_in_which_nothing_changes(self) -> None:
        watch = detector(AGE, KIND)
        assert seconds(watch, np.random.default_rng(1), 3600) == []
        assert watch.drifting == {}

    @pytest.mark.parametrize(("shift", "limit"), [(1.0, 10), (-1.0, 10), (0.5, 60)])
    def test_shifts_are_found_in_time_and_dated(self, shift: float, limit: int) -> None:
        for seed in range(10):
            watch, rng = detector(AGE, KIND), np.random.default_rng(seed)
            assert seconds(watch, rng, 60) == []
            ((second, change),) = seconds(watch, rng, limit, 60, shift=shift)
            assert second < 60 + limit
            assert abs(change.since - 60) <= 10
            assert (change.feature, change.is_over) == ("age", False)
            assert change.psi > MATERIAL_PSI

    def test_one_class_only(self) -> None:
        watch, rng = detector(AGE, KIND), np.random.default_rng(2)
        seconds(watch, rng, 30)
        ((second, change),) = seconds(watch, rng, 10, 30, kind=[1.0, 0.0, 0.0])
        assert (change.feature, change.what) == ("kind", "more values are yes")
        assert second <= 36

    def test_a_unit_error_a_new_code_and_a_missing_feed(self) -> None:
        ages = np.random.default_rng(4).normal(size=100)
        kinds = np.array(["yes", "no"] * 50, dtype=object)
        broken = {
            "values that the baseline never had": (np.where(np.arange(100) % 3 == 0, ages * 100, ages), kinds),
            "more values are missing": (np.where(np.arange(100) % 4 == 0, np.nan, ages), kinds),
        }
        for what, columns in broken.items():
            watch = detector(AGE, KIND)
            told = [change for at in range(10) for change in watch.update(counted(watch, columns), at, at + 1)]
            assert ("age", what) in {(change.feature, change.what) for change in told}
        watch = detector(AGE, KIND)
        new = np.where(np.arange(100) % 10 == 0, "RELP_20", kinds).astype(object)
        told = [change for at in range(10) for change in watch.update(counted(watch, [ages, new]), at, at + 1)]
        assert [(change.feature, change.what) for change in told if change.what.endswith("had")] == [
            ("kind", "values that the baseline never had")
        ]

    def test_one_change_is_told_once_and_its_end_once(self) -> None:
        watch, rng = detector(AGE, KIND), np.random.default_rng(5)
        seconds(watch, rng, 30)
        told = seconds(watch, rng, 600, 30, shift=1.0)
        assert len(told) == 1
        assert watch.drifting == {"age": told[0][1].what}
        ((second, over),) = seconds(watch, rng, 60, 630)
        assert over.is_over
        assert second < 640
        assert watch.drifting == {}
        assert seconds(watch, rng, 600, 690) == []
        ((_, again),) = seconds(watch, rng, 30, 1290, shift=1.0)
        assert not again.is_over

    def test_a_silent_second_is_no_look(self) -> None:
        watch = detector(AGE, KIND)
        before = watch.state()
        assert watch.update(np.zeros((2, watch.bins)), 0, 1) == []
        assert watch.state() == before


class TestState:
    def test_a_detector_that_is_restored_says_what_the_other_would_have_said(self) -> None:
        one, other = detector(AGE, KIND), detector(AGE, KIND)
        told = seconds(one, np.random.default_rng(6), 20) + seconds(one, np.random.default_rng(7), 40, 20, shift=0.7)
        first, second = np.random.default_rng(6), np.random.default_rng(7)
        seconds(other, first, 20)
        moved = detector(AGE, KIND)
        moved.restore(json.loads(json.dumps(other.state())), "state.json")
        assert seconds(moved, second, 40, 20, shift=0.7) == told
        assert told

    def test_two_hundred_features_fit(self) -> None:
        features = [FeatureBins.of_numbers(f"feature {number}", RNG.normal(size=1000)) for number in range(200)]
        assert len(json.dumps(detector(*features).state())) < 300_000

    def test_states_of_other_features_are_refused(self) -> None:
        with pytest.raises(InputError, match="state of other features"):
            detector(AGE).restore(detector(KIND).state(), "state.json")
        state = detector(AGE).state() | {"calm": "AAAA"}
        with pytest.raises(InputError, match="no state of this detector: calm"):
            detector(AGE).restore(state, "state.json")

    @pytest.mark.parametrize("arguments", [{"dispersion": 0.5}, {"false_alarms_per_year": 0}, {"looks_per_year": -1}])
    def test_arguments_that_make_no_sense(self, arguments: dict[str, float]) -> None:
        with pytest.raises(InputError, match="must be 1 or more"):
            Detector([AGE], **({"looks_per_year": 1, "false_alarms_per_year": 1} | arguments))  # type: ignore[arg-type]

    def test_counts_of_another_shape(self) -> None:
        with pytest.raises(InputError, match="for 1 features"):
            detector(AGE).update(np.zeros((1, 3)), 0, 1)
