"""Do two monitors of the same window say the same? Pure functions over what they wrote."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from functions.common.violations import Violation, facet_subject

_BIAS = ("pre_training_bias_metrics", "post_training_bias_metrics")


@dataclass(frozen=True)
class Results:
    """What one engine found: the features (or metrics) that it looked at, what was violated, and its measures.

    `subjects` need not name what is violated: a violation's subject is one of its own accord.
    `measures` are the features of drift.json, by name; empty for an engine that writes none.
    """

    subjects: frozenset[str]
    violations: tuple[Violation, ...]
    measures: Mapping[str, Any]


@dataclass(frozen=True)
class Disagreement:
    """A feature that one engine calls violated and the other does not."""

    subject: str
    model_monitor: tuple[Violation, ...]
    open: tuple[Violation, ...]
    measures: Mapping[str, Any] | None

    def to_dict(self) -> dict[str, Any]:
        """Both sides with their numbers."""
        return {
            "feature": self.subject,
            "model_monitor": [_said(item) for item in self.model_monitor],
            "open": [_said(item) for item in self.open],
            "measures": self.measures,
        }


@dataclass(frozen=True)
class Agreement:
    """`agreed` of `compared` features have the same verdict."""

    compared: int
    disagreements: tuple[Disagreement, ...]
    both_violated: tuple[str, ...]

    @property
    def share(self) -> float:
        """The share on which they agree, 0 to 1; two engines that had nothing to look at do not disagree."""
        return 1.0 - len(self.disagreements) / self.compared if self.compared else 1.0


def compare(model_monitor: Results, other: Results) -> Agreement:
    """Hold the two against each other, feature by feature.

    A verdict is whether anything of the feature is violated. Which check found it is not compared: a column that is
    half text fails the type check here and the drift check there, and both have told the same people the same news.
    A wrong number of columns counts as a feature of its own.
    """
    first, second = _by_subject(model_monitor.violations), _by_subject(other.violations)
    subjects = model_monitor.subjects | other.subjects | first.keys() | second.keys()
    disagreements = tuple(
        Disagreement(name, tuple(first.get(name, ())), tuple(second.get(name, ())), other.measures.get(name))
        for name in sorted(subjects)
        if (name in first) != (name in second)
    )
    return Agreement(len(subjects), disagreements, tuple(sorted(first.keys() & second.keys())))


def subjects_of(document: Any) -> frozenset[str]:
    """What a constraints.json, a statistics.json or Clarify's analysis.json is about: features, metrics of the model's
    quality, or those of a facet's groups. Attribution is about one thing, which a violation names.
    """
    names: set[str] = set()
    if isinstance(document, Mapping) and (groups := [document[key] for key in _BIAS if key in document]):
        return frozenset(
            facet_subject(metric["name"], facet, entry["value_or_threshold"])
            for group in groups
            for facet, entries in group["facets"].items()
            for entry in entries
            for metric in entry["metrics"]
        )
    if isinstance(document, Mapping):
        features = document.get("features")
        if isinstance(features, Sequence):
            names |= {str(item["name"]) for item in features if isinstance(item, Mapping) and "name" in item}
        for key, group in document.items():
            if key.endswith(("_constraints", "_metrics")) and isinstance(group, Mapping):
                names |= {str(name) for name in group if name != "confusion_matrix" and not name.endswith("_curve")}
    return frozenset(names)


def _by_subject(violations: Iterable[Violation]) -> dict[str, list[Violation]]:
    found: dict[str, list[Violation]] = defaultdict(list)
    for item in violations:
        found[item.subject].append(item)
    return dict(found)


def _said(violation: Violation) -> dict[str, Any]:
    return {
        "check": violation.check,
        "observed": violation.observed,
        "limit": violation.limit,
        "description": violation.description,
    }
