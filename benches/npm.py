#!/usr/bin/env python3
"""Makes a capture of real web content: what npm packages publish, served by nginx to curl.

    npm.py OUT.pcap [--keep DIR]

Fetches fixed versions of well-known packages with `npm pack`, serves their scripts, pages, styles,
JSON, images and fonts by nginx on loopback, text gzipped on the fly and so chunked, and captures
with tcpdump what curl fetches over a few connections. The last line printed is a JSON object:
exchanges, bytes of bodies (decoded), bytes captured. Everything runs in a network namespace of its own where that
is allowed. Needs npm, nginx, curl, tcpdump and unshare.
"""
import argparse, json, os, pathlib, shutil, signal, subprocess, sys, tarfile, tempfile, time

PACKAGES = """
bootstrap@5.3.3 jquery@3.7.1 lodash@4.17.21 typescript@5.6.3 three@0.170.0 moment@2.30.1 d3@7.9.0
@fortawesome/fontawesome-free@6.6.0 font-awesome@4.7.0 react-dom@18.3.1 vue@3.5.12 swagger-ui-dist@5.18.2
pdfjs-dist@4.8.69 leaflet@1.9.4 katex@0.16.11 monaco-editor@0.52.0 ionicons@7.4.0 chart.js@4.4.6
emoji-datasource@15.1.2 @babel/standalone@7.26.2
""".split()
KINDS = {".js", ".mjs", ".cjs", ".ts", ".css", ".scss", ".html", ".json", ".map", ".svg", ".md", ".txt",
         ".png", ".jpg", ".jpeg", ".gif", ".webp", ".ico", ".woff", ".woff2", ".ttf", ".otf", ".eot", ".wasm"}
NGINX = """
worker_processes 1; daemon off; pid {dir}/nginx.pid; error_log {dir}/error.log;
events {{ worker_connections 64; }}
http {{
    include /etc/nginx/mime.types; access_log off; sendfile off; keepalive_requests 100000;
    client_body_temp_path {dir}/t; proxy_temp_path {dir}/t; fastcgi_temp_path {dir}/t; uwsgi_temp_path {dir}/t;
    scgi_temp_path {dir}/t;
    gzip on; gzip_comp_level 6; gzip_min_length 256;
    gzip_types text/plain text/css text/markdown application/javascript application/json image/svg+xml
        application/xml font/ttf application/wasm;
    server {{ listen 127.0.0.1:8080; root {root}; }}
}}
"""
CONNECTIONS = 4


def run(*command, **options):
    return subprocess.run(command, check=True, **options)


def fetch(where):
    for package in PACKAGES:
        name = package.replace("/", "-").replace("@", "-").strip("-")
        if (where / name).is_dir():
            continue
        made = run("npm", "pack", "--silent", package, cwd=where, stdout=subprocess.PIPE, text=True)
        archive = where / made.stdout.split()[-1]
        with tarfile.open(archive) as tar:
            tar.extractall(where / name, filter="data")
        archive.unlink()


def serve(files, out):
    """In the namespace: nginx, tcpdump and curl, one after the other."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = pathlib.Path(temporary)
        directory.chmod(0o755)
        (directory / "nginx.conf").write_text(NGINX.format(dir=directory, root=files))
        nginx = subprocess.Popen(["nginx", "-c", directory / "nginx.conf", "-e", directory / "error.log"])
        dump = subprocess.Popen(["tcpdump", "-i", "lo", "-s", "0", "-B", "65536", "-w", out, "tcp port 8080"],
                                stderr=subprocess.PIPE)
        dump.stderr.readline()
        time.sleep(1)
        names = sorted(path.relative_to(files) for path in files.rglob("*")
                       if path.is_file() and path.suffix.lower() in KINDS)
        for part in range(CONNECTIONS):
            lines = ["compressed", "silent", "show-error", "limit-rate = 300M", 'user-agent = "Mozilla/5.0 (X11; Linux x86_64)"']
            for name in names[part::CONNECTIONS]:
                lines.append(f'url = "http://127.0.0.1:8080/{name}"')
                lines.append('output = "/dev/null"')
            config = directory / "curl"
            config.write_text("\n".join(lines))
            run("curl", "--globoff", "-K", config)
        time.sleep(1)
        dump.send_signal(signal.SIGINT)
        said = dump.communicate()[1].decode()
        nginx.send_signal(signal.SIGTERM)
        nginx.wait()
        sizes = sum((files / name).stat().st_size for name in names)
        print(json.dumps({"exchanges": len(names), "bodies": sizes, "bytes": os.path.getsize(out)}))
        if " 0 packets dropped by kernel" not in " " + said.replace("\n", " "):
            sys.exit("tcpdump dropped packets:\n" + said)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("out", type=pathlib.Path)
    parser.add_argument("--keep", type=pathlib.Path, help="where packages are unpacked, and found the next time")
    parser.add_argument("--inside", action="store_true", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    out = arguments.out.resolve()
    if arguments.inside:
        subprocess.run(["ip", "link", "set", "lo", "up"], check=False)
        serve(arguments.keep, out)
        return
    keep = arguments.keep or pathlib.Path(tempfile.mkdtemp())
    keep = keep.resolve()
    keep.mkdir(parents=True, exist_ok=True)
    keep.chmod(0o755)
    fetch(keep)
    namespace = ["unshare", "--net"] if os.geteuid() == 0 else ["unshare", "--map-root-user", "--net"]
    if subprocess.run([*namespace, "true"], stderr=subprocess.DEVNULL).returncode:
        namespace = []
    run(*namespace, sys.executable, __file__, out, "--keep", keep, "--inside")
    if not arguments.keep:
        shutil.rmtree(keep)


if __name__ == "__main__":
    main()
