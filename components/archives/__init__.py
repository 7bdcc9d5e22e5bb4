"""What is shipped, as archives, the same bytes from the same sources.

The model, the functions' code, the monitor's code, numpy and scipy as a layer.
"""

from components.archives.function import function_archive, function_files, function_handler
from components.archives.model import sample_model, write_model_archive, write_source_archive
from components.archives.monitor import job_archive, job_archive_key, with_job_sources, write_job_archive
from components.archives.sources import asset_bytes

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
    "write_model_archive",
    "write_source_archive",
]
