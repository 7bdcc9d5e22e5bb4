"""A folder with a model's script and its one weight, as a model's process is given it."""

from pathlib import Path


def folder(tmp_path: Path, script: str) -> Path:
    (tmp_path / "code").mkdir()
    (tmp_path / "code" / "inference.py").write_text(script)
    (tmp_path / "weight").write_text("2.5")
    return tmp_path
