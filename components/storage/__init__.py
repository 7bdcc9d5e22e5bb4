"""The bucket, and the objects in it."""

from components.storage.bucket import MonitoringStorage, MonitoringStorageArgs, object_tags

__all__ = ["MonitoringStorage", "MonitoringStorageArgs", "object_tags"]
