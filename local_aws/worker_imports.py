"""What a function may import: put in front of the script of ministack's Python worker.

Imported by nobody but worker_site/sitecustomize.py, for processes that a function starts.

Of what is installed on this machine a function sees only what the Lambda runtime has (ALLOWED); the rest it must bring
along, in its archive or in a layer. A package in a layer that was built for another machine (arm64, or another Python)
cannot be loaded here: this machine's own one takes its place, and the function's log says so.
"""

import importlib.machinery
import os
import platform
import sys
import sysconfig
from importlib.machinery import ModuleSpec
from pathlib import Path
from typing import Any

# What AWS's Python runtime has installed beside the standard library: boto3 and what it needs.
ALLOWED = frozenset({"boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six", "urllib3"})
_SITES = {sysconfig.get_paths()[name] for name in ("purelib", "platlib")}
_ELF_MACHINES = {"x86_64": 62, "aarch64": 183, "arm64": 183}  # e_machine in the file's header
_ELF_MACHINE_AT = 18


class LambdaImports:
    """Finds packages before Python's own finders do; None leaves it to them."""

    @staticmethod
    def find_spec(name: str, path: Any = None, _target: Any = None) -> ModuleSpec | None:
        """The place of this machine's package for one that a layer has for another; ModuleNotFoundError if refused."""
        if path is not None:
            return None
        spec = importlib.machinery.PathFinder.find_spec(name)
        where = _place(spec)
        if where and _in_layer(where) and _foreign(where):
            return _substitute(name)
        if where and any(where.startswith(site) for site in _SITES) and name not in ALLOWED:
            raise ModuleNotFoundError(
                f"No module named {name!r}: the Lambda runtime does not have it; package it with the function",
                name=name,
            )
        return None


def _place(spec: ModuleSpec | None) -> str:
    if spec is None:
        return ""
    return spec.origin or next(iter(spec.submodule_search_locations or []), "")


def _in_layer(where: str) -> bool:
    layers = os.environ.get("_LAMBDA_LAYERS_DIRS", "").split(os.pathsep)
    return any(layer and where.startswith(layer + os.sep) for layer in layers)


def _foreign(where: str) -> bool:
    """Whether a package's extension modules are for another machine or another Python."""
    library = next(Path(where).parent.rglob("*.so"), None) if where.endswith("__init__.py") else None
    if library is None:
        return False
    tag = library.name.partition(".cpython-")[2]
    own = importlib.machinery.EXTENSION_SUFFIXES[0].partition(".cpython-")[2]
    with library.open("rb") as file:
        header = file.read(_ELF_MACHINE_AT + 2)
    machine = int.from_bytes(header[_ELF_MACHINE_AT:], "little")
    return bool(tag and tag != own) or machine != _ELF_MACHINES.get(platform.machine(), machine)


def _substitute(name: str) -> ModuleSpec:
    spec = importlib.machinery.PathFinder.find_spec(name, sorted(_SITES))
    if spec is None:
        raise ModuleNotFoundError(
            f"No module named {name!r} for this machine: the layer's is for another one, and none is installed here",
            name=name,
        )
    sys.stderr.write(
        f"embedded AWS: {name} in the layer is built for another machine; this machine's own {name} runs instead\n"
    )
    return spec


sys.meta_path.insert(0, LambdaImports)
