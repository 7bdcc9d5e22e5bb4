"""Each function's own entry is run by a test: what only Lambda runs, nobody sees fail, for Lambda does it again."""

import re
from pathlib import Path

from tests.lambda_functions.functions import FUNCTIONS

ENTERED = re.compile(r"""\benter\(\s*"(\w+)",""")


def test_every_handler_is_entered_by_a_test() -> None:
    tests = Path(__file__).parent.rglob("test_*.py")
    entered = {name for path in tests for name in ENTERED.findall(path.read_text(encoding="utf-8"))}
    assert entered == {path.parent.name for path in FUNCTIONS.glob("*/handler.py")}, "add a test with `enter`"
