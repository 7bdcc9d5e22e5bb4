"""Why the arguments of a stack are refused."""

from typing import Any

import pytest

from components.args import ArgumentError, StackSettings
from tests.components.conftest import MakeArgs


def refused(make_args: MakeArgs, **changes: Any) -> str:
    with pytest.raises(ArgumentError) as caught:
        StackSettings.from_args("churn", make_args(**changes))
    message = str(caught.value)
    assert "\n" not in message
    return message
