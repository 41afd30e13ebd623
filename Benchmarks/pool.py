"""Jobs a second from the queue to the stored result, 20,000 of them that do nothing: the platform's pool (Postgres, a
sandbox of each persona, outcomes committed) beside Celery and Dramatiq with Redis, each with results kept, in turn.

For trials: BENCH_JOBS=2000 BENCH_ROUNDS=1 BENCH_PEERS=celery."""

import contextlib
import json
import os
import pathlib
import subprocess
import tempfile
import time

from measurement import median, show
from platform_process import PEERS, ROOT, data_directory, running, settings

BENCH = ROOT / os.environ.get("BENCH_EXECUTABLE", ".build/release-build/release/SandboxBench")
JOBS = int(os.environ.get("BENCH_JOBS", "20000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
CHOSEN = os.environ.get("BENCH_PEERS", "celery,dramatiq").split(",")
TENANTS = 4
NAMES = {"celery": "Celery with Redis (prefork, 2 processes)", "dramatiq": "Dramatiq with Redis (2 processes of 8 threads)"}
GOAL = 5
# Seconds for one round of whoever is measured.
PATIENCE = 300


def ours():
    with data_directory() as directory:
        output = subprocess.run(
            [BENCH, "pool", directory, str(JOBS), str(TENANTS)], cwd=ROOT, env={**os.environ, **settings(directory)},
            capture_output=True, text=True, timeout=PATIENCE)
    if output.returncode:
        raise SystemExit(f"bench: {output.args}:\n{output.stdout}{output.stderr}")
    result = json.loads(output.stdout.strip().splitlines()[-1])
    return result["jobs"][0] / result["milliseconds"][0] * 1000


def worker(peer):
    if peer == "celery":
        return [PEERS / "bin/celery", "-A", "celery_pool", "worker", "--concurrency", "2", "--without-gossip",
                "--without-mingle", "--without-heartbeat", "--loglevel", "ERROR"]
    return [PEERS / "bin/dramatiq", "dramatiq_pool", "--processes", "2", "--threads", "8"]


def results(socket):
    return int(subprocess.run(["redis-cli", "-s", str(socket), "-n", "1", "DBSIZE"], capture_output=True, text=True,
                              check=True).stdout.split()[-1])


def theirs(peer):
    """From the first result to the last: importing and forking are not counted."""
    with tempfile.TemporaryDirectory(prefix="persona-bench-") as directory, contextlib.ExitStack() as stack:
        socket = pathlib.Path(directory) / "redis.sock"
        stack.enter_context(running(["redis-server", "--port", "0", "--unixsocket", socket, "--save", "", "--dir", directory]))
        while not socket.exists():
            time.sleep(0.01)
        environment = {"PEER_REDIS": str(socket), "PYTHONPATH": str(ROOT / "Benchmarks/peers")}
        subprocess.run([PEERS / "bin/python3", ROOT / f"Benchmarks/peers/{peer}_pool.py", str(JOBS)], check=True,
                       env={**os.environ, **environment}, timeout=PATIENCE)
        stack.enter_context(running(worker(peer), environment))
        begun, first, limit = None, 0, time.monotonic() + PATIENCE
        while time.monotonic() < limit:
            done, now = results(socket), time.perf_counter()
            if done and begun is None:
                begun, first = now, done
            if done >= JOBS:
                return (done - first) / (now - begun)
            time.sleep(0.02)
        raise SystemExit(f"bench: {peer} did {results(socket)} of {JOBS} jobs in {PATIENCE} s")


def main():
    rates = {"ours": []} | {peer: [] for peer in CHOSEN}
    for _ in range(ROUNDS):
        for name, found in rates.items():
            found.append(ours() if name == "ours" else theirs(name))
    best = max(CHOSEN, key=lambda peer: median(rates[peer]))
    for peer in CHOSEN:
        show("pool.jobs", median(rates["ours"]), "jobs/s", peer=NAMES[peer], peer_value=median(rates[peer]),
             goal=("ratio", GOAL) if peer == best else None, lower_is_better=False)


if __name__ == "__main__":
    main()
