//! Gives up what only opening a device needed: root, capabilities, and the way back to them.
//!
//! It refuses to know what is opened; it only knows that nothing privileged comes after.

use std::fmt;
use std::fs::File;
use std::io;

/// The user who started the program through `sudo`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// Their user number; never 0.
    pub uid: u32,
    /// Their main group.
    pub gid: u32,
    /// Their name, if the system knows it: without it, only the main group is taken on.
    pub name: Option<String>,
}

/// What was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// Who the process is now, if it was root through `sudo`.
    pub caller: Option<Caller>,
    /// Whether capabilities were given up (only Linux has them).
    pub capabilities: bool,
}

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.caller, self.capabilities) {
            (Some(Caller { name: Some(name), .. }), _) => write!(f, "privileges dropped to {name}"),
            (Some(Caller { uid, .. }), _) => write!(f, "privileges dropped to user {uid}"),
            (None, true) => f.write_str("capabilities dropped"),
            (None, false) => f.write_str("no privileges to drop"),
        }
    }
}

/// A privilege could not be given up; the program must not go on as if it had been.
#[derive(Debug, thiserror::Error)]
#[error("cannot give up {what}: {cause}")]
pub struct Error {
    what: &'static str,
    cause: io::Error,
}

impl Error {
    fn giving_up(what: &'static str) -> impl Fn(io::Error) -> Self {
        move |cause| Self { what, cause }
    }
}

/// The user behind `sudo`, when the process is root because of it.
#[cfg(unix)]
pub fn caller() -> Option<Caller> {
    if !nix::unistd::geteuid().is_root() {
        return None;
    }
    let number = |name: &str| std::env::var(name).ok()?.parse::<u32>().ok();
    let (uid, gid) = (number("SUDO_UID")?, number("SUDO_GID")?);
    // Root who runs sudo is root; and u32::MAX means "leave as it is" to the system calls.
    if uid == 0 || uid == u32::MAX || gid == u32::MAX {
        return None;
    }
    let user = nix::unistd::User::from_uid(uid.into()).ok().flatten();
    Some(Caller { uid, gid, name: user.map(|user| user.name) })
}

/// The user behind `sudo`: there is none on this system.
#[cfg(not(unix))]
pub fn caller() -> Option<Caller> {
    None
}

/// Hands a file that was created as root to the user behind `sudo`; does nothing for others.
///
/// Only a regular file with a single name is handed over: what was there before, or is also known
/// by another name, may not be theirs to have. Files opened after [`drop`] need no such care.
///
/// # Errors
/// The file system refuses.
#[cfg(unix)]
pub fn give_to_caller(file: &File) -> io::Result<()> {
    use std::os::unix::fs::{MetadataExt as _, fchown};
    let Some(caller) = caller() else { return Ok(()) };
    let metadata = file.metadata()?;
    if metadata.is_file() && metadata.nlink() == 1 {
        fchown(file, Some(caller.uid), Some(caller.gid))?;
    }
    Ok(())
}

/// Hands a file to the user behind `sudo`: there is none on this system.
///
/// # Errors
/// Never.
#[cfg(not(unix))]
pub fn give_to_caller(_file: &File) -> io::Result<()> {
    Ok(())
}

/// Becomes the user behind `sudo` if there is one, gives up all capabilities, and sees to it that
/// none come back through a set-user-id program.
///
/// Root without `sudo` stays user 0 and can from then on do with files what their owner can.
/// Must be called while the process has a single thread: capabilities belong to threads.
///
/// # Errors
/// Something could not be given up. The process must then end.
pub fn drop() -> Result<Dropped, Error> {
    let caller = caller();
    #[cfg(unix)]
    if let Some(caller) = &caller {
        become_user(caller)?;
    }
    #[cfg(target_os = "linux")]
    drop_capabilities()?;
    Ok(Dropped { caller, capabilities: cfg!(target_os = "linux") })
}

#[cfg(unix)]
fn become_user(caller: &Caller) -> Result<(), Error> {
    use nix::unistd::{Gid, Uid, setgid, setuid};

    let (uid, gid) = (Uid::from_raw(caller.uid), Gid::from_raw(caller.gid));
    // Groups first, the user last: after it, nothing may be changed any more. For root these set
    // the real, effective and saved number at once.
    take_groups(caller).map_err(Error::giving_up("root's groups"))?;
    setgid(gid).map_err(|e| Error::giving_up("root's group")(e.into()))?;
    setuid(uid).map_err(|e| Error::giving_up("root")(e.into()))?;
    if setuid(Uid::from_raw(0)).is_ok() {
        return Err(Error::giving_up("root for good")(io::Error::other("there is a way back")));
    }
    Ok(())
}

#[cfg(all(unix, not(target_vendor = "apple")))]
fn take_groups(caller: &Caller) -> io::Result<()> {
    let gid = nix::unistd::Gid::from_raw(caller.gid);
    match caller.name.as_deref().map(std::ffi::CString::new) {
        Some(Ok(name)) => nix::unistd::initgroups(&name, gid)?,
        _ => nix::unistd::setgroups(&[gid])?,
    }
    Ok(())
}

#[cfg(target_vendor = "apple")]
#[allow(unsafe_code)]
fn take_groups(caller: &Caller) -> io::Result<()> {
    let group: nix::libc::gid_t = caller.gid;
    // SAFETY: the pointer is to the one group that the count announces.
    nix::errno::Errno::result(unsafe { nix::libc::setgroups(1, &raw const group) })?;
    Ok(())
}

/// Gives up all capabilities and stays who it is: for a process in a user namespace of its own,
/// where there is nobody else to become.
///
/// # Errors
/// As [`drop`].
pub fn drop_in_namespace() -> Result<(), Error> {
    #[cfg(target_os = "linux")]
    drop_capabilities()?;
    Ok(())
}

/// What a program started from here could have at most, noted before a namespace is entered
/// (`capabilities(7)`, "bounding set"): a new user namespace starts with everything.
#[cfg(target_os = "linux")]
#[derive(Debug, Clone, Copy)]
pub struct Bounds(rustix::thread::CapabilitySet);

#[cfg(target_os = "linux")]
impl Bounds {
    /// The bounds that the process has now.
    pub fn now() -> Self {
        use rustix::thread::{CapabilitySet, capability_is_in_bounding_set};
        let all = (0..64).map(|bit| CapabilitySet::from_bits_retain(1 << bit));
        Self(all.filter(|one| capability_is_in_bounding_set(*one).unwrap_or(false)).collect())
    }

    /// Gives up every capability, and sees to it that a program started from here is bounded as
    /// it was when this was noted. Unlike [`drop`], it leaves the user and set-user-id programs
    /// as they are.
    ///
    /// # Errors
    /// Something could not be given up.
    pub fn restore(self) -> Result<(), Error> {
        use rustix::thread::{CapabilitySet, remove_capability_from_bounding_set};
        let surplus = Self::now().0.difference(self.0).bits();
        for bit in (0..64).filter(|bit| surplus >> bit & 1 == 1) {
            remove_capability_from_bounding_set(CapabilitySet::from_bits_retain(1 << bit))
                .map_err(|e| Error::giving_up("the bounds of capabilities")(e.into()))?;
        }
        give_up_capabilities()
    }
}

#[cfg(target_os = "linux")]
fn drop_capabilities() -> Result<(), Error> {
    rustix::thread::set_no_new_privs(true).map_err(|e| Error::giving_up("new privileges")(e.into()))?;
    give_up_capabilities()
}

#[cfg(target_os = "linux")]
fn give_up_capabilities() -> Result<(), Error> {
    use rustix::thread::{CapabilitySet, CapabilitySets, capabilities, clear_ambient_capability_set, set_capabilities};

    clear_ambient_capability_set().map_err(|e| Error::giving_up("ambient capabilities")(e.into()))?;
    let none = CapabilitySets {
        effective: CapabilitySet::empty(),
        permitted: CapabilitySet::empty(),
        inheritable: CapabilitySet::empty(),
    };
    let failed = |e: rustix::io::Errno| Error::giving_up("capabilities")(e.into());
    set_capabilities(None, none).map_err(failed)?;
    let left = capabilities(None).map_err(failed)?;
    if left.permitted.is_empty() && left.effective.is_empty() && left.inheritable.is_empty() {
        Ok(())
    } else {
        Err(Error::giving_up("capabilities")(io::Error::other("some are left")))
    }
}
