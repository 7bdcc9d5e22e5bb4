"""Environment variables of a function, checked when it is first invoked."""

from collections.abc import Mapping


class ConfigurationError(ValueError):
    """The function was deployed without, or with an unusable, environment variable."""


def required(environ: Mapping[str, str], name: str) -> str:
    """The variable's value; ConfigurationError if it is missing or empty."""
    value = environ.get(name, "").strip()
    if not value:
        raise ConfigurationError(f"environment variable {name} is not set; functions/README.md says what it must hold")
    return value


def flag(environ: Mapping[str, str], name: str) -> bool:
    """True for `true`, False for `false` or unset, in any case; ConfigurationError for anything else."""
    value = environ.get(name, "false").strip().lower()
    if value not in ("true", "false", ""):
        raise ConfigurationError(f"environment variable {name} must be true or false, not {value!r}")
    return value == "true"


def prefix(environ: Mapping[str, str], name: str) -> str:
    """An S3 key prefix without slashes at either end."""
    return required(environ, name).strip("/")
