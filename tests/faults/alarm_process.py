"""Sets deadlines on a store for as long as it lives, and says which were committed: `STORE NAME`."""

import asyncio
import sys

from tests.runtime.deadlines import Alarm, app

ALARMS = 4
SECONDS = (0.0, 0.3, 0.9, 2.0)


async def set_deadlines(store: str, name: str) -> None:
    """Each is due at another time, so a kill finds some before they fire, some after, and some in between."""
    async with app.running(store=store) as ctx:
        for number in range(10_000):
            text = f"{name}-{number}"
            alarm = ctx.entity(Alarm, f"a{number % ALARMS}")
            await alarm.set(text, SECONDS[number % len(SECONDS)], text)
            print(text, flush=True)


if __name__ == "__main__":
    asyncio.run(set_deadlines(sys.argv[1], sys.argv[2]))
