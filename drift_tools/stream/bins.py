"""The bins that a stream is counted in: the baseline's own, a dozen numbers a feature, whatever the traffic."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from statistics import NormalDist
from typing import Any, Final, Literal

import numpy as np
from numpy.typing import NDArray

from drift_tools.errors import InputError
from drift_tools.measures import quantile_edges
from drift_tools.tables import known_spelling

Numbers = NDArray[np.float64]
Codes = NDArray[np.intp]

# The last bins of every feature: what is missing, and what the baseline never had.
MISSING: Final = "missing"
NEW: Final = "new"
_EXTRA: Final = 2
# A category of its own from this share of the baseline on; the rest are one bin, or a stream of names would have as
# many bins as it has rows.
_SMALLEST_SHARE: Final = 0.005
MOST_CATEGORIES: Final = 30
_NORMAL: Final = NormalDist()

Kind = Literal["numerical", "categorical"]


@dataclass(frozen=True, eq=False, slots=True)
class FeatureBins:
    """One feature's bins and how often the baseline has each.

    Parameters
    ----------
    edges:
        Of a numerical feature: ascending; the first and the last are the baseline's ends, and what lies beyond them is
        new. Value x lies in bin i if edges[i] < x <= edges[i + 1], the lowest edge included.
    categories:
        Of a categorical feature: those with a bin of their own; `others` are the baseline's rest, in one bin.
    counts:
        Rows of the baseline by bin: the intervals or categories (with one for the rest), then missing, then new (0).
    is_listed:
        Whether every category of the baseline is among `categories` and `others`; if not, none can be called new.
    """

    name: str
    kind: Kind
    counts: Numbers
    edges: Numbers
    categories: Sequence[str] = ()
    others: frozenset[str] = frozenset()
    is_listed: bool = True

    @classmethod
    def of_numbers(cls, name: str, values: Numbers) -> "FeatureBins":
        """Take the deciles of a baseline's values, NaN being missing; ties leave fewer bins, and a frequent value has
        its own (`drift_tools.measures.quantile_edges`).
        """
        present = values[~np.isnan(values)]
        if not len(present):
            return cls(name, "numerical", np.array([0.0, float(len(values)), 0.0]), np.array([np.inf, np.inf]))
        ordered = np.sort(present)
        edges = np.concatenate([ordered[:1], quantile_edges(ordered), ordered[-1:]])
        # Between two frequent values there may be nothing.
        held = cls(name, "numerical", np.zeros(len(edges) - 1 + _EXTRA), edges).count(present)[:-_EXTRA] > 0
        edges = np.concatenate([edges[:1], edges[1:][held]])
        made = cls(name, "numerical", np.zeros(len(edges) - 1 + _EXTRA), edges)
        return cls(name, "numerical", made.count(values), edges)

    def counted(self, values: NDArray[Any]) -> "FeatureBins":
        """The same bins with the counts of these rows: of a part of the baseline, such as an hour of the day."""
        return replace(self, counts=self.count(values))

    @classmethod
    def of_categories(cls, name: str, counts: Mapping[str, int], missing: int, unlisted: int = 0) -> "FeatureBins":
        """Take the categories of a baseline that are frequent enough for a bin of their own, at most 30.

        `unlisted` are rows of categories that `counts` does not have.
        """
        rows = sum(counts.values()) + missing + unlisted
        ranked = sorted(counts, key=lambda category: (-counts[category], category))
        listed = [category for category in ranked[:MOST_CATEGORIES] if counts[category] >= _SMALLEST_SHARE * rows]
        others = [category for category in ranked if category not in set(listed)]
        rest = sum(counts[category] for category in others) + unlisted
        bins = np.array([*(counts[category] for category in listed), rest, missing, 0], float)
        return cls(name, "categorical", bins, np.empty(0), tuple(listed), frozenset(others), not unlisted)

    def codes(self, values: NDArray[Any]) -> Codes:
        """The bin of each value: float64 with NaN for missing, or objects that are texts or None."""
        missing, new = len(self.counts) - 2, len(self.counts) - 1
        if self.kind == "numerical":
            codes = np.maximum(np.searchsorted(self.edges, values, side="left") - 1, 0)
            codes = np.minimum(codes, len(self.edges) - 2)
            codes[(values < self.edges[0]) | (values > self.edges[-1])] = new
            codes[np.isnan(values)] = missing
            return codes
        places = {category: code for code, category in enumerate(self.categories)}
        places |= dict.fromkeys(self.others, len(self.categories))
        spelt = known_spelling(places.keys())
        places |= {value: places[spelt(value)] for value in set(values.tolist()) - {None} if spelt(value) in places}
        other = new if self.is_listed else len(self.categories)
        return np.array([missing if value is None else places.get(value, other) for value in values.tolist()], np.intp)

    def count_kinds(self, kinds: Sequence[tuple[str | None, int]]) -> Numbers:
        """Count categories that come with their numbers, None for missing; of shape (bins,)."""
        texts = np.empty(len(kinds), dtype=object)
        texts[:] = [kind for kind, _ in kinds]
        weights = [number for _, number in kinds]
        return np.bincount(self.codes(texts), weights, minlength=len(self.counts)).astype(np.float64)

    def count(self, values: NDArray[Any]) -> Numbers:
        """Count values by bin; of shape (bins,)."""
        return np.bincount(self.codes(values), minlength=len(self.counts)).astype(np.float64)

    def names(self) -> list[str]:
        """What each bin is called where people read of it."""
        if self.kind == "numerical":
            edges = self.edges.tolist()
            befores = [None, *edges[:-2]]  # the lower edge of the bin before
            spans = map(_span, befores, edges[:-1], edges[1:])
            return [*spans, MISSING, NEW]
        return [*self.categories, "other", MISSING, NEW]

    def scores(self) -> Numbers:
        """A normal score for each bin of a numerical feature, 0 for missing; of shape (bins,).

        The score of a bin is the normal quantile of its middle rank in the baseline, so that a shift by one standard
        deviation of a normal feature moves the mean score by about one. New values count as the nearer end.
        """
        return _normal_scores(self.counts[:-_EXTRA])

    def to_dict(self) -> dict[str, Any]:
        """Write as JSON can hold it."""
        return {
            "name": self.name,
            "kind": self.kind,
            "counts": self.counts.tolist(),
            "edges": self.edges.tolist(),
            "categories": list(self.categories),
            "others": sorted(self.others),
            "is_listed": self.is_listed,
        }

    @classmethod
    def from_dict(cls, written: Mapping[str, Any], source: str) -> "FeatureBins":
        """Read what `to_dict` wrote. Raises `InputError`, naming the source, if it is something else."""
        try:
            counts, edges = np.array(written["counts"], float), np.array(written["edges"], float)
            kind: Kind = "numerical" if written["kind"] == "numerical" else "categorical"
            categories = tuple(map(str, written["categories"]))
            intervals = len(edges) - 1 if kind == "numerical" else len(categories) + 1
            if counts.shape != (intervals + _EXTRA,) or (counts < 0).any() or (np.diff(edges) < 0).any():
                raise ValueError(f"{len(counts)} counts for {intervals} bins")
            others, is_listed = frozenset(map(str, written["others"])), bool(written.get("is_listed", True))
            return cls(str(written["name"]), kind, counts, edges, categories, others, is_listed)
        except (KeyError, TypeError, ValueError) as error:
            raise InputError(f"{source} is no baseline of a stream: {error}; make it anew from the baseline") from error


def _span(before: float | None, low: float, high: float) -> str:
    """One value, or from which to which; where the lower end is a bin of its own people read that it is not in this."""
    if low == high:
        return f"{low:.4g}"
    return f"above {low:.4g}, up to {high:.4g}" if before == low else f"{low:.4g} … {high:.4g}"


def _normal_scores(counts: Numbers) -> Numbers:
    total = counts.sum()
    if not total:
        return np.zeros(len(counts))
    middle = np.clip((np.cumsum(counts) - counts / 2) / total, 1e-4, 1 - 1e-4)
    return np.array([_NORMAL.inv_cdf(rank) for rank in middle.tolist()])  # scipy would double the function's start
