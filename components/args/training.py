"""Arguments of what trains a model."""

import io
import posixpath
import re
import tarfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NotRequired, Self, TypedDict

import pulumi

from components.args.bounds import number
from components.args.reader import ArgumentError, Reader, argument_names, as_text

# SageMaker's HyperParameters, in botocore's models.
_MOST_HYPERPARAMETERS: Final = 90  # of 100: the image takes some for itself
_LONGEST_VALUE: Final = 2500
_HYPERPARAMETER: Final = r"(?!sagemaker_)[A-Za-z0-9_-]{1,200}"


class TrainingArgs(TypedDict):
    """What trains a model: a script in AWS's scikit-learn image."""

    source: pulumi.Asset
    """A tar.gz with the script and what it imports; in a stack's configuration also a directory, which becomes one."""
    program: NotRequired[str]
    """The script in it. It reads SM_CHANNEL_TRAIN/train.csv and writes what the endpoint serves to SM_MODEL_DIR.
    Default `train.py`."""
    hyperparameters: NotRequired[Mapping[str, str]]
    """What the script is called with, `--name value`; a run by hand may give other values. Default none."""
    instance_type: NotRequired[str]
    """Default ml.m5.large."""
    volume_size_in_gb: NotRequired[int]
    """Default 20."""
    max_runtime_in_seconds: NotRequired[int]
    """Default 3600."""


@dataclass(frozen=True, kw_only=True)
class TrainingSettings:
    """`TrainingArgs`, checked and complete."""

    source: pulumi.Asset
    source_content: bytes
    program: str
    hyperparameters: Mapping[str, str]
    instance_type: str
    volume_size_in_gb: int
    max_runtime_in_seconds: int

    @classmethod
    def from_args(cls, args: TrainingArgs, path: str = "retraining.training") -> Self:
        """Check everything; ArgumentError in one line: the argument, its value, and the fix."""
        read = Reader(path, args, argument_names(TrainingArgs))
        program = read.text("program", "train.py", r"[A-Za-z0-9_./-]+\.py", "a script such as train.py")
        source, content = read.asset("source", "name a tar.gz with the training script")
        _check_source(read.name("source"), content, program)
        return cls(
            source=source,
            source_content=content,
            program=program,
            hyperparameters=_hyperparameters(read),
            instance_type=read.training_instance_type("ml.m5.large"),
            volume_size_in_gb=number(read, "volume_size_in_gb", 20, "retraining.training.volume_size_in_gb"),
            max_runtime_in_seconds=number(
                read, "max_runtime_in_seconds", 3600, "retraining.training.max_runtime_in_seconds"
            ),
        )


def _check_source(path: str, content: bytes, program: str) -> None:
    """Refuse what a training job could not unpack, or would find no script in: it says so an hour later, in a log."""
    fix = "pack the directory with the script, tar czf source.tar.gz -C DIRECTORY ."
    if not content.startswith(b"\x1f\x8b"):
        raise ArgumentError(f"{path} is no gzip: SageMaker needs a tar.gz; {fix}")
    try:
        with tarfile.open(fileobj=io.BytesIO(content), mode="r:gz") as archive:
            files = [posixpath.normpath(member.name) for member in archive.getmembers() if not member.isdir()]
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise ArgumentError(f"{path} is gzip and no tar.gz that can be unpacked ({error}): {fix}") from error
    if posixpath.normpath(program) not in files:
        there = f"it has {', '.join(sorted(files)[:5])}" if files else "it is empty"
        raise ArgumentError(
            f"{path} has no {program}: {there}; pack the script at the top, tar czf source.tar.gz -C DIRECTORY ., or "
            "name it in program"
        )


def _hyperparameters(read: Reader) -> dict[str, str]:
    given = read.raw("hyperparameters") if read.has("hyperparameters") else {}
    if not isinstance(given, Mapping) or not all(isinstance(key, str) for key in given):
        raise read.refuse("hyperparameters", "must be an object of names and values")
    found = {key: as_text(value) for key, value in given.items()}
    for key, value in found.items():
        if not re.fullmatch(_HYPERPARAMETER, key):
            raise ArgumentError(
                f"{read.name('hyperparameters')} has the name {key!r}: letters, digits, - and _, and none that begins "
                "with sagemaker_"
            )
        if not isinstance(value, str) or len(value) > _LONGEST_VALUE:
            raise ArgumentError(
                f"{read.name('hyperparameters')}.{key} is {value!r:.80}: must be text or a number, of at most "
                f"{_LONGEST_VALUE} characters"
            )
    alike = [re.sub("[-_]", "", key).lower() for key in found]
    if len(set(alike)) < len(alike):  # each is a parameter of the pipeline, whose names have neither
        raise read.refuse("hyperparameters", "has two names that differ in -, _ or capitals only; keep one of them")
    if len(found) > _MOST_HYPERPARAMETERS:
        raise read.refuse("hyperparameters", f"SageMaker takes {_MOST_HYPERPARAMETERS}")
    return found
