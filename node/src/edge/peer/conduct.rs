//! What peers do against the rules, and what of theirs has to wait: counted for the admin and told
//! to the log. Lines grow rarer as a count grows, so that nobody fills a disk with them. Where the
//! logs of most peers wait for time, our own clock is in doubt, and the admin is told that. It must
//! not judge a record.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comity_machine::{RangeOutcome, RangeReport};
use comity_protocol::code::Code;
use comity_protocol::frame::WireLog;
use comity_protocol::id::{ChannelId, LineageId};
use comity_replica::limits::WANTS_MAX;

/// What peers did wrong in this run of the process. Cheap to clone.
#[derive(Clone, Default)]
pub struct Conduct(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    counts: BTreeMap<(Option<LineageId>, Wrong), u64>,
    /// Links that are up.
    links: BTreeMap<u64, Watched>,
    /// Whether our own clock is in doubt.
    is_clock_doubted: bool,
}

struct Watched {
    peer: LineageId,
    /// Logs of which records wait, and whether they wait for time.
    waiting: BTreeMap<WireLog, bool>,
}

/// A way to be wrong, or to keep others waiting.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Wrong {
    /// A log of an origin that has opened too many of late.
    Crowded,
    /// An ask for what is not here, or not for the peer to see: it is answered alike.
    Denied,
    /// A log whose next record is too far ahead of our clock.
    Early,
    /// A breach of the peer protocol, which ended the link.
    Fault(Code),
    /// A group whose next control record is of a kind or version that we do not know.
    Newer,
    /// Records that were not taken.
    Refused(Code),
    /// A breach of the rules of QUIC itself, which ended the link.
    Transport,
    /// Records without effect, or whose bodies were not kept.
    Void,
}

/// A peer, for the admin.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PeerConduct {
    /// Whether a link with it is up.
    pub is_linked: bool,
    /// Breaches of the peer protocol, or of QUIC, each of which ended a link.
    pub faults: u64,
    /// How often records were not taken.
    pub refused: u64,
    /// Records without effect.
    pub void: u64,
    /// Asks for what is not here, or not for it to see.
    pub denied: u64,
    /// Logs of which records wait.
    pub waiting: u64,
}

impl Conduct {
    /// A link is up; dropping what comes back says that it is over.
    pub(super) fn watch(&self, link: u64, peer: LineageId) -> Watch {
        let watched = Watched { peer, waiting: BTreeMap::new() };
        let mut inner = self.lock();
        inner.links.insert(link, watched);
        inner.judge_clock();
        Watch { conduct: self.clone(), link }
    }

    /// A peer did something wrong so many times, in a channel where it was in one.
    pub(super) fn note(
        &self,
        (domain, peer): (Option<&str>, Option<LineageId>),
        wrong: Wrong,
        times: u64,
        channel: Option<ChannelId>,
    ) {
        let mut inner = self.lock();
        let count = inner.counts.entry((peer, wrong)).or_default();
        let before = *count;
        *count = before.saturating_add(times);
        if is_telling(before, *count) {
            wrong.tell(domain, *count, channel);
        }
    }

    /// Every peer that is linked or has done something wrong in this run.
    pub fn peers(&self) -> BTreeMap<LineageId, PeerConduct> {
        let inner = self.lock();
        let mut peers: BTreeMap<LineageId, PeerConduct> = BTreeMap::new();
        for ((peer, wrong), count) in &inner.counts {
            let Some(peer) = peer else { continue };
            let conduct = peers.entry(*peer).or_default();
            match wrong {
                Wrong::Denied => conduct.denied += count,
                Wrong::Fault(_) | Wrong::Transport => conduct.faults += count,
                Wrong::Refused(_) => conduct.refused += count,
                Wrong::Void => conduct.void += count,
                Wrong::Crowded | Wrong::Early | Wrong::Newer => {}
            }
        }
        for watched in inner.links.values() {
            let conduct = peers.entry(watched.peer).or_default();
            conduct.is_linked = true;
            conduct.waiting += watched.waiting.len() as u64;
        }
        peers
    }

    /// Whether the logs of most peers wait for time, so that our own clock is in doubt.
    pub fn is_clock_doubted(&self) -> bool {
        self.lock().is_clock_doubted
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Says, when it is dropped, that a link is over.
pub(super) struct Watch {
    conduct: Conduct,
    link: u64,
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut inner = self.conduct.lock();
        inner.links.remove(&self.link);
        inner.judge_clock();
    }
}

impl Watch {
    /// What became of ranges that came over the link.
    pub(super) fn handle_reports(&self, domain: Option<&str>, reports: &[RangeReport]) {
        let peer = {
            let mut inner = self.conduct.lock();
            let Some(watched) = inner.links.get_mut(&self.link) else { return };
            let peer = watched.peer;
            reports.iter().for_each(|report| watched.take(report));
            inner.judge_clock();
            peer
        };
        let note = |log: &WireLog, wrong, times| {
            self.conduct.note((domain, Some(peer)), wrong, times, Some(log.channel));
        };
        for RangeReport { log, outcome, void, .. } in reports {
            if *void > 0 {
                note(log, Wrong::Void, u64::from(*void));
            }
            match outcome {
                RangeOutcome::Crowded { .. } => note(log, Wrong::Crowded, 1),
                RangeOutcome::Early { .. } => note(log, Wrong::Early, 1),
                RangeOutcome::Newer { .. } => note(log, Wrong::Newer, 1),
                // What is refused comes back as a remark of the link.
                RangeOutcome::Applied
                | RangeOutcome::Gap { .. }
                | RangeOutcome::Held { .. }
                | RangeOutcome::Refused { .. }
                | RangeOutcome::Rewind { .. } => {}
            }
        }
    }

    /// Nothing of a log is awaited over the link any more.
    pub(super) fn give_up(&self, log: &WireLog) {
        let mut inner = self.conduct.lock();
        if let Some(watched) = inner.links.get_mut(&self.link) {
            watched.waiting.remove(log);
        }
        inner.judge_clock();
    }
}

impl Watched {
    fn take(&mut self, RangeReport { log, outcome, .. }: &RangeReport) {
        let waits_for_time = match outcome {
            RangeOutcome::Applied | RangeOutcome::Refused { .. } => {
                self.waiting.remove(log);
                return;
            }
            RangeOutcome::Early { .. } => true,
            _ => false,
        };
        if self.waiting.len() < WANTS_MAX || self.waiting.contains_key(log) {
            self.waiting.insert(*log, waits_for_time);
        }
    }

    /// Whether a log that the peer itself writes waits for time.
    fn is_early(&self) -> bool {
        self.waiting.iter().any(|(log, for_time)| *for_time && log.origin == self.peer)
    }
}

impl Inner {
    /// One peer's clock may be wrong, or lie; where most seem to be ahead, it is ours that is
    /// behind.
    fn judge_clock(&mut self) {
        let linked: BTreeSet<LineageId> = self.links.values().map(|w| w.peer).collect();
        let early = self.links.values().filter(|watched| watched.is_early());
        let early: BTreeSet<LineageId> = early.map(|watched| watched.peer).collect();
        let is_doubted = early.len() >= EARLY_PEERS_MIN && 2 * early.len() > linked.len();
        if is_doubted == self.is_clock_doubted {
            return;
        }
        self.is_clock_doubted = is_doubted;
        if is_doubted {
            tracing::error!(
                peers = early.len(),
                "this machine's clock seems to be behind: most of the linked organisations write \
                 at times that are still to come here, and what they write waits; set the clock \
                 (`timedatectl` shows it) and keep it right with NTP, the rest follows by itself"
            );
        } else {
            tracing::info!("this machine's clock is no longer in doubt");
        }
    }
}

impl Wrong {
    fn tell(self, peer: Option<&str>, times: u64, channel: Option<ChannelId>) {
        let channel = channel.map(|channel| channel.to_string());
        match self {
            Self::Crowded => tracing::warn!(
                peer,
                channel,
                times,
                "the peer opens too many logs; more of them wait for an hour"
            ),
            Self::Denied => tracing::info!(
                peer,
                channel,
                times,
                "the peer asked for what is not here, or not for it to see"
            ),
            Self::Early => tracing::warn!(
                peer,
                channel,
                times,
                "records wait because their time is too far ahead of this machine's clock"
            ),
            Self::Fault(code) => tracing::warn!(peer, %code, times, "the peer broke the protocol"),
            Self::Newer => tracing::warn!(
                peer,
                channel,
                times,
                "a group is read-only until this node is upgraded: its home uses rules that this \
                 version does not know"
            ),
            Self::Refused(code) => {
                tracing::info!(peer, %code, channel, times, "records were not taken");
            }
            Self::Transport => tracing::warn!(peer, times, "the peer broke the rules of QUIC"),
            Self::Void => {
                tracing::warn!(
                    peer,
                    channel,
                    times,
                    "records against the rules have no effect, or lose their text"
                );
            }
        }
    }
}

/// Whether a count that has grown is told: at the first time, and whenever it has doubled.
pub(super) fn is_telling(before: u64, now: u64) -> bool {
    now > before && before.checked_ilog2() < now.checked_ilog2()
}

/// Peers that have to be ahead of our clock before it is doubted.
const EARLY_PEERS_MIN: usize = 2;

#[cfg(test)]
mod tests {
    use comity_protocol::frame::LogKind;

    use super::*;

    const PEERS: [LineageId; 4] =
        [LineageId([1; 32]), LineageId([2; 32]), LineageId([3; 32]), LineageId([4; 32])];

    fn report(origin: LineageId, outcome: RangeOutcome) -> RangeReport {
        let channel = ChannelId([9; 32]);
        let log = WireLog { channel, kind: LogKind::Message, origin, number: 1 };
        RangeReport { log, outcome, void: 0, contradicts: None }
    }

    fn early(origin: LineageId) -> [RangeReport; 1] {
        [report(origin, RangeOutcome::Early { from: 1 })]
    }

    #[test]
    fn a_clock_is_doubted_while_most_peers_are_ahead_of_it() {
        let conduct = Conduct::default();
        let links: Vec<Watch> = (0..).zip(PEERS).map(|(n, peer)| conduct.watch(n, peer)).collect();
        for (link, peer) in links.iter().zip(PEERS).take(2) {
            link.handle_reports(None, &early(peer));
            assert!(!conduct.is_clock_doubted(), "half at the most");
        }
        // Somebody else's log says nothing of who passes it on.
        links[2].handle_reports(None, &early(PEERS[0]));
        assert!(!conduct.is_clock_doubted());
        links[2].handle_reports(None, &early(PEERS[2]));
        assert!(conduct.is_clock_doubted());
        links[0].handle_reports(None, &[report(PEERS[0], RangeOutcome::Applied)]);
        assert!(!conduct.is_clock_doubted());
        // The more are gone, the more the others count.
        let mut links = links;
        links.pop();
        assert!(conduct.is_clock_doubted());
        links[1].give_up(&early(PEERS[1])[0].log);
        assert!(!conduct.is_clock_doubted());
    }

    #[test]
    fn one_peer_alone_never_makes_a_clock_doubtful() {
        let conduct = Conduct::default();
        let (one, again) = (conduct.watch(1, PEERS[0]), conduct.watch(2, PEERS[0]));
        one.handle_reports(None, &early(PEERS[0]));
        again.handle_reports(None, &early(PEERS[0]));
        assert!(!conduct.is_clock_doubted());
    }

    #[test]
    fn what_a_peer_does_is_counted_and_told_ever_more_rarely() {
        let conduct = Conduct::default();
        let who = (Some("globex.test"), Some(PEERS[0]));
        for _ in 0..3 {
            conduct.note(who, Wrong::Void, 2, None);
            conduct.note(who, Wrong::Refused(Code::ChainBroken), 1, None);
        }
        conduct.note(who, Wrong::Fault(Code::HeadForged), 1, None);
        let expected = PeerConduct { void: 6, refused: 3, faults: 1, ..PeerConduct::default() };
        assert_eq!(conduct.peers(), BTreeMap::from([(PEERS[0], expected)]));
        let told: Vec<u64> = (1..=64).filter(|n| is_telling(n - 1, *n)).collect();
        assert_eq!(told, [1, 2, 4, 8, 16, 32, 64]);
        assert!(is_telling(5, 9) && !is_telling(5, 7) && !is_telling(5, 5));
    }

    #[test]
    fn what_waits_is_bounded_and_goes_with_the_link() {
        let conduct = Conduct::default();
        let link = conduct.watch(1, PEERS[0]);
        let held = RangeOutcome::Crowded { from: 1 };
        for number in 0..WANTS_MAX as u64 + 5 {
            let report = report(PEERS[0], held);
            let log = WireLog { number, ..report.log };
            link.handle_reports(None, &[RangeReport { log, ..report }]);
        }
        assert_eq!(conduct.peers()[&PEERS[0]].waiting, WANTS_MAX as u64);
        drop(link);
        assert_eq!(conduct.peers()[&PEERS[0]], PeerConduct::default());
    }
}
