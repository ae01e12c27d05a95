//! What a capture says of the interfaces its packets came from.
//!
//! Kept apart from the packets, so that whoever saves them can ask while a packet is lent.
//! This module refuses to know how an interface is opened.

use crate::packet::LinkType;
use std::sync::{Arc, PoisonError, RwLock};

/// One interface of a capture.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Interface {
    /// What the capturing system called it, where the capture says so.
    pub name: Option<String>,
    /// What its packets start with.
    pub link_type: LinkType,
    /// The most bytes kept of each packet; 0 where there was no limit.
    pub snaplen: u32,
    /// How many decimal places of the second its times have, 0 to 9.
    pub digits: u8,
}

/// The interfaces of a capture, numbered as [`Packet::interface`](crate::packet::Packet)
/// numbers them. A handle: clones see the same list, which grows as a capture is read.
#[derive(Debug, Clone, Default)]
pub struct Interfaces(Arc<RwLock<Vec<Interface>>>);

impl Interfaces {
    /// The most interfaces a capture may describe: a bound on memory, far beyond any real one.
    pub const MAX: u32 = 1 << 16;

    /// The interface with that number, where the capture has described it.
    pub fn get(&self, number: u32) -> Option<Interface> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).get(number as usize).cloned()
    }

    /// All that are known by now, in order.
    pub fn all(&self) -> Vec<Interface> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Adds one and gives its number, or `None` where there are too many already.
    pub fn add(&self, interface: Interface) -> Option<u32> {
        let mut all = self.0.write().unwrap_or_else(PoisonError::into_inner);
        let number = u32::try_from(all.len()).ok().filter(|number| *number < Self::MAX)?;
        all.push(interface);
        Some(number)
    }

    /// Adds those that `others` lists beyond these, changed, so that they have the same numbers.
    pub(crate) fn follow(&self, others: &Self, mut change: impl FnMut(Interface) -> Interface) {
        let known = || self.0.read().unwrap_or_else(PoisonError::into_inner).len();
        while let Some(interface) = u32::try_from(known()).ok().and_then(|number| others.get(number)) {
            if self.add(change(interface)).is_none() {
                return;
            }
        }
    }
}
