//! HTTP/2 (RFC 9113): recognised, not read.

mod preface;
mod reader;

pub(crate) use preface::begins;
pub(super) use reader::reader;
