"""The bucket, and the objects in it."""

from components.storage.bucket import MonitoringStorage, MonitoringStorageArgs, content_object

__all__ = ["MonitoringStorage", "MonitoringStorageArgs", "content_object"]
