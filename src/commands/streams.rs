//! Standard input and output under their name `-`, and inputs that must not be written.
//!
//! `-` means the same for every argument that names a file. Each of the two can be used once.

use super::failure::Failure;
use std::fs::{File, Metadata};
use std::io::{self, Read};
use std::os::fd::AsFd;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};

/// Whether a path stands for standard input or output.
pub(super) fn is_standard(path: &Path) -> bool {
    path.as_os_str() == "-"
}

/// A path as messages show it that is read.
pub(super) fn input_name(path: &Path) -> String {
    if is_standard(path) { "standard input".to_owned() } else { path.display().to_string() }
}

/// A path as messages show it that is written.
pub(super) fn output_name(path: &Path) -> String {
    if is_standard(path) { "standard output".to_owned() } else { path.display().to_string() }
}

/// Opens a file for reading.
///
/// # Errors
/// What the system said.
pub(super) fn open(path: &Path) -> io::Result<Box<dyn Read>> {
    if is_standard(path) { Ok(Box::new(io::stdin())) } else { Ok(Box::new(File::open(path)?)) }
}

/// The whole content of a file.
///
/// # Errors
/// What the system said.
pub(super) fn read(path: &Path) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    open(path)?.read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Standard output without a buffer.
///
/// # Errors
/// What the system said.
pub(super) fn output() -> Result<File, Failure> {
    let output = io::stdout().as_fd().try_clone_to_owned();
    output.map(File::from).map_err(|error| Failure::new(format!("cannot write to standard output: {error}")))
}

/// Refuses two uses of standard input.
///
/// # Errors
/// A sentence that names the first two of `uses`.
pub(super) fn one_input(uses: &[String]) -> Result<(), Failure> {
    let [first, second, ..] = uses else { return Ok(()) };
    Err(Failure::new(format!("standard input can be read once only, and both {first} and {second} would read it")))
}

/// Refuses two uses of standard output.
///
/// # Errors
/// A sentence that names the first two of `uses`.
pub(super) fn one_output(uses: &[String]) -> Result<(), Failure> {
    let [first, second, ..] = uses else { return Ok(()) };
    Err(Failure::new(format!(
        "standard output can carry one thing only, and both {first} and {second} would write to it"
    )))
}

/// Device and number of a regular file, whatever it is called.
type Identity = (u64, u64);

fn identity(metadata: &Metadata) -> Option<Identity> {
    metadata.is_file().then(|| (metadata.dev(), metadata.ino()))
}

/// The regular file that an open descriptor is.
fn identity_of(stream: &impl AsFd) -> Option<Identity> {
    let file = File::from(stream.as_fd().try_clone_to_owned().ok()?);
    identity(&file.metadata().ok()?)
}

/// Refuses to write to a file that is read. Standard input is one even where nothing reads it here:
/// the program that has it as well would find it empty.
///
/// # Errors
/// A sentence that names the output.
pub(super) fn keep_inputs(inputs: &[PathBuf], outputs: &[PathBuf]) -> Result<(), Failure> {
    let read = identities(inputs);
    let standard_input = identity_of(&io::stdin());
    let standard_output = identity_of(&io::stdout());
    for output in outputs.iter().filter(|path| !is_standard(path)) {
        let written = identities(std::slice::from_ref(output)).pop();
        let reason = if written.is_none() {
            continue;
        } else if written.is_some_and(|written| read.contains(&written)) {
            "one of the files to read"
        } else if written == standard_input {
            "standard input"
        } else if written == standard_output {
            "standard output, which `-` names"
        } else {
            continue;
        };
        return Err(Failure::new(format!("cannot write to {}: it is {reason}", output.display())));
    }
    Ok(())
}

/// Refuses captures that standard output is appended to: what is printed would be read, and damage
/// the capture.
///
/// # Errors
/// A sentence that says so.
pub(super) fn keep_from_output(captures: &[PathBuf]) -> Result<(), Failure> {
    let mut read = identities(captures);
    if captures.iter().any(|path| is_standard(path)) {
        read.extend(identity_of(&io::stdin()));
    }
    if identity_of(&io::stdout()).is_some_and(|written| read.contains(&written)) {
        return Err(Failure::new("cannot write to standard output: it is one of the files to read"));
    }
    Ok(())
}

/// Those that are regular files.
fn identities(paths: &[PathBuf]) -> Vec<Identity> {
    let of_path = |path: &PathBuf| identity(&std::fs::metadata(path).ok()?);
    paths.iter().filter(|path| !is_standard(path)).filter_map(of_path).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_used_once() {
        let uses = ["-w -", "--output json=-", "--evidence -"].map(str::to_owned);
        assert!(one_input(&uses[..1]).is_ok() && one_output(&[]).is_ok());
        let said = one_output(&uses).unwrap_err().to_string();
        assert!(said.contains("both -w - and --output json=- would write"), "{said}");
        assert!(one_input(&uses[1..]).is_err());
    }

    #[test]
    fn an_input_is_known_by_any_name() {
        let folder = tempfile::tempdir().unwrap();
        let [input, hard, soft, other] = ["a", "b", "c", "d"].map(|name| folder.path().join(name));
        std::fs::write(&input, "a").unwrap();
        std::fs::write(&other, "d").unwrap();
        std::fs::hard_link(&input, &hard).unwrap();
        std::os::unix::fs::symlink(&input, &soft).unwrap();
        for same in [&input, &hard, &soft] {
            assert!(
                keep_inputs(std::slice::from_ref(&input), &[other.clone(), same.clone()]).is_err(),
                "{}",
                same.display()
            );
        }
        let fine = ["/dev/null".into(), "-".into(), folder.path().join("new"), other];
        assert!(keep_inputs(&[input, "/dev/null".into(), "-".into()], &fine).is_ok());
    }
}
