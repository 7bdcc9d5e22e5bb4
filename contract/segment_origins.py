"""Segments that no column tells, but where a record came from: names that `segments` has besides columns."""

from typing import Final

VARIANT: Final = "variant"
"""The endpoint's variant, production or shadow."""
TARGET_MODEL: Final = "target_model"
"""The model, or inference component, that a caller named in front of its `InferenceId`."""
ORIGINS: Final = (VARIANT, TARGET_MODEL)
# Between the target's name and the rest of an `InferenceId`.
SEPARATOR: Final = ":"
