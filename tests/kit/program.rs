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

/// What a program printed.
pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}
