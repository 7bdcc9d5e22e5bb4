"""The components as a Pulumi plugin, for programs in any language; and its schema, of which their SDKs are made."""

import inspect
import json
import sys
import tomllib
from importlib import import_module, metadata
from pathlib import Path
from typing import Any, Final

from pulumi import ComponentResource
from pulumi.provider.experimental.component import ComponentProvider
from pulumi.provider.experimental.host import component_provider_host, components_from_module

FOLDER: Final = Path(__file__).resolve().parent
# Also the package part of every type token, `model-monitoring:index:ModelMonitoringStack`.
NAME: Final = "model-monitoring"


def hosted_components() -> list[type[ComponentResource]]:
    """Every component that the package exports, the parts too: each can be used alone."""
    found = components_from_module(import_module("components"))
    modules = [module for name, module in sys.modules.items() if name.startswith("components.args.")]
    arguments = (value for module in modules for value in vars(module).values() if isinstance(value, type))
    for described in (*found, *arguments):
        # The schema has docstrings as Python keeps them: with their indentation until 3.12. SDKs would show it.
        if described.__module__.startswith("components.") and described.__doc__:
            described.__doc__ = inspect.cleandoc(described.__doc__)
    return sorted(found, key=lambda component: component.__name__)


def version() -> str:
    """The distribution's version: of the repository that this file lies in, or of the installed distribution."""
    project = FOLDER.parent / "pyproject.toml"
    if project.is_file():
        return str(tomllib.loads(project.read_text(encoding="utf-8"))["project"]["version"])
    return metadata.version(NAME)


def schema() -> dict[str, Any]:
    """The package's schema, as the plugin answers GetSchema.

    Its format is https://www.pulumi.com/docs/iac/guides/building-extending/packages/schema/.
    """
    loaded: dict[str, Any] = json.loads(str(ComponentProvider(hosted_components(), NAME, None, version()).schema))
    return loaded


def main() -> None:
    if "--schema" in sys.argv[1:]:
        json.dump(schema(), sys.stdout, indent=2)
        sys.stdout.write("\n")
        return
    component_provider_host(hosted_components(), NAME, version=version())
