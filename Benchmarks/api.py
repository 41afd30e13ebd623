"""GET /api/runs/{id} with a bearer token: requests a second and the 99th percentile, beside FastAPI with asyncpg over
the same database. Both are loaded in turn, in the same minutes, by the same loader with the same tokens."""

import contextlib
import json
import os
import subprocess

from measurement import median, show
from platform_process import API, PEERS, PERSONA, ROOT, data_directory, free_port, postgres_url, running, services
from platform_process import settings, tenant, wait_ready

ROUNDS = 5
SECONDS = 6
CONNECTIONS = 32
# The limit is 600 requests a second for one token: enough of them for 38,000.
TOKENS = 64
# Connections to Postgres that either may use.
POOL = 8
PEER = "FastAPI + asyncpg (uvicorn, 2 processes)"


def seed(api, password):
    """A run as it lies in the store before it begins, and tokens that may read it."""
    api.token = api.call("POST", "/api/auth/login", {"email": "owner@bench.test", "password": password})["token"]
    persona = api.call("POST", "/api/personas", {"slug": "ada", "name": "Ada", "definition": {"language": "en"}})
    graph = {"start": "end", "nodes": {"end": {"type": "end"}}}
    run = api.call("POST", "/api/runs", {
        "persona_id": persona["id"], "graph": graph,
        "input": {"subject": "Which streets suit cargo bikes?", "links": [f"https://example.com/{n}" for n in range(8)]},
    })
    tokens = [api.call("POST", "/api/tokens", {"name": f"load {n}", "scopes": ["read"]})["secret"] for n in range(TOKENS)]
    return run["id"], tokens


def load(address, run, tokens_file, seconds):
    """One burst of load: (requests a second, p99 in milliseconds). Any answer but 200 ends the benchmark."""
    output = subprocess.run(
        ["wrk", "--threads", "1", "--connections", str(CONNECTIONS), "--duration", f"{seconds}s", "--script",
         str(ROOT / "Benchmarks/load/tokens.lua"), f"{address}/api/runs/{run}"],
        env={**os.environ, "LOAD_TOKENS": str(tokens_file)}, capture_output=True, text=True, check=True).stdout
    result = json.loads(output.strip().splitlines()[-1])
    if result["failed"] or not result["requests"]:
        raise SystemExit(f"bench: {address} failed {result['failed']} of {result['requests']} requests:\n{output}")
    return result["requests"] / result["microseconds"] * 1e6, result["p99"] / 1000


def peer(directory, port):
    environment = {"PEER_POSTGRES": json.dumps(postgres_url(directory)), "PEER_CONNECTIONS": str(POOL // 2)}
    return running(
        [PEERS / "bin/python3", "-m", "uvicorn", "--app-dir", ROOT / "Benchmarks/peers", "fastapi_run:app", "--port",
         port, "--workers", "2", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning"],
        environment)


def main():
    with contextlib.ExitStack() as stack:
        directory = stack.enter_context(data_directory())
        password = tenant(directory)
        stack.enter_context(services(directory))
        ours, theirs = (f"http://127.0.0.1:{free_port()}" for _ in range(2))
        platform = stack.enter_context(
            running([PERSONA, "api"], settings(directory, PERSONA_LISTEN=ours.removeprefix("http://"))))
        wait_ready(ours, platform)
        wait_ready(theirs, stack.enter_context(peer(directory, theirs.rsplit(":", 1)[1])))
        api = API(ours)
        run, tokens = seed(api, password)
        tokens_file = directory / "tokens.txt"
        tokens_file.write_text("\n".join(tokens) + "\n")
        same(API(ours), API(theirs), run, tokens[0])
        results = {ours: [], theirs: []}
        for address in results:
            load(address, run, tokens_file, 2)
        for _ in range(ROUNDS):
            for address, rounds in results.items():
                rounds.append(load(address, run, tokens_file, SECONDS))
        report(results[ours], results[theirs])


def same(ours, theirs, run, token):
    """Both must give the same document, else they are not doing the same work."""
    ours.token = theirs.token = token
    path = f"/api/runs/{run}"
    if (a := ours.call("GET", path)) != (b := theirs.call("GET", path)):
        raise SystemExit(f"bench: the peer's answer differs:\n{a}\n{b}")


def report(ours, theirs):
    columns = [[median([row[column] for row in rows]) for column in range(2)] for rows in (ours, theirs)]
    show("api.get-run.rate", columns[0][0], "requests/s", peer=PEER, peer_value=columns[1][0], goal=("ratio", 1),
         lower_is_better=False)
    show("api.get-run.p99", columns[0][1], "ms", peer=PEER, peer_value=columns[1][1], goal=("ratio", 1))


if __name__ == "__main__":
    main()
