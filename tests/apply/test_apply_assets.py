"""Assets and archives become the same bytes for the same content."""

import io
import os
import tarfile
import zipfile
from pathlib import Path

import pulumi
import pytest

from local_aws.apply import UnsupportedError
from local_aws.apply.assets import archive_bytes, asset_bytes


def names(archive: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(archive)) as content:
        return {name: content.read(name) for name in content.namelist()}


def test_an_archive_of_files_strings_directories_and_zips(tmp_path: Path) -> None:
    (tmp_path / "package" / "sub").mkdir(parents=True)
    (tmp_path / "package" / "sub" / "b.py").write_text("b = 2\n")
    (tmp_path / "package" / "a.py").write_text("a = 1\n")
    (tmp_path / "handler.py").write_bytes(b"\x00\xff")
    with zipfile.ZipFile(tmp_path / "extra.zip", "w") as extra:
        extra.writestr("c.py", "c = 3\n")
    archive = pulumi.AssetArchive(
        {
            "handler.py": pulumi.FileAsset(tmp_path / "handler.py"),
            "package": pulumi.FileArchive(str(tmp_path / "package")),
            "nested": pulumi.AssetArchive({"extra": pulumi.FileArchive(str(tmp_path / "extra.zip"))}),
            "about.txt": pulumi.StringAsset("é"),
        }
    )
    assert names(archive_bytes(archive)) == {
        "about.txt": "é".encode(),
        "handler.py": b"\x00\xff",
        "nested/extra/c.py": b"c = 3\n",
        "package/a.py": b"a = 1\n",
        "package/sub/b.py": b"b = 2\n",
    }


def test_times_and_order_do_not_change_the_bytes(tmp_path: Path) -> None:
    first, second = pulumi.StringAsset("1"), tmp_path / "2"
    second.write_text("2")
    before = archive_bytes(pulumi.AssetArchive({"a": first, "b": pulumi.FileAsset(second)}))
    os.utime(second, (10_000_000, 10_000_000))
    after = archive_bytes(pulumi.AssetArchive({"b": pulumi.FileAsset(second), "a": first}))
    assert before == after


def test_an_archive_file_is_uploaded_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "model.tar.gz"
    with tarfile.open(path, "w:gz"):
        pass
    assert asset_bytes(pulumi.FileArchive(str(path))) == path.read_bytes()


def test_what_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnsupportedError, match=r"missing\.csv. cannot be read: No such file or directory"):
        asset_bytes(pulumi.FileAsset(tmp_path / "missing.csv"))
    with pytest.raises(UnsupportedError, match="RemoteAsset cannot be read here"):
        asset_bytes(pulumi.RemoteAsset("https://example.com/model"))
    (tmp_path / "model.bin").touch()
    with pytest.raises(UnsupportedError, match=r"model\.bin' is neither a directory nor"):
        archive_bytes(pulumi.FileArchive(str(tmp_path / "model.bin")))
