"""Spark in this process, for all tests of this folder; they are skipped where it or Java is not."""

import os
import shutil
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.spark import installed_daemon


@pytest.fixture(scope="session")
def session() -> Iterator[Any]:
    sql = pytest.importorskip("pyspark.sql", reason="pyspark is not installed: requirements-spark.txt has it")
    if shutil.which("java") is None:
        pytest.skip("no Java: Spark needs Java 17")
    os.environ.setdefault("PYSPARK_PYTHON", sys.executable)  # not whichever python3 comes first
    spark = (
        sql.SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.sql.shuffle.partitions", "2")
        .config("spark.python.daemon.module", installed_daemon.__name__)
        # Half a minute is not worth what the second compiler takes to look at it: 33 s of processor time, now 18.
        .config("spark.driver.extraJavaOptions", "-XX:TieredStopAtLevel=1 -XX:+UseSerialGC")
        .getOrCreate()
    )
    yield spark
    spark.stop()
