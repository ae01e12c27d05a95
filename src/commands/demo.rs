//! `plainsight demo`: the lesson, end to end, with its verdict.
//!
//! It tells the story; `lab` plays it.

use super::failure::{Failure, print, say};
use super::options::Format;
use crate::analyzer::Event;
use crate::capture::live::default_interface;
use crate::lab::demo::{self, Act, Protocol, Sighting, Stage};
use crate::lab::{PORT, SECRET};
use crate::report::{Layout, Report as _, Text, escape, json_line};
use serde::Serialize;
use std::fmt::Write as _;
use std::io::{self, IsTerminal as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

const EXAMPLES: &str = "\
Examples:
  plainsight demo
  plainsight demo --pause              waits for Enter between the acts, for a class
  plainsight demo --keep lesson        keeps lesson/http.pcap and lesson/https.pcap
  plainsight demo --format json        the verdict as one object

It needs no root: where you may not capture, it plays in a network namespace of its own.

Exit codes: 0 the secret was seen over HTTP and not over HTTPS; 1 it was otherwise;
2 the lesson could not be played.";

/// The arguments of `demo`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// The secret that the server keeps
    #[arg(long, value_name = "TEXT", default_value = SECRET, value_parser = secret)]
    secret: String,

    /// Keep both captures in this folder, to look at with Wireshark
    #[arg(long, value_name = "DIR")]
    keep: Option<PathBuf>,

    /// Wait for Enter after each act, where standard input is a terminal
    #[arg(long)]
    pause: bool,

    /// What standard output carries
    #[arg(long, value_name = "FORMAT", default_value = "text")]
    format: Format,

    /// When to use colours
    #[arg(long, value_name = "WHEN", default_value = "auto")]
    color: clap::ColorChoice,
}

/// A secret so short stands in many packets by chance.
const SHORTEST_SECRET: usize = 4;

fn secret(text: &str) -> Result<String, String> {
    if text.len() < SHORTEST_SECRET {
        return Err(format!("it needs at least {SHORTEST_SECRET} bytes: a shorter one stands in packets by chance"));
    }
    Ok(text.to_owned())
}

/// Plays both acts and judges them.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    if args.pause && args.format == Format::Json {
        return Err(Failure::new("--pause waits only in the lesson as text; leave out --format json"));
    }
    if args.pause && !io::stdin().is_terminal() {
        say("standard input is no terminal, so --pause does not wait");
    }
    // Before anything else: no thread may run yet.
    let stage = demo::set_stage().map_err(|error| Failure::new(format!("{error}.")))?;
    let files = args.keep.as_deref().map(Files::create).transpose()?;
    let interface = default_interface().unwrap_or_else(|_| "lo".to_owned());
    let story = Story::new(args, &interface);
    story.opening(stage)?;
    let failed = |error: demo::Error| Failure::new(format!("the lesson could not be played: {error}"));
    let http = demo::play(Protocol::Http, &args.secret, files.as_ref().map(|f| f.http.as_path())).map_err(failed)?;
    story.first_act(&http)?;
    story.pause("act two, HTTPS");
    let https = demo::play(Protocol::Https, &args.secret, files.as_ref().map(|f| f.https.as_path())).map_err(failed)?;
    story.second_act(&https)?;
    story.pause("the verdict");
    let verdict = Verdict::new(stage, &interface, &http, &https, files.as_ref());
    match args.format {
        Format::Json => {
            let line = json_line(&verdict).map_err(|e| Failure::new(format!("cannot write: {e}")))?;
            print(format!("{line}\n").as_bytes())?;
        }
        Format::Text => story.verdict(&verdict, &http, &https)?,
    }
    Ok(if verdict.passed { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Where the captures are kept.
struct Files {
    http: PathBuf,
    https: PathBuf,
}

impl Files {
    fn create(folder: &Path) -> Result<Self, Failure> {
        std::fs::create_dir_all(folder).map_err(|error| {
            Failure::new(format!("cannot make the folder {} for the captures: {error}", folder.display()))
        })?;
        Ok(Self { http: folder.join("http.pcap"), https: folder.join("https.pcap") })
    }
}

/// The verdict, as `--format json` gives it.
#[derive(Debug, Serialize)]
struct Verdict {
    #[serde(rename = "type")]
    kind: &'static str,
    passed: bool,
    interface: String,
    own_namespace: bool,
    http: ActVerdict,
    https: ActVerdict,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    captures: Vec<String>,
}

#[derive(Debug, Serialize)]
struct ActVerdict {
    url: String,
    filter: String,
    /// What the client was told.
    message: String,
    packets: u64,
    bytes: u64,
    exchanges: usize,
    leaked: bool,
    /// The packet in which the secret stood, and where in it.
    #[serde(skip_serializing_if = "Option::is_none")]
    packet: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    packet_offset: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    server_name: Option<String>,
}

impl ActVerdict {
    fn new(act: &Act) -> Self {
        let seen = act.sightings.first();
        Self {
            url: act.url.clone(),
            filter: format!("tcp port {}", act.port),
            message: String::from_utf8_lossy(act.message.as_bytes()).into_owned(),
            packets: act.packets,
            bytes: act.bytes,
            exchanges: act.exchanges.len(),
            leaked: act.leaked(),
            packet: seen.map(|seen| seen.packet),
            packet_offset: seen.map(|seen| seen.offset),
            server_name: act.hello.as_ref().and_then(|hello| hello.server_name.clone()),
        }
    }
}

impl Verdict {
    fn new(stage: Stage, interface: &str, http: &Act, https: &Act, files: Option<&Files>) -> Self {
        // Something must have been captured in act two for its silence to mean anything.
        let hidden = !https.leaked() && https.packets > 0 && https.hello.is_some();
        let captures = files.map(|f| [&f.http, &f.https].map(|path| path.display().to_string()).to_vec());
        Self {
            kind: "demo",
            passed: http.is_proven() && hidden,
            interface: interface.to_owned(),
            own_namespace: stage == Stage::OwnNamespace,
            http: ActVerdict::new(http),
            https: ActVerdict::new(https),
            captures: captures.unwrap_or_default(),
        }
    }
}

/// A word of a command line as a shell reads it, and as a terminal may show it.
fn shell_word(text: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=,+@%".contains(c);
    let escaped = escape::str(text);
    if !escaped.is_empty() && escaped.chars().all(is_plain) {
        escaped.clone()
    } else {
        format!("'{}'", escaped.replace('\'', r"'\''"))
    }
}

/// The lesson as it is told to a person; silent where the verdict is wanted as JSON.
struct Story<'a> {
    args: &'a Args,
    interface: &'a str,
    layout: Layout,
}

impl<'a> Story<'a> {
    fn new(args: &'a Args, interface: &'a str) -> Self {
        Self { args, interface, layout: super::output::layout(args.color, false) }
    }

    /// Tells some lines at once. A reader who has left misses nothing that matters.
    fn tell(&self, text: &str) -> Result<(), Failure> {
        if self.args.format == Format::Text {
            print(text.as_bytes())?;
        }
        Ok(())
    }

    fn paint(&self, ink: &str, text: &str) -> String {
        if self.layout.color { format!("\x1b[{ink}m{text}\x1b[0m") } else { text.to_owned() }
    }

    fn heading(&self, text: &str) -> String {
        format!("\n{}\n", self.paint("1", text))
    }

    fn opening(&self, stage: Stage) -> Result<(), Failure> {
        let mut text = self.paint("1", "Why HTTPS matters: a lesson in two acts") + "\n";
        text += "A server keeps a secret message. A client fetches it. A sniffer looks on.\n";
        if stage == Stage::OwnNamespace {
            text += "You may not capture on this machine's network, so the lesson is played in a\n\
                     network namespace of its own, which nothing leaves. Typed by hand, the\n\
                     sniffer's command needs sudo.\n";
        }
        self.tell(&text)
    }

    /// Waits for Enter before `next`, where that is wanted and somebody can type it.
    fn pause(&self, next: &str) {
        if self.args.pause && io::stdin().is_terminal() {
            // On standard error: whoever saves the lesson does not save this.
            _ = write!(io::stderr(), "\n[Enter: {next}] ");
            // At the end of the input, nobody will ever type it.
            _ = io::stdin().read_line(&mut String::new());
        }
    }

    /// What the three did, up to what the client was told.
    fn doings(&self, act: &Act) -> String {
        let mut text = String::new();
        if act.port != PORT {
            _ = writeln!(text, "  Port {PORT} is not free here, so this act uses port {}.\n", act.port);
        }
        let secret = shell_word(&self.args.secret);
        let tls = if act.hello.is_some() { " --tls" } else { "" };
        let own = if self.args.secret == SECRET { String::new() } else { format!(" --secret {secret}") };
        let rows = [
            ("server", format!("plainsight server --listen 127.0.0.1:{}{tls}{own}", act.port)),
            ("sniffer", format!("plainsight sniff -i {} -f 'tcp port {}' --canary {secret}", self.interface, act.port)),
            ("client", format!("SECRET_URL={} plainsight client", act.url)),
        ];
        for (who, what) in rows {
            _ = writeln!(text, "  {who:8} {what}");
        }
        text += "\nThe client prints:\n\n  The secret message is:\n";
        for line in act.message.to_string().lines() {
            _ = writeln!(text, "  {line}");
        }
        text
    }

    fn first_act(&self, act: &Act) -> Result<(), Failure> {
        let mut text = self.heading("Act one: HTTP") + &self.doings(act);
        _ = writeln!(text, "\nThe sniffer, which took no part in it, saw {} packets and read in them:\n", act.packets);
        let mut shown = Vec::new();
        let mut report = Text::new(&mut shown, self.layout, Vec::new());
        for exchange in &act.exchanges {
            // Memory takes everything.
            _ = report.event(&Event::Exchange(Box::new(exchange.clone())));
        }
        _ = report.flush();
        drop(report);
        text += &String::from_utf8_lossy(&shown);
        if let Some(seen) = act.sightings.first() {
            text += "\nThe packet itself, as it passed:\n\n";
            text += &self.dump(seen);
        }
        self.tell(&text)
    }

    fn second_act(&self, act: &Act) -> Result<(), Failure> {
        let mut text = self.heading("Act two: HTTPS") + &self.doings(act);
        _ = writeln!(
            text,
            "\nThe sniffer saw {} packets with {} bytes. What TLS shows of them:\n",
            act.packets, act.bytes
        );
        let name = act.hello.as_ref().and_then(|hello| hello.server_name.as_deref());
        _ = writeln!(text, "  the two ends     who speaks with whom, when, and how much");
        _ = writeln!(text, "  the server name  {}", name.map_or_else(|| "none".to_owned(), escape::str));
        _ = writeln!(text, "  HTTP exchanges   {}", act.exchanges.len());
        let times =
            if act.leaked() { self.paint("1;31", "IT IS THERE") } else { self.paint("32", "nowhere, in no packet") };
        _ = writeln!(text, "  the secret       {times}");
        self.tell(&text)
    }

    fn verdict(&self, verdict: &Verdict, http: &Act, https: &Act) -> Result<(), Failure> {
        let mut text = self.heading("Verdict");
        match http.sightings.first() {
            Some(seen) => {
                _ = writeln!(
                    text,
                    "  {}  the secret stood in packet {}, from byte {} on, for anyone on the way to read.",
                    self.paint("1;31", "HTTP   LEAKED"),
                    seen.packet,
                    seen.offset
                );
            }
            None => text += "  HTTP   NOT SEEN  the sniffer did not find the secret, though it should have.\n",
        }
        if https.leaked() {
            _ = writeln!(
                text,
                "  {}  the secret stood in the clear, though it should not have.",
                self.paint("1;31", "HTTPS  LEAKED")
            );
        } else {
            _ = writeln!(
                text,
                "  {}  the same secret is nowhere in {} packets.",
                self.paint("1;32", "HTTPS  HIDDEN"),
                https.packets
            );
        }
        text += if verdict.passed {
            "\n  What you send over http:// anyone on the way can read. What you send over\n  https:// only the server can. That is why HTTPS matters.\n"
        } else {
            "\n  The lesson did not come out as it should.\n"
        };
        if !verdict.captures.is_empty() {
            text += "\nLook for yourself:\n";
            for path in &verdict.captures {
                _ = writeln!(
                    text,
                    "  plainsight replay --canary {} {}",
                    shell_word(&self.args.secret),
                    shell_word(path)
                );
            }
        }
        self.tell(&text)?;
        io::stdout().flush().ok();
        Ok(())
    }

    /// The lines of a hex dump around a secret, the secret marked.
    fn dump(&self, seen: &Sighting) -> String {
        const WIDTH: usize = 16;
        let end = seen.offset + self.args.secret.len();
        let (first, last) = (seen.offset / WIDTH, end.saturating_sub(1) / WIDTH);
        let mut text = String::new();
        for (row, bytes) in seen.bytes.chunks(WIDTH).enumerate().skip(first.saturating_sub(1)).take(last - first + 3) {
            let (mut hex, mut plain) = (String::new(), String::new());
            for (column, byte) in bytes.iter().enumerate() {
                let secret = (seen.offset..end).contains(&(row * WIDTH + column));
                let character = if byte.is_ascii_graphic() || *byte == b' ' { char::from(*byte) } else { '.' };
                let mark = |part: &str| if secret { self.paint("1;31", part) } else { part.to_owned() };
                hex += &mark(&format!("{byte:02x}"));
                hex.push(' ');
                plain += &mark(&character.to_string());
            }
            let space = "   ".repeat(WIDTH - bytes.len());
            _ = writeln!(text, "  {:04x}  {hex}{space} {plain}", row * WIDTH);
        }
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_quoted_where_a_shell_would_split_or_expand_them() {
        for (text, want) in [
            ("fluffy tail", "'fluffy tail'"),
            ("lesson/http.pcap", "lesson/http.pcap"),
            ("s3cret", "s3cret"),
            ("$HOME", "'$HOME'"),
            ("it's", r"'it'\''s'"),
            ("", "''"),
        ] {
            assert_eq!(shell_word(text), want);
        }
    }
}
