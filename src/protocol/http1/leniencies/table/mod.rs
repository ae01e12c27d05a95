//! What is said, what we read and what others read: the rows that [`super`] tests and documents.

mod bodies;
mod chunks;
mod content_length;
mod fields;
mod start_lines;
mod transfer_encoding;

use super::Row;

/// The rows by group.
pub(super) const TABLE: &[(&str, &[Row])] = &[
    ("Start lines", start_lines::ROWS),
    ("Fields", fields::ROWS),
    ("Content-Length", content_length::ROWS),
    ("Transfer-Encoding", transfer_encoding::ROWS),
    ("Chunks", chunks::ROWS),
    ("Bodies and answers", bodies::ROWS),
];
