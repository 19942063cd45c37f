"""Serves a handler of one step to Restate: `python peer_restate.py PORT`, where its SDK is installed."""

import asyncio
import sys

import restate
from hypercorn.asyncio import serve
from hypercorn.config import Config

bank = restate.Service("bank")


async def deposit() -> int:
    return 7


@bank.handler()
async def pay(ctx: restate.Context, amount: int) -> int:
    return await ctx.run_typed("deposit", deposit)


def main() -> None:
    config = Config()
    config.bind = [f"127.0.0.1:{sys.argv[1]}"]
    config.errorlog = None
    asyncio.run(serve(restate.app([bank]), config))  # type: ignore[arg-type]


if __name__ == "__main__":
    main()
