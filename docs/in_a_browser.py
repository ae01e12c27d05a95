#!/usr/bin/env python3
"""Send a browser the answers whose bodies we read otherwise than tshark, and say with whom it agrees.

    in_a_browser.py CAPTURES EXPECTED PLAINSIGHT

The captures are those of differences.md's rows on bodies; EXPECTED has tshark's view of each,
NAME.json. What the server sent in the first stream is sent once more, byte for byte, to a headless
Chromium, which fetches it and hashes what its page sees. Needs tshark and chromium.
"""
import json, os, re, socket, subprocess, sys, tempfile, threading

PAGE = """<!doctype html><pre></pre><script>
(async () => {
  const lines = [];
  for (let n = 0; n < COUNT; n++) {
    try {
      const stop = new AbortController();
      setTimeout(() => stop.abort(), 1500);
      const body = await (await fetch('/' + n, {signal: stop.signal})).arrayBuffer();
      const hash = new Uint8Array(await crypto.subtle.digest('SHA-256', body));
      lines.push([...hash].map(byte => byte.toString(16).padStart(2, '0')).join(''));
    } catch (error) { lines.push('refused'); }
  }
  document.querySelector('pre').textContent = lines.join(' ');
})();
</script>"""
FLAGS = "--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking " \
        "--disable-component-update --disable-sync --dump-dom --virtual-time-budget=200000"


def sent_by_server(capture):
    """The indented lines of tshark's raw view of the first stream."""
    follow = ["tshark", "-r", capture, "-q", "-z", "follow,tcp,raw,0"]
    lines = subprocess.run(follow, capture_output=True, text=True, check=True).stdout.splitlines()
    raw = [line.strip() for line in lines if line.startswith("\t")]
    return b"".join(bytes.fromhex(line) for line in raw if re.fullmatch("[0-9a-f]+", line))


def ours(program, capture):
    lines = subprocess.run([program, "replay", "--no-leaks", "--format", "json", "--sha256", capture],
                           capture_output=True, text=True).stdout.splitlines()
    answers = [json.loads(line).get("response") for line in lines]
    return [answer["body"].get("sha256") for answer in answers if answer]


def serve(listener, answers, page):
    def answer(connection):
        with connection:
            head = b""
            while b"\r\n\r\n" not in head:
                more = connection.recv(4096)
                if not more:
                    return
                head += more
            number = head.split()[1][1:]
            if number.isdigit():
                connection.sendall(answers[int(number)])
            elif not number:
                connection.sendall(b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n" + page.encode())
            else:
                connection.sendall(b"HTTP/1.0 404 Not Found\r\n\r\n")

    while True:
        threading.Thread(target=answer, args=(listener.accept()[0],), daemon=True).start()


def main():
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    captures, expected, program = sys.argv[1:]
    with open(os.path.join(os.path.dirname(os.path.abspath(__file__)), "differences.md")) as document:
        names = sorted({row.split(" | ")[0].strip("| ") for row in document if " | body | " in row})
    answers = [sent_by_server(os.path.join(captures, name)) for name in names]
    listener = socket.create_server(("127.0.0.1", 0))
    page = PAGE.replace("COUNT", str(len(names)))
    threading.Thread(target=serve, args=(listener, answers, page), daemon=True).start()
    with tempfile.TemporaryDirectory() as profile:
        address = "http://127.0.0.1:%d/" % listener.getsockname()[1]
        command = ["chromium", *FLAGS.split(), "--user-data-dir=" + profile, address]
        shown = subprocess.run(command, capture_output=True, text=True).stdout
    hashes = re.search("<pre>(.*?)</pre>", shown, re.S)[1].split()
    counts = dict.fromkeys(["as we do", "as tshark does", "as both do", "refused", "otherwise"], 0)
    for name, browser in zip(names, hashes):
        with open(os.path.join(expected, name + ".json")) as view:
            theirs = [answer["body_sha256"] for answer in json.load(view)["responses"]]
        we, they = browser in ours(program, os.path.join(captures, name)), browser in theirs
        other = "refused" if browser == "refused" else "otherwise"
        verdict = "as both do" if we and they else "as we do" if we else "as tshark does" if they else other
        counts[verdict] += 1
        print("%-14s %s" % (verdict, name))
    print(", ".join("%d %s" % (count, verdict) for verdict, count in counts.items()))


if __name__ == "__main__":
    main()
