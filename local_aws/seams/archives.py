"""Lambda: what an archive of code or a layer holds lies on the disk once, for all workers that have it.

ministack unpacks it anew for each: hundreds of files, that are made and removed again with every worker, and of which
Python keeps no byte code from one worker to the next.
"""

import hashlib
import tempfile
import threading
import zipfile
from pathlib import Path
from typing import Any

import ministack.core.lambda_runtime as _lambda_runtime

# What ministack's worker of Python is called. Node's gets links to its layers among its code, which is then its own.
_WORKER = "_worker.py"


class _Unpacked:
    """Stands in for `zipfile` where ministack unpacks what its workers run."""

    def __init__(self) -> None:
        self._folder = Path(tempfile.mkdtemp(prefix="unpacked-"))
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        return getattr(zipfile, name)

    def ZipFile(self, path: str) -> Any:  # noqa: N802 - zipfile's name
        """Open an archive of a worker."""
        if not Path(path).with_name(_WORKER).exists():
            return zipfile.ZipFile(path)
        with open(path, "rb") as file:
            place = self._folder / hashlib.file_digest(file, "sha256").hexdigest()
        return _Shared(path, place, self._lock)


class _Shared:
    """An archive that is unpacked to one place, whoever asks, and linked to from where it was to be unpacked."""

    def __init__(self, path: str, place: Path, lock: threading.Lock) -> None:
        self._place, self._lock = place, lock
        self._archive = None if place.exists() else zipfile.ZipFile(path)

    def __enter__(self) -> "_Shared":
        return self

    def __exit__(self, *_: object) -> None:
        if self._archive:
            self._archive.close()

    def namelist(self) -> list[str]:
        """The names that are still to be looked at: none of an archive that is unpacked."""
        return self._archive.namelist() if self._archive else []

    def extractall(self, folder: str) -> None:
        """Have the content under `folder`, which is empty."""
        with self._lock:
            if self._archive and not self._place.exists():
                part = self._place.with_suffix(".part")
                self._archive.extractall(part)
                part.rename(self._place)
        Path(folder).rmdir()
        Path(folder).symlink_to(self._place)


def unpack_once() -> None:
    """Unpack each archive of functions' code and layers once in the life of this server."""
    _lambda_runtime.zipfile = _Unpacked()
