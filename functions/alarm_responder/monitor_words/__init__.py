"""The words of the kinds of monitors, by the check that their violations name. A check that is added here is told.

Checks of features and of a model's quality are told with their values on both sides: `violation_lines`, `first_steps`.
"""

from collections.abc import Mapping
from typing import Final

from functions.alarm_responder.check_words import CheckWords
from functions.alarm_responder.monitor_words import attribution, bias, custom, segments

CHECK_WORDS: Final[Mapping[str, CheckWords]] = {
    bias.CHECK: bias.WORDS,
    attribution.CHECK: attribution.WORDS,
    custom.CHECK: custom.WORDS,
    segments.CHECK: segments.WORDS,
}

__all__ = ["CHECK_WORDS"]
