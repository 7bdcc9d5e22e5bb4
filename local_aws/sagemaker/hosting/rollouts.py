"""Blue/green deployments: how traffic shifts to the new fleet, and what sends it back.

Source: API reference, DeploymentConfig, TrafficRoutingConfig, AutoRollbackConfig; developer guide, "Blue/green
deployments": all at once, a canary in two steps, or linear steps, each followed by a baking time of
WaitIntervalInSeconds in which an alarm of AutoRollbackConfiguration sends all traffic back to the old fleet.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local_aws import seams
from local_aws.sagemaker.errors import invalid
from local_aws.sagemaker.store import Document

_ALL = "ALL_AT_ONCE"
_MOST_CANARY, _MOST_STEP = 0.5, 0.5


def refuse_deployment(parameters: Mapping[str, Any]) -> None:
    """Refuse a DeploymentConfig that AWS would not take, beyond what its shapes say."""
    how = parameters.get("DeploymentConfig") or {}
    if how and "RollingUpdatePolicy" in how:
        raise invalid("RollingUpdatePolicy is not carried out here; BlueGreenUpdatePolicy is")
    routing = (how.get("BlueGreenUpdatePolicy") or {}).get("TrafficRoutingConfiguration") or {}
    for kind, member in (("CANARY", "CanarySize"), ("LINEAR", "LinearStepSize")):
        if routing.get("Type") == kind and member not in routing:
            raise invalid(f"{member} is required with TrafficRoutingConfiguration Type {kind}.")


@dataclass
class Rollout:
    """One deployment under way: the shares of traffic that are still to come, and until when it bakes."""

    endpoint: Document
    shares: list[float]
    wait: timedelta
    alarms: tuple[str, ...]
    due: datetime
    share: float = 0.0
    reason: str = ""
    _credit: float = field(default=0.0)

    @classmethod
    def of(cls, endpoint: Document, config: Document, how: Mapping[str, Any], now: datetime) -> "Rollout":
        """Read a DeploymentConfig; the first share of traffic shifts at once."""
        routing = (how.get("BlueGreenUpdatePolicy") or {}).get("TrafficRoutingConfiguration") or {"Type": _ALL}
        wait = timedelta(seconds=float(routing.get("WaitIntervalInSeconds", 0)))
        count = sum(variant.get("InitialInstanceCount", 1) for variant in config.request["ProductionVariants"])
        alarms = (how.get("AutoRollbackConfiguration") or {}).get("Alarms") or []
        found = cls(endpoint, _shares(routing, count), wait, tuple(alarm["AlarmName"] for alarm in alarms), now + wait)
        found.share = found.shares.pop(0)
        return found

    def step(self) -> bool:
        """Shift the next share; whether the last one has baked."""
        if not self.shares:
            return True
        self.share = self.shares.pop(0)
        self.due += self.wait
        return False

    def takes_request(self) -> bool:
        """Whether the next request goes to the new fleet: evenly spread, the same order on every run."""
        self._credit += self.share
        if self._credit < 1:
            return False
        self._credit -= 1
        return True

    def is_alarmed(self) -> bool:
        """Whether an alarm rings; then `reason` says which."""
        scope = self.endpoint.scope
        with seams.request_scope(scope.account_id, scope.region):
            for name in self.alarms:
                if seams.alarm_state(name) == "ALARM":
                    self.reason = f"Auto-rollback: the alarm {name} is in ALARM; the endpoint is back on its old fleet."
                    return True
        return False


def _shares(routing: Mapping[str, Any], count: int) -> list[float]:
    if routing["Type"] == "CANARY":
        return [min(_size(routing["CanarySize"], count), _MOST_CANARY), 1.0]
    if routing["Type"] == "LINEAR":
        step = min(_size(routing["LinearStepSize"], count), _MOST_STEP)
        return [min(1.0, step * number) for number in range(1, math.ceil(1 / step) + 1)]
    return [1.0]


def _size(size: Mapping[str, Any], count: int) -> float:
    value = float(size["Value"])
    return value / 100 if size["Type"] == "CAPACITY_PERCENT" else value / count
