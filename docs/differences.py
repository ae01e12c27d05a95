#!/usr/bin/env python3
"""Look whether the bytes named in differences.md stand in the packets, and the figures in its rows.

    differences.py DIRECTORY-OF-CAPTURES

Needs tshark, to read whatever format a capture has.
"""
import collections, os, re, struct, subprocess, sys, tempfile

ROW = re.compile(r"\| (\S+) \| (\d+) \| (request|response|body)(| missing| more) \| `([0-9a-f ]+)(| …)` \| (.+) \| (.+) \|$")


def packets(capture, numbers):
    """The bytes of these packets, by number."""
    with tempfile.NamedTemporaryFile(suffix=".pcapng") as file:
        wanted = "frame.number in {%s}" % ",".join(map(str, sorted(numbers)))
        subprocess.run(["tshark", "-r", capture, "-Y", wanted, "-w", file.name, "-F", "pcapng"],
                       stderr=subprocess.DEVNULL, check=True)
        data = file.read()
    found, at = [], 0
    while at + 8 <= len(data):
        kind, length = struct.unpack_from("<II", data, at)
        if kind == 6:  # an enhanced packet block
            captured, = struct.unpack_from("<I", data, at + 20)
            found.append(data[at + 28:at + 28 + captured])
        at += length
    return dict(zip(sorted(numbers), found))


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    here = os.path.dirname(os.path.abspath(__file__))
    rows, seen, wrong = collections.defaultdict(list), collections.Counter(), 0
    for line in open(os.path.join(here, "differences.md")):
        row = ROW.match(line)
        if row:
            rows[row[1]].append((int(row[2]), bytes.fromhex(row[5])))
            seen[row[4].strip() or row[3]] += 1
        elif line.startswith("| ") and ".pcap" in line:
            wrong += 1
            print("not a row:", line.strip())
    for capture, wanted in sorted(rows.items()):
        have = packets(os.path.join(sys.argv[1], capture), {number for number, _ in wanted})
        for number, bytes_wanted in wanted:
            if bytes_wanted not in have.get(number, b""):
                wrong += 1
                print("%s: packet %d does not hold %s" % (capture, number, bytes_wanted.hex(" ")))
    print("%d captures, %s, %d wrong" % (len(rows), dict(seen), wrong))
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
