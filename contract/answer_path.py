"""Attributes that are meant as a JMESPath and cannot be parsed. As names, nobody would find columns of them."""

import re

# What hardly any name of a column has; `age [years]`, `my.key` and `a-b` are names.
_MEANT = re.compile(r'(?:^|\S)\[|[{}|@`]|\.\.|^[."]|\.$')


def syntax_error(text: str) -> str | None:
    """What is wrong with an attribute, and where; None if it can be parsed, or is meant as a name.

    Without the `jmespath` library nobody can say; who reads the answers needs it, and says so.
    """
    if not _MEANT.search(text):
        return None
    try:
        import jmespath  # noqa: PLC0415 - boto3 brings it along; a name and a position need none
        from jmespath.exceptions import JMESPathError  # noqa: PLC0415 - as above
    except ImportError:
        return None
    try:
        jmespath.compile(text)
    except JMESPathError as error:
        place = int(getattr(error, "lex_position", len(text)))
        at_end = place >= len(text)
        where = "it ends too early" if at_end else f"{text[place]!r} at character {place + 1} cannot stand there"
        return (
            f"{text} is a JMESPath that cannot be parsed: {where}; correct it (a key with such characters is written "
            "in double quotes)"
        )
    return None
