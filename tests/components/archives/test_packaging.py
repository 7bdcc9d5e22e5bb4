import gzip
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pulumi
import pytest

from components.archives.function import FUNCTIONS, function_archive, function_files
from components.archives.model import model_archive, write_model_archive
from components.archives.sources import asset_bytes, source_files

FOLDERS = ("start_baseline", "processing_metrics", "alarm_responder")


@pytest.fixture
def artifact(tmp_path: Path) -> Path:
    root = tmp_path / "artifact"
    (root / "code" / "__pycache__").mkdir(parents=True)
    (root / "code" / "inference.py").write_text("print(1)\n", encoding="utf-8")
    (root / "code" / "__pycache__" / "inference.cpython-311.pyc").write_bytes(b"x")
    (root / "model.json").write_text("{}", encoding="utf-8")
    return root


def test_model_archive(artifact: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(model_archive(artifact))) as tar:
        members = tar.getmembers()
        assert [member.name for member in members] == ["code/inference.py", "model.json"]
        assert {(member.mtime, member.uid, member.gid, member.uname, member.mode) for member in members} == {
            (0, 0, 0, "", 0o644)
        }
        file = tar.extractfile("code/inference.py")
        assert file is not None
        assert file.read() == b"print(1)\n"


def test_the_same_files_give_the_same_bytes(artifact: Path) -> None:
    first = model_archive(artifact)
    os.utime(artifact / "model.json", (1, 1))
    (artifact / "model.json").chmod(0o600)
    (artifact / "code" / ".DS_Store").write_bytes(b"x")
    assert model_archive(artifact) == first
    assert gzip.GzipFile(fileobj=io.BytesIO(first)).mtime is None
    assert first[4:8] == bytes(4), "gzip's time of day"


def test_other_files_give_other_bytes(artifact: Path) -> None:
    first = model_archive(artifact)
    (artifact / "model.json").write_text("{ }", encoding="utf-8")
    assert model_archive(artifact) != first


def test_a_model_needs_its_inference(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="has no files: name the directory"):
        model_archive(tmp_path)
    (tmp_path / "model.json").write_text("{}", encoding="utf-8")
    with pytest.raises(FileNotFoundError, match=r"has no code/inference\.py"):
        model_archive(tmp_path)


def test_archives_are_written_once_and_whole(artifact: Path, tmp_path: Path) -> None:
    path = write_model_archive(artifact, tmp_path / "build")
    assert path.name == "model.tar.gz"
    assert path.read_bytes() == model_archive(artifact)
    before = path.stat().st_mtime_ns
    assert write_model_archive(artifact, tmp_path / "build") == path
    assert path.stat().st_mtime_ns == before
    assert [item.name for item in path.parent.iterdir()] == ["model.tar.gz"]


def test_source_files_are_sorted(artifact: Path) -> None:
    assert [name for name, _ in source_files(artifact)] == ["code/inference.py", "model.json"]


def test_a_folder_without_a_handler(tmp_path: Path) -> None:
    (tmp_path / "x").mkdir()
    with pytest.raises(FileNotFoundError, match=r"x has no handler\.py"):
        function_files("x", tmp_path)


@pytest.mark.parametrize("folder", FOLDERS)
def test_functions_take_their_folder_and_what_is_shared(folder: str) -> None:
    files = function_files(folder)
    assert list(files) == sorted(files)
    shared = {"functions", "common", "contract"}
    assert {path.parent.name for path in files.values()} <= {folder, "kinds", "monitor_words", *shared}
    assert not [name for name in files if "__pycache__" in name or name.endswith((".pyc", ".md"))]
    assert files[f"functions/{folder}/handler.py"] == FUNCTIONS / folder / "handler.py"


@pytest.mark.parametrize("folder", FOLDERS)
def test_a_function_needs_nothing_but_its_archive_and_boto3(folder: str, tmp_path: Path) -> None:
    """The handler is imported by an interpreter that sees its archive and site-packages, not this repository."""
    archive = function_archive(folder)
    packed = tmp_path / "function.zip"
    with zipfile.ZipFile(packed, "w") as file:
        for name, asset in archive.assets.items():
            assert isinstance(asset, pulumi.FileAsset)
            file.write(str(asset.path), name)
    program = (
        f"import sys; sys.path.insert(0, {str(packed)!r}); from functions.{folder} import handler; "
        "outside = {'numpy', 'scipy', 'pyarrow', 'drift_tools', 'components', 'pulumi'} & set(sys.modules); "
        "assert callable(handler.handler) and not outside, outside"
    )
    found = subprocess.run(
        [sys.executable, "-I", "-c", program], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stderr


def test_content_of_assets(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(b"\x00\xff")
    assert asset_bytes(pulumi.FileAsset(str(path))) == b"\x00\xff"
    assert asset_bytes(pulumi.StringAsset("ä")) == b"\xc3\xa4"
    with pytest.raises(TypeError, match="RemoteAsset has no content on this machine"):
        asset_bytes(pulumi.RemoteAsset("https://example.com/x"))
