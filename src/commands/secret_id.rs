//! The key for identifiers of secrets, from a variable or a file.

use super::failure::Failure;
use super::streams;
use crate::leak::SecretIdKey;
use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt as _;
use std::path::PathBuf;

/// Where the key is.
#[derive(Debug, clap::Args)]
pub(super) struct KeySource {
    /// Give each finding a `secret_id`, the secret's HMAC-SHA-256 under the key in this variable
    #[arg(
        long = "secret-id-key-env",
        value_name = "NAME",
        conflicts_with = "secret_id_key_file",
        help_heading = "Leaks"
    )]
    secret_id_key_env: Option<OsString>,

    /// The same with the key in FILE, without the newline at its end
    #[arg(long = "secret-id-key-file", value_name = "FILE", help_heading = "Leaks")]
    secret_id_key_file: Option<PathBuf>,
}

impl KeySource {
    /// The file that is read.
    pub(super) fn file(&self) -> Option<&PathBuf> {
        self.secret_id_key_file.as_ref()
    }

    /// Reads the key; `None` where none is named.
    ///
    /// # Errors
    /// The variable is not set, the file cannot be read, or the key is empty.
    pub(super) fn read(&self) -> Result<Option<SecretIdKey>, Failure> {
        let (name, key) = if let Some(name) = &self.secret_id_key_env {
            let shown = name.to_string_lossy();
            // A name with `=` or NUL is no variable's.
            let key = std::env::vars_os().find(|(variable, _)| variable == name).map(|(_, value)| value);
            let key = key.ok_or_else(|| Failure::new(format!("the variable {shown} with the key is not set")))?;
            (format!("the variable {shown}"), key.as_bytes().to_vec())
        } else if let Some(path) = &self.secret_id_key_file {
            let name = streams::input_name(path);
            let mut key =
                streams::read(path).map_err(|error| Failure::new(format!("cannot read the key in {name}: {error}")))?;
            if key.pop_if(|byte| *byte == b'\n').is_some() {
                key.pop_if(|byte| *byte == b'\r');
            }
            (name, key)
        } else {
            return Ok(None);
        };
        SecretIdKey::new(&key).map(Some).ok_or_else(|| Failure::new(format!("the key in {name} is empty")))
    }
}
