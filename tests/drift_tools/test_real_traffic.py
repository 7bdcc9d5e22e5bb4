"""Worlds that nobody drew: people in the streets of a city, of whom it is known what happened (real_traffic/README.md).

A row is a person, a tenth of those who were counted; its feature is the sensor that was passed. Rows depend on each
other as rows do: crowds, shops, rain.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from pyarrow import parquet

from drift_tools.timeline import MonitorModel, RunBudget, WindowHistory, judge
from drift_tools.timeline.bins import FeatureBins
from drift_tools.timeline.evidence import PartEvidence
from drift_tools.timeline.scores import VALUES, WIDTH
from drift_tools.timeline.sudden import runs_beyond, sudden_p_values, weighted_p_values

PEDESTRIANS = Path(__file__).parent / "real_traffic" / "auckland_pedestrians.parquet"
BUDGET = RunBudget(1.0, 8760.0, 1)


def moment(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp())


@pytest.fixture(scope="module")
def streets() -> WindowHistory:
    table = parquet.read_table(PEDESTRIANS)
    starts = np.array(table["hour"].to_numpy(), dtype="datetime64[s]").astype(np.int64)
    passed = np.stack([np.nan_to_num(table[name].to_numpy()) for name in table.column_names[1:]], 1)
    order = np.argsort(-passed.sum(0))
    people = np.round(passed[:, order] / 10).astype(np.int64)
    names = [table.column_names[1:][place] for place in order]
    counts = np.zeros((len(starts), 1, WIDTH), dtype=np.int64)
    counts[:, 0, : VALUES - 1], counts[:, 0, VALUES - 1] = people[:, : VALUES - 1], people[:, VALUES - 1 :].sum(1)
    feature = FeatureBins("sensor", is_numerical=False, categories=tuple(names[: VALUES - 1]), known=frozenset(names))
    return WindowHistory((feature,), 3600, starts, counts)


def between(streets: WindowHistory, first: str, end: str) -> WindowHistory:
    return streets.where((streets.starts >= moment(first)) & (streets.starts < moment(end)))


def test_four_weeks_in_which_nothing_is_known_do_not_even_leave_evidence(streets: WindowHistory) -> None:
    model = MonitorModel.fit(between(streets, "2023-02-06", "2023-03-06"))
    assert model.seasons == {"categorical": "hour_of_day_and_weekend"}
    weeks = between(streets, "2023-03-06", "2023-04-03").filled()
    assert len(weeks) == 4 * 168
    [part] = model.parts
    evidence = PartEvidence(part, weeks, BUDGET)
    p_values, _ = weighted_p_values(part.model, sudden_p_values(part.model, evidence.scores))
    assert not (p_values <= BUDGET.sudden_level).any()
    assert not runs_beyond(part.model, evidence.scores.z, evidence.run_length).any()
    assert not (evidence.cumulative()[0] >= BUDGET.cumulative_threshold).any()
    assert not (evidence.rare()[0] >= 1).any()


def test_the_day_on_which_a_city_stays_at_home_is_found_and_dated(streets: WindowHistory) -> None:
    model = MonitorModel.fit(between(streets, "2020-02-10", "2020-03-09"))
    spring = between(streets, "2020-02-10", "2020-03-30")

    def states(hours: Sequence[str]) -> list[str]:
        return [judge(model, spring, moment(hour), BUDGET)["sensor"].state for hour in hours]

    assert states([f"2020-03-{day}T12:00" for day in (10, 13, 16)]) == ["no drift"] * 3
    # Some stayed at home before they had to: known to move, not yet material, and rung for nobody.
    assert states([f"2020-03-{day}T12:00" for day in (19, 20)]) == ["growing"] * 2
    found = judge(model, spring, moment("2020-03-25T11:00"), BUDGET)["sensor"]
    assert (found.state, found.effect > 0.5) == ("drift", True)
    assert found.since is not None
    assert moment("2020-03-23") <= found.since <= moment("2020-03-25T12:00")
