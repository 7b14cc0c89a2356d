#!/usr/bin/env python3
"""How fast deliveries are stored and answered, beside what the machine allows, in one run.

    cargo build --release
    python3 tests/bench/webhooks.py

It starts the real server on an empty database, with a GitHub that does not answer, and posts signed deliveries of
many pull requests from many connections at once. Beside it stand the same requests to /healthz, which stores nothing,
and single durable inserts into SQLite. Compare ratios, not seconds: machines differ.
"""

import argparse
import hashlib
import hmac
import http.client
import json
import os
import socket
import sqlite3
import statistics
import subprocess
import tempfile
import threading
import time
from pathlib import Path

SECRET = "a webhook secret of the bench"


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def delivery(number: int, installation: int = 815) -> tuple[bytes, dict[str, str]]:
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


def storm(port: int, total: int, connections: int, ask) -> tuple[list[float], float]:
    """Seconds of each request, and of all together; `ask` sends one on an open connection."""
    numbers, lock, seconds, wrong = iter(range(1, total + 1)), threading.Lock(), [], []

    def work() -> None:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        while True:
            with lock:
                number = next(numbers, None)
            if number is None:
                return
            start = time.perf_counter()
            ask(connection, number)
            answer = connection.getresponse()
            answer.read()
            took = time.perf_counter() - start
            with lock:
                seconds.append(took)
                if not 200 <= answer.status < 300:
                    wrong.append(answer.status)

    threads = [threading.Thread(target=work) for _ in range(connections)]
    start = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if wrong:
        raise SystemExit(f"{len(wrong)} requests were refused, such as with {wrong[0]}")
    return seconds, time.perf_counter() - start


def inserts(folder: Path, total: int) -> float:
    """Seconds of `total` inserts, each one durable by itself."""
    database = sqlite3.connect(folder / "bound.db", isolation_level=None)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("PRAGMA synchronous=FULL")
    database.execute("CREATE TABLE deliveries (id TEXT PRIMARY KEY, at INTEGER)")
    start = time.perf_counter()
    for number in range(total):
        database.execute("INSERT INTO deliveries VALUES (?, ?)", (str(number), number))
    return time.perf_counter() - start


def row(name: str, seconds: list[float], together: float) -> tuple[float, float]:
    cuts = statistics.quantiles(seconds, n=100)
    rate = len(seconds) / together
    print(f"{name:>24}  p50 {cuts[49] * 1000:8.1f} ms  p99 {cuts[98] * 1000:8.1f} ms  {rate:9.0f}/s", flush=True)
    return cuts[98], rate


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dockgate", default="target/release/dockgate")
    parser.add_argument("--deliveries", type=int, default=2000)
    parser.add_argument("--connections", type=int, default=50)
    options = parser.parse_args()
    requests = [delivery(number) for number in range(options.deliveries + 1)]
    with tempfile.TemporaryDirectory() as name:
        folder, port = Path(name), free_port()
        subprocess.run(["openssl", "genrsa", "-traditional", "-out", folder / "app.pem", "2048"], check=True, capture_output=True)
        environment = {
            "DOCKGATE_APP_ID": "1", "DOCKGATE_PRIVATE_KEY_FILE": str(folder / "app.pem"), "DOCKGATE_LOG": "error",
            "DOCKGATE_WEBHOOK_SECRET": SECRET, "DOCKGATE_DATABASE_URL": f"sqlite://{folder}/dockgate.db",
            "DOCKGATE_GITHUB_API_URL": f"http://127.0.0.1:{free_port()}", "DOCKGATE_LISTEN": f"127.0.0.1:{port}",
            "PATH": os.environ["PATH"],
        }
        server = subprocess.Popen([options.dockgate, "serve"], env=environment, stdout=subprocess.DEVNULL)
        try:
            for _ in range(200):
                with socket.socket() as probe:
                    if probe.connect_ex(("127.0.0.1", port)) == 0:
                        break
                time.sleep(0.05)
            health = lambda connection, _: connection.request("GET", "/healthz")
            post = lambda connection, number: connection.request("POST", "/webhook", *requests[number])
            storm(port, 200, options.connections, health)
            bound = row("GET /healthz", *storm(port, options.deliveries, options.connections, health))
            stored = row("POST /webhook", *storm(port, options.deliveries, options.connections, post))
            again = row("the same once more", *storm(port, options.deliveries, options.connections, post))
        finally:
            server.terminate()
            server.wait(timeout=60)
        durable = options.deliveries / inserts(folder, options.deliveries)
        print(f"{'single durable inserts':>24}  {durable:36.0f}/s")
    print(f"deliveries per durable insert: {stored[1] / durable:.2f}; per /healthz: {stored[1] / bound[1]:.2f}")
    print(f"p99 of a delivery: {stored[0] / bound[0]:.1f} times that of /healthz; repeated ones {again[0] / bound[0]:.1f} times")


if __name__ == "__main__":
    main()
