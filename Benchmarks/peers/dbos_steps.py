"""DBOS Transact: durable steps a second over workflows of ten steps each.

usage: dbos_steps.py DSN runs concurrency; prints steps a second.
"""

import sys
import time
from concurrent.futures import ThreadPoolExecutor

from dbos import DBOS

STEPS = 10

DBOS(config={"name": "bench", "system_database_url": sys.argv[1], "log_level": "ERROR", "run_admin_server": False})


@DBOS.step()
def step(number: int) -> str:
    return f"step {number}"


@DBOS.workflow()
def chain() -> int:
    log = []
    for number in range(STEPS):
        log.append(step(number))
    return len(log)


def main():
    runs, concurrency = int(sys.argv[2]), int(sys.argv[3])
    DBOS.launch()
    with ThreadPoolExecutor(concurrency) as pool:
        list(pool.map(lambda _: chain(), range(concurrency)))
        start = time.perf_counter()
        list(pool.map(lambda _: chain(), range(runs)))
        print(runs * STEPS / (time.perf_counter() - start), flush=True)
    DBOS.destroy()


if __name__ == "__main__":
    main()
