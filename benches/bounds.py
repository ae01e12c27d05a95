#!/usr/bin/env python3
"""Floods a replay through a pipe and measures its memory from outside.

    bounds.py BINARY [CASE…] [--scale 1.0]

BINARY is run as `BINARY replay --format json -`. Each case makes its packets on the fly, with real
exchanges in between that must still be found. Printed for each: packets, exchanges made and found,
peak resident memory (the kernel's figure, VmHWM), seconds, and what the summary says was let go.
Ends with 1 where an exchange is missing or memory went over 512 MiB.
"""
import argparse, json, os, struct, subprocess, sys, threading, time

SYN, FIN, RST, PSH, ACK = 2, 1, 4, 8, 16
ETH = bytes.fromhex("020000000002020000000001") + b"\x08\0"
SERVER = bytes((10, 255, 0, 1))


def frame(src, dst, sport, dport, seq, ack, flags, payload=b"", ident=0, fragment=0):
    tcp = struct.pack(">HHIIBBHHH", sport, dport, seq & 0xFFFFFFFF, ack & 0xFFFFFFFF, 0x50, flags, 65000, 0, 0) + payload
    return ip(src, dst, tcp, ident, fragment)


def ip(src, dst, payload, ident=0, fragment=0):
    return ETH + struct.pack(">BBHHHBBH", 0x45, 0, 20 + len(payload), ident, fragment, 64, 6, 0) + src + dst + payload


class Pipe:
    """Writes packets in pcap format; 10 microseconds apart."""

    def __init__(self, out):
        self.out, self.buffer, self.packets, self.made = out, [], 0, 0
        self.out.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))

    def __call__(self, data):
        self.packets += 1
        at = self.packets * 10
        self.buffer.append(struct.pack("<IIII", 1795464000 + at // 1_000_000, at % 1_000_000, len(data), len(data)))
        self.buffer.append(data)
        if len(self.buffer) > 4096 or len(data) > 10000:
            self.flush()

    def flush(self):
        self.out.write(b"".join(self.buffer))
        self.buffer.clear()

    def exchange(self, cut=0):
        """A real connection with one exchange; `cut` bytes of the request go into a first fragment."""
        self.made += 1
        n = self.made
        client, port = bytes((192, 168, n >> 8 & 255, n & 255)), 20000 + (n >> 16)
        request = b"GET /real/%d HTTP/1.1\r\nHost: example\r\n\r\n" % n
        response = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nreal"
        self(frame(client, SERVER, port, 80, 0, 0, SYN))
        self(frame(SERVER, client, 80, port, 0, 1, SYN | ACK))
        whole = frame(client, SERVER, port, 80, 1, 1, PSH | ACK, request)
        if cut:
            body = whole[34:]
            self(ip(client, SERVER, body[:cut], n & 0xFFFF, 0x2000))
            yield
            self(ip(client, SERVER, body[cut:], n & 0xFFFF, cut // 8))
        else:
            self(whole)
        yield
        self(frame(SERVER, client, 80, port, 1, 1 + len(request), PSH | ACK, response))
        self(frame(client, SERVER, port, 80, 1 + len(request), 1 + len(response), FIN | ACK))
        self(frame(SERVER, client, 80, port, 1 + len(response), 2 + len(request), FIN | ACK))

    def whole_exchange(self):
        for _ in self.exchange():
            pass


def flood(pipe, count):
    """Half-open connections: a SYN each, and an answer to every third."""
    slow = []
    for n in range(int(count)):
        client, port = struct.pack(">I", 0x0B000000 + n // 50000), 1024 + n % 50000
        pipe(frame(client, SERVER, port, 80, n, 0, SYN))
        if n % 3 == 0:
            pipe(frame(SERVER, client, 80, port, 7, n + 1, SYN | ACK))
        if n % 10000 == 0:
            pipe.whole_exchange()
        if n % 100000 == 0:
            # Over 200,000 further connections each of these waits for its next step.
            slow.append(pipe.exchange())
            slow = [step for step in slow if n % 200000 or next(step, "over") != "over"]
    for step in slow:
        for _ in step:
            pass


def early(pipe, count):
    """Streams each holding a segment whose predecessor never comes."""
    for n in range(int(count)):
        client, port = struct.pack(">I", 0x0B000000 + n // 50000), 1024 + n % 50000
        pipe(frame(client, SERVER, port, 80, 0, 0, SYN))
        pipe(frame(SERVER, client, 80, port, 0, 1, SYN | ACK))
        pipe(frame(client, SERVER, port, 80, 101, 1, PSH | ACK, b"GET /never HTTP/1.1\r\nX: " + b"y" * 177))
        if n % 1000 == 0:
            pipe.whole_exchange()


def tiny(pipe, count):
    """Streams each with as many waiting bytes as cost most: one byte a segment, with holes."""
    for n in range(int(count) // 100):
        client = struct.pack(">I", 0x0B000000 + n)
        pipe(frame(client, SERVER, 1024, 80, 0, 0, SYN))
        pipe(frame(SERVER, client, 80, 1024, 0, 1, SYN | ACK))
        for at in range(100):
            pipe(frame(client, SERVER, 1024, 80, 100 + 2 * at, 1, PSH | ACK, b"x"))
        if n % 10 == 0:
            pipe.whole_exchange()


def heads(pipe, count):
    """Streams that each begin a head and say no more."""
    for n in range(int(count)):
        client, port = struct.pack(">I", 0x0B000000 + n // 50000), 1024 + n % 50000
        pipe(frame(client, SERVER, port, 80, 1, 1, PSH | ACK, b"GET /never HTTP/1.1\r\nX: y"))
        if n % 1000 == 0:
            pipe.whole_exchange()


def requests(pipe, count):
    """Streams that each ask and are never answered."""
    for n in range(int(count)):
        client, port = struct.pack(">I", 0x0B000000 + n // 50000), 1024 + n % 50000
        pipe(frame(client, SERVER, port, 80, 1, 1, PSH | ACK, b"GET /%d HTTP/1.1\r\nHost: a\r\nX: y\r\n\r\n" % n))
        if n % 1000 == 0:
            pipe.whole_exchange()


def head(pipe, count):
    """A head that never ends."""
    client, at, part, n = bytes((11, 0, 0, 1)), 1, b"X: " + b"y" * 59995 + b"\r\n", 0
    pipe(frame(client, SERVER, 1024, 80, at, 1, PSH | ACK, b"GET / HTTP/1.1\r\n"))
    at += 16
    while at < count:
        pipe(frame(client, SERVER, 1024, 80, at, 1, PSH | ACK, part))
        at += len(part)
        n += 1
        if n % 64 == 0:
            pipe.whole_exchange()


def fragments(pipe, count):
    """First fragments of datagrams, interleaved, of which hardly any is completed."""
    waiting = []
    for n in range(int(count)):
        client = struct.pack(">I", 0x0B000000 + n // 60000)
        pipe(ip(client, SERVER, b"z" * 1400, n % 60000, 0x2000))
        if n % 500 == 0:
            pipe.whole_exchange()
            waiting.append(pipe.exchange(cut=40))
            waiting = [step for step in waiting if next(step, "over") != "over"]
    for step in waiting:
        for _ in step:
            pass


def shift(pipe, count):
    """A flood of connections, then a few that hold much: the room of the first must serve the second."""
    flood(pipe, 2_000_000 * count / 5_000_000)
    tiny(pipe, count)


def late(pipe, count):
    """A segment that comes so many packets after its hole; the exchange is whole then."""
    pipe.made += 1
    client = bytes((11, 0, 0, 1))
    request = b"GET /late HTTP/1.1\r\nHost: example\r\n\r\n"
    response = b"HTTP/1.1 200 OK\r\nContent-Length: 3000\r\n\r\n" + b"a" * 3000
    pipe(frame(client, SERVER, 1024, 80, 0, 0, SYN))
    pipe(frame(SERVER, client, 80, 1024, 0, 1, SYN | ACK))
    pipe(frame(client, SERVER, 1024, 80, 1, 1, PSH | ACK, request))
    pipe(frame(SERVER, client, 80, 1024, 1, 1 + len(request), ACK, response[:1000]))
    pipe(frame(SERVER, client, 80, 1024, 2001, 1 + len(request), ACK, response[2000:]))
    for _ in range(int(count) // 6):
        pipe.whole_exchange()
    pipe(frame(SERVER, client, 80, 1024, 1001, 1 + len(request), ACK, response[1000:2000]))


CASES = {"flood": (flood, 10_000_000), "early": (early, 1_000_000), "tiny": (tiny, 5_000_000), "shift": (shift, 5_000_000), "heads": (heads, 2_000_000),
         "requests": (requests, 2_000_000), "head": (head, 4 << 30), "fragments": (fragments, 100_000), "late": (late, 50_000)}


def run(binary, name, scale):
    make, count = CASES[name]
    began = time.time()
    program = subprocess.Popen([binary, "replay", "--format", "json", "-"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, bufsize=1 << 20)
    pipe = Pipe(program.stdin)

    def feed():
        make(pipe, count * scale)
        pipe.flush()
        program.stdin.close()

    feeder = threading.Thread(target=feed)
    feeder.start()
    found, summary, peak = set(), {}, 0
    for line in program.stdout:
        if line.startswith(b'{"type":"summary"'):
            summary = json.loads(line)
        elif b'"target":"/real/' in line or b'"target":"/late' in line:
            row = json.loads(line)
            if (row["response"] or {}).get("body", {}).get("complete"):
                found.add(row["request"]["target"])
    feeder.join()
    # Not yet waited for: its entry still tells.
    _, status, usage = os.wait4(program.pid, 0)
    peak = usage.ru_maxrss / 1024
    good = len(found) == pipe.made and peak <= 512 and status == 0
    print("%-10s %9d packets  %6d of %6d exchanges  %6.1f MiB  %6.1f s  cpu %5.1f s  %s  %s" % (
        name, pipe.packets, len(found), pipe.made, peak, time.time() - began, usage.ru_utime + usage.ru_stime,
        "ok" if good else "NOT OK", json.dumps(summary.get("let_go", {}))), flush=True)
    return good


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("binary")
    parser.add_argument("cases", nargs="*", metavar="CASE", help=" ".join(CASES))
    parser.add_argument("--scale", type=float, default=1.0, help="of the number of packets")
    args = parser.parse_args()
    results = [run(args.binary, name, args.scale) for name in args.cases or CASES]
    sys.exit(0 if all(results) else 1)


if __name__ == "__main__":
    main()
