//! What all links of a node share and that waits for nothing: the state, the feed's hub, proofs of
//! our heads, and how far each peer has come. The drivers and the simulator stand on it alike; it
//! opens no connection and proposes no command.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comity_identity::NodeKey;
use comity_machine::{Channel, ChannelNo, DeviceId};
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::LineageId;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;

use super::conduct::Conduct;
use super::filling::Filling;
use super::forks::Forks;
use super::proofs::{Blinds, Proofs};
use crate::feed::{Hub, Notice};
use crate::writer::Shared;

/// What all links of a node share.
pub struct Exchange {
    pub(super) domain: ServerName,
    pub(super) lineage: LineageId,
    pub(super) start: u64,
    pub(super) shared: Arc<Shared>,
    pub(super) hub: Hub,
    pub(super) proofs: Proofs,
    pub(super) progress: Progress,
    pub(super) acknowledged: Arc<Acknowledged>,
    pub(super) forks: Forks,
    pub(super) conduct: Conduct,
    /// Fetches history that is lacking.
    pub filling: Filling,
}

impl Exchange {
    /// For the run that the state's last start began. `blinds` draws what hides the other leaves of
    /// a checkpoint's tree.
    pub fn new(
        domain: ServerName,
        lineage: LineageId,
        key: Arc<NodeKey>,
        (shared, hub): (Arc<Shared>, Hub),
        blinds: Blinds,
    ) -> Self {
        let (start, command) = {
            let state = shared.state();
            let starts = state.identity.as_ref().map(|identity| identity.starts.as_slice());
            starts.and_then(<[_]>::last).map_or((0, 0), |start| (start.start, start.command))
        };
        let acknowledged = Arc::new(Acknowledged::new(Pos::new(command, 0)));
        let progress =
            Progress { shared: Arc::clone(&shared), acknowledged: Arc::clone(&acknowledged) };
        let proofs = Proofs::new(domain.clone(), lineage, key, blinds);
        let filling = Filling::new(Arc::clone(&shared), hub.clone());
        Self {
            domain,
            lineage,
            start,
            shared,
            hub,
            proofs,
            progress,
            acknowledged,
            forks: Forks::default(),
            conduct: Conduct::default(),
            filling,
        }
    }

    /// Whether who claims a domain and a lineage shows the key that we know it by. `None` where the
    /// organisation is not known yet.
    pub fn recognises(
        &self,
        domain: &ServerName,
        lineage: LineageId,
        key: NodePublicKey,
    ) -> Option<Result<(), Code>> {
        let state = self.shared.state();
        let known = *state.peer_domains.get(domain.as_str())?;
        let known_key = state.peers.get(&known).map(|peer| peer.key);
        Some(if known != lineage {
            Err(Code::DomainKeyChanged)
        } else if known_key == Some(key) {
            Ok(())
        } else {
            Err(Code::PeerNameMismatch)
        })
    }

    /// The domain of an organisation that we know, or that shares a group with us.
    pub fn domain_of(&self, lineage: &LineageId) -> Option<ServerName> {
        let state = self.shared.state();
        let of_groups = || {
            let mut groups = state.channels.values().filter_map(|channel| channel.group());
            groups.find_map(|g| g.state.organisations.get(lineage).map(|o| o.domain.clone()))
        };
        let known = state.peers.get(lineage).map(|peer| peer.domain.clone());
        known.or_else(of_groups)?.parse().ok()
    }
}

/// How far each peer has applied our feed, and how it came there: each step has a mark, so that who
/// saw what was known at a mark can be told the rest.
pub(super) struct Acknowledged {
    /// The mark that this run began with.
    first: u64,
    known: Mutex<Known>,
}

struct Known {
    /// The newest step's mark.
    last: u64,
    /// The newest steps of each peer; marks and pos rise.
    steps: HashMap<LineageId, VecDeque<(u64, Pos)>>,
}

/// Steps kept of each peer. Who shows a mark older than these is told more than is new.
const STEPS_MAX: usize = 256;

/// What peers have applied since a mark: after the first pos, up to the second.
type Raised = HashMap<LineageId, (Pos, Pos)>;

impl Acknowledged {
    /// Of a run that began at a pos. Marks count up from it, so that those of earlier runs are
    /// lower: a run has fewer steps than its feed has pos.
    pub(super) fn new(start: Pos) -> Self {
        let known = Known { last: start.0, steps: HashMap::new() };
        Self { first: start.0, known: Mutex::new(known) }
    }

    pub(super) fn raise(&self, peer: LineageId, pos: Pos) {
        let mut known = self.lock();
        let Known { last, steps } = &mut *known;
        let steps = steps.entry(peer).or_default();
        if pos <= reached(steps) {
            return;
        }
        *last += 1;
        steps.push_back((*last, pos));
        if steps.len() > STEPS_MAX {
            steps.pop_front();
        }
    }

    pub(super) fn of(&self, peer: &LineageId) -> Pos {
        self.lock().steps.get(peer).map(reached).unwrap_or_default()
    }

    fn mark(&self) -> u64 {
        self.lock().last
    }

    /// What was applied since a mark, and the mark of now. Of what another run had heard nothing is
    /// known: then it is all that this one has heard.
    fn since(&self, mark: u64) -> (u64, Raised) {
        let known = self.lock();
        let is_ours = (self.first..=known.last).contains(&mark);
        let raised = known.steps.iter().filter_map(|(peer, steps)| {
            let seen = steps.iter().rev().find(|(at, _)| is_ours && *at <= mark);
            let from = seen.map_or(Pos::default(), |(_, pos)| *pos);
            (from < reached(steps)).then(|| (*peer, (from, reached(steps))))
        });
        (known.last, raised.collect())
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn reached(steps: &VecDeque<(u64, Pos)>) -> Pos {
    steps.back().map_or(Pos::default(), |(_, pos)| *pos)
}

/// How far messages of ours have come. Cheap to clone.
#[derive(Clone)]
pub struct Progress {
    shared: Arc<Shared>,
    acknowledged: Arc<Acknowledged>,
}

impl Progress {
    /// Organisations of a channel that have applied our feed up to a pos, our own included, and all
    /// of them.
    pub(in crate::edge) fn reached(&self, channel: ChannelNo, pos: Pos) -> (u32, u32) {
        let state = self.shared.state();
        state.channels.get(&channel).map_or((1, 1), |known| self.reached_in(known, pos))
    }

    /// The mark of what is known now.
    pub(in crate::edge) fn mark(&self) -> u64 {
        self.acknowledged.mark()
    }

    /// How far those of a device's newest messages have come that came further since a mark, and
    /// the mark of now. Nothing is kept for it: the messages are in the answers that the device's
    /// nonces have.
    pub(in crate::edge) fn since(&self, mark: u64, device: DeviceId) -> (u64, Vec<Notice>) {
        let (now, raised) = self.acknowledged.since(mark);
        let Some(lowest) = raised.values().map(|(from, _)| *from).min() else {
            return (now, Vec::new());
        };
        let state = self.shared.state();
        let answers = state.devices.get(&device).map(|device| &device.answers);
        let stored = answers.into_iter().flat_map(|answers| answers.stored());
        let told = stored.filter(|(_, _, pos)| *pos > lowest).filter_map(|(no, message, pos)| {
            let known = state.channels.get(&no)?;
            let is_news =
                |peer| raised.get(&peer).is_some_and(|(from, to)| (*from < pos) && (pos <= *to));
            known.sharing_peers().any(is_news).then(|| {
                let (organisations, of) = self.reached_in(known, pos);
                Notice::Delivered { channel: known.id, message, organisations, of }
            })
        });
        (now, told.collect())
    }

    fn reached_in(&self, channel: &Channel, pos: Pos) -> (u32, u32) {
        let reached = channel.sharing_peers().filter(|peer| self.acknowledged.of(peer) >= pos);
        (1 + u32::try_from(reached.count()).unwrap_or(u32::MAX - 1), channel.organisations())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Pos = Pos::new(7, 0);
    const BOB: LineageId = LineageId([1; 32]);
    const IVY: LineageId = LineageId([2; 32]);

    /// What came since a mark, as pos of commands, with the mark of now.
    fn since(known: &Acknowledged, mark: u64) -> (u64, Vec<(LineageId, u64, u64)>) {
        let (now, raised) = known.since(mark);
        let plain = |(peer, (from, to)): (LineageId, (Pos, Pos))| (peer, from.0, to.0);
        let mut raised: Vec<_> = raised.into_iter().map(plain).collect();
        raised.sort_unstable();
        (now, raised)
    }

    #[test]
    fn a_mark_divides_what_was_heard_before_from_what_came_since() {
        let known = Acknowledged::new(START);
        let at_first = known.mark();
        known.raise(BOB, Pos(10));
        let (then, raised) = since(&known, at_first);
        assert_eq!(raised, [(BOB, 0, 10)]);
        // Who says less, or the same again, makes no step.
        known.raise(BOB, Pos(9));
        known.raise(BOB, Pos(10));
        assert_eq!(since(&known, then), (then, vec![]));
        known.raise(IVY, Pos(4));
        known.raise(BOB, Pos(12));
        known.raise(BOB, Pos(15));
        assert_eq!(since(&known, then).1, [(BOB, 10, 15), (IVY, 0, 4)]);
        assert_eq!(since(&known, at_first).1, [(BOB, 0, 15), (IVY, 0, 4)]);
        assert_eq!((known.of(&BOB), known.of(&IVY)), (Pos(15), Pos(4)));
    }

    #[test]
    fn a_mark_that_is_not_of_this_run_or_too_old_has_seen_nothing() {
        let known = Acknowledged::new(START);
        known.raise(BOB, Pos(10));
        let (now, all) = since(&known, START.0);
        for mark in [0, START.0 - 1, now + 1, u64::MAX] {
            assert_eq!(since(&known, mark), (now, all.clone()), "{mark}");
        }
        for pos in 11..11 + STEPS_MAX as u64 {
            known.raise(BOB, Pos(pos));
        }
        let newest = 10 + STEPS_MAX as u64;
        assert_eq!(since(&known, now).1, [(BOB, 0, newest)]);
        assert_eq!(since(&known, now + 1).1, [(BOB, 11, newest)]);
    }
}
