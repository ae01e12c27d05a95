//! Rights in a namespace of one's own, for the programs that a test starts there.

/// Lets programs that are started from here keep the right to capture and to take any port, which
/// the owner of a namespace otherwise loses with the next program (capabilities(7), "ambient").
#[cfg(target_os = "linux")]
pub(crate) fn hand_down() {
    use rustix::thread::{
        CapabilitySet, CapabilitySets, capabilities, configure_capability_in_ambient_set, set_capabilities,
    };
    let rights = [CapabilitySet::NET_RAW, CapabilitySet::NET_ADMIN, CapabilitySet::NET_BIND_SERVICE];
    let all = rights.into_iter().fold(CapabilitySet::empty(), |all, right| all | right);
    let own = capabilities(None).expect("own capabilities");
    set_capabilities(None, CapabilitySets { inheritable: own.inheritable | all, ..own }).expect("inheritable");
    for right in rights {
        configure_capability_in_ambient_set(right, true).expect("ambient");
    }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn hand_down() {}
