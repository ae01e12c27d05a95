#!/usr/bin/env python3
"""Innocent traffic: real files of many kinds, served by nginx and captured, in which nothing is a secret.

    benches/innocent.py OUT.pcap [--cache DIR]

Fetches published npm and PyPI packages (npm pack, pip download), adds logs and JSON with hashes and UUIDs,
serves all of it with and without gzip, gets each file once with curl, and captures that on loopback with
tcpdump. Then

    plainsight replay --fail-on-leak OUT.pcap

must end with 0. Needs nginx, tcpdump with the right to capture, curl, npm and pip.
"""
import argparse, hashlib, json, os, pathlib, random, signal, subprocess, sys, tarfile, tempfile, time, urllib.parse, uuid, zipfile

# Packages that print secrets for show, in their documentation or tests, are left out: those are found,
# and should be (aws-sdk, botocore, ansible-core, passlib, pydantic, pyjwt, sqlalchemy, ethers, jsrsasign, wagtail and others).
NPM = """react-dom@18 lodash@4 jquery@3 bootstrap@5 @fortawesome/fontawesome-free@6 three@0.160 d3@7 vue@3 moment@2
highlight.js@11 chart.js@4 swagger-ui-dist@5 prismjs@1 katex@0.16 leaflet@1 flag-icons@7 axios@1 express@4
webpack@5 passport@0.7 jsonwebtoken@9 react@18 angular@1 typescript@5 @babel/parser@7 eslint@8 rollup@4 vite@5
tailwindcss@3 prettier@3 mocha@10 socket.io@4 koa@2 mongoose@8 mysql2@3 redis@4 sequelize@6 nodemailer@6
@sentry/browser@7 tinymce@6 codemirror@5 pdfjs-dist@4 echarts@5 semantic-ui-css@2 @mdi/font@7 material-icons@1
@fontsource/roboto@5 simple-icons@9 crypto-js@4 tweetnacl@1 jose@5 keycloak-js@23 @supabase/supabase-js@2 openai@4""".split()
PYPI = """django requests flask boto3 matplotlib jinja2 faker jupyterlab plotly certifi sphinx cryptography
oauthlib httpx werkzeug google-auth msal numpy pandas scipy scikit-learn notebook nltk aiohttp celery redis
pymongo pip setuptools sympy pygments docutils mkdocs-material""".split()
# Larger files add bytes, not kinds.
LARGEST = 3 << 20


def fetch(cache: pathlib.Path, npm: list[str], pypi: list[str]) -> list[pathlib.Path]:
    """The packages' archives."""
    archives = []
    for name in npm:
        folder = cache / "npm" / name.replace("/", "_")
        if not folder.exists():
            folder.mkdir(parents=True)
            subprocess.run(["npm", "pack", "--silent", "--pack-destination", folder, name], stdout=subprocess.DEVNULL)
        archives += folder.glob("*.tgz")
    for name in pypi:
        folder = cache / "pypi" / name
        if not folder.exists():
            folder.mkdir(parents=True)
            subprocess.run([sys.executable, "-m", "pip", "download", "-q", "--no-deps", "-d", folder, name])
        archives += [*folder.glob("*.whl"), *folder.glob("*.tar.gz")]
    return archives


def unpack(archive: pathlib.Path, into: pathlib.Path):
    into.mkdir(parents=True)
    if archive.suffix == ".whl":
        zipfile.ZipFile(archive).extractall(into)
    else:
        tarfile.open(archive).extractall(into, filter="data")


def made(folder: pathlib.Path, seed: int):
    """Logs and answers of APIs, full of what looks like chance and is none of anyone's secrets."""
    folder.mkdir()
    chance = random.Random(seed)
    hexes = lambda n: "".join(chance.choices("0123456789abcdef", k=n))
    words = "open close read write retry flush index merge request session token cache user key page".split()
    lines = []
    for number in range(20_000):
        level = chance.choice(["INFO", "DEBUG", "WARN"])
        lines.append(
            f"2026-01-{number % 28 + 1:02}T10:{number % 60:02}:00Z {level} [{hexes(16)}] {chance.choice(words)} "
            f"id={uuid.UUID(int=chance.getrandbits(128), version=4)} sha256={hexes(64)} etag=\"{hexes(32)}\" "
            f"commit {hexes(40)} took {chance.random() * 90:.3f} ms from 10.0.{number % 256}.{number % 250}:{chance.randrange(1024, 65535)}"
        )
    (folder / "server.log").write_text("\n".join(lines))
    for part in range(20):
        items = [
            {
                "id": str(uuid.UUID(int=chance.getrandbits(128), version=4)),
                "url": f"https://api.burrow.test/v1/items/{chance.getrandbits(40)}?page_token={hexes(24)}",
                "digest": "sha256:" + hexes(64),
                "etag": hexes(32),
                "integrity": "sha512-" + "".join(chance.choices("ABCDEFabcdef0123456789+/", k=86)) + "==",
                "created": f"2026-02-{number % 28 + 1:02}",
                "tags": chance.sample(words, 3),
                "nextPageToken": hexes(40),
                "csrfToken": hexes(32),
                "tokenType": "Bearer",
                "passwordLastChanged": "2026-01-01",
                "thumbnail": "data:image/png;base64," + "".join(chance.choices("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/", k=200)),
            }
            for number in range(500)
        ]
        (folder / f"items-{part}.json").write_text(json.dumps({"items": items}, indent=part % 3 or None))


CONFIG = """
daemon off; worker_processes 1; pid {root}/nginx.pid; error_log {root}/error.log;
events {{ worker_connections 256; }}
http {{
  include /etc/nginx/mime.types; default_type text/plain; access_log off;
  types_hash_max_size 4096;
  server {{ listen 127.0.0.1:{plain}; root {files}; }}
  server {{ listen 127.0.0.1:{packed}; root {files}; gzip on; gzip_types *; gzip_min_length 100; }}
}}
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out")
    parser.add_argument("--cache", default=os.path.join(tempfile.gettempdir(), "innocent"), help="where packages are kept")
    parser.add_argument("--npm", nargs="*", default=NPM, help="other packages of npm")
    parser.add_argument("--pypi", nargs="*", default=PYPI, help="other packages of PyPI")
    parser.add_argument("--plain", type=int, default=5691, help="the port without gzip")
    parser.add_argument("--packed", type=int, default=5692, help="the port with gzip")
    arguments = parser.parse_args()
    cache = pathlib.Path(arguments.cache)
    files = cache / "files"
    if not files.exists():
        archives = fetch(cache, arguments.npm, arguments.pypi)
        for archive in archives:
            unpack(archive, files / archive.name)
        made(files / "made", 1)
    subprocess.run(["chmod", "-R", "a+rX", str(cache)])
    wanted = [path for path in sorted(files.rglob("*")) if path.is_file() and 0 < path.stat().st_size <= LARGEST]
    with tempfile.TemporaryDirectory() as root:
        os.chmod(root, 0o755)
        config = pathlib.Path(root, "nginx.conf")
        config.write_text(CONFIG.format(root=root, files=files, plain=arguments.plain, packed=arguments.packed))
        # Half of the files each way.
        asked = pathlib.Path(root, "urls")
        with asked.open("w") as urls:
            for path in wanted:
                packed = hashlib.sha256(str(path).encode()).digest()[0] & 1
                port = arguments.packed if packed else arguments.plain
                name = urllib.parse.quote(str(path.relative_to(files)))
                urls.write(f'url = "http://127.0.0.1:{port}/{name}"\noutput = "/dev/null"\n')
        nginx = subprocess.Popen(["nginx", "-c", str(config), "-p", root])
        time.sleep(1)
        ports = f"tcp port {arguments.plain} or tcp port {arguments.packed}"
        capture = subprocess.Popen(["tcpdump", "-i", "lo", "-U", "-B", "65536", "-w", arguments.out, ports])
        time.sleep(1)
        try:
            subprocess.run(["curl", "-s", "-g", "-H", "Accept-Encoding: gzip", "-K", str(asked)], check=False)
            time.sleep(2)
        finally:
            for process in (capture, nginx):
                process.send_signal(signal.SIGTERM)
                process.wait()
    total = sum(path.stat().st_size for path in wanted)
    print(json.dumps({"files": len(wanted), "bytes": total, "capture": os.path.getsize(arguments.out)}))


if __name__ == "__main__":
    main()
