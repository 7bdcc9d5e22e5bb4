"""What `python -m benchmarks rings` has counted so far, kept between runs of it, as tables and as a plot."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.rings_peers import AS_THEY_SHIP, NAMES
from benchmarks.shared.publishing import DOCS, markdown_table, publish

LONGEST_WAIT = 504
_HEADER = ("undrifted world", "years", "told a year", "most in a year", "of", "runs of the job")


@dataclass(frozen=True, slots=True)
class Year:
    """What people were told in a year of a world. `rings`: beginnings of episodes; `ends`: of those; `of`: what the
    first of a year's messages was about; `runs`: of the monitors' jobs that were really made.
    """

    hours: int
    rings: int
    ends: int
    of: str
    runs: int


@dataclass(frozen=True, slots=True)
class Delay:
    """What people were told of one drift. `hours`: until the first message; `messages`: of a beginning, in three days
    with the drift and three after it; `over`: hours from the drift's last until nothing rings.
    """

    hours: float
    messages: int
    over: float


@dataclass(slots=True)
class Counted:
    """Years by world, delays by drift and world, and the others' by world, rule and drift."""

    years: dict[str, list[Year]] = field(default_factory=dict)
    delays: dict[str, list[Delay]] = field(default_factory=dict)
    others: dict[str, dict[str, dict[str, float]]] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> "Counted":
        """What a file has; nothing if there is none."""
        if not path.is_file():
            return cls()
        document = json.loads(path.read_text())
        years = {world: [Year(**year) for year in given] for world, given in document["years"].items()}
        delays = {place: [Delay(**item) for item in found] for place, found in document["delays"].items()}
        return cls(years, delays, document["others"])

    def write(self, path: Path) -> None:
        """Keep it."""
        path.parent.mkdir(parents=True, exist_ok=True)
        years = {world: [asdict(year) for year in given] for world, given in self.years.items()}
        delays = {place: [asdict(item) for item in found] for place, found in self.delays.items()}
        part = path.with_suffix(".part")
        part.write_text(json.dumps({"years": years, "delays": delays, "others": self.others}, indent=1))
        part.replace(path)

    def tables(self) -> dict[str, str]:
        """The tables, by their name in `docs/verdicts.md`."""
        lines = [_years_line(world, years) for world, years in self.years.items() if years]
        delays = [self._delay_line(place, found) for place, found in self.delays.items() if found]
        delays += [self._shipped_line(world) for world in self.others]
        header = ["drift; world", "times", "told after", "messages", "over after", *NAMES]
        return {"rings": markdown_table(_HEADER, lines), "delays": markdown_table(header, delays)}

    def _delay_line(self, place: str, found: Sequence[Delay]) -> list[str]:
        drift, _, world = place.partition("; ")
        told = [item.messages for item in found if np.isfinite(item.hours)]
        others = self.others.get(world, {})
        return [
            place,
            str(len(found)),
            _hours(float(np.median([item.hours for item in found]))),
            f"{np.mean(told):.1f}" if told else "–",
            _ends([item.over for item in found if np.isfinite(item.hours)]),
            *(_hours(others.get(rule, {}).get(drift)) for rule in NAMES),
        ]

    def _shipped_line(self, world: str) -> list[str]:
        hours = [self.others[world].get(rule, {}).get(AS_THEY_SHIP) for rule in NAMES]
        own = self.years.get(world, [])
        told = f"{_rate(own)[0]:.0f} a year" if own else "–"
        return [
            f"{AS_THEY_SHIP}; {world}",
            "–",
            told,
            "–",
            "–",
            *("–" if item is None else f"{item:,.0f}" for item in hours),
        ]

    def publish(self) -> None:
        """Write the tables and the plot into docs/."""
        publish(DOCS / "verdicts.md", self.tables())
        draw(self).savefig(DOCS / "verdicts-rings.svg", metadata={"Date": None})


def _rate(years: Sequence[Year]) -> tuple[float, float]:
    """Rings a year, and half of the 95 % interval of a Poisson count, of one ring at the least."""
    spent, rings = sum(year.hours for year in years) / 8760, sum(year.rings for year in years)
    return rings / spent, 1.96 * float(np.sqrt(max(rings, 1))) / spent


def _years_line(world: str, years: Sequence[Year]) -> list[str]:
    mean, error = _rate(years)
    return [
        world,
        f"{sum(year.hours for year in years) / 8760:.1f}",
        f"{mean:.2f} ± {error:.2f}",
        str(max(year.rings for year in years)),
        "; ".join(sorted({year.of for year in years if year.of})) or "–",
        f"{sum(year.runs for year in years):,}",
    ]


def _ends(over: Sequence[float]) -> str:
    """Median and most hours."""
    if not over:
        return "–"
    median, most = float(np.median(over)), max(over)
    return f"{median:.0f} ({most:.0f} at most)" if np.isfinite(most) else "not always in 72"


def _hours(value: float | None) -> str:
    if value is None:
        return "no rule"
    return f"{value:,.0f}" if np.isfinite(value) else f"not in {LONGEST_WAIT}"


def draw(counted: Counted) -> Any:
    """The rings a year of each world beside the promise, and the delays of each drift beside those of the others."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    years = {world: given for world, given in counted.years.items() if given}
    delays = {place: found for place, found in counted.delays.items() if found}
    figure = Figure(figsize=(13, 2 + 0.36 * max(len(years), len(delays), 4)), layout="constrained")
    left, right = figure.subplots(1, 2)
    for place, (_, given) in enumerate(years.items()):
        mean, error = _rate(given)
        left.errorbar(mean, place, xerr=[[min(error, mean)], [error]], fmt="o", color="C0", capsize=3)
    left.axvline(1.0, color="C3", linestyle="--", label="promised: 1 a year")
    left.set_yticks(range(len(years)), list(years))
    left.set(xlabel="messages a year without drift (95 %)", xlim=(-0.1, None))
    for place, (name, found) in enumerate(delays.items()):
        hours = [min(item.hours, LONGEST_WAIT) for item in found]
        own = "drift_tools, each time" if place == 0 else None
        right.plot(hours, [place] * len(hours), "o", color="C0", alpha=0.6, label=own)
        _draw_others(right, counted.others, name, place)
    right.set_yticks(range(len(delays)), list(delays))
    right.axvline(LONGEST_WAIT, color="0.6", linestyle=":", label=f"not in {LONGEST_WAIT} windows")
    right.set(xlabel="windows until people are told\n(rules of others: one false alarm a year)", xscale="log")
    figure.legend(loc="outside lower center", ncols=6, fontsize="small")
    for axes in (left, right):
        axes.invert_yaxis()
        axes.grid(axis="x", alpha=0.3)
    return figure


def _draw_others(axes: Any, others: Mapping[str, Mapping[str, Mapping[str, float]]], name: str, place: int) -> None:
    """When the other rules ring for one drift; one that has no rule for it has no mark."""
    drift, _, world = name.partition("; ")
    for below, (rule, marker, colour) in enumerate(zip(NAMES, "s^D", ("C1", "C2", "C4"), strict=True), start=1):
        hours = others.get(world, {}).get(rule, {}).get(drift)
        label = rule if place == 0 else None
        if hours is not None:
            axes.plot(min(hours, LONGEST_WAIT), place + 0.17 * below, marker, color=colour, markersize=5, label=label)
