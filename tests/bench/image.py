"""Measures the inventory of an image beside `gunzip | sha256sum` over its layers: image.py DOCKGATE LAYOUT [RUNS].

LAYOUT is a folder in the OCI image layout with layers packed by gzip, such as `images/debian` that `tests/image/build.sh`
builds. The inventory asks an empty folder of advisories, so that nothing but reading is measured. Prints the medians of
wall-clock and CPU seconds, their ratios and the peak memory. The bar is a ratio of 2.
"""
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time


def layers(layout):
    def blob(digest):
        return os.path.join(layout, "blobs", *digest.split(":"))

    index = json.load(open(os.path.join(layout, "index.json")))
    manifest = json.load(open(blob(index["manifests"][0]["digest"])))
    return [blob(layer["digest"]) for layer in manifest["layers"]]


def measure(commands):
    """Seconds by the clock and of the processors, for commands run one after the other by a shell."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    for command in commands:
        subprocess.run(command, shell=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    wall, after = time.monotonic() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def main():
    program, layout = sys.argv[1:3]
    runs = int(sys.argv[3]) if len(sys.argv) > 3 else 5
    with tempfile.TemporaryDirectory() as nothing:
        own = [f"'{program}' image oci:'{layout}' --osv-dir '{nothing}' --format json"]
        peer = [f"gunzip -c < '{layer}' | sha256sum" for layer in layers(layout)]
        ours, theirs = [], []
        for _ in range(runs):
            ours.append(measure(own))
            theirs.append(measure(peer))
        script = "import resource,subprocess,sys; subprocess.run(sys.argv[1:], stdout=-3); print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
        arguments = [program, "image", f"oci:{layout}", "--osv-dir", nothing, "--format", "json"]
        peak = int(subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True).stdout)
    for number, name in enumerate(("clock", "processors")):
        own_median = statistics.median(run[number] for run in ours)
        peer_median = statistics.median(run[number] for run in theirs)
        print(f"{name}: dockgate {own_median:.2f} s, gunzip and sha256sum {peer_median:.2f} s, ratio {own_median / peer_median:.2f}")
    print(f"peak memory: {peak / 1024:.1f} MiB")


main()
