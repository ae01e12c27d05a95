#!/usr/bin/env python3
"""Send browsers the answers whose bodies we read otherwise than tshark, and say with whom they agree.

    in_a_browser.py CAPTURES EXPECTED PLAINSIGHT BROWSER...

The captures are those of differences.md's rows on bodies; EXPECTED has tshark's view of each,
NAME.json. What the server sent in the row's stream is sent once more, byte for byte, to each
BROWSER without a window (chromium, firefox-esr), whose page fetches it and hashes what it sees.
Needs tshark.
"""
import collections, hashlib, json, os, re, signal, socket, subprocess, sys, tempfile, threading

PAGE = """<!doctype html><script>
(async () => {
  const lines = [];
  for (let n = 0; n < COUNT; n++) {
    try {
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 1500);
      const body = await (await fetch('/' + n, {signal: stop.signal})).arrayBuffer();
      lines.push([...new Uint8Array(body)].map(byte => byte.toString(16).padStart(2, '0')).join(''));
    } catch (error) { lines.push('refused'); }
  }
  await fetch('/seen', {method: 'POST', body: lines.join(' ')});
})();
</script>"""
CHROMIUM = ["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
            "--disable-component-update", "--disable-sync"]


def rows():
    """Capture and packet of each row on a body."""
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "differences.md")) as document:
        return [tuple(row.strip("| ").split(" | ")[:2]) for row in document if " | body | " in row]


def tshark(capture, *arguments):
    return subprocess.run(["tshark", "-r", capture, *arguments], capture_output=True, text=True, check=True).stdout


def sent_by_server(capture, packet):
    """The indented lines of tshark's raw view of the packet's stream."""
    stream = tshark(capture, "-Y", "frame.number==" + packet, "-T", "fields", "-e", "tcp.stream").strip()
    lines = tshark(capture, "-q", "-z", "follow,tcp,raw," + stream).splitlines()
    return b"".join(bytes.fromhex(line) for line in lines if re.fullmatch("\t[0-9a-f]+", line))


def ours(program, capture):
    """The hashes of the bodies that we see; a body that may not be has none."""
    lines = subprocess.run([program, "replay", "--no-leaks", "--format", "json", "--sha256", capture],
                           capture_output=True, text=True, check=True).stdout.splitlines()
    bodies = [answer["body"] for answer in (json.loads(line).get("response") for line in lines) if answer]
    return {body.get("sha256") or hashlib.sha256(b"").hexdigest() for body in bodies}


class Server:
    """Gives out the page and the answers, and takes what the page saw."""

    def __init__(self, answers):
        self.answers, self.seen, self.done = answers, [], threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.address = "http://127.0.0.1:%d/" % self.listener.getsockname()[1]
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        while True:
            threading.Thread(target=self.answer, args=(self.listener.accept()[0],), daemon=True).start()

    def answer(self, connection):
        with connection, connection.makefile("rb") as lines:
            target = (lines.readline().split() + [b"", b"/?"])[1][1:].decode()
            fields = dict(line.lower().split(b": ", 1) for line in iter(lines.readline, b"\r\n") if b": " in line)
            if target == "seen":
                self.seen = lines.read(int(fields[b"content-length"])).decode().split(" ")
                self.done.set()
            elif target.isdigit():
                connection.sendall(self.answers[int(target)])
            else:
                page = PAGE.replace("COUNT", str(len(self.answers)))
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + page.encode())


def seen_by(browser, answers):
    """The hash of each body that the browser's page sees, or `refused`."""
    server = Server(answers)
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        own = ["--headless", "--no-remote", "--profile", profile] if "firefox" in browser else \
              [*CHROMIUM, "--user-data-dir=" + profile]
        quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
        process = subprocess.Popen([browser, *own, server.address], start_new_session=True, **quiet)
        ended = server.done.wait(300)
        os.killpg(process.pid, signal.SIGTERM)
        process.wait()
    if not ended:
        sys.exit(browser + " said nothing within 5 minutes")
    hashed = (body if body == "refused" else hashlib.sha256(bytes.fromhex(body)).hexdigest() for body in server.seen)
    return list(hashed)


def main():
    if len(sys.argv) < 5:
        sys.exit(__doc__)
    captures, expected, program, *browsers = sys.argv[1:]
    answers = [sent_by_server(os.path.join(captures, name), packet) for name, packet in rows()]
    verdicts = []
    for browser in browsers:
        verdicts.append([])
        for (name, _), body in zip(rows(), seen_by(browser, answers)):
            with open(os.path.join(expected, name + ".json")) as view:
                they = body in {answer["body_sha256"] for answer in json.load(view)["responses"]}
            we = body in ours(program, os.path.join(captures, name))
            verdicts[-1].append("both" if we and they else "ours" if we else "tshark" if they else
                                "refused" if body == "refused" else "own")
    for (name, packet), views in zip(rows(), zip(*verdicts)):
        print(*("%-8s" % view for view in views), name, packet)
    for browser, views in zip(browsers, verdicts):
        print(browser, dict(collections.Counter(views)))


if __name__ == "__main__":
    main()
