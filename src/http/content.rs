//! Removes content codings (gzip, deflate, br, zstd, compress) from a body as it streams.
//!
//! This module refuses to know how a body was framed.
