//! How much there is to do, and what becomes of packets when that is too much.

/// What becomes of packets that come faster than they are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OverloadPolicy {
    /// The caller waits: packets come from a file.
    Block,
    /// They are passed over, whole connections as far as possible, and counted: packets come
    /// whether anyone is ready or not.
    Shed,
}

/// How much there is to do.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Load {
    /// Batches of packets that are being read, or wait for it.
    pub queued: usize,
    /// How many batches there may be.
    pub room: usize,
    /// Memory held by what is buffered, in bytes.
    pub memory: usize,
    /// Packets that were passed over so far.
    pub shed: u64,
}
