//! From TCP segments to the bytes of each direction of a stream, in order.
//!
//! This room refuses to know what the bytes say.
