//! What an analyzer is asked to do.

use super::shard::Shard;
use super::streams::Streams;
use super::trace::Trace;
use crate::decode::{self, Decoder};
use crate::http::Settings;
use crate::leak::{Allowlist, Canaries, Rules, Scanner, SecretIdKey};
use crate::pipeline::{Front, MemorySplit};
use std::sync::Arc;

/// What the analyzer is asked to do.
#[derive(Debug, Clone)]
#[allow(clippy::struct_excessive_bools)] // each is a choice of its own
pub struct Config {
    /// Bound on everything that is buffered, in bytes. Default 512 MiB.
    pub memory: usize,
    /// How many decoded bytes of each body are kept for showing. Default 4096.
    pub max_body: usize,
    /// Whether bodies are hashed with SHA-256.
    pub sha256: bool,
    /// Whether secrets are looked for.
    pub leaks: bool,
    /// What secrets look like; `None` for our own rules.
    pub rules: Option<Arc<Rules>>,
    /// Whether our own rules look for personal data too. Off by default.
    pub personal: bool,
    /// Texts that must not pass.
    pub canaries: Canaries,
    /// How much of each secret is hidden wherever it would be told, in percent; `None` for only
    /// those canaries that are to be hidden always.
    pub redact: Option<u8>,
    /// The key for identifiers of secrets; `None` for findings without them.
    pub secret_id_key: Option<SecretIdKey>,
    /// Findings that are not given out.
    pub allow: Allowlist,
    /// Whether it can be asked which packets belong to which streams. Off by default.
    pub trace: bool,
    /// Whether segments with a wrong checksum are refused. Off by default: network cards
    /// fill checksums in after a capture has seen the packet.
    pub verify_checksums: bool,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            memory: 512 << 20,
            max_body: 4096,
            sha256: false,
            leaks: true,
            rules: None,
            personal: false,
            canaries: Canaries::default(),
            redact: None,
            secret_id_key: None,
            allow: Allowlist::default(),
            trace: false,
            verify_checksums: false,
        }
    }
}

impl Config {
    /// What each stage may take of the memory.
    pub(crate) const fn memory_split(&self) -> MemorySplit {
        MemorySplit::of(self.memory)
    }

    /// The analyzer's first stage, from packets to segments.
    pub(crate) fn front(&self) -> Front {
        Front::new(Decoder::new(decode::Config {
            verify_checksums: self.verify_checksums,
            fragment_memory: self.memory_split().fragments,
            ..decode::Config::default()
        }))
    }

    /// Its second stage, from segments to events, with so much memory for connections.
    pub(super) fn shard(&self, memory: usize) -> Shard {
        let scanner = if self.leaks {
            let rules = self.rules.clone().unwrap_or_else(|| Rules::defaults(self.personal));
            Scanner::new(rules, self.canaries.clone())
                .redacting(self.redact)
                .with_secret_ids(self.secret_id_key.clone())
        } else {
            Scanner::default()
        };
        let settings = Settings {
            max_body: self.max_body,
            sha256: self.sha256,
            inspect: !scanner.is_idle(),
            ..Settings::default()
        };
        Shard::new(Streams::new(settings, scanner, self.allow.clone(), Trace::new(self.trace)), memory)
    }

    /// The second stage where several share it.
    pub(crate) fn shared_shard(&self, memory: usize) -> Shard {
        let mut shard = self.shard(memory);
        shard.streams.trace.forgets = true;
        shard
    }

    /// Whether datagrams are looked at.
    pub(crate) fn reads_datagrams(&self) -> bool {
        self.leaks && !self.canaries.is_empty()
    }
}
