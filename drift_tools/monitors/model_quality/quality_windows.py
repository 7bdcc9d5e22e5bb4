"""What a monitor of model quality keeps of its windows, and what those teach."""

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from contract.new_normal import NewNormal
from drift_tools.errors import InputError
from drift_tools.monitors.model_quality.calibrated import MetricTest
from drift_tools.timeline import LONGEST, windows_of_weeks

Floats = NDArray[np.float64]

_VERSION: Final = 1


@dataclass(frozen=True, slots=True)
class QualityWindows:
    """The monitor's windows before a run, in the order of time. `worse` and `variance`: by metric, NaN in a window that
    has none; `kept`: windows from which is learnt, those that nothing was called in and nobody marked.
    """

    seconds: int
    starts: NDArray[np.int64]
    worse: Mapping[str, Floats]
    variance: Mapping[str, Floats]
    kept: NDArray[np.bool_]
    called: Mapping[str, int]
    """What the window before called, and the start of the first of those in a row that did."""
    normal: Mapping[str, float]
    """How much worse than the baseline is the new normal, by metric; empty where nobody said that there is one."""

    @classmethod
    def of(
        cls,
        records: Sequence[Mapping[str, Any]],
        *,
        seconds: int,
        baseline: str,
        bad: Sequence[int] = (),
        normal: NewNormal | None = None,
    ) -> "QualityWindows":
        """Read the windows' records; those of another `baseline`, and those before a new normal, are of no use.

        Raises `InputError` for a record that is damaged.
        """
        since, said = (0, 0) if normal is None else (normal.since_seconds, normal.at_seconds)
        own = sorted(
            (
                record
                for record in records
                if record.get("version") == _VERSION
                and record.get("baseline") == baseline
                and int(record["start"]) >= since
            ),
            key=lambda record: int(record["start"]),
        )[-LONGEST:]
        try:
            names = sorted({name for record in own for name in record["quality"]})
            worse, variance = (
                {name: np.array([_number(record, name, side) for record in own], dtype=np.float64) for name in names}
                for side in ("worse", "variance")
            )
            starts = np.array([int(record["start"]) for record in own], dtype=np.int64)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"a record of a window of model quality is damaged ({error}): delete it") from error
        # What was called before a person said that it is the new normal is not bad any more.
        kept = np.array([not record.get("called") for record in own], dtype=bool) | (starts < said)
        kept &= ~np.isin(starts, bad)
        called: dict[str, int] = {}
        for start, record in zip(starts.tolist(), own, strict=True):
            called = {name: called.get(name, start) for name in record.get("called", ()) if start >= said}
        found = cls(seconds, starts, worse, variance, kept=kept, called=called, normal={})
        return found if normal is None else found._from_normal(said)

    def _from_normal(self, said: int) -> "QualityWindows":
        """The same with declines counted from the mean of the windows that a person said are normal."""
        used = self.kept & (self.starts < said)
        offsets = {}
        for name, values in self.worse.items():
            there = used & ~np.isnan(values) & (self.variance[name] > 0)
            if there.any():
                offsets[name] = float(np.average(values[there], weights=1 / self.variance[name][there]))
        worse = {name: values - offsets.get(name, 0.0) for name, values in self.worse.items()}
        return replace(self, worse=worse, normal=offsets)

    def of_normal(self, test: MetricTest) -> MetricTest:
        """A test of the baseline's value as one of the new normal's, if there is one."""
        offset = self.normal.get(test.metric)
        return test if offset is None else test.moved_by(offset)

    def lesson(self) -> "QualityLesson":
        """What they teach so far."""
        sides = [
            {name: values[self.kept].tolist() for name, values in side.items()} for side in (self.worse, self.variance)
        ]
        return QualityLesson(int(self.kept.sum()), *sides)

    def series(self, metric: str) -> tuple[Floats, Floats]:
        """A metric's declines and their variances by rows."""
        nothing = np.full(len(self.starts), np.nan)
        return self.worse.get(metric, nothing), self.variance.get(metric, nothing)


@dataclass(frozen=True, slots=True)
class QualityLesson:
    """The windows that tell how windows differ, `seen` of them: declines and their variances by rows, by metric."""

    seen: int
    worse: Mapping[str, Sequence[float]]
    variance: Mapping[str, Sequence[float]]

    def is_learnt(self, seconds: int, weeks: int = 1) -> bool:
        """Whether so many weeks of windows were seen."""
        return self.left(seconds, weeks) == 0

    def left(self, seconds: int, weeks: int = 1) -> int:
        """How many windows of so many weeks are still to be seen."""
        return max(windows_of_weeks(seconds, weeks) - self.seen, 0)

    def to_json(self) -> bytes:
        """As it is kept, once two weeks were seen: a long episode must not make a monitor forget."""
        blank = {
            side: {name: [None if math.isnan(value) else value for value in values] for name, values in given.items()}
            for side, given in (("worse", self.worse), ("variance", self.variance))
        }
        return json.dumps({"version": _VERSION, "seen": self.seen, **blank}, separators=(",", ":")).encode()

    @classmethod
    def from_json(cls, content: bytes, *, where: str) -> "QualityLesson":
        """Read it; raises `InputError` if it is none."""
        try:
            document = json.loads(content)
            sides = [
                {str(name): [math.nan if value is None else float(value) for value in values] for name, values in side}
                for side in (document["worse"].items(), document["variance"].items())
            ]
            return cls(int(document["seen"]), *sides)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise InputError(f"{where}: not what was learnt of model quality ({error}): delete it") from error


def _number(record: Mapping[str, Any], name: str, side: str) -> float:
    found = record["quality"].get(name)
    return math.nan if found is None else float(found[side])


def record_of_quality(baseline: str, start: int, tests: Sequence[MetricTest], called: Sequence[str]) -> dict[str, Any]:
    """What is kept of a window."""
    quality = {test.metric: {"worse": test.worse, "variance": test.variance} for test in tests if test.variance > 0}
    return {"version": _VERSION, "baseline": baseline, "start": start, "quality": quality, "called": list(called)}
