//! Several cores at work on one capture: the caller's thread takes packets apart, workers follow
//! the connections and read what they say, and one more thread tells it in order.
//!
//! Each connection is one worker's, chosen by a hash of its ends. With two or three workers on a
//! saved capture the caller's thread does the first one's work, too, which has fewer connections
//! then: to take packets apart does not fill its time. What is told, and in which
//! order, is what [`Analyzer`](crate::Analyzer) alone tells of the same packets, as long as
//! nothing was let go for want of memory. This room refuses to know what packets mean and where
//! events go: it holds threads and queues.
//!
//! # Memory
//! Packets wait for the workers in a fixed number of batches. When all of them wait, a capture
//! from a file waits too; a live one goes on and passes whole connections over
//! ([`OverloadPolicy::Shed`]), so that it never lags behind by more than the batches. Each worker has its
//! share of the memory for connections: what another has to spare it could not give back without
//! the allocator's keeping it.

mod backlog;
mod batch;
mod crew;
#[cfg(test)]
mod equal;
mod intake;
mod listener;
mod load;
mod merge;
mod pipeline;
mod shares;
mod shed;
mod threads;
mod worker;

pub use listener::Listener;
pub use load::{Load, OverloadPolicy};
pub use pipeline::Engine;
