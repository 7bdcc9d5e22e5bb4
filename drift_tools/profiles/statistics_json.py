"""statistics.json: what a monitor keeps of a dataset, in Model Monitor's format.

Format: SageMaker developer guide, "Schema for Statistics"; numbers as in Model Monitor's own output: the standard
deviation is the population's, the ten buckets are of equal width over [min, max], half-open but for the last.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

from contract.json_fields import TwiceError, none_misspelt, number_of, once
from drift_tools.errors import InputError
from drift_tools.profiles.kll import SHRINKING_FACTOR, SKETCH_SIZE, Sketch

BUCKETS = 10
# Deequ's histogram keeps as many (Histogram.scala, MaximumAllowedDetailBins); ids would otherwise fill the file.
MAXIMUM_CATEGORIES = 1000
# The guide allows containers to write more than it lists: only what is one of these, misspelt, is refused.
_FILE = ("dataset", "features")
_FEATURE = ("numerical_statistics", "string_statistics")
_SECTION = ("common", "distinct_count", "distribution")
_COMMON = ("num_present", "num_missing")
_TYPES = ("Integral", "Fractional", "String", "Unknown")


@dataclass(frozen=True, eq=False, slots=True)
class NumericalStatistics:
    """Moments over the finite values; `buckets` are (lower, upper, count)."""

    mean: float
    sum: float
    std_dev: float
    min: float
    max: float
    buckets: tuple[tuple[float, float, float], ...]
    sketch: Sketch


@dataclass(frozen=True, eq=False, slots=True)
class StringStatistics:
    """Counts of the categories, the most frequent first, of at most `MAXIMUM_CATEGORIES`."""

    distinct_count: int
    counts: Mapping[str, int]


@dataclass(frozen=True, eq=False, slots=True)
class FeatureStatistics:
    """One feature. Either of `numerical` and `string`; neither if the column holds nothing at all."""

    name: str
    inferred_type: str
    num_present: int
    num_missing: int
    numerical: NumericalStatistics | None = None
    string: StringStatistics | None = None

    @property
    def completeness(self) -> float:
        """The share of rows that hold a value; 1 for no rows."""
        rows = self.num_present + self.num_missing
        return self.num_present / rows if rows else 1.0


@dataclass(frozen=True, eq=False, slots=True)
class Statistics:
    """The content of a data-quality statistics.json."""

    item_count: int
    features: Mapping[str, FeatureStatistics]

    def to_dict(self) -> dict[str, Any]:
        """The file's JSON object."""
        return {
            "version": 0.0,
            "dataset": {"item_count": self.item_count},
            "features": [_feature_to_dict(feature) for feature in self.features.values()],
        }

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Statistics":
        """Read the file's JSON object; raises `InputError`, with feature, field, value and fix, if it is something
        else. A count of rows that is not given is that of the feature with the most.
        """
        if not isinstance(document, Mapping) or not isinstance(document.get("features"), list):
            raise InputError("not a data-quality statistics.json (no 'features'): run the baseline again")
        if not document["features"]:
            raise InputError("has statistics of no feature: run the baseline again, on data that have some")
        features: dict[str, FeatureStatistics] = {}
        for position, item in enumerate(document["features"], start=1):
            name = item.get("name") if isinstance(item, Mapping) else None
            if not isinstance(name, str):
                raise InputError(f"feature number {position} has no name: give it the column's name as text")
            if name in features:
                raise InputError(f"feature {name} comes twice: keep one of them")
            try:
                _check_names(item)
                features[name] = _feature_from_dict(name, item)
            except InputError as error:
                raise InputError(f"feature {name}: {error}") from error
            except (KeyError, TypeError, ValueError, AttributeError) as error:
                raise InputError(f"feature {name}: {wrong_with(error)}: run the baseline again") from error
        _none_misspelt(document, _FILE, "the file")
        rows = max((feature.num_present + feature.num_missing for feature in features.values()), default=0)
        dataset = document.get("dataset")
        items = dataset.get("item_count") if isinstance(dataset, Mapping) else None
        return cls(rows if items is None else _count(items, "item_count"), features)

    @classmethod
    def read(cls, path: str | Path) -> "Statistics":
        """Read the file."""
        return in_file(path, cls.from_dict, read_json(path))


def read_json(path: str | Path) -> Any:
    """The JSON document in a file; `InputError` with file and line if there is none."""
    path = Path(path)
    try:
        return json.loads(path.read_bytes(), object_pairs_hook=once)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except TwiceError as error:
        raise InputError(f"{path}: {error}") from error
    except json.JSONDecodeError as error:
        raise InputError(f"{path}, line {error.lineno}: not JSON ({error.msg})") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: not UTF-8") from error
    except RecursionError as error:
        raise InputError(f"{path}: nested too deeply for JSON that anybody reads: write the file again") from error


_Read = TypeVar("_Read")
_MOST_LEVELS = 48  # of 2,048 values below: 10^17 rows, and whole numbers that a float holds are beyond that
_MOMENTS = ("mean", "sum", "std_dev", "min", "max")


def in_file(path: str | Path, make: Callable[[Mapping[str, Any]], _Read], document: Mapping[str, Any]) -> _Read:
    """What `make` makes of a file's document; the `InputError` that it raises names the file."""
    try:
        return make(document)
    except InputError as error:
        raise InputError(f"{path}: {error}") from error


def wrong_with(error: Exception) -> str:
    """What is wrong with a document that could not be read as what it should be."""
    return f"no {error}" if isinstance(error, KeyError) else f"{type(error).__name__}: {error}"


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON document that every JSON reader can read: no NaN, no infinity."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(document, indent=2, allow_nan=False) + "\n", encoding="utf-8")


def _feature_to_dict(feature: FeatureStatistics) -> dict[str, Any]:
    document: dict[str, Any] = {"name": feature.name, "inferred_type": feature.inferred_type}
    common = {"num_present": feature.num_present, "num_missing": feature.num_missing}
    if feature.numerical is not None:
        document["numerical_statistics"] = {"common": common, **_numerical_to_dict(feature.numerical)}
    else:
        string = feature.string or StringStatistics(0, {})
        document["string_statistics"] = {
            "common": common,
            "distinct_count": float(string.distinct_count),
            "distribution": {
                "categorical": {"buckets": [{"value": value, "count": count} for value, count in string.counts.items()]}
            },
        }
    return document


def _numerical_to_dict(statistics: NumericalStatistics) -> dict[str, Any]:
    sketch = statistics.sketch
    return {
        "mean": statistics.mean,
        "sum": statistics.sum,
        "std_dev": statistics.std_dev,
        "min": statistics.min,
        "max": statistics.max,
        "distribution": {
            "kll": {
                "buckets": [
                    {"lower_bound": lower, "upper_bound": upper, "count": count}
                    for lower, upper, count in statistics.buckets
                ],
                "sketch": {
                    "parameters": {"c": sketch.c, "k": float(sketch.k)},
                    "data": [level.tolist() for level in sketch.levels],
                },
            }
        },
    }


def _check_names(feature: Mapping[str, Any]) -> None:
    """Refuse misspelt fields: without what they hold a feature would look as if nothing could be compared."""
    _none_misspelt(feature, _FEATURE, "it")
    for section in _FEATURE:
        if isinstance(found := feature.get(section), Mapping):
            _none_misspelt(found, _SECTION, section)
            if isinstance(common := found.get("common"), Mapping):
                _none_misspelt(common, _COMMON, f"{section}.common")


def _none_misspelt(document: Mapping[str, Any], known: tuple[str, ...], place: str) -> None:
    try:
        none_misspelt(document, known, place)
    except ValueError as error:
        raise InputError(str(error)) from error


def _feature_from_dict(name: str, document: Mapping[str, Any]) -> FeatureStatistics:
    numerical, string = document.get("numerical_statistics"), document.get("string_statistics")
    common = (numerical or string or {}).get("common") or {}
    kind = document.get("inferred_type")
    if kind not in _TYPES:
        raise InputError(f"inferred_type is {kind!r}: give one of {', '.join(_TYPES)}")
    return FeatureStatistics(
        name,
        str(kind),
        _count(common.get("num_present", 0), "num_present"),
        _count(common.get("num_missing", 0), "num_missing"),
        None if numerical is None else _numerical_from_dict(numerical),
        None if string is None else _string_from_dict(string),
    )


def _count(value: object, field: str) -> int:
    """A number of rows; Model Monitor writes some of them as `985.0`."""
    number = number_of(value) if isinstance(value, int | float) else math.nan
    if not (number >= 0 and number.is_integer()):
        raise InputError(f"{field} is {value!r:.80}: give a number of rows")
    return int(number)


def _numerical_from_dict(document: Mapping[str, Any]) -> NumericalStatistics:
    """Files of other programs may have no distribution; then there is nothing to compare numbers with."""
    kll = (document.get("distribution") or {}).get("kll") or {}
    sketch = kll.get("sketch") or {}
    parameters = sketch.get("parameters") or {}
    mean, total, deviation, low, high = (
        _finite(document[name], name) if name in document else math.nan for name in _MOMENTS
    )
    return NumericalStatistics(
        mean,
        total,
        deviation,
        low,
        high,
        tuple(
            (
                _finite(b["lower_bound"], "a bucket"),
                _finite(b["upper_bound"], "a bucket"),
                _finite(b["count"], "a bucket"),
            )
            for b in kll.get("buckets") or ()
        ),
        Sketch.from_levels(
            [[_finite(item, "the sketch's data") for item in level] for level in _levels(sketch.get("data"))],
            k=_finite(parameters.get("k", SKETCH_SIZE), "the sketch's k"),
            c=_finite(parameters.get("c", SHRINKING_FACTOR), "the sketch's c"),
        ),
    )


def _levels(data: Any) -> list[Any]:
    """A sketch's levels; each value of one counts twice as much as one of the level below."""
    levels = list(data or [[]])
    if len(levels) > _MOST_LEVELS:
        raise InputError(f"the sketch has {len(levels)} levels, {_MOST_LEVELS} hold more rows than there are anywhere")
    return levels


def _finite(value: Any, what: str) -> float:
    """A number; `json` reads NaN and infinity too, with which every comparison is false."""
    number = number_of(value)
    if not math.isfinite(number):
        raise InputError(f"{what} is {value!r:.80}: give a finite number, or run the baseline again")
    return number


def _string_from_dict(document: Mapping[str, Any]) -> StringStatistics:
    """Model Monitor leaves the distribution of a text of many values out."""
    categorical = (document.get("distribution") or {}).get("categorical") or {}
    counts = {
        str(bucket["value"]): _count(bucket["count"], f"the count of {bucket['value']!r}")
        for bucket in categorical.get("buckets") or ()
    }
    return StringStatistics(int(_finite(document.get("distinct_count", len(counts)), "distinct_count")), counts)
