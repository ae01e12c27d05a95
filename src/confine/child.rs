//! Runs a program beside ourselves: started with the rights and signals it would have had, told
//! every signal we are told, and outlived together with all that it leaves behind.
//!
//! It refuses to know why the program is run.

use nix::errno::Errno;
use nix::libc;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl;
use nix::sys::signal::{SigSet, SigmaskHow, Signal, kill, pthread_sigmask};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use nix::unistd::{ForkResult, Pid, fork, getpid};
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

/// Signals that are for the program, not for us. Stopping and going on (`SIGTSTP`, `SIGCONT`)
/// stay as they are: a terminal sends them to the program as well.
const PASSED_ON: [Signal; 8] = [
    Signal::SIGHUP,
    Signal::SIGINT,
    Signal::SIGQUIT,
    Signal::SIGTERM,
    Signal::SIGUSR1,
    Signal::SIGUSR2,
    Signal::SIGALRM,
    Signal::SIGWINCH,
];

/// How a process ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With this exit code.
    Code(i32),
    /// By this signal.
    Signal(i32),
}

impl Ended {
    /// The exit code that a shell would give: the program's own, or 128 and the signal's number.
    pub const fn shell_code(self) -> i32 {
        match self {
            Self::Code(code) => code,
            Self::Signal(signal) => 128 + signal,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// One of our children ended.
    Ended(Pid, Ended),
    /// A signal came for us alone, which the program should have.
    Signal(Signal),
    /// A signal came that the program was sent as well, by its terminal.
    Shared(Signal),
    /// Nothing, for as long as was waited.
    Nothing,
}

/// Children, and the signals that concern them. Signals wait to be asked for while this lives.
#[derive(Debug)]
pub struct Children {
    signals: SignalFd,
    /// Signals held back before, which the program is started with.
    before: SigSet,
}

impl Children {
    /// Holds back signals, and adopts whatever our children leave behind. For a process with a
    /// single thread.
    ///
    /// # Errors
    /// The system refuses.
    pub fn adopt() -> io::Result<Self> {
        prctl::set_child_subreaper(true)?;
        let mut held: SigSet = PASSED_ON.into_iter().collect();
        held.add(Signal::SIGCHLD);
        default_for_children()?;
        let mut before = SigSet::empty();
        pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&held), Some(&mut before))?;
        let signals = SignalFd::with_flags(&held, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        Ok(Self { signals, before })
    }

    /// Adopts whatever our children leave behind, in a process that was split off: it has that of its
    /// parent, which hears of signals for it as well.
    ///
    /// # Errors
    /// The system refuses.
    pub fn adopt_too() -> io::Result<()> {
        Ok(prctl::set_child_subreaper(true)?)
    }

    /// Splits off a process that runs `run` and ends with the exit code it gives. It has our
    /// rights and files; signals to us and to our terminal's programs do not end it.
    ///
    /// # Errors
    /// The system refuses, or there are several threads, of which the process would have one.
    #[allow(unsafe_code)]
    pub fn split_off(&self, run: impl FnOnce() -> u8) -> io::Result<Pid> {
        if super::sandbox::threads() > 1 {
            return Err(io::Error::other("the process already has several threads"));
        }
        // SAFETY: there is one thread, so that no lock can be held by another that the new
        // process does not have.
        match unsafe { fork() }? {
            ForkResult::Parent { child } => Ok(child),
            ForkResult::Child => {
                // What stops the program need not stop whoever watches it.
                let stopping: SigSet = [Signal::SIGTSTP, Signal::SIGTTOU].into_iter().collect();
                let _ = pthread_sigmask(SigmaskHow::SIG_BLOCK, Some(&stopping), None);
                std::process::exit(run().into())
            }
        }
    }

    /// Starts a program with the signals that we were started with. It does not outlive us.
    ///
    /// # Errors
    /// It cannot be started: [`io::ErrorKind::NotFound`] where there is none of that name.
    #[allow(unsafe_code)]
    pub fn start(&self, program: &OsString, arguments: &[OsString]) -> io::Result<Pid> {
        let mut command = Command::new(program);
        command.args(arguments);
        let before = self.before;
        // SAFETY: between fork and exec only two system calls are made, which allocate nothing.
        unsafe {
            command.pre_exec(move || {
                pthread_sigmask(SigmaskHow::SIG_SETMASK, Some(&before), None)?;
                // Nobody would watch it.
                prctl::set_pdeathsig(Signal::SIGKILL)?;
                Ok(())
            });
        }
        let child = command.spawn()?;
        Ok(Pid::from_raw(child.id().cast_signed()))
    }

    /// Waits until something happens.
    pub fn wait(&self, longest: Option<Duration>) -> Event {
        let until = longest.map(|longest| Instant::now() + longest);
        loop {
            // A signal stands for any number of children.
            if let Some((child, ended)) = reap() {
                return Event::Ended(child, ended);
            }
            match self.signals.read_signal() {
                Ok(Some(signal)) => {
                    let number = Signal::try_from(signal.ssi_signo.cast_signed()).ok();
                    match number.filter(|number| *number != Signal::SIGCHLD) {
                        Some(number) if signal.ssi_code == SI_KERNEL => return Event::Shared(number),
                        Some(number) => return Event::Signal(number),
                        None => continue,
                    }
                }
                Ok(None) | Err(Errno::EINTR) => {}
                Err(_) => return Event::Nothing,
            }
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left.is_some_and(|left| left.is_zero()) {
                return Event::Nothing;
            }
            let left = left.map_or(PollTimeout::NONE, |left| {
                // Rounded up, so that the last millisecond is not spent asking.
                PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::MAX)
            });
            let _ = poll(&mut [PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)], left);
        }
    }
}

/// `si_code` of a signal that the kernel sent by itself, as for Ctrl-C (sigaction(2)).
const SI_KERNEL: i32 = 0x80;

/// Sends a signal to one process; one that is gone has no need of it.
pub fn send(to: Pid, signal: Signal) {
    let _ = kill(to, signal);
}

/// Whoever started us may have chosen not to hear of children, and then none could be waited for.
#[allow(unsafe_code)]
fn default_for_children() -> io::Result<()> {
    use nix::sys::signal::{SigHandler, signal};
    // SAFETY: no handler is set.
    unsafe { signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
    Ok(())
}

/// By hand, since `nix` knows no name for a real-time signal and would lose a child that one ended.
#[allow(unsafe_code)]
fn reap() -> Option<(Pid, Ended)> {
    let mut status = 0;
    // SAFETY: the pointer is to an integer that lives until the call returns.
    let child = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    let ended = match child {
        1.. if libc::WIFEXITED(status) => Ended::Code(libc::WEXITSTATUS(status)),
        1.. if libc::WIFSIGNALED(status) => Ended::Signal(libc::WTERMSIG(status)),
        _ => return None,
    };
    Some((Pid::from_raw(child), ended))
}

/// Has the system send us `signal` when our parent ends, until our rights change (`prctl(2)`).
///
/// # Errors
/// The system refuses.
pub fn end_with_parent(signal: Signal) -> io::Result<()> {
    Ok(prctl::set_pdeathsig(signal)?)
}

/// Adds the network namespaces, other than our own, that processes are in that we started, directly or
/// not, but for `known`. Those are missing that ended already or may not be looked at.
pub fn add_namespaces(known: Pid, found: &mut BTreeSet<PathBuf>) {
    let of = |id: &str| std::fs::read_link(format!("/proc/{id}/ns/net")).ok();
    let Some(own) = of("self") else { return };
    let mut left = children_of("self");
    while let Some(id) = left.pop().filter(|_| found.len() < MOST_NAMESPACES) {
        if id == known.to_string() {
            continue;
        }
        found.extend(of(&id).filter(|namespace| *namespace != own));
        left.append(&mut children_of(&id));
    }
}

/// More namespaces than this are not told apart.
const MOST_NAMESPACES: usize = 1000;

/// The children of all threads of a process (`proc_tid_children(5)`); none where the kernel does not say.
fn children_of(id: &str) -> Vec<String> {
    let threads = std::fs::read_dir(format!("/proc/{id}/task")).into_iter().flatten().flatten();
    let children = threads.filter_map(|thread| std::fs::read_to_string(thread.path().join("children")).ok());
    children.flat_map(|text| text.split_ascii_whitespace().map(str::to_owned).collect::<Vec<_>>()).collect()
}

/// A process that the program left behind and that is our child now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Orphan {
    /// Its number.
    pub id: Pid,
    /// Its name, as `ps` shows it.
    pub name: String,
}

/// Our children but `known`, by `/proc`: only a process that has ended can be waited for without
/// ending it, and these have not.
pub fn orphans(known: Pid) -> Vec<Orphan> {
    let Ok(entries) = std::fs::read_dir("/proc") else { return Vec::new() };
    let ids = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<libc::pid_t>().ok());
    let own = getpid().as_raw();
    ids.filter(|id| *id != known.as_raw())
        .filter_map(|id| {
            let (name, state, parent) = parse(&std::fs::read(format!("/proc/{id}/stat")).ok()?)?;
            (parent == own && !matches!(state, b'Z' | b'X')).then_some(Orphan { id: Pid::from_raw(id), name })
        })
        .collect()
}

/// Name, state and parent of a process (`proc_pid_stat(5)`); its name may hold anything.
fn parse(stat: &[u8]) -> Option<(String, u8, libc::pid_t)> {
    let open = memchr::memchr(b'(', stat)?;
    let close = memchr::memrchr(b')', stat)?;
    let name = String::from_utf8_lossy(stat.get(open + 1..close)?).into_owned();
    let rest = std::str::from_utf8(stat.get(close + 1..)?).ok()?;
    let mut fields = rest.split_ascii_whitespace();
    let state = *fields.next()?.as_bytes().first()?;
    Some((name, state, fields.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_is_told_by_its_stat_whatever_its_name() {
        for (stat, want) in [
            (&b"17 (sleep) S 4 17 1 0"[..], Some(("sleep", b'S', 4))),
            (b"17 (a) R 9 (b) Z 4 17", Some(("a) R 9 (b", b'Z', 4))),
            (b"17 (\xff) S 4 17", Some(("\u{fffd}", b'S', 4))),
            (b"17 sleep S 4", None),
            (b"17 (sleep) S", None),
            (b"17 )sleep( S 4", None),
        ] {
            let got = parse(stat);
            let got = got.as_ref().map(|(name, state, parent)| (name.as_str(), *state, *parent));
            assert_eq!(got, want, "{}", stat.escape_ascii());
        }
    }

    #[test]
    fn a_signal_counts_from_128() {
        assert_eq!((Ended::Code(3).shell_code(), Ended::Signal(15).shell_code()), (3, 143));
    }
}
