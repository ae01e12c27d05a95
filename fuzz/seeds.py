#!/usr/bin/env python3
"""Write the first inputs of each fuzz target: seeds.py OUT makes OUT/TARGET/NAME.

Needs Python's own modules, the zstd and compress programs, and the brotli module for one seed.
All bytes are made here; nothing is taken from anybody's capture.
"""
import gzip, pathlib, struct, subprocess, sys, zlib

try:
    import brotli
except ImportError:
    brotli = None

TEXT = b"the squirrel has a fluffy tail\n" * 12
SYN, FIN, RST, PSH, ACK = 2, 1, 4, 8, 16


def squeeze(program, data):
    return subprocess.run(program.split(), input=data, stdout=subprocess.PIPE, check=False).stdout


def deflate(data, window=-15):
    engine = zlib.compressobj(9, zlib.DEFLATED, window)
    return engine.compress(data) + engine.flush()


# Packets

A4, B4 = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
A6, B6 = bytes.fromhex("fd00" + "00" * 13 + "01"), bytes.fromhex("fd00" + "00" * 13 + "02")
MACS = bytes.fromhex("020000000001020000000002")


def tcp(payload=b"", seq=1, ack=1, flags=PSH | ACK, ports=(40000, 80), options=b""):
    head = struct.pack(">HHIIBBHHH", *ports, seq, ack, (20 + len(options)) // 4 << 4, flags, 65000, 0, 0)
    return head + options + payload


def udp(payload, port=9999, source=40001):
    return struct.pack(">HHHH", source, port, 8 + len(payload), 0) + payload


def ones(data):
    total = sum(struct.unpack(">%dH" % (len(data) // 2), data))
    return (0xFFFF - (total % 0xFFFF)) & 0xFFFF


def ip4(payload, protocol=6, fragment=0, ident=7, back=False, options=b"", total=None):
    length = 20 + len(options) + len(payload) if total is None else total
    ends = B4 + A4 if back else A4 + B4
    head = struct.pack(">BBHHHBBH", 0x45 + len(options) // 4, 0, length, ident, fragment, 64, protocol, 0) + ends + options
    return head[:10] + struct.pack(">H", ones(head)) + head[12:] + payload


def ip6(payload, following=6, length=None):
    return struct.pack(">IHBB", 0x60000000, len(payload) if length is None else length, following, 64) + A6 + B6 + payload


def ether(payload, kind=0x0800):
    return MACS + struct.pack(">H", kind) + payload


GET = b"GET /a?b=c HTTP/1.1\r\nHost: example\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 11\r\n\r\nfluffy tail"
PLAIN = ip4(tcp(GET))


def links():
    """(link type, packet): one for each way to carry PLAIN, or something else worth a look."""
    eth = ether(PLAIN)
    yield from ((1, eth), (1, ether(ip6(tcp(GET)), 0x86DD)), (101, PLAIN), (101, ip6(tcp(GET))))
    yield from ((0, b"\2\0\0\0" + PLAIN), (0, b"\0\0\0\x1e" + ip6(tcp(GET))), (108, b"\0\0\0\2" + PLAIN))
    yield 1, MACS + bytes.fromhex("8100000108000000")[:6] + PLAIN
    yield 1, MACS + bytes.fromhex("88a8000181000002") + b"\x08\0" + PLAIN
    yield 1, MACS + struct.pack(">H", 8 + len(PLAIN)) + bytes.fromhex("aaaa03000000") + b"\x08\0" + PLAIN
    yield 1, ether(b"\x11\0\0\1" + struct.pack(">H", len(PLAIN) + 2) + b"\0\x21" + PLAIN, 0x8864)
    yield 1, ether(b"\0\1\1\x40" + PLAIN, 0x8847)
    yield 1, ether(b"\0\1\0\x40\0\1\1\x40" + eth, 0x8847)
    yield 113, struct.pack(">HHH8sH", 0, 1, 6, b"\2\0\0\0\0\1\0\0", 0x0800) + PLAIN
    yield 276, struct.pack(">HHIHBB8s", 0x0800, 0, 1, 1, 0, 6, b"\2\0\0\0\0\1\0\0") + PLAIN
    yield 9, b"\xff\x03\0\x21" + PLAIN
    yield 50, b"\0\x21" + PLAIN
    yield 104, b"\x0f\0\x08\0" + PLAIN
    wifi = bytes.fromhex("0802000002000000000102000000000202000000000300") + b"\0" + bytes.fromhex("aaaa030000000800") + PLAIN
    yield 105, wifi
    yield 127, bytes.fromhex("0000080000000000") + wifi
    qos = bytes.fromhex("88020000020000000001020000000002020000000003000080 00".replace(" ", ""))
    amsdu = MACS + struct.pack(">H", 8 + len(PLAIN)) + bytes.fromhex("aaaa030000000800") + PLAIN
    yield 105, qos + amsdu
    yield 129, bytes.fromhex("01020000d4000001") + PLAIN
    yield 7, bytes.fromhex("0102d4000001") + PLAIN
    attributes = struct.pack("<HH", 4 + len(PLAIN), 9) + PLAIN
    yield 239, b"\2\0\0\1" + struct.pack("<HH", 8, 1) + b"\x08\0\1\0" + attributes + b"\0" * (-len(attributes) % 4)
    message = b"\2\0\0\0" + attributes
    netlink = struct.pack("<IHHII", 16 + len(message), 0x400, 0, 0, 0) + message
    yield 253, struct.pack(">HH10xH", 4, 824, 12) + netlink + netlink
    yield 1, ether(b"\0\0\0\1\x08\0" + PLAIN, 0xF1C1)
    yield 1, ether(b"\0\1\0\x10" + b"\0" * 8 + b"\x08\0" + PLAIN, 0xD28B)
    yield 1, ether(b"\0\1\0\x20" + b"\0" * 6 + b"\x08\0" + PLAIN, 0xD28B)
    yield 1, ether(b"\x40\x0f\x32\1" + MACS[:6] + eth, 0x4305)
    yield 1, ether(b"\x01\x0f\x32\0\0\0\0\1" + MACS[:6] + eth, 0x4305)
    yield 1, ether(b"\x42\x0f\x32\1" + MACS + b"\1\0" + eth, 0x4305)
    yield 1, ether(b"\x05\x0f\x32\0\0\4" + b"\0" * 4 + eth, 0x4305)
    yield 197, struct.pack(">8xBBHHHH", 2, 4, 18 + len(eth), 0, len(eth), 0) + eth
    for number in (6, 8, 10, 12, 51, 100, 103, 107, 109, 117, 119, 122, 123, 138, 143, 149, 163, 178, 192, 197, 206, 240, 282):
        yield number, b"\0" * 16 + PLAIN


def tunnels():
    inner6 = ip6(tcp(GET))
    gre = ip4(b"\0\0\x08\0" + PLAIN, 47)
    eth = ether(PLAIN)
    yield from (ip4(PLAIN, 4), ip4(inner6, 41), gre, ip4(b"\x20\0\x08\0\0\0\0\7" + PLAIN, 47))
    yield ip4(b"\x80\0\x08\0\0\0\0\0" + PLAIN, 47)
    yield ip4(b"\0\0\x65\x58" + eth, 47)
    yield ip4(b"\x10\0\x88\xbe\0\0\0\1" + b"\x10\0\0\1\0\0\0\0" + eth, 47)
    yield ip4(b"\x10\0\x22\xeb\0\0\0\1" + b"\x20\0\0\1\0\0\0\0\0\0\0\0" + eth, 47)
    yield ip4(b"\x30\x01\x88\x0b" + struct.pack(">HHI", len(PLAIN) + 4, 1, 0) + b"\xff\x03\0\x21" + PLAIN, 47)
    yield ip4(b"\x20\x01\x64\0" + struct.pack(">H", len(eth)) + b"\7\0" + eth, 47)
    yield ip4(udp(b"\6\0" + PLAIN, 2268), 17)
    yield ip4(udp(b"\x4a\1\2\3\1\2\3\4" + PLAIN, 30030), 17)
    yield ip4(udp(b"\x08\0\0\0\0\0\1\0" + eth, 4789), 17)
    yield ip4(udp(b"\0\0\x65\x58\0\0\1\0" + eth, 6081), 17)
    yield ip4(udp(b"\x02\0\x08\0\0\0\1\0\1\2\3\4\0\0\0\0" + PLAIN, 6081), 17)
    yield ip4(udp(b"\x30\xff" + struct.pack(">HI", len(PLAIN), 1) + PLAIN, 2152), 17)
    yield ip4(udp(b"\x34\xff" + struct.pack(">HI", len(PLAIN) + 8, 1) + b"\0\1\0\x85\1\0\0\0" + PLAIN, 2152), 17)
    yield ip4(udp(inner6, 3544), 17)
    yield ip4(udp(b"\0\0\0\0\1\1" + A4[:2] + inner6, 3544), 17)
    yield ip4(udp(b"\x40\2" + struct.pack(">HHH", len(PLAIN) + 10, 1, 1) + b"\xff\x03\0\x21" + PLAIN, 1701), 17)
    yield ip4(b"\4\4\0\0\0\0\0\1\0\0\0\1" + b"\0" * 12 + PLAIN, 51)
    yield ip4(b"\0\0\0\1\0\0\0\1" + PLAIN + b"\1\2\2\4" + b"\0" * 12, 50)
    yield ip6(b"\6\0\0\0\0\0\0\0" + tcp(GET), 0)
    yield ip6(b"\x2b\0\0\0\0\0\0\0" + b"\6\0\0\0\0\0\0\0" + tcp(GET), 60)
    yield ip6(b"\0" * 4 + tcp(GET), 6, 0)
    nested = PLAIN
    for _ in range(20):
        nested = ip4(nested, 4)
    yield nested


def fragments():
    whole = tcp(GET * 3)
    cut = [(0, whole[:24]), (24, whole[24:64]), (64, whole[64:])]
    yield [ip4(part, fragment=(0x2000 if at + len(part) < len(whole) else 0) | at // 8) for at, part in cut]
    yield [ip4(part, fragment=(0x2000 if at + len(part) < len(whole) else 0) | at // 8) for at, part in reversed(cut)]
    yield [ip4(whole[:32], fragment=0x2000), ip4(b"X" * 24, fragment=0x2000 | 3), ip4(whole[32:], fragment=4)]
    yield [ip4(whole[:8], fragment=0x2000), ip4(whole[8:16], fragment=0x2000 | 1), ip4(whole[16:], fragment=2)]
    yield [ip4(whole[:40], fragment=0x2000), ip4(whole[16:24], fragment=2)]
    yield [ip4(b"z" * 1400, fragment=0x1FFF, ident=9), ip4(b"z", fragment=0x2000, ident=10)]
    head = struct.pack(">BBHI", 6, 0, 1, 77)
    tail = struct.pack(">BBHI", 6, 0, 32, 77)
    yield [ip6(head + whole[:32], 44), ip6(tail + whole[32:], 44)]
    yield [ip4(whole[:48], fragment=0x2000, ident=n) for n in range(24)]


def conversation(request=GET, response=OK, ports=(40000, 80)):
    back = ports[::-1]
    yield ip4(tcp(b"", 100, 0, SYN, ports))
    yield ip4(tcp(b"", 500, 101, SYN | ACK, back), back=True)
    yield ip4(tcp(request, 101, 501, ports=ports))
    yield ip4(tcp(response, 501, 101 + len(request), ports=back), back=True)
    yield ip4(tcp(b"", 101 + len(request), 501 + len(response), FIN | ACK, ports))
    yield ip4(tcp(b"", 501 + len(response), 102 + len(request), FIN | ACK, back), back=True)


# Inputs as the fuzz bodies read them

def packets(items, first=0, cut=0, delay=0):
    out = bytes((first,))
    for link, data in items:
        out += struct.pack(">HBBH", link, cut, delay, len(data)) + data
    return out


def raw(items):
    return [(101, data) for data in items]


def decode():
    for at, (link, data) in enumerate(links()):
        yield "link-%d-%d" % (link, at), packets([(link, data)])
    for at, data in enumerate(tunnels()):
        yield "tunnel-%d" % at, packets([(101, data)])
    for at, items in enumerate(fragments()):
        yield "fragments-%d" % at, packets(raw(items), at & 1)
    yield "cut", packets([(1, ether(PLAIN)[:60])], 0, 40)
    yield "offload", packets(raw([ip4(tcp(GET), total=0)]))
    yield "padded", packets([(1, ether(ip4(tcp(b"x"))) + b"\0" * 5)])


def pcap(items, magic=0xA1B2C3D4, order="<", link=101, major=2):
    out = struct.pack(order + "IHHiIII", magic, major, 4, 0, 0, 262144, link)
    for at, data in enumerate(items):
        extra = b"\0" * 8 if magic == 0xA1B2CD34 else b""
        out += struct.pack(order + "IIII", 1795464000 + at, at * 7, len(data), len(data)) + extra + data
    return out


def block(kind, body, order="<"):
    body += b"\0" * (-len(body) % 4)
    return struct.pack(order + "II", kind, 12 + len(body)) + body + struct.pack(order + "I", 12 + len(body))


def pcapng(items, order="<", options=b"", simple=False):
    out = block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
    out += block(1, struct.pack(order + "HHI", 101, 0, 65535) + options, order)
    for at, data in enumerate(items):
        if simple:
            out += block(3, struct.pack(order + "I", len(data)) + data, order)
        else:
            out += block(6, struct.pack(order + "IIIII", 0, 0x60000, at, len(data), len(data)) + data, order)
    statistics = struct.pack(order + "HHQHH", 5, 8, 3, 0, 0)
    return out + block(4, b"\0\0\0\0", order) + block(5, struct.pack(order + "III", 0, 0, 0) + statistics, order)


def file():
    few = [ip4(tcp(b"hi")), ip4(udp(b"ho"), 17)]
    for name, magic in (("micro", 0xA1B2C3D4), ("nano", 0xA1B23C4D), ("modified", 0xA1B2CD34)):
        for order in "<>":
            yield "pcap-%s-%s" % (name, "le" if order == "<" else "be"), pcap(few, magic, order)
    yield "pcap-old", pcap(few, major=1)
    yield "pcap-cut", pcap(few)[:-3]
    for order, name in (("<", "le"), (">", "be")):
        yield "pcapng-" + name, pcapng(few, order)
    digits = struct.pack("<HHBxxxHH", 9, 1, 9, 0, 0)
    binary = struct.pack("<HHBxxxHHqHH", 9, 1, 0x94, 14, 8, 3600, 0, 0)
    yield "pcapng-nanos", pcapng(few, options=digits)
    yield "pcapng-binary", pcapng(few, options=binary)
    yield "pcapng-simple", pcapng(few, simple=True)
    yield "pcapng-two-sections", pcapng(few[:1]) + pcapng(few[1:], ">")
    unrounded = block(6, struct.pack("<IIIII", 0, 0x60000, 1, 5, 5) + b"abcde")
    unrounded = unrounded[:4] + struct.pack("<I", 37) + unrounded[8:-4] + struct.pack("<I", 37)
    yield "pcapng-unrounded", pcapng(few[:1], options=struct.pack("<HHIHHIHH", 9, 4, 6, 14, 4, 1, 0, 0)) + unrounded
    old = block(2, struct.pack("<HHIIII", 0, 0, 0x60000, 1, 4, 4) + b"abcd")
    yield "pcapng-obsolete", pcapng([]) + old
    yield "gzip", gzip.compress(pcap(few), mtime=0)
    yield "gzip-twice", gzip.compress(pcap(few[:1]), mtime=0) + gzip.compress(pcap(few)[24:], mtime=0)
    yield "zstd", squeeze("zstd -q -c", pcap(few))
    yield "zstd-pcapng", squeeze("zstd -q -c", pcapng(few))
    for name, start in (("snoop", b"snoop\0\0\0\0\0\0\2\0\0\0\4"), ("netmon", b"GMBU\0\2"), ("erf", b"\0" * 16),
                        ("text", b"not a capture at all\n"), ("empty", b""), ("xml", b"<?xml version='1.0'?><pdml>")):
        yield "foreign-" + name, start


def content():
    gz, raw_deflate, zlibbed = gzip.compress(TEXT, mtime=0), deflate(TEXT), zlib.compress(TEXT)
    options = bytes((0x2C,))
    made = [("gzip", 0, gz), ("gzip-twice", 0, gz + gz), ("gzip-no-trailer", 0, gz[:-8]), ("gzip-bad-trailer", 0, gz[:-8] + b"12345678"),
            ("gzip-cut", 0, gz[:40]), ("gzip-junk", 0, gz + b"junk"), ("deflate", 1, raw_deflate), ("deflate-zlib", 1, zlibbed),
            ("zstd", 3, squeeze("zstd -q -c", TEXT)), ("zstd-frames", 3, squeeze("zstd -q -c", TEXT) + squeeze("zstd -q -c --no-check", TEXT[:40])),
            ("zstd-skippable", 3, struct.pack("<II", 0x184D2A50, 4) + b"skip" + squeeze("zstd -q -c", TEXT[:31])),
            ("compress", 4, squeeze("compress -f -c", TEXT)), ("identity", 5, TEXT), ("wrong-label", 0, TEXT), ("bomb", 0, gzip.compress(bytes(1 << 20), mtime=0)),
            ("zlib-as-gzip", 0, zlibbed), ("gzip-as-deflate", 1, gz)]
    if brotli:
        made += [("br", 2, brotli.compress(TEXT)), ("br-cut", 2, brotli.compress(TEXT)[:10]), ("br-gzip", 7, gzip.compress(brotli.compress(TEXT), mtime=0))]
    for name, coding, body in made:
        for cut in (0, 3, 43):
            yield "%s-%d" % (name, cut), bytes((coding | 0x40, cut)) + options + b"\1" + body
    yield "two", bytes((0 | 1 << 3, 9)) + options + b"\2" + zlib.compress(gz)
    yield "six", bytes((6 | 0x40, 9)) + options + b"\6" + zlib.compress(gz)
    yield "empty", bytes((0x40, 0)) + options + b"\0"


def segment(seq, length=0, flags=ACK, ack=0, back=False, conn=0, far=False, differs=False, quiet=False, missing=0, step=1):
    what = conn | back << 2 | far << 3 | differs << 4 | (0xE0 if quiet else 0)
    return struct.pack(">BBhhBBB", what, flags, seq, ack, length, missing, step)


def reassembly():
    opening = segment(0, flags=SYN) + segment(0, flags=SYN | ACK, ack=1, back=True)
    closing = segment(61, flags=FIN | ACK, ack=81) + segment(81, flags=FIN | ACK, ack=62, back=True)
    talk = [segment(1, 60, ack=1), segment(1, 40, ack=61, back=True), segment(41, 40, ack=61, back=True), segment(61, ack=81)]
    plain = opening + b"".join(talk) + closing
    yield "plain", plain
    yield "two", plain + plain
    yield "reordered", opening + talk[2] + talk[1] + talk[0] + closing
    yield "middle", b"".join(talk)
    yield "one-sided", talk[1] + talk[2] + segment(161, 9, back=True) + segment(171, 9, back=True, step=255)
    yield "hole", opening + segment(21, 40, ack=1) + segment(0, ack=61, back=True) + segment(61, 9, step=200) + segment(1, 20, ack=1)
    yield "hole-quiet", opening + segment(21, 40, ack=1) + segment(0, ack=61, back=True) + segment(61, 9, quiet=True)
    yield "overlap", opening + segment(1, 30) + segment(40, 30) + segment(20, 60, differs=True) + closing
    yield "conflict", opening + segment(40, 30) + segment(30, 60, differs=True) + segment(1, 50)
    yield "cut", opening + segment(1, 20, missing=40) + segment(61, 9)
    yield "reset", opening + talk[0] + segment(61, flags=RST) + segment(61, 9)
    yield "reset-far", opening + talk[0] + segment(61, flags=RST, far=True) + closing
    yield "reset-early", opening + segment(30, 9) + segment(61, flags=RST)
    yield "reuse", opening + talk[0] + segment(5000, flags=SYN) + segment(5001, 9)
    yield "reuse-far", talk[0] + segment(1, 60, far=True)
    yield "fin-early", opening + segment(41, flags=FIN | ACK) + segment(60, 9) + segment(1, 40) + closing
    yield "data-in-syn", segment(0, 20, flags=SYN) + segment(0, 20, flags=SYN | ACK, ack=1, back=True) + segment(21, 9)
    yield "simultaneous", segment(0, flags=SYN) + segment(0, flags=SYN, back=True) + segment(1, 9) + segment(1, 9, back=True)
    yield "keep-alive", opening + talk[0] + segment(60, 1, differs=True) + talk[1]
    yield "acknowledged-first", segment(1, 0, ack=200, back=True) + segment(150, 60) + segment(210, 9)
    yield "many", b"".join(segment(0, flags=SYN, conn=n & 3) + segment(9, 200, conn=n & 3) for n in range(12))
    yield "late-syn", segment(100) + segment(50, 10) + segment(49, flags=SYN) + segment(100, 9)


def bounded():
    for name, data in reassembly():
        for bounds in (0x02, 0x5F, 0xE7):
            yield "%s-%02x" % (name, bounds), bytes((bounds,)) + data


def turns(*said):
    """Client first, then by turns; a number is so many lost bytes; a pair is (bits, bytes)."""
    out, side = b"", 0
    for item in said:
        bits, data = item if isinstance(item, tuple) else (side, item)
        if isinstance(data, int):
            bits, data = bits | 2, b"?" * data
        out += struct.pack(">BH", bits, len(data)) + data
        side = (bits & 1) ^ 1
    return out


def response(fields, body=b"", status=b"200 OK"):
    return b"HTTP/1.1 " + status + b"\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + body


def request(fields=(), body=b"", line=b"GET / HTTP/1.1"):
    return line + b"\r\n" + b"".join(f + b"\r\n" for f in fields) + b"\r\n" + body


def conversations():
    chunks = b"5;x=y\r\nfluff\r\n6\r\ny tail\r\n0\r\nT: x\r\n\r\n"
    chunked, gz = b"Transfer-Encoding: chunked", gzip.compress(TEXT, mtime=0)
    length = lambda n: b"Content-Length: %d" % n
    yield "plain", turns(GET, OK, GET, OK)
    yield "post", turns(request([length(5)], b"hello", b"POST /p HTTP/1.1"), response([length(0)]))
    yield "chunked", turns(request([chunked], chunks, b"PUT /c HTTP/1.1"), response([chunked], chunks))
    yield "gzip", turns(GET, response([length(len(gz)), b"Content-Encoding: gzip"], gz))
    yield "gzip-chunked", turns(GET, response([chunked, b"Content-Encoding: gzip"], b"%x\r\n" % len(gz) + gz + b"\r\n0\r\n\r\n"))
    yield "pipelined", turns(GET * 3, OK * 3)
    yield "until-close", turns(GET, (5, response([], b"to the end")))
    yield "head", turns(request(line=b"HEAD / HTTP/1.1"), response([length(9)]), GET, OK)
    yield "304", turns(GET, response([length(9)], status=b"304 Not Modified"), GET, OK)
    yield "interim", turns(request([b"Expect: 100-continue", length(2)], line=b"POST / HTTP/1.1"), response([], status=b"100 Continue"), b"hi", OK)
    yield "refused", turns(request([b"Expect: 100-continue", length(2)], line=b"POST / HTTP/1.1"), response([length(0)], status=b"417 No"), GET, OK)
    yield "early-hints", turns(GET, response([b"Link: x"], status=b"103 Early Hints") + OK)
    yield "only-interim", turns(GET, response([], status=b"102 Processing"))
    yield "connect", turns(request(line=b"CONNECT a:80 HTTP/1.1"), response([]), GET, OK)
    yield "upgrade", turns(request([b"Upgrade: x", b"Connection: upgrade"]), response([b"Upgrade: x"], b"\x81\x05hello", b"101 Switching"), b"\x81\x80")
    yield "http09", turns(b"GET /old\r\n", (5, b"<html>fluffy tail</html>"))
    yield "bare-request", turns(b"GET /old\r\nHost: x\r\n\r\n", OK)
    yield "icy", turns(GET, b"ICY 200 OK\r\nicy-name: x\r\n\r\n")
    yield "http2", turns(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
    yield "tls", turns(b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03", b"\x16\x03\x03")
    yield "ssh", turns(b"SSH-2.0-x\r\n", b"SSH-2.0-y\r\n")
    yield "lf-only", turns(b"GET / HTTP/1.1\nHost: x\n\n", b"HTTP/1.1 200 OK\nContent-Length: 2\n\nhi")
    yield "fold", turns(request([b"A: b", b"  c", b"\td", b"B :e", b"F", b": g", b" : h"]), response([b" Odd: x", length(0)]))
    yield "bare-cr", turns(b"GET / HTTP/1.1\rHost: x\r\nA: b\rC: d\r\n\r\n", OK)
    yield "blank", turns(b"\r\n\r\n" + GET, b"\n" + OK)
    yield "odd-lines", turns(b"get  /a b  http/1.1 \r\n\r\nM-SEARCH * HTTP/1.1\r\n\r\nGET / HTTP/1.10\r\n\r\n", b"HTTP/1.1 200\r\n\r\n")
    yield "lengths", turns(request([b"Content-Length: 2", b"Content-Length: 3"], b"abc"), response([b"Content-Length: +3, 3", b"Connection: close"], b"abc"))
    yield "te-cl", turns(request([chunked, length(3)], b"0\r\n\r\n"), response([b"Transfer-Encoding: \x0bchunked, x"], b"3 \r\nabc0\r\n\r\n"))
    yield "not-chunked", turns(GET, response([chunked, length(3)], b"abc") + OK)
    yield "chunk-sizes", turns(GET, response([chunked], b"0x3\r\nabc\r\n fffffffffffffffff\r\n"))
    yield "negative", turns(GET, response([b"Content-Length: -1"], b"abc"))
    yield "overflow", turns(request([b"Content-Length: 18446744073709551616"]), response([b"Content-Length: 18446744073709551615"], b"abc"), (3, 9))
    yield "multipart", turns(GET, response([b"Content-Type: multipart/byteranges; boundary=x", length(20)], b"--x\r\n\r\nabc\r\n--x--\r\n", b"206 Partial Content"))
    yield "hole-in-body", turns(GET, response([length(20)], b"abc"), (3, 10), (1, b"1234567"), GET, OK)
    yield "hole-in-chunk", turns(GET, response([chunked], b"14\r\nabc"), (3, 10), (1, b"1234567\r\n0\r\n\r\n"), GET, OK)
    yield "hole-in-head", turns(GET[:20], (2, 9), GET, OK, GET, (3, 9), (1, OK))
    yield "hole-between", turns(GET, OK, (2, 40), (3, 60), (0, GET), OK)
    yield "orphan", turns((1, OK), (1, OK))
    yield "orphan-head", turns((1, response([length(99)])), (1, OK))
    yield "unanswered", turns(GET, (0, GET), (4, b""))
    yield "speaks-first", turns((1, b"220 hello\r\n"), b"EHLO x\r\n", GET, OK)
    yield "long-head", turns(request([b"X: " + b"y" * 400]), OK)
    yield "many-fields", turns(request([b"N%d: v" % n for n in range(120)]), OK)
    yield "trailers", turns(GET, response([chunked], b"0\r\nA: b\r\n c\r\n\r\n") + OK)
    yield "junk-between", turns(GET, OK + b"junk", GET, OK)
    yield "cut-body", turns(GET, (5, response([length(99)], b"abc")))
    connect = request([b"Proxy-Authorization: Basic dTpw"], line=b"CONNECT a:80 HTTP/1.1")
    v2 = b"\r\n\r\n\0\r\nQUIT\n\x21\x11" + struct.pack(">H", 17) + b"\x0a\0\0\1\x0a\0\0\2\x9c\x40\0\x50\4\0\2ab"
    yield "proxy-v1", turns(b"PROXY TCP4 10.0.0.1 10.0.0.2 40000 80\r\n" + connect, response([]), GET, OK)
    yield "proxy-v2", turns(v2 + request(line=b"GET ?a HTTP/1.1"), OK)
    yield "socks-4", turns(b"\4\1\0\x50\0\0\0\1u\0a\0" + connect, response([]))
    yield "socks-5", turns(b"\5\1\2\1\1u\1p\5\1\0\3\1a\0\x50" + request(line=b"FROB a HTTP/1.1"), OK)
    yield "odd-versions", turns(request([b"A: b"], line=b"GET / JUNK/1.0") + request([b"A: b"], line=b"GET /\0 HTTP 1.1"), OK + OK)
    yield "early-answer", turns(request([length(9)], b"abc", b"POST / HTTP/1.1"), OK, (0, b"defghi"), GET, OK)


def cut():
    for at, (name, data) in enumerate(conversations()):
        for shape in ((at * 7 & 31) | 0x20, 0xA0, 0x04 | (at & 1) << 6):
            yield "%s-%02x" % (name, shape), bytes((shape,)) + data


def captures():
    yield "plain", packets(raw(conversation()))
    yield "twice", packets(raw([*conversation(), *conversation(ports=(40001, 8080))]))
    yield "reordered", packets(raw(list(conversation())[::-1]))
    yield "quiet", packets(raw(conversation()), delay=2)
    yield "cut", packets(raw(conversation()), cut=20)
    gz = gzip.compress(TEXT, mtime=0)
    yield "gzip", packets(raw(conversation(response=response([b"Content-Encoding: gzip", b"Content-Length: %d" % len(gz)], gz))))
    tls = b"\x16\x03\x01\0\x2f\x01\0\0\x2b\x03\x03" + b"r" * 32 + b"\0\0\2\x13\1\1\0\0\0"
    yield "tls", packets(raw(conversation(tls, b"\x16\x03\x03\0\1x")))
    yield "datagram", packets([(101, ip4(udp(b"a fluffy tail"), 17))])
    yield "canary", packets(raw(conversation(b"hello fluffy tail\n", b"tail?\n")))
    yield "flood", packets(raw([ip4(tcp(b"", n, 0, SYN, (1000 + n, 80))) for n in range(40)]))
    for at, items in enumerate(fragments()):
        yield "fragments-%d" % at, packets(raw(items))
    for at, data in enumerate(tunnels()):
        if at % 3 == 0:
            yield "tunnel-%d" % at, packets(raw([data]))


def sized():
    for at, (name, data) in enumerate(captures()):
        for first in (at & 1, 0x46 | (at & 1)):
            yield "%s-%02x" % (name, first), bytes((first,)) + data[1:]


TARGETS = {"file": file, "decode": decode, "content": content, "tcp": bounded, "http1": cut, "analyzer": sized}


def main():
    out = pathlib.Path(sys.argv[1])
    for target, make in TARGETS.items():
        folder = out / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, data in make():
            (folder / name).write_bytes(data)


if __name__ == "__main__":
    main()
