//! What the room counts.

/// What was let go or refused, by reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counters {
    /// Streams that appeared.
    pub streams: u64,
    /// Streams let go for want of memory before they carried a byte.
    pub silent_streams_let_go: u64,
    /// Streams let go for want of memory that had carried bytes.
    pub idle_streams_let_go: u64,
    /// Segments not kept since their direction had too many in waiting.
    pub early_segments_let_go: u64,
    /// Segments with bytes from beyond their sender's FIN.
    pub segments_after_end: u64,
    /// RST segments outside the window, which a receiver ignores.
    pub resets_ignored: u64,
    /// SYN segments with a foreign number in a connection that went on (RFC 9293 §3.10.7.4).
    pub openings_ignored: u64,
    /// Segments with bytes from before the first that was handed on of a direction whose opening was
    /// not seen.
    pub segments_before_start: u64,
    /// Segments with bytes or an end that belong nowhere: further off than any window.
    pub segments_outside_window: u64,
    /// Segments that brought other bytes than an earlier copy of them.
    pub conflicting_segments: u64,
    /// Bytes lost in holes that nothing filled.
    pub missing_bytes: u64,
}

impl std::ops::AddAssign for Counters {
    fn add_assign(&mut self, other: Self) {
        // Taken apart, so that none is forgotten.
        let Self {
            streams,
            silent_streams_let_go,
            idle_streams_let_go,
            early_segments_let_go,
            segments_after_end,
            resets_ignored,
            openings_ignored,
            segments_before_start,
            segments_outside_window,
            conflicting_segments,
            missing_bytes,
        } = other;
        self.streams += streams;
        self.silent_streams_let_go += silent_streams_let_go;
        self.idle_streams_let_go += idle_streams_let_go;
        self.early_segments_let_go += early_segments_let_go;
        self.segments_after_end += segments_after_end;
        self.resets_ignored += resets_ignored;
        self.openings_ignored += openings_ignored;
        self.segments_before_start += segments_before_start;
        self.segments_outside_window += segments_outside_window;
        self.conflicting_segments += conflicting_segments;
        self.missing_bytes += missing_bytes;
    }
}
