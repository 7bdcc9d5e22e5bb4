"""Attributes of an answer that are JMESPath expressions (https://jmespath.org): `predictions[0].score`.

Model Monitor takes them as `inference_attribute` and `probability_attribute` of JSON answers. They are read by the
`jmespath` library, which boto3 brings along; what is a plain name or a position needs none.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from contract.answer_path import is_meant_as_path, not_parsed
from drift_tools.errors import InputError, UnusableError

# A key of the answer, or a column's position: those need no expression.
_PLAIN = re.compile(r"\w+")
# Expressions of these nodes only choose among an answer's values: whatever the values are, they choose the same.
_CHOOSING = frozenset({"field", "subexpression", "index_expression", "index", "identity", "current"})


@dataclass(frozen=True, slots=True)
class JsonPath:
    """An attribute as it is written, and how its value is found. `chooses`: whether where it points to depends on the
    shape of the answer alone.
    """

    text: str
    expression: Any
    chooses: bool

    def search(self, document: Any) -> Any:
        """Find the value in an answer; in JSON Lines, the list of the lines' values.

        Raises `UnusableError` if there is none.
        """
        if isinstance(document, dict) and self.text in document:
            return document[self.text]
        from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - optional, see above

        try:
            value = None if self.expression is None else self.expression.search(document)
        except JMESPathError as error:  # a function of values that it does not take
            raise UnusableError(f"{self.text} cannot be found in the answer ({type(error).__name__})") from error
        if value is None:
            raise UnusableError(f"{self.text} finds nothing in the answer")
        return value


def json_paths(attributes: Iterable[str]) -> tuple[JsonPath, ...]:
    """Compile attributes, if one of them is an expression; empty if all are plain names and positions.

    Raises `InputError` for one that cannot be parsed, or if there is one and no `jmespath` library.
    """
    texts = list(dict.fromkeys(attributes))
    if all(_PLAIN.fullmatch(text) for text in texts):
        return ()
    try:
        import jmespath  # noqa: PLC0415 - optional, see above
    except ImportError as error:
        raise InputError(
            f"{', '.join(texts)}: a JMESPath is read by the jmespath library, which is not installed: install it"
        ) from error
    from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - as above

    found: list[JsonPath] = []
    for text in texts:
        try:
            expression = jmespath.compile(text)
        except JMESPathError as error:  # a name with a blank or a hyphen is the key of that name, or there is none
            if is_meant_as_path(text):
                raise InputError(not_parsed(text, getattr(error, "lex_position", None))) from error
            found.append(JsonPath(text, None, chooses=True))
            continue
        found.append(JsonPath(text, expression, chooses=_chooses(expression.parsed)))
    expressions = [path.text for path in found if path.expression is not None and not _PLAIN.fullmatch(path.text)]
    if not expressions:
        return ()  # all are names of columns that merely look odd: the answer's shape says where they are
    if positions := [text for text in texts if text.isdecimal()]:
        raise InputError(
            f"{expressions[0]} is a JMESPath and {positions[0]} a position, which an answer does not have both: write "
            f"the position as a JMESPath, such as [{positions[0]}]"
        )
    return tuple(found)


def _chooses(node: dict[str, Any]) -> bool:
    return node["type"] in _CHOOSING and all(_chooses(child) for child in node["children"])
