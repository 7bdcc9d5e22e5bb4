"""The chain that `python -m benchmarks rings` counts at, and the measures of others that it is held beside."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import numpy as np
import pytest

from benchmarks import peer_rules, rings_peers, rough_look, warm_job
from benchmarks.chain import Alarm, Chain, declared_alarms
from benchmarks.rings import BASELINE_ROWS, Life
from benchmarks.row_worlds import Drift, Source, World
from benchmarks.warm_job import windows_at
from contract.monitor_kinds import DATA_QUALITY, MODEL_QUALITY
from drift_tools.job import drift_json, judge, judge_quality


def test_the_alarms_are_those_that_the_component_declares() -> None:
    found = {rule.metric: rule.request for rule in declared_alarms((DATA_QUALITY,))}
    assert set(found) == {"ConstraintViolations", "JobFailures"}
    rule = found["ConstraintViolations"]
    asked = ("Period", "Threshold", "EvaluationPeriods", "TreatMissingData", "Statistic")
    assert [rule[name] for name in asked] == [3600, 1, 1, "ignore", "Maximum"]
    assert len(declared_alarms((DATA_QUALITY, MODEL_QUALITY))) == 4


def test_one_episode_is_one_message_and_its_end_another(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    chain = Chain(tmp_path)
    chain.baseline(Source(World("plain", 2000), rng).block(0, 1))
    gross = Source(World("plain", 300), rng, Drift("gross", shift=3.0), since=2)
    rows = gross.block(0, 4)
    told = [[notice.state for notice in chain.window(hour, rows, hour)] for hour in range(4)]
    assert told == [[], [], ["ALARM"], []]
    calm = Source(World("plain", 300), rng).block(4, 1)
    assert [notice.state for notice in chain.window(4, calm, 0)] == ["OK"]
    first = chain.notices[0]
    assert first.subject == "[WARNING] churn: 1 feature drifted (score)"
    assert "Data      2024-01-01 02:00–03:00 UTC, 300 rows" in first.body


def test_what_a_year_of_runs_keeps_is_kept_for_those_runs_alone(tmp_path: Path) -> None:
    def product() -> list[object]:
        named = (drift_json, "baseline_rows"), (drift_json, "compare"), (judge, "place_of"), (judge_quality, "place_of")
        return [vars(module)[name] for module, name in named]

    own = product()
    with warm_job.keeping():
        assert drift_json.baseline_rows is not own[0]
    chain = Chain(tmp_path)
    rows = Source(World("plain", 300), np.random.default_rng(1)).block(0, 1)
    chain.baseline(rows)
    chain.window(0, rows, 0)
    assert product() == own


def test_the_rough_look_counts_as_the_job_does(tmp_path: Path) -> None:
    life = Life.of(tmp_path, World("3 % empty", 300), 0, 24)
    assert life.training.sum() >= BASELINE_ROWS * len(life.history.bins)
    life.run(3, DATA_QUALITY)
    store = windows_at(life.chain.windows())
    (name,) = store.names("2", "3")
    assert json.loads(store.get(name))["counts"] == life.history.counts[3].tolist()


def test_an_alarm_holds_its_state_between_runs() -> None:
    (rule,) = [rule for rule in declared_alarms((DATA_QUALITY,)) if rule.metric == "ConstraintViolations"]
    alarm, start = Alarm(rule), datetime(2026, 1, 1, tzinfo=UTC)
    assert alarm.put(start, 2.0) == ("INSUFFICIENT_DATA", "ALARM")
    assert alarm.put(start + timedelta(days=1), 1.0) is None
    assert alarm.put(start + timedelta(days=2), 0.0) == ("ALARM", "OK")


def test_the_others_measures_are_those_of_the_rules_that_were_held_against_them() -> None:
    rng = np.random.default_rng(2)
    before, after = np.sort(rng.normal(size=3000)), rng.normal(0.3, 1, size=(2, 600))
    ours = rings_peers.wasserstein(before, after)
    theirs = [peer_rules.NUMERICAL["Wasserstein"].score(before, window) for window in after]
    assert ours == pytest.approx(theirs, rel=0.02)
    shares, codes = np.array([0.5, 0.3, 0.2]), rng.choice(3, (1, 500), p=[0.4, 0.4, 0.2])
    first = np.repeat([0, 1, 2], (shares * 1000).astype(int))
    counts = np.bincount(codes[0], minlength=3)[None].astype(float)
    expected = peer_rules.CATEGORICAL["Jensen-Shannon"].score(first, codes[0])
    assert rings_peers.jensen_shannon(shares, counts)[0] == pytest.approx(expected)


def test_while_learning_what_is_gross_is_looked_at() -> None:
    counts = np.zeros((30, 1, 14), dtype=np.int64)
    counts[:, 0, :10] = 30
    training = counts[:1].sum(0)
    assert not rough_look.while_learning(counts, training).any()
    counts[7, 0, :10], counts[7, 0, 11] = 15, 150
    assert np.flatnonzero(rough_look.while_learning(counts, training)).tolist() == [7]


def test_the_rough_look_at_model_quality_keeps_what_the_job_does(tmp_path: Path) -> None:
    life = Life.of(tmp_path, World("plain", 300, has_quality=True), 0, 24)
    assert life.quality is not None
    life.run(3, MODEL_QUALITY)
    store = windows_at(life.chain.windows(MODEL_QUALITY))
    (name,) = store.names("2", "3")
    assert json.loads(store.get(name)) == life.quality.record(3)
