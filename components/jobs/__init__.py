"""Requests of processing jobs, and what kinds of instance can."""

from components.jobs.instance_types import has_local_storage
from components.jobs.processing_job import (
    Files,
    KindFiles,
    Machine,
    network_config,
    processing_job_request,
    s3_input,
)

__all__ = ["Files", "KindFiles", "Machine", "has_local_storage", "network_config", "processing_job_request", "s3_input"]
