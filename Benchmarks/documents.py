"""Documents beside the libraries that people use: each case in a process of its own, in turn with its peers.

A case is a line of CASES. Ours is a case of the executable DocumentBench, a peer a command; both print `seconds S`."""

import contextlib
import os
import pathlib
import subprocess
import tempfile
import typing

from measurement import median, show
from platform_process import PEERS, ROOT

BENCH = ROOT / ".build/release-build/release/DocumentBench"
ROUNDS = 5
ROWS = 100_000


class Peer(typing.NamedTuple):
    name: str
    # Arguments of Benchmarks/peers/documents.py, or of a program that is built from Benchmarks/peers/NAME.c.
    command: str
    program: str = "python"
    time_goal: float | None = None
    size_goal: float | None = None
    # What the peer does in one go, where it is too slow for as much as ours.
    count: int | None = None


class Case(typing.NamedTuple):
    name: str
    ours: str
    count: int
    peers: list
    # Whether the file is made first, by our own writing of so many rows.
    reads: bool = False
    # Unit of `count`; a rate is shown where it is named.
    rate: str | None = None


CASES = [
    Case("xlsx.write", "xlsx-write", ROWS, [
        Peer("libxlsxwriter (constant memory)", "", "libxlsxwriter_rows", time_goal=0.7, size_goal=1.1),
        Peer("XlsxWriter (constant memory)", "xlsxwriter-write"), Peer("openpyxl (write-only)", "openpyxl-write")]),
    Case("xlsx.read", "xlsx-read", ROWS, [Peer("openpyxl (read-only)", "openpyxl-read", time_goal=1 / 15)], reads=True),
    Case("formula.evaluate", "formula-evaluate", 100_000,
         [Peer("formulas", "formulas-evaluate", count=1_000)], rate="formulas/s"),
]


def program(peer, directory):
    """The command of a peer; C is compiled."""
    if peer.program == "python":
        return [PEERS / "bin/python3", ROOT / "Benchmarks/peers/documents.py", peer.command]
    binary = directory / peer.program
    if not binary.exists():
        subprocess.run(["cc", "-O2", ROOT / f"Benchmarks/peers/{peer.program}.c", "-lxlsxwriter", "-o", binary], check=True)
    return [binary]


def run(command, path, count):
    """Seconds that the program says, processor seconds of its process, and its largest resident size in MiB."""
    with tempfile.TemporaryFile() as output:
        child = subprocess.Popen([*map(str, command), str(path), str(count)], stdout=output)
        _, status, usage = os.wait4(child.pid, 0)
        if status:
            raise SystemExit(f"{command} ended with {status}")
        output.seek(0)
        said = dict(line.split(" ", 1) for line in output.read().decode().splitlines() if " " in line)
    return float(said["seconds"].split()[0]), usage.ru_utime + usage.ru_stime, usage.ru_maxrss / 1024


def measure(case, directory):
    ours = [BENCH, case.ours]
    source = directory / f"{case.name}.source.xlsx"
    if case.reads:
        run([BENCH, "xlsx-write"], source, case.count)
    commands = {"ours": (ours, case.count)}
    for peer in case.peers:
        commands[peer.name] = (program(peer, directory), peer.count or case.count)
    results = {name: [] for name in commands}
    for _ in range(ROUNDS):
        for name, (command, count) in commands.items():
            path = source if case.reads else directory / f"{case.name}.{list(commands).index(name)}"
            results[name].append((*run(command, path, count), path.stat().st_size if path.exists() else 0))
    compare(case, results)


def compare(case, results):
    ours = [median([result[index] for result in results["ours"]]) for index in range(4)]
    show(f"{case.name}.memory", ours[2], "MiB")
    show(f"{case.name}.processor", ours[1], "s")
    for peer in case.peers:
        theirs = [median([result[index] for result in results[peer.name]]) for index in range(4)]
        if case.rate:
            show(f"{case.name}.rate", case.count / ours[0], case.rate, peer=peer.name,
                 peer_value=(peer.count or case.count) / theirs[0], lower_is_better=False)
            continue
        show(f"{case.name}.time", ours[0], "s", peer=peer.name, peer_value=theirs[0],
             goal=peer.time_goal and ("ratio", round(peer.time_goal, 3)))
        if not case.reads:
            show(f"{case.name}.size", ours[3], "bytes", peer=peer.name, peer_value=theirs[3],
                 goal=peer.size_goal and ("ratio", peer.size_goal))


def flat_memory(directory):
    """The largest resident size for ten times as many rows."""
    sizes = [run([BENCH, "xlsx-write"], directory / "flat.xlsx", count)[2] for count in (ROWS, 10 * ROWS)]
    show("xlsx.write.memory-of-ten-times-the-rows", sizes[1] / sizes[0], "ratio", goal=("value", 1.1))


def main():
    subprocess.run(["swift", "build", "--configuration", "release", "--scratch-path", ROOT / ".build/release-build",
                    "--product", "DocumentBench"], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)
    with contextlib.ExitStack() as stack:
        directory = pathlib.Path(stack.enter_context(tempfile.TemporaryDirectory()))
        for case in CASES:
            measure(case, directory)
        flat_memory(directory)


if __name__ == "__main__":
    main()
