//! The newest proven head of another origin's log. Where not all of the range was taken that it
//! came with, or history alone, it lies above what is held, and the steps from it down are kept
//! beside it: so all that is held can be shown to others, and compared with what they hold.

use comity_protocol::chain::{Link, path};
use comity_protocol::hash::Hash;
use comity_protocol::history::OldStart;

use crate::channel::Log;
use crate::range::Proven;

impl Log {
    /// The last record that is held, with its hash, where a head proves it.
    pub fn proven_end(&self) -> Option<(u64, Hash)> {
        let proof = self.proof.as_ref()?;
        let end = self.end.seq();
        if proof.seq <= end {
            return Some((proof.seq, proof.hash));
        }
        // What history alone was taken of ends in no chain yet.
        (end == self.fed_to()).then(|| (end, self.end.hash()))
    }

    /// The step of a record above the end, on the way from the proven head down to it.
    pub fn step_above(&self, seq: u64) -> Option<Link> {
        let held = self.fed_to();
        let head = self.proof.as_ref().filter(|_| seq > held)?;
        let at = path(head.seq, held).iter().position(|above| *above == seq)?;
        self.above.get(at).copied()
    }

    /// Keeps the head by which the newest record of the log's history is proven, with the steps
    /// down to it, where nothing above it was taken.
    pub(crate) fn keep_old_head(&mut self, start: OldStart) {
        if self.proof.is_none() && self.awaits_start().is_some() {
            self.above = start.above;
            self.above.pop();
            self.proof = Some(start.head);
        }
    }

    /// Keeps the head of a range, where it proves more of what is held; whether it does.
    pub(crate) fn keep_head(&mut self, proven: Proven) -> bool {
        let end = self.end.seq();
        let proves = end >= proven.first || (end > 0 && self.proof.is_none());
        if proves {
            self.above = proven.links_above(end);
            self.proof = Some(proven.head);
        }
        proves
    }
}
