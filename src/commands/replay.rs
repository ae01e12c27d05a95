//! `plainsight replay`: saved captures, in order, as one.
//!
//! It opens what the command line names and waits for the end; reading is `capture`'s.

use super::core::Workers;
use super::failure::{FAILED, Failure};
use super::options::Options;
use super::output::Output;
use super::session::{Origin, Session};
use super::shared_args::FilterArgs;
use super::signals::stopped;
use super::{pipe, signals};
use crate::capture::{Files, Filter, Progress};
use crate::confine::sandbox;
use crate::descriptors;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{self, IsTerminal as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

const EXAMPLES: &str = "\
Examples:
  plainsight replay capture.pcap
  plainsight replay monday.pcapng.gz tuesday.pcap.zst      several files as one capture
  tcpdump -i lo -U -w - tcp port 80 | plainsight replay -
  plainsight replay --canary 's3cret' --fail-on-leak ci.pcap
  plainsight replay --output sarif=leaks.sarif --output har=all.har capture.pcap
  plainsight replay --format json capture.pcap | jq -r 'select(.findings)'

Exit codes: 0 done; 2 usage or failure; with --fail-on-leak or --exit-code else 1, or N, where a leak
was found, else 2 where the answer is incomplete (see --allow-incomplete).";

/// The arguments of `replay`.
#[derive(Debug, clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Args {
    /// Saved captures, pcap or pcapng, also compressed by gzip or zstd; `-` for standard input
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,

    #[command(flatten)]
    filter: FilterArgs,

    #[command(flatten)]
    options: Options,
}

/// Replays the files.
pub fn run(args: &Args) -> Result<ExitCode, Failure> {
    args.options.check_streams(&args.files)?;
    let filter = args.filter.filter.as_deref().map(Filter::new).transpose()?;
    let stop = signals::stop_flag()?;
    let names = args.files.iter().map(|file| file.display().to_string()).collect();
    let output = Output::shared(&args.options, names, false);
    let workers = Workers::default();
    let held = held_open(args)?;
    let reader = |file| pipe::reader(file, output.clone(), workers.clone(), Arc::clone(&stop));
    let files = Files::open_with(&args.files, held, reader)?;
    let files = files.mapped().thorough(args.options.wants_bodies()).filtered(filter);
    // Opened before the right to open files is given up.
    let again = if args.options.evidence.is_some() && files.are_regular() {
        let filter = args.filter.filter.as_deref().map(Filter::new).transpose()?;
        Some(Files::open_with(&args.files, held, |file| Box::new(file))?.mapped().thorough(true).filtered(filter))
    } else {
        None
    };
    if let Some(write) = args.options.written().iter().find(|write| files.reads(write)) {
        return Err(Failure::new(format!("cannot write to {}: it is one of the files to read", write.display())));
    }
    let progress = files.progress();
    let bar = Bar::new(progress.clone(), args.options.quiet);
    let origin = Origin {
        interfaces: files.interfaces(),
        readable: files.opened_later(),
        twice: again.is_some(),
        workers,
        ..Origin::default()
    };
    let mut session = Session::new(&args.options, output, origin)?;
    read(files, &mut session, bar, || stopped(&stop));
    let twice = again.as_ref().map(Files::progress);
    if let Some(again) = again {
        session.read_again(again, &stop);
    }
    let code = session.finish(None)?;
    // Threads may notice it after the reader has come to the end.
    let was_cut = progress.was_cut() || twice.is_some_and(|progress| progress.was_cut());
    if was_cut && code != FAILED {
        return Err(Failure::new("a capture became shorter while it was read: what was told of its end may be wrong"));
    }
    Ok(ExitCode::from(code))
}

/// Descriptors that are no captures': outputs, threads, the standard streams.
const OTHER_DESCRIPTORS: u64 = 64;

/// How many of the files stay open until their turn comes. Many are opened one after the other,
/// unless the right to open them may be gone by then: that of root, and in a sandbox any where the
/// kernel cannot tell these files from others.
fn held_open(args: &Args) -> Result<usize, Failure> {
    let count = args.files.len();
    let is_confinable =
        args.options.sandbox.no_sandbox || cfg!(not(target_os = "linux")) || sandbox::can_confine_files();
    if count <= Files::HELD_OPEN || is_confinable && !nix::unistd::geteuid().is_root() {
        return Ok(Files::HELD_OPEN);
    }
    let times = if args.options.evidence.is_some() { 2 } else { 1 };
    let held = usize::try_from(most_descriptors().saturating_sub(OTHER_DESCRIPTORS) / times).unwrap_or(usize::MAX);
    if held < count && !is_confinable {
        return Err(Failure::new(format!(
            "{count} files are more than the {held} that can be open at once, which it takes where the kernel has no \
             Landlock; raise the limit with `ulimit -n`, or give --no-sandbox"
        )));
    }
    Ok(held)
}

/// How many descriptors the process may have, once it has asked for as many as it is allowed to.
fn most_descriptors() -> u64 {
    descriptors::raise().unwrap_or(OTHER_DESCRIPTORS)
}

/// Reads the files to their end, or to where no more is wanted.
fn read(mut files: Files, session: &mut Session, mut bar: Option<Bar>, stopped: impl Fn() -> bool) {
    while !stopped() {
        match files.next_shared() {
            Ok(Some((packet, shared))) => {
                if session.shared_packet(&packet, shared).is_break() {
                    break;
                }
                if let Some(bar) = &mut bar {
                    bar.moved();
                }
            }
            Ok(None) => break,
            // What was cut off by the end of the run is not to blame.
            Err(_) if stopped() || session.pause(false).is_break() => break,
            // The next file may be better.
            Err(error) => {
                if let Some(bar) = &bar {
                    bar.shown.suspend(|| session.unread(&error));
                } else {
                    session.unread(&error);
                }
            }
        }
    }
}

/// How far the reading is, shown on a terminal once it takes long.
struct Bar {
    shown: ProgressBar,
    progress: Progress,
    began: Instant,
    packets: u32,
}

impl Bar {
    /// When a bar is worth its place.
    const LONG: Duration = Duration::from_secs(1);
    /// How many packets come between two looks at the clock.
    const LOOK: u32 = 4096;

    /// A bar, where someone can see it and it does not stand among the results.
    fn new(progress: Progress, quiet: bool) -> Option<Self> {
        let total = progress.total()?;
        if quiet || !io::stderr().is_terminal() || io::stdout().is_terminal() {
            return None;
        }
        let style = ProgressStyle::with_template("{bytes} of {total_bytes} [{wide_bar}] {percent} %, {eta} left");
        let bar = ProgressBar::with_draw_target(Some(total), ProgressDrawTarget::hidden());
        Some(Self { shown: bar.with_style(style.ok()?), progress, began: Instant::now(), packets: 0 })
    }

    fn moved(&mut self) {
        self.packets += 1;
        if self.packets >= Self::LOOK {
            self.packets = 0;
            if self.shown.is_hidden() && self.began.elapsed() >= Self::LONG {
                self.shown.set_draw_target(ProgressDrawTarget::stderr());
            }
            self.shown.set_position(self.progress.read());
        }
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.shown.finish_and_clear();
    }
}
