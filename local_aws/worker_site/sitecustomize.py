"""Processes that a function starts may import what the function may: Python imports this file at its start.

The worker has this folder in its sys.path, before the standard library, and a function that starts a Python process of
its own hands its sys.path on.
"""

import importlib.util
import sys
from pathlib import Path

_RULES = Path(__file__).parents[1] / "worker_imports.py"
_spec = importlib.util.spec_from_file_location("local_aws_worker_imports", _RULES)
if _spec is None or _spec.loader is None:
    raise ImportError(f"{_RULES} cannot be loaded")
_module = importlib.util.module_from_spec(_spec)
sys.modules[_spec.name] = _module
_spec.loader.exec_module(_module)
