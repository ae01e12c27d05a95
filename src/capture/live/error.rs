//! What can go wrong with a live capture, each in one sentence that says what to do.
//!
//! This module refuses to know how libpcap is called.

use crate::capture::filter;

/// Why an interface cannot be captured on, or no longer.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is no interface of that name.
    #[error("there is no interface `{name}`; there are: {}", there.join(", "))]
    NoSuchInterface {
        /// The name that was asked for.
        name: String,
        /// Those that can be.
        there: Vec<String>,
    },
    /// The process may not capture.
    #[error("no permission to capture on {name}: {missing}; {advice}")]
    NotPermitted {
        /// The interface.
        name: String,
        /// What is missing, and what the system said.
        missing: String,
        /// The commands that give it.
        advice: String,
    },
    /// The interface is switched off.
    #[error("cannot capture on {name}: it is down; switch it on first, with `sudo {command}`")]
    Down {
        /// The interface.
        name: String,
        /// The command that switches it on.
        command: String,
    },
    /// The interface cannot be opened for another reason.
    #[error("cannot capture on {name}: {reason}")]
    Open {
        /// The interface.
        name: String,
        /// What libpcap said.
        reason: String,
    },
    /// The interfaces cannot be listed.
    #[error("cannot list the interfaces: {reason}")]
    List {
        /// What libpcap said.
        reason: String,
    },
    /// The filter does not compile for the interface.
    #[error(transparent)]
    Filter(#[from] filter::Error),
    /// The interface went away or down during the capture. What came before was given.
    #[error("the interface {name} vanished or went down during the capture")]
    Vanished {
        /// The interface.
        name: String,
    },
    /// The capture broke off for another reason.
    #[error("the capture on {name} broke off: {reason}")]
    Read {
        /// The interface.
        name: String,
        /// What libpcap said.
        reason: String,
    },
}

impl Error {
    /// Whether it is the right to capture that is missing.
    pub const fn is_permission(&self) -> bool {
        matches!(self, Self::NotPermitted { .. })
    }

    /// The error for what libpcap said when an interface could not be opened.
    pub(super) fn opening(name: &str, reason: String, there: impl FnOnce() -> Vec<String>) -> Self {
        let lower = reason.to_ascii_lowercase();
        let permission = ["not permitted", "permission", "cap_net_raw"].iter().any(|text| lower.contains(text));
        let there = there();
        let name = name.to_owned();
        if !there.contains(&name) && (permission || lower.contains("no such device")) {
            Self::NoSuchInterface { name, there }
        } else if permission {
            Self::not_permitted(name, &reason)
        } else if lower.contains("not up") {
            let command = if cfg!(target_os = "linux") {
                format!("ip link set {name} up")
            } else {
                format!("ifconfig {name} up")
            };
            Self::Down { name, command }
        } else if lower.contains("ring") || lower.contains("buffer") || lower.contains("allocate memory") {
            Self::Open { name, reason: format!("{reason}; a smaller buffer (--buffer-size) may help") }
        } else {
            Self::Open { name, reason }
        }
    }

    fn not_permitted(name: String, reason: &str) -> Self {
        let program =
            std::env::current_exe().map_or_else(|_| "plainsight".to_owned(), |path| path.display().to_string());
        if cfg!(target_os = "linux") {
            Self::NotPermitted {
                name,
                missing: format!("the capability CAP_NET_RAW is missing ({reason})"),
                advice: format!(
                    "grant it once with `sudo setcap cap_net_raw,cap_net_admin=eip {program}`, or run `sudo {program} sniff …`"
                ),
            }
        } else {
            Self::NotPermitted {
                name,
                missing: format!("the capture devices may not be read ({reason})"),
                advice: format!("run `sudo {program} sniff …`"),
            }
        }
    }

    /// The error for what libpcap said during the capture.
    pub(super) fn reading(name: &str, reason: String) -> Self {
        let lower = reason.to_ascii_lowercase();
        let vanished = ["disappeared", "went down", "went away", "network is down", "no such device", "not configured"];
        let name = name.to_owned();
        if vanished.iter().any(|text| lower.contains(text)) {
            Self::Vanished { name }
        } else {
            Self::Read { name, reason }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn says_what_is_missing_and_what_to_type() {
        let there = || vec!["any".to_owned(), "lo".to_owned()];
        let error = Error::opening("nonsense", "socket: Operation not permitted".to_owned(), there);
        assert_eq!(error.to_string(), "there is no interface `nonsense`; there are: any, lo");
        let error = Error::opening("lo", "socket: Operation not permitted".to_owned(), there);
        let text = error.to_string();
        assert!(error.is_permission() && text.contains("sudo ") && text.contains(" sniff …"), "{text}");
        let error = Error::opening("lo", "odd".to_owned(), there);
        assert_eq!(error.to_string(), "cannot capture on lo: odd");
        let error = Error::opening("lo", "can't mmap rx ring: Cannot allocate memory".to_owned(), there);
        assert!(error.to_string().ends_with("; a smaller buffer (--buffer-size) may help"), "{error}");
        let error = Error::opening("lo", "That device is not up".to_owned(), there);
        assert!(error.to_string().starts_with("cannot capture on lo: it is down; switch it on first, with `sudo "));
    }

    #[test]
    fn tells_a_vanished_interface_from_other_ends() {
        for (reason, vanished) in
            [("The interface disappeared", true), ("The interface went down", true), ("odd", false)]
        {
            let error = Error::reading("veth0", reason.to_owned());
            assert_eq!(matches!(error, Error::Vanished { .. }), vanished, "{error}");
        }
    }
}
