"""Litestar alone, an empty handler on uvicorn: `python -m benchmarks.server` prints its port."""

import logging
import socket

import uvicorn
from litestar import Litestar, post

from benchmarks.bank import Deposit


@post("/litestar/{id:str}")
async def empty(id: str, data: Deposit) -> int:
    return data.amount


def main() -> None:
    listener = socket.create_server(("127.0.0.1", 0), backlog=2048)
    print(f"running at http://127.0.0.1:{listener.getsockname()[1]}", flush=True)
    logging.disable(logging.INFO)
    config = uvicorn.Config(
        Litestar([empty], openapi_config=None),
        http="httptools",
        loop="uvloop",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
    )
    uvicorn.Server(config).run([listener])


if __name__ == "__main__":
    main()
