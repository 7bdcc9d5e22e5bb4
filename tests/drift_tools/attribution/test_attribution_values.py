"""SHAP values against the definition itself, rankings against scikit-learn."""

from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from sklearn.ensemble import GradientBoostingRegressor, RandomForestClassifier
from sklearn.metrics import ndcg_score

from drift_tools.errors import InputError
from drift_tools.monitors.attribution.exact import linear_shap, tree_shap
from drift_tools.monitors.attribution.importance import Aggregation, global_importance, ndcg
from drift_tools.monitors.attribution.permutation import permutation_shap
from tests.drift_tools.attribution.definition import by_definition, score

RNG = np.random.default_rng(5)
ROWS = RNG.normal(size=(40, 5))
BACKGROUND = RNG.normal(size=(6, 5))


class TestPermutation:
    def test_values_add_up_to_the_score(self) -> None:
        values = permutation_shap(score, ROWS, BACKGROUND[:1], permutations=1)
        np.testing.assert_allclose(values.sum(axis=1), score(ROWS) - score(BACKGROUND[:1]), atol=1e-12)

    def test_an_additive_model_is_exact_with_one_order(self) -> None:
        weights = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
        values = permutation_shap(lambda rows: rows @ weights, ROWS, BACKGROUND[:1], permutations=1)
        np.testing.assert_allclose(values, linear_shap(weights, ROWS, BACKGROUND[:1]), atol=1e-12)

    def test_pairwise_interactions_are_exact_too(self) -> None:
        """Forwards and backwards a pair of features is met in both orders: what makes the pair of walks worth it."""
        values = permutation_shap(score, ROWS, BACKGROUND[:1], permutations=1)
        np.testing.assert_allclose(values, by_definition(score, ROWS, BACKGROUND[:1]), atol=1e-12)

    def test_many_orders_come_near_the_definition_where_more_features_interact(self) -> None:
        def triple(rows: NDArray[Any]) -> NDArray[Any]:
            return np.asarray(rows[:, 0] * rows[:, 1] * rows[:, 2] * rows[:, 3])

        exact = by_definition(triple, ROWS, BACKGROUND[:1])
        errors = [
            np.abs(permutation_shap(triple, ROWS, BACKGROUND[:1], permutations=number) - exact).mean()
            for number in (1, 60)
        ]
        assert errors[1] < errors[0] / 3

    def test_texts_are_features_too(self) -> None:
        rows = np.array([["a", 1.0], ["b", 2.0]], dtype=object)
        background = np.array([["a", 0.0]], dtype=object)

        def lengths(cells: NDArray[Any]) -> NDArray[Any]:
            return np.array([float(text == "b") * 10 + number for text, number in cells])

        assert permutation_shap(lengths, rows, background, permutations=1).tolist() == [[0.0, 1.0], [10.0, 2.0]]

    def test_the_model_is_asked_for_what_a_step_changes(self) -> None:
        rows = np.array([["a", 1.0], ["b", 2.0]], dtype=object)
        background = np.array([["a", 0.0]], dtype=object)
        asked: list[list[list[Any]]] = []

        def lengths(cells: NDArray[Any]) -> NDArray[Any]:
            asked.append(cells.tolist())
            return np.array([float(text == "b") * 10 + number for text, number in cells])

        permutation_shap(lengths, rows, background, permutations=1)
        assert asked[:2] == [[["a", 1.0], ["b", 2.0]], [["a", 0.0], ["a", 0.0]]]  # where the ways end and begin
        # The first row has the background's text already.
        assert sorted(asked[2:]) == [[["a", 1.0], ["a", 2.0]], [["b", 0.0]]]

    def test_progress_is_told(self) -> None:
        told = []
        permutation_shap(score, ROWS, BACKGROUND, permutations=2, progress=lambda *at: told.append(at))
        assert told == [(1, 2), (2, 2)]


class TestExact:
    @pytest.mark.parametrize("seed", [0, 1])
    def test_a_forest_equals_the_definition(self, seed: int) -> None:
        labels = (score(ROWS) > 0).astype(int)
        forest = RandomForestClassifier(3, max_depth=4, random_state=seed).fit(ROWS, labels)
        values = sum(tree_shap(one.tree_, ROWS, BACKGROUND, output=1) for one in forest.estimators_) / 3
        expected = by_definition(lambda rows: forest.predict_proba(rows)[:, 1], ROWS, BACKGROUND)
        np.testing.assert_allclose(values, expected, atol=1e-10)

    def test_boosted_trees_equal_the_definition(self) -> None:
        model = GradientBoostingRegressor(n_estimators=4, max_depth=3, random_state=0).fit(ROWS, score(ROWS))
        values = model.learning_rate * sum(tree_shap(one[0].tree_, ROWS, BACKGROUND) for one in model.estimators_)
        np.testing.assert_allclose(values, by_definition(model.predict, ROWS, BACKGROUND), atol=1e-10)

    def test_a_linear_model_equals_the_definition(self) -> None:
        weights = np.array([1.0, -2.0, 0.5, 0.0, 3.0])
        expected = by_definition(lambda rows: rows @ weights + 7, ROWS, BACKGROUND)
        np.testing.assert_allclose(linear_shap(weights, ROWS, BACKGROUND), expected, atol=1e-12)


class TestImportance:
    values = np.array([[1.0, -2.0], [-3.0, -4.0]])

    @pytest.mark.parametrize(
        ("aggregation", "expected"), [("mean_abs", [2.0, 3.0]), ("mean_sq", [5.0, 10.0]), ("median", [-1.0, -3.0])]
    )
    def test_aggregations(self, aggregation: Aggregation, expected: Any) -> None:
        assert global_importance(self.values, aggregation).tolist() == expected

    def test_another_word_is_refused(self) -> None:
        with pytest.raises(InputError, match="one of mean_abs, mean_sq, median"):
            global_importance(self.values, cast("Aggregation", "mean"))


class TestNdcg:
    @pytest.mark.parametrize(
        ("baseline", "current", "expected"),
        [
            ([0.7, 0.5, 0.05], [0.1, 0.2, 0.7], 0.687639624122622),  # the guide's example, there "0.69"
            ([0.7, 0.5, 0.05], [7, 5, 0.5], 1.0),
            ([0.7, 0.5, 0.05], [0.2, 0.2, 0.7], 0.7002233985961953),
            ([0.7, 0.5, 0.05], [1, 1, 1], 0.8533564343511142),
            ([0.5, 0.5, 0.05], [0.1, 0.2, 0.7], 0.7322910139201899),
            ([0, 0, 0], [1, 2, 3], 1.0),
            ([0.7], [0.1], 1.0),
        ],
    )
    def test_known_values(self, baseline: list[float], current: list[float], expected: Any) -> None:
        assert ndcg(np.array(baseline, float), np.array(current, float)) == pytest.approx(expected, abs=1e-14)

    def test_negative_medians_count_by_their_size(self) -> None:
        one, other = np.array([0.7, -0.5, 0.05]), np.array([0.1, -0.2, 0.7])
        assert ndcg(one, other) == ndcg(np.abs(one), np.abs(other))

    numbers = st.lists(st.integers(0, 5), min_size=2, max_size=12)

    @given(st.data(), numbers)
    def test_it_equals_scikit_learn(self, data: st.DataObject, baseline: list[float]) -> None:
        current = data.draw(st.lists(st.integers(0, 5), min_size=len(baseline), max_size=len(baseline)))
        if any(baseline):
            expected = ndcg_score([baseline], [current])
            assert ndcg(np.array(baseline, float), np.array(current, float)) == pytest.approx(expected, abs=1e-12)
