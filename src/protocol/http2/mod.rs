//! HTTP/2 (RFC 9113): recognised, not read.

mod preface;

pub(crate) use preface::begins;
