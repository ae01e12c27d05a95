//! How a layer hands its fragments on, and goes on with what they make whole.

use super::fragment::Fragment;
use super::fragments::Joined;
use super::view::View;
use super::walk::{Found, Outcome, Walk};

impl Walk<'_> {
    /// Keeps a fragment, and goes on with the protocol and payload of the whole when it was the
    /// last one wanted.
    pub(super) fn fragment(
        &mut self,
        fragment: Fragment,
        view: View<'_>,
        inwards: impl FnOnce(&mut Walk<'_>, u8, View<'_>) -> Outcome,
    ) -> Outcome {
        if let Some(layout) = self.state.layout.as_deref_mut() {
            layout.part(self.origin, view, fragment.key, fragment.offset);
        }
        let mut runs = Vec::with_capacity(1);
        self.origin.runs(view, |run| runs.push(run));
        let state = &mut *self.state;
        let now = (self.time, state.counters.packets);
        let joined = state.fragments.insert(fragment, &runs, view.wire_length(), now, &mut state.counters)?;
        let Joined::Whole(whole) = joined else { return Ok(Found::Fragment) };
        if let Some(layout) = self.state.layout.as_deref_mut() {
            layout.whole(fragment.key, whole.bytes.get(..whole.captured).unwrap_or_default());
        }
        let missing = whole.bytes.len().saturating_sub(whole.captured);
        let view = View { bytes: whole.bytes.get(..whole.captured).unwrap_or_default(), start: 0, missing };
        self.joined((&whole.bytes, &whole.pieces), |walk| inwards(walk, whole.protocol, view))
    }
}
