"""What the platform's own processes hold when idle: proportional (PSS) and resident (RSS) sizes from smaps_rollup.

Proportional sizes share pages between those that map them, so only they may be added. Two layouts: every role in one
process (`persona up`), and one process a role. Postgres, Redis and browsers are not ours and are not counted."""

import contextlib
import json
import os
import pathlib
import time

from measurement import show
from platform_process import PEERS, PERSONA, ROOT, data_directory, free_port, memory, postgres_url, running, services
from platform_process import settings, tree, wait_ready

# Seconds of quiet before the look: start-up's last work has settled.
QUIET = 10
GOAL = ("value", 120)


def own(pid):
    """The processes of `pid`'s tree that run our executable."""
    def executable(process):
        try:
            return os.path.realpath(f"/proc/{process}/exe")
        except OSError:
            return None
    return [process for process in tree(pid) if executable(process) == str(PERSONA.resolve())]


def name(pid):
    words = pathlib.Path(f"/proc/{pid}/cmdline").read_text().split("\0")
    return words[1] if len(words) > 1 else "persona"


def look(layout, pids):
    total = [0, 0]
    for pid in pids:
        sizes = memory(pid)
        for index, measure in enumerate(("pss", "rss")):
            total[index] += sizes[index]
            show(f"memory.{layout}.{name(pid)}.{measure}", sizes[index], "MiB")
    return total[0]


def one_process(stack):
    directory = stack.enter_context(data_directory())
    address = f"127.0.0.1:{free_port()}"
    child = stack.enter_context(running([PERSONA, "up"], settings(directory, PERSONA_LISTEN=address)))
    wait_ready(f"http://{address}", child, pause=0.02)
    time.sleep(QUIET)
    show("memory.together.sum", look("together", own(child.process.pid)), "MiB", goal=GOAL)


def a_process_a_role(stack):
    directory = stack.enter_context(data_directory())
    stack.enter_context(services(directory))
    address = f"127.0.0.1:{free_port()}"
    roles = [stack.enter_context(running([PERSONA, role], settings(directory, PERSONA_LISTEN=address)))
             for role in ("api", "orchestrator", "worker")]
    wait_ready(f"http://{address}", roles[0], pause=0.02)
    port = free_port()
    peer = stack.enter_context(running(
        [PEERS / "bin/python3", "-m", "uvicorn", "--app-dir", ROOT / "Benchmarks/peers", "fastapi_run:app", "--port",
         port, "--loop", "uvloop", "--http", "httptools", "--log-level", "warning"],
        {"PEER_POSTGRES": json.dumps(postgres_url(directory)), "PEER_CONNECTIONS": "8"}))
    wait_ready(f"http://127.0.0.1:{port}", peer, pause=0.02)
    time.sleep(QUIET)
    show("memory.by-role.sum", look("by-role", [pid for role in roles for pid in own(role.process.pid)]), "MiB",
         goal=GOAL)
    show("memory.api.pss", memory(roles[0].process.pid)[0], "MiB", peer="FastAPI + asyncpg (uvicorn, 1 process)",
         peer_value=memory(peer.process.pid)[0])


def main():
    for layout in (one_process, a_process_a_role):
        with contextlib.ExitStack() as stack:
            layout(stack)


if __name__ == "__main__":
    main()
