"""Days that pandas, JSON and people write differently, where they are categories: in the monitor's files."""

import numpy as np
import pytest

from drift_tools.comparison import compare_with_profile
from drift_tools.monitors.data_quality import evaluate, suggest
from drift_tools.profiles import Profile
from drift_tools.timeline import bins_of, counts_of
from tests.drift_tools.comparison.sides import csv, only

DAYS = [f"2026-01-{1 + number % 5:02}" for number in range(400)]
SPELLINGS = {
    "JSON": [f"{day}T00:00:00Z" for day in DAYS],
    "Python": [f"{day}T00:00:00+00:00" for day in DAYS],
    "pandas": [f"{day} 00:00:00+00:00" for day in DAYS],
    "people": DAYS,
}


@pytest.mark.parametrize("after", SPELLINGS)
@pytest.mark.parametrize("before", SPELLINGS)
def test_a_day_is_the_same_category_in_any_spelling(before: str, after: str) -> None:
    profile, window = Profile.of(csv(*SPELLINGS[before])), Profile.of(csv(*SPELLINGS[after]))
    baseline = profile.statistics()
    found = evaluate(csv(*SPELLINGS[after]), suggest(baseline), baseline)
    assert (found.violations, found.distances) == ((), {"x": 0.0})
    feature = only(compare_with_profile(profile, window))
    assert (feature.psi, feature.verdict) == (0.0, "no drift")
    bins = bins_of([profile], {"x": "categorical"})
    assert np.array_equal(counts_of(window, bins), counts_of(profile, bins))


def test_another_day_is_another_category() -> None:
    later = [*SPELLINGS["JSON"][:200], *["2026-01-01T00:00:01Z"] * 200]
    feature = only(compare_with_profile(Profile.of(csv(*DAYS)), Profile.of(csv(*later))))
    assert (feature.verdict, feature.new_categories) == ("drift", ("2026-01-01T00:00:01Z",))


@pytest.mark.parametrize("odd", ["2026-02-30", "tomorrow", "2026-01-01x"])
def test_beside_a_text_that_is_no_day_all_stay_as_they_are(odd: str) -> None:
    feature = only(compare_with_profile(Profile.of(csv(*DAYS, odd)), Profile.of(csv(*SPELLINGS["JSON"]))))
    assert feature.verdict == "drift"
