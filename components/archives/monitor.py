"""The monitor's own code as an archive for its jobs: `drift_tools` without what draws, and `contract`.

Python imports from a zip file: the job's environment names it in PYTHONPATH; no image is built and nothing unpacked.
"""

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pulumi

from components.archives.sources import (
    REPOSITORY,
    contract_files,
    own_files,
    user_cache,
    written_once,
    zip_archive,
)
from components.naming import content_hash
from contract.bucket_layout import JOB_CODE

DRIFT_TOOLS: Final = REPOSITORY / "drift_tools"
ARCHIVE_NAME: Final = "drift_tools.zip"
# For people at a terminal, with libraries that AWS's image does not have.
_LEFT_OUT: Final = frozenset({"cli", "endpoint", "fleet", "report"})


def job_sources(package: Path = DRIFT_TOOLS) -> Iterator[tuple[str, Path]]:
    """(path inside the archive, file) of every module that a job may import."""
    yield from contract_files().items()
    for inside, path in own_files(package):
        if path.suffix == ".py" and inside.split("/", 1)[0] not in _LEFT_OUT:
            yield f"{package.name}/{inside}", path


@functools.cache  # a process goes on with the code that it began with, and so do the jobs that it deploys
def job_archive() -> bytes:
    """The archive of this project's own monitor."""
    return packed_job_sources(DRIFT_TOOLS)


def packed_job_sources(package: Path) -> bytes:
    """The archive; the same bytes from the same sources, so that a run's job does not change with the machine."""
    return zip_archive((inside, path.read_bytes()) for inside, path in job_sources(package))


def job_archive_key(data: bytes) -> str:
    """Its key in the bucket, by its content: new code is a new object, and a run keeps the one that it began with."""
    return f"{JOB_CODE}/{content_hash(data)}/{ARCHIVE_NAME}"


def write_job_archive() -> pulumi.FileAsset:
    """The archive, written to the user's cache."""
    return pulumi.FileAsset(str(written_once(job_archive(), ARCHIVE_NAME, user_cache())))


def with_job_sources(files: pulumi.AssetArchive) -> pulumi.AssetArchive:
    """A function's archive with the monitor's code in it."""
    more = {inside: pulumi.FileAsset(path.as_posix()) for inside, path in job_sources()}
    return pulumi.AssetArchive({**files.assets, **more})
