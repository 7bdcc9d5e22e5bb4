"""Checks that botocore's own validation leaves to the service: patterns and enumerations of its models."""

import re
from typing import Any


def violations_of_patterns(value: Any, shape: Any, path: str = "") -> list[str]:
    """Every text in `value` that the shape's pattern or enumeration refuses."""
    if shape.type_name == "structure":
        return [
            found
            for key, item in value.items()
            for found in violations_of_patterns(item, shape.members[key], f"{path}.{key}")
        ]
    if shape.type_name == "list":
        return [
            found
            for number, item in enumerate(value)
            for found in violations_of_patterns(item, shape.member, f"{path}[{number}]")
        ]
    if shape.type_name == "map":
        return [
            found
            for key, item in value.items()
            for found in (
                *violations_of_patterns(key, shape.key, f"{path} key"),
                *violations_of_patterns(item, shape.value, f"{path}.{key}"),
            )
        ]
    if shape.type_name != "string":
        return []
    found = []
    pattern = shape.metadata.get("pattern")
    if pattern and not re.fullmatch(_python(pattern), value, re.DOTALL):
        found.append(f"{path} = {value!r} does not match {pattern}")
    if shape.enum and value not in shape.enum:
        found.append(f"{path} = {value!r} is not one of {shape.enum}")
    return found


def _python(pattern: str) -> str:
    """AWS writes Java's patterns; of what is different only the Unicode classes occur, and a length behind a `$`."""
    pattern = re.sub(r"\$\{\d+,\d+\}$", "$", pattern)
    classes = {"L": "A-Za-z", "Z": " ", "N": "0-9", "S": "", "M": "", "P": r"!-/:-@\[-`{-~"}
    for name, characters in classes.items():
        pattern = pattern.replace(f"\\p{{{name}}}", characters)
    return pattern
