#!/usr/bin/env python3
"""Run plainsight and its peers over the same captures, and print what each costs and finds.

    compare.py [--mb 200] [--runs 5] [--against OLD] [--only TOOL] [--without TOOL]… [CAPTURE…]

The captures are made once, by mkpcap.py and npm.py, and kept in target/bench. Each round runs
every tool once, one after the other, so that what slows the machine slows all; the minimum of all
rounds counts. Times are the whole process's, user and system. Memory is its peak as /proc tells it
while it runs, and that of what is not shared with a file: looked at in a run of its own, since to
look takes a core's time. `x` is CPU as a multiple of `tcpdump -r CAPTURE -w /dev/null` in the same
run. Found are exchanges with a complete answer; the truth is the captures' own. A tool that takes
more than --patience seconds runs in that one alone. A tool that is not installed is named at the end.

--against OLD adds an older plainsight, the program at the path OLD: each of plainsight's rows is
followed by the same command with that program, named "… [old]". In each round the two alternate, old,
new, old, new, so that both meet the machine in the same state. The last column of the new one's row
is the ratio of the two minima of CPU, new to old: below 1.00 the new one is faster. `--only
plainsight` leaves out the peers.
"""
import argparse, datetime, json, os, pathlib, platform, re, shutil, subprocess, sys, tempfile, threading, time

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parent / "target" / "bench"
KINDS = ["small", "large", "conns", "noise", "lossy", "npm"]
OFF = ["--no-leaks", "--max-body", "0"]


# Follows the name of a row of the program that `--against` names.
OLD = " [old]"


def ours(*options):
    return ["{program}", "replay", "--quiet", "--format", "json", *options, "{capture}"]


# Name, command, what a line of its output holds that tells of an answer.
TOOLS = [
    ("cat", ["cat", "{capture}"], None),
    ("tcpdump -w /dev/null", ["tcpdump", "-r", "{capture}", "-w", "/dev/null"], None),
    ("plainsight, leaks off", ours("--threads", "1", *OFF), rb'"type":"exchange".*"response":\{'),
    ("plainsight, leaks off, 2 threads", ours("--threads", "2", *OFF), rb'"type":"exchange".*"response":\{'),
    ("plainsight", ours("--threads", "1"), rb'"type":"exchange".*"response":\{'),
    ("plainsight, 2 threads", ours("--threads", "2"), rb'"type":"exchange".*"response":\{'),
    ("httpry", ["httpry", "-r", "{capture}", "-o", "/dev/stdout"], rb"\t<\t"),
    ("tcpflow", ["tcpflow", "-r", "{capture}", "-o", "{scratch}"], None),
    ("tcpflow -e http", ["tcpflow", "-e", "http", "-r", "{capture}", "-o", "{scratch}"], None),
    ("tshark -Y http", ["tshark", "-n", "-r", "{capture}", "-Y", "http.response", "-T", "fields", "-e", "http.response.code"], rb"."),
    ("suricata", ["suricata", "-r", "{capture}", "-S", "/dev/null", "-l", "{scratch}", "--runmode", "single"], None),
]


def rows(args):
    """The tools that are here and wanted, and each of plainsight's rows once more where there is an older one."""
    rows = []
    for name, command, pattern in TOOLS:
        rows.append((name, command, pattern))
        if args.against and command[0] == "{program}":
            rows.append((name + OLD, ["{against}", *command[1:]], pattern))
    return [
        row for row in rows
        if shutil.which(row[1][0].format(program=args.program, against=args.against))
        and args.only in row[0] and not any(without in row[0] for without in args.without)
    ]


def turns(tools):
    """The tools in the order in which a round runs them: where there are an old and a new one, alternating."""
    named = {tool[0]: tool for tool in tools}
    for tool in tools:
        name = tool[0].removesuffix(OLD)
        if name in named and name + OLD in named:
            yield from [named[name + OLD], named[name]]
        else:
            yield tool


def capture(kind, mb):
    """The capture's path and what is true of it."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    path = FOLDER / ("npm.pcap" if kind == "npm" else "%s-%d.pcap" % (kind, mb))
    truth = path.with_suffix(".json")
    if not truth.exists():
        print("making", path, file=sys.stderr)
        program = ["npm.py", str(path)] if kind == "npm" else ["mkpcap.py", kind, str(path), "--mb", str(mb)]
        made = subprocess.run([sys.executable, HERE / program[0], *program[1:]], stdout=subprocess.PIPE, check=True)
        truth.write_bytes(made.stdout.splitlines()[-1])
    return path, json.loads(truth.read_text())


def follow(pid, peaks, done):
    """A process's peak memory, and that of what is its own, looked at every 5 ms. What the kernel
    tells at its end would count the memory of whoever started it, too."""
    while not done.wait(0.005):
        try:
            for line in open("/proc/%d/status" % pid):
                name, _, value = line.partition(":")
                if name in peaks:
                    peaks[name] = max(peaks[name], int(value.split()[0]) * 1024)
        except OSError:
            return


def run(command, out, watch):
    """CPU and wall seconds, and where somebody is to `watch` peak memory and peak anonymous memory;
    None where it failed."""
    began = time.monotonic()
    program = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)
    peaks, done = {"VmHWM": 0, "RssAnon": 0}, threading.Event()
    follower = threading.Thread(target=follow, args=(program.pid, peaks, done)) if watch else None
    if follower:
        follower.start()
    _, status, usage = os.wait4(program.pid, 0)
    wall = time.monotonic() - began
    program.returncode = status
    done.set()
    if follower:
        follower.join()
    if status:
        return None
    return usage.ru_utime + usage.ru_stime, wall, peaks["VmHWM"], peaks["RssAnon"]


def found(command, pattern, scratch):
    """How many lines of its output hold the pattern."""
    with tempfile.TemporaryFile(dir=scratch) as out:
        subprocess.run(command, stdin=subprocess.DEVNULL, stdout=out, stderr=subprocess.DEVNULL)
        out.seek(0)
        return sum(1 for line in out if re.search(pattern, line))


def measure(kind, path, truth, args):
    print("\n%s: %d bytes, %s exchanges" % (kind, path.stat().st_size, truth.get("exchanges", "?")))
    head = "%-38s %9s %8s %8s %9s %9s %9s" % ("", "CPU s", "x", "wall s", "RSS MB", "anon MB", "found")
    print(head + (" %8s" % "new/old" if args.against else ""))
    tools = rows(args)
    best, peaks, failed, counts = {}, {}, set(), {}
    # The first round is for memory and for what is found.
    for number in range(args.runs + 1):
        for name, command, pattern in tools if number == 0 else turns(tools):
            if name in failed or (number > 0 and best.get(name, (0, 0))[1] > args.patience):
                continue
            with tempfile.TemporaryDirectory(dir=args.scratch) as scratch, open(os.devnull, "wb") as nothing:
                words = [word.format(program=args.program, against=args.against, capture=path, scratch=scratch) for word in command]
                figures = run(words, nothing, number == 0)
                if number == 0 and pattern and figures:
                    counts[name] = found(words, pattern, scratch)
            if figures is None:
                failed.add(name)
                continue
            if number == 0:
                peaks[name] = figures[2:]
            if number > 0 or figures[1] > args.patience:
                best[name] = tuple(map(min, best.get(name, figures[:2]), figures[:2]))
    copy = best.get("tcpdump -w /dev/null", (0,))[0]
    for name, _, _ in tools:
        if name not in best:
            print("%-38s failed" % name)
            continue
        (cpu, wall), (memory, own) = best[name], peaks[name]
        ratio = "%8.2f" % (cpu / copy) if copy else " " * 8
        old = best.get(name + OLD, (0,))[0]
        print("%-38s %9.2f %s %8.2f %9.1f %9.1f %9s%s" % (
            name, cpu, ratio, wall, memory / 1e6, own / 1e6, counts.get(name, ""), " %8.3f" % (cpu / old) if old else ""))
    if truth.get("bodies") and best.get("plainsight"):
        rate = truth["bodies"] / best["plainsight"][0] / 1e9
        print("bodies, decoded: %.0f MB; plainsight with leaks on: %.2f GB a CPU second" % (truth["bodies"] / 1e6, rate))
    sys.stdout.flush()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("captures", nargs="*", metavar="CAPTURE", help="of: " + " ".join(KINDS))
    parser.add_argument("--mb", type=int, default=200, help="of payload in each made capture")
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--against", metavar="OLD", help="an older plainsight, to run by turns with this one")
    parser.add_argument("--only", default="", help="tools whose name holds this")
    parser.add_argument("--without", action="append", default=[], help="no tools whose name holds this; may be given again")
    parser.add_argument("--patience", type=float, default=6, help="a tool that takes more seconds runs once")
    parser.add_argument("--program", default=str(HERE.parent / "target" / "release" / "plainsight"))
    parser.add_argument("--scratch", default=None, help="where peers write")
    args = parser.parse_args()
    if args.against and not shutil.which(args.against):
        parser.error("cannot run %s" % args.against)
    model = next((line.split(":")[1].strip() for line in open("/proc/cpuinfo") if line.startswith("model name")), "?")
    print("%s, %s, %d cores, %s" % (datetime.date.today(), model, os.cpu_count(), platform.platform()))
    for kind in args.captures or KINDS:
        path, truth = capture(kind, args.mb)
        measure(kind, path, truth, args)
    missing = sorted({command[0] for _, command, _ in TOOLS if "{" not in command[0] and not shutil.which(command[0])})
    print("\nnot installed: %s" % (", ".join(missing) or "none"))


if __name__ == "__main__":
    main()
