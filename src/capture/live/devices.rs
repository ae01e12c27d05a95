//! Which interfaces there are to capture on.
//!
//! This module refuses to capture.

use super::error::Error;
use crate::capture::filter::{from_dlt, message};
use crate::packet::LinkType;
use std::net::IpAddr;

/// An interface that libpcap knows, or a pseudo-device of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // four facts of which none decides another
pub struct Device {
    /// What [`Options::interfaces`](super::Options) takes.
    pub name: String,
    /// What libpcap says it is, where it says something.
    pub description: Option<String>,
    /// Its addresses, with the length of the network's prefix where it has one.
    pub addresses: Vec<(IpAddr, Option<u8>)>,
    /// Switched on.
    pub up: bool,
    /// In working order: the cable is in, the network joined.
    pub running: bool,
    /// The machine itself.
    pub loopback: bool,
    /// Wi-Fi and other radio.
    pub wireless: bool,
}

/// Every interface, in libpcap's order: the likeliest first.
///
/// # Errors
/// [`Error::List`].
pub fn devices() -> Result<Vec<Device>, Error> {
    let all = pcap::Device::list().map_err(|error| Error::List { reason: message(&error) })?;
    Ok(all.into_iter().map(device).collect())
}

fn device(device: pcap::Device) -> Device {
    Device {
        up: device.flags.is_up(),
        running: device.flags.is_running(),
        loopback: device.flags.is_loopback(),
        wireless: device.flags.is_wireless(),
        addresses: device.addresses.iter().map(|address| (address.addr, address.netmask.map(prefix))).collect(),
        description: device.desc,
        name: device.name,
    }
}

/// How many leading ones a network mask has.
fn prefix(mask: IpAddr) -> u8 {
    match mask {
        IpAddr::V4(mask) => u32::from(mask).leading_ones() as u8,
        IpAddr::V6(mask) => u128::from(mask).leading_ones() as u8,
    }
}

/// The interface of a machine that talks to itself: what is captured on when nobody says.
///
/// # Errors
/// [`Error::List`]; [`Error::NoSuchInterface`] where there is none.
pub fn default_interface() -> Result<String, Error> {
    let all = devices()?;
    let found = all.iter().filter(|device| device.loopback).max_by_key(|device| device.up);
    found.map(|device| device.name.clone()).ok_or_else(|| Error::NoSuchInterface {
        name: "lo".to_owned(),
        there: all.iter().map(|device| device.name.clone()).collect(),
    })
}

impl Device {
    /// Whether it is a network interface or all of them, and not one of libpcap's windows into
    /// other things (netfilter, Bluetooth, USB, D-Bus).
    pub fn is_network(&self) -> bool {
        let Ok(all) = nix::net::if_::if_nameindex() else { return true };
        self.name == "any" || all.iter().any(|interface| interface.name().to_bytes() == self.name.as_bytes())
    }

    /// The link types it can capture, the usual one first; `None` without the right to open it.
    /// Opens it for a moment, network interfaces only.
    pub fn link_types(&self) -> Option<Vec<LinkType>> {
        if !self.is_network() {
            return None;
        }
        let capture = pcap::Capture::from_device(self.name.as_str()).and_then(pcap::Capture::open).ok()?;
        let mut all = vec![from_dlt(capture.get_datalink().0)];
        for other in capture.list_datalinks().unwrap_or_default() {
            let other = from_dlt(other.0);
            if !all.contains(&other) {
                all.push(other);
            }
        }
        Some(all)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_loopback_interface() {
        let name = default_interface().expect("a loopback interface");
        let all = devices().expect("interfaces");
        let lo = all.iter().find(|device| device.name == name).expect("it is listed");
        assert!(lo.loopback && lo.is_network());
    }

    #[test]
    fn masks_are_prefixes() {
        for (mask, want) in [("255.255.255.0", 24), ("0.0.0.0", 0), ("255.255.255.255", 32), ("ffff:ffff::", 32)] {
            assert_eq!(prefix(mask.parse().expect("an address")), want, "{mask}");
        }
    }
}
