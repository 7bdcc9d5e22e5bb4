"""The classifier sees what no single column shows, and nothing where there is nothing."""

import io

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pytest
from numpy.typing import NDArray
from scipy import stats
from sklearn.metrics import roc_auc_score

from drift_tools import compare
from drift_tools.errors import InputError
from drift_tools.significance import MultivariateTest, two_sample_test
from drift_tools.significance import classifier_test as multivariate
from drift_tools.significance.classifier_test import _area


def correlated(rng: np.random.Generator, rows: int, rho: float, columns: int = 6) -> dict[str, NDArray[np.float64]]:
    """Standard normal columns, of which the second and the fourth have a correlation of rho."""
    values = rng.normal(size=(columns, rows))
    values[3] = rho * values[1] + np.sqrt(1 - rho**2) * values[3]
    return {f"x{index}": column for index, column in enumerate(values)}


def test_a_correlation_that_turned_round_is_found_where_no_column_changed() -> None:
    rng = np.random.default_rng(1)
    before, after = correlated(rng, 500, 0.8), correlated(rng, 500, -0.8)
    assert not compare(before, after).drifted
    assert min(stats.ks_2samp(before[name], after[name]).pvalue for name in before) > 0.01
    test = two_sample_test(before, after, permutations=199)
    assert test.p_value == 1 / 200
    assert test.statistic > 0.75
    assert 0.4 < test.columns_alone < 0.6
    assert test.strongest == ("x1", "x3")


def test_a_correlation_that_got_lost_is_found_among_twenty_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(2)
    test = two_sample_test(correlated(rng, 800, 0.8, 20), correlated(rng, 800, 0.0, 20), permutations=99)
    assert test.p_value == 0.01
    assert test.strongest == ("x1", "x3")
    monkeypatch.setattr(multivariate, "_FEATURES_AT_ONCE", 7)  # instead of all of them
    again = two_sample_test(correlated(rng, 800, 0.8, 20), correlated(rng, 800, 0.0, 20), permutations=99)
    assert again.strongest == ("x1", "x3")


def test_the_level_is_kept_without_any_difference() -> None:
    found = []
    for seed in range(60):
        rng = np.random.default_rng(seed)
        tables = []
        for rows in (60, 90):
            table: dict[str, object] = dict(correlated(rng, rows, 0.9, 4))
            table["code"] = rng.choice(list("abc"), rows)
            tables.append(table)
        found.append(two_sample_test(*tables, permutations=99, seed=seed).p_value)
    # 9 or more of 60 at a true level of 5 % would be less likely than 1 in 200
    assert np.sum(np.array(found) <= 0.05) < 9
    assert 0.4 < np.mean(found) < 0.6


def test_combinations_of_categories() -> None:
    rng = np.random.default_rng(3)
    first, other = rng.choice(["a", "b"], (2, 600))
    before = {"country": first, "currency": first}
    after = {"country": other, "currency": np.where(other == "a", "b", "a")}
    test = two_sample_test(before, after, permutations=99)
    assert (test.p_value, test.strongest) == (0.01, ("country", "currency"))
    assert test.statistic == 1.0


def test_values_that_go_missing_together() -> None:
    rng = np.random.default_rng(4)

    def table(together: bool) -> dict[str, object]:
        first = rng.random(600) < 0.4
        second = first if together else rng.random(600) < 0.4
        x, y = rng.normal(size=(2, 600))
        return {"x": np.where(first, np.nan, x), "y": np.where(second, np.nan, y)}

    assert two_sample_test(table(False), table(True), permutations=99).p_value == 0.01
    assert two_sample_test(table(True), table(True), permutations=99).p_value > 0.05


def test_an_outlier_blinds_nobody_and_alarms_nobody() -> None:
    rng = np.random.default_rng(5)
    before, after = correlated(rng, 400, 0.9), correlated(rng, 400, -0.9)
    before["x1"][0] = 1e300
    assert two_sample_test(before, after, permutations=99).p_value == 0.01
    same = correlated(rng, 400, 0.9)
    assert two_sample_test(before, same, permutations=99).p_value > 0.05


def test_larger_tables_are_drawn_from() -> None:
    rng = np.random.default_rng(6)
    before, after = correlated(rng, 5000, 0.8), correlated(rng, 300, -0.8)
    test = two_sample_test(before, after, rows=200, permutations=99)
    assert (test.baseline_rows, test.current_rows, test.permutations) == (200, 200, 99)
    assert test == two_sample_test(before, after, rows=200, permutations=99)
    assert test.statistic != two_sample_test(before, after, rows=200, permutations=99, seed=1).statistic


def test_columns_that_hold_nothing_harm_nothing() -> None:
    rng = np.random.default_rng(7)
    x, y = rng.normal(size=(2, 200))
    odd = {"constant": np.ones(200), "empty": np.full(200, np.nan), "infinite": np.where(x > 0, np.inf, x)}
    test = two_sample_test({"x": x, **odd}, {"x": y, **odd}, permutations=99)
    assert 0 < test.p_value <= 1
    alone = two_sample_test({"constant": np.ones(200)}, {"constant": np.ones(200)}, permutations=99)
    assert alone == MultivariateTest(0.5, 1.0, 0.5, None, 200, 200, 99)


def test_a_code_that_became_text_is_compared_as_a_category() -> None:
    rng = np.random.default_rng(8)
    codes = rng.integers(0, 3, 300)
    test = two_sample_test({"code": codes}, {"code": np.where(codes == 0, "x", codes.astype(str))}, permutations=99)
    assert test.p_value == 0.01


def test_the_area_is_scikit_learns() -> None:
    rng = np.random.default_rng(9)
    scores = np.round(rng.normal(size=(50, 3)), 1)
    positive = rng.random((50, 3)) < 0.4
    expected = [roc_auc_score(positive[:, column], scores[:, column]) for column in range(3)]
    assert _area(scores, positive) == pytest.approx(expected)
    assert _area(scores, np.ones((50, 3), dtype=bool)) == pytest.approx([0.5] * 3)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"rows": 10}, "rows is 10"),
        ({"permutations": 10}, "permutations is 10"),
        ({"columns": ["z"]}, "column 'z' is not in the baseline"),
        ({"columns": []}, "columns is empty"),
    ],
)
def test_what_cannot_be_tested_is_refused(arguments: dict[str, object], message: str) -> None:
    table = {"x": np.arange(100.0)}
    with pytest.raises(InputError, match=message):
        two_sample_test(table, table, **arguments)  # type: ignore[arg-type] # wrong on purpose


def test_tables_that_cannot_be_compared_are_refused() -> None:
    with pytest.raises(InputError, match="share no column"):
        two_sample_test({"x": np.arange(100.0)}, {"y": np.arange(100.0)})
    with pytest.raises(InputError, match="the current data has 3 rows"):
        two_sample_test({"x": np.arange(100.0)}, {"x": np.arange(3.0)})
    with pytest.raises(InputError, match="column 'y' is not in the current data"):
        two_sample_test({"x": np.arange(100.0), "y": np.arange(100.0)}, {"x": np.arange(100.0)}, columns=["y"])


def test_together_the_columns_are_read_as_each_is_by_itself() -> None:
    """Truths as 0 and 1, words for missing among numbers, and the last place of a double are no difference."""
    rng = np.random.default_rng(6)
    numbers = rng.integers(1, 9, 400)
    texts = pa.csv.read_csv(
        io.BytesIO("\n".join(["x,flag", *(f"{n / 10 if n > 2 else 'NA'},{n % 2}" for n in numbers)]).encode()),
        convert_options=pa.csv.ConvertOptions(null_values=[], column_types={"x": pa.string()}),
    )
    spelt = {"x": [None if n <= 2 else float(n) * 0.1 for n in numbers], "flag": [bool(n % 2) for n in numbers]}
    plain = {"x": [None if n <= 2 else n / 10 for n in numbers.tolist()], "flag": numbers % 2}
    found, same = (
        compare(before, after, multivariate=True, kinds={"x": "numerical"}).multivariate
        for before, after in ((texts, spelt), (plain, plain))
    )
    assert found == same
    assert found is not None
    assert found.p_value > 0.3
