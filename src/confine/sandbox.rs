//! The sandbox that packets are read in: no new files but named ones, no sockets, no programs.
//!
//! Whoever finds a hole in a parser finds nothing behind it. Landlock says which files may be
//! opened, seccomp which system calls may be made; what a kernel lacks is reported, not hidden.

use std::fmt;
use std::io;
use std::path::PathBuf;

/// What the process may still reach, besides everything that is already open.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sandbox {
    /// Directories in which files may be created, written, renamed and removed; they must exist.
    pub writable_dirs: Vec<PathBuf>,
    /// Files, and directories with all that is in them, that may be opened for reading. libpcap,
    /// for one, reads `/sys/class/net/NAME/statistics` again when asked how many packets the
    /// interface dropped, and takes a refusal for a count of 0.
    pub readable: Vec<PathBuf>,
    /// Open descriptors that may be read and no longer written, such as the packet socket: it
    /// would send what is written to it.
    pub receive_only: Vec<i32>,
}

/// Whether a part of the sandbox is in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// It is, completely.
    InForce,
    /// It is, except for what is said here.
    Partly(String),
    /// It is not, for the reason said here.
    Missing(String),
}

/// What the sandbox holds back and what it could not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// No files but the named ones can be opened.
    pub files: Part,
    /// No sockets can be made, no programs started, no processes touched.
    pub system_calls: Part,
}

impl Report {
    /// Whether anything is missing.
    pub fn is_complete(&self) -> bool {
        self.files == Part::InForce && self.system_calls == Part::InForce
    }
}

impl fmt::Display for Report {
    /// One line: what is held back, then what is not and why.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let parts = [(&self.files, "opening files"), (&self.system_calls, "sockets and programs")];
        let held: Vec<_> =
            parts.iter().filter(|(p, _)| !matches!(p, Part::Missing(_))).map(|(_, what)| *what).collect();
        match held.as_slice() {
            [] => f.write_str("not confined")?,
            held => write!(f, "confined: no more {}", held.join(", "))?,
        }
        for (part, what) in parts {
            match part {
                Part::InForce => {}
                Part::Partly(but) => write!(f, "; {what}: {but}")?,
                Part::Missing(why) => write!(f, "; {what} not held back: {why}")?,
            }
        }
        Ok(())
    }
}

/// The sandbox could not be set up although the kernel has what it needs.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A path that is to stay reachable cannot be opened itself.
    #[error("cannot confine the program to {}: {cause}", path.display())]
    Path {
        /// Which.
        path: PathBuf,
        /// Why not.
        cause: io::Error,
    },
    /// The kernel refused.
    #[error("cannot confine the program ({part}): {cause}; --no-sandbox goes on without")]
    Refused {
        /// `Landlock` or `seccomp`.
        part: &'static str,
        /// What was said.
        cause: String,
    },
}

impl Sandbox {
    /// Confines the process for good: everything not named is out of reach, whoever asks.
    ///
    /// Call it before the first thread is started and after [`drop`](super::privileges::drop).
    /// Threads can be started afterwards; they are confined too.
    ///
    /// # Errors
    /// A writable directory does not exist, or the kernel has a part and refuses it. A part that the
    /// kernel lacks is no error: the report says so.
    #[cfg(target_os = "linux")]
    pub fn enter(&self) -> Result<Report, Error> {
        linux::enter(self)
    }

    /// Confines nothing on this system, and says so.
    ///
    /// # Errors
    /// Never.
    #[cfg(not(target_os = "linux"))]
    pub fn enter(&self) -> Result<Report, Error> {
        let missing = || Part::Missing("not available on this system".into());
        Ok(Report { files: missing(), system_calls: missing() })
    }
}

/// Whether the kernel can hold back the opening of all files but named ones (Landlock).
#[cfg(target_os = "linux")]
#[allow(unsafe_code)] // the crate for Landlock does not tell without restricting something
pub fn can_confine_files() -> bool {
    /// `landlock_create_ruleset(2)`: asks for the newest version of Landlock that there is.
    const LANDLOCK_CREATE_RULESET_VERSION: nix::libc::c_uint = 1;
    let no_ruleset = std::ptr::null::<nix::libc::c_void>();
    // SAFETY: with this flag the call takes a null pointer and a size of 0, and creates nothing.
    let version = unsafe {
        nix::libc::syscall(nix::libc::SYS_landlock_create_ruleset, no_ruleset, 0_usize, LANDLOCK_CREATE_RULESET_VERSION)
    };
    version > 0
}

/// Nothing is confined on this system.
#[cfg(not(target_os = "linux"))]
pub fn can_confine_files() -> bool {
    false
}

/// How many threads the process has; 1 where that cannot be told.
#[cfg(target_os = "linux")]
pub(super) fn threads() -> usize {
    std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count)
}

#[cfg(target_os = "linux")]
mod linux {
    use std::path::Path;

    use landlock::{
        ABI, Access as _, AccessFs, AccessNet, BitFlags, LandlockStatus, PathBeneath, PathFd, RestrictSelfAttr as _,
        RestrictionStatus, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _, RulesetError, Scope,
    };

    use super::super::system_calls::{self, Opening};
    use super::{Error, Part, Report, Sandbox, threads};

    /// The newest Landlock whose every right was considered here; older kernels give what they have.
    const CONSIDERED: ABI = ABI::V6;
    /// The first that also holds back the truncation of files.
    const TRUNCATION: ABI = ABI::V3;

    pub(super) fn enter(sandbox: &Sandbox) -> Result<Report, Error> {
        let several_threads = threads() > 1;
        let opening = match (sandbox.writable_dirs.is_empty(), sandbox.readable.is_empty()) {
            (true, true) => Opening::Nothing,
            (true, false) => Opening::Reading,
            (false, _) => Opening::ReadingAndWriting,
        };
        // Built before Landlock: what fails here must not leave half a sandbox behind.
        let filters = system_calls::filters(opening, &sandbox.receive_only);
        let landlock = restrict_files(sandbox)?;
        let system_calls = match filters {
            Ok(filters) => install(&filters)?,
            Err(_) => Part::Missing(format!("no seccomp filter is known for {}", std::env::consts::ARCH)),
        };
        let files = judge(&landlock, opening, several_threads, &system_calls);
        Ok(Report { files, system_calls })
    }

    /// What Landlock's answer means, given what seccomp does too.
    fn judge(landlock: &RestrictionStatus, opening: Opening, several_threads: bool, system_calls: &Part) -> Part {
        // Without anything to open, seccomp refuses every opening whatever Landlock can do.
        if opening == Opening::Nothing && *system_calls == Part::InForce {
            return Part::InForce;
        }
        match landlock.landlock {
            LandlockStatus::NotEnabled => Part::Missing("Landlock is not enabled in this kernel (lsm=landlock)".into()),
            LandlockStatus::NotImplemented => Part::Missing("this kernel has no Landlock (Linux 5.13 on)".into()),
            LandlockStatus::Available { .. } if several_threads && !landlock.all_threads => {
                Part::Partly("threads started earlier are not held back".into())
            }
            LandlockStatus::Available { effective_abi, .. } if (effective_abi as u32) < TRUNCATION as u32 => {
                Part::Partly("this kernel's Landlock cannot hold back truncation (Linux 6.2 on)".into())
            }
            LandlockStatus::Available { .. } => Part::InForce,
        }
    }

    fn restrict_files(sandbox: &Sandbox) -> Result<RestrictionStatus, Error> {
        let refused = |e: RulesetError| Error::Refused { part: "Landlock", cause: e.to_string() };
        let mut ruleset = Ruleset::default()
            .handle_access(AccessFs::from_all(CONSIDERED))
            .and_then(|r| r.handle_access(AccessNet::from_all(CONSIDERED)))
            .and_then(|r| r.scope(Scope::from_all(CONSIDERED)))
            .and_then(Ruleset::create)
            .map_err(refused)?;
        let writing = AccessFs::WriteFile | AccessFs::MakeReg | AccessFs::RemoveFile | AccessFs::Truncate;
        for directory in &sandbox.writable_dirs {
            ruleset = allow(ruleset, directory, writing)?;
        }
        // What does not exist needs no leave to be read.
        for path in sandbox.readable.iter().filter(|path| path.exists()) {
            ruleset = allow(ruleset, path, AccessFs::ReadFile | AccessFs::ReadDir)?;
        }
        ruleset.all_threads(true).and_then(RulesetCreated::restrict_self).map_err(refused)
    }

    fn allow(ruleset: RulesetCreated, path: &Path, access: BitFlags<AccessFs>) -> Result<RulesetCreated, Error> {
        let bad_path = |cause| Error::Path { path: path.to_owned(), cause };
        let is_dir = std::fs::metadata(path).map_err(bad_path)?.is_dir();
        let access = if is_dir { access } else { access & AccessFs::from_file(CONSIDERED) };
        let opened = PathFd::new(path).map_err(|e| bad_path(std::io::Error::other(e)))?;
        ruleset
            .add_rule(PathBeneath::new(opened, access))
            .map_err(|e| Error::Refused { part: "Landlock", cause: e.to_string() })
    }

    fn install(filters: &[seccompiler::BpfProgram]) -> Result<Part, Error> {
        for filter in filters {
            match seccompiler::apply_filter_all_threads(filter) {
                Ok(()) => {}
                Err(seccompiler::Error::Seccomp(e)) if e.raw_os_error() == Some(nix::libc::ENOSYS) => {
                    return Ok(Part::Missing("this kernel has no seccomp".into()));
                }
                Err(error) => return Err(Error::Refused { part: "seccomp", cause: error.to_string() }),
            }
        }
        Ok(Part::InForce)
    }
}
