"""`python -m benchmarks NAME [OPTION …]` runs the benchmark NAME; without a name it lists them."""

import ast
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent


class Benchmark(NamedTuple):
    """A module that can be run; its purpose in a line."""

    module: str
    purpose: str


def available() -> Iterator[tuple[str, Benchmark]]:
    """Each module here, or in a folder here, that has a function `main`, by its name."""
    for path in sorted(HERE.rglob("*.py"), key=lambda path: path.stem):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        has_main = any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body)
        # `peers` has programs for environments of their own.
        if has_main and path.stem != "__main__" and path.parent.name != "peers":
            module = ".".join(("benchmarks", *path.relative_to(HERE).with_suffix("").parts))
            yield path.stem, Benchmark(module, (ast.get_docstring(tree) or "").partition("\n")[0])


def main(argv: list[str]) -> int:
    """Run the benchmark that the first argument names, with the others as its own."""
    benchmarks = dict(available())
    if argv and argv[0] in benchmarks:
        return int(import_module(benchmarks[argv[0]].module).main(argv[1:]))
    asked_for_help = argv in ([], ["-h"], ["--help"])
    out = sys.stdout if asked_for_help else sys.stderr
    if not asked_for_help:
        print(f"{argv[0]}: no such benchmark: give one of these", file=out)
    for name, benchmark in benchmarks.items():
        print(f"python -m benchmarks {name:<17} {benchmark.purpose}", file=out)
    return 0 if asked_for_help else 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
