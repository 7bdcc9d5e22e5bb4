"""The fields of a data-quality constraints.json, each checked where it is handed over and where it is read.

Whoever edits such a file by hand misspells a switch, or writes a share in percent; what reads it must say so, because a
check that is off by mistake looks like a check that found nothing. Every error is a `ValueError` of one line that names
the feature, the field, its value and the fix. What Model Monitor's own files and its guide have is known; anything else
is refused (`contract.json_fields`).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, TypeAlias

from contract.json_fields import an_object, number_of, only_known

Setting: TypeAlias = bool | float | str

OVERRIDES: Final = ("monitoringConfigOverrides", "monitoring_config_overrides")
"""Where a feature's own settings stand: in the guide, and in the SDK's files."""
INFERRED_TYPES: Final = ("Integral", "Fractional", "String", "Unknown")
# The guide writes one spelling and Model Monitor's files another; both are read.
_METHODS: Final = {"simple": "Simple", "linf_simple": "Simple", "robust": "Robust", "linf_robust": "Robust"}
_CATEGORICAL_METHODS: Final = {
    "linfinity": "LInfinity",
    "l_infinity": "LInfinity",
    "chisquared": "ChiSquared",
    "chi_squared": "ChiSquared",
}


@dataclass(frozen=True, slots=True)
class FeatureConstraint:
    """What a baseline says of one feature. `overrides`: by the name of a setting, what holds for this feature in place
    of the dataset's.
    """

    name: str
    inferred_type: str
    completeness: float = 0.0
    is_non_negative: bool | None = None
    domains: tuple[str, ...] | None = None
    overrides: Mapping[str, Setting] = field(default_factory=dict)


def read_constraints(document: object) -> tuple[dict[str, FeatureConstraint], dict[str, Setting]]:
    """Read a file's JSON: its features by their names, and the settings of the whole dataset that it has.

    Raises
    ------
    ValueError
        If it is something else, or a field of it means nothing.
    """
    if not isinstance(document, Mapping) or not isinstance(document.get("features"), list):
        raise ValueError("not a data-quality constraints.json (no 'features'): run the baseline again")
    _only_here(document, ("version", "features", _CONFIG_FIELD), "the file", _CONFIG_FIELD)
    features: dict[str, FeatureConstraint] = {}
    for position, item in enumerate(document["features"], start=1):
        name = item.get("name") if isinstance(item, Mapping) else None
        if not isinstance(name, str) or not name:
            raise ValueError(f"feature number {position} has no name: give it the column's name as text")
        if name in features:
            raise ValueError(f"feature {name} comes twice: keep one of them")
        try:
            features[name] = _feature(name, item)
        except ValueError as error:
            raise ValueError(f"feature {name}: {error}") from error
    return features, _settings(document.get(_CONFIG_FIELD), _CONFIG_FIELD)


def _feature(name: str, document: Mapping[str, Any]) -> FeatureConstraint:
    fields = ("name", "inferred_type", "completeness", "num_constraints", "string_constraints")
    _only_here(document, (*fields, *OVERRIDES), "it", OVERRIDES[1])
    numbers = an_object(document.get("num_constraints"), "num_constraints")
    strings = an_object(document.get("string_constraints"), "string_constraints")
    _only_here(numbers, ("is_non_negative", *OVERRIDES), "num_constraints", OVERRIDES[1])
    _only_here(strings, ("domains", *OVERRIDES), "string_constraints", OVERRIDES[1])
    overrides: dict[str, Setting] = {}
    for place in (numbers, strings, document):  # the SDK's own fixture nests it in string_constraints
        one, other = (_settings(place.get(key), key) for key in OVERRIDES)
        for setting in one.keys() & other.keys():
            _agree((OVERRIDES[0], one[setting]), (OVERRIDES[1], other[setting]))
        overrides |= one | other
    non_negative = numbers.get("is_non_negative")
    if non_negative is not None and not isinstance(non_negative, bool):
        raise ValueError(f"is_non_negative is {non_negative!r:.80}: give true or false")
    completeness = _share(document.get("completeness", 0.0), "completeness")
    domains = _domains(strings.get("domains"))
    return FeatureConstraint(name, _inferred_type(document), completeness, non_negative, domains, overrides)


def _switch(value: object, field: str) -> bool:
    """Read `Enabled` or `Disabled`, in any case, or a JSON truth."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("enabled", "disabled"):
        return value.lower() == "enabled"
    raise ValueError(f"{field} is {value!r}: give Enabled or Disabled")


def _share(value: object, field: str) -> float:
    """Read a number from 0 to 1, which may be written as text."""
    number = number_of(value)
    if 0 <= number <= 1:
        return number
    percent = f" ({number / 100:g} for {number:g} %)" if 1 < number <= 100 else ""
    raise ValueError(f"{field} is {value!r:.80}: give a number from 0 to 1{percent}")


def _one_of(known: Mapping[str, str]) -> Callable[[object, str], str]:
    def read(value: object, field: str) -> str:
        """Read one of the known words, in any case and in either spelling."""
        if isinstance(value, str) and value.lower() in known:
            return known[value.lower()]
        raise ValueError(f"{field} is {value!r}: give one of {', '.join(sorted(set(known.values())))}")

    return read


categorical_method: Final = _one_of(_CATEGORICAL_METHODS)
_DISTRIBUTION: Final = "distribution_constraints"
_CONFIG_FIELD: Final = "monitoring_config"
# By the file's field: the setting that it is, and what reads it.
_Fields: TypeAlias = Mapping[str, tuple[str, Callable[[object, str], Setting]]]
_CONFIG: Final[_Fields] = {
    "evaluate_constraints": ("evaluate_constraints", _switch),
    "emit_metrics": ("emit_metrics", _switch),
    "datatype_check_threshold": ("datatype_check_threshold", _share),
    "domain_content_threshold": ("domain_content_threshold", _share),
}
# The first two are those of 2019's images; the third is how AWS's guide spelt the method for years.
_DISTRIBUTION_CONFIG: Final[_Fields] = {
    "enable_comparisons": ("perform_comparison", _switch),
    "min_domain_mass": ("domain_content_threshold", _share),
    "comparion_method": ("comparison_method", _one_of(_METHODS)),
    "perform_comparison": ("perform_comparison", _switch),
    "comparison_threshold": ("comparison_threshold", _share),
    "comparison_method": ("comparison_method", _one_of(_METHODS)),
    "categorical_comparison_threshold": ("categorical_comparison_threshold", _share),
    "categorical_drift_method": ("categorical_drift_method", categorical_method),
}


# Where 2019's images had these two.
_OF_2019: Final = {key: _DISTRIBUTION_CONFIG[key] for key in ("enable_comparisons", "min_domain_mass")}


def _settings(document: object, field: str) -> dict[str, Setting]:
    """Read the settings that a `monitoring_config`, or a feature's overrides of it, holds; those alone.

    `comparison_threshold` is of categories too where `categorical_comparison_threshold` is not given.
    """
    config = an_object(document, field)
    distribution = an_object(config.get(_DISTRIBUTION), _DISTRIBUTION)
    _only_here(config, (*_CONFIG, _DISTRIBUTION, *_OF_2019), field, _DISTRIBUTION)
    _only_here(distribution, tuple(_DISTRIBUTION_CONFIG), _DISTRIBUTION, field)
    found: dict[str, Setting] = {}
    said: dict[str, tuple[str, Setting]] = {}
    for place, fields in ((distribution, _DISTRIBUTION_CONFIG), (config, {**_CONFIG, **_OF_2019})):
        for key, (name, read) in fields.items():
            if key in place:
                found[name] = read(place[key], key)
                _agree(said.setdefault(name, (key, found[name])), (key, found[name]))
    if "comparison_threshold" in found:
        found.setdefault("categorical_comparison_threshold", found["comparison_threshold"])
    return found


def _agree(one: tuple[str, Setting], other: tuple[str, Setting]) -> None:
    """Refuse two fields of one setting that say different things."""
    if one[1] != other[1]:
        raise ValueError(f"{one[0]} says {one[1]!r} and {other[0]} {other[1]!r} of one setting: keep one of the two")


def _only_here(document: Mapping[str, Any], known: tuple[str, ...], place: str, settings: str) -> None:
    """Refuse what nothing reads there; a setting that stands in the wrong place would be obeyed by `settings`."""
    for key in document:
        if key not in known and key in {*_CONFIG, *_DISTRIBUTION_CONFIG, _DISTRIBUTION}:
            raise ValueError(f"{key} stands in {place}, where nothing reads it: write it into {settings}")
    only_known(document, known, place)


def settings_to_dict(found: Mapping[str, Setting]) -> dict[str, Any]:
    """Write settings as the file has them: what `settings` reads."""
    texts = {name: _switch_text(value) if isinstance(value, bool) else value for name, value in found.items()}
    document: dict[str, Any] = {key: texts[name] for key, (name, _) in _CONFIG.items() if name in texts}
    # Of a setting that has two fields the last is the one of today.
    names = {name: key for key, (name, _) in _DISTRIBUTION_CONFIG.items() if name not in _CONFIG}
    distribution = {key: texts[name] for name, key in names.items() if name in texts}
    return {**document, _DISTRIBUTION: distribution} if distribution else document


def _switch_text(on: bool) -> str:
    return "Enabled" if on else "Disabled"


def _inferred_type(document: Mapping[str, Any]) -> str:
    """Read a feature's type, in Model Monitor's spelling."""
    value = document.get("inferred_type")
    if value not in INFERRED_TYPES:
        raise ValueError(f"inferred_type is {value!r}: give one of {', '.join(INFERRED_TYPES)}")
    return str(value)


def _domains(value: object) -> tuple[str, ...] | None:
    """Read the list of allowed values; a number or truth in it is its JSON text, and null allows nothing."""
    if value is None:
        return None
    if not isinstance(value, list) or any(isinstance(item, list | Mapping) for item in value):
        raise ValueError(f"domains is {value!r}: give a list of texts")
    return tuple(_domain(item) for item in value if item is not None)


def _domain(item: object) -> str:
    return str(item).lower() if isinstance(item, bool) else str(item)
