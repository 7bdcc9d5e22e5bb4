"""The model's `model.tar.gz`."""

import gzip
import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pulumi

from components.archives.sources import shipped, source_files, user_cache, written_once

SAMPLE_MODEL: Final = shipped("model", "sample_model") / "artifact"


def model_archive(directory: Path) -> bytes:
    """A SageMaker `model.tar.gz` of a directory: sorted, owned by nobody, dated 1970; the same from the same files."""
    files = dict(source_files(directory))
    if not files:
        raise FileNotFoundError(f"{directory} has no files: name the directory whose files become model.tar.gz")
    if "code/inference.py" not in files:
        raise FileNotFoundError(f"{directory} has no code/inference.py: the scikit-learn container starts from it")
    return _packed(files)


def write_source_archive(directory: Path, program: str, build: Path) -> Path:
    """Write `source.tar.gz` of a directory with a training script under `build`, and return its path."""
    files = dict(source_files(directory))
    if program not in files:
        raise FileNotFoundError(f"{directory} has no {program}: name the directory with the training script")
    return written_once(_packed(files), "source.tar.gz", build)


def _packed(files: Mapping[str, Path]) -> bytes:
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


def sample_model() -> pulumi.FileAsset:
    """The `model.tar.gz` of the sample model, written to the user's cache."""
    return pulumi.FileAsset(str(write_model_archive(SAMPLE_MODEL, user_cache())))
