"""Writes rpm's ndb database of the package headers in its sqlite one: ndb.py SQLITE NDB. Debian's rpm can't."""
import sqlite3
import struct
import sys
import zlib

PAGE, BLOCK = 4096, 16
headers = sqlite3.connect(sys.argv[1]).execute("select hnum, blob from Packages").fetchall()
slots, blobs = [], b""
for number, blob in headers:
    head = struct.pack("<4sIII", b"BlbS", number, 1, len(blob))
    body = blob + b"\0" * (-(len(blob) + 12) % BLOCK)
    tail = struct.pack("<I4s4s", zlib.adler32(head + body), struct.pack("<I", len(blob)), b"BlbE")
    slots.append((number, (PAGE + len(blobs)) // BLOCK, (len(head) + len(body) + len(tail)) // BLOCK))
    blobs += head + body + tail
page = struct.pack("<4sIIII", b"RpmP", 0, 1, 1, max(number for number, _ in headers) + 1).ljust(32, b"\0")
for slot in slots:
    page += struct.pack("<4sIII", b"Slot", *slot)
while len(page) < PAGE:
    page += struct.pack("<4sIII", b"Slot", 0, 0, 0)
with open(sys.argv[2], "wb") as database:
    database.write(page + blobs)
