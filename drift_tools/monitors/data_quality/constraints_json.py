"""The fields of a data-quality constraints.json, each checked where it is read.

Whoever edits such a file by hand misspells a switch, or writes a share in percent; what reads it must say so, because a
check that is off by mistake looks like a check that found nothing. Every error names the feature, the field, its value
and the fix. Fields of which nothing is known are left alone, for files of later versions have them, unless they look
like a known one misspelt.
"""

import math
from collections.abc import Callable, Collection, Mapping
from difflib import get_close_matches
from typing import Any, Final, TypeAlias

from drift_tools.errors import InputError

Setting: TypeAlias = bool | float | str

INFERRED_TYPES: Final = ("Integral", "Fractional", "String", "Unknown")
# The guide writes one spelling and Model Monitor's files another; both are read.
_METHODS: Final = {"simple": "Simple", "linf_simple": "Simple", "robust": "Robust", "linf_robust": "Robust"}
_CATEGORICAL_METHODS: Final = {
    "linfinity": "LInfinity",
    "l_infinity": "LInfinity",
    "chisquared": "ChiSquared",
    "chi_squared": "ChiSquared",
}
_ALIKE: Final = 0.8


def switch(value: object, field: str) -> bool:
    """Read `Enabled` or `Disabled`, in any case, or a JSON truth."""
    if isinstance(value, bool):
        return value
    if isinstance(value, str) and value.lower() in ("enabled", "disabled"):
        return value.lower() == "enabled"
    raise InputError(f"{field} is {value!r}: give Enabled or Disabled")


def share(value: object, field: str) -> float:
    """Read a number from 0 to 1, which may be written as text."""
    number = math.nan
    if isinstance(value, int | float | str) and not isinstance(value, bool):
        try:
            number = float(value)
        except ValueError:
            number = math.nan
    if 0 <= number <= 1:
        return number
    percent = f" ({number / 100:g} for {number:g} %)" if 1 < number <= 100 else ""
    raise InputError(f"{field} is {value!r}: give a number from 0 to 1{percent}")


def _one_of(known: Mapping[str, str]) -> Callable[[object, str], str]:
    def read(value: object, field: str) -> str:
        """Read one of the known words, in any case and in either spelling."""
        if isinstance(value, str) and value.lower() in known:
            return known[value.lower()]
        raise InputError(f"{field} is {value!r}: give one of {', '.join(sorted(set(known.values())))}")

    return read


categorical_method: Final = _one_of(_CATEGORICAL_METHODS)
_DISTRIBUTION: Final = "distribution_constraints"
# By the file's field: the setting that it is, and what reads it. The last ones are those of 2019's images.
_Fields: TypeAlias = Mapping[str, tuple[str, Callable[[object, str], Setting]]]
_CONFIG: Final[_Fields] = {
    "evaluate_constraints": ("evaluate_constraints", switch),
    "emit_metrics": ("emit_metrics", switch),
    "datatype_check_threshold": ("datatype_check_threshold", share),
    "domain_content_threshold": ("domain_content_threshold", share),
}
_DISTRIBUTION_CONFIG: Final[_Fields] = {
    "enable_comparisons": ("perform_comparison", switch),
    "min_domain_mass": ("domain_content_threshold", share),
    "perform_comparison": ("perform_comparison", switch),
    "comparison_threshold": ("comparison_threshold", share),
    "comparison_method": ("comparison_method", _one_of(_METHODS)),
    "categorical_comparison_threshold": ("categorical_comparison_threshold", share),
    "categorical_drift_method": ("categorical_drift_method", categorical_method),
}


def settings(document: object, field: str) -> dict[str, Setting]:
    """Read the settings that a `monitoring_config`, or a feature's overrides of it, holds; those alone.

    `comparison_threshold` is of categories too where `categorical_comparison_threshold` is not given.
    """
    config = an_object(document, field)
    distribution = an_object(config.get(_DISTRIBUTION), _DISTRIBUTION)
    known_fields(config, [*_CONFIG, _DISTRIBUTION, *_DISTRIBUTION_CONFIG], field)
    known_fields(distribution, _DISTRIBUTION_CONFIG, _DISTRIBUTION)
    misplaced = sorted(config.keys() & (_DISTRIBUTION_CONFIG.keys() - {"min_domain_mass", "enable_comparisons"}))
    if misplaced:
        raise InputError(f"{misplaced[0]} stands in {field}: write it into {_DISTRIBUTION} there")
    found: dict[str, Setting] = {}
    for place, fields in ((config, _DISTRIBUTION_CONFIG), (distribution, _DISTRIBUTION_CONFIG), (config, _CONFIG)):
        found |= {name: read(place[key], key) for key, (name, read) in fields.items() if key in place}
    if "comparison_threshold" in found:
        found.setdefault("categorical_comparison_threshold", found["comparison_threshold"])
    return found


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


def an_object(document: object, field: str) -> Mapping[str, Any]:
    """Read a JSON object; empty where it is null or absent."""
    if document is None:
        return {}
    if isinstance(document, Mapping):
        return document
    raise InputError(f"{field} is {document!r}: give a JSON object")


def known_fields(document: Mapping[str, Any], known: Collection[str], place: str) -> None:
    """Raise `InputError` for a field that looks like a known one, misspelt."""
    for field in document.keys() - set(known):
        alike = get_close_matches(field, known, 1, _ALIKE) or get_close_matches(field.lower(), known, 1, _ALIKE)
        if alike:
            raise InputError(f"{place} has {field!r}, which nothing reads: write {alike[0]}")


def name_of(document: object, field: str, position: int) -> str:
    """Read the name of the feature at a position (from 1) of the list."""
    name = document.get("name") if isinstance(document, Mapping) else None
    if not isinstance(name, str) or not name:
        raise InputError(f"{field} number {position} has no name: give it the column's name as text")
    return name


def inferred_type(document: Mapping[str, Any]) -> str:
    """Read a feature's type, in Model Monitor's spelling."""
    value = document.get("inferred_type")
    if value not in INFERRED_TYPES:
        raise InputError(f"inferred_type is {value!r}: give one of {', '.join(INFERRED_TYPES)}")
    return str(value)


def domains(value: object) -> tuple[str, ...] | None:
    """Read the list of allowed values; a number or truth in it is its JSON text, and null allows nothing."""
    if value is None:
        return None
    if not isinstance(value, list) or any(isinstance(item, list | Mapping) for item in value):
        raise InputError(f"domains is {value!r}: give a list of texts")
    return tuple(_domain(item) for item in value if item is not None)


def _domain(item: object) -> str:
    return str(item).lower() if isinstance(item, bool) else str(item)
