"""What the checks of a kind of monitor are in a message: how they are counted, told, and met."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from functions.common.violations import Violation


@dataclass(frozen=True, kw_only=True)
class CheckWords:
    """`noun` and `verb` count the findings ("3 bias metrics drifted"); `explain` says one in a line; `steps` are what
    to do first.
    """

    noun: str
    verb: str
    explain: Callable[[Violation], str]
    steps: Sequence[str]
