"""How often undrifted data raise an alarm, and how often drifted data do: ours and the peers' rules.

`python -m benchmarks calibration` prints the tables; with `--publish` it also writes them and the plots into
`docs/verdicts.md`. All draws are seeded; about ten minutes on one core, under a minute with `--quick`.
"""

import argparse
import math
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from benchmarks import peer_rules
from benchmarks.shared.features import ALL, CATEGORICAL, NUMERICAL, rows_of
from benchmarks.shared.publishing import DOCS, markdown_table, publish
from drift_tools import compare

ALPHA = 0.05
# Rows of the baseline, rows of the current side, runs.
SIZES = (
    (50, 50, 2000),
    (100, 100, 2000),
    (300, 300, 2000),
    (1000, 50, 2000),
    (1000, 200, 2000),
    (1000, 1000, 1000),
    (10_000, 1000, 400),
    (10_000, 10_000, 200),
    (1_000_000, 50, 40),
    (100_000, 100_000, 40),
    (1_000_000, 1_000_000, 10),
)
POWER_SIZES = (50, 100, 200, 300, 500, 1000)
POWER_RUNS = 400
PEER_RUNS = 200


@dataclass(frozen=True, slots=True)
class Share:
    """`hits` of `runs`."""

    hits: int
    runs: int

    @property
    def value(self) -> float:
        return self.hits / self.runs

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper and Pearson's 95 % confidence interval."""
        low = stats.beta.ppf(0.025, self.hits, self.runs - self.hits + 1) if self.hits else 0.0
        high = stats.beta.ppf(0.975, self.hits + 1, self.runs - self.hits) if self.hits < self.runs else 1.0
        return float(low), float(high)

    def __str__(self) -> str:
        low, high = self.interval
        return f"{100 * self.value:.1f} % ({100 * low:.1f} – {100 * high:.1f})"


def our_false_alarms(n: int, m: int, runs: int, seed: int) -> tuple[Share, Share]:
    """Of runs over all kinds of undrifted features: with any drift, and with anything significant."""
    drifted = significant = 0
    for run in range(runs):
        rng = np.random.default_rng([seed, n, m, run])
        comparison = compare(rows_of(ALL, rng, n), rows_of(ALL, rng, m), alpha=ALPHA, threads=1)
        drifted += comparison.drifted
        adjusted = [feature.p_value_adjusted for feature in comparison.features.values()]
        significant += min(adjusted) <= ALPHA
    return Share(drifted, runs), Share(significant, runs)


def peers_false_alarms(n: int, m: int, runs: int, seed: int) -> dict[str, Share]:
    """By rule: of undrifted runs over the kinds of features that the rule is for, those with any alarm."""
    alarms: dict[str, int] = {}
    for run in range(runs):
        rng = np.random.default_rng([seed, n, m, run])
        before, after = rows_of(ALL, rng, n), rows_of(ALL, rng, m)
        for what, rules, features in (
            ("numerical", peer_rules.NUMERICAL, NUMERICAL),
            ("categorical", peer_rules.CATEGORICAL, CATEGORICAL),
        ):
            for name, rule in rules.items():
                alarm = any(rule.score(before[feature], after[feature]) >= rule.limit for feature in features)
                alarms[f"{name} ({what})"] = alarms.get(f"{name} ({what})", 0) + alarm
    return {name: Share(hits, runs) for name, hits in alarms.items()}


SHIFTS = {
    "normal (shift of 0.5 σ)": "normal",
    "lognormal (times e^0.5)": "lognormal",
    "heavy-tailed (shift of 0.5)": "heavy-tailed (Student's t, 2)",
}


def _shifted(name: str, values: NDArray[np.float64]) -> NDArray[np.float64]:
    return values * math.exp(0.5) if name == "lognormal" else values + 0.5


EQUALLY = "drift_tools, at 5 % like the others"


def _our_scores(before: Mapping[str, NDArray[Any]], after: Mapping[str, NDArray[Any]]) -> dict[str, float]:
    """By feature, -log10 of the adjusted p-value: drift is at least -log10 alpha. Minus infinity if immaterial."""
    features = compare(before, after, alpha=1 - 1e-12, threads=1).features  # at which everything material is drift
    return {
        name: -math.log10(max(feature.p_value_adjusted, 1e-300)) if feature.drifted else -math.inf
        for name, feature in features.items()
    }


def power(rows: int, runs: int, seed: int) -> dict[str, dict[str, float]]:
    """By what moved and by rule, the share of runs in which it was found, among the six numerical kinds of features of
    which one moved.

    Each peer's limit is raised or lowered until 5 % of undrifted runs alarm (measured on as many runs). Ours is there
    twice: as it is, at alpha = 0.05, and at the alpha at which 5 % of undrifted runs alarm, too.
    """
    undrifted: dict[str, list[float]] = {name: [] for name in (EQUALLY, *peer_rules.NUMERICAL)}
    drifted: dict[str, dict[str, list[float]]] = {what: {} for what in SHIFTS}
    ours: dict[str, int] = dict.fromkeys(SHIFTS, 0)
    for run in range(runs):
        rng = np.random.default_rng([seed, rows, run])
        before, after = rows_of(NUMERICAL, rng, rows), rows_of(NUMERICAL, rng, rows)
        moved = {feature: _shifted(feature, after[feature]) for feature in SHIFTS.values()}
        undrifted[EQUALLY].append(max(_our_scores(before, after).values()))
        for name, rule in peer_rules.NUMERICAL.items():
            undrifted[name].append(max(rule.score(before[feature], after[feature]) for feature in NUMERICAL))
            for what, feature in SHIFTS.items():
                drifted[what].setdefault(name, []).append(rule.score(before[feature], moved[feature]))
        for what, feature in SHIFTS.items():
            score = _our_scores(before, {**after, feature: moved[feature]})[feature]
            ours[what] += score >= -math.log10(ALPHA)
            drifted[what].setdefault(EQUALLY, []).append(score)
    limits = {name: float(np.quantile(scores, 1 - ALPHA, method="higher")) for name, scores in undrifted.items()}
    return {
        what: {
            "ours": ours[what] / runs,
            **{
                name: float(np.mean(np.array(scores) > limits[name]))
                for name, scores in sorted(drifted[what].items(), key=lambda item: item[0] != EQUALLY)
            },
        }
        for what in SHIFTS
    }


def harmless(seed: int, sizes: Iterable[tuple[int, int]]) -> list[list[str]]:
    """A shift of 0.1 σ at every size: how it is reported."""
    lines = []
    for rows, runs in sizes:
        significant = drifted = 0
        psi = []
        for run in range(runs):
            rng = np.random.default_rng([seed, rows, run])
            before, after = rng.normal(size=rows), rng.normal(0.1, size=rows)
            feature = compare({"x": before}, {"x": after}, alpha=ALPHA, threads=1).features["x"]
            significant += feature.p_value_adjusted <= ALPHA
            drifted += feature.drifted
            psi.append(feature.psi)
        lines.append(
            [f"{rows:,}", f"{runs}", str(Share(significant, runs)), f"{np.mean(psi):.4f}", str(Share(drifted, runs))]
        )
    return lines


def far_tail(draws: int, seed: int) -> list[list[str]]:
    """How many times as often as promised equal samples are rejected at small levels, by Pearson's statistic and by
    what the verdict takes (the larger of its p-value and the likelihood ratio's).
    """
    lines = []
    cases = (
        ("10 bins, 100 and 100 rows", np.full(10, 0.1), 100, 100),
        ("10 bins, 1,000,000 and 50 rows", np.full(10, 0.1), 1_000_000, 50),
        ("a share of 2.5 %, 1,000,000 and 200 rows", np.array([0.025, 0.975]), 1_000_000, 200),
        ("40 categories, 1,000,000 and 200 rows", np.full(40, 0.025), 1_000_000, 200),
    )
    for name, shares, n, m in cases:
        rng = np.random.default_rng([seed, n, m])
        first, second = rng.multinomial(n, shares, draws), rng.multinomial(m, shares, draws)
        totals = first + second
        means = totals * (n / (n + m)), totals * (m / (n + m))
        pairs = tuple(zip((first, second), means, strict=True))
        pearson = sum(np.sum((seen - mean) ** 2 / mean, axis=1) for seen, mean in pairs)
        ratio = 2 * sum(
            np.sum(np.where(seen > 0, seen * np.log(np.maximum(seen, 1) / mean), 0), axis=1) for seen, mean in pairs
        )
        cells = [name]
        for level in (0.05, 1e-3, 1e-5):
            limit = stats.chi2.isf(level, len(shares) - 1)
            cells.append(
                f"{np.mean(pearson >= limit) / level:.2f} / {np.mean(np.minimum(pearson, ratio) >= limit) / level:.2f}"
            )
        lines.append(cells)
    return lines


def draw_false_alarms(ours: Mapping[str, Share], peers: Mapping[str, Mapping[str, Share]]) -> Any:
    """Shares of undrifted runs with an alarm: a line of cells for each rule, a column for each size, ours on top."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    names = list(next(iter(peers.values())))
    shares = [[ours[size].value for size in peers], *([peers[size][name].value for size in peers] for name in names)]
    figure = Figure(figsize=(9, 4.6), layout="constrained")
    axes = figure.subplots()
    axes.imshow(np.sqrt(shares), cmap="Reds", vmin=0, vmax=1.25, aspect="auto")
    for line, cells in enumerate(shares):
        for column, share in enumerate(cells):
            axes.text(column, line, f"{100 * share:.0f} %", ha="center", va="center", fontsize=8, color="#1f1f1f")
    axes.axhline(0.5, color="white", linewidth=4)
    axes.set_yticks(range(len(shares)), ["drift_tools (all kinds of features)", *names])
    axes.get_yticklabels()[0].set_fontweight("bold")
    axes.set_xticks(range(len(peers)), list(peers))
    axes.set(xlabel="rows of the baseline, rows of the current side")
    axes.set_title("Undrifted runs that raise an alarm", loc="left", fontsize=10)
    axes.tick_params(length=0, labelsize=8)
    axes.spines[:].set_visible(False)
    return figure


def draw_power(found: Mapping[int, Mapping[str, Mapping[str, float]]]) -> Any:
    """Shares of drifted runs in which the drift was found, over sizes; one panel for each thing that moved."""
    from matplotlib.figure import Figure  # noqa: PLC0415 - slow to import

    figure = Figure(figsize=(10, 4.4), layout="constrained")
    panels = figure.subplots(1, len(SHIFTS), sharey=True)
    colours = ["#b3261e", "#d98c00", "#7b4fa3", "#2f6fb0", "#888888", "#a08060", "#5aa9a3"]
    for panel, what in zip(panels, SHIFTS, strict=True):
        sizes = list(found)

        def line(rule: str, what: str = what, sizes: Sequence[int] = sizes) -> list[float]:
            return [100 * found[size][what][rule] for size in sizes]

        for name, colour in zip(peer_rules.NUMERICAL, colours, strict=True):
            panel.plot(sizes, line(name), color=colour, linewidth=1, label=name)
        panel.plot(sizes, line(EQUALLY), color="#0b6e4f", linewidth=2, linestyle="--", label=EQUALLY)
        panel.plot(sizes, line("ours"), color="#0b6e4f", linewidth=2.5, marker="o", label="drift_tools, as it is")
        panel.set(xscale="log", xlabel="rows on either side", ylim=(-2, 102))
        panel.set_title(what, fontsize=10)
        panel.set_xticks(sizes, [f"{size:,}" for size in sizes], fontsize=8)
        panel.minorticks_off()
        panel.spines[["top", "right"]].set_visible(False)
    panels[0].set_ylabel("found, % of runs")
    figure.legend(
        *panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=5, fontsize=8, frameon=False
    )
    return figure


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n\n")
    sys.stdout.flush()


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print, and publish if asked to."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks calibration", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="a tenth of the runs, and no million rows")
    parser.add_argument("--publish", action="store_true", help="write the tables and plots into docs/verdicts.md")
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args(argv)
    part = 10 if arguments.quick else 1
    started = time.monotonic()
    sizes = [(n, m, max(runs // part, 5)) for n, m, runs in SIZES if not arguments.quick or max(n, m) <= 10_000]

    ours: dict[str, Share] = {}
    lines = []
    for n, m, runs in sizes:
        drifted, significant = our_false_alarms(n, m, runs, arguments.seed)
        ours[f"{n:,}\n{m:,}"] = drifted
        lines.append([f"{n:,}", f"{m:,}", f"{runs:,}", str(drifted), str(significant)])
    sections = {
        "false-alarms": markdown_table(
            ["baseline rows", "current rows", "runs", "any drift (false alarm)", "anything significant"], lines
        )
    }
    _say(sections["false-alarms"])

    peer_sizes = [(n, m) for n, m, _ in sizes if max(n, m) <= 10_000]
    peers = {
        f"{n:,}\n{m:,}": peers_false_alarms(
            n, m, max(PEER_RUNS // part, 20) if max(n, m) < 10_000 else 40, arguments.seed
        )
        for n, m in peer_sizes
    }
    names = list(next(iter(peers.values())))
    sections["peers"] = markdown_table(
        ["rule, any feature of the run", *(size.replace("\n", " / ") for size in peers)],
        [[name, *(f"{100 * found[name].value:.0f} %" for found in peers.values())] for name in names],
    )
    _say(sections["peers"])

    found = {rows: power(rows, POWER_RUNS // part, arguments.seed) for rows in POWER_SIZES}
    sections["power"] = markdown_table(
        ["what moved", "rule", *(f"{rows:,}" for rows in found)],
        [
            [
                what if rule == "ours" else "",
                "**drift_tools**" if rule == "ours" else rule,
                *(f"{100 * found[rows][what][rule]:.1f} %" for rows in found),
            ]
            for what in SHIFTS
            for rule in ("ours", EQUALLY, *peer_rules.NUMERICAL)
        ],
    )
    _say(sections["power"])

    harmless_sizes = [(100, 2000), (1000, 1000), (10_000, 200), (100_000, 40), (1_000_000, 10)]
    sections["harmless"] = markdown_table(
        ["rows on either side", "runs", "significant", "mean PSI", "called drift"],
        harmless(arguments.seed, [(rows, max(runs // part, 5)) for rows, runs in harmless_sizes]),
    )
    _say(sections["harmless"])
    sections["far-tail"] = markdown_table(
        ["equal samples", "at 0.05", "at 0.001", "at 0.00001"], far_tail(1_000_000 // part, arguments.seed)
    )
    _say(sections["far-tail"])
    _say(f"{time.monotonic() - started:.0f} s")
    if arguments.publish:
        publish(DOCS / "verdicts.md", sections)
        shown = {size: ours[size] for size in peers}
        for name, figure in (("false-alarms", draw_false_alarms(shown, peers)), ("power", draw_power(found))):
            figure.savefig(DOCS / f"verdicts-{name}.svg", metadata={"Date": None})
    return 0
