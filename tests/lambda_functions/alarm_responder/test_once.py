"""Once, though delivered twice; never zero times, though the doer dies."""

import json
import threading
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.lambda_functions.conftest import ManualClock
from tests.lambda_functions.fakes import FakeS3
from tests.lambda_functions.functions import common

once = common("idempotency")
KEY = "responder-state/alarms/x.json"


@pytest.fixture
def invocation(s3: FakeS3, clock: ManualClock) -> Any:
    def make(owner: str, seconds: float = 60.0) -> Any:
        return once.IdempotencyStore(s3, "churn-data", owner, clock.now() + seconds, once.Clock(clock.now, clock.sleep))

    return make


def test_the_second_finds_it_done(invocation: Any, s3: FakeS3) -> None:
    first = invocation("first")
    first.finish(first.acquire(KEY), {"message_id": "m-1"})
    assert invocation("second").acquire(KEY) is None
    found = s3.json(KEY)
    assert len(found.pop("nonce")) == 32
    facts = {"message_id": "m-1"}
    assert found == {"state": "done", "owner": "first", "lease_ends": 1_000_065.0, "facts": facts}


def test_the_second_waits_for_the_first(invocation: Any, clock: ManualClock) -> None:
    first = invocation("first")
    lease = first.acquire(KEY)
    clock.on_sleep = [lambda: None, lambda: first.finish(lease, {})]
    assert invocation("second").acquire(KEY) is None
    assert clock.sleeps == 2


def test_the_second_takes_over_what_the_first_gave_back(invocation: Any, clock: ManualClock, s3: FakeS3) -> None:
    first = invocation("first")
    lease = first.acquire(KEY)
    clock.on_sleep = [lambda: first.release(lease, {"reason": "Throttling"})]
    assert invocation("second").acquire(KEY) is not None
    assert s3.json(KEY)["owner"] == "second"


def test_while_the_first_may_live_the_second_gives_up_for_now(invocation: Any, clock: ManualClock) -> None:
    invocation("first").acquire(KEY)
    second = invocation("second")
    with pytest.raises(once.StillInProgressError, match="another delivery is at work"):
        second.acquire(KEY)
    assert 50.0 < clock.now() - 1_000_000.0 <= 57.0  # all the time it had but a reserve


def test_a_dead_holders_marker_is_taken_over(invocation: Any, clock: ManualClock) -> None:
    dead = invocation("dead")
    lease = dead.acquire(KEY)
    clock.seconds += 66.0  # its 60 seconds and the allowance
    retry = invocation("retry")
    taken = retry.acquire(KEY)
    assert taken is not None
    dead.finish(lease, {})  # were it alive against all odds, it could no longer write
    retry.finish(taken, {})
    assert invocation("third").acquire(KEY) is None


def test_only_one_takes_over(invocation: Any, s3: FakeS3, clock: ManualClock) -> None:
    invocation("dead").acquire(KEY)
    clock.seconds += 66.0
    rival = invocation("rival")
    read = s3.get_object
    rivals: list[Any] = []

    def read_then_lose_the_race(**request: Any) -> Any:
        answer = read(**request)
        if not rivals:
            s3.get_object = read  # type: ignore[method-assign] # the race happens once
            rivals.append(rival.acquire(KEY))
            rival.finish(rivals[0], {})
        return answer

    s3.get_object = read_then_lose_the_race  # type: ignore[method-assign] # a rival between read and write
    assert invocation("late").acquire(KEY) is None
    assert s3.json(KEY)["owner"] == "rival"


def lose_answers(s3: FakeS3, condition: str) -> None:
    """S3 does the first write under this condition; its answer gets lost, and the client's second try meets a marker
    that is there."""
    write = s3.put_object

    def write_twice(**request: Any) -> Any:
        if condition in request:
            s3.put_object = write  # type: ignore[method-assign] # answers get lost once
            write(**request)
        return write(**request)

    s3.put_object = write_twice  # type: ignore[method-assign] # a client that sends again what got no answer


def test_a_marker_whose_answer_got_lost_is_its_writers(invocation: Any, s3: FakeS3, clock: ManualClock) -> None:
    lose_answers(s3, "IfNoneMatch")
    first = invocation("first")
    lease = first.acquire(KEY)
    assert lease is not None
    assert not lease.taken_over
    assert clock.sleeps == 0
    first.finish(lease, {})
    assert s3.json(KEY)["state"] == "done"


def test_a_takeover_whose_answer_got_lost_is_one(invocation: Any, s3: FakeS3, clock: ManualClock) -> None:
    invocation("dead").acquire(KEY)
    clock.seconds += 66.0
    lose_answers(s3, "IfMatch")
    retry = invocation("retry")
    lease = retry.acquire(KEY)
    assert lease is not None
    assert lease.taken_over
    retry.finish(lease, {})
    assert s3.json(KEY)["state"] == "done"


def test_a_marker_that_was_given_back_is_not_one_of_the_dead(invocation: Any, s3: FakeS3) -> None:
    first = invocation("first")
    first.release(first.acquire(KEY), {})
    lose_answers(s3, "IfMatch")
    assert not invocation("retry").acquire(KEY).taken_over


def test_a_retry_with_the_same_request_id_is_another_claim(invocation: Any) -> None:
    """Lambda's retries carry the id of the first invocation: what that one holds is not theirs."""
    invocation("request-1").acquire(KEY)
    with pytest.raises(once.StillInProgressError):
        invocation("request-1").acquire(KEY)


def test_a_claim_is_not_held_twice_by_one_invocation(invocation: Any) -> None:
    """An event may bring the same alarm twice."""
    first = invocation("first")
    first.acquire(KEY)
    with pytest.raises(once.StillInProgressError):
        first.acquire(KEY)


def test_a_conflict_of_simultaneous_writes_is_tried_again(invocation: Any, s3: FakeS3) -> None:
    other = invocation("other")
    other.finish(other.acquire(KEY), {})
    s3.fail("PutObject", "ConditionalRequestConflict")
    assert invocation("second").acquire(KEY) is None


@pytest.mark.parametrize(
    "content", [b"", b"[]", b'{"state": "done"}', b'{"state": "in-progress", "lease_ends": "soon"}']
)
def test_an_unreadable_marker_does_not_block(invocation: Any, s3: FakeS3, content: bytes) -> None:
    s3.put(KEY, content)
    assert invocation("first").acquire(KEY) is not None


def test_what_s3_refuses_is_passed_on(invocation: Any, s3: FakeS3) -> None:
    s3.fail("PutObject", "AccessDenied")
    with pytest.raises(ClientError, match="AccessDenied"):
        invocation("first").acquire(KEY)


def test_of_many_at_once_exactly_one_wins(s3: FakeS3) -> None:
    """Real threads and the real clock: each waits until the winner is done."""
    wins: list[Any] = []
    ready = threading.Barrier(8)

    def deliver(name: str) -> None:
        store = once.IdempotencyStore(s3, "churn-data", name, once.Clock().now() + 60.0)
        ready.wait(timeout=10)
        lease = store.acquire(KEY)
        if lease is not None:
            wins.append(name)
            store.finish(lease, {})

    threads = [threading.Thread(target=deliver, args=(f"delivery-{index}",)) for index in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=20)
    assert len(wins) == 1
    assert json.loads(s3.objects[KEY])["owner"] == wins[0]
