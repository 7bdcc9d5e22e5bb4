"""Attributes that are meant as a JMESPath and cannot be parsed. As names, nobody would find columns of them.

The `jmespath` library parses them: the components before a deployment, and who reads the answers.
"""

import re

# What hardly any name of a column has; `age [years]`, `my.key`, `a-b` and `user@score` are names.
_MEANT = re.compile(r'(?:^|\S)\[|[{}`]|(?:^|[\s(])[|@]|\.\.|^[."]|\.$')


def is_meant_as_path(attribute: str) -> bool:
    """Whether an attribute that cannot be parsed is no name of a column or a key either."""
    return _MEANT.search(attribute) is not None


def not_parsed(attribute: str, place: int | None) -> str:
    """What to say of it; `place`: of the character where the library gave up."""
    where = "it ends too early"
    if place is not None and place < len(attribute):
        where = f"{attribute[place]!r} at character {place + 1} cannot stand there"
    return (
        f"{attribute} is a JMESPath that cannot be parsed: {where}; correct it (a key with such characters is written "
        "in double quotes)"
    )
