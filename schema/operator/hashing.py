"""Fresh secrets and their hashes: made off the event loop, a few at a time.

argon2id is slow and takes memory by design. Make them before a transaction is opened.
"""

from collections.abc import Callable
from typing import TypeVar

from anyio import CapacityLimiter, to_thread

AT_ONCE = 2

Made = TypeVar("Made")

_limit = CapacityLimiter(AT_ONCE)


async def hashed(make: Callable[[], Made]) -> Made:
    """Return what ``make`` makes, when it is its turn."""
    return await to_thread.run_sync(make, limiter=_limit)
