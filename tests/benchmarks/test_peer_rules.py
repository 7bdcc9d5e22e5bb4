"""The peers' rules, as written down here, say what the peers themselves said of the same kind of data.

The figures are of runs of evidently 0.7.23, whylogs 1.6.4 and scipy on 20,000 normal rows a side.
"""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.calibration import Share
from benchmarks.peer_rules import CATEGORICAL, NUMERICAL
from benchmarks.shared.features import ALL, categories, rows_of
from benchmarks.shared.publishing import markdown_table, publish

ROWS = 20_000


def test_one_outlier_in_the_baseline_hides_a_shift_from_bins_of_equal_width() -> None:
    rng = np.random.default_rng(1)
    before, after = rng.normal(size=ROWS), rng.normal(1, size=ROWS)
    before[0] = 1e6
    assert NUMERICAL["PSI"].score(before, after) == pytest.approx(0.022, abs=0.005)
    assert NUMERICAL["Jensen-Shannon"].score(before, after) == pytest.approx(0.004, abs=0.001)
    assert NUMERICAL["Wasserstein"].score(before, after) < 0.1
    assert NUMERICAL["Hellinger"].score(before, after) == pytest.approx(0.005, abs=0.001)
    assert NUMERICAL["KS"].score(before, after) > 100
    assert NUMERICAL["PSI, deciles"].score(before, after) == pytest.approx(1.0, abs=0.1)


def test_undrifted_rows_by_the_usual_limit_of_psi() -> None:
    """87 % of undrifted samples of 100 against 100 rows: 1,000 repetitions of Evidently's own function."""
    rule = NUMERICAL["PSI"]
    rng = np.random.default_rng(2)
    alarms = sum(rule.score(rng.normal(size=100), rng.normal(size=100)) >= rule.limit for _ in range(300))
    assert alarms / 300 == pytest.approx(0.873, abs=0.06)


@pytest.mark.parametrize(("levels", "expected"), [(5, 0.327), (10, 0.50), (20, 0.757)])
def test_undrifted_categories_by_the_one_sample_test(levels: int, expected: float) -> None:
    draw = categories(np.full(levels, 1 / levels))
    one, two = CATEGORICAL["chi-squared, one sample"], CATEGORICAL["chi-squared, two samples"]
    rng = np.random.default_rng(levels)
    pairs = [(draw(rng, 1000), draw(rng, 1000)) for _ in range(200)]
    assert np.mean([one.score(*pair) >= one.limit for pair in pairs]) == pytest.approx(expected, abs=0.11)
    assert np.mean([two.score(*pair) >= two.limit for pair in pairs]) < 0.1


def test_every_kind_of_feature_can_be_drawn() -> None:
    table = rows_of(ALL, np.random.default_rng(3), 500)
    assert {len(values) for values in table.values()} == {500}
    assert np.mean(table["zero-inflated (90 % zeros)"] == 0) == pytest.approx(0.9, abs=0.05)
    assert np.mean(table["2 categories, 1 in 100"] == "c1") < 0.05


def test_an_interval_of_a_share() -> None:
    low, high = Share(5, 100).interval
    assert (low, high) == pytest.approx((0.01643, 0.11284), abs=1e-4)  # Clopper and Pearson 1934
    assert Share(0, 10).interval == pytest.approx((0.0, 0.30850), abs=1e-4)


def test_publishing_replaces_a_section_and_nothing_else(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n<!-- a -->\nold\n<!-- /a -->\nrest\n", encoding="utf-8")
    publish(page, {"a": markdown_table(["x"], [["1"]])})
    assert page.read_text(encoding="utf-8") == "# Page\n<!-- a -->\n| x |\n| :-- |\n| 1 |\n<!-- /a -->\nrest\n"
    with pytest.raises(ValueError, match="has no single <!-- b -->"):
        publish(page, {"b": ""})
