"""Worlds of hourly windows as rows: undrifted ones that differ in why hours differ, and what can befall them.

Five numbers and three categories beside the model's prediction. Hour 0 is a Monday's. Rows are drawn in blocks of hours
(hours x rows); hours of less traffic have rows that are `NaN` in all columns of `Block.valid`.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.signal import lfilter
from scipy.special import ndtr

Floats = NDArray[np.float64]

NUMBERS = ("amount", "age", "balance", "duration", "score")
CATEGORIES = ("channel", "region", "plan")
PREDICTION, LABEL = "prediction", "label"
_COMMON = {
    "channel": [0.7, 0.3],
    "region": [0.45, 0.30, 0.15, 0.08, 0.02],
    "plan": [0.6, 0.25, 0.15],
}
# The night's population: shifts of the numbers, and other shares of two categories.
_NIGHT_SHIFTS = (0.3, 0.5, 0.7, 1.0, 0.0)
_NIGHT = {"channel": [0.55, 0.45], "region": [0.35, 0.25, 0.2, 0.15, 0.05], "plan": [0.6, 0.25, 0.15]}
_RARE = [0.3, 0.25, 0.2, 0.1, 0.07, 0.05, 0.02, 0.004, 0.002, 0.002, 0.001, 0.001]
_POSITIVE, _RECALL, _FALSE = 0.3, 0.85, 0.08
_TRAFFIC = 0.6


@dataclass(frozen=True, slots=True)
class World:
    """How undrifted hours differ. `size`: the swing of day and night, a weekend's shift in standard deviations, the
    correlation of rows with the one before. `has_quality`: a model-quality monitor runs as well.
    """

    kind: str
    rows: int
    size: float = 0.0
    has_quality: bool = False

    @property
    def name(self) -> str:
        """As tables say it."""
        quality = ", with model quality" if self.has_quality else ""
        return f"{self.kind}{f' {self.size:g}' if self.size else ''}, {self.rows:,} rows{quality}"


@dataclass(frozen=True, slots=True)
class Drift:
    """What befalls a world: one change from some hour on. `a_day` grows with time."""

    name: str
    shift: float = 0.0
    a_day: float = 0.0
    new_category: float = 0.0
    missing: float = 0.0
    wrong_unit: float = 0.0
    recall: float = 0.0


DRIFTS = (
    Drift("0.35 σ", shift=0.35),
    Drift("0.5 σ", shift=0.5),
    Drift("a new category of 2 %", new_category=0.02),
    Drift("10 % more missing", missing=0.1),
    Drift("a unit error in one row of three", wrong_unit=1 / 3),
    Drift("recall −5 points", recall=0.05),
    Drift("0.02 σ a day", a_day=0.02),
)


@dataclass(frozen=True, slots=True)
class Block:
    """Some hours' rows. `numbers`: hours x rows, NaN for missing; `codes`: places in `names`, -1 where there is no row;
    `rows`: how many of each hour's are rows.
    """

    rows: NDArray[np.int64]
    numbers: Mapping[str, Floats]
    codes: Mapping[str, NDArray[np.int64]]
    names: Mapping[str, tuple[str, ...]]
    prediction: NDArray[np.int64]
    label: NDArray[np.int64]

    def hour(self, place: int) -> dict[str, NDArray[np.generic]]:
        """One hour's columns, as a client sends them: the prediction first."""
        rows = int(self.rows[place])
        columns: dict[str, NDArray[np.generic]] = {PREDICTION: self.prediction[place, :rows]}
        columns |= {name: values[place, :rows] for name, values in self.numbers.items()}
        for name, codes in self.codes.items():
            columns[name] = np.array(self.names[name])[codes[place, :rows]]
        return columns


@dataclass(slots=True)
class Source:
    """Draws a world's hours one after another. `drift` begins at the hour `since`, and is gone at the hour `until`."""

    world: World
    rng: np.random.Generator
    drift: Drift | None = None
    since: int = 0
    until: int = 2**31
    memory: dict[str, float] = field(default_factory=dict)

    def block(self, first: int, hours: int) -> Block:
        """The rows of so many hours from the `first` on."""
        world, at = self.world, first + np.arange(hours)
        rows = np.full(hours, world.rows)
        if world.kind == "day and night":
            traffic = 1 - _TRAFFIC * np.cos(2 * np.pi * (at % 24) / 24)
            rows = np.maximum(self.rng.poisson(world.rows * traffic), 20)
        shape = (hours, int(rows.max()))
        night = self._night(at, shape)
        numbers = {name: self._number(name, place, at, shape, night) for place, name in enumerate(NUMBERS)}
        names = {name: tuple(f"{name[0]}{place}" for place in range(len(_RARE) + 1)) for name in CATEGORIES}
        codes = {name: self._category(name, at, shape, night) for name in CATEGORIES}
        prediction, label = self._answers(at, shape)
        return Block(rows, numbers, codes, names, prediction, label)

    def _since(self, at: NDArray[np.int64]) -> NDArray[np.bool_]:
        if self.drift is None:
            return np.zeros(len(at), dtype=bool)
        return (at >= self.since) & (at < self.until)

    def _night(self, at: NDArray[np.int64], shape: tuple[int, int]) -> NDArray[np.bool_]:
        """Which rows are of the night's population."""
        if self.world.kind != "day and night":
            return np.zeros((shape[0], 1), dtype=bool)
        weekend = at // 24 % 7 >= 5
        share = 0.5 + self.world.size / 2 * np.cos(2 * np.pi * (at % 24) / 24) * np.where(weekend, 1.0, 0.85)
        share = np.clip(share + 0.1 * self.world.size * weekend, 0, 1)
        drawn: NDArray[np.bool_] = self.rng.random(shape) < share[:, None]
        return drawn

    def _latent(self, name: str, shape: tuple[int, int]) -> Floats:
        """Standard normal, each remembering the row before in a world of AR(1) rows."""
        noise = self.rng.standard_normal(shape)
        if self.world.kind != "AR(1) rows":
            return noise
        memory = self.world.size
        flat = noise.ravel() * np.sqrt(1 - memory**2)
        before = self.memory.get(name, float(self.rng.standard_normal()))
        found, _ = lfilter([1.0], [1.0, -memory], flat, zi=np.array([memory * before]))
        self.memory[name] = float(found[-1])
        return np.asarray(found).reshape(shape)

    def _number(
        self, name: str, place: int, at: NDArray[np.int64], shape: tuple[int, int], night: NDArray[np.bool_]
    ) -> Floats:
        world, drift, drifted = self.world, self.drift, self._since(at)
        latent = self._latent(name, shape) + _NIGHT_SHIFTS[place] * night
        if world.kind == "weekend" and place < 3:
            latent += world.size * (at // 24 % 7 >= 5)[:, None]
        if drift is not None and name == "score":
            days = np.maximum(at - self.since + 1, 0) / 24
            latent += ((drift.shift + drift.a_day * days) * drifted)[:, None]
        values: Floats = latent
        if name == "age":
            values = np.rint(45 + 12 * latent)
        elif name == "amount":
            values = np.exp(3 + 0.6 * latent)
        if drift is not None and name == "amount" and drift.wrong_unit:
            wrong = (self.rng.random(shape) < drift.wrong_unit) & drifted[:, None]
            values = np.where(wrong, values * 100, values)
        share = np.zeros(len(at))
        if name == "balance" and world.kind == "3 % empty":
            share += 0.03
        if drift is not None and name == "duration":
            share += drift.missing * drifted
        if share.any():
            values = np.where(self.rng.random(shape) < share[:, None], np.nan, values)
        return values

    def _category(
        self, name: str, at: NDArray[np.int64], shape: tuple[int, int], night: NDArray[np.bool_]
    ) -> NDArray[np.int64]:
        shares = _RARE if name == "plan" and self.world.kind == "rare categories" else _COMMON[name]
        uniform = ndtr(self._latent(name, shape))
        codes: NDArray[np.int64] = np.searchsorted(np.cumsum(shares)[:-1], uniform)
        if self.world.kind == "day and night":
            codes = np.where(night, np.searchsorted(np.cumsum(_NIGHT[name])[:-1], uniform), codes)
        if self.drift is not None and name == "region" and self.drift.new_category:
            new = (self.rng.random(shape) < self.drift.new_category) & self._since(at)[:, None]
            codes = np.where(new, len(_RARE), codes)
        return codes

    def _answers(self, at: NDArray[np.int64], shape: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        label = ndtr(self._latent("label", shape)) < _POSITIVE
        lost = self.drift.recall * self._since(at)[:, None] if self.drift is not None else 0.0
        said = ndtr(self._latent("answer", shape)) < np.where(label, _RECALL - lost, _FALSE)
        return said.astype(np.int64), label.astype(np.int64)


UNDRIFTED = (
    World("plain", 50),
    World("plain", 300),
    World("plain", 1000),
    World("plain", 5000),
    World("3 % empty", 300),
    World("3 % empty", 1000),
    World("rare categories", 300),
    World("day and night", 300, 0.6),
    World("day and night", 300, 0.9),
    World("weekend", 300, 1.0),
    World("AR(1) rows", 300, 0.9),
    World("plain", 300, has_quality=True),
    World("AR(1) rows", 300, 0.9, has_quality=True),
)
