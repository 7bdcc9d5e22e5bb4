"""Training scripts in archives, as they are handed over: one that works, and those that do not."""

import gzip
import io
import tarfile
from pathlib import Path
from typing import Final

import pulumi

from components.archives import write_source_archive

PROJECT: Final = Path(__file__).resolve().parents[3]


def training_source() -> pulumi.FileAsset:
    """The example's training script in a tar.gz."""
    folder = PROJECT / "examples" / "employment" / "training"
    return pulumi.FileAsset(str(write_source_archive(folder, "train.py", PROJECT / "build" / "training")))


def packed(*names: str) -> bytes:
    """A tar.gz with files of these names, and no time: what names a test must be the same in all of its processes."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in names:
            member = tarfile.TarInfo(name)
            member.size = 1
            archive.addfile(member, io.BytesIO(b"1"))
    return gzip.compress(buffer.getvalue(), mtime=0)


# What a file holds, and what the refusal says.
BROKEN_SOURCES: Final = [
    (b"a tar.gz", "is no gzip: SageMaker needs a tar.gz; pack the directory with the script, tar czf source.tar.gz"),
    (b"PK\x03\x04 a zip file", "is no gzip: SageMaker needs a tar.gz"),
    (b"def train(): pass\n", "is no gzip: SageMaker needs a tar.gz"),
    (b"\x1f\x8b", "is gzip and no tar.gz that can be unpacked"),
    (b"\x1f\x8b\x08 cut short", "is gzip and no tar.gz that can be unpacked"),
    (gzip.compress(b"import sklearn\n", mtime=0), "is gzip and no tar.gz that can be unpacked"),
    (gzip.compress(b"", mtime=0), "is gzip and no tar.gz that can be unpacked"),
    (packed("train.py", "other.py")[:-30], "is gzip and no tar.gz that can be unpacked"),
    (packed("main.py", "lib/a.py"), "has no train.py: it has lib/a.py, main.py; pack the script at the top"),
    (packed("training/train.py"), "has no train.py: it has training/train.py; pack the script at the top"),
    (packed(), "has no train.py: it is empty"),
]
