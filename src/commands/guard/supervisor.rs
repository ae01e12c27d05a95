//! Starts the watcher and the command, passes signals on, and waits for the end of both and of
//! everything that the command left behind.
//!
//! No byte of a packet comes here: that is the watcher's, which is confined.

use super::super::failure::{FAILED, Failure, say};
use super::args::Args;
use super::watcher::{self, Ending, Plan};
use crate::confine::child::{self, Children, Ended, Event};
use crate::confine::namespace::{self, Kind, Reason};
use crate::confine::privileges::Bounds;
use nix::fcntl::OFlag;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getpid, getppid, pipe2};
use std::collections::BTreeSet;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant};

/// Where a shell says that a command was found and cannot be run, or was not found.
const CANNOT_RUN: i32 = 126;
const NOT_FOUND: i32 = 127;

/// Runs the command and judges it.
///
/// This process does nothing but wait for the one that does it, and pass signals on: where this one is
/// killed, that one is told, and ends all that the command has started.
pub(super) fn run(args: &Args) -> Result<ExitCode, Failure> {
    let failed = |error| Failure::new(format!("the command was not run: cannot prepare to wait for it: {error}"));
    // Before anything else: no thread may run yet.
    let children = Children::adopt().map_err(failed)?;
    let front = getpid();
    let supervisor = children.split_off(|| {
        supervise(args, &children, front).unwrap_or_else(|failure| {
            say(failure);
            FAILED
        })
    });
    let supervisor = supervisor.map_err(failed)?;
    let ended = loop {
        match children.wait(None) {
            Event::Ended(child, ended) if child == supervisor => break ended,
            Event::Signal(signal) => child::send(supervisor, signal),
            Event::Ended(..) | Event::Shared(_) | Event::Nothing => {}
        }
    };
    if let Ended::Signal(_) = ended {
        kill_all(&children, supervisor);
    }
    Ok(ExitCode::from(u8::try_from(ended.shell_code()).unwrap_or(FAILED)))
}

/// Kills whatever the supervisor has left behind, which is ours then.
fn kill_all(children: &Children, supervisor: Pid) {
    let until = Instant::now() + LAST;
    while Instant::now() < until {
        let left = child::orphans(supervisor);
        if left.is_empty() {
            return;
        }
        for orphan in left {
            child::send(orphan.id, Signal::SIGKILL);
        }
        children.wait(Some(LOOK));
    }
}

/// Starts the watcher and the command, and gives the exit code. `front` is the process that waits for
/// this one.
fn supervise(args: &Args, children: &Children, front: Pid) -> Result<u8, Failure> {
    let found = args.canaries.find()?;
    if let Some(note) = found.note().filter(|_| !args.quiet) {
        say(note);
    }
    let bounds = Bounds::now();
    let namespace = if args.host { None } else { Some(namespace::enter_network().map_err(|error| refused(&error))?) };
    let failed = |error| Failure::new(format!("the command was not run: cannot prepare to wait for it: {error}"));
    Children::adopt_too().map_err(failed)?;
    let pipe = || pipe2(OFlag::O_CLOEXEC).map(|(end, other)| (File::from(end), File::from(other)));
    let (mut is_ready, ready) = pipe().map_err(|error| failed(error.into()))?;
    let (stopped, stop) = pipe().map_err(|error| failed(error.into()))?;
    let mut stop = Some(stop);
    let plan = Plan { args, found, namespace };
    let watcher = children.split_off(|| {
        // Whoever has this end keeps the watcher from hearing that it is to stop.
        stop = None;
        watcher::run(plan, ready, stopped)
    });
    let watcher = watcher.map_err(failed)?;
    // The closure was not run here; what it was given went with it.
    let stop = stop.ok_or_else(|| Failure::new("the command was not run: there is no way to stop the watcher"))?;
    // It has said why it is not.
    if is_ready.read(&mut [0]).unwrap_or(0) == 0 {
        return Ok(FAILED);
    }
    if namespace == Some(Kind::UserAndNetwork) {
        bounds.restore().map_err(|error| Failure::new(format!("the command was not run: {error}")))?;
    }
    let namespaces = BTreeSet::new();
    let mut supervisor = Supervisor { children, watcher, watched: None, stop, args, front, namespaces };
    // Only now: what changes a process's rights makes the system forget it.
    child::end_with_parent(Signal::SIGTERM).map_err(failed)?;
    if supervisor.is_abandoned() {
        return Ok(FAILED);
    }
    let Some((program, arguments)) = args.command.split_first() else {
        return Err(Failure::new("there is no command to run"));
    };
    let outcome = match supervisor.children.start(program, arguments) {
        Ok(command) => supervisor.follow(command),
        Err(error) => {
            say(format!("cannot run {}: {error}", program.display()));
            let code = if error.kind() == ErrorKind::NotFound { NOT_FOUND } else { CANNOT_RUN };
            // Nothing was sent, so there is nothing to tell.
            Outcome { command: code, alone: true, silent: true }
        }
    };
    Ok(supervisor.finish(&outcome))
}

fn refused(error: &namespace::Refused) -> Failure {
    let advice = match error.reason() {
        // As root the command would be root too.
        Reason::Forbidden => "start the container with --security-opt seccomp=unconfined",
        _ => error.advice(),
    };
    Failure::new(format!(
        "the command was not run: {error}; what helps: {advice}; or --host, which watches the network that is there \
         (with the right to capture)"
    ))
}

/// What came of the command.
struct Outcome {
    /// Its exit code, as a shell would give it.
    command: i32,
    /// Whether nothing that it started is left.
    alone: bool,
    /// Whether nothing is to be told.
    silent: bool,
}

struct Supervisor<'a> {
    children: &'a Children,
    watcher: Pid,
    /// How the watcher ended.
    watched: Option<Ended>,
    /// Closed when the watcher is to stop.
    stop: File,
    args: &'a Args,
    /// Our parent, unless it was killed.
    front: Pid,
    /// The network namespaces that the command made for itself, as far as it was seen in them.
    namespaces: BTreeSet<PathBuf>,
}

impl Supervisor<'_> {
    /// Waits for the command and for what it leaves behind.
    fn follow(&mut self, command: Pid) -> Outcome {
        let ended = loop {
            match self.children.wait(Some(LOOK)) {
                Event::Ended(child, ended) if child == command => break ended,
                Event::Ended(child, ended) => self.other_ended(child, ended),
                Event::Signal(_) if self.is_abandoned() => {
                    child::send(command, Signal::SIGKILL);
                }
                Event::Signal(signal) => child::send(command, signal),
                Event::Shared(_) | Event::Nothing => {}
            }
            child::add_namespaces(self.watcher, &mut self.namespaces);
        };
        let alone = self.clear_up();
        Outcome { command: ended.shell_code(), alone, silent: self.is_abandoned() }
    }

    /// Whether the process that waits for us was killed.
    fn is_abandoned(&self) -> bool {
        getppid() != self.front
    }

    fn other_ended(&mut self, child: Pid, ended: Ended) {
        if child == self.watcher {
            self.watched = Some(ended);
            say("the watcher ended before the command: what the command sends from now on is not watched");
        }
    }

    /// Ends what the command left behind: left alone for a while, then asked, then killed. False
    /// where something is left all the same.
    fn clear_up(&mut self) -> bool {
        let steps = [(None, self.args.grace), (Some(Signal::SIGTERM), self.args.grace), (Some(Signal::SIGKILL), LAST)];
        for (signal, patience) in steps {
            let is_last = signal == Some(Signal::SIGKILL);
            if self.is_abandoned() && !is_last {
                continue;
            }
            if self.wait_for_orphans(signal, patience) {
                return true;
            }
        }
        let left = names(&child::orphans(self.watcher));
        say(format!("{left}, left behind by the command, cannot be ended"));
        false
    }

    /// Waits until nothing of the command is left; false when `patience` is over. Each process
    /// gets `signal`, those too that become ours since their parents end by it.
    fn wait_for_orphans(&mut self, signal: Option<Signal>, patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let mut told = Vec::new();
        loop {
            child::add_namespaces(self.watcher, &mut self.namespaces);
            let orphans = child::orphans(self.watcher);
            if orphans.is_empty() {
                // Only if nothing ended meanwhile: its children are ours since, and were not yet
                // when they were looked at.
                match self.children.wait(Some(Duration::ZERO)) {
                    Event::Nothing => return true,
                    Event::Ended(child, ended) => self.other_ended(child, ended),
                    Event::Signal(_) | Event::Shared(_) => {}
                }
                continue;
            }
            let new: Vec<_> = orphans.into_iter().filter(|orphan| !told.contains(&orphan.id)).collect();
            if let Some(signal) = signal {
                if !new.is_empty() && !self.args.quiet {
                    say(format!("{}, left behind by the command: {signal}", names(&new)));
                }
                for orphan in &new {
                    child::send(orphan.id, signal);
                }
            }
            told.extend(new.into_iter().map(|orphan| orphan.id));
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            match self.children.wait(Some(left.min(LOOK))) {
                Event::Ended(child, ended) => self.other_ended(child, ended),
                // Whoever wants an end gets it at once.
                Event::Signal(Signal::SIGINT | Signal::SIGTERM | Signal::SIGHUP | Signal::SIGQUIT)
                | Event::Shared(Signal::SIGINT | Signal::SIGHUP | Signal::SIGQUIT) => return false,
                Event::Signal(_) | Event::Shared(_) | Event::Nothing => {}
            }
        }
    }

    /// Stops the watcher and gives the exit code.
    fn finish(mut self, outcome: &Outcome) -> u8 {
        let namespaces = u16::try_from(self.namespaces.len()).unwrap_or(u16::MAX);
        // Where the watcher is gone, it says so itself.
        let _ = self.stop.write_all(&Ending { silent: outcome.silent, namespaces }.to_bytes());
        drop(self.stop);
        let watched = loop {
            if let Some(ended) = self.watched {
                break ended;
            }
            if let Event::Ended(child, ended) = self.children.wait(None)
                && child == self.watcher
            {
                self.watched = Some(ended);
            }
        };
        exit_code(outcome.command, outcome.alone, watched)
    }
}

/// How long killed processes may take to be gone.
const LAST: Duration = Duration::from_secs(5);
/// How often it is looked what is left behind, besides whenever something ends.
const LOOK: Duration = Duration::from_millis(100);

fn names(orphans: &[child::Orphan]) -> String {
    let all: Vec<_> = orphans.iter().map(|orphan| format!("{} ({})", orphan.name.escape_debug(), orphan.id)).collect();
    all.join(", ")
}

/// The command's code wins where it is not 0; then a failure of the gate; then what it found.
fn exit_code(command: i32, alone: bool, watched: Ended) -> u8 {
    match (u8::try_from(command).unwrap_or(u8::MAX), watched) {
        (0, Ended::Code(code)) if alone => u8::try_from(code).unwrap_or(FAILED),
        (0, _) => FAILED,
        (code, _) => code,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_wins() {
        let (clean, leaked, failed, killed) = (Ended::Code(0), Ended::Code(1), Ended::Code(2), Ended::Signal(9));
        for (command, alone, watched, want) in [
            (0, true, clean, 0),
            (0, true, leaked, 1),
            (0, true, Ended::Code(42), 42),
            (0, true, failed, 2),
            (0, true, killed, 2),
            (0, false, clean, 2),
            (0, false, leaked, 2),
            (3, true, leaked, 3),
            (3, false, failed, 3),
            (143, true, killed, 143),
            (127, true, clean, 127),
        ] {
            assert_eq!(exit_code(command, alone, watched), want, "{command} {alone} {watched:?}");
        }
    }
}
