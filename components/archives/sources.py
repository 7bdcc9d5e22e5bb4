"""Files to archives: which of them, where archives are written, and what an asset holds.

An archive that differs from one machine to the next would replace the model, and with it update the endpoint, on every
deployment from another laptop: everything here makes the same bytes from the same files.
"""

import functools
import io
import os
import zipfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

import pulumi

from components.naming import content_hash

COMPONENTS: Final = Path(__file__).resolve().parents[1]
REPOSITORY: Final = COMPONENTS.parent
CONTRACT: Final = REPOSITORY / "contract"
_LEFT_OUT: Final = frozenset({"__pycache__", ".DS_Store", ".ipynb_checkpoints"})
_EARLIEST: Final = (1980, 1, 1, 0, 0, 0)  # the first moment that the zip format knows


def shipped(name: str, distributed: str) -> Path:
    """The folder `name` of the repository; a distribution has it inside of `components`, under another name."""
    inside = COMPONENTS / distributed
    return inside if inside.is_dir() else REPOSITORY / name


def source_files(root: Path) -> Iterator[tuple[str, Path]]:
    """(path inside the archive, file), sorted, without byte code and editors' leavings."""
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not _LEFT_OUT.intersection(inside.parts) and path.suffix != ".pyc":
            yield inside.as_posix(), path


@functools.cache
def own_files(root: Path) -> tuple[tuple[str, Path], ...]:
    """`source_files` of a package that is shipped here: looked up once, for the ten archives that share some."""
    return tuple(source_files(root))


def contract_files() -> dict[str, Path]:
    """The package `contract`, by paths inside of an archive: functions and jobs both act by it."""
    return {f"{CONTRACT.name}/{inside}": path for inside, path in own_files(CONTRACT) if path.suffix == ".py"}


def zip_archive(files: Iterable[tuple[str, bytes]]) -> bytes:
    """A zip file of (path inside, content) in this order, dated 1980; the same from the same files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for inside, data in files:
            entry = zipfile.ZipInfo(inside, _EARLIEST)
            entry.external_attr = (0o755 if ".so" in inside else 0o644) << 16
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, data)
    return buffer.getvalue()


def written_once(data: bytes, name: str, build: Path) -> Path:
    """Write a file under `build`, in a folder named after its content, unless it is there; its path."""
    target = build / content_hash(data) / name
    if not target.exists():
        target.parent.mkdir(parents=True, exist_ok=True)
        partial = target.with_name(f".{os.getpid()}.partial")
        partial.write_bytes(data)
        partial.replace(target)  # whole or not at all, also when two programs run at once
    return target


def user_cache() -> Path:
    """Where archives are written: a package may lie where none may write."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "model-monitoring"


def asset_bytes(asset: pulumi.Asset) -> bytes:
    """The content of an asset that lies on this machine; a remote one cannot be read while the program runs."""
    if isinstance(asset, pulumi.FileAsset):
        return Path(os.fspath(asset.path)).read_bytes()
    if isinstance(asset, pulumi.StringAsset):
        return asset.text.encode("utf-8")
    raise TypeError(f"{type(asset).__name__} has no content on this machine: give a FileAsset or a StringAsset")
