"""The bucket, and the objects in it."""

from components.storage.bucket import (
    MonitoringStorage,
    MonitoringStorageArgs,
    clean_up,
    content_object,
    expire,
    harden_bucket,
    object_tags,
)
from components.storage.scripts import upload_analysis_config, upload_script

__all__ = [
    "MonitoringStorage",
    "MonitoringStorageArgs",
    "clean_up",
    "content_object",
    "expire",
    "harden_bucket",
    "object_tags",
    "upload_analysis_config",
    "upload_script",
]
