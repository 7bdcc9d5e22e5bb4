"""Which windows are alike by the calendar: the slots of a season, and the season that predicts a baseline best."""

from dataclasses import dataclass
from typing import Final, Literal, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError

SeasonName: TypeAlias = Literal[
    "none", "weekend", "hour_of_day", "hour_of_day_and_weekend", "day_of_week", "hour_of_week", "day_of_month"
]
SEASONS: Final[tuple[SeasonName, ...]] = get_args(SeasonName)
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
# A richer season has to predict better by this much (mean logarithm of the squared error) to be chosen.
_WORTH = 1e-3
# A score whose error a season does not lessen by this share keeps the plain mean: else rare shares get noisy means.
HELPS: Final = 0.03
LEAST_A_SLOT: Final = 2
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


def leave_one_out_error(scores: NDArray[np.float64], slots: Slots) -> NDArray[np.float64]:
    """The sum over windows of the squared error with which the other windows of its slot predict each score."""
    factor = (slots.sizes / (slots.sizes - 1))[slots.index].reshape(-1, *[1] * (scores.ndim - 1))
    error: NDArray[np.float64] = (((scores - slot_means(scores, slots)[slots.index]) * factor) ** 2).sum(0)
    return error


def choose_season(scores: NDArray[np.float64], starts: NDArray[np.int64], season: str = "auto") -> Slots:
    """The season with the least error of predicting a window from the others of its slot.

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
        if the season is unknown, or one that was asked for has slots of a single window, of which nobody could tell
        how much they differ.
    """
    if season != "auto":
        if season not in SEASONS:
            raise InputError(f"season is {season!r}: give one of {', '.join(SEASONS)} or auto")
        slots = Slots.of(season, starts)
        if slots.sizes.min() < LEAST_A_SLOT:
            raise InputError(
                f"season {season}: {int((slots.sizes < LEAST_A_SLOT).sum())} of its {len(slots.sizes)} slots have only "
                f"one of the baseline's {len(starts)} windows: give a longer baseline, or a coarser season, or auto"
            )
        return slots
    none = Slots.of("none", starts)
    plain, best, least = leave_one_out_error(scores, none), none, 0.0
    for name in _AUTO[1:]:
        slots = Slots.of(name, starts)
        if slots.sizes.min() < LEAST_A_SLOT or len(slots.labels) == 1:
            continue
        ratio = leave_one_out_error(scores, slots) / np.maximum(plain, _CONSTANT)
        is_helped = (plain > _CONSTANT) & (ratio < 1 - HELPS)
        error = float(np.mean(np.log(np.clip(np.where(is_helped, ratio, 1.0), 1e-12, 1.0))))
        if error < least - _WORTH:
            best, least = slots, error
    return best
