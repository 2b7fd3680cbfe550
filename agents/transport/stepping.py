"""Run a coroutine on the spot when it does not have to wait.

Faust races every message it delivers against a possible suspension, which costs four tasks a
message.  Almost always the delivery has nothing to wait for; then one step completes it.
"""

import types
from collections.abc import Awaitable, Callable, Coroutine, Generator
from typing import Any


async def _carry_on(started: Coroutine[Any, Any, Any], waiting_for: Any) -> Any:
    return await _resumed(started, waiting_for)


@types.coroutine
def _resumed(started: Coroutine[Any, Any, Any], waiting_for: Any) -> Generator[Any, Any, Any]:
    """Carry a coroutine on that was already stepped once and waits for `waiting_for`."""
    while True:
        try:
            sent = yield waiting_for
        except BaseException as error:  # noqa: BLE001  handed on to whom it belongs
            try:
                waiting_for = started.throw(error)
            except StopIteration as done:
                return done.value
        else:
            try:
                waiting_for = started.send(sent)
            except StopIteration as done:
                return done.value


async def step_or_wait(
    deliver: Coroutine[Any, Any, Any],
    suspended: Coroutine[Any, Any, Any],
    wait_first: Callable[..., Awaitable[Any]],
) -> Any:
    """Complete `deliver` in one step, or leave the race with `suspended` to `wait_first`."""
    try:
        waiting_for = deliver.send(None)
    except StopIteration as done:
        suspended.close()
        return done.value
    except BaseException:
        suspended.close()
        raise
    return await wait_first(_carry_on(deliver, waiting_for), suspended)
