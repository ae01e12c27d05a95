//! Why a command fails, and what is printed on the standard streams besides reports.

use crate::report::escape;
use std::fmt;
use std::io::{self, Write as _};
use std::process::ExitCode;

/// Why a command failed: one sentence that says what failed, why, and what to do next.
#[derive(Debug)]
pub struct Failure(String);

impl Failure {
    /// A failure with this message, in which nothing can drive a terminal afterwards.
    pub fn new(message: impl AsRef<str>) -> Self {
        Self(escape::str(message.as_ref()))
    }

    /// A failure with several messages, a line each.
    pub(super) fn of_lines(messages: impl IntoIterator<Item = String>) -> Self {
        Self(messages.into_iter().map(|message| escape::str(&message)).collect::<Vec<_>>().join("\n"))
    }

    /// The failure with words in front of it.
    #[cfg(target_os = "linux")]
    pub(super) fn after(self, words: &str) -> Self {
        Self(format!("{words}{}", self.0))
    }

    /// Prints it on standard error.
    pub(super) fn tell(&self) {
        print_message(&self.0);
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The rooms' errors are whole sentences already.
macro_rules! failure_from {
    ($($error:ty),+) => {$(
        impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.to_string())
            }
        }
    )+};
}
failure_from!(
    crate::capture::Error,
    crate::capture::filter::Error,
    crate::capture::live::Error,
    crate::capture::save::Error
);

/// The exit code for usage errors and failures.
pub(super) const FAILED: u8 = 2;

/// Prints a message of one line on standard error. Nothing in it can drive a terminal or look like
/// another line: it may have names of files and text from the wire.
pub(super) fn say(what: impl fmt::Display) {
    print_message(&escape::str(&what.to_string()));
}

/// Prints on standard error; where nobody listens any more, nothing is lost.
fn print_message(escaped: &str) {
    _ = io::stderr().write_all(format!("plainsight: {escaped}\n").as_bytes());
}

/// Writes text that is a command's whole result. A reader who has left is no failure.
pub(super) fn print(text: &[u8]) -> Result<ExitCode, Failure> {
    let mut out = io::stdout().lock();
    match out.write_all(text).and_then(|()| out.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Failure::new(format!("cannot write to standard output: {error}")))
        }
        _ => Ok(ExitCode::SUCCESS),
    }
}
