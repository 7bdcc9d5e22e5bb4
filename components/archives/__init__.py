"""What is shipped, as archives, the same bytes from the same sources.

The model, the functions' code, the monitor's code, numpy and scipy as a layer.
"""

from components.archives.function import asset_bytes, function_archive, function_files, function_handler, sample_model
from components.archives.monitor import job_archive, job_archive_key, with_job_sources, write_job_archive

__all__ = [
    "asset_bytes",
    "function_archive",
    "function_files",
    "function_handler",
    "job_archive",
    "job_archive_key",
    "sample_model",
    "with_job_sources",
    "write_job_archive",
]
