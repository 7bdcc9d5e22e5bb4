"""What the checks of a kind of monitor are in a message: how they are counted, told, and met."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from functions.alarm_responder.notification import clip
from functions.common.violations import Violation

_MAX_DESCRIPTION: Final = 300


@dataclass(frozen=True, kw_only=True)
class CheckWords:
    """`noun` and `verb` count the findings ("3 bias metrics drifted"); `explain` says one in a line; `steps` are what
    to do first.
    """

    noun: str
    verb: str
    explain: Callable[[Violation], str]
    steps: Sequence[str]


def description(violation: Violation) -> str:
    """What the monitor wrote of it, in a line."""
    return clip(violation.description, _MAX_DESCRIPTION)


def description_after(beginning: str) -> Callable[[Violation], str]:
    """What the monitor wrote behind `beginning`, in which `{}` is the subject: the message has said so much already."""
    return lambda violation: clip(
        violation.description.removeprefix(beginning.format(violation.subject)).strip(), _MAX_DESCRIPTION
    )
