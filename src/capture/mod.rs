//! Where packets come from and where they are saved: devices, files, pipes.
//!
//! The only packet IO of the program. This room refuses to know what is in a packet.
