"""The functions' code."""

from pathlib import Path
from typing import Final

import pulumi

from components.archives.sources import contract_files, own_files, shipped

FUNCTIONS: Final = shipped("functions", "function_sources")
_PACKAGE: Final = "functions"
_COMMON: Final = "common"


def function_files(name: str, functions: Path = FUNCTIONS) -> dict[str, Path]:
    """The files of a function's archive: `contract`, and of `functions` this one and what all have in common."""
    if not (functions / name / "handler.py").is_file():
        raise FileNotFoundError(f"{functions / name} has no handler.py: a function's folder needs one")
    files = {f"{_PACKAGE}/__init__.py": functions / "__init__.py", **contract_files()}
    for folder in (name, _COMMON):
        files.update((f"{_PACKAGE}/{folder}/{inside}", path) for inside, path in own_files(functions / folder))
    return {inside: path for inside, path in sorted(files.items()) if path.suffix in {".py", ".json"}}


def function_handler(name: str) -> str:
    """What Lambda calls in that archive."""
    return f"{_PACKAGE}.{name}.handler.handler"


def function_archive(name: str) -> pulumi.AssetArchive:
    """The archive of the function in `functions/{name}`, file by file (a FileArchive would take byte code along)."""
    return pulumi.AssetArchive(
        {inside: pulumi.FileAsset(path.as_posix()) for inside, path in function_files(name).items()}
    )
