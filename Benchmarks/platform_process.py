"""Starts what a benchmark measures, in a data directory of its own, and stops exactly that again."""

import contextlib
import json
import os
import pathlib
import queue
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
import urllib.error
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parent.parent
DATA = pathlib.Path(os.environ.get("PERSONA_DATA_DIR", ROOT / ".data"))
PERSONA = pathlib.Path(os.environ.get("PERSONA_EXECUTABLE", ROOT / ".build/release-build/release/persona"))
PEERS = DATA / "peers"
# Seconds that anything may take to start on a busy machine.
PATIENCE = 60


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Running:
    """A child process whose lines of output can be waited for."""

    def __init__(self, command, environment=None, cwd=ROOT):
        self.started = time.perf_counter()
        # A terminal, so that lines come as they are printed and not when a buffer is full.
        ours, theirs = os.openpty()
        self.process = subprocess.Popen(
            [str(part) for part in command], cwd=cwd, env={**os.environ, **(environment or {})},
            stdin=subprocess.DEVNULL, stdout=theirs, stderr=subprocess.STDOUT, start_new_session=True)
        os.close(theirs)
        self._output = os.fdopen(ours, errors="replace")
        self.command = command
        self.lines = []
        self._fresh = queue.Queue()
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self):
        try:
            for line in self._output:
                self.lines.append(line.rstrip())
                self._fresh.put(line)
        except OSError:
            pass  # Linux says so (EIO) when the last process has closed its end.
        self._fresh.put(None)

    def wait_for(self, pattern, seconds=PATIENCE):
        """The first match of `pattern` in a line; raises with the output where none comes in time."""
        deadline = time.monotonic() + seconds
        while True:
            try:
                line = self._fresh.get(timeout=max(0.01, deadline - time.monotonic()))
            except queue.Empty:
                line = None
            if line is None:
                raise SystemExit(f"bench: {self.command[:2]} did not say '{pattern}':\n" + "\n".join(self.lines[-30:]))
            if found := re.search(pattern, line):
                return found

    def stop(self):
        """SIGTERM, and SIGKILL to its process group after the patience."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@contextlib.contextmanager
def running(command, environment=None):
    child = Running(command, environment)
    try:
        yield child
    finally:
        child.stop()


@contextlib.contextmanager
def data_directory():
    """A fresh data directory that has the installed runtime of the real one."""
    DATA.mkdir(exist_ok=True)
    directory = pathlib.Path(tempfile.mkdtemp(prefix="bench-", dir=DATA))
    # Services may run as a user of their own.
    directory.chmod(0o755)
    try:
        yield directory
    finally:
        shutil.rmtree(directory, ignore_errors=True)


def settings(directory, **more):
    """Environment of a platform in `directory`."""
    return {
        "PERSONA_DATA_DIR": str(directory), "PERSONA_RUNTIME": os.environ.get("PERSONA_RUNTIME", str(DATA / "runtime")),
        **more,
    }


@contextlib.contextmanager
def services(directory):
    """The embedded Postgres and Redis, migrated."""
    with running([PERSONA, "services"], settings(directory)) as child:
        child.wait_for("Postgres and Redis are up")
        yield child


def postgres_url(directory, user="persona_app"):
    """Address of the embedded Postgres for libpq and asyncpg."""
    entry = json.loads((directory / "run/services.json").read_text())["postgres"]
    return {"host": entry["socket_directory"], "port": entry["port"], "user": user, "database": entry["database"]}


class API:
    """Calls of the HTTP contract, with a bearer token once there is one."""

    def __init__(self, address):
        self.address = address
        self.token = None

    def call(self, method, path, body=None):
        headers = {"Content-Type": "application/json"}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.address + path, data=data, method=method, headers=headers)
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
                return json.loads(answer.read() or b"null")
        except urllib.error.HTTPError as error:
            raise SystemExit(f"bench: {method} {path} answered {error.code}: {error.read().decode()}") from error


def tenant(directory, owner="owner@bench.test"):
    """Makes a tenant; gives the owner's password."""
    output = subprocess.run(
        [PERSONA, "admin", "create-tenant", "--slug", "bench", "--name", "Bench", "--owner", owner],
        cwd=ROOT, env={**os.environ, **settings(directory)}, capture_output=True, text=True)
    found = re.search(r"Password: (\S+)", output.stdout)
    if not found:
        raise SystemExit(f"bench: no tenant was made:\n{output.stdout}{output.stderr}")
    return found.group(1)


def wait_ready(address, child, pause=0.001):
    """Seconds from the start of `child` until GET /readyz answers 200."""
    while child.process.poll() is None and time.perf_counter() - child.started < PATIENCE:
        try:
            with urllib.request.urlopen(address + "/readyz", timeout=2) as answer:
                if answer.status == 200:
                    return time.perf_counter() - child.started
        except (urllib.error.URLError, ConnectionError, TimeoutError):
            time.sleep(pause)
    raise SystemExit(f"bench: {child.command[:2]} did not get ready:\n" + "\n".join(child.lines[-30:]))


def tree(pid):
    """`pid` and its descendants."""
    found = [pid]
    for entry in pathlib.Path(f"/proc/{pid}/task").iterdir():
        for child in (entry / "children").read_text().split():
            found += tree(int(child))
    return found


def memory(pid):
    """(PSS, RSS) of a process in MiB, from smaps_rollup."""
    values = dict(re.findall(r"^(Pss|Rss):\s+(\d+) kB", pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text(), re.M))
    return int(values["Pss"]) / 1024, int(values["Rss"]) / 1024
