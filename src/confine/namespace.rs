//! A user and network namespace of one's own: a private loopback where anyone may capture.
//!
//! It needs no root. Whether the namespace is good for capturing is not known here: some systems
//! let one be made and then deny what it is for, so the caller judges by opening the capture.

use std::fmt;
use std::io;

/// Why no namespace could be had.
#[derive(Debug)]
pub struct Refused {
    step: Step,
    cause: io::Error,
    reason: Reason,
}

/// What was being done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    Create,
    #[cfg(target_os = "linux")]
    MapUser,
    #[cfg(target_os = "linux")]
    RaiseLoopback,
}

/// What stands in the way, as far as it can be told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reason {
    /// The system has no such namespaces: it is not Linux, or its kernel was built without.
    Unsupported,
    /// Threads were running already (a mistake of the caller).
    Threads,
    /// `kernel.unprivileged_userns_clone` is 0 (Debian and kin).
    UnprivilegedDisabled,
    /// `user.max_user_namespaces` or `user.max_net_namespaces` is used up or 0.
    TooMany,
    /// `AppArmor` lets the namespace be made and denies every capability in it (Ubuntu 23.10 on).
    AppArmor,
    /// A container's seccomp profile, a chroot or a security module forbids it.
    Forbidden,
    /// Something else; the cause says what.
    Other,
}

impl Refused {
    /// What stands in the way.
    pub fn reason(&self) -> Reason {
        self.reason
    }

    /// What to type so that it works next time.
    pub fn advice(&self) -> &'static str {
        advice(self.reason)
    }
}

/// What to type where namespaces are refused for `reason`.
pub fn advice(reason: Reason) -> &'static str {
    match reason {
        Reason::UnprivilegedDisabled => "sudo sysctl -w kernel.unprivileged_userns_clone=1",
        Reason::TooMany => "sudo sysctl -w user.max_user_namespaces=10000 user.max_net_namespaces=10000",
        Reason::AppArmor => "sudo sysctl -w kernel.apparmor_restrict_unprivileged_userns=0",
        Reason::Forbidden => {
            "run it as root, or start the container with --cap-add=NET_RAW or --security-opt seccomp=unconfined"
        }
        Reason::Unsupported | Reason::Threads | Reason::Other => "run it as root (sudo)",
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.step {
            Step::Create => "no user and network namespace could be made",
            #[cfg(target_os = "linux")]
            Step::MapUser => "the new user namespace took no user",
            #[cfg(target_os = "linux")]
            Step::RaiseLoopback => "the loopback of the new network namespace could not be raised",
        })?;
        match self.reason {
            Reason::Unsupported => f.write_str(": this system has none"),
            Reason::Threads => f.write_str(": the process already has several threads"),
            Reason::UnprivilegedDisabled => f.write_str(": this system reserves them for root"),
            Reason::TooMany => f.write_str(": this system allows no more of them"),
            Reason::AppArmor => f.write_str(": AppArmor denies what they are for"),
            Reason::Forbidden => write!(f, ": a container, a chroot or a security module forbids it ({})", self.cause),
            Reason::Other => write!(f, ": {}", self.cause),
        }
    }
}

impl std::error::Error for Refused {}

/// Why this system would refuse, by its own settings; nothing if they forbid nothing.
///
/// For the case that a namespace was had and capturing in it is refused all the same.
pub fn restriction() -> Option<Reason> {
    let setting = |name: &str| std::fs::read_to_string(name).ok().and_then(|text| text.trim().parse::<u64>().ok());
    if setting("/proc/sys/kernel/unprivileged_userns_clone") == Some(0) {
        Some(Reason::UnprivilegedDisabled)
    } else if setting("/proc/sys/user/max_user_namespaces") == Some(0)
        || setting("/proc/sys/user/max_net_namespaces") == Some(0)
    {
        Some(Reason::TooMany)
    } else if setting("/proc/sys/kernel/apparmor_restrict_unprivileged_userns").is_some_and(|value| value > 0) {
        Some(Reason::AppArmor)
    } else {
        None
    }
}

/// Moves the process into a user and a network namespace of its own and raises loopback there.
///
/// The user keeps the same number and gets every capability over the new namespaces, until the
/// next `execve`; files are accessed with the same rights as before. There is no way back.
/// Only loopback exists inside. Must be called while the process has a single thread.
///
/// # Errors
/// The system refuses. The process may then be in a namespace already that is good for nothing:
/// the only sensible thing left is to say why and end.
#[cfg(target_os = "linux")]
pub fn enter() -> Result<(), Refused> {
    linux::enter()
}

/// What kind of namespace a process was moved into.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A network namespace alone: the user and every right are as before.
    Network,
    /// A network namespace within a user namespace: the process has every capability over both,
    /// and none over anything outside.
    UserAndNetwork,
}

/// Moves the process into a network namespace of its own and raises loopback there: a network
/// namespace alone where the process has the rights for it (root keeps what root has), otherwise
/// as [`enter`] does.
///
/// # Errors
/// As [`enter`].
#[cfg(target_os = "linux")]
pub fn enter_network() -> Result<Kind, Refused> {
    if linux::may_have_network() && linux::enter_network_alone()? {
        return Ok(Kind::Network);
    }
    linux::enter().map(|()| Kind::UserAndNetwork)
}

/// Moves the process into a network namespace of its own: not on this system.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn enter_network() -> Result<Kind, Refused> {
    enter().map(|()| Kind::UserAndNetwork)
}

/// Moves the process into a user and a network namespace of its own: not on this system.
///
/// # Errors
/// Always.
#[cfg(not(target_os = "linux"))]
pub fn enter() -> Result<(), Refused> {
    Err(Refused { step: Step::Create, cause: io::Error::from(io::ErrorKind::Unsupported), reason: Reason::Unsupported })
}

#[cfg(target_os = "linux")]
mod linux {
    use std::io;
    use std::os::fd::AsRawFd as _;

    use nix::errno::Errno;
    use nix::libc;
    use nix::sched::{CloneFlags, unshare};
    use nix::sys::prctl::{get_dumpable, set_dumpable};
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
    use nix::unistd::{getegid, geteuid};

    use super::{Reason, Refused, Step, restriction};

    pub(super) fn enter() -> Result<(), Refused> {
        // Asked before: inside, an unmapped user is nobody.
        let (user, group) = (geteuid(), getegid());
        unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNET).map_err(|e| refused(Step::Create, e.into()))?;
        // user_namespaces(7): a group may only be mapped by the unprivileged once nobody can
        // leave a group with setgroups(2) any more.
        let maps = [
            ("/proc/self/setgroups", "deny".to_owned()),
            ("/proc/self/uid_map", format!("{user} {user} 1")),
            ("/proc/self/gid_map", format!("{group} {group} 1")),
        ];
        // A program that was given capabilities by its file does not own its own files in /proc
        // until it says that it may be looked at.
        let hidden = !get_dumpable().unwrap_or(true);
        if hidden {
            set_dumpable(true).map_err(|e| refused(Step::MapUser, e.into()))?;
        }
        for (file, text) in maps {
            std::fs::write(file, text).map_err(|e| refused(Step::MapUser, e))?;
        }
        if hidden {
            set_dumpable(false).map_err(|e| refused(Step::MapUser, e.into()))?;
        }
        raise_loopback().map_err(|e| refused(Step::RaiseLoopback, e))
    }

    /// Whether the process may make a network namespace, set it up and capture in it as it is.
    pub(super) fn may_have_network() -> bool {
        use rustix::thread::{CapabilitySet, capabilities};
        let needed = CapabilitySet::SYS_ADMIN | CapabilitySet::NET_ADMIN | CapabilitySet::NET_RAW;
        capabilities(None).is_ok_and(|own| own.effective.contains(needed))
    }

    /// False where something forbids it that a user namespace may get around.
    pub(super) fn enter_network_alone() -> Result<bool, Refused> {
        match unshare(CloneFlags::CLONE_NEWNET) {
            Ok(()) => raise_loopback().map(|()| true).map_err(|e| refused(Step::RaiseLoopback, e)),
            Err(Errno::EPERM | Errno::EACCES) => Ok(false),
            Err(error) => Err(refused(Step::Create, error.into())),
        }
    }

    fn refused(step: Step, cause: io::Error) -> Refused {
        let reason = match (step, cause.raw_os_error().map(Errno::from_raw)) {
            (Step::Create, Some(Errno::EINVAL)) if super::super::sandbox::threads() > 1 => Reason::Threads,
            (Step::Create, Some(Errno::EINVAL | Errno::ENOSYS)) => Reason::Unsupported,
            (_, Some(Errno::ENOSPC | Errno::EUSERS)) => Reason::TooMany,
            (_, Some(Errno::EPERM | Errno::EACCES)) => restriction().unwrap_or(Reason::Forbidden),
            _ => Reason::Other,
        };
        Refused { step, cause, reason }
    }

    /// Sets `IFF_UP` on `lo`, as netdevice(7) describes.
    #[allow(unsafe_code)]
    fn raise_loopback() -> io::Result<()> {
        let socket = socket(AddressFamily::Inet, SockType::Datagram, SockFlag::SOCK_CLOEXEC, None)?;
        // SAFETY: ifreq is a plain C struct of integers, for which all zeroes are a valid value.
        let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
        for (to, from) in request.ifr_name.iter_mut().zip(c"lo".to_bytes()) {
            *to = libc::c_char::from_ne_bytes([*from]);
        }
        // SAFETY: the descriptor is open, and both requests take a pointer to an ifreq that lives
        // until they return; its name ends in zero.
        Errno::result(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCGIFFLAGS as _, &raw mut request) })?;
        // SAFETY: SIOCGIFFLAGS has just filled in this member of the union.
        unsafe { request.ifr_ifru.ifru_flags |= libc::IFF_UP as libc::c_short };
        // SAFETY: as above.
        Errno::result(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw mut request) })?;
        Ok(())
    }
}
