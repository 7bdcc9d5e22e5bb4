"""SageMaker's control plane."""

from local_aws import seams
from local_aws.clock import VirtualClock


class SageMaker:
    """Answers SageMaker's JSON 1.1 requests."""

    def __init__(self, clock: VirtualClock) -> None:
        self._clock = clock
        self._moto = seams.MotoSageMaker()

    async def handle(
        self, method: str, path: str, headers: dict[str, str], body: bytes, query: dict[str, list[str]]
    ) -> seams.Response:
        """One request."""
        answer: seams.Response = await seams.in_thread(self._moto.call, headers, body)
        return answer
