"""Writes the root of an Alpine-like image to a folder, and prints what is installed in it."""
import os
import sys

PACKAGES = [
    ("musl", "1.2.5-r0", "musl"),
    ("busybox", "1.36.1-r29", "busybox"),
    ("busybox-binsh", "1.36.1-r29", "busybox"),
    ("libcrypto3", "3.3.1-r0", "openssl"),
    ("libssl3", "3.3.1-r0", "openssl"),
    ("zlib", "1.3.1-r1", "zlib"),
    ("apk-tools", "2.14.4-r0", "apk-tools"),
    ("py3-six", "1.16.0-r9", "py3-six"),
]
root = sys.argv[1]
os.makedirs(f"{root}/lib/apk/db", exist_ok=True)
os.makedirs(f"{root}/etc", exist_ok=True)
with open(f"{root}/etc/os-release", "w") as release:
    release.write('NAME="Alpine Linux"\nID=alpine\nVERSION_ID=3.20.1\nPRETTY_NAME="Alpine Linux v3.20"\n')
with open(f"{root}/etc/alpine-release", "w") as release:
    release.write("3.20.1\n")
with open(f"{root}/lib/apk/db/installed", "w") as database:
    for name, version, origin in PACKAGES:
        database.write(
            f"C:Q1AAAAAAAAAAAAAAAAAAAAAAAAAAA=\nP:{name}\nV:{version}\nA:x86_64\nS:1\nI:1\nT:A package\nU:https://alpinelinux.org\n"
            f"L:MIT\no:{origin}\nm:A <a@example.org>\nt:1\nc:abc\nF:usr\nF:usr/lib\nR:{name}.so\nZ:Q1AAAA=\n\n"
        )
        print("apk", name, version)
