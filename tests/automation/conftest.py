from pathlib import Path

import pytest

PROJECT_FILE = """\
name: model-monitoring
runtime: python
config:
  engine:
    type: string
    default: model-monitor
  retain_data:
    type: boolean
    default: true
  alert_emails:
    type: array
    items:
      type: string
"""
STACK_FILE = """\
config:
  aws:region: us-east-1
  model-monitoring:monitoring:
    tags:
      environment: dev
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with a settings file for dev and for prod."""
    (tmp_path / "Pulumi.yaml").write_text(PROJECT_FILE, encoding="utf-8")
    for stack in ("dev", "prod"):
        (tmp_path / f"Pulumi.{stack}.yaml").write_text(STACK_FILE, encoding="utf-8")
    return tmp_path
