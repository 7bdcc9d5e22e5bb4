"""A model's quality judged by windows: hours that remember and stray do not ring, what accumulates does, and once."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy import stats
from scipy.signal import lfilter
from scipy.special import ndtr

from contract.new_normal import NewNormal
from drift_tools.errors import InputError
from drift_tools.monitors import model_quality as mq
from drift_tools.monitors.model_quality import Outcomes, QualityConstraints
from drift_tools.monitors.model_quality.calibrated import baseline_ratio, metric_tests
from drift_tools.monitors.model_quality.over_windows import QualityVerdict, Spread, judge_quality, memory_of
from drift_tools.monitors.model_quality.quality_windows import QualityLesson, QualityWindows, record_of_quality
from drift_tools.timeline import RunBudget

HOURS, ROWS = 6 * 3600, 200  # of which a week has 28
NAMES = np.array(["0", "1"], dtype=object)
# Recall's line alone: of a baseline of very many rows.
RECALL = QualityConstraints("BinaryClassification", {"recall": (0.8, "LessThanThreshold")}, rows=1_000_000)
BUDGET = RunBudget(1.0, 8760, 1)


def draw(rng: np.random.Generator, windows: int, memory: float) -> NDArray[np.float64]:
    """Uniform numbers in the order of rows, each remembering the one before."""
    noise = rng.normal(size=windows * ROWS) * math.sqrt(1 - memory**2)
    return np.asarray(ndtr(lfilter([1.0], [1.0, -memory], noise))).reshape(windows, ROWS)


def answers(actual: NDArray[np.float64], said: NDArray[np.float64], recall: float = 0.8) -> Outcomes:
    label = actual < 0.4
    found = np.where(label, said < recall, said < 0.05)
    return Outcomes("BinaryClassification", NAMES[label.astype(int)], NAMES[found.astype(int)])


def independent(rng: np.random.Generator, rows: int, *, recall: float) -> Outcomes:
    actual, said = rng.random((2, rows))
    return answers(actual, said, recall)


class Monitor:
    """Runs one after another, with what they keep."""

    def __init__(self, *, normal: NewNormal | None = None) -> None:
        self.records: list[dict[str, object]] = []
        self.normal = normal
        self.lesson: QualityLesson | None = None

    def run(self, data: Outcomes, start: int) -> QualityVerdict:
        tests = metric_tests(data, mq.measure(data), RECALL)
        windows = QualityWindows.of(self.records, seconds=HOURS, baseline="b", normal=self.normal)
        lesson = self.lesson or windows.lesson()
        if lesson.is_learnt(HOURS, 2):
            self.lesson = lesson  # for good, as the job does
        (verdict,) = judge_quality(
            tests,
            data,
            windows,
            lesson,
            start=start,
            budget=BUDGET,
            ratio=baseline_ratio(data, RECALL),
        )
        called = ["recall"] if verdict.state == "drift" else []
        self.records.append(record_of_quality("b", start, tests, called))
        return verdict


def live(
    memory: float, windows: int, *, recall: float = 0.8, since: int = 10**9, until: int = 10**9, seed: int = 1
) -> list[QualityVerdict]:
    rng, monitor = np.random.default_rng(seed), Monitor()
    actual, said = draw(rng, windows, memory), draw(rng, windows, memory)
    return [
        monitor.run(answers(actual[at], said[at], recall if since <= at < until else 0.8), at * HOURS)
        for at in range(windows)
    ]


def test_rows_that_remember_the_row_before_do_not_ring_and_counting_rows_does() -> None:
    verdicts = live(0.95, 200)
    assert not [verdict for verdict in verdicts if verdict.state == "drift"]
    rng = np.random.default_rng(1)
    actual, said = draw(rng, 200, 0.95), draw(rng, 200, 0.95)
    rung = 0
    for at in range(200):
        data = answers(actual[at], said[at])
        rung += metric_tests(data, mq.measure(data), RECALL)[0].p_value <= 1 / 8760
    assert rung > 10


def test_five_points_less_recall_accumulate_to_one_episode_that_is_dated() -> None:
    verdicts = live(0.0, 136, recall=0.75, since=56)
    states = [verdict.state for verdict in verdicts]
    first = states.index("drift")
    assert 56 < first < 56 + 48
    assert set(states[first:]) == {"drift"}  # one episode is one message
    assert "drift" not in states[:56]
    since = verdicts[-1].since
    assert since is not None
    assert abs(since // HOURS - 56) <= 12


@pytest.mark.parametrize("seed", [2, 3, 4])
def test_a_decline_is_one_episode_until_it_is_over(seed: int) -> None:
    """Some of its windows are better than the baseline by chance: none of those ends it, and enough of them do."""
    verdicts = live(0.0, 190, recall=0.7, since=56, until=136, seed=seed)
    states = [verdict.state for verdict in verdicts]
    assert "drift" not in states[:56]
    first = states.index("drift")
    over = states.index("no drift", first)
    assert min(verdict.test.worse for verdict in verdicts[first:136]) < 0.04
    assert 136 <= over <= 136 + 24
    assert "drift" not in states[over:]


def test_windows_that_were_called_in_a_row_are_one_episode() -> None:
    def record(at: int, *called: str) -> dict[str, object]:
        return record_of_quality("b", at * HOURS, (), called)

    records = [record(3, "recall"), record(0, "recall"), record(1), record(4, "recall", "precision")]
    windows = QualityWindows.of(records, seconds=HOURS, baseline="b")
    assert windows.called == {"recall": 3 * HOURS, "precision": 4 * HOURS}


def test_until_a_week_was_seen_only_a_gross_decline_rings() -> None:
    rng, monitor = np.random.default_rng(3), Monitor()
    some = monitor.run(independent(rng, 20_000, recall=0.75), 0)
    assert (some.state, some.reason.split(":")[0]) == ("learning", "learning how windows differ")
    assert some.p_value < 1e-9
    gross = monitor.run(independent(rng, 20_000, recall=0.65), HOURS)
    assert (gross.state, gross.reason.split(":")[0]) == ("drift", "gross")


def test_a_new_normal_is_what_declines_are_counted_from() -> None:
    rng = np.random.default_rng(4)
    said = NewNormal(since="1970-01-01T00:00:00Z", by="ann", at="1970-01-08T00:00:00Z")
    monitor = Monitor(normal=said)
    for at in range(28):
        record = metric_tests(data := independent(rng, ROWS, recall=0.6), mq.measure(data), RECALL)
        monitor.records.append(record_of_quality("b", at * HOURS, record, ["recall"]))  # called, by the old baseline
    calm = [monitor.run(independent(rng, ROWS, recall=0.6), at * HOURS) for at in range(28, 50)]
    assert {verdict.state for verdict in calm} == {"no drift"}
    assert calm[0].test.threshold == pytest.approx(0.6, abs=0.01)
    assert monitor.run(independent(rng, ROWS, recall=0.2), 50 * HOURS).state == "drift"


def test_memory_is_the_variance_of_a_mean_over_that_of_independent_rows() -> None:
    rng = np.random.default_rng(5)
    assert memory_of(rng.normal(size=4000)) == pytest.approx(1.0, abs=0.3)
    remembering = np.asarray(lfilter([1.0], [1.0, -0.5], rng.normal(size=20_000)))
    assert memory_of(remembering) == pytest.approx(3.0, rel=0.2)  # (1 + 0.5) / (1 - 0.5)


def test_a_lesson_is_read_as_it_was_kept() -> None:
    lesson = QualityLesson(2, {"recall": [0.1, math.nan]}, {"recall": [0.01, math.nan]})
    again = QualityLesson.from_json(lesson.to_json(), where="x")
    assert (again.seen, again.worse["recall"][0], again.variance["recall"][0]) == (2, 0.1, 0.01)
    assert math.isnan(again.worse["recall"][1])
    with pytest.raises(InputError, match=r"^x: not what was learnt of model quality"):
        QualityLesson.from_json(b"[]", where="x")


def test_the_tail_is_that_of_what_windows_are() -> None:
    """Where rows are right and wrong together a share has few effective rows, and a long tail where it is worse."""
    rng = np.random.default_rng(5)
    effective = rng.binomial(12, 0.15, 336) / 12
    lesson = QualityLesson(336, {"recall": effective.tolist()}, {"recall": [0.15 * 0.85 / 90] * 336})
    fit = Spread.of(lesson, "recall", least=100)
    assert fit is not None
    deviation = np.sqrt(float(fit.of_rows(np.array([0.15 * 0.85 / 90]))[0]))
    for lost in (7, 8, 9):  # of twelve
        exact = float(stats.binom.sf(lost - 1, 12, 0.15))
        found = fit.tail((lost / 12 - 0.15) / deviation)
        assert exact / 2 < found < 40 * exact
        assert stats.t.sf((lost / 12 - 0.15) / deviation, 335) < exact / 5
