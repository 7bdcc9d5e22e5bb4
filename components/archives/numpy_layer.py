"""The layers of the functions, for Python 3.13 on arm64: numpy and scipy for small windows, numpy for a stream.

`python -m components.archives.numpy_layer` downloads the wheels that `layers/requirements.txt` names, each
held against its hash, and writes the layer's zip file: the same bytes from the same wheels.
"""

import argparse
import io
import re
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from components.archives.function import function_files
from components.archives.monitor import job_sources
from components.archives.sources import REPOSITORY, zip_archive
from components.naming import content_hash

REQUIREMENTS: Final = REPOSITORY / "layers" / "requirements.txt"
FOLDER: Final = REPOSITORY / "build" / "layer"
PYTHON_VERSION: Final = "3.13"
# Lambda's Python 3.13 is Amazon Linux 2023, whose C library is 2.34.
PLATFORMS: Final = (
    "manylinux_2_28_aarch64",
    "manylinux_2_27_aarch64",
    "manylinux_2_17_aarch64",
    "manylinux2014_aarch64",
)
# Lambda quotas: a function and its layers unpacked; an archive that is uploaded as part of a request.
MOST_UNPACKED: Final = 250 * 1024 * 1024
MOST_UPLOADED: Final = 50 * 1024 * 1024
# What runs nothing: tests, what C and type checkers read, byte code of another Python.
_LEFT_OUT_FOLDERS: Final = frozenset({"tests", "__pycache__", "include"})
_LEFT_OUT_SUFFIXES: Final = frozenset({".a", ".c", ".h", ".lib", ".pxd", ".pyc", ".pyi", ".pyx"})


class LayerError(Exception):
    """A layer that cannot be made, or that Lambda would not take."""


def is_needed(name: str) -> bool:
    """Whether a wheel's file has anything to do at run time. Licences stay."""
    path = PurePosixPath(name)
    return not _LEFT_OUT_FOLDERS.intersection(path.parts[:-1]) and path.suffix not in _LEFT_OUT_SUFFIXES


def layer_archive(wheels: Iterable[Path]) -> bytes:
    """The layer's zip file of these wheels; LayerError if one of them is not for Lambda's Python on arm64."""
    files: dict[str, bytes] = {}
    for wheel in sorted(wheels):
        tags = wheel.stem.split("-")
        if not (tags[-1] == "any" or ("cp313" in tags[-3] and "aarch64" in tags[-1])):
            raise LayerError(f"{wheel.name} is no wheel for Python {PYTHON_VERSION} on arm64")
        with zipfile.ZipFile(wheel) as archive:
            for entry in archive.infolist():
                if not entry.is_dir() and is_needed(entry.filename):
                    files[f"python/{entry.filename}"] = archive.read(entry)
    if not files:
        raise LayerError("there are no wheels: nothing to make a layer from")
    return zip_archive(sorted(files.items()))


def unpacked_bytes(archive: bytes) -> int:
    """How large the layer is on Lambda's disk."""
    with zipfile.ZipFile(io.BytesIO(archive)) as layer:
        return sum(entry.file_size for entry in layer.infolist())


def function_bytes() -> int:
    """How large the function is that the layer is for, with the monitor's code in it."""
    files = [*function_files("monitor_window").values(), *(path for _, path in job_sources())]
    return sum(path.stat().st_size for path in files)


def check(archive: bytes, *, beside: int) -> None:
    """LayerError if Lambda would not take the layer as part of a request, or beside a function of `beside` bytes."""
    if len(archive) > MOST_UPLOADED:
        raise LayerError(
            f"the layer is {len(archive)} bytes packed and Lambda takes {MOST_UPLOADED} in a request: leave packages "
            "out, or upload it to a bucket and give its address to the function"
        )
    size = unpacked_bytes(archive) + beside
    if size > MOST_UNPACKED:
        raise LayerError(
            f"the layer and its function are {size} bytes unpacked and Lambda takes {MOST_UNPACKED}: leave packages out"
        )


def download(requirements: Path, folder: Path) -> list[Path]:
    """The wheels that a locked requirements file names, for Lambda; pip compares each with its hash."""
    platforms = [word for platform in PLATFORMS for word in ("--platform", platform)]
    command = [
        *(sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"),
        *("--require-hashes", "--no-deps", "--only-binary", ":all:", "--requirement", str(requirements)),
        *("--implementation", "cp", "--python-version", PYTHON_VERSION, *platforms, "--dest", str(folder)),
    ]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - this interpreter's pip
    if ended.returncode:
        raise LayerError(f"the wheels could not be downloaded: {' '.join(ended.stderr.split())[-500:]}")
    return sorted(folder.glob("*.whl"))


def requirement(name: str, locked: str) -> str:
    """The lines of one package in a locked requirements file; LayerError if it is not there."""
    found = re.search(rf"^{re.escape(name)}==.*?(?=^\S|\Z)", locked, re.MULTILINE | re.DOTALL)
    if found is None:
        raise LayerError(f"the locked requirements have no {name}: make lock")
    return "".join(line for line in found[0].splitlines(keepends=True) if not line.lstrip().startswith("#"))


def build(target: Path, requirements: Path = REQUIREMENTS) -> Path:
    """Write the layer of these requirements; needs the package index."""
    with tempfile.TemporaryDirectory(prefix="layer-") as folder:
        archive = layer_archive(download(requirements, Path(folder)))
    check(archive, beside=function_bytes())
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_suffix(".partial")
    partial.write_bytes(archive)
    partial.replace(target)
    return target


def place(folder: Path = FOLDER, requirements: Path = REQUIREMENTS) -> Path:
    """Where the layer of these requirements is, or will be; its name has their hash."""
    return folder / f"numpy-scipy-arm64-py313-{content_hash(requirements.read_bytes())}.zip"


def built(folder: Path = FOLDER, requirements: Path = REQUIREMENTS) -> Path:
    """The layer of these requirements, made if it is not there yet."""
    target = place(folder, requirements)
    return target if target.exists() else build(target, requirements)


def built_numpy() -> Path:
    """The layer of numpy alone, at the version that is locked beside scipy: half the size, and half the cold start."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    own = requirement("numpy", REQUIREMENTS.read_text(encoding="utf-8"))
    target = FOLDER / f"numpy-arm64-py313-{content_hash(own)}.zip"
    if not target.exists():
        with tempfile.TemporaryDirectory(prefix="layer-") as place:
            locked = Path(place) / "requirements.txt"
            locked.write_text(own, encoding="utf-8")
            build(target, locked)
    return target


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the layer where there is none yet, and say how large it is."""
    parser = argparse.ArgumentParser(prog="python -m components.archives.numpy_layer", description=main.__doc__)
    parser.add_argument("--output", type=Path, default=place(), help="the zip file to write (default: %(default)s)")
    options = parser.parse_args(arguments)
    try:
        target = options.output if options.output.exists() else build(options.output)
    except LayerError as error:
        sys.stderr.write(f"error: {error}\n")
        return 1
    packed, unpacked = target.stat().st_size, unpacked_bytes(target.read_bytes())
    sys.stdout.write(f"{target}: {packed / 1e6:.1f} MB, unpacked {unpacked / 1e6:.1f} MB\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
