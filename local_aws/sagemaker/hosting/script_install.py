"""Whether the scikit-learn container could install the user's script, as its `serve` does each time it starts.

It runs `pip install .` over the script's folder, with `-r requirements.txt` where there is one. Here no pip is
run; what is known of the image's pip is a rule, and tests/container holds that rule against AWS's own packages.
"""

import tomllib
from collections.abc import Mapping
from pathlib import Path

# Of these images pip is older than 25.3 and has `wheel` beside it: it builds without isolation of its own accord.
_BUILD_OFFLINE = ("0.", "1.0-", "1.2-")
# As configparser and distutils have it, and with them pip.
_FALSE = frozenset({"0", "f", "false", "n", "no", "off"})


def install_problem(image: str, variables: Mapping[str, str], folder: Path, *, isolated: bool) -> str | None:
    """The container's error if it cannot install the script in `folder`; None if it can.

    `isolated` is the model's EnableNetworkIsolation; with a network everything can be downloaded.
    """
    if not isolated or "SAGEMAKER_PROGRAM" not in variables:
        return None
    # pip takes this variable for the value of --build-isolation: false switches it off, true switches nothing.
    shared = variables.get("PIP_NO_BUILD_ISOLATION", "").lower() in _FALSE
    if (folder / "requirements.txt").is_file() and "PIP_FIND_LINKS" not in variables:
        missing = "the packages of requirements.txt cannot be downloaded"
    elif shared or image.rpartition(":")[2].startswith(_BUILD_OFFLINE) or _needs_nothing(folder / "pyproject.toml"):
        return None
    else:
        missing = "Failed to download setuptools for an isolated build (PIP_NO_BUILD_ISOLATION=0 needs none)"
    return f"InstallModuleError: pip install . failed without a network: {missing}"


def _needs_nothing(project: Path) -> bool:
    """Whether the script brings a build backend that requires nothing."""
    if not project.is_file():
        return False
    build = tomllib.loads(project.read_text(encoding="utf-8")).get("build-system", {})
    return build.get("requires") == [] and bool(build.get("backend-path"))
