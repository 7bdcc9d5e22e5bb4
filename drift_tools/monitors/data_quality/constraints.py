"""constraints.json and constraint_violations.json for data quality: suggested from a baseline, read, and checked.

Format and checks: SageMaker developer guide, "Schema for Constraints" and "Schema for Violations"; distances:
awslabs/deequ, `Distance.scala`. Where the guide and Model Monitor's own files disagree, both spellings are read and
the files' is written.
"""

import math
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np

from contract.constraints_file import FeatureConstraint, categorical_method, read_constraints, settings_to_dict
from drift_tools.errors import InputError
from drift_tools.profiles import ColumnProfile, FeatureStatistics, Profile, Statistics, distance, in_file, read_json
from drift_tools.tables import Table, common_spelling, respelt

# Deequ proposes a list of allowed values only for columns whose histogram it draws (ColumnProfiler.scala: at most 120
# distinct values) and in which at most a tenth of the values occur once (CategoricalRangeRule.scala).
_MAXIMUM_DOMAIN = 120
_MAXIMUM_SINGLE_SHARE = 0.1
# c(alpha) of Deequ's robust distance, alpha about 0.003 (Distance.scala, defaultCAlpha).
_ROBUST_FACTOR = 1.8
NUMERICAL_TYPES = ("Integral", "Fractional")


@dataclass(frozen=True, slots=True)
class MonitoringConfig:
    """The thresholds of a run; the defaults are those that Model Monitor's baseline job writes."""

    evaluate_constraints: bool = True
    emit_metrics: bool = True
    datatype_check_threshold: float = 1.0
    domain_content_threshold: float = 1.0
    perform_comparison: bool = True
    comparison_threshold: float = 0.1
    comparison_method: str = "Robust"
    categorical_comparison_threshold: float = 0.1
    categorical_drift_method: str = "LInfinity"


@dataclass(frozen=True, slots=True)
class Constraints:
    """The content of a data-quality constraints.json."""

    features: Mapping[str, FeatureConstraint]
    config: MonitoringConfig = field(default_factory=MonitoringConfig)

    def config_of(self, name: str) -> MonitoringConfig:
        """The settings that hold for a feature: the dataset's, but for its own."""
        overrides: Mapping[str, Any] = self.features[name].overrides if name in self.features else {}
        return replace(self.config, **overrides)

    def evaluates(self, name: str) -> bool:
        """Whether the constraints of this feature are checked."""
        return self.config_of(name).evaluate_constraints

    def emits(self, name: str) -> bool:
        """Whether metrics of this feature are published."""
        return self.config_of(name).emit_metrics

    def threshold(self, name: str) -> float:
        """The drift threshold of this feature."""
        config = self.config_of(name)
        numerical = self.features[name].inferred_type in NUMERICAL_TYPES
        return config.comparison_threshold if numerical else config.categorical_comparison_threshold

    def without(self, names: Iterable[str]) -> "Constraints":
        """The constraints without these features."""
        left_out = set(names)
        kept = {name: feature for name, feature in self.features.items() if name not in left_out}
        return Constraints(kept, self.config)

    def to_dict(self) -> dict[str, Any]:
        """The file's JSON object."""
        return {
            "version": 0.0,
            "features": [_feature_to_dict(feature) for feature in self.features.values()],
            "monitoring_config": settings_to_dict(asdict(self.config)),
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Constraints":
        """Read the file's JSON object; raises `InputError`, with feature, field, value and fix, if it is something
        else.
        """
        try:
            features, config = read_constraints(document)
        except ValueError as error:
            raise InputError(str(error)) from error
        settings: Mapping[str, Any] = config
        return cls(features, MonitoringConfig(**settings))

    @classmethod
    def read(cls, path: str | Path) -> "Constraints":
        """Read the file; raises `InputError` if it says nothing of any feature, which nothing could violate."""
        constraints = in_file(path, cls.from_dict, read_json(path))
        if not constraints.features:
            raise InputError(f"{path}: has constraints of no feature: run the baseline again, on data that have some")
        return constraints


@dataclass(frozen=True, slots=True)
class Violation:
    """One entry of constraint_violations.json; `subject` is a feature's name or a metric's."""

    subject: str
    check: str
    description: str
    key: str = "feature_name"

    def to_dict(self) -> dict[str, str]:
        """The entry's JSON object."""
        return {self.key: self.subject, "constraint_check_type": self.check, "description": self.description}


@dataclass(frozen=True, slots=True)
class Evaluation:
    """What the checks found: the violations, and the drift distance of each feature that has one. `not_checked`: why a
    feature whose drift was to be checked has none; without a word it would look as if it had not drifted.
    """

    violations: tuple[Violation, ...]
    distances: Mapping[str, float]
    not_checked: Mapping[str, str] = field(default_factory=dict)


def violations_document(violations: Iterable[Violation]) -> dict[str, Any]:
    """The JSON object of constraint_violations.json."""
    return {"violations": [violation.to_dict() for violation in violations]}


def suggest(statistics: Statistics, *, categorical_drift_method: str | None = None) -> Constraints:
    """The constraints that a baseline's statistics suggest, as Model Monitor's baseline job does."""
    try:
        method = categorical_method(categorical_drift_method or "LInfinity", "categorical_drift_method")
    except ValueError as error:
        raise InputError(str(error)) from error
    config = MonitoringConfig(categorical_drift_method=method)
    return Constraints({name: _suggest(feature) for name, feature in statistics.features.items()}, config)


def _suggest(feature: FeatureStatistics) -> FeatureConstraint:
    non_negative = None if feature.numerical is None else feature.numerical.min >= 0
    domains = None
    if feature.string is not None and 0 < feature.string.distinct_count <= _MAXIMUM_DOMAIN:
        once = sum(count == 1 for count in feature.string.counts.values())
        if once <= _MAXIMUM_SINGLE_SHARE * feature.string.distinct_count:
            domains = tuple(feature.string.counts)
    return FeatureConstraint(feature.name, feature.inferred_type, feature.completeness, non_negative, domains)


def profile_for(table: Table, constraints: Constraints) -> Profile:
    """The profile of a table that holds what these constraints ask about."""
    return Profile.of(
        table,
        categorical={name for name, feature in constraints.features.items() if feature.inferred_type == "String"},
        numerical={name for name, feature in constraints.features.items() if feature.inferred_type in NUMERICAL_TYPES},
    )


def evaluate(current: Table | Profile, constraints: Constraints, baseline: Statistics | None) -> Evaluation:
    """Check a table, or its profile (see `profile_for`), against a baseline's constraints; without the baseline's
    statistics there is no drift check.

    One feature never spoils another: a check that cannot be made (a column without values) is not made.
    """
    table = current if isinstance(current, Profile) else profile_for(current, constraints)
    violations = list(_check_columns(table, constraints))
    distances: dict[str, float] = {}
    not_checked: dict[str, str] = {}
    for name, constraint in constraints.features.items():
        column, config = table.columns.get(name), constraints.config_of(name)
        if column is None or not column.rows:
            continue
        drift = None
        if config.perform_comparison:
            before = None if baseline is None else baseline.features.get(name)
            try:
                drift = distances[name] = drift_distance(column, constraint, before, config)
            except NotComparedError as error:
                not_checked[name] = str(error)
        if config.evaluate_constraints:
            violations.extend(_check_feature(column, constraint, constraints, drift))
    return Evaluation(tuple(violations), distances, {} if baseline is None else not_checked)


def _check_columns(table: Profile, constraints: Constraints) -> Iterable[Violation]:
    if not constraints.config.evaluate_constraints:
        return
    counts = (
        f"Number of columns in current dataset: {len(table.columns)}, "
        f"Number of columns in baseline constraints: {len(constraints.features)}"
    )
    # Model Monitor counts columns. Names are compared here, so that a renamed column is found too; columns that only
    # their position names say nothing but their number.
    missing = [name for name in constraints.features if name not in table.columns]
    extra = [name for name in table.columns if name not in constraints.features]
    if _only_positions(table) and len(table.columns) != len(constraints.features):
        missing, extra = ([""], []) if len(table.columns) < len(constraints.features) else ([], [""])
    for found, kind in ((missing, "missing"), (extra, "extra")):
        if found:
            names = f" ({kind}: {', '.join(found)})" if found != [""] else ""
            yield Violation(
                f"{kind.capitalize()} columns",
                f"{kind}_column_check",
                f"There are {kind} columns in current dataset. {counts}{names}",
            )


def _only_positions(table: Profile) -> bool:
    return all(name == f"_c{index}" for index, name in enumerate(table.columns))


def _check_feature(
    column: ColumnProfile, constraint: FeatureConstraint, constraints: Constraints, drift: float | None
) -> Iterable[Violation]:
    name, types = constraint.name, column.types
    config = constraints.config_of(name)
    matching = types.share_of(constraint.inferred_type)
    if matching < config.datatype_check_threshold:
        yield Violation(
            name,
            "data_type_check",
            f"Data type match requirement is not met. Expected data type: {constraint.inferred_type}, "
            f"Expected match: {100 * config.datatype_check_threshold}%. "
            f"Observed: Only {100 * matching}% of data is {constraint.inferred_type}.",
        )
    completeness = types.present / column.rows
    if completeness < constraint.completeness:
        yield Violation(name, "completeness_check", f"Value: {completeness} does not meet the constraint requirement! ")
    if constraint.domains is not None and types.present:
        counts = column.categories.counts
        new = common_spelling(constraint.domains, counts)
        domain = {new.get(value, value) for value in constraint.domains}
        known = sum(count for value, count in counts.items() if new.get(value, value) in domain) / types.present
        if known < config.domain_content_threshold:
            yield Violation(
                name, "categorical_values_check", f"Value: {known} does not meet the constraint requirement! "
            )
    if drift is not None and drift > constraints.threshold(name):
        yield Violation(
            name,
            "baseline_drift_check",
            f"Baseline drift distance: {drift} exceeds threshold: {constraints.threshold(name)}",
        )


class NotComparedError(Exception):
    """A feature whose drift cannot be checked; the message says why, in half a sentence."""


def drift_distance(
    column: ColumnProfile, constraint: FeatureConstraint, baseline: FeatureStatistics | None, config: MonitoringConfig
) -> float:
    """Measure the distance that `baseline_drift_check` compares with its threshold.

    Numbers: the largest difference of the sketches' cumulative shares; categories: of their shares (LInfinity).
    `Robust` takes 1.8 * sqrt((n + m) / (n * m)) off, so that a short window does not look like drift. ChiSquared: see
    `chi_squared_distance`. Raises `NotComparedError` if there is nothing to compare: Model Monitor lists no categories
    of a text of many values, for example.
    """
    if baseline is None:
        raise NotComparedError("not in the baseline's statistics.json")
    if constraint.inferred_type == "Unknown":
        raise NotComparedError("the baseline does not say of which type it is")
    if constraint.inferred_type in NUMERICAL_TYPES:
        simple, n, m = _distance_of_numbers(column, baseline)
    elif config.categorical_drift_method == "ChiSquared":
        return chi_squared_distance(*_categories(column, baseline))
    else:
        known, counts = _categories(column, baseline)
        n, m = baseline.num_present, column.types.present
        simple = max(abs(known.get(value, 0) / n - counts.get(value, 0) / m) for value in known.keys() | counts.keys())
    if config.comparison_method == "Simple":
        return simple
    return max(0.0, simple - _ROBUST_FACTOR * math.sqrt((n + m) / (n * m)))


def _distance_of_numbers(column: ColumnProfile, baseline: FeatureStatistics) -> tuple[float, int, int]:
    """The distance of the sketches, and of how many values each is."""
    if baseline.numerical is None or not baseline.numerical.sketch.weight:
        raise NotComparedError("the baseline has no distribution of its numbers")
    if column.numbers is None:
        raise NotComparedError("the window has no finite number in it")
    before, after = baseline.numerical.sketch, column.numbers.sketch
    return distance(before, after), before.weight, after.weight


def _categories(column: ColumnProfile, baseline: FeatureStatistics) -> tuple[Mapping[str, int], Mapping[str, int]]:
    """Both sides' counts, in one spelling."""
    if baseline.string is None or not baseline.string.counts:
        raise NotComparedError("the baseline lists none of its categories")
    # No category may have been kept of a window in which each occurs once: then none of the baseline's does.
    if not column.types.present:
        raise NotComparedError("the window has no value in it")
    new = common_spelling(baseline.string.counts, column.categories.counts)
    return respelt(baseline.string.counts, new), respelt(column.categories.counts, new)


def chi_squared_distance(baseline: Mapping[str, int], current: Mapping[str, int]) -> float:
    """Return one less the p-value of Deequ's goodness-of-fit test; 1 if the baseline knows none of the current
    categories (which Deequ's test, having no rows left, says nothing about). Raises `NotComparedError` if fewer than
    two categories are left.

    Deequ gives the p-value itself, which falls as the difference grows; whether Model Monitor turns it round before
    it asks "exceeds threshold" is not published. Here it is turned round, so that a larger number is a larger
    difference. The expected counts are the baseline's shares of those current rows whose category the baseline knows,
    and the smallest category joins the second smallest until the test is valid (Distance.scala, regroupCategories).
    """
    from scipy.special import chdtrc  # noqa: PLC0415 - a tenth of a second that only this method costs

    rows = sum(count for value, count in current.items() if value in baseline)
    if not rows:
        return 1.0
    total = sum(baseline.values())
    cells = sorted(
        ((count * rows / total, float(current.get(value, 0))) for value, count in baseline.items()), reverse=True
    )
    while len(cells) >= 2 and not _is_valid_chi_squared([expected for expected, _ in cells]):
        (smallest, observed), (second, also) = cells.pop(), cells.pop()
        cells.append((smallest + second, observed + also))
        cells.sort(reverse=True)
    if len(cells) < 2:
        raise NotComparedError("its categories are too rare for ChiSquared")
    expected, observed_counts = np.array(cells).T
    expected *= observed_counts.sum() / expected.sum()
    return 1.0 - float(chdtrc(len(cells) - 1, float(np.sum((observed_counts - expected) ** 2 / expected))))


def _is_valid_chi_squared(expected: list[float]) -> bool:
    # Cochran: two categories need ten each; Yates: of more, at most a fifth may have fewer than five.
    if len(expected) == 2:
        return min(expected) >= 10
    return sum(count < 5 for count in expected) <= int(0.2 * len(expected))


def _feature_to_dict(feature: FeatureConstraint) -> dict[str, Any]:
    document: dict[str, Any] = {
        "name": feature.name,
        "inferred_type": feature.inferred_type,
        "completeness": feature.completeness,
    }
    if feature.is_non_negative is not None:
        document["num_constraints"] = {"is_non_negative": feature.is_non_negative}
    if feature.domains is not None:
        document["string_constraints"] = {"domains": list(feature.domains)}
    if feature.overrides:
        document["monitoring_config_overrides"] = settings_to_dict(feature.overrides)
    return document
