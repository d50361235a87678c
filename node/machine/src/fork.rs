//! Forked logs (`docs/protocol/` sections 3.5 and 5.4): of a log of which two histories are proven,
//! nothing is taken as news any more from where they part. It must not look at records: what is
//! held is held, until a group's home says which history counts (`settle.rs`).

use comity_identity::keys_of;
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::fork::{Fork, ForkProof};
use comity_protocol::id::{LineageId, LogId, LogName};
use comity_protocol::key::{KeyId, NodePublicKey};
use minicbor::{Decode, Encode};

use crate::answer::Answer;
use crate::channel::{Channel, Log};
use crate::group::Group;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// The proof that a log has two histories; the one by which they part lowest.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct KnownFork {
    /// The lowest record that has two hashes.
    #[n(0)]
    pub seq: u64,
    /// The proof, as it came or was made here.
    #[n(1)]
    pub proof: ByteString,
}

impl Log {
    /// Whether a fork at this record would be news: nothing is known that parts as low.
    fn lacks_fork(&self, seq: u64) -> bool {
        self.fork.as_ref().is_none_or(|known| known.seq > seq)
    }

    /// How many of the records from `first` on may be taken.
    pub(crate) fn takes(&self, first: u64) -> usize {
        let below = self.fork.as_ref().map_or(u64::MAX, |fork| fork.seq.saturating_sub(first));
        usize::try_from(below).unwrap_or(usize::MAX)
    }
}

impl Group {
    /// The last record of a term that counts: what follows on the base of the next one is void.
    fn last_of_term(&self, term: u64) -> u64 {
        let next = self.terms.get(&(term + 1)).and_then(|next| next.base);
        next.map_or(u64::MAX, |base| base.seq)
    }
}

/// Why nothing may be said or changed in a group.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReadOnly {
    /// Its control log says what this release does not understand.
    Newer,
    /// Its control log says two things.
    Split,
}

impl Channel {
    /// Why nothing may be said or changed in it, where that is so.
    pub fn read_only(&self) -> Option<ReadOnly> {
        let group = self.group()?;
        if group.terms.keys().any(|term| self.is_split(group, *term)) {
            return Some(ReadOnly::Split);
        }
        group.read_only.then_some(ReadOnly::Newer)
    }

    /// Whether nothing may be said or changed in it.
    pub fn is_read_only(&self) -> bool {
        self.read_only().is_some()
    }

    /// Whether the control log of a term has two histories of what counts.
    fn is_split(&self, group: &Group, term: u64) -> bool {
        let log = group.control_log_of(term).and_then(|name| self.logs.get(&name));
        let fork = log.and_then(|log| log.fork.as_ref());
        fork.is_some_and(|fork| fork.seq <= group.last_of_term(term))
    }
}

impl State {
    /// Whether a proof, if it holds, says of a log that is known here what nobody proved before.
    pub fn is_fork_news(&self, log: &LogId, seq: u64) -> bool {
        let known = self.channel(&log.channel).and_then(|(_, c)| c.logs.get(&log.name));
        known.is_some_and(|log| log.lacks_fork(seq))
    }

    /// The organisation whose key must prove heads of a log that may be held here, and the key of
    /// it that is named, or its present one; `None` where it is our own.
    pub fn log_key(&self, log: &LogId, named: KeyId) -> Option<(LineageId, NodePublicKey)> {
        let (LogName::Message { origin, .. } | LogName::Control { home: origin, .. }) = log.name;
        let group = self.channel(&log.channel).and_then(|(_, channel)| channel.group());
        let of_group = group.and_then(|group| group.state.first_key(&origin));
        let key = of_group.or_else(|| self.peers.get(&origin).map(|peer| peer.key));
        let key = self.signer(&origin, key?, named);
        Some((origin, key)).filter(|_| origin != self.lineage())
    }

    /// The logs that are known to be forked, by their channels.
    pub fn forks(&self) -> impl Iterator<Item = (&Channel, LogId, &KnownFork)> {
        self.channels.values().flat_map(|channel| {
            channel.logs.iter().filter_map(move |(name, log)| {
                let id = LogId { channel: channel.id, name: *name };
                log.fork.as_deref().map(|fork| (channel, id, fork))
            })
        })
    }

    /// Takes a proof that a log has two histories, made here or by others.
    pub(crate) fn take_fork(
        &mut self,
        proof: &ByteString,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let read = ForkProof::decode(proof).map_err(|_| Code::FrameMalformed)?;
        let Fork { log, seq, keys, .. } = read.verify(keys_of).map_err(|_| Code::ForkUnproven)?;
        // Whoever has stolen a key can write what he likes with it.
        let chain = self.chain(&read.log.origin);
        if chain.is_some_and(|chain| keys.iter().any(|key| chain.has_revoked(key))) {
            return Err(Code::ForkUnproven);
        }
        let known = self.channel(&log.channel).and_then(|(no, channel)| {
            channel.logs.get(&log.name).map(|log| (no, log.lacks_fork(seq)))
        });
        let (no, is_news) = known.ok_or(Code::LogUnknown)?;
        if is_news {
            let proof = proof.clone();
            let known = self.log_mut(no, log.name);
            known.fork = Some(Box::new(KnownFork { seq, proof }));
            // What was kept below a higher one may be of another history too.
            if known.settled.take().is_some() {
                known.backlog = None;
            }
            fx.dirty(RowKey::Log(no, log.name));
            self.forked.insert((no, log.name));
            self.close_forked(no, fx);
            self.leave_writer(log.name, fx);
        }
        Ok(Answer::Done)
    }
}
