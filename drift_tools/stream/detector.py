"""Find a sudden change in a stream, with a false-alarm bound that holds however often one looks.

An e-detector (Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework for sequential change detection",
2022) of Shiryaev–Roberts form: M_t = (M_{t−1} + 1) · e_t. As long as nothing material has changed E[e_t | past] ≤ 1, so
M_t − t is a supermartingale and the mean number of looks until M reaches A is at least A. It was chosen over confidence
sequences (which pay for not knowing the baseline, known here) and over a CUSUM (whose run length must be simulated, and
holds for independent rows only): here the bound is a line of algebra, for any dependence between features.
"""

import base64
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from drift_tools.errors import InputError
from drift_tools.stream.bins import FeatureBins, Numbers
from drift_tools.stream.charts import charts

# Rows of a stream resemble their neighbours (a client sends a burst): evidence is divided by this, as if each row stood
# for two. E[exp(x)] ≤ 1 gives E[exp(x/φ)] ≤ 1, so the bound stays.
DISPERSION: Final = 2.0
# The probability with which an alarm is ended although the change goes on, each time that this is looked at.
_FALSE_RECOVERY: Final = 1e-4
_NEVER: Final = -1.0
HOURS_OF_DAY: Final = 24
HOURS_OF_WEEK: Final = 168
# Of 1970, which began on a Thursday; weeks begin on Monday.
_FIRST_HOUR: Final = 72


@dataclass(frozen=True, slots=True)
class Change:
    """What the detector tells: a feature has changed, or has come back.

    Parameters
    ----------
    feature, what:
        Which, and what kind of change, in words.
    is_over:
        Whether the feature is as in the baseline again.
    since:
        Seconds since 1970: the beginning of the first window that shows it.
    at:
        Seconds since 1970: the end of the window that made it certain.
    psi:
        The population stability index of the rows since then.
    """

    feature: str
    what: str
    is_over: bool
    since: float
    at: float
    psi: float


class Detector:
    """Watches all features of one stream; `update` takes a window's counts and returns what has changed.

    Parameters
    ----------
    features:
        The baseline's bins.
    looks_per_year:
        How many windows a year are given to `update` at the most.
    false_alarms_per_year:
        The mean number of false alarms a year, of all features together, that the stream may spend.
    dispersion:
        How many rows that came together count as one; at least 1.
    hours:
        The same bins with the counts of each hour of the day (UTC), 24 of them, or of the week from Monday on, 168:
        each window is then held against its own hour of the baseline, and day and night, or weekends, are no change.
        None where the baseline has no times.

    Examples
    --------
    >>> feature = FeatureBins.of_categories("class", {"yes": 510, "no": 490}, 0)
    >>> detector = Detector([feature], looks_per_year=3_153_600, false_alarms_per_year=0.1)
    >>> [detector.update(np.array([[51, 49, 0, 0, 0]]), start, start + 10) for start in (0.0, 10.0)]
    [[], []]
    >>> [change.what for start in range(20, 100, 10)
    ...  for change in detector.update(np.array([[100.0, 0, 0, 0, 0]]), start, start + 10)]
    ['more values are yes']
    """

    def __init__(
        self,
        features: Sequence[FeatureBins],
        *,
        looks_per_year: float,
        false_alarms_per_year: float,
        dispersion: float = DISPERSION,
        hours: Sequence[Sequence[FeatureBins]] | None = None,
    ) -> None:
        if not features:
            raise InputError("there is no feature to watch: give the baseline's bins")
        if dispersion < 1 or looks_per_year <= 0 or false_alarms_per_year <= 0:
            raise InputError(
                f"dispersion {dispersion:g} must be 1 or more, looks_per_year {looks_per_year:g} and "
                f"false_alarms_per_year {false_alarms_per_year:g} above 0"
            )
        self.features = list(features)
        if hours is not None and len(hours) not in {HOURS_OF_DAY, HOURS_OF_WEEK}:
            raise InputError(
                f"{len(hours)} hours of a baseline: give all {HOURS_OF_DAY} of the day, all of the week, or none"
            )
        made = [charts(feature) for feature in self.features]
        shape = (len(made), max(map(len, made)))
        self.bins = max(len(feature.counts) for feature in self.features)
        self._what = [[chart.what for chart in each] for each in made]
        # A chart that a feature has not takes no part: its evidence is always 0 and its weight none.
        self._log_weights = np.full(shape, -np.inf)
        for row, each in enumerate(made):
            self._log_weights[row, : len(each)] = np.log([chart.weight for chart in each])
        self._seasons, self._dispersion = hours or [self.features], dispersion
        self._slot, self._against = self._slot_at(0.0), self._held_against(self._slot_at(0.0), shape)
        self._threshold = float(np.log(len(features) * looks_per_year / false_alarms_per_year))
        self._reset(shape)

    def _slot_at(self, moment: float) -> int:
        """Which part of the baseline a moment is held against: all of it, an hour of the day, or one of the week."""
        first = _FIRST_HOUR if len(self._seasons) == HOURS_OF_WEEK else 0
        return (int(moment // 3600) + first) % len(self._seasons)

    def _held_against(self, slot: int, shape: tuple[int, ...]) -> tuple[Numbers, Numbers]:
        """The scores (features, charts, bins) and the shares (features, bins) of a part of the baseline."""
        scores, shares = np.zeros((*shape, self.bins)), np.zeros((shape[0], self.bins))
        for row, (feature, part) in enumerate(zip(self.features, self._seasons[slot], strict=True)):
            shares[row, : len(part.counts)] = part.counts / max(part.counts.sum(), 1.0)
            for column, chart in enumerate(charts(feature, part)):
                scores[row, column, : len(chart.scores)] = chart.scores / self._dispersion
        return scores, shares

    def _reset(self, shape: tuple[int, int]) -> None:
        self._evidence = np.full(shape, -np.inf)  # ln M
        self._excursion = np.zeros(shape)  # the CUSUM of each chart: where it last was 0, the change began
        self._began = np.full(shape, _NEVER)
        self._since = np.zeros((shape[0], self.bins))  # counts of the leading chart's excursion
        self._alarmed = np.full(shape[0], -1)  # the chart that has rung, -1 for none
        self._calm = np.zeros(shape[0])  # evidence that it is over

    @property
    def drifting(self) -> dict[str, str]:
        """The features that have changed and not come back, with what has changed."""
        return {
            self.features[row].name: self._what[row][self._alarmed[row]] for row in np.flatnonzero(self._alarmed >= 0)
        }

    def update(self, counts: Numbers, start: float, end: float) -> list[Change]:
        """Take the counts of one window.

        Parameters
        ----------
        counts:
            Of shape (features, bins): rows of each feature by bin, zeros behind its own bins. A window of no rows is
            not a look.
        start, end:
            Of the window, in seconds since 1970.
        """
        if counts.shape != self._since.shape:
            raise InputError(f"counts of shape {counts.shape} for {self._since.shape[0]} features of {self.bins} bins")
        if not counts.any():
            return []
        if (slot := self._slot_at(start)) != self._slot:
            # One hour's at a time: those of a week of 200 features would take 600 MB.
            self._slot, self._against = slot, self._held_against(slot, self._evidence.shape)
        scores, shares = self._against
        gained = np.matmul(scores, counts[:, :, None])[:, :, 0]
        is_new = self._excursion <= 0
        self._began = np.where(is_new, start, self._began)
        self._excursion = np.maximum(self._excursion, 0) + gained
        self._evidence = np.logaddexp(self._evidence, 0) + gained
        leading = self._excursion.argmax(axis=1)
        rows = np.arange(len(leading))
        self._since = np.where(is_new[rows, leading][:, None], 0, self._since) + counts
        return [*self._recovered(gained, shares, end), *self._rung(shares, end)]

    def _rung(self, shares: Numbers, end: float) -> list[Change]:
        total = np.logaddexp.reduce(self._evidence + self._log_weights, axis=1)
        found = []
        for row in np.flatnonzero((total >= self._threshold) & (self._alarmed < 0)).tolist():
            chart = int((self._evidence[row] + self._log_weights[row]).argmax())
            self._alarmed[row], self._calm[row] = chart, 0.0
            found.append(self._change(row, chart, shares, end, is_over=False))
        return found

    def _recovered(self, gained: Numbers, shares: Numbers, end: float) -> list[Change]:
        """End an alarm once there is as much evidence for the baseline as the alarm's own chart loses."""
        found = []
        for row in np.flatnonzero(self._alarmed >= 0).tolist():
            chart = int(self._alarmed[row])
            self._calm[row] = max(0.0, self._calm[row]) - gained[row, chart]
            if self._calm[row] >= -np.log(_FALSE_RECOVERY):
                found.append(self._change(row, chart, shares, end, is_over=True))
                self._evidence[row], self._excursion[row], self._alarmed[row] = -np.inf, 0.0, -1
                self._since[row] = 0
        return found

    def _change(self, row: int, chart: int, shares: Numbers, end: float, *, is_over: bool) -> Change:
        counts = self._since[row]
        now = np.maximum(counts / max(1.0, counts.sum()), 1e-4)
        before = np.maximum(shares[row], 1e-4)
        psi = float(((now - before) * np.log(now / before)).sum())
        what, since = self._what[row][chart], float(self._began[row, chart])
        return Change(self.features[row].name, what, is_over, since, end, psi)

    def state(self) -> dict[str, Any]:
        """Everything that `restore` needs, as JSON can hold it: some 500 bytes a feature."""
        arrays = {name: getattr(self, f"_{name}") for name in _STATE}
        return {
            "features": [feature.name for feature in self.features],
            **{name: base64.b64encode(array.astype("<f8").tobytes()).decode() for name, array in arrays.items()},
        }

    def restore(self, state: Mapping[str, Any], source: str) -> None:
        """Go on where `state` was taken. Raises `InputError` if it is that of other features or bins."""
        if state.get("features") != [feature.name for feature in self.features]:
            raise InputError(
                f"{source} is the state of other features: the baseline has changed, begin anew without it"
            )
        for name in _STATE:
            mine = getattr(self, f"_{name}")
            try:
                read = np.frombuffer(base64.b64decode(state[name], validate=True), "<f8").reshape(mine.shape)
            except (KeyError, TypeError, ValueError) as error:
                raise InputError(
                    f"{source} is no state of this detector: {name}: {error}; begin anew without it"
                ) from error
            setattr(self, f"_{name}", read.astype(mine.dtype))


_STATE: Final = ("evidence", "excursion", "began", "since", "alarmed", "calm")
