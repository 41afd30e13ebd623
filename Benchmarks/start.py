"""Seconds from exec to the first 200 of /readyz, with Postgres and Redis up already; beside FastAPI with asyncpg."""

import contextlib
import json

from measurement import median, show
from platform_process import PEERS, PERSONA, ROOT, data_directory, free_port, postgres_url, running, services, settings
from platform_process import wait_ready

ROUNDS = 9
PEER = "FastAPI + asyncpg (uvicorn, 1 process)"


def platform(directory):
    address = f"127.0.0.1:{free_port()}"
    with running([PERSONA, "api"], settings(directory, PERSONA_LISTEN=address)) as child:
        return wait_ready(f"http://{address}", child)


def peer(directory):
    port = free_port()
    environment = {"PEER_POSTGRES": json.dumps(postgres_url(directory)), "PEER_CONNECTIONS": "8"}
    command = [PEERS / "bin/python3", "-m", "uvicorn", "--app-dir", ROOT / "Benchmarks/peers", "fastapi_run:app",
               "--port", port, "--loop", "uvloop", "--http", "httptools", "--log-level", "warning"]
    with running(command, environment) as child:
        return wait_ready(f"http://127.0.0.1:{port}", child)


def main():
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(data_directory())
        stack.enter_context(services(directory))
        # The first of each reads the programs from disk and makes the keys.
        platform(directory)
        peer(directory)
        pairs = [(platform(directory), peer(directory)) for _ in range(ROUNDS)]
        ours, theirs = (median([pair[side] for pair in pairs]) for side in range(2))
        show("start.api-ready", ours, "s", peer=PEER, peer_value=theirs, goal=("value", 1))


if __name__ == "__main__":
    main()
