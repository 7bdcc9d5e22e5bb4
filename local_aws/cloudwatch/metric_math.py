"""Metric math over the periods of an alarm: the arithmetic, comparisons and functions that alarms are written with.

A series is one value a period, None where there is no data; a number is the same in every period. As CloudWatch's user
guide has it ("Using math expressions"): an operation on two series has data where both have; a comparison gives 1 or 0;
of several series, MAX, MIN, SUM and AVG go period by period and skip what is missing, of one series they give a number.
What is not here is refused when an alarm is put: nothing is evaluated as something else.
"""

import ast
import math
import operator
import re
from collections.abc import Callable, Mapping, Sequence

Series = list[float | None]
Value = float | Series


class MathError(ValueError):
    """An expression that cannot be evaluated, in one line."""


_BINARY: dict[type[ast.AST], Callable[[float, float], float]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Pow: operator.pow,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
}
_EACH: dict[str, Callable[[float], float]] = {"ABS": abs, "CEIL": math.ceil, "FLOOR": math.floor}
_ALL: dict[str, Callable[[Sequence[float]], float]] = {
    "MAX": max,
    "MIN": min,
    "SUM": math.fsum,
    "AVG": lambda values: math.fsum(values) / len(values),
}
_WORDS = {"&&": " and ", "||": " or ", "AND": " and ", "OR": " or "}


def evaluate(expression: str, series: Mapping[str, Value], periods: int) -> Series:
    """The expression's value in each period. `series` are the values of the ids, the most recent period first."""
    value = _Evaluation(series, periods).of(_parsed(expression))
    return value if isinstance(value, list) else [value] * periods


def names(expression: str) -> set[str]:
    """The ids that an expression refers to; MathError for one that cannot be evaluated."""
    tree = _parsed(expression)
    functions = {node.func for node in ast.walk(tree) if isinstance(node, ast.Call)}
    found = {node.id for node in ast.walk(tree) if isinstance(node, ast.Name) and node not in functions} - {"REPEAT"}
    _Evaluation({name: [1.0] for name in found}, 1).of(tree)
    return found


def _parsed(expression: str) -> ast.expr:
    text = re.sub(r"&&|\|\||\bAND\b|\bOR\b", lambda word: _WORDS[word[0]], expression)
    try:
        return ast.parse(text.strip(), mode="eval").body
    except SyntaxError as error:
        raise MathError(f"Syntax error in the expression {expression!r}") from error


class _Evaluation:
    """Evaluates one expression."""

    def __init__(self, series: Mapping[str, Value], periods: int) -> None:
        self._series = series
        self._periods = periods

    def of(self, node: ast.expr) -> Value:
        """The value of a part of the expression."""
        match node:
            case ast.Constant(value=int() | float() as number) if not isinstance(number, bool):
                found: Value = float(number)
            case ast.Name(id=name) if name in self._series:
                found = self._series[name]
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                found = self._call(name, arguments)
            case _:
                found = self._operation(node)
        return found

    def _operation(self, node: ast.expr) -> Value:
        match node:
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                found = self._each(lambda value: -value, self.of(operand))
            case ast.BinOp(left=left, op=ast.Div(), right=right):
                found = self._divided(self.of(left), self.of(right))
            case ast.BinOp(left=left, op=sign, right=right) if type(sign) in _BINARY:
                found = self._both(_BINARY[type(sign)], self.of(left), self.of(right))
            case ast.Compare(left=left, ops=[sign], comparators=[right]) if type(sign) in _BINARY:
                found = self._both(_BINARY[type(sign)], self.of(left), self.of(right))
            case ast.BoolOp(op=sign, values=parts):
                truth = all if isinstance(sign, ast.And) else any
                found, *rest = (self.of(part) for part in parts)
                for other in rest:
                    found = self._both(lambda a, b: float(truth((a, b))), found, other)
            case _:
                raise MathError(f"{ast.unparse(node)!r} is not evaluated by this AWS")
        return found

    def _call(self, name: str, arguments: list[ast.expr]) -> Value:
        match name, arguments:
            case ("FILL", [series, ast.Name(id="REPEAT")]):
                return self._repeated(self._wide(self.of(series)))
            case ("FILL", [series, number]):
                fill = self._wide(self.of(number))
                return [b if a is None else a for a, b in zip(self._wide(self.of(series)), fill, strict=True)]
            case ("IF", [condition, yes, *no]):
                chosen = [self._wide(self.of(part)) for part in (condition, yes, *no)]
                otherwise: Series = chosen[2] if no else [None] * self._periods
                rows = zip(chosen[0], chosen[1], otherwise, strict=True)
                return [None if c is None else (a if c else b) for c, a, b in rows]
            case (_, [argument]) if name in _EACH:
                return self._each(_EACH[name], self.of(argument))
            case (_, [ast.List(elts=parts)]) if name in _ALL and parts:
                columns = zip(*(self._wide(self.of(part)) for part in parts), strict=True)
                there = [[value for value in column if value is not None] for column in columns]
                return [_ALL[name](values) if values else None for values in there]
            case (_, [argument]) if name in _ALL:
                value = self.of(argument)
                values = [item for item in value if item is not None] if isinstance(value, list) else [value]
                return _ALL[name](values) if values else [None] * self._periods
            case _:
                raise MathError(f"{name}(…) with {len(arguments)} arguments is not evaluated by this AWS")

    def _wide(self, value: Value) -> Series:
        return value if isinstance(value, list) else [value] * self._periods

    def _each(self, function: Callable[[float], float], value: Value) -> Value:
        if isinstance(value, list):
            return [None if item is None else float(function(item)) for item in value]
        return float(function(value))

    def _both(self, function: Callable[[float, float], float], left: Value, right: Value) -> Value:
        if not isinstance(left, list) and not isinstance(right, list):
            return float(function(left, right))
        rows = zip(self._wide(left), self._wide(right), strict=True)
        return [None if a is None or b is None else float(function(a, b)) for a, b in rows]

    def _divided(self, left: Value, right: Value) -> Value:
        """A division by zero has no data."""
        rows = zip(self._wide(left), self._wide(right), strict=True)
        divided: Series = [None if a is None or not b else a / b for a, b in rows]
        return divided if isinstance(left, list) or isinstance(right, list) or divided[0] is None else divided[0]

    @staticmethod
    def _repeated(series: Series) -> Series:
        """Every missing value is the last one before it; the most recent period is the first of the list."""
        last: float | None = None
        result: Series = []
        for value in reversed(series):
            last = value if value is not None else last
            result.append(last)
        return result[::-1]
