"""The endpoint that is monitored."""

from components.endpoint.endpoint import MonitoredEndpoint, MonitoredEndpointArgs

__all__ = ["MonitoredEndpoint", "MonitoredEndpointArgs"]
