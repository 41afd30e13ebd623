"""What a persona's sandbox costs: cold start to the first tool's result, a warm call over the bare function, an idle
persona's memory, and 200 personas at once of which 10 have a browser.

For trials: BENCH_PARTS=cold,warm,idle,many BENCH_PERSONAS=50."""

import json
import os
import subprocess

from measurement import median, show
from platform_process import PERSONA, ROOT

BENCH = ROOT / os.environ.get("BENCH_EXECUTABLE", ".build/release-build/release/SandboxBench")
PARTS = os.environ.get("BENCH_PARTS", "cold,warm,idle,many").split(",")
PERSONAS = int(os.environ.get("BENCH_PERSONAS", "200"))
BROWSERS = 10
STARTS = 15
CALLS = 3000
# Docker needs root, for an engine of the benchmark's own.
ENGINES = {"bubblewrap": 80} | ({"docker": 600} if os.geteuid() == 0 else {})
# Seconds that one part may take.
PATIENCE = 900


def bench(*words):
    output = subprocess.run([BENCH, *map(str, words)], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE)
    if output.returncode:
        raise SystemExit(f"bench: {output.args}:\n{output.stdout}{output.stderr}")
    return json.loads(output.stdout.strip().splitlines()[-1])


def cold():
    for engine, goal in ENGINES.items():
        times = bench("cold", engine, PERSONA, STARTS)["cold"]
        show(f"sandbox.cold.{engine}", median(times), "ms", goal=("value", goal))
        show(f"sandbox.cold.{engine}.slowest", max(times), "ms")


def warm():
    for engine in ENGINES:
        result = bench("warm", engine, CALLS)
        inside, bare = (sorted(result[name]) for name in ("inside", "bare"))
        show(f"sandbox.warm.{engine}.overhead", median(inside) - median(bare), "ms", goal=("value", 2))
        show(f"sandbox.warm.{engine}.p99", inside[len(inside) * 99 // 100], "ms")


def idle():
    sizes = bench("idle", "bubblewrap", PERSONA, 10)["pss_mib"]
    show("sandbox.idle.pss", sum(sizes) / 10, "MiB", goal=("value", 20))


def many():
    result = bench("many", PERSONA, PERSONAS, BROWSERS)
    if result["browsers"][0] != BROWSERS:
        raise SystemExit(f"bench: {result['browsers'][0]:.0f} of {BROWSERS} browsers opened their page")
    name = f"sandbox.{PERSONAS}-personas"
    show(f"{name}.memory", result["used_mib"][0], "MiB")
    show(f"{name}.start", result["started_ms"][0] / 1000, "s")
    show(f"{name}.call", median(result["call_ms"]), "ms")


def main():
    for part in PARTS:
        {"cold": cold, "warm": warm, "idle": idle, "many": many}[part]()


if __name__ == "__main__":
    main()
