"""The statements of a module, for rules about what stands in it."""

import ast
from collections.abc import Iterator

_PARTS = ("body", "handlers", "orelse", "finalbody", "cases")


def statements(block: ast.AST) -> Iterator[ast.AST]:
    """Every statement inside, however deep, in the order of the text; not the expressions, which are nine in ten of
    what `ast.walk` goes through.
    """
    for part in _PARTS:
        for statement in getattr(block, part, ()):
            yield statement
            yield from statements(statement)
