"""`python -m benchmarks NAME [OPTION …]` runs the benchmark NAME; without a name it lists them."""

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

HERE = Path(__file__).resolve().parent


def available() -> Iterator[tuple[str, str]]:
    """Each module here that has a function `main`, with the first line of its docstring."""
    for path in sorted(HERE.glob("*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        has_main = any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
        if has_main and path.stem != "__main__":
            yield path.stem, (ast.get_docstring(tree) or "").partition("\n")[0]


def main(argv: list[str]) -> int:
    """Run the benchmark that the first argument names, with the others as its own."""
    benchmarks = dict(available())
    if argv and argv[0] in benchmarks:
        return int(import_module(f"benchmarks.{argv[0]}").main(argv[1:]))
    asked_for_help = argv in ([], ["-h"], ["--help"])
    out = sys.stdout if asked_for_help else sys.stderr
    if not asked_for_help:
        print(f"{argv[0]}: no such benchmark: give one of these", file=out)
    for name, purpose in benchmarks.items():
        print(f"python -m benchmarks {name:<14} {purpose}", file=out)
    return 0 if asked_for_help else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
