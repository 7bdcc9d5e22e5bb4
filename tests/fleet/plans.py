"""A roll-out's plan, read from its file beside the program that it names."""

from pathlib import Path
from typing import Any

import yaml

from deployment.targets import read_plan


def plan_of(folder: Path, content: dict[str, Any]) -> Any:
    (folder / "program").mkdir(exist_ok=True)
    (folder / "program" / "Pulumi.yaml").write_text("name: fleet\nruntime: python\n")
    (folder / "targets.yaml").write_text(yaml.safe_dump(content))
    return read_plan(folder / "targets.yaml")
