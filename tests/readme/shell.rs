//! A reader's folder and shell: lines are run in it as they were typed.

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use std::ffi::OsString;
use std::io::Read;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// Nothing here takes this long unless it hangs.
const LONG: Duration = Duration::from_secs(60);

/// The folder of a reader: the repository's fixtures, a `.env`, and the programs that lines name.
pub(crate) struct Folder {
    root: tempfile::TempDir,
}

impl Folder {
    /// A folder with `files` in it, where each of `stand_ins` is this test.
    pub(crate) fn new(files: &[(&str, &str)], stand_ins: &[&str]) -> Self {
        let root = tempfile::tempdir().unwrap();
        let at = |name: &str| root.path().join(name);
        std::fs::create_dir(at("bin")).unwrap();
        symlink(env!("CARGO_BIN_EXE_plainsight"), at("bin/plainsight")).unwrap();
        symlink(Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures"), at("fixtures")).unwrap();
        for name in stand_ins {
            symlink(std::env::current_exe().unwrap(), at(name)).unwrap();
        }
        for (name, content) in files {
            std::fs::write(at(name), content).unwrap();
        }
        Self { root }
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.root.path().join(name)
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        std::fs::read(self.path(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
    }

    /// Whether the reader's shell finds a program.
    pub(crate) fn has(&self, program: &str) -> bool {
        std::env::split_paths(&self.search_path()).any(|folder| folder.join(program).is_file())
    }

    fn search_path(&self) -> OsString {
        let mut folders = vec![self.path("bin")];
        folders.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
        std::env::join_paths(folders).unwrap()
    }

    /// Starts a line in a shell, which is led by `environment` and knows nothing of the tester's own.
    pub(crate) fn start(&self, line: &str, environment: &[(&str, &str)]) -> Running {
        let mut shell = Command::new("/bin/sh");
        // As at a terminal, Ctrl-C ends the line's programs and not the shell that waits for them.
        shell.arg("-c").arg(format!("trap : INT\n{line}\n")).current_dir(self.root.path()).process_group(0);
        shell.env_clear().env("PATH", self.search_path()).env("HOME", self.root.path());
        shell.envs(environment.iter().copied()).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = shell.spawn().unwrap();
        let out = Stream::of(child.stdout.take().unwrap());
        let err = Stream::of(child.stderr.take().unwrap());
        Running { line: line.to_owned(), child, out, err }
    }

    /// Runs a line to its end.
    pub(crate) fn run(&self, line: &str, environment: &[(&str, &str)]) -> Output {
        self.start(line, environment).finish()
    }
}

/// What a program writes, as it writes it.
struct Stream {
    text: Arc<Mutex<Vec<u8>>>,
    reader: Option<JoinHandle<()>>,
}

impl Stream {
    fn of(mut from: impl Read + Send + 'static) -> Self {
        let text = Arc::new(Mutex::new(Vec::new()));
        let shared = Arc::clone(&text);
        let reader = std::thread::spawn(move || {
            let mut part = [0; 4096];
            while let Ok(read @ 1..) = from.read(&mut part) {
                shared.lock().unwrap().extend(&part[..read]);
            }
        });
        Self { text, reader: Some(reader) }
    }

    fn so_far(&self) -> String {
        String::from_utf8_lossy(&self.text.lock().unwrap()).into_owned()
    }

    fn whole(&mut self) -> Vec<u8> {
        if let Some(reader) = self.reader.take() {
            reader.join().unwrap();
        }
        std::mem::take(&mut self.text.lock().unwrap())
    }
}

/// A line that runs. Whatever is left of it is killed when this is dropped.
pub(crate) struct Running {
    line: String,
    child: Child,
    out: Stream,
    err: Stream,
}

impl Running {
    fn group(&self) -> Pid {
        Pid::from_raw(self.child.id().cast_signed())
    }

    fn wait_until(&mut self, what: &str, is_so: impl Fn(&Self) -> bool) {
        let began = Instant::now();
        while !is_so(self) {
            let over = self.child.try_wait().unwrap().is_some() || began.elapsed() > LONG;
            assert!(!over || is_so(self), "{}: no {what:?}\n{}\n{}", self.line, self.out.so_far(), self.err.so_far());
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Waits until it has written `text` on standard error.
    pub(crate) fn says(&mut self, text: &str) {
        self.wait_until(text, |running| running.err.so_far().contains(text));
    }

    /// Waits until it has written `text` on standard output.
    pub(crate) fn shows(&mut self, text: &str) {
        self.wait_until(text, |running| running.out.so_far().contains(text));
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        killpg(self.group(), Signal::SIGINT).unwrap();
    }

    /// Waits for its end.
    pub(crate) fn finish(mut self) -> Output {
        let began = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(began.elapsed() < LONG, "{}: it does not end\n{}", self.line, self.err.so_far());
            std::thread::sleep(Duration::from_millis(5));
        };
        Output { status, stdout: self.out.whole(), stderr: self.err.whole() }
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // Nothing of the group is left where it ended well.
        let _ = killpg(self.group(), Signal::SIGKILL);
        let _ = self.child.wait();
    }
}
