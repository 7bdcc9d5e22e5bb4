"""Which windows are alike by the calendar: the slots of a season, and the season that predicts a baseline best."""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.special import fdtrc

from drift_tools.errors import InputError
from drift_tools.timeline.season_names import SEASONS, SeasonName

# What `auto` chooses from; a day of the month would need half a year to be told from chance.
_AUTO: Final[tuple[SeasonName, ...]] = (
    "none",
    "weekend",
    "hour_of_day",
    "hour_of_day_and_weekend",
    "day_of_week",
    "hour_of_week",
)
_HOUR, _DAY = 3600, 86400
# 1970-01-01 was a Thursday: days are counted from Monday.
_FIRST_WEEKDAY = 3
_SATURDAY = 5
# What each season says of whole days.
_OF_DAYS: Final[dict[SeasonName, SeasonName]] = {
    "none": "none",
    "hour_of_day": "none",
    "weekend": "weekend",
    "hour_of_day_and_weekend": "weekend",
    "day_of_week": "day_of_week",
    "hour_of_week": "day_of_week",
    "day_of_month": "day_of_month",
}
# A richer season has to predict better by this much (mean logarithm of the squared error) to be chosen.
_WORTH = 1e-3
# By how much a season has to lessen the error of a score, and how sure its slots have to differ, over all scores.
_HELPS = 0.03
_SURE = 1e-3
# Of one day alone nobody could tell what is the slot's and what was the day's.
LEAST_DAYS: Final = 2
# The error of a score that never changes is rounding.
_CONSTANT = 1e-16


@dataclass(frozen=True, eq=False, slots=True)
class Slots:
    """A season on a baseline's windows. `labels`: of the slots, ascending; `index`: the slot of each window; `sizes`:
    how many windows each slot has.
    """

    season: SeasonName
    labels: NDArray[np.int64]
    index: NDArray[np.intp]
    sizes: NDArray[np.int64]

    @classmethod
    def of(cls, season: SeasonName, starts: NDArray[np.int64]) -> "Slots":
        """The slots that these windows are in."""
        labels, index, sizes = np.unique(labels_of(season, starts), return_inverse=True, return_counts=True)
        return cls(season, labels, index, sizes)

    def locate(self, starts: NDArray[np.int64]) -> NDArray[np.intp]:
        """The slot of each of these windows; -1 where the baseline has no window of that time."""
        labels = labels_of(self.season, starts)
        at = np.minimum(np.searchsorted(self.labels, labels), len(self.labels) - 1)
        return np.where(self.labels[at] == labels, at, -1)


def labels_of(season: SeasonName, starts: NDArray[np.int64]) -> NDArray[np.int64]:
    """A number for the slot of each window, by its start in seconds since 1970 (UTC).

    >>> labels_of("hour_of_week", np.array([0, 4 * 86400]))  # a Thursday and a Monday, at midnight
    array([72,  0])
    """
    starts = np.asarray(starts, dtype=np.int64)
    hour = starts % _DAY // _HOUR
    weekday = (starts // _DAY + _FIRST_WEEKDAY) % 7
    is_weekend = (weekday >= _SATURDAY).astype(np.int64)
    if season == "day_of_month":
        times = starts.astype("datetime64[s]")
        days: NDArray[np.int64] = (times.astype("datetime64[D]") - times.astype("datetime64[M]")).astype(np.int64) + 1
        return days
    labels: dict[SeasonName, NDArray[np.int64]] = {
        "none": np.zeros_like(starts),
        "weekend": is_weekend,
        "hour_of_day": hour,
        "hour_of_day_and_weekend": hour + 24 * is_weekend,
        "day_of_week": weekday,
        "hour_of_week": hour + 24 * weekday,
    }
    if season not in labels:
        raise InputError(f"season is {season!r}: give one of {', '.join(SEASONS)} or auto")
    return labels[season]


def slot_means(scores: NDArray[np.float64], slots: Slots) -> NDArray[np.float64]:
    """The mean of each slot's windows, slots x the rest of the axes; each window counts the same, however many rows."""
    sums = np.zeros((len(slots.labels), *scores.shape[1:]))
    np.add.at(sums, slots.index, scores)
    means: NDArray[np.float64] = sums / slots.sizes.reshape(-1, *[1] * (scores.ndim - 1))
    return means


@dataclass(frozen=True, eq=False, slots=True)
class _Cells:
    """The windows of one slot on one day, as one: hours of a day may resemble each other for no reason that comes back.

    `slot`, `day`, `sizes`: of each cell; `index`: the cell of each window.
    """

    slot: NDArray[np.intp]
    day: NDArray[np.int64]
    sizes: NDArray[np.int64]
    index: NDArray[np.intp]

    @classmethod
    def of(cls, slots: Slots, starts: NDArray[np.int64]) -> "_Cells":
        pairs = np.stack([slots.index, starts // _DAY])
        cells, index, sizes = np.unique(pairs, axis=1, return_inverse=True, return_counts=True)
        return cls(cells[0].astype(np.intp), cells[1], sizes, index)

    def sums(self, scores: NDArray[np.float64]) -> NDArray[np.float64]:
        return _group_sums(scores, self.index)

    @property
    def days(self) -> NDArray[np.int64]:
        """The number of days on which each slot has windows."""
        return np.bincount(self.slot).astype(np.int64)


def leave_one_day_out_error(
    scores: NDArray[np.float64], slots: Slots, starts: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The sum over windows of the squared error with which the windows of its slot on other days predict each score: a
    season must predict days that it has not seen.
    """
    cells, flat = _Cells.of(slots, starts), scores.reshape(len(scores), -1)
    sums = cells.sums(flat)
    totals = _group_sums(sums, cells.slot)
    others = (slots.sizes[cells.slot] - cells.sizes)[:, None]
    predicted = (totals[cells.slot] - sums) / np.maximum(others, 1)
    error: NDArray[np.float64] = ((flat - predicted[cells.index]) ** 2).sum(0).reshape(scores.shape[1:])
    return error


def season_p_values(scores: NDArray[np.float64], slots: Slots, starts: NDArray[np.int64]) -> NDArray[np.float64]:
    """The p-value of equal slots, of each score, by F tests at two levels: whether days differ by what the season says
    of days (a one-way analysis of variance of days' means), and whether hours do within days (of what is left of their
    cells without the day's mean). The smaller one counts, twice (Bonferroni).

    One analysis of all windows would take hours of a day that strays for as many independent ones.
    """
    cells, flat = _Cells.of(slots, starts), scores.reshape(len(scores), -1)
    means = cells.sums(flat) / cells.sizes[:, None]
    _, day_of_cell = np.unique(cells.day, return_inverse=True)
    number = np.bincount(day_of_cell)
    daily = _group_sums(means, day_of_cell) / number[:, None]
    labels = labels_of(_OF_DAYS[slots.season], np.unique(cells.day) * _DAY)
    _, of_day = np.unique(labels, return_inverse=True)
    kinds = int(of_day.max()) + 1
    left = means - daily[day_of_cell]
    hours = (len(slots.sizes) - kinds, len(means) - len(slots.sizes) - (len(daily) - kinds))
    p = np.minimum(
        _f_test(daily, of_day, (kinds - 1, len(daily) - kinds)), _f_test(left, cells.slot, hours, is_centred=True)
    )
    found: NDArray[np.float64] = np.minimum(2 * p, 1.0).reshape(scores.shape[1:])
    return found


def _group_sums(values: NDArray[np.float64], group: NDArray[np.intp]) -> NDArray[np.float64]:
    sums = np.zeros((int(group.max()) + 1, values.shape[1]))
    np.add.at(sums, group, values)
    return sums


def _f_test(
    values: NDArray[np.float64], group: NDArray[np.intp], freedom: tuple[int, int], *, is_centred: bool = False
) -> NDArray[np.float64]:
    """The p-value of equal groups, of each column of values; 1 where there are no degrees of freedom."""
    if min(freedom) < 1:
        return np.ones(values.shape[1])
    number = np.bincount(group)[:, None]
    inside = _group_sums(values, group) / number
    grand = 0.0 if is_centred else values.mean(0)
    between = (number * (inside - grand) ** 2).sum(0) / freedom[0]
    within = ((values - inside[group]) ** 2).sum(0) / freedom[1]
    p: NDArray[np.float64] = np.where(
        between > _CONSTANT, fdtrc(*freedom, between / np.maximum(within, _CONSTANT)), 1.0
    )
    return p


def is_seasonal(scores: NDArray[np.float64], slots: Slots, starts: NDArray[np.int64]) -> NDArray[np.bool_]:
    """The scores that the season is worth having for: those whose slots differ beyond doubt, and whose windows it
    predicts better. The others keep the plain mean: else rare shares would get noisy means.
    """
    plain = leave_one_day_out_error(scores, Slots.of("none", starts), starts)
    is_sure = season_p_values(scores, slots, starts) <= _SURE / max(scores[0].size, 1)
    is_better = leave_one_day_out_error(scores, slots, starts) < (1 - _HELPS) * plain
    found: NDArray[np.bool_] = is_sure & is_better & (plain > _CONSTANT)
    return found


def choose_season(scores: NDArray[np.float64], starts: NDArray[np.int64], season: str = "auto") -> Slots:
    """The season with the least error of predicting a window from those of its slot on other days.

    Parameters
    ----------
    scores
        windows x features x scores.
    starts
        of the windows, seconds since 1970 (UTC).
    season
        one of `SEASONS`, or `auto`.

    Raises
    ------
    InputError
        if the season is unknown, or one that was asked for has slots with windows of a single day, of which nobody
        could tell how much they differ.
    """
    if season != "auto":
        if season not in SEASONS:
            raise InputError(f"season is {season!r}: give one of {', '.join(SEASONS)} or auto")
        slots = Slots.of(season, starts)
        days = _Cells.of(slots, starts).days
        if days.min() < LEAST_DAYS:
            raise InputError(
                f"season {season}: {int((days < LEAST_DAYS).sum())} of its {len(days)} slots have windows of one day "
                f"only among the baseline's {len(starts)}: give a longer baseline, or a coarser season, or auto"
            )
        return slots
    none = Slots.of("none", starts)
    plain, best, least = leave_one_day_out_error(scores, none, starts), none, 0.0
    for name in _AUTO[1:]:
        slots = Slots.of(name, starts)
        if _Cells.of(slots, starts).days.min() < LEAST_DAYS or len(slots.labels) == 1:
            continue
        ratio = leave_one_day_out_error(scores, slots, starts) / np.maximum(plain, _CONSTANT)
        helped = np.where(is_seasonal(scores, slots, starts), np.maximum(ratio, 1e-12), 1.0)
        error = float(np.mean(np.log(helped)))
        if error < least - _WORTH:
            best, least = slots, error
    return best
