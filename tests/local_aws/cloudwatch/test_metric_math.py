"""Metric math by period, most recent first; what cannot be evaluated is refused by name."""

import pytest

from local_aws.cloudwatch.metric_math import MathError, Value, evaluate, names

SERIES: dict[str, Value] = {"a": [4.0, None, 2.0, 1.0], "b": [2.0, 5.0, 0.0, None], "one": 1.0}


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("a + b", [6.0, None, 2.0, None]),
        ("100 * a / b", [200.0, None, None, None]),  # by zero there is no data
        ("-(a - 1) ** 2", [-9.0, None, -1.0, 0.0]),
        ("FILL(a, 0)", [4.0, 0.0, 2.0, 1.0]),
        ("FILL(a, REPEAT)", [4.0, 2.0, 2.0, 1.0]),
        ("FILL(b, REPEAT)", [2.0, 5.0, 0.0, None]),  # nothing came before the first
        ("FILL(b, one)", [2.0, 5.0, 0.0, 1.0]),
        ("a > 1", [1.0, None, 1.0, 0.0]),
        ("IF(FILL(a, 0) < 3, 1)", [None, 1.0, 1.0, 1.0]),
        ("IF(a >= 2 AND FILL(b, 1) > 0, a, 0)", [4.0, None, 0.0, 0.0]),
        ("(a == 1) || (a == 4)", [1.0, None, 0.0, 1.0]),
        ("MAX([a, b])", [4.0, 5.0, 2.0, 1.0]),
        ("AVG([a, b])", [3.0, 5.0, 1.0, 1.0]),
        ("SUM(a)", [7.0, 7.0, 7.0, 7.0]),
        ("a - MIN(a)", [3.0, None, 1.0, 0.0]),
        ("CEIL(ABS(b - 2.5))", [1.0, 3.0, 3.0, None]),
        ("2 + one", [3.0, 3.0, 3.0, 3.0]),
        ("1 / 0", [None, None, None, None]),
    ],
)
def test_values_by_period(expression: str, expected: list[float | None]) -> None:
    assert evaluate(expression, SERIES, 4) == expected


def test_the_names_of_an_expression() -> None:
    assert names("IF(FILL(m1, REPEAT) > limit, m1 / m2, 0)") == {"m1", "m2", "limit"}


@pytest.mark.parametrize(
    ("expression", "message"),
    [
        ("ANOMALY_DETECTION_BAND(a, 2)", r"ANOMALY_DETECTION_BAND\(…\) with 2 arguments is not evaluated"),
        ("SEARCH('{N}', 'Sum')", "SEARCH"),
        ("a if b else 1", "'a if b else 1' is not evaluated"),
        ("a.b", "is not evaluated"),
        ("__import__('os')", "__import__"),
        ("a +", "Syntax error in the expression 'a \\+'"),
        ("a < b < 1", "is not evaluated"),
        ("True", "is not evaluated"),
    ],
)
def test_what_is_not_evaluated_is_refused(expression: str, message: str) -> None:
    with pytest.raises(MathError, match=message):
        names(expression)
