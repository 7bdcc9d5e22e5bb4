"""Source trees to archives: the model's `model.tar.gz` and the functions' code, the same bytes for the same sources.

An archive that differs from one machine to the next would replace the model, and with it update the endpoint, on every
deployment from another laptop.
"""

import gzip
import io
import os
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pulumi

from components.naming import content_hash

_COMPONENTS: Final = Path(__file__).resolve().parents[1]
REPOSITORY: Final = _COMPONENTS.parent
# A distribution has the functions' sources inside of `components` (see pyproject.toml), a repository beside it.
_DISTRIBUTED: Final = _COMPONENTS / "function_sources"
FUNCTIONS: Final = _DISTRIBUTED if _DISTRIBUTED.is_dir() else REPOSITORY / "functions"
# So with the sample model.
_DISTRIBUTED_MODEL: Final = _COMPONENTS / "sample_model"
SAMPLE_MODEL: Final = (_DISTRIBUTED_MODEL if _DISTRIBUTED_MODEL.is_dir() else REPOSITORY / "model") / "artifact"
_PACKAGE: Final = "functions"
_COMMON: Final = "common"
_LEFT_OUT: Final = frozenset({"__pycache__", ".DS_Store", ".ipynb_checkpoints"})


def source_files(root: Path) -> Iterator[tuple[str, Path]]:
    """(path inside the archive, file), sorted, without byte code and editors' leavings."""
    for path in sorted(root.rglob("*")):
        inside = path.relative_to(root)
        if path.is_file() and not _LEFT_OUT.intersection(inside.parts) and path.suffix != ".pyc":
            yield inside.as_posix(), path


def model_archive(directory: Path) -> bytes:
    """A SageMaker `model.tar.gz` of a directory: sorted, owned by nobody, dated 1970; the same from the same files."""
    files = dict(source_files(directory))
    if not files:
        raise FileNotFoundError(f"{directory} has no files: name the directory whose files become model.tar.gz")
    if "code/inference.py" not in files:
        raise FileNotFoundError(f"{directory} has no code/inference.py: the scikit-learn container starts from it")
    buffer = io.BytesIO()
    # Not tarfile's own "w:gz": it writes the time of day into the header of the gzip stream.
    with (
        gzip.GzipFile(fileobj=buffer, mode="wb", filename="", mtime=0) as stream,
        tarfile.open(fileobj=stream, mode="w", format=tarfile.PAX_FORMAT) as tar,
    ):
        for name, path in files.items():
            data = path.read_bytes()
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = len(data), 0o644, 0
            tar.addfile(member, io.BytesIO(data))
    return buffer.getvalue()


def write_model_archive(directory: Path, build: Path) -> Path:
    """Write `model.tar.gz` of `directory` under `build`, in a folder named after its content, and return its path."""
    return written_once(model_archive(directory), "model.tar.gz", build)


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


def sample_model() -> pulumi.FileAsset:
    """The `model.tar.gz` of the sample model, written to the user's cache."""
    return pulumi.FileAsset(str(write_model_archive(SAMPLE_MODEL, user_cache())))


def function_files(name: str, functions: Path = FUNCTIONS) -> dict[str, Path]:
    """The files of a function's archive: the package `functions`, with this function and what all have in common."""
    if not (functions / name / "handler.py").is_file():
        raise FileNotFoundError(f"{functions / name} has no handler.py: a function's folder needs one")
    files = {f"{_PACKAGE}/__init__.py": functions / "__init__.py"}
    for folder in (name, _COMMON):
        files.update((f"{_PACKAGE}/{folder}/{inside}", path) for inside, path in source_files(functions / folder))
    return {inside: path for inside, path in sorted(files.items()) if path.suffix in {".py", ".json"}}


def function_handler(name: str) -> str:
    """What Lambda calls in that archive."""
    return f"{_PACKAGE}.{name}.handler.handler"


def function_archive(name: str) -> pulumi.AssetArchive:
    """The archive of the function in `functions/{name}`, file by file (a FileArchive would take byte code along)."""
    return pulumi.AssetArchive(
        {inside: pulumi.FileAsset(path.as_posix()) for inside, path in function_files(name).items()}
    )


def asset_bytes(asset: pulumi.Asset) -> bytes:
    """The content of an asset that lies on this machine; a remote one cannot be read while the program runs."""
    if isinstance(asset, pulumi.FileAsset):
        return Path(os.fspath(asset.path)).read_bytes()
    if isinstance(asset, pulumi.StringAsset):
        return asset.text.encode("utf-8")
    raise TypeError(f"{type(asset).__name__} has no content on this machine: give a FileAsset or a StringAsset")
