//! The control state of a group and the rules by which a control record is judged (`docs/protocol/`
//! section 7). Every node that holds the records computes the same state.

mod act;
mod closing;
mod request;
mod rights;
mod state;
mod verdict;

use std::collections::BTreeMap;

use comity_protocol::code::Code;
use comity_protocol::control::{
    ControlAct, ControlHeader, CoverEntry, FIRST_OPTIONAL_KIND, Opening, RequestProof,
};
use comity_protocol::hash::Hash;
use comity_protocol::id::{ChannelId, ControlPoint, LineageId, LogName, ShortHash, WriterId};
use minicbor::{Decode, Encode};

pub use act::GroupAct;
pub use closing::Ended;
pub(crate) use rights::is_name;
pub use state::{ControlState, Member, Place};
pub use verdict::{RightTo, Stated};

/// A group, as this node knows it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Group {
    /// The state after the newest record.
    #[n(0)]
    pub state: ControlState,
    /// The newest record.
    #[n(1)]
    pub point: ControlPoint,
    /// The terms so far, by number.
    #[n(2)]
    pub terms: BTreeMap<u64, Term>,
    /// An unknown critical record was seen: nothing is appended until an upgrade.
    #[n(3)]
    pub read_only: bool,
    /// Where each cover entry came into force, for judging events that it covers.
    #[n(4)]
    pub covered_at: BTreeMap<(LineageId, WriterId), Vec<(u64, Place)>>,
    /// Where we are home and others are in: when V is to be stated, in Unix milliseconds.
    #[n(5)]
    pub cover_due_ms: Option<u64>,
    /// Where we are home: events that V does not cover.
    #[cbor(skip)]
    pub uncovered: u64,
    /// The run, by its first command, in which we may append to the control log.
    #[n(6)]
    pub authority: u64,
    /// How far members hold what we wrote of it, where that is more than we do.
    #[n(7)]
    pub ahead: BTreeMap<LineageId, Place>,
    /// Requests that wait for our authority, with whose they are.
    #[n(8)]
    pub deferred: Vec<(LineageId, RequestProof)>,
    /// Where V stood for logs that are closed.
    #[n(9)]
    pub closed: BTreeMap<(LineageId, WriterId), (u64, ShortHash)>,
    /// Logs that their origins have ended and that are not closed yet.
    #[n(10)]
    pub ended: BTreeMap<(LineageId, WriterId), Ended>,
}

/// One term of a control log.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Term {
    /// Who writes it.
    #[n(0)]
    pub home: LineageId,
    /// The record of the term before that it goes on from; absent in the first.
    #[n(1)]
    pub base: Option<ControlPoint>,
    /// The hashes of its records, shortened, for judging `after`.
    #[n(2)]
    pub hashes: Vec<ShortHash>,
    /// Whether it was opened by the home of the term before after a loss.
    #[n(3)]
    pub forced: bool,
}

/// The newest version of channels that this node knows the rules of.
const VERSION_KNOWN: u64 = 1;

/// What a control record amounts to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Judgement {
    /// It takes effect.
    Accepted,
    /// It has none, for this reason.
    Void(Code),
    /// Its kind is not known, and it is critical: it and all after it wait for an upgrade.
    UnknownCritical,
    /// Its kind is not known, and it is not critical.
    UnknownOptional,
}

impl Group {
    /// The control log that is being written.
    pub fn control_log(&self) -> LogName {
        LogName::Control { home: self.state.home, term: self.point.term }
    }

    pub(crate) fn new(state: ControlState, hash: Hash) -> Self {
        let point = ControlPoint { term: 1, seq: 1, hash: hash.into() };
        let term = Term { home: state.home, base: None, hashes: vec![hash.into()], forced: false };
        Self {
            state,
            point,
            terms: BTreeMap::from([(1, term)]),
            read_only: false,
            covered_at: BTreeMap::new(),
            uncovered: 0,
            cover_due_ms: None,
            authority: 0,
            ahead: BTreeMap::new(),
            deferred: Vec::new(),
            closed: BTreeMap::new(),
            ended: BTreeMap::new(),
        }
    }

    /// Judges a received or proposed record by the state before it. `channel` is the group's id.
    pub fn judge(
        &self,
        channel: ChannelId,
        seq: u64,
        header: &ControlHeader,
        act: &ControlAct,
    ) -> Judgement {
        if let ControlAct::Unknown(kind) = act {
            return self.judge_unknown(seq, header, act, *kind);
        }
        match self.check(channel, seq, header, act) {
            // What such a version means is not known here, nor what follows under it.
            Ok(()) if is_raised_beyond(act) => Judgement::UnknownCritical,
            Ok(()) => Judgement::Accepted,
            Err(code) => Judgement::Void(code),
        }
    }

    /// An optional record may say nothing that those who know its kind would judge others by: V, a
    /// request, a snapshot out of turn. So all nodes go on from the same state.
    fn judge_unknown(
        &self,
        seq: u64,
        header: &ControlHeader,
        act: &ControlAct,
        kind: u16,
    ) -> Judgement {
        if kind < FIRST_OPTIONAL_KIND {
            return Judgement::UnknownCritical;
        }
        let expected = self.state.needs_snapshot(seq, act).then(|| self.state.hash());
        if header.cover.is_some() || header.request.is_some() || header.state != expected {
            return Judgement::Void(Code::Malformed);
        }
        Judgement::UnknownOptional
    }

    fn check(
        &self,
        channel: ChannelId,
        seq: u64,
        header: &ControlHeader,
        act: &ControlAct,
    ) -> Result<(), Code> {
        let expected = self.state.needs_snapshot(seq, act).then(|| self.state.hash());
        if header.state != expected {
            return Err(Code::Malformed);
        }
        let entries = header.cover.as_deref().unwrap_or_default();
        self.check_cover(entries)?;
        if let ControlAct::CloseLogs(closing) = act {
            self.check_closing(closing, entries)?;
        }
        self.state.allows(header.actor.as_ref(), act)?;
        match (&header.actor, &header.request) {
            (Some(actor), Some(proof)) if actor.lineage != self.state.home => {
                self.check_request(channel, actor, proof, act)
            }
            (Some(actor), None) if actor.lineage == self.state.home => Ok(()),
            (None, None) => Ok(()),
            _ => Err(Code::NotAllowed),
        }
    }

    fn check_cover(&self, entries: &[CoverEntry]) -> Result<(), Code> {
        // One entry a log: of two it would be open which counts.
        if !entries.is_sorted_by(|a, b| (a.origin, a.writer) < (b.origin, b.writer)) {
            return Err(Code::Malformed);
        }
        for entry in entries {
            let before = self.state.cover.get(&(entry.origin, entry.writer));
            let lower = before.is_some_and(|(seq, hash)| {
                entry.seq < *seq || (entry.seq == *seq && entry.hash != *hash)
            });
            if lower || entry.seq == 0 || self.is_closed((entry.origin, entry.writer)) {
                return Err(Code::Malformed);
            }
        }
        Ok(())
    }

    /// The control log of a term, as far as the terms are known.
    pub fn control_log_of(&self, term: u64) -> Option<LogName> {
        self.terms.get(&term).map(|known| LogName::Control { home: known.home, term })
    }

    /// The log that goes on from what is known, and its next record: what everything that is ahead
    /// waits for.
    pub fn next_control(&self) -> (LogName, u64) {
        let opening = self.next_log().map(|log| (log, 1));
        opening.unwrap_or((self.control_log(), self.point.seq + 1))
    }

    /// The log in which the next term may open, where this node knows of one: the nominee's, after
    /// a handover.
    pub fn next_log(&self) -> Option<LogName> {
        let home = self.state.nominee?;
        Some(LogName::Control { home, term: self.point.term + 1 })
    }

    /// The log in which the home opens the next term without a handover.
    pub fn forced_log(&self) -> LogName {
        LogName::Control { home: self.state.home, term: self.point.term + 1 }
    }

    /// Whether a control log is one of this group's: of a term that was, is or may come next;
    /// `None` where that hangs on records that are not known here yet.
    pub fn knows_log(&self, name: LogName) -> Option<bool> {
        let LogName::Control { home, term } = name else { return Some(false) };
        match self.terms.get(&term) {
            // A nominee's opening counts before a forced one, however late it comes.
            Some(known) => Some(known.home == home || known.forced),
            None if self.next_log() == Some(name) => Some(true),
            None if self.forced_log() == name => Some(true),
            None if term <= self.point.term => Some(false),
            None => None,
        }
    }

    /// Whether record 1 of a control log opens a term that is not open here by this log.
    pub(crate) fn opens(&self, name: LogName) -> bool {
        let LogName::Control { home, term } = name else { return false };
        term > 1 && self.terms.get(&term).is_none_or(|known| known.home != home)
    }

    /// Judges the opening of the next term by an organisation, in the group as it was just after
    /// the base.
    pub(crate) fn judge_opening(
        &self,
        home: LineageId,
        header: &ControlHeader,
        opening: &Opening,
    ) -> Result<(), Code> {
        let is_bare = header.actor.is_none() && header.request.is_none();
        let is_founder = self.terms.get(&1).is_some_and(|term| term.home == opening.founder);
        let is_entitled = match opening.forced {
            true => self.state.home == home,
            false => self.state.nominee == Some(home),
        };
        let goes_on = opening.base == self.point && is_entitled && is_founder;
        if !is_bare || !goes_on || header.state != Some(self.state.hash()) {
            return Err(Code::Malformed);
        }
        self.check_cover(header.cover.as_deref().unwrap_or_default())
    }

    /// Whether a header that an organisation wrote opens the next term of the group as it is here.
    pub(crate) fn may_open(&self, home: LineageId, header: &[u8]) -> bool {
        let Ok(header) = ControlHeader::decode(header) else { return false };
        let Ok(ControlAct::Open(opening)) = header.act() else { return false };
        self.judge_opening(home, &header, &opening).is_ok()
    }

    /// Begins the next term with its opening, which was judged.
    pub(crate) fn open(
        &mut self,
        home: LineageId,
        hash: Hash,
        header: &ControlHeader,
        opening: &Opening,
    ) {
        let number = self.point.term + 1;
        self.point = ControlPoint { term: number, seq: 1, hash: hash.into() };
        let Opening { base, forced, .. } = *opening;
        let term = Term { home, base: Some(base), hashes: vec![hash.into()], forced };
        self.terms.insert(number, term);
        self.note_cover(header);
        self.state.take_opening(home, header);
    }

    fn note_cover(&mut self, header: &ControlHeader) {
        let place = (self.point.term, self.point.seq);
        for entry in header.cover.iter().flatten() {
            let at = self.covered_at.entry((entry.origin, entry.writer)).or_default();
            at.push((entry.seq, place));
        }
    }

    /// Takes the next record of the term after it was judged.
    pub(crate) fn advance(
        &mut self,
        seq: u64,
        hash: Hash,
        header: Option<(&ControlHeader, &ControlAct)>,
    ) {
        self.point = ControlPoint { term: self.point.term, seq, hash: hash.into() };
        if let Some(term) = self.terms.get_mut(&self.point.term) {
            term.hashes.push(hash.into());
        }
        if let Some((header, act)) = header {
            self.note_cover(header);
            self.state.take(self.point, header, act);
            if let ControlAct::CloseLogs(closing) = act {
                self.close_logs(closing);
            }
        }
    }
}

fn is_raised_beyond(act: &ControlAct) -> bool {
    matches!(act, ControlAct::SetVersion(set) if set.version > VERSION_KNOWN)
}

#[cfg(test)]
mod tests {
    use comity_protocol::control::{Genesis, Organisation};
    use comity_protocol::hash::Hash;
    use comity_protocol::id::{AccountId, AccountNumber};
    use comity_protocol::key::NodePublicKey;

    /// A genesis that holds.
    pub(crate) fn genesis() -> Genesis {
        let first_key = NodePublicKey::from_bytes(&KEY).unwrap();
        let domain = "acme.test".to_owned();
        let home = Organisation { domain, first_key, recovery: Hash([1; 32]), changes: vec![] };
        let owner = AccountId { lineage: home.lineage().unwrap(), number: AccountNumber(7) };
        let (label, name) = ("alice@acme.test".to_owned(), "Team".to_owned());
        let (version, nonce, topic) = (1, [0; 32], String::new());
        Genesis { version, nonce, home, owner, label, member_limit: 100, name, topic }
    }

    /// The public key of the first example in RFC 8032 section 7.1.
    const KEY: [u8; 32] = [
        0xd7, 0x5a, 0x98, 0x01, 0x82, 0xb1, 0x0a, 0xb7, 0xd5, 0x4b, 0xfe, 0xd3, 0xc9, 0x64, 0x07,
        0x3a, 0x0e, 0xe1, 0x72, 0xf3, 0xda, 0xa6, 0x23, 0x25, 0xaf, 0x02, 0x1a, 0x68, 0xf7, 0x07,
        0x51, 0x1a,
    ];
}
