//! A range of a log as a peer shows it, before its records are judged: by whose key it must be
//! proven, and whether its chain holds (`docs/protocol/` sections 3.3 and 8.4).

use comity_protocol::cbor::ByteString;
use comity_protocol::chain::{self, ChainEnd, Link, path};
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, ControlHeader};
use comity_protocol::event::Record;
use comity_protocol::frame::{Range, Want};
use comity_protocol::hash::Hash;
use comity_protocol::head::HeadProof;
use comity_protocol::id::{ChannelId, ControlPoint, LineageId, LogId, LogName};
use comity_protocol::key::{KeyId, NodePublicKey};

use crate::answer::{RangeOutcome, RefusedCode};
use crate::state::State;

/// Why a range is not taken, or not to its end: see [`RangeOutcome`].
pub(crate) enum Stop {
    Crowded {
        from: u64,
    },
    Early {
        from: u64,
    },
    Gap {
        from: u64,
    },
    /// Boxed, since every range is taken with this in mind.
    Held {
        from: u64,
        awaits: Box<[Option<Want>; 2]>,
    },
    Newer {
        from: u64,
    },
    Refused {
        from: u64,
        code: Code,
    },
    Rewind {
        base: ControlPoint,
    },
}

impl Stop {
    /// It waits, from a record on, for nothing that could be asked for.
    pub(crate) fn held(from: u64) -> Self {
        Self::Held { from, awaits: Box::default() }
    }
}

impl From<Stop> for RangeOutcome {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Crowded { from } => Self::Crowded { from },
            Stop::Early { from } => Self::Early { from },
            Stop::Gap { from } => Self::Gap { from },
            Stop::Held { from, awaits } => Self::Held { from, awaits: *awaits },
            Stop::Newer { from } => Self::Newer { from },
            Stop::Rewind { base } => Self::Rewind { base },
            Stop::Refused { from, code } => Self::Refused { from, code: RefusedCode(code) },
        }
    }
}

/// A range whose chain is proven.
pub(crate) struct Proven {
    pub(crate) log: LogId,
    /// The seq of the first new record.
    pub(crate) first: u64,
    pub(crate) records: Vec<Record>,
    /// The step of each new record.
    pub(crate) steps: Vec<Link>,
    pub(crate) head: HeadProof,
    /// The steps from a head above the records down to the last of them.
    pub(crate) above: Vec<Link>,
}

impl State {
    /// The organisation whose key must prove the head of a range that `peer` shows, and the key of
    /// it that is named, or its present one where none that counts has that name; `None` where its
    /// log is none that we could take.
    pub fn origin_key(
        &self,
        peer: LineageId,
        range: &Range,
        named: KeyId,
    ) -> Option<(LineageId, NodePublicKey)> {
        let log = LogId::from(range.log);
        let group = self.channel(&log.channel).and_then(|(_, channel)| channel.group());
        let (LogName::Message { origin, .. } | LogName::Control { home: origin, .. }) = log.name;
        if origin == self.lineage() {
            // What we wrote and have lost is given back to us.
            let first = self.identity.as_ref()?.key;
            return Some((origin, self.signer(&origin, first, named)));
        }
        let key = match (group, log.name) {
            // In a group the control state alone says whose keys count; what a peer writes before
            // we know of its admission waits for that.
            (Some(group), _) if origin == peer => {
                let introduced = || self.peers.get(&peer).map(|peer| peer.key);
                group.state.first_key(&origin).or_else(introduced)
            }
            (Some(group), _) => group.state.first_key(&origin),
            (None, LogName::Control { home, .. }) if home != peer => founder_key(range),
            (None, _) => self.peers.get(&origin).map(|peer| peer.key),
        };
        Some((origin, self.signer(&origin, key?, named)))
    }
}

/// Proves a range against the end of its log: all of it or nothing. `None` where all of it is
/// known.
pub(crate) fn prove(
    log: &LogId,
    mut end: ChainEnd,
    checkpoints: &[ByteString],
    range: Range,
) -> Result<Option<Proven>, Stop> {
    let have = end.seq();
    if range.first > have + 1 || range.first == 0 {
        return Err(Stop::Gap { from: have + 1 });
    }
    let last = range.last();
    if last <= have {
        return Ok(None);
    }
    let head = range.head();
    let known = usize::try_from(have + 1 - range.first).unwrap_or(usize::MAX);
    let mut records = range.records;
    records.drain(..known.min(records.len()));
    let mut steps = Vec::with_capacity(records.len());
    for record in &records {
        let (previous, skipped) = end.targets();
        let inner = record.inner();
        steps.push(Link { previous, skipped, inner });
        end.push(log, &inner);
    }
    let refuse = |code| Stop::Refused { from: have + 1, code };
    let above = range.above.map(|above| above.links).unwrap_or_default();
    let is_proven = match above.is_empty() {
        true => head.seq == last && end.hash() == head.hash,
        false => leads_down(log, (head.seq, head.hash), (last, end.hash()), &above),
    };
    if !is_proven {
        return Err(refuse(Code::ChainBroken));
    }
    let checkpoint = checkpoints.get(usize::from(range.checkpoint));
    let head = HeadProof {
        seq: head.seq,
        hash: range.hash,
        time: range.time,
        inclusion: range.inclusion,
        checkpoint: checkpoint.ok_or(refuse(Code::FrameMalformed))?.clone(),
    };
    Ok(Some(Proven { log: *log, first: have + 1, records, steps, head, above }))
}

/// Whether links lead from one record of a log down to another.
fn leads_down(
    log: &LogId,
    (head, head_hash): (u64, Hash),
    (last, last_hash): (u64, Hash),
    links: &[Link],
) -> bool {
    let found = chain::follow(log, head, &head_hash, last, links);
    found.is_some() && links.last().is_some_and(|own| own.hash(log, last) == last_hash)
}

impl Proven {
    /// The steps from the head down to, not including, a record: what leads to it from above.
    pub(crate) fn links_above(&self, seq: u64) -> Vec<Link> {
        let mut links = self.links_to(seq);
        links.truncate(path(self.head.seq, seq).len().saturating_sub(1));
        links
    }

    /// The steps from the head down to a record.
    pub(crate) fn links_to(&self, seq: u64) -> Vec<Link> {
        let last = self.first + self.steps.len() as u64 - 1;
        let step = |at: u64| {
            let own = at.checked_sub(self.first).and_then(|at| usize::try_from(at).ok());
            let own = own.and_then(|own| self.steps.get(own));
            let above = || path(self.head.seq, last).iter().position(|above| *above == at);
            own.or_else(|| self.above.get(above()?)).copied()
        };
        path(self.head.seq, seq).into_iter().filter_map(step).collect()
    }
}

/// The key of a group's first home, where a range begins with the group's genesis.
fn founder_key(range: &Range) -> Option<NodePublicKey> {
    let record = range.records.first().filter(|_| range.first == 1)?;
    let home = match ControlHeader::decode(&record.header).ok()?.act().ok()? {
        ControlAct::Genesis(genesis) => genesis.home,
        _ => return None,
    };
    let is_its = ChannelId(record.inner().0) == range.log.channel;
    (is_its && home.lineage() == Some(range.log.origin)).then_some(home.first_key)
}

/// The first home of a group, as the opening of a later term names it.
pub(crate) fn founder_of(range: &Range) -> Option<LineageId> {
    match ControlHeader::decode(&range.records.first()?.header).ok()?.act().ok()? {
        ControlAct::Open(opening) => Some(opening.founder),
        _ => None,
    }
}
