//! `plainsight redact`: a copy of a capture without its secrets.
//!
//! It opens the files and says what came of it; finding and overwriting are `redact`'s.

use super::canaries::Canaries;
use super::failure::{FAILED, Failure, say};
use super::from_start::FromStart;
use super::shared_args::{MemoryArgs, SandboxArgs};
use super::signals::stopped;
use super::{confine, hiding, rule_files, signals, streams};
use crate::analyzer::Config;
use crate::capture::{self, Files, Interfaces, Saver, save};
use crate::confine::sandbox::Sandbox;
use crate::private_file;
use crate::redact::{self, Outcome};
use crate::report::text::figures::count;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use tempfile::TempPath;

const EXAMPLES: &str = "\
Examples:
  plainsight redact capture.pcapng shared.pcapng
  plainsight redact --canary 's3cret' --canary-file .env capture.pcap.gz shared.pcap

Every secret found becomes as many `*`, in every packet that brought it: retransmitted, mirrored,
in fragments. Compressed bodies that held one become marks as a whole. Checksums are mended by the
difference, so that wrong ones stay as wrong. TLS keys, comments and name tables of a pcapng are
left out. The copy is then searched for what might be left; times, addresses, names and everything
that was not found to be a secret stay: look before you share.

No copy is made where connections, early segments, datagrams of which fragments are missing, or findings
beyond the bounds were not searched, unless --allow-incomplete is given. Bytes that were not captured are in
no copy, and packets that are not read are searched one by one: neither prevents it.

Exit codes: 0 the copy is there, and no secret is left in what of it was searched; 2 something else.";

/// The arguments of `redact`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
#[allow(clippy::struct_excessive_bools)] // each is an option of its own
pub struct Args {
    /// The capture: pcap or pcapng, also compressed by gzip or zstd; `-` for standard input
    #[arg(value_name = "IN")]
    input: PathBuf,

    /// The copy, replaced where it exists: pcap, or pcapng for that extension; `.gz` and `.zst` compress;
    /// `-` for standard output
    #[arg(value_name = "OUT")]
    output: PathBuf,

    #[command(flatten)]
    canaries: Canaries,

    /// Overwrite what a gitleaks configuration describes, in place of our own rules unless it extends them
    #[arg(long, value_name = "FILE", conflicts_with = "pii", help_heading = "Leaks")]
    rules: Option<PathBuf>,

    /// Overwrite personal data too: payment cards, bank accounts, e-mail addresses…
    #[arg(long, help_heading = "Leaks")]
    pii: bool,

    /// Say nothing but errors
    #[arg(short = 'q', long)]
    quiet: bool,

    #[command(flatten, next_help_heading = "Limits")]
    memory: MemoryArgs,

    /// Make the copy even where not all of the capture could be searched, and say what was not
    #[arg(long, help_heading = "Limits")]
    allow_incomplete: bool,

    #[command(flatten, next_help_heading = "Limits")]
    sandbox: SandboxArgs,
}

impl Args {
    /// Refuses two uses of standard input, and a copy that would take an input's place.
    fn check_streams(&self) -> Result<(), Failure> {
        let files = self.canaries.files().iter().map(|path| ("--canary-file -", path));
        let files: Vec<_> = files.chain(self.rules.iter().map(|path| ("--rules -", path))).collect();
        let input = [("the capture `-`", &self.input)];
        let read = input.iter().chain(&files).filter(|(_, path)| streams::is_standard(path));
        streams::one_input(&read.map(|(name, _)| (*name).to_owned()).collect::<Vec<_>>())?;
        let inputs: Vec<_> = files.into_iter().map(|(_, path)| path.clone()).collect();
        streams::keep_from_output(std::slice::from_ref(&self.input))?;
        streams::keep_inputs(&inputs, std::slice::from_ref(&self.output))
    }
}

/// Makes the copy.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    args.check_streams()?;
    let found = args.canaries.find()?;
    if let Some(note) = found.note().filter(|_| !args.quiet) {
        say(note);
    }
    let rules = rule_files::wanted(args.rules.as_deref())?;
    let place = Place::open(&args.input, &args.output)?;
    if !args.sandbox.no_sandbox {
        let writable_dirs = place.target.folder().into_iter().map(Path::to_owned).collect();
        let sandbox = Sandbox { writable_dirs, ..Sandbox::default() };
        let report = sandbox.enter().map_err(|error| Failure::new(error.to_string()))?;
        if !report.is_complete() && !args.quiet {
            say(report);
        }
    }
    let config = Config { memory: args.memory.memory, max_body: 0, rules, personal: args.pii, ..Config::default() };
    let outcome = redact::redact(&place, &config, &found.texts());
    if stopped(&place.stop) {
        return Err(Failure::new(format!(
            "{} was not made: the run was asked to end",
            streams::output_name(&args.output)
        )));
    }
    let outcome = outcome.map_err(|error| Failure::new(error.to_string()))?;
    for error in &outcome.unread {
        say(error);
    }
    if !outcome.left.is_empty() {
        return Err(left(&outcome, &args.output));
    }
    let unsearched = &outcome.unsearched;
    if !unsearched.is_empty() && !args.allow_incomplete {
        return Err(Failure::new(format!(
            "{} was not made, since not all of the capture was searched: {unsearched}; {}`--allow-incomplete` makes \
             it all the same",
            streams::output_name(&args.output),
            if unsearched.is_for_memory() { "give more `--memory`; " } else { "" }
        )));
    }
    place.keep()?;
    if !args.quiet {
        say(told(&outcome, &args.output));
    }
    Ok(ExitCode::from(if outcome.unread.is_empty() { 0 } else { FAILED }))
}

/// How many of the findings left are told.
const MOST_TOLD: usize = 10;

fn left(outcome: &Outcome, output: &Path) -> Failure {
    let mut told: Vec<_> = outcome.left.iter().take(MOST_TOLD).cloned().collect();
    if outcome.left.len() > told.len() {
        told.push(format!("and {} more", outcome.left.len() - told.len()));
    }
    Failure::new(format!(
        "{} was not made, since secrets would be left in it: {}",
        streams::output_name(output),
        told.join("; ")
    ))
}

fn told(outcome: &Outcome, output: &Path) -> String {
    let done = format!(
        "{} overwritten in {} of {}",
        count(outcome.findings, "finding", "findings"),
        outcome.changed,
        count(outcome.packets, "packet", "packets"),
    );
    let output = streams::output_name(output);
    if outcome.unsearched.is_empty() {
        format!("{done}; none is left in {output}")
    } else {
        format!("{done}; {output} was not searched whole, and secrets may be left in it: {}", outcome.unsearched)
    }
}

/// The capture, and a copy that has its name only once it is good.
struct Place {
    name: String,
    original: Arc<File>,
    copy: Arc<File>,
    target: Target,
    /// Set where the run is to end.
    stop: Arc<AtomicBool>,
}

/// Where the copy goes.
enum Target {
    File {
        temporary: TempPath,
        folder: PathBuf,
        output: PathBuf,
    },
    /// Opened before the sandbox, in which no descriptor is made.
    StandardOutput(File),
}

impl Target {
    /// The folder in which files are made and renamed.
    fn folder(&self) -> Option<&Path> {
        match self {
            Self::File { folder, .. } => Some(folder),
            Self::StandardOutput(_) => None,
        }
    }
}

impl Place {
    fn open(input: &Path, output: &Path) -> Result<Self, Failure> {
        let name = streams::input_name(input);
        let original = if streams::is_standard(input) { spool()? } else { original(input)? };
        // While standard input is kept, a signal ends the program at once: nothing is left of it.
        let stop = signals::stop_flag()?;
        let (copy, target) = if streams::is_standard(output) {
            (unnamed()?, Target::StandardOutput(streams::output()?))
        } else {
            Self::beside(input, output)?
        };
        Ok(Self { name, original: Arc::new(original), copy: Arc::new(copy), target, stop })
    }

    /// Creates the file that gets the name `output` in the end.
    fn beside(input: &Path, output: &Path) -> Result<(File, Target), Failure> {
        let shown = output.display();
        // By its identity, whatever it is called.
        if !streams::is_standard(input) && Files::open([input])?.reads(output) {
            return Err(Failure::new(format!("cannot write to {shown}: it is the capture itself")));
        }
        if std::fs::metadata(output).is_ok_and(|metadata| !metadata.is_file()) {
            return Err(Failure::new(format!("cannot write to {shown}: it is no file")));
        }
        let output =
            private_file::resolve(output).map_err(|error| Failure::new(format!("cannot write to {shown}: {error}")))?;
        let folder = match output.parent() {
            Some(folder) if folder != Path::new("") => folder.to_owned(),
            _ => PathBuf::from("."),
        };
        // Its extensions say how it is written.
        let file_name = output.file_name().unwrap_or_default().to_owned();
        let mut end = std::ffi::OsString::from(".");
        end.push(&file_name);
        let created = confine::drop_privileges(|| {
            tempfile::Builder::new()
                .prefix(".")
                .suffix(&end)
                .tempfile_in(&folder)
                .map_err(|error| Failure::new(format!("cannot create a file in {}: {error}", folder.display())))
        })?;
        let (file, temporary) = created.into_parts();
        Ok((file, Target::File { temporary, folder, output }))
    }

    fn files(&self, name: &str, file: &Arc<File>) -> Files {
        Files::from_reader(name, Stoppable { file: FromStart::new(Arc::clone(file)), stop: Arc::clone(&self.stop) })
    }

    /// Gives the copy its name, or writes it to standard output.
    fn keep(self) -> Result<(), Failure> {
        match self.target {
            Target::File { temporary, output, .. } => {
                let failed = |error| Failure::new(format!("cannot create {}: {error}", output.display()));
                let synced = self.copy.sync_all();
                let path = temporary.keep().map_err(|error| failed(error.error))?;
                synced.and_then(|()| std::fs::rename(&path, &output)).map_err(failed)
            }
            Target::StandardOutput(mut output) => match io::copy(&mut FromStart::new(self.copy), &mut output) {
                Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                    Err(Failure::new(format!("cannot write to standard output: {error}")))
                }
                _ => Ok(()),
            },
        }
    }
}

fn original(input: &Path) -> Result<File, Failure> {
    let name = input.display();
    let original = File::open(input).map_err(|error| Failure::new(format!("cannot open {name}: {error}")))?;
    if !original.metadata().is_ok_and(|metadata| metadata.is_file()) {
        let advice = "give it as standard input, `-`";
        return Err(Failure::new(format!(
            "cannot redact {name}: it is read several times, so it must be a file; {advice}"
        )));
    }
    Ok(original)
}

/// A file without a name, which nobody else can open.
fn unnamed() -> Result<File, Failure> {
    tempfile::tempfile().map_err(|error| {
        let folder = std::env::temp_dir();
        Failure::new(format!("cannot create a temporary file in {}: {error}", folder.display()))
    })
}

/// Standard input in a file, since it is read several times.
fn spool() -> Result<File, Failure> {
    let mut file = unnamed()?;
    io::copy(&mut io::stdin().lock(), &mut file)
        .map_err(|error| Failure::new(format!("cannot keep standard input in a temporary file: {error}")))?;
    Ok(file)
}

impl redact::Place for Place {
    fn original(&self) -> Result<Files, capture::Error> {
        Ok(self.files(&self.name, &self.original))
    }

    fn create(&self, interfaces: Interfaces) -> Result<Saver, save::Error> {
        let options = save::Options { interfaces, ..save::Options::default() };
        match &self.target {
            Target::File { temporary, .. } => Saver::create(temporary, options),
            Target::StandardOutput(_) => hiding::rewrite(&self.copy, save::Format::Pcap, options),
        }
    }

    fn copy(&self) -> Result<Files, capture::Error> {
        Ok(self.files("the copy", &self.copy))
    }
}

/// Reads a file until the run is to end.
struct Stoppable {
    file: FromStart,
    stop: Arc<AtomicBool>,
}

impl Read for Stoppable {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        if stopped(&self.stop) {
            return Err(io::Error::other("the run was asked to end"));
        }
        self.file.read(into)
    }
}
