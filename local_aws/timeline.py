"""What happens as virtual time passes: captured files appear, schedules fire, alarms are evaluated."""

import asyncio
import logging
from collections.abc import Callable
from datetime import datetime

from local_aws.activity import Activity
from local_aws.clock import VirtualClock
from local_aws.cloudwatch.alarms import Alarms
from local_aws.sagemaker.hosting.capture import Capture
from local_aws.sagemaker.hosting.endpoints import Endpoints
from local_aws.sagemaker.schedules import Schedules
from local_aws.scheduler.engine import Scheduler
from local_aws.states import StateMachines

log = logging.getLogger("local_aws.timeline")

_TICK_SECONDS = 1.0
# For what hangs: the jobs of all schedules of one time run beside each other, and share the machine.
_SETTLE_SECONDS = 120.0


class Timeline:
    """Moves the clock from one thing that is due to the next, and looks every second for what real time made due."""

    def __init__(
        self,
        clock: VirtualClock,
        activity: Activity,
        *,
        capture: Capture,
        schedules: Schedules,
        scheduler: Scheduler,
        alarms: Alarms,
        endpoints: Endpoints,
        states: StateMachines,
        publish: Callable[[], None],
        sample: Callable[[], None],
    ) -> None:
        self._clock = clock
        self._activity = activity
        self._capture = capture
        self._schedules = schedules
        self._scheduler = scheduler
        self._alarms = alarms
        self._endpoints = endpoints
        self._states = states
        self._publish = publish
        self._sample = sample
        self._lock = asyncio.Lock()
        self._looked = clock.now()

    async def advance(self, target: datetime) -> None:
        """Move to `target`, doing on the way what falls due; returns when it is done."""
        async with self._lock:
            while True:
                await self._do_what_is_due()
                stop = self._next_stop()
                if stop is None or stop > target:
                    break
                self._clock.move_to(stop)
            self._clock.move_to(target)
            await self._do_what_is_due()

    async def tick(self) -> None:
        """Do, every second, what real time has made due; ends when cancelled."""
        while True:
            await asyncio.sleep(_TICK_SECONDS)
            try:
                async with self._lock:
                    await self._do_what_is_due()
            except Exception:  # a fault now must not stop time for ever; advance() raises its own
                log.exception("at %s", self._clock.now().isoformat())

    def _next_stop(self) -> datetime | None:
        dues = (
            self._capture.next_due(),
            self._schedules.next_due(),
            self._scheduler.next_due(),
            self._alarms.next_change(self._looked),
            self._endpoints.next_due(),
            self._states.next_due(),
        )
        return min((due for due in dues if due is not None), default=None)

    async def _do_what_is_due(self) -> None:
        now = self._clock.now()
        self._looked = now
        self._publish()
        await asyncio.to_thread(self._capture.flush, now)
        mark = self._activity.mark()
        executions = await asyncio.to_thread(self._schedules.fire_due, now)
        for execution in executions:
            await asyncio.wrap_future(execution)
        fired = await asyncio.to_thread(self._scheduler.fire_due, now)
        woken = self._states.wake_due()
        # Time goes on when the jobs that were started now, and the functions that hear of them, have ended.
        if executions or fired or woken:
            settled = await asyncio.to_thread(self._activity.wait, mark, _SETTLE_SECONDS)
            if not settled:
                log.warning("what began at %s still runs after %g s", now.isoformat(), _SETTLE_SECONDS)
        self._sample()
        await asyncio.to_thread(self._alarms.evaluate_all)
        await asyncio.to_thread(self._endpoints.advance_rollouts)
