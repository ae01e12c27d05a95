//! What keeps the program in: namespaces of its own, privileges given up, a sandbox.
//!
//! Everything here acts on the whole process and only ever takes away. This room refuses to know
//! what the process does with what is left.
//!
//! The order for a program that captures, all of it before the first thread is started:
//!
//! 1. [`namespace::enter`], only where a network of one's own is wanted;
//! 2. open the device (this needs the privileges);
//! 3. [`privileges::drop`];
//! 4. open what is written (so that it belongs to the caller, with the caller's rights only);
//! 5. [`sandbox::Sandbox::enter`].

#[cfg(target_os = "linux")]
pub mod child;
pub mod namespace;
pub mod privileges;
pub mod sandbox;
#[cfg(target_os = "linux")]
mod system_calls;
