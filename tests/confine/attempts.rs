//! Everything that a confined process tries.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;

use nix::libc;

/// The name of an attempt and what the system said to it: `ok` or the name of the error.
pub(crate) type Outcomes = HashMap<String, String>;

/// What the parent prepared outside.
pub(crate) struct Surroundings {
    /// May be written.
    pub(crate) inside: String,
    /// May not be touched.
    pub(crate) outside: String,
    /// A file outside that may be read.
    pub(crate) readable: String,
    /// A TCP port that somebody listens on.
    pub(crate) port: u16,
    /// The process that started this one.
    pub(crate) parent: usize,
    /// What may be read and not written.
    pub(crate) receive_only: UnixStream,
    /// What may be read and written.
    pub(crate) other: UnixStream,
}

fn name(result: io::Result<()>) -> String {
    match result {
        Ok(()) => "ok".into(),
        Err(e) => e.raw_os_error().map_or_else(|| e.to_string(), |n| format!("{:?}", nix::errno::Errno::from_raw(n))),
    }
}

#[allow(unsafe_code)]
fn raw(number: libc::c_long, arguments: [usize; 6]) -> io::Result<()> {
    let [first, second, third, fourth, fifth, sixth] = arguments;
    // SAFETY: every call made through here is either refused or does nothing with these
    // arguments: null pointers, invalid descriptors, zero lengths.
    let result = unsafe { libc::syscall(number, first, second, third, fourth, fifth, sixth) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// Tries everything and tells what came of it.
pub(crate) fn all(around: &mut Surroundings) -> Outcomes {
    let mut outcomes = Outcomes::new();
    files(around, &mut |what, result| drop(outcomes.insert(what.into(), name(result))));
    sockets(around, &mut |what, result| drop(outcomes.insert(what.into(), name(result))));
    programs(&mut |what, result| drop(outcomes.insert(what.into(), name(result))));
    system_calls(around.parent, &mut |what, result| drop(outcomes.insert(what.into(), name(result))));
    daily_work(around, &mut |what, result| drop(outcomes.insert(what.into(), name(result))));
    outcomes
}

type Tell<'a> = &'a mut dyn FnMut(&str, io::Result<()>);

fn files(around: &Surroundings, tell: Tell<'_>) {
    let (inside, outside) = (Path::new(&around.inside), Path::new(&around.outside));
    let read = |path: &Path| File::open(path).and_then(|mut f| f.read_to_end(&mut Vec::new())).map(drop);
    let write = |path: &Path| File::create(path).and_then(|mut f| f.write_all(b"x"));

    tell("read /etc/passwd", read(Path::new("/etc/passwd")));
    tell("read /proc/self/mem", File::open("/proc/self/mem").map(drop));
    tell("list /", fs::read_dir("/").map(drop));
    tell("read named", read(Path::new(&around.readable)));
    tell("write named", File::options().write(true).open(&around.readable).map(drop));
    tell("truncate named", nix::unistd::truncate(Path::new(&around.readable), 0).map_err(Into::into));
    tell("read outside", read(&outside.join("old")));
    tell("create outside", write(&outside.join("new")));
    tell("overwrite outside", write(&outside.join("old")));
    tell("remove outside", fs::remove_file(outside.join("old")));
    tell("chmod outside", fs::set_permissions(outside.join("old"), fs::Permissions::from_mode(0o777)));

    tell("create inside", write(&inside.join("new")));
    tell("overwrite inside", write(&inside.join("old")));
    tell("read inside", read(&inside.join("old")));
    tell("rename inside", fs::rename(inside.join("new"), inside.join("newer")));
    tell("rename out", fs::rename(inside.join("old"), outside.join("stolen")));
    tell("rename in", fs::rename(outside.join("old"), inside.join("stolen")));
    tell("remove inside", fs::remove_file(inside.join("newer")));
    tell("climb out", write(&inside.join("../outside/climbed")));
    tell("make directory inside", fs::create_dir(inside.join("d")));
    tell("link inside", fs::hard_link(inside.join("old"), inside.join("linked")));
    tell("symlink inside", std::os::unix::fs::symlink("/etc/passwd", inside.join("symbolic")));
}

fn sockets(around: &Surroundings, tell: Tell<'_>) {
    use nix::sys::socket::{AddressFamily, SockFlag, SockType, socket};
    let make = |family, kind| socket(family, kind, SockFlag::empty(), None).map(drop).map_err(io::Error::from);
    tell("tcp connect", TcpStream::connect(("127.0.0.1", around.port)).map(drop));
    tell("tcp listen", TcpListener::bind(("127.0.0.1", 0)).map(drop));
    tell("udp", UdpSocket::bind(("127.0.0.1", 0)).map(drop));
    tell("unix connect", UnixStream::connect(Path::new(&around.outside).join("socket")).map(drop));
    tell("unix listen", UnixListener::bind(Path::new(&around.inside).join("socket")).map(drop));
    tell("socket pair", UnixStream::pair().map(drop));
    tell("socket packet", make(AddressFamily::Packet, SockType::Raw));
    tell("socket netlink", make(AddressFamily::Netlink, SockType::Raw));
    tell("socket raw", make(AddressFamily::Inet, SockType::Raw));
    tell("write receive-only", (&around.receive_only).write(b"x").map(drop));
    tell("send receive-only", around.receive_only.as_raw_fd().pipe(|fd| raw(libc::SYS_sendto, [fd, 0, 0, 0, 0, 0])));
    tell("write other", (&around.other).write(b"x").map(drop));
    let address = [0u8; 16];
    let to = around.other.as_raw_fd().pipe(|fd| [fd, 0, 0, 0, address.as_ptr() as usize, address.len()]);
    tell("send to an address", raw(libc::SYS_sendto, to));
    tell("dup", around.receive_only.try_clone().map(drop));
}

trait Pipe: Sized {
    fn pipe<T>(self, f: impl FnOnce(usize) -> T) -> T;
}

impl Pipe for i32 {
    fn pipe<T>(self, f: impl FnOnce(usize) -> T) -> T {
        f(usize::try_from(self).unwrap())
    }
}

#[allow(unsafe_code)]
fn programs(tell: Tell<'_>) {
    tell("run a program", Command::new("/bin/true").status().map(drop));
    let program = c"/bin/true";
    tell("become a program", nix::unistd::execv(program, &[program]).map(drop).map_err(Into::into));
    tell("execveat", raw(libc::SYS_execveat, [usize::MAX, program.as_ptr() as usize, 0, 0, 0, 0]));
    // SAFETY: a child, should there be one, calls nothing but _exit.
    let forked = unsafe { nix::unistd::fork() };
    if let Ok(nix::unistd::ForkResult::Child) = forked {
        // SAFETY: ends the process at once, running nothing.
        unsafe { libc::_exit(0) };
    }
    tell("fork", forked.map(drop).map_err(Into::into));
}

fn system_calls(parent: usize, tell: Tell<'_>) {
    let calls: &[(&str, libc::c_long, [usize; 6])] = &[
        ("ptrace", libc::SYS_ptrace, [libc::PTRACE_SEIZE as usize, parent, 0, 0, 0, 0]),
        ("process_vm_readv", libc::SYS_process_vm_readv, [parent, 0, 0, 0, 0, 0]),
        ("process_vm_writev", libc::SYS_process_vm_writev, [parent, 0, 0, 0, 0, 0]),
        ("pidfd_open", libc::SYS_pidfd_open, [parent, 0, 0, 0, 0, 0]),
        ("kill", libc::SYS_kill, [parent, 0, 0, 0, 0, 0]),
        ("tgkill another", libc::SYS_tgkill, [parent, parent, 0, 0, 0, 0]),
        ("mount", libc::SYS_mount, [0; 6]),
        ("unshare", libc::SYS_unshare, [libc::CLONE_NEWUSER as usize, 0, 0, 0, 0, 0]),
        ("setns", libc::SYS_setns, [usize::MAX, 0, 0, 0, 0, 0]),
        ("chroot", libc::SYS_chroot, [0; 6]),
        ("bpf", libc::SYS_bpf, [0; 6]),
        ("keyctl", libc::SYS_keyctl, [0; 6]),
        ("add_key", libc::SYS_add_key, [0; 6]),
        ("io_uring_setup", libc::SYS_io_uring_setup, [1, 0, 0, 0, 0, 0]),
        ("open_by_handle_at", libc::SYS_open_by_handle_at, [0; 6]),
        ("openat2", libc::SYS_openat2, [0; 6]),
        ("perf_event_open", libc::SYS_perf_event_open, [0; 6]),
        ("userfaultfd", libc::SYS_userfaultfd, [0; 6]),
        ("memfd_create", libc::SYS_memfd_create, [0; 6]),
        ("setuid", libc::SYS_setuid, [0; 6]),
        ("init_module", libc::SYS_init_module, [0; 6]),
        ("personality", libc::SYS_personality, [0xffff_ffff, 0, 0, 0, 0, 0]),
        ("prctl dumpable", libc::SYS_prctl, [libc::PR_GET_DUMPABLE as usize, 0, 0, 0, 0, 0]),
        ("sendmsg", libc::SYS_sendmsg, [usize::MAX, 0, 0, 0, 0, 0]),
        ("splice", libc::SYS_splice, [usize::MAX, 0, usize::MAX, 0, 0, 0]),
        ("setsockopt", libc::SYS_setsockopt, [usize::MAX, 0, 0, 0, 0, 0]),
        ("type for the user", libc::SYS_ioctl, [0, libc::TIOCSTI as usize, 0, 0, 0, 0]),
        ("clone3", libc::SYS_clone3, [0; 6]),
        ("clone a process", libc::SYS_clone, [libc::SIGCHLD as usize, 0, 0, 0, 0, 0]),
        (
            "clone a namespace",
            libc::SYS_clone,
            [(libc::CLONE_THREAD | libc::CLONE_VM | libc::CLONE_SIGHAND | libc::CLONE_NEWNET) as usize, 0, 0, 0, 0, 0],
        ),
        (
            "executable memory",
            libc::SYS_mmap,
            [
                0,
                4096,
                (libc::PROT_READ | libc::PROT_EXEC) as usize,
                (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS) as usize,
                usize::MAX,
                0,
            ],
        ),
        ("make executable", libc::SYS_mprotect, [0, 0, libc::PROT_EXEC as usize, 0, 0, 0]),
    ];
    for (what, number, arguments) in calls {
        tell(what, raw(*number, *arguments));
    }
    // The same numbers in the x32 calling convention, which a list of what is forbidden forgets.
    #[cfg(target_arch = "x86_64")]
    tell("socket by x32", raw(libc::SYS_socket | 0x4000_0000, [libc::AF_UNIX as usize, 1, 0, 0, 0, 0]));
}

/// What reading and writing packets needs, and must keep.
fn daily_work(around: &mut Surroundings, tell: Tell<'_>) {
    let thread = std::thread::Builder::new().name("worker".into()).spawn(|| {
        std::thread::sleep(std::time::Duration::from_millis(1));
        (File::open("/etc/passwd").is_err(), std::thread::available_parallelism().map_or(0, usize::from))
    });
    tell(
        "start a thread",
        thread.as_ref().map(drop).map_err(|e| io::Error::from_raw_os_error(e.raw_os_error().unwrap())),
    );
    let (refused, cores) = thread.unwrap().join().unwrap();
    tell("read /etc/passwd in a thread", if refused { Err(io::Error::from_raw_os_error(libc::EPERM)) } else { Ok(()) });
    tell("count cores", if cores > 0 { Ok(()) } else { Err(io::Error::other("none")) });

    let mut byte = [0];
    tell("read receive-only", around.receive_only.read_exact(&mut byte));
    tell("channel between threads", {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || sender.send(1));
        receiver.recv().map(drop).map_err(io::Error::other)
    });
    drop(std::hint::black_box(vec![1u8; 64 << 20]));
    tell("a large buffer", Ok(()));
    let random = HashMap::from([(1, std::time::SystemTime::now())]);
    tell("hash with chance", if random.contains_key(&1) { Ok(()) } else { Err(io::Error::other("lost")) });
    let caught = std::panic::catch_unwind(|| panic!("on purpose"));
    tell("a panic is caught", if caught.is_err() { Ok(()) } else { Err(io::Error::other("not")) });
    let copied = io::copy(&mut io::repeat(b'x').take(1 << 20), &mut io::sink());
    tell("copy", copied.map(drop));
}
