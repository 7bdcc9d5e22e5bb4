"""Statistics over captured requests: whether they are still what the model was trained on.

`compare` says which features drifted, `read_captures` turns an endpoint's captured data into a table. Importing the
package costs nothing; numpy and the rest are loaded with the first name that is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from drift_tools.capture import Captures, read_captures
    from drift_tools.comparison import Comparison, compare
    from drift_tools.errors import InputError

__all__ = ["Captures", "Comparison", "InputError", "compare", "read_captures"]

_HOMES = {
    "Captures": "drift_tools.capture",
    "Comparison": "drift_tools.comparison",
    "InputError": "drift_tools.errors",
    "compare": "drift_tools.comparison",
    "read_captures": "drift_tools.capture",
}


def __getattr__(name: str) -> object:
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
