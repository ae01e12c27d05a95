//! What each stage may hold in memory.

/// How a bound on memory is split, in bytes. An eighth is left for the tables' own slack and for what is on
/// its way out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct MemorySplit {
    /// For fragments of IP and 802.11.
    pub(crate) fragments: usize,
    /// For connections and what is kept of them.
    pub(crate) connections: usize,
}

impl MemorySplit {
    /// The split of so many bytes.
    pub(crate) const fn of(all: usize) -> Self {
        let fragments = all / 16;
        Self { fragments, connections: all - all / 8 - fragments }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_is_given_away_than_there_is() {
        for all in [0, 1, 7, 16, 4096, 512 << 20, usize::MAX] {
            let MemorySplit { fragments, connections } = MemorySplit::of(all);
            assert!(fragments.checked_add(connections).is_some_and(|given| given <= all), "{all}");
        }
    }
}
