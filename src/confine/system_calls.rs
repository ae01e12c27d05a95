//! Which system calls a confined process may still make: those for reading what is open, writing
//! what is open, and waiting.
//!
//! It is a list of what is allowed; everything else, also what kernels will invent, is refused
//! with EPERM. The list refuses to know which files may be opened: that is Landlock's to say.

use std::collections::BTreeMap;
use std::os::fd::RawFd;

use nix::libc;
use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition,
    SeccompFilter, SeccompRule, TargetArch,
};

/// Which ways of opening files are left to Landlock; the others are refused here already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Opening {
    Nothing,
    Reading,
    ReadingAndWriting,
}

/// Calls that are harmless with any arguments once a process has only the files it should have.
const ALWAYS: &[libc::c_long] = &[
    // reading, and asking about what is open
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_pread64,
    libc::SYS_preadv,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_recvmmsg,
    libc::SYS_lseek,
    libc::SYS_fstat,
    libc::SYS_fstatfs,
    libc::SYS_newfstatat,
    libc::SYS_statx,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_readlinkat,
    libc::SYS_getcwd,
    libc::SYS_getsockopt,
    libc::SYS_getsockname,
    libc::SYS_getdents64,
    libc::SYS_fadvise64,
    // finishing what is written
    libc::SYS_fsync,
    libc::SYS_fdatasync,
    libc::SYS_ftruncate,
    libc::SYS_fallocate,
    libc::SYS_close,
    // waiting
    libc::SYS_ppoll,
    libc::SYS_pselect6,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_eventfd2,
    libc::SYS_pipe2,
    libc::SYS_nanosleep,
    libc::SYS_clock_nanosleep,
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_restart_syscall,
    // memory, but see `MEMORY`
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    // threads, but see `clone`
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_setaffinity,
    libc::SYS_getcpu,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // signals to oneself
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    // clocks, numbers, chance
    libc::SYS_clock_gettime,
    libc::SYS_clock_getres,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getuid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getegid,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
];

/// The older spellings of the same, which only x86-64 still has.
#[cfg(target_arch = "x86_64")]
const ALWAYS_OLD: &[libc::c_long] = &[
    libc::SYS_poll,
    libc::SYS_select,
    libc::SYS_epoll_wait,
    libc::SYS_stat,
    libc::SYS_lstat,
    libc::SYS_access,
    libc::SYS_readlink,
    libc::SYS_time,
];
#[cfg(not(target_arch = "x86_64"))]
const ALWAYS_OLD: &[libc::c_long] = &[];

/// Calls that write to a descriptor, their first argument.
const WRITING: &[libc::c_long] = &[libc::SYS_write, libc::SYS_writev, libc::SYS_pwrite64, libc::SYS_pwritev];

/// Calls that replace or remove a file by its name, for rotation.
const RENAMING: &[libc::c_long] = &[
    #[cfg(not(target_arch = "riscv64"))]
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
];
#[cfg(target_arch = "x86_64")]
const RENAMING_OLD: &[libc::c_long] = &[libc::SYS_rename, libc::SYS_unlink];
#[cfg(not(target_arch = "x86_64"))]
const RENAMING_OLD: &[libc::c_long] = &[];

/// Calls that give rights to memory, their third argument.
const MEMORY: &[libc::c_long] = &[libc::SYS_mmap, libc::SYS_mprotect];

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The programs to install, in this order.
///
/// `receive_only` are descriptors that may be read and not written: a packet socket sends.
pub(super) fn filters(opening: Opening, receive_only: &[RawFd]) -> Result<Vec<BpfProgram>, BackendError> {
    let arch = TargetArch::try_from(std::env::consts::ARCH)?;
    let allowed = SeccompFilter::new(
        rules(opening, receive_only)?,
        SeccompAction::Errno(libc::EPERM.cast_unsigned()),
        SeccompAction::Allow,
        arch,
    )?;
    // clone3 hides its flags in memory where no filter can look. "No such call" makes the C
    // library fall back to clone, whose flags are an argument.
    let no_clone3 = SeccompFilter::new(
        Rules::from([(libc::SYS_clone3, vec![])]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS.cast_unsigned()),
        arch,
    )?;
    // The list last: once it is in force no further filter can be installed.
    Ok(vec![no_clone3.try_into()?, allowed.try_into()?])
}

fn rules(opening: Opening, receive_only: &[RawFd]) -> Result<Rules, BackendError> {
    let mut rules = Rules::new();
    for call in ALWAYS.iter().chain(ALWAYS_OLD) {
        rules.insert(*call, vec![]);
    }
    rules.insert(libc::SYS_clone3, vec![]); // judged by the other filter

    let not_receive_only = || receive_only.iter().map(|fd| when(0, Width::Dword, Is::Ne, bits(*fd)));
    for call in WRITING {
        allow_when(&mut rules, *call, not_receive_only())?;
    }
    // A signal handler wakes a thread by sending to a connected socket of our own: no address.
    allow_when(&mut rules, libc::SYS_sendto, not_receive_only().chain([when(4, Width::Qword, Is::Eq, 0)]))?;

    for call in MEMORY {
        let executable = bits(libc::PROT_EXEC);
        allow_when(&mut rules, *call, [when(2, Width::Dword, Is::MaskedEq(executable), 0)])?;
    }
    allow_open(&mut rules, opening)?;
    if opening == Opening::ReadingAndWriting {
        for call in RENAMING.iter().chain(RENAMING_OLD) {
            rules.insert(*call, vec![]);
        }
        // A file that was there already is made private.
        allow_when(&mut rules, libc::SYS_fchmod, [when(1, Width::Dword, Is::Eq, 0o600)])?;
    }

    // Threads of this process and nothing else: no processes, no namespaces.
    let thread = libc::CLONE_THREAD | libc::CLONE_VM | libc::CLONE_SIGHAND;
    let never = libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET
        | libc::CLONE_PTRACE
        | libc::CLONE_VFORK;
    let mask = Is::MaskedEq(bits(thread | never));
    allow_when(&mut rules, libc::SYS_clone, [when(0, Width::Dword, mask, bits(thread))])?;

    // abort(3), raise(3) and pthread_kill(3), to this process only.
    allow_when(&mut rules, libc::SYS_tgkill, [when(0, Width::Dword, Is::Eq, u64::from(std::process::id()))])?;
    // Asking for limits, not setting them: the third argument would be the new ones.
    allow_when(&mut rules, libc::SYS_prlimit64, [when(0, Width::Dword, Is::Eq, 0), when(2, Width::Qword, Is::Eq, 0)])?;

    allow_values(&mut rules, libc::SYS_prctl, 0, &[libc::PR_SET_NAME, libc::PR_GET_NAME].map(bits))?;
    let controls = [libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL];
    allow_values(&mut rules, libc::SYS_fcntl, 1, &controls.map(bits))?;
    // What a terminal is asked for its size, and what libpcap asks when an interface goes down.
    // TIOCSTI, which types for the user, and SIOCSIFFLAGS, which sets, are not among them.
    #[allow(clippy::unnecessary_cast, clippy::cast_sign_loss)] // the C libraries differ in their types
    let controls = [
        libc::TCGETS as u64,
        libc::TIOCGWINSZ as u64,
        libc::FIONREAD as u64,
        libc::FIONBIO as u64,
        libc::SIOCGIFFLAGS as u64,
        libc::SIOCGIFINDEX as u64,
    ];
    allow_values(&mut rules, libc::SYS_ioctl, 1, &controls)?;
    Ok(rules)
}

fn allow_open(rules: &mut Rules, opening: Opening) -> Result<(), BackendError> {
    // O_TMPFILE without the O_DIRECTORY in it: a directory may be opened for reading.
    let changing = libc::O_ACCMODE | libc::O_CREAT | libc::O_TRUNC | (libc::O_TMPFILE & !libc::O_DIRECTORY);
    let mut allow = |call, flags| match opening {
        Opening::Nothing => Ok(()),
        Opening::Reading => {
            let reading = Is::MaskedEq(bits(changing));
            allow_when(rules, call, [when(flags, Width::Dword, reading, bits(libc::O_RDONLY))])
        }
        Opening::ReadingAndWriting => allow_when(rules, call, []),
    };
    allow(libc::SYS_openat, 2)?;
    #[cfg(target_arch = "x86_64")]
    allow(libc::SYS_open, 1)?; // what musl calls
    Ok(())
}

/// An argument as the kernel sees it: the C library's signed numbers are only bits.
fn bits(value: libc::c_int) -> u64 {
    value.cast_unsigned().into()
}

fn when(argument: u8, width: Width, is: Is, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, width, is, value)
}

/// Allows `call` when all `conditions` hold; always, if there are none.
fn allow_when(
    rules: &mut Rules,
    call: libc::c_long,
    conditions: impl IntoIterator<Item = Result<SeccompCondition, BackendError>>,
) -> Result<(), BackendError> {
    let conditions = conditions.into_iter().collect::<Result<Vec<_>, _>>()?;
    let rule = if conditions.is_empty() { vec![] } else { vec![SeccompRule::new(conditions)?] };
    rules.insert(call, rule);
    Ok(())
}

/// Allows `call` when its `argument` is one of `values`.
fn allow_values(rules: &mut Rules, call: libc::c_long, argument: u8, values: &[u64]) -> Result<(), BackendError> {
    let rule = |value: &u64| SeccompRule::new(vec![when(argument, Width::Dword, Is::Eq, *value)?]);
    rules.insert(call, values.iter().map(rule).collect::<Result<_, _>>()?);
    Ok(())
}
