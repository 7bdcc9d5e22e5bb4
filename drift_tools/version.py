"""The version of the distribution that drift_tools came with."""

from importlib.metadata import PackageNotFoundError, version

try:
    __version__ = version("model-monitoring")
except PackageNotFoundError:  # run from its sources, or from a job's archive
    __version__ = "0+unknown"
