"""The demo's page: what the demo found, as one HTML file that opens without a network."""

from examples.demo.page.data import Alarm, DemoPage, Estimate, Event, Notification, Scenario, Streamed, Window
from examples.demo.page.render import render_demo

__all__ = [
    "Alarm",
    "DemoPage",
    "Estimate",
    "Event",
    "Notification",
    "Scenario",
    "Streamed",
    "Window",
    "render_demo",
]
