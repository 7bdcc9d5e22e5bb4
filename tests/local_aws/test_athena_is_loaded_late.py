"""What executes Athena's queries is loaded when Athena is first asked; that it can be is known at the start."""

import subprocess
import sys
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]
PROGRAM = """
import sys
import local_aws.gateway
from local_aws.seams import athena
print(sorted({"duckdb", "sqlglot", "ministack.services.athena"} & set(sys.modules)))
athena.find_spec = lambda name: None
try:
    athena.execute_athena_queries()
except ImportError as error:
    print(error)
"""


def test_a_start_loads_no_engine_of_queries_and_fails_without_one() -> None:
    environment = {"AWS_ACCESS_KEY_ID": "none", "AWS_SECRET_ACCESS_KEY": "none", "PYTHONPATH": str(PROJECT)}
    run = subprocess.run([sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=True)
    assert run.stdout.splitlines() == ["[]", "Athena's queries need DuckDB: install duckdb"]
