"""A stream's bins out of statistics.json, and a detector that knows the hours of the day."""

import json
from typing import Any

import numpy as np
import pytest

from drift_tools.errors import InputError
from drift_tools.profiles import Profile
from drift_tools.stream import Detector, Episode, FeatureBins, StreamBaseline, StreamCounts, Tally, follow
from drift_tools.tables import as_table


def statistics(columns: Any) -> dict[str, Any]:
    return Profile.of(as_table(columns)).statistics().to_dict()


def test_bins_of_statistics_are_those_of_the_rows() -> None:
    rng = np.random.default_rng(0)
    values = rng.normal(size=2000)  # the sketch of so few is the data
    kinds = rng.choice(["a", "b", "c"], 2000, p=[0.5, 0.497, 0.003])
    flags = rng.integers(0, 2, 2000)
    made = StreamBaseline.of_statistics(statistics({"x": values, "kind": kinds, "flag": flags}))
    x, kind, flag = made.features
    rows = FeatureBins.of_numbers("x", values)
    assert x.edges == pytest.approx(rows.edges, abs=0.005)  # a rank that rounding moves by one
    assert x.counts == pytest.approx(rows.counts, abs=1)
    assert (set(kind.categories), kind.others) == ({"a", "b"}, frozenset({"c"}))
    assert kind.counts.sum() == 2000
    assert flag.counts.tolist() == [*np.bincount(flags).tolist(), 0, 0]
    again = StreamBaseline.from_dict(json.loads(json.dumps(made.to_dict())), "stream.json")
    assert again.to_dict() == made.to_dict()


def test_a_compacted_sketch_is_near_the_rows() -> None:
    values = np.random.default_rng(1).lognormal(size=50_000)
    made = StreamBaseline.of_statistics(statistics({"x": values})).features[0]
    shares = made.count(values) / len(values)
    assert made.counts.sum() == pytest.approx(50_000)
    assert shares[:-2] == pytest.approx(np.full(10, 0.1), abs=0.01)
    assert shares[-1] == 0  # the ends are the exact ones


def test_categories_that_the_file_does_not_list_are_not_new() -> None:
    document = statistics({"kind": np.array(["a"] * 50 + ["b"] * 50)})
    document["features"][0]["string_statistics"]["distinct_count"] = 5000.0
    feature = StreamBaseline.of_statistics(document).features[0]
    assert feature.count(np.array(["a", "zebra", None], dtype=object)).tolist() == [1, 0, 1, 1, 0]


@pytest.mark.parametrize(
    ("document", "message"),
    [
        ({"features": []}, "has statistics of no feature"),
        ({"features": [{"name": "x", "inferred_type": "String"}]}, "neither distributions nor categories"),
        (
            {
                "features": [
                    {
                        "name": f"f{at}",
                        "inferred_type": "String",
                        "string_statistics": {
                            "common": {"num_present": 2, "num_missing": 0},
                            "distribution": {"categorical": {"buckets": [{"value": "a", "count": 2}]}},
                        },
                    }
                    for at in range(2001)
                ]
            },
            "has 2,001 features and a stream's state holds 2,000",
        ),
    ],
)
def test_what_cannot_be_a_baseline_is_said(document: Any, message: str) -> None:
    with pytest.raises(InputError, match=message):
        StreamBaseline.of_statistics(document)


def test_day_and_night_are_no_change_where_the_baseline_has_hours() -> None:
    """Three days of a feature that moves by two standard deviations between day and night, at one look a minute."""
    rng = np.random.default_rng(2)
    level = 2.0 * np.cos(2 * np.pi * np.arange(24) / 24)
    base = {hour: rng.normal(level[hour], 1, 4000) for hour in range(24)}
    whole = FeatureBins.of_numbers("x", np.concatenate(list(base.values())))
    hours = [[whole.counted(base[hour])] for hour in range(24)]
    told: dict[bool, list[Any]] = {}
    for knows in (True, False):
        detector = Detector([whole], looks_per_year=525_600, false_alarms_per_year=0.5, hours=hours if knows else None)
        told[knows] = []
        for minute in range(3 * 1440):
            hour = minute // 60 % 24
            counts = whole.count(rng.normal(level[hour], 1, 60))[None, :]
            told[knows] += detector.update(counts, minute * 60.0, minute * 60.0 + 60)
    assert told[True] == []
    assert told[False] != []
    # And a change of the night's level is one.
    detector = Detector([whole], looks_per_year=525_600, false_alarms_per_year=0.5, hours=hours)
    found = [
        change
        for minute in range(10)
        for change in detector.update(
            whole.count(rng.normal(level[3] + 1.5, 1, 60))[None, :],
            3 * 3600 + minute * 60.0,
            3 * 3600 + minute * 60.0 + 60,
        )
    ]
    assert [change.what for change in found] == ["values are higher"]


def test_hours_are_all_or_none() -> None:
    feature = FeatureBins.of_numbers("x", np.arange(100.0))
    with pytest.raises(InputError, match="3 hours of a baseline: give all 24"):
        Detector([feature], looks_per_year=1.0, false_alarms_per_year=1.0, hours=[[feature]] * 3)


def counts_of(feature: FeatureBins, values: Any) -> StreamCounts:
    counts = StreamCounts.of([feature])
    counts.counts[0] = feature.count(values)
    counts.records = counts.rows = len(values)
    return counts


def test_shards_together_say_what_one_shard_would() -> None:
    feature = FeatureBins.of_numbers("x", np.random.default_rng(3).normal(size=5000))
    rng = np.random.default_rng(4)
    one, many = (Tally(StreamBaseline([feature]), window_seconds=10, false_alarms_per_year=1.0) for _ in range(2))
    looked: dict[str, list[Any]] = {"one": [], "many": []}
    for window in range(30):
        values = rng.normal(1.0 if window >= 20 else 0.0, 1, 200)
        one.add("only", window * 10, counts_of(feature, values), str(window + 1))
        looked["one"] += one.looks()
        for shard, part in enumerate(np.array_split(rng.permutation(values), 4)):
            many.add(str(shard), window * 10, counts_of(feature, part), str(window + 1))
            again = Tally(StreamBaseline([feature]), window_seconds=10, false_alarms_per_year=1.0)
            again.restore(json.loads(json.dumps(many.state())), "state")  # another execution environment
            many = again
            looked["many"] += many.looks()
    assert [(look.start, look.changes) for look in looked["one"]] == [
        (look.start, look.changes) for look in looked["many"]
    ]
    assert [change.since for look in looked["one"] for change in look.changes] == [200]


def test_one_break_is_one_episode_and_the_next_another() -> None:
    feature = FeatureBins.of_numbers("x", np.random.default_rng(5).normal(size=5000))
    tally = Tally(StreamBaseline([feature]), window_seconds=10, false_alarms_per_year=1.0)
    rng = np.random.default_rng(6)
    names: list[str] = []
    episode: Episode | None = None
    for window in range(90):
        shift = 1.5 if window % 30 >= 20 else 0.0
        tally.add("only", window * 10, counts_of(feature, rng.normal(shift, 1, 200)), str(window + 1))
        for look in tally.looks():
            episode = follow(episode, look.changes)
            if episode and episode.name not in names:
                names.append(episode.name)
            if episode:
                episode = Episode.from_dict(json.loads(json.dumps(episode.to_dict())))
    assert len(names) == 3
    assert episode is not None
    assert episode.is_open
