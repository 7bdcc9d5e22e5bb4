"""A checkout of the program whose settings files the CLI may change: the project's own stay as they are."""

import shutil
from pathlib import Path
from typing import Final

SETTINGS: Final = "Pulumi*.yaml"


def checkout(project: Path, folder: Path) -> Path:
    """Make a folder with copies of a project's settings files and links to everything else in it. Returns it."""
    folder.mkdir()
    for path in project.iterdir():
        if path.match(SETTINGS):
            shutil.copy(path, folder)
        elif not path.name.startswith(".") or path.name == ".venv":
            (folder / path.name).symlink_to(path)
    return folder
