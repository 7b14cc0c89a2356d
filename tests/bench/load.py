#!/usr/bin/env python3
"""How many deliveries are stored and answered on each database, the memory of a long queue, and what a verdict takes.

    cargo build --release
    python3 tests/bench/load.py

It starts the real server on an empty database, SQLite first, then a PostgreSQL of its own (Debian's package
`postgresql`) that keeps what it acknowledges, with a GitHub that accepts connections and never answers. Signed
deliveries of as many pull requests, of 50 installations, are posted from many connections at once. Beside each stand
the same requests to /healthz, which stores nothing, and single durable inserts into the same kind of database. Compare
ratios, not seconds: machines differ, and others may be using this one. It ends with status 1 when a bar is missed.

Then scenarios of the end-to-end tests print how long a verdict takes with a quick and a slow GitHub, how many verdicts
a second one replica and two tell, and how many requests to GitHub 1, 10, 100 and 1,000 changed files take. They build
the tests in release mode, which takes minutes the first time; `--deliveries-only` leaves them out.
"""

import argparse
import hashlib
import hmac
import json
import os
import re
import selectors
import shutil
import socket
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

SECRET = "a webhook secret of the bench"
BAR_RATE, BAR_P99, BAR_MIB = 1000, 0.100, 150


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def delivery(number: int, installation: int) -> tuple[bytes, dict[str, str]]:
    sha = hashlib.sha1(str(number).encode()).hexdigest()
    repository = {"id": 1, "name": "shop", "full_name": "acme/shop", "owner": {"login": "acme", "id": 1, "type": "User"}}
    side = {"ref": "feature", "sha": sha, "repo": repository}
    pull = {"id": number, "number": number, "state": "open", "head": side, "base": {**side, "ref": "main"},
            "updated_at": "2026-01-01T00:00:00Z"}
    body = json.dumps({"action": "opened", "number": number, "pull_request": pull, "repository": repository,
                       "installation": {"id": installation}, "filler": "x" * 20_000}).encode()
    signature = "sha256=" + hmac.new(SECRET.encode(), body, hashlib.sha256).hexdigest()
    return body, {"X-GitHub-Event": "pull_request", "X-GitHub-Delivery": f"bench-{number}",
                  "X-Hub-Signature-256": signature, "Content-Type": "application/json"}


def http(method: str, path: str, headers: dict[str, str], body: bytes) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", f"Content-Length: {len(body)}"]
    lines += [f"{name}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


class Asker:
    """One connection that always has one request under way."""

    def __init__(self, port: int) -> None:
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=60)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.answer = b""

    def ask(self, request: bytes) -> None:
        self.start, self.answer = time.perf_counter(), b""
        self.socket.sendall(request)

    def hear(self) -> float | None:
        """Seconds that the answer took, once it is whole."""
        self.answer += self.socket.recv(65536)
        head, _, body = self.answer.partition(b"\r\n\r\n")
        length = next((line for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")), None)
        if not body or length is None or len(body) < int(length.split(b":")[1]):
            return None
        if not head.split(b" ", 2)[1].startswith(b"2"):
            raise SystemExit(f"refused: {self.answer.decode(errors='replace')}")
        return time.perf_counter() - self.start


def storm(port: int, connections: int, requests: list[bytes]) -> tuple[list[float], float]:
    """Seconds of each request, and of all together."""
    selector, seconds, left = selectors.DefaultSelector(), [], iter(requests)
    start = time.perf_counter()
    for asker in [Asker(port) for _ in range(connections)]:
        request = next(left, None)
        if request is not None:
            selector.register(asker.socket, selectors.EVENT_READ, asker)
            asker.ask(request)
    while len(seconds) < len(requests):
        for key, _ in selector.select(60):
            took = key.data.hear()
            if took is None:
                continue
            seconds.append(took)
            request = next(left, None)
            if request is None:
                selector.unregister(key.fileobj)
                key.fileobj.close()
            else:
                key.data.ask(request)
    return seconds, time.perf_counter() - start


class Postgres:
    """A server of its own, with what Debian's package sets."""

    def __init__(self) -> None:
        found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
        if not found:
            raise SystemExit("PostgreSQL is needed: apt-get install postgresql")
        self.bin, self.port = found[-1], free_port()
        self.user = ["setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"] if os.getuid() == 0 else []
        self.folder = Path(self.run("mktemp", "-d", "-t", "dockgate-bench-XXXXXX").strip())
        self.run(self.bin / "initdb", "-U", "dockgate", "-A", "trust", "--no-locale", "-E", "UTF8", "-D", self.folder / "data")
        options = f"-p {self.port} -k {self.folder} -c listen_addresses="
        self.run(self.bin / "pg_ctl", "start", "-w", "-l", self.folder / "log", "-o", options, "-D", self.folder / "data")

    def run(self, *command: object, text: str = "") -> str:
        # The server keeps the pipes it inherits, so its start must not be waited for on one.
        output = subprocess.DEVNULL if "start" in command else subprocess.PIPE
        words = [str(word) for word in [*self.user, *command]]
        done = subprocess.run(words, check=True, cwd="/", stdout=output, input=text, encoding="utf-8")
        return done.stdout or ""

    def psql(self, text: str) -> str:
        return self.run(self.bin / "psql", "-q", "-At", "-h", self.folder, "-p", self.port, "-U", "dockgate", "postgres", text=text)

    def url(self) -> str:
        return f"postgres://dockgate@localhost/postgres?host={str(self.folder).replace('/', '%2F')}&port={self.port}"

    def inserts(self, total: int) -> float:
        self.psql("CREATE TABLE bound (id TEXT PRIMARY KEY, at BIGINT)")
        lines = "".join(f"INSERT INTO bound VALUES ('{number}', {number});\n" for number in range(total))
        start = time.perf_counter()
        self.psql(lines)
        return time.perf_counter() - start

    def stop(self) -> None:
        self.run(self.bin / "pg_ctl", "stop", "-w", "-m", "fast", "-D", self.folder / "data")
        shutil.rmtree(self.folder)


def sqlite_inserts(folder: Path, total: int) -> float:
    database = sqlite3.connect(folder / "bound.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE bound (id TEXT PRIMARY KEY, at INTEGER)")
    start = time.perf_counter()
    for number in range(total):
        database.execute("INSERT INTO bound VALUES (?, ?)", (str(number), number))
    return time.perf_counter() - start


def serve(binary: str, folder: Path, url: str, github: int) -> tuple[subprocess.Popen, int]:
    port = free_port()
    environment = {
        "DOCKGATE_APP_ID": "1", "DOCKGATE_PRIVATE_KEY_FILE": str(folder / "app.pem"), "DOCKGATE_LOG": "error",
        "DOCKGATE_WEBHOOK_SECRET": SECRET, "DOCKGATE_DATABASE_URL": url, "DOCKGATE_IMAGES": "off",
        "DOCKGATE_GITHUB_API_URL": f"http://127.0.0.1:{github}", "DOCKGATE_LISTEN": f"127.0.0.1:{port}",
        "PATH": os.environ["PATH"],
    }
    server = subprocess.Popen([binary, "serve"], env=environment, stdout=subprocess.DEVNULL)
    for _ in range(600):
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return server, port
        time.sleep(0.05)
    raise SystemExit("the server does not start")


def mebibytes(server: subprocess.Popen, field: str) -> float:
    status = Path(f"/proc/{server.pid}/status").read_text()
    return next(int(line.split()[1]) for line in status.splitlines() if line.startswith(field)) / 1024


def row(name: str, seconds: list[float], together: float) -> tuple[float, float]:
    cuts, rate = statistics.quantiles(seconds, n=100), len(seconds) / together
    print(f"{name:>28}  p50 {cuts[49] * 1000:7.1f} ms  p99 {cuts[98] * 1000:7.1f} ms  {rate:8.0f}/s", flush=True)
    return rate, cuts[98]


def measure(name: str, options: argparse.Namespace, folder: Path, url: str, bound: float, requests: list[bytes]) -> list[str]:
    print(name, flush=True)
    with socket.socket() as github:
        # Connections are taken by the system and never answered, so workers wait.
        github.bind(("127.0.0.1", 0))
        github.listen(1024)
        server, port = serve(options.dockgate, folder, url, github.getsockname()[1])
        try:
            health = http("GET", "/healthz", {}, b"")
            storm(port, options.connections, [health] * 500)
            idle = mebibytes(server, "VmRSS")
            ceiling, reference = row("GET /healthz", *storm(port, options.connections, [health] * len(requests)))
            rate, p99 = row("POST /webhook", *storm(port, options.connections, requests))
            rss, peak = mebibytes(server, "VmRSS"), mebibytes(server, "VmHWM")
        finally:
            server.terminate()
            server.wait(timeout=60)
    durable = len(requests) / bound
    print(f"{'single durable inserts':>28}  {durable:44.0f}/s")
    print(f"  deliveries per durable insert {rate / durable:.2f}, per /healthz {rate / ceiling:.2f}; p99 {p99 / reference:.1f} times that of /healthz")
    print(f"  memory: {idle:.0f} MiB idle, {rss:.0f} MiB with {len(requests)} jobs in the queue, {peak:.0f} MiB at most\n", flush=True)
    bars = [
        (rate < BAR_RATE, f"{name}: {rate:.0f} deliveries/s, the bar is {BAR_RATE}"),
        (p99 > BAR_P99, f"{name}: p99 {p99 * 1000:.0f} ms, the bar is {BAR_P99 * 1000:.0f}"),
        (peak > BAR_MIB, f"{name}: {peak:.0f} MiB, the bar is {BAR_MIB}"),
    ]
    return [text for missed, text in bars if missed]


def verdicts(pulls: int) -> list[str]:
    """Prints what the scenarios measure; says what failed."""
    print("\nVerdicts", flush=True)
    command = ["cargo", "test", "--release", "--test", "e2e", "--", "figures", "ten_files"]
    command += ["--nocapture", "--test-threads=1"]
    environment = os.environ | {"FIGURES_PULLS": str(pulls)}
    done = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, check=False)
    # The name of a test stands before the first line that it prints.
    lines = [re.sub(r"^test \S+ \.\.\. ", "", line).strip() for line in done.stdout.splitlines()]
    noise = re.compile(r"|ok|running \d+ tests?|test result: .*")
    print("\n".join(f"  {line}" for line in lines if not noise.fullmatch(line)))
    return [] if done.returncode == 0 else ["the scenarios of verdicts failed"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dockgate", default="target/release/dockgate")
    parser.add_argument("--deliveries", type=int, default=10_000)
    parser.add_argument("--connections", type=int, default=50)
    parser.add_argument("--pulls", type=int, default=60, help="pull requests that get a verdict")
    parser.add_argument("--deliveries-only", action="store_true")
    options = parser.parse_args()
    requests = [delivery(number, 1 + number % 50) for number in range(1, options.deliveries + 1)]
    requests = [http("POST", "/webhook", headers, body) for body, headers in requests]
    missed = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        key = ["openssl", "genrsa", "-traditional", "-out", folder / "app.pem", "2048"]
        subprocess.run(key, check=True, capture_output=True)
        bound = sqlite_inserts(folder, options.deliveries)
        missed += measure("SQLite", options, folder, f"sqlite://{folder}/dockgate.db", bound, requests)
        postgres = Postgres()
        try:
            bound = postgres.inserts(options.deliveries)
            missed += measure("PostgreSQL", options, folder, postgres.url(), bound, requests)
        finally:
            postgres.stop()
    if not options.deliveries_only:
        missed += verdicts(options.pulls)
    print("\n".join(missed) or f"at least {BAR_RATE} deliveries/s, p99 under {BAR_P99 * 1000:.0f} ms, under {BAR_MIB} MiB: met")
    sys.exit(1 if missed else 0)


if __name__ == "__main__":
    main()
