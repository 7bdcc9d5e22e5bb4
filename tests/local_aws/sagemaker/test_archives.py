"""Tarballs that requests name are unpacked inside of their folder, by every Python that the project is for."""

import io
import os
import tarfile
from pathlib import Path

import pytest

from local_aws.sagemaker.archives import unpack

# Of what stands for 3.11.2 a newer Python says that it does without a filter.
pytestmark = pytest.mark.filterwarnings("ignore:Python 3.14 will, by default, filter:DeprecationWarning")


@pytest.fixture(autouse=True, params=["own", "3.11.2"])
def tarfile_of(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """This Python's own tarfile, and that of Debian 12's Python 3.11.2, which has no filters."""
    if request.param == "3.11.2":
        monkeypatch.delattr(tarfile, "data_filter", raising=False)


def packed(*entries: tuple[str, bytes, str]) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w:gz") as tar:
        for name, kind, linkname in entries:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname, entry.uid, entry.mode = kind, linkname, 12345, 0o6777
            entry.size = 1 if kind == tarfile.REGTYPE else 0
            tar.addfile(entry, io.BytesIO(b"x"))
    return made.getvalue()


def test_files_and_folders_become_this_process_s(tmp_path: Path) -> None:
    unpack(packed(("./code", tarfile.DIRTYPE, ""), ("./code/script", tarfile.REGTYPE, "")), tmp_path)
    script = tmp_path / "code" / "script"
    assert script.read_bytes() == b"x"
    assert (script.stat().st_uid, script.stat().st_mode & 0o7777) == (os.getuid(), 0o755)


@pytest.mark.parametrize(
    "entry",
    [
        ("../outside", tarfile.REGTYPE, ""),
        ("code/../../outside", tarfile.REGTYPE, ""),
        ("link", tarfile.SYMTYPE, "../outside"),
        ("link", tarfile.LNKTYPE, "../outside"),
        ("pipe", tarfile.FIFOTYPE, ""),
    ],
)
def test_nothing_leaves_the_folder(tmp_path: Path, entry: tuple[str, bytes, str]) -> None:
    (tmp_path / "outside").write_bytes(b"theirs")
    (tmp_path / "in").mkdir()
    with pytest.raises(tarfile.TarError):
        unpack(packed(entry), tmp_path / "in")
    assert not list((tmp_path / "in").iterdir())
    assert (tmp_path / "outside").read_bytes() == b"theirs"
