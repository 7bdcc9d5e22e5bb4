"""Spark's daemon of Python workers, which imports PySpark from where it is installed and has no archives in its path.

Before each task a worker has Python look for new modules, and Python then reads the directories of the archives in its
path again, those of Spark's classes and of PySpark among them: 0.15 s of processor time, more than most tasks of these
tests take.
"""

import os
import runpy
import sys

if __name__ == "__main__":
    sys.path[:] = [place for place in sys.path if not os.path.isfile(place)]
    sys.path_importer_cache.clear()
    runpy.run_module("pyspark.daemon", run_name="__main__", alter_sys=True)
