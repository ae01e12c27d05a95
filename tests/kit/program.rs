//! The program under test, as tests start it.

use std::process::{Command, Stdio};

/// What the program, its colours or its connections could take from the tester's own environment.
const OWN: [&str; 12] = [
    "NO_COLOR",
    "CLICOLOR",
    "CLICOLOR_FORCE",
    "SECRET_URL",
    "http_proxy",
    "HTTP_PROXY",
    "https_proxy",
    "HTTPS_PROXY",
    "all_proxy",
    "ALL_PROXY",
    "no_proxy",
    "NO_PROXY",
];

/// The program, without input, knowing nothing of the tester's own terminal, proxies and secrets.
pub(crate) fn plainsight() -> Command {
    let Some(path) = option_env!("CARGO_BIN_EXE_plainsight") else {
        panic!("cargo builds the program for test programs and benchmarks only");
    };
    let mut command = Command::new(path);
    command.stdin(Stdio::null());
    for name in OWN {
        command.env_remove(name);
    }
    command
}

/// The same, for tests that end it by signals. The tests themselves may be started with some ignored, which
/// it would inherit: SIGHUP under nohup, SIGINT and SIGQUIT in the background of a shell.
pub(crate) fn plainsight_heeding_signals() -> Command {
    let mut command = plainsight();
    heed_signals(&mut command);
    command
}

#[cfg(unix)]
#[allow(unsafe_code)]
fn heed_signals(command: &mut Command) {
    use nix::sys::signal::{SigHandler, Signal, signal};
    use std::os::unix::process::CommandExt as _;
    // SAFETY: between fork and exec only signal(2) is called, which is async-signal-safe; it installs no handler.
    unsafe {
        command.pre_exec(|| {
            for name in [Signal::SIGHUP, Signal::SIGINT, Signal::SIGQUIT] {
                signal(name, SigHandler::SigDfl)?;
            }
            Ok(())
        });
    }
}

#[cfg(not(unix))]
fn heed_signals(_: &mut Command) {}

/// What a program printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
