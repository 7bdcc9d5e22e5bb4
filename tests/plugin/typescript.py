"""As much TypeScript as the example has: its object literals read, and declarations written from a schema."""

import re
from typing import Any

from tests.plugin.schema_check import ASSET, Expression

_TOKEN = re.compile(r'\s*(?:(?P<string>"[^"]*")|(?P<number>-?\d+(?:\.\d+)?)|(?P<word>[\w.$]+)|(?P<mark>[{}\[\]():,]))')


class _Literal:
    """Reads one object literal; calls are expressions, an asset if they make one."""

    def __init__(self, text: str) -> None:
        self._text, self._at = text, 0

    def _next(self) -> tuple[str, str]:
        match = _TOKEN.match(self._text, self._at)
        assert match, f"cannot read {self._text[self._at : self._at + 40]!r}"
        self._at = match.end()
        return match.lastgroup or "", match.group(match.lastgroup or 0)

    def _peek(self) -> str:
        at = self._at
        token = self._next()[1]
        self._at = at
        return token

    def value(self) -> Any:
        kind, token = self._next()
        if token == "{":
            return self._members()
        if token == "[":
            items = []
            while self._peek() != "]":
                items.append(self.value())
                self._comma()
            self._next()
            return items
        if kind == "string":
            return token[1:-1]
        if kind == "number":
            return float(token) if "." in token else int(token)
        if token in {"true", "false"}:
            return token == "true"
        return self._expression(token)

    def _members(self) -> dict[str, Any]:
        found = {}
        while self._peek() != "}":
            _, name = self._next()
            assert self._next()[1] == ":", name
            found[name] = self.value()
            self._comma()
        self._next()
        return found

    def _comma(self) -> None:
        if self._peek() == ",":
            self._next()

    def _expression(self, word: str) -> Expression:
        words = [word]
        if word == "new":
            words.append(self._next()[1])
        depth = 0
        while depth or self._peek() == "(":
            depth += {"(": 1, ")": -1}.get(self._next()[1], 0)
        return Expression(ASSET if words[-1].endswith("Asset") else "string")


def arguments_of(program: str, component: str) -> dict[str, Any]:
    """The arguments with which a program makes a component."""
    start = re.search(rf'new [\w.]*{component}\("\w+", ', program)
    assert start, f"the program makes no {component}"
    found = _Literal(program[start.end() :]).value()
    assert isinstance(found, dict)
    return found


def declarations(schema: dict[str, Any]) -> str:
    """TypeScript declarations of the components and their arguments, as Pulumi's generator would shape them."""
    lines = ['import * as pulumi from "@pulumi/pulumi";']
    for token, declared in schema["types"].items():
        lines += _interface(token.rsplit(":", 1)[1], declared["properties"], declared.get("required", []))
    for token, resource in schema["resources"].items():
        name = token.rsplit(":", 1)[1]
        # `…Args` of a nested type and of a component may have the same name; Pulumi puts the former into a module.
        lines += _interface(f"{name}Inputs", resource["inputProperties"], resource.get("requiredInputs", []))
        lines.append(f"export declare class {name} extends pulumi.ComponentResource {{")
        for output, declared in resource["properties"].items():
            optional = "" if output in resource.get("required", []) else " | undefined"
            lines.append(f"    readonly {output}: pulumi.Output<{_type(declared)}{optional}>;")
        lines.append(f"    constructor(name: string, args: {name}Inputs, opts?: pulumi.ComponentResourceOptions);\n}}")
    return "\n".join(lines) + "\n"


def _interface(name: str, properties: dict[str, Any], required: list[str]) -> list[str]:
    lines = [f"export interface {name} {{"]
    for key, declared in properties.items():
        optional = "" if key in required else "?"
        kind = _type(declared)
        lines.append(f"    {key}{optional}: {kind if declared.get('plain') else f'pulumi.Input<{kind}>'};")
    return [*lines, "}"]


def _type(declared: dict[str, Any]) -> str:
    reference = declared.get("$ref", "")
    if reference == ASSET:
        return "pulumi.asset.Asset"
    if reference.startswith("#/types/"):
        return str(reference.rsplit(":", 1)[1])
    kind = declared.get("type")
    if kind == "array":
        return f"{_wrapped(declared['items'])}[]"
    if kind == "object":
        return f"{{ [key: string]: {_wrapped(declared['additionalProperties'])} }}"
    return {"integer": "number", "number": "number", "string": "string", "boolean": "boolean"}.get(str(kind), "any")


def _wrapped(declared: dict[str, Any]) -> str:
    return _type(declared) if declared.get("plain") else f"pulumi.Input<{_type(declared)}>"
