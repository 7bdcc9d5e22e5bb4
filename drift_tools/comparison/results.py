"""What a comparison says: frozen results, and their JSON objects."""

import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from html import escape
from typing import Any, Literal, TypeAlias

from drift_tools.comparison.verdict import DRIFT
from drift_tools.measures import MEASURES, ChiSquared, KolmogorovSmirnov
from drift_tools.significance import MultivariateTest

_NAMED, _SHOWN_ROWS = 10, 50
# The columns of a comparison as a table, and their types as pyarrow calls them.
_FRAME = (
    ("feature", "string"),
    ("kind", "string"),
    ("verdict", "string"),
    ("drifted", "bool_"),
    ("effect", "float64"),
    ("psi", "float64"),
    ("ks", "float64"),
    ("chi_squared", "float64"),
    ("jensen_shannon", "float64"),
    ("wasserstein", "float64"),
    ("l_infinity", "float64"),
    ("p_value", "float64"),
    ("p_value_adjusted", "float64"),
    ("reason", "string"),
    ("summary", "string"),
)
Kind: TypeAlias = Literal["numerical", "categorical"]


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a feature. Shares are of all rows; moments and quantiles are of the finite numbers, NaN without
    any. `minus_infinity_share` is the part of `infinite_share` that is below all numbers.
    """

    rows: int
    missing_share: float
    infinite_share: float
    wrong_type_share: float
    distinct: int
    mean: float = math.nan
    median: float = math.nan
    standard_deviation: float = math.nan
    minimum: float = math.nan
    maximum: float = math.nan
    minus_infinity_share: float = 0.0


@dataclass(frozen=True, slots=True)
class Histogram:
    """What a report draws: the shares of both sides' values (missing ones apart) over the same bins or categories.

    Numerical: `edges` are n + 1 finite increasing numbers, and what lies beyond the outer ones is counted in the
    outer bins; `labels` is empty. Categorical: `labels` are n categories, the baseline's most frequent first, the
    rest as `(other)`; `edges` is empty. `baseline` and `current` are n shares of the values.
    """

    edges: tuple[float, ...]
    labels: tuple[str, ...]
    baseline: tuple[float, ...]
    current: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class FeatureComparison:
    """All measures and the verdict on one feature. A measure that does not exist for it is NaN or None.

    `verdict`: `drift`, `no drift` or `not enough data`. `reason`: why. `summary`: what changed, in one sentence.
    `effect`: PSI less its expectation under equality, by which features are ranked. `distances`: by name, those of
    `drift_tools.measures.MEASURES` that there are of this feature. `is_time`: whether its numbers are seconds since
    1970.
    """

    name: str
    kind: Kind
    verdict: str
    reason: str
    summary: str
    effect: float
    psi: float
    ks: KolmogorovSmirnov | None
    chi_squared: ChiSquared | None
    distances: Mapping[str, float]
    p_value: float
    p_value_adjusted: float
    baseline: Side
    current: Side
    histogram: Histogram | None
    new_categories: tuple[str, ...] = ()
    vanished_categories: tuple[str, ...] = ()
    is_time: bool = False

    def distance(self, name: str) -> float:
        """The measure of this name; NaN where there is none."""
        return self.distances.get(name, math.nan)

    @property
    def jensen_shannon(self) -> float:
        """The Jensen-Shannon distance, base 2."""
        return self.distance("jensen_shannon")

    @property
    def wasserstein(self) -> float:
        """The Wasserstein distance, in standard deviations of the baseline; NaN for categories."""
        return self.distance("wasserstein")

    @property
    def l_infinity(self) -> float:
        """The largest difference of a bin's or category's shares."""
        return self.distance("l_infinity")

    @property
    def drifted(self) -> bool:
        """Whether the verdict is drift."""
        return self.verdict == DRIFT

    @property
    def is_new(self) -> bool:
        """Whether only the current data have it; then nothing was compared."""
        return self.histogram is None and math.isnan(self.baseline.missing_share)

    def to_dict(self) -> dict[str, Any]:
        """The feature's JSON object; a number that does not exist is None."""
        document: dict[str, Any] = {"kind": self.kind, "psi": _json(self.psi)}
        if self.kind == "numerical":
            document["ks"] = _test(self.ks)
        else:
            document["chi_squared"] = _test(self.chi_squared)
        for measure in MEASURES:
            if self.kind in measure.kinds:
                document[measure.name] = _json(self.distance(measure.name))
        document["p_value_adjusted"] = _json(self.p_value_adjusted)
        document["drifted"] = self.drifted
        document["verdict"] = self.verdict
        document["reason"] = self.reason
        document["summary"] = self.summary
        return document


@dataclass(frozen=True, slots=True)
class Comparison:
    """The comparison of two tables; `features` in the baseline's order, then what only the current rows have."""

    baseline_rows: int
    current_rows: int
    alpha: float
    features: Mapping[str, FeatureComparison]
    multivariate: MultivariateTest | None = None
    """The test of all columns together, if it was asked for. It decides about no feature and not about `drifted`."""
    multivariate_reason: str | None = None
    """Why the tables did not allow that test, where it was asked for."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """The columns that were not compared, and why."""

    @property
    def drifted_features(self) -> list[str]:
        """The names of the features that drifted, in the order of `features`."""
        return [name for name, feature in self.features.items() if feature.drifted]

    @property
    def drifted(self) -> bool:
        """Whether any feature drifted."""
        return any(feature.drifted for feature in self.features.values())

    def ranked(self) -> list[FeatureComparison]:
        """The features, the drifted ones first and then by effect; features that could not be measured last.

        Each says in its `summary` what changed.
        """
        return sorted(
            self.features.values(),
            key=lambda feature: (not feature.drifted, -feature.effect if math.isfinite(feature.effect) else math.inf),
        )

    def to_dict(self) -> dict[str, Any]:
        """The JSON object that `compare --format json` prints; NaN and infinities are None."""
        document: dict[str, Any] = {
            "baseline_rows": self.baseline_rows,
            "current_rows": self.current_rows,
            "alpha": self.alpha,
            "drifted": self.drifted,
            "drifted_features": self.drifted_features,
            "features": {name: feature.to_dict() for name, feature in self.features.items()},
        }
        if self.multivariate is not None:
            document["multivariate"] = asdict(self.multivariate)
        elif self.multivariate_reason is not None:
            document |= {"multivariate": None, "multivariate_reason": self.multivariate_reason}
        if self.left_out:
            document["left_out"] = dict(self.left_out)
        return document

    def to_arrow(self) -> Any:
        """A `pyarrow.Table` with a row a feature: `feature` and what `FeatureComparison.to_dict` has, tests as their
        statistic and p-value. A number that does not exist is null. Raises `ImportError` without pyarrow.
        """
        import pyarrow as pa  # noqa: PLC0415 - optional

        rows = self._rows()
        return pa.table(
            {name: pa.array([row[name] for row in rows], type=getattr(pa, kind)()) for name, kind in _FRAME}
        )

    def to_pandas(self) -> Any:
        """The same as a `pandas.DataFrame`; raises `ImportError` without pandas."""
        import pandas as pd  # noqa: PLC0415 - the user's own

        rows = self._rows()
        return pd.DataFrame({name: [row[name] for row in rows] for name, _ in _FRAME})

    def _rows(self) -> list[dict[str, Any]]:
        rows = []
        for name, feature in self.features.items():
            tests = {"ks": feature.ks, "chi_squared": feature.chi_squared}
            rows.append(
                {
                    "feature": name,
                    "wasserstein": None,
                    "effect": _json(feature.effect),
                    "p_value": _json(feature.p_value),
                }
                | feature.to_dict()
                | {test: None if found is None else _json(found.statistic) for test, found in tests.items()}
            )
        return rows

    def _repr_html_(self) -> str:
        """What a notebook shows: the features, those that drifted first."""
        shown = self.ranked()[:_SHOWN_ROWS]
        cells = [
            f"<tr><td>{escape(feature.name)}</td><td>{feature.verdict}</td><td>{escape(feature.summary)}</td></tr>"
            for feature in shown
        ]
        more = len(self.features) - len(shown)
        note = f"<p>… and {more:,} more features</p>" if more else ""
        head = "<tr><th>feature</th><th>verdict</th><th>what changed</th></tr>"
        return f"<p>{escape(repr(self))}</p><table>{head}{''.join(cells)}</table>{note}"

    def __repr__(self) -> str:
        names = self.drifted_features
        more = f" and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
        drifted = ", ".join(names[:_NAMED]) + more or "none"
        rows = f"{self.baseline_rows} with {self.current_rows} rows"
        return f"<Comparison: {rows}, {len(self.features)} features, drifted: {drifted}>"


def _json(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _test(test: KolmogorovSmirnov | ChiSquared | None) -> dict[str, float | None]:
    if test is None:
        return {"statistic": None, "p_value": None}
    return {"statistic": _json(test.statistic), "p_value": _json(test.p_value)}
