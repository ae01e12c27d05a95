//! The process that captures while the command runs: confined, deaf to signals, and told by a
//! pipe when to stop.
//!
//! It knows what crossed the wire and refuses to know who sent it.

use super::super::failure::{FAILED, Failure, say};
use super::super::gate::Gate;
use super::super::{confine, known, rule_files, sniff};
use super::Args;
use super::files::Files;
use super::tally::Tally;
use crate::analyzer::{Analyzer, Config, Loss};
use crate::capture::live::{self, Live};
use crate::capture::save::{self, Saver};
use crate::confine::namespace::Kind;
use crate::confine::privileges;
use crate::confine::sandbox::Sandbox;
use crate::packet::Timestamp;
use crate::report::{Dropped, Summary};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::super::canaries::Found;

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

/// How many packets are taken between two looks at the pipe.
const MOST: usize = 256;
/// After this long without a packet, what would come late has come.
const QUIET: Duration = Duration::from_millis(1200);
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
    watcher.watch(&stopped);
    watcher.finish(Ending::read(&mut stopped))
}

/// When the command was over, by both clocks.
#[derive(Debug, Clone, Copy)]
struct Ended {
    since: Instant,
    at: SystemTime,
}

impl Ended {
    /// Whether a packet was captured later.
    fn precedes(self, time: Timestamp) -> bool {
        let at = self.at.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        i128::from(time.nanos()) > i128::try_from(at.as_nanos()).unwrap_or(i128::MAX)
    }
}

struct Watcher<'a> {
    live: Live,
    analyzer: Analyzer,
    saver: Option<Saver>,
    tally: Tally,
    failed: bool,
    args: &'a Args,
}

impl<'a> Watcher<'a> {
    fn open(plan: Plan<'a>) -> Result<Self, Failure> {
        let Plan { args, found, namespace } = plan;
        let interfaces = match (args.host, args.interfaces.is_empty()) {
            (true, true) => vec!["any".to_owned()],
            (true, false) => args.interfaces.clone(),
            (false, _) => vec!["lo".to_owned()],
        };
        let live = Live::open(&live::Options {
            interfaces,
            filter: args.filter.clone(),
            snaplen: 0,
            buffer_size: args.buffer_size,
            idle: Duration::from_millis(20),
            ..live::Options::default()
        })
        .map_err(|error| cannot_capture(&error))?;
        if !args.quiet {
            sniff::say_smaller_buffers(&live, args.buffer_size);
        }
        let opening = || {
            let rules = rule_files::wanted(args.rules.as_deref())?;
            let allow = known::allowlist(args.config.as_deref(), rules.as_deref(), args.quiet)?;
            let key = args.secret_id_key.read()?;
            let baseline = known::baseline(args.baseline.as_deref(), key.is_some())?;
            let options = save::Options { interfaces: live.interfaces(), ..save::Options::default() };
            let saver = args.write.as_deref().map(|path| Saver::create(path, options)).transpose()?;
            Ok((rules, allow, key, baseline, Files::create(args)?, saver))
        };
        let (rules, allow, secret_id_key, baseline, files, saver) = if namespace == Some(Kind::UserAndNetwork) {
            // Nobody but our own user is there to be.
            let opened = opening()?;
            privileges::drop_in_namespace().map_err(|error| Failure::new(error.to_string()))?;
            opened
        } else {
            confine::drop_privileges(opening)?
        };
        if !args.no_sandbox {
            let writable_dirs = saver.iter().filter_map(Saver::folder).map(Path::to_owned).collect();
            let sandbox = Sandbox { writable_dirs, receive_only: live.descriptors(), ..Sandbox::default() };
            confine::enter_beside(&sandbox, args.quiet)?;
        }
        let canaries = found.canaries()?;
        let config = Config {
            memory: args.memory,
            // What no report shows need not be kept.
            max_body: if args.outputs.is_empty() { 0 } else { Config::default().max_body },
            canaries,
            rules,
            allow,
            personal: args.pii,
            redact: (!args.reveal).then_some(100),
            secret_id_key,
            ..Config::default()
        };
        let tally = Tally::new(args, baseline, files);
        Ok(Self { live, analyzer: Analyzer::new(&config), saver, tally, failed: false, args })
    }

    /// Takes packets until the command is over and all of its packets are here.
    fn watch(&mut self, stopped: &File) {
        let mut latest = Instant::now();
        let mut is_quiet = false;
        let mut ending: Option<Ended> = None;
        // Whether what comes was sent after the command was over.
        let mut is_late = false;
        loop {
            if ending.is_none() && is_closed(stopped) {
                ending = Some(Ended { since: Instant::now(), at: SystemTime::now() });
                latest = Instant::now();
            }
            let Self { live, analyzer, saver, tally, failed, .. } = self;
            let given = live.each(MOST, |packet| {
                is_late |= ending.is_some_and(|ended| ended.precedes(packet.timestamp));
                analyzer.packet(packet, |event| tally.event(event));
                save(saver, failed, |saver| saver.packet(packet));
            });
            match given {
                Ok(0) => {}
                Ok(_) => {
                    latest = Instant::now();
                    is_quiet = false;
                }
                Err(error) => {
                    self.failed = true;
                    say(error);
                    return;
                }
            }
            if !is_quiet && latest.elapsed() >= QUIET {
                is_quiet = true;
                self.analyzer.quiet(|event| self.tally.event(event));
                self.tally.files.flush();
                save(&mut self.saver, &mut self.failed, Saver::flush);
            }
            // What was sent before the end is read, however long that takes.
            let enough = |ended: Ended| latest.elapsed() >= SETTLED || (is_late && ended.since.elapsed() >= LONGEST);
            if ending.is_some_and(enough) {
                return;
            }
        }
    }

    fn finish(mut self, ending: Ending) -> u8 {
        self.analyzer.finish(|event| self.tally.event(event));
        if let Some(Err(error)) = self.saver.take().map(Saver::finish) {
            self.failed = true;
            say(error);
        }
        if ending.silent {
            return if self.failed { FAILED } else { 0 };
        }
        let mut dropped = Dropped::default();
        for interface in self.live.statistics() {
            dropped.kernel += interface.dropped_by_kernel;
            dropped.interface += interface.dropped_by_interface;
        }
        let mut counters = self.analyzer.counters();
        counters.incomplete.add(Loss::NothingCaptured, u64::from(self.args.host && counters.packets == 0));
        let summary = Summary { counters, dropped, ..Summary::default() };
        let incomplete = summary.incomplete();
        let told = self.tally.tell(summary, ending.namespaces);
        self.failed |= self.tally.files.failed;
        if let Err(error) = told {
            self.failed = true;
            say(format!("cannot write to standard error: {error}"));
        }
        let gate = Gate { leak_code: self.args.exit_code, allowed: self.args.allowed };
        gate.exit_code(self.failed, self.tally.leaked(), &incomplete)
    }
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

/// Saves, until that fails once.
fn save<T>(saver: &mut Option<Saver>, failed: &mut bool, act: impl FnOnce(&mut Saver) -> Result<T, save::Error>) {
    if let Some(Err(error)) = saver.as_mut().map(act) {
        *saver = None;
        *failed = true;
        say(error);
    }
}

/// Whether something was said through the pipe, or its other end is closed.
fn is_closed(pipe: &File) -> bool {
    let mut ends = [PollFd::new(pipe.as_fd(), PollFlags::POLLIN)];
    poll(&mut ends, PollTimeout::ZERO).is_ok_and(|count| count > 0)
}
