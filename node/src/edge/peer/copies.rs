//! Whether two nodes run under one key, as after a copied data directory was started beside the
//! original: their links with a third replace each other. A process that was started anew never
//! comes back as the run that it was before. It decides nothing, and reads no clock.

use std::collections::VecDeque;

use comity_protocol::name::ServerName;

use super::conduct::is_telling;

/// Signs of it between us and one domain.
#[derive(Clone, Debug, Default)]
pub(super) struct Copies {
    found: Copied,
    /// Runs of its node that were linked, the newest last.
    runs: VecDeque<u64>,
    /// It has ended our link for another one; the newest link that there was then.
    replaced_at: Option<u64>,
}

/// How many signs of it there were.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Copied {
    /// How often a run of its node came back after another.
    pub theirs: u64,
    /// How often it ended our link for one that was not ours.
    pub ours: u64,
    /// When last, in Unix milliseconds.
    pub last_unix_ms: u64,
}

impl Copies {
    /// A link is up, of this number, with this run of the domain's node.
    pub(super) fn handle_up(&mut self, domain: &ServerName, link: u64, run: u64, unix_ms: u64) {
        // The one that replaced ours was there already, where it was ours too.
        if self.replaced_at.take().is_some_and(|newest| link > newest) {
            let before = self.found.ours;
            let ours = before.saturating_add(1);
            self.found = Copied { ours, last_unix_ms: unix_ms, ..self.found };
            tell_ours(domain, before, self.found.ours);
        }
        if self.runs.back() == Some(&run) {
            return;
        }
        if let Some(place) = self.runs.iter().position(|known| *known == run) {
            self.runs.remove(place);
            let before = self.found.theirs;
            let theirs = before.saturating_add(1);
            self.found = Copied { theirs, last_unix_ms: unix_ms, ..self.found };
            tell_theirs(domain, before, self.found.theirs);
        }
        if self.runs.len() >= RUNS_KEPT_MAX {
            self.runs.pop_front();
        }
        self.runs.push_back(run);
    }

    /// The domain's node has ended our only link for a newer one, which may be ours too: it is then
    /// among those up to `newest`.
    pub(super) fn handle_replaced(&mut self, newest: u64) {
        self.replaced_at = Some(newest);
    }

    /// What was found, once it is more than chance.
    pub(super) fn found(&self) -> Option<Copied> {
        let Copied { theirs, ours, .. } = self.found;
        (theirs >= SIGNS_MIN || ours >= SIGNS_MIN).then_some(self.found)
    }
}

fn tell_ours(domain: &ServerName, before: u64, times: u64) {
    if times >= SIGNS_MIN && is_telling(before, times) {
        tracing::error!(
            peer = %domain,
            times,
            "this peer ends our links for another node under this node's key, or lies: where a \
             copy of the data directory was started, stop one of the two at once, since what both \
             write contradicts itself; if the other one is not yours: comity keys recover"
        );
    }
}

fn tell_theirs(domain: &ServerName, before: u64, times: u64) {
    if times >= SIGNS_MIN && is_telling(before, times) {
        tracing::warn!(
            peer = %domain,
            times,
            "two nodes run under the key of one organisation, and take each other's links: ask its \
             admin to stop the copy, and block the domain until then if you do not trust it"
        );
    }
}

/// Signs from which on it is more than a link that was late while its node was started anew.
const SIGNS_MIN: u64 = 2;
/// Runs that are remembered of a domain.
const RUNS_KEPT_MAX: usize = 8;

#[cfg(test)]
mod tests {
    use super::*;

    fn domain() -> ServerName {
        "hooli.test".parse().unwrap()
    }

    /// What is found of runs that are linked one after the other.
    fn of_runs(runs: &[u64]) -> Option<Copied> {
        let mut copies = Copies::default();
        for (link, run) in (1..).zip(runs) {
            copies.handle_up(&domain(), link, *run, 1_000 + link);
        }
        copies.found()
    }

    #[test]
    fn runs_that_come_back_in_turn_are_two_nodes() {
        assert_eq!(of_runs(&[7, 7, 7]), None, "one node whose links break");
        assert_eq!(of_runs(&[7, 8, 9, 10]), None, "one node that is started anew");
        assert_eq!(of_runs(&[7, 8, 7, 7]), None, "a link that was late");
        let found = Copied { theirs: 2, ours: 0, last_unix_ms: 1_004 };
        assert_eq!(of_runs(&[7, 8, 7, 8]), Some(found));
        let many: Vec<u64> = (0..100).collect();
        let mut copies = Copies::default();
        for run in many {
            copies.handle_up(&domain(), run, run, 0);
        }
        assert_eq!(copies.runs.len(), RUNS_KEPT_MAX);
    }

    #[test]
    fn our_link_is_taken_only_where_the_one_that_stays_is_not_ours() {
        let mut copies = Copies::default();
        // Both ends dialled at once: the link that stays was there when the other one ended.
        for links in [2, 4, 6] {
            copies.handle_replaced(links);
            copies.handle_up(&domain(), links, 7, 0);
        }
        assert_eq!(copies.found(), None);
        // It has to be dialled anew each time.
        for link in [8, 9] {
            copies.handle_replaced(link - 1);
            copies.handle_up(&domain(), link, 7, link);
        }
        assert_eq!(copies.found(), Some(Copied { theirs: 0, ours: 2, last_unix_ms: 9 }));
    }
}
