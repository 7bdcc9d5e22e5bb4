"""What a run measured of its model, by name: quality, bias of each group, the agreement of an attribution with the
baseline's, and numbers of people's own monitors. These are what versions are held beside each other by.
"""

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

_METRICS_BLOCK: Final = "_metrics"
_BIAS_BLOCKS: Final = ("pre_training_bias_metrics", "post_training_bias_metrics")
NDCG: Final = "feature_attribution_ndcg"
# A group above a threshold is written with the window's own maximum: "(40, 99]".
_ABOVE: Final = re.compile(r"\(([^,]+), [^\]]+\]")


@dataclass(frozen=True, slots=True)
class Measured:
    """A metric of a run; None of what its files do not say."""

    value: float | None
    standard_deviation: float | None = None
    threshold: float | None = None
    p_value: float | None = None


def of_quality(statistics: Mapping[str, Any], drift: Mapping[str, Any]) -> Iterator[tuple[str, Measured]]:
    """The metrics of model quality, as statistics.json has them, with the tests of drift.json."""
    tests = as_object(as_object(drift.get("judgement")).get("tests"))
    for name, block in statistics.items():
        if not name.endswith(_METRICS_BLOCK):
            continue
        for metric, about in as_object(block).items():
            if isinstance(about, Mapping) and "value" in about:
                test = as_object(tests.get(metric))
                yield (
                    metric,
                    Measured(
                        as_number(about["value"]),
                        as_number(about.get("standard_deviation")),
                        as_number(test.get("threshold")),
                        as_number(test.get("p_value")),
                    ),
                )


def of_bias(analysis: Mapping[str, Any], drift: Mapping[str, Any]) -> Iterator[tuple[str, Measured]]:
    """Each bias metric of each group, as Clarify's analysis.json has them."""
    judged = as_object(drift.get("judgement")).get("groups")
    p_values = {
        bias_name(str(metric), group.get("facet"), group.get("value")): as_number(as_object(about).get("p_value"))
        for group in (judged if isinstance(judged, list) else ())
        for metric, about in as_object(group.get("metrics")).items()
    }
    for block in _BIAS_BLOCKS:
        for facet, groups in as_object(as_object(analysis.get(block)).get("facets")).items():
            for group in groups:
                for metric in group.get("metrics", ()):
                    name = bias_name(str(metric.get("name")), facet, group.get("value_or_threshold"))
                    yield name, Measured(as_number(metric.get("value")), p_value=p_values.get(name))


def of_attribution(drift: Mapping[str, Any]) -> Iterator[tuple[str, Measured]]:
    """How well the ranking of the features agrees with the baseline's."""
    judgement = as_object(drift.get("judgement"))
    if "ndcg" in judgement:
        yield (
            NDCG,
            Measured(
                as_number(judgement["ndcg"]),
                as_number(judgement.get("standard_error")),
                as_number(judgement.get("threshold")),
            ),
        )


def of_custom(drift: Mapping[str, Any]) -> Iterator[tuple[str, Measured]]:
    """The numbers of people's own monitors, named as their metrics are."""
    for monitor, about in as_object(drift.get("custom")).items():
        for name, value in as_object(as_object(about).get("numbers")).items():
            yield f"{monitor}_{name}", Measured(as_number(value))


def bias_name(metric: str, facet: Any, value: Any) -> str:
    """A bias metric of a group: `DPPL of age > 40`, the same in every window."""
    above = _ABOVE.fullmatch(str(value))
    return f"{metric} of {facet} {f'> {above[1]}' if above else f'= {value}'}"


def is_bias(analysis: Mapping[str, Any]) -> bool:
    """Whether an analysis.json is of a bias monitor."""
    return any(block in analysis for block in _BIAS_BLOCKS)


def is_quality(statistics: Mapping[str, Any]) -> bool:
    """Whether a statistics.json is of a model-quality monitor."""
    return any(name.endswith(_METRICS_BLOCK) for name in statistics)


def as_object(value: Any) -> Mapping[str, Any]:
    """The value where it is an object; an empty one else."""
    return value if isinstance(value, Mapping) else {}


def as_number(value: Any) -> float | None:
    """A number of JSON; Model Monitor's "NaN" and "Infinity" are none."""
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        return float(value)
    return None
