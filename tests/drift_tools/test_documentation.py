"""The examples in the docstrings run, and say what they say; what is public is documented as promised."""

import dataclasses
import doctest
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
import pytest

import drift_tools

MODULES = sorted(
    module.name
    for module in pkgutil.walk_packages(drift_tools.__path__, "drift_tools.")
    if not module.name.endswith("__main__")
)
PUBLIC: dict[str, Any] = {name: getattr(drift_tools, name) for name in drift_tools.__all__ if name != "__version__"}
FUNCTIONS = {name: item for name, item in PUBLIC.items() if inspect.isfunction(item)}
# What is public and has no example, and why not.
WITHOUT_EXAMPLE = {
    "iterate_captures": "reads files of captured data, which an example would have to write first",
}
# Public options that may be given by position, and why.
BY_POSITION = {
    "alpha_per_run": "two numbers that are said in this order: one false alarm in 8,760 runs",
}
FINDER = doctest.DocTestFinder()


def functions_of(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """The functions that a module defines for others."""
    return {
        name: item
        for name, item in vars(module).items()
        if inspect.isfunction(item) and item.__module__ == module.__name__ and not name.startswith("_")
    }


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    found = FINDER.find(importlib.import_module(name), extraglobs={"np": np})
    runner = doctest.DocTestRunner()
    for test in found:
        if test.examples:  # what has none would look at every file of the process for changes all the same
            runner.run(test)
    assert runner.summarize().failed == 0


def test_there_are_examples() -> None:
    found = [test for name in MODULES for test in FINDER.find(importlib.import_module(name)) if test.examples]
    assert len(found) > 40


@pytest.mark.parametrize("name", MODULES)
def test_every_function_says_what_it_does(name: str) -> None:
    for function, item in functions_of(importlib.import_module(name)).items():
        assert (inspect.getdoc(item) or "").strip(), f"{name}.{function} has no docstring"


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_public_functions_have_an_example(name: str) -> None:
    has_example = ">>> " in (inspect.getdoc(FUNCTIONS[name]) or "")
    assert has_example is (name not in WITHOUT_EXAMPLE)


@pytest.mark.parametrize("name", sorted(FUNCTIONS))
def test_options_of_public_functions_are_given_by_name(name: str) -> None:
    signature = inspect.signature(FUNCTIONS[name])
    options = [item for item in signature.parameters.values() if item.default is not inspect.Parameter.empty]
    by_name = all(option.kind is inspect.Parameter.KEYWORD_ONLY for option in options)
    assert by_name is (name not in BY_POSITION)
    assert signature.return_annotation is not inspect.Signature.empty
    assert all(item.annotation is not inspect.Parameter.empty for item in signature.parameters.values())


@pytest.mark.parametrize("name", sorted(set(PUBLIC) - set(FUNCTIONS)))
def test_public_results_are_documented_and_cannot_be_changed(name: str) -> None:
    kind = PUBLIC[name]
    assert inspect.isclass(kind)
    assert (inspect.getdoc(kind) or "").strip()
    if dataclasses.is_dataclass(kind):
        assert kind.__dataclass_params__.frozen  # type: ignore[attr-defined]  # how dataclasses keep it


def test_the_package_names_what_is_public() -> None:
    assert set(drift_tools.__all__) <= set(dir(drift_tools))
    with pytest.raises(AttributeError, match="no attribute 'comparre'"):
        drift_tools.comparre  # noqa: B018


def test_importing_the_package_loads_nothing() -> None:
    program = "import sys, drift_tools; print(sorted({'numpy', 'scipy', 'pyarrow'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "[]\n"
