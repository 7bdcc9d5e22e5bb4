"""The examples in the docstrings run, and say what they say."""

import doctest
import importlib
import subprocess
import sys
from types import ModuleType

import numpy as np
import pytest

MODULES = [
    "drift_tools.block_bootstrap",
    "drift_tools.comparison",
    "drift_tools.levels",
    "drift_tools.model_quality",
    "drift_tools.multivariate",
    "drift_tools.onset",
    "drift_tools.psi_null",
    "drift_tools.significance",
    "drift_tools.sketch",
    "drift_tools.tables",
    "drift_tools.verdict",
    "drift_tools.windows",
    "drift_tools.measures.binning",
    "drift_tools.measures.chi_squared",
    "drift_tools.measures.jensen_shannon",
    "drift_tools.measures.kolmogorov_smirnov",
    "drift_tools.measures.l_infinity",
    "drift_tools.measures.psi",
    "drift_tools.measures.share_test",
    "drift_tools.measures.wasserstein",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples(name: str) -> None:
    module: ModuleType = importlib.import_module(name)
    result = doctest.testmod(module, extraglobs={"np": np})
    assert result.attempted > 0
    assert result.failed == 0


def test_importing_the_package_loads_nothing() -> None:
    program = "import sys, drift_tools; print(sorted({'numpy', 'scipy', 'pyarrow'} & set(sys.modules)))"
    result = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert result.stdout == "[]\n"
