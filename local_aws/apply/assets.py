"""Pulumi assets and archives as bytes: the same bytes for the same content, always."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pulumi

from local_aws.apply.errors import UnsupportedError

# The oldest time that a zip entry can carry: the archive, and with it the function's code hash, depends on content
# alone.
EPOCH = (1980, 1, 1, 0, 0, 0)
FILE_MODE = 0o100644
ARCHIVE_SUFFIXES = (".zip", ".tar", ".tar.gz", ".tgz")


def asset_bytes(asset: Any) -> bytes:
    """The content of a FileAsset or StringAsset, or of an archive as a file. Remote assets are refused."""
    if isinstance(asset, pulumi.StringAsset):
        return asset.text.encode()
    if isinstance(asset, pulumi.FileAsset):
        return _read(asset.path)
    if isinstance(asset, pulumi.Archive):
        return archive_bytes(asset)
    raise UnsupportedError(
        f"{type(asset).__name__} cannot be read here; use a FileAsset, a StringAsset or an archive of them"
    )


def archive_bytes(archive: Any) -> bytes:
    """An archive as the file that is uploaded: a FileArchive of a file as it is, everything else zipped."""
    if isinstance(archive, pulumi.FileArchive) and Path(archive.path).is_file():
        if not archive.path.endswith(ARCHIVE_SUFFIXES):
            raise UnsupportedError(
                f"FileArchive {archive.path!r} is neither a directory nor a {', '.join(ARCHIVE_SUFFIXES)} file"
            )
        return _read(archive.path)
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as target:
        for name, content in sorted(_entries(archive, "")):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.external_attr = FILE_MODE << 16
            target.writestr(entry, content)
    return buffer.getvalue()


def _entries(archive: Any, prefix: str) -> Iterator[tuple[str, bytes]]:
    if isinstance(archive, pulumi.FileArchive):
        yield from _file_archive(Path(archive.path), prefix)
        return
    if not isinstance(archive, pulumi.AssetArchive):
        raise UnsupportedError(f"{type(archive).__name__} cannot be read here; use an AssetArchive or a FileArchive")
    for name, item in archive.assets.items():
        if isinstance(item, pulumi.Archive):
            yield from _entries(item, f"{prefix}{name}/")
        else:
            yield f"{prefix}{name}", asset_bytes(item)


def _file_archive(path: Path, prefix: str) -> Iterator[tuple[str, bytes]]:
    if path.is_dir():
        for file in sorted(path.rglob("*")):
            if file.is_file():
                yield prefix + file.relative_to(path).as_posix(), file.read_bytes()
    elif path.suffix == ".zip" and path.is_file():
        with zipfile.ZipFile(path) as source:
            yield from ((prefix + name, source.read(name)) for name in source.namelist() if not name.endswith("/"))
    else:
        raise UnsupportedError(
            f"FileArchive {str(path)!r} inside an archive must be a directory or a .zip file that exists"
        )


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise UnsupportedError(f"asset {path!r} cannot be read: {error.strerror}") from error
