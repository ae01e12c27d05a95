//! The process that captures while the command runs: confined, deaf to signals, and told by a
//! pipe when to stop.
//!
//! It knows what crossed the wire and refuses to know who sent it.

use super::super::canaries::Found;
use super::super::confine;
use super::super::failure::{FAILED, Failure, say};
use super::super::gate::Gate;
use super::super::output::{self, Output};
use super::super::reports::{self, About};
use super::super::scan_inputs::ScanInputs;
use super::super::session::Session;
use super::super::watch::{End, Round, dropped, say_smaller_buffers, watch};
use super::args::Args;
use super::tally::{self, Tally};
use crate::analyzer::Config;
use crate::capture::live::{self, Live};
use crate::capture::save::{self, Saver};
use crate::confine::namespace::Kind;
use crate::confine::privileges;
use crate::confine::sandbox::Sandbox;
use crate::report::Layout;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::Duration;

/// What the supervisor says through the pipe when it stops the watcher.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Ending {
    /// Whether nothing is to be told.
    pub(super) silent: bool,
    /// In how many network namespaces of its own making the command was seen.
    pub(super) namespaces: u16,
}

impl Ending {
    /// As bytes for the pipe.
    pub(super) fn to_bytes(self) -> [u8; 3] {
        let [high, low] = self.namespaces.to_be_bytes();
        [u8::from(self.silent), high, low]
    }

    /// What was said through the pipe; where it was closed without a word, nothing in particular.
    fn read(pipe: &mut File) -> Self {
        let mut bytes = [0; 3];
        match pipe.read_exact(&mut bytes) {
            Ok(()) => Self { silent: bytes[0] != 0, namespaces: u16::from_be_bytes([bytes[1], bytes[2]]) },
            Err(_) => Self::default(),
        }
    }
}

/// What is to be watched, and for what.
pub(super) struct Plan<'a> {
    pub(super) args: &'a Args,
    pub(super) found: Found,
    /// The namespace that the process is in.
    pub(super) namespace: Option<Kind>,
}

/// Once the command is over: without a packet for so long, nothing of it is still on its way or
/// in the kernel's ring, which hands packets over within milliseconds, on a busy machine within
/// tens of them.
const SETTLED: Duration = Duration::from_millis(200);
/// Others may send for ever, in the machine's own network.
const LONGEST: Duration = Duration::from_secs(3);

/// Captures until `stopped` is closed; gives the exit code.
pub(super) fn run(plan: Plan<'_>, mut ready: File, mut stopped: File) -> u8 {
    let mut watcher = match Watcher::open(plan) {
        Ok(watcher) => watcher,
        Err(failure) => {
            failure.after("the command was not run: ").tell();
            return FAILED;
        }
    };
    if ready.write_all(b"r").is_err() {
        return FAILED;
    }
    drop(ready);
    watch(&mut watcher.live, &mut watcher.session, &mut Stopped(&stopped));
    watcher.finish(Ending::read(&mut stopped))
}

/// Ends when something is said through the pipe, or its other end is closed.
struct Stopped<'a>(&'a File);

impl End for Stopped<'_> {
    fn is_asked(&mut self) -> bool {
        let mut ends = [PollFd::new(self.0.as_fd(), PollFlags::POLLIN)];
        poll(&mut ends, PollTimeout::ZERO).is_ok_and(|count| count > 0)
    }

    fn is_reached(&self, round: &Round) -> bool {
        // What was sent before the end is read, however long that takes.
        round.since_packet >= SETTLED || (round.was_late && round.since_asked >= LONGEST)
    }
}

/// What captures, and what hears of it.
struct Watcher {
    live: Live,
    session: Session,
    output: output::Shared,
    tally: tally::Shared,
}

impl Watcher {
    fn open(plan: Plan<'_>) -> Result<Self, Failure> {
        let Plan { args, found, namespace } = plan;
        let live = capture(args)?;
        let tally = Tally::shared(args);
        let about = About { captures: Vec::new(), saved: args.write.clone(), least: args.known.min_severity };
        let output = Output::with(Box::new(tally.clone()), about);
        let opening = || {
            let mut inputs = ScanInputs::read(&args.rules, &args.known, found, args.quiet)?;
            let options = save::Options { interfaces: live.interfaces(), ..save::Options::default() };
            let saver = args.write.as_deref().map(|path| Saver::create(path, options)).transpose()?;
            let paths: Vec<_> =
                args.outputs.iter().map(|file| &file.path).chain(&args.write).map(AsRef::as_ref).collect();
            reports::all_distinct(&paths)?;
            let mut output = output.lock();
            output.passing_over(std::mem::take(&mut inputs.baseline));
            output.create_reports(&args.outputs, Layout::default())?;
            Ok((inputs, saver))
        };
        let (inputs, saver) = if namespace == Some(Kind::UserAndNetwork) {
            // Nobody but our own user is there to be.
            let opened = opening()?;
            privileges::drop_in_namespace().map_err(|error| Failure::new(error.to_string()))?;
            opened
        } else {
            confine::drop_privileges(opening)?
        };
        if !args.sandbox.no_sandbox {
            let writable_dirs = saver.iter().filter_map(Saver::folder).map(Path::to_owned).collect();
            let sandbox = Sandbox { writable_dirs, receive_only: live.descriptors(), ..Sandbox::default() };
            confine::enter_beside(&sandbox, args.quiet)?;
        }
        let config = Config {
            // What no report shows need not be kept.
            max_body: if args.outputs.is_empty() { 0 } else { Config::default().max_body },
            redact: (!args.reveal).then_some(100),
            ..inputs.config(args.memory.memory)
        };
        let gate = Gate { leak_code: args.exit_code, allowed: args.allowed };
        let session = Session::beside(config, output.clone(), saver, gate, args.host);
        Ok(Self { live, session, output, tally })
    }

    /// Tells what leaked; gives the exit code.
    fn finish(mut self, ending: Ending) -> u8 {
        if ending.silent {
            return self.session.abandon();
        }
        let dropped = dropped(&mut self.live);
        self.session.close();
        let known = self.output.lock().known();
        self.tally.lock().ends_with(tally::End { known, namespaces: ending.namespaces });
        let code = self.session.finish(Some(dropped)).unwrap_or_else(|failure| {
            say(failure);
            FAILED
        });
        if self.tally.lock().has_failed() { FAILED } else { code }
    }
}

/// Opens what is to be watched.
fn capture(args: &Args) -> Result<Live, Failure> {
    let interfaces = match (args.host, args.interfaces.is_empty()) {
        (true, true) => vec!["any".to_owned()],
        (true, false) => args.interfaces.clone(),
        (false, _) => vec!["lo".to_owned()],
    };
    let live = Live::open(&live::Options {
        interfaces,
        filter: args.filter.filter.clone(),
        snaplen: 0,
        buffer_size: args.buffer_size,
        idle: Duration::from_millis(20),
        ..live::Options::default()
    })
    .map_err(|error| cannot_capture(&error))?;
    if !args.quiet {
        say_smaller_buffers(&live, args.buffer_size);
    }
    Ok(live)
}

/// Why nothing can be captured. That the command be run as root is no advice for a permission.
fn cannot_capture(error: &live::Error) -> Failure {
    let live::Error::NotPermitted { name, missing, .. } = error else { return Failure::new(error.to_string()) };
    let program = std::env::current_exe().map_or_else(|_| "plainsight".to_owned(), |path| path.display().to_string());
    Failure::new(format!(
        "no permission to capture on {name}: {missing}; grant it once with `sudo setcap \
         cap_net_raw,cap_net_admin=eip {program}`"
    ))
}
