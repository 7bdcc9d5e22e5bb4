"""Which windows of model quality could ring at all: what the job keeps of each, and its tests over all windows at ten
times the budget, as `rough_look` has it for distributions.

While nothing has been learnt a window has to be gross to ring, and rows are looked at that are not here: all of the
first week go through the chain.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtr

from benchmarks.rough_look import LOOSER, Look
from benchmarks.row_worlds import Block
from contract.bucket_layout import CONSTRAINTS
from contract.monitor_kinds import MODEL_QUALITY
from drift_tools.job.judge_quality import digest_of
from drift_tools.monitors.model_quality import (
    MetricTest,
    Outcomes,
    QualityConstraints,
    QualityWindows,
    baseline_ratio,
    measure,
    metric_tests,
    record_of_quality,
)
from drift_tools.monitors.model_quality.over_windows import Spread
from drift_tools.timeline import RunBudget, change_evidence

Floats = NDArray[np.float64]

_NAMES = np.array(["0", "1"], dtype=object)
_HOUR = 3600


@dataclass(slots=True)
class QualityHours:
    """The tests of each hour, by the job's own functions. `ratio`: the baseline's rows in hours."""

    constraints: QualityConstraints
    baseline: str
    first: int
    tests: list[tuple[MetricTest, ...]] = field(default_factory=list)
    ratio: float = 1.0

    @classmethod
    def of(cls, folder: Path, first: int) -> "QualityHours":
        """For the baseline in a chain's folder; `first`: when hour 0 starts."""
        constraints = QualityConstraints.read(folder / f"baseline-{MODEL_QUALITY}" / CONSTRAINTS)
        return cls(constraints, digest_of(constraints), first)

    def add(self, block: Block) -> None:
        """Measure the hours of a block that follow."""
        for place, rows in enumerate(block.rows.tolist()):
            labels, said = (_NAMES[codes[place, :rows]] for codes in (block.label, block.prediction))
            data = Outcomes("BinaryClassification", labels, said, positive_label="1")
            self.tests.append(metric_tests(data, measure(data), self.constraints))
            self.ratio = baseline_ratio(data, self.constraints)

    def record(self, hour: int) -> Mapping[str, Any]:
        """What the job keeps of an hour in which it calls nothing."""
        return record_of_quality(self.baseline, self.first + hour * _HOUR, self.tests[hour], [])

    def look(self, seen: int, *, per_year: float, runs_per_year: float) -> Look:
        """Every hour's evidence, by what the first hours taught."""
        records = [self.record(hour) for hour in range(seen)]
        lesson = QualityWindows.of(records, seconds=_HOUR, baseline=self.baseline).lesson()
        metrics = sorted(lesson.worse)
        budget = RunBudget(LOOSER * per_year, runs_per_year, len(metrics))
        sudden, crossing = np.zeros(len(self.tests), dtype=bool), np.zeros(len(self.tests), dtype=bool)
        for metric in metrics:
            fit = Spread.of(lesson, metric, least=seen // 2)
            if fit is None:
                continue
            worse, variance = self._series(metric)
            spread, of_baseline = fit.of_rows(variance), fit.phi * float(np.nanmedian(variance)) / self.ratio
            p_values = stdtr(fit.freedom, -worse / np.sqrt(spread + of_baseline))
            sudden |= np.nan_to_num(p_values, nan=1.0) <= budget.sudden_level
            evidence, _ = change_evidence(
                (worse / np.sqrt(spread))[:, None, None],
                np.ones((1, 1)),
                freedom=np.array([[fit.freedom]]),
                margin=2 * math.sqrt(of_baseline / float(np.nanmedian(spread))),
                scale=np.sqrt(np.array([[fit.long_run]])),
                threshold=budget.cumulative_threshold,
            )
            crossing |= evidence[:, 0] >= budget.cumulative_threshold
        return Look(sudden, crossing)

    def _series(self, metric: str) -> tuple[Floats, Floats]:
        """A metric's declines and their variances by rows, NaN in an hour that has none."""
        found = np.full((2, len(self.tests)), np.nan)
        for hour, tests in enumerate(self.tests):
            for test in tests:
                if test.metric == metric and test.variance > 0:
                    found[:, hour] = test.worse, test.variance
        return found[0], found[1]
