//! Placing: a record joins its log, its channel and the node's order. It must not judge it.

use std::sync::Arc;

use comity_protocol::clock::HybridTime;
use comity_protocol::cursor::Pos;
use comity_protocol::event::Record;
use comity_protocol::id::{AccountId, AccountNumber, LogId, LogName, MessageId};
use comity_protocol::limits::LATE_MS;

use crate::annotation::{Annotation, Remark};
use crate::applied::{Applied, Outcome, Subscriber};
use crate::channel::{ChannelNo, Log, LogNo};
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// A record that is about to join its log.
pub(crate) struct Incoming {
    pub(crate) channel: ChannelNo,
    pub(crate) name: LogName,
    pub(crate) record: Record,
    pub(crate) time: HybridTime,
    pub(crate) sender: Option<AccountId>,
    pub(crate) outcome: Outcome,
    /// Whether this node feeds it to peers: our own logs, and control logs that we are home of.
    pub(crate) fed: bool,
    /// Whether it counts as a message in lists.
    pub(crate) message: bool,
    /// What it says of another message.
    pub(crate) annotation: Option<Annotation>,
    pub(crate) inbox: Vec<AccountNumber>,
    /// The account of ours that has blocked its sender.
    pub(crate) deaf: Option<AccountNumber>,
}

impl Incoming {
    /// Whether its body is a text. That of a void message is shown to nobody, and is kept no longer
    /// than others.
    fn is_text(&self) -> bool {
        let is_edit = self.annotation.as_ref().is_some_and(|said| said.what == Remark::Edit);
        let is_event = matches!(self.name, LogName::Message { .. });
        self.message || is_edit || (self.outcome == Outcome::Void && is_event)
    }
}

impl State {
    /// Puts a record at the end of its log and into the node's order.
    pub(crate) fn place(&mut self, incoming: Incoming, fx: &mut Effects) -> (MessageId, Pos) {
        let (no, name, time) = (incoming.channel, incoming.name, incoming.time);
        let (sender, is_text) = (incoming.sender, incoming.is_text());
        let counts = incoming.message && incoming.outcome == Outcome::Accepted;
        let (deaf, before) = (incoming.deaf, self.channels[&no].last_message);
        let applied = self.add(incoming, fx);
        let (id, pos, seq) = (applied.id, applied.pos, applied.seq);
        fx.dirty(RowKey::Log(no, name));
        fx.applied.push(applied);
        if let Some(sender) = sender.filter(|_| counts) {
            self.note_said(no, sender, fx);
            if let Some(deaf) = deaf {
                let deaf = self.account_id(deaf);
                self.note_said(no, deaf, fx);
            }
            self.note_heard(no, deaf, (before, time), fx);
        }
        self.narrow_audience(fx);
        if is_text {
            self.note_expiring(no, time, fx);
        }
        self.count_uncovered(no, name, seq, fx);
        self.note_ended(no, (name, seq), fx);
        (id, pos)
    }

    /// Adds a record to its log, which grows by it, and to its channel.
    fn add(&mut self, incoming: Incoming, fx: &mut Effects) -> Applied {
        let (pos, is_text) = (fx.next_pos(), incoming.is_text());
        let Incoming {
            channel: no,
            name,
            mut record,
            time,
            sender,
            outcome,
            fed,
            message,
            annotation,
            inbox,
            deaf,
        } = incoming;
        let inner = record.inner();
        let id = MessageId::new(time, &inner);
        self.log_mut(no, name);
        let horizon = self.horizon(no);
        let channel = self.channel_mut(no);
        let log_id = LogId { channel: channel.id, name };
        let audience = without(deaf, channel.audience_of(outcome, fed));
        channel.last_pos = pos;
        if outcome != Outcome::Void {
            channel.note_time(matches!(name, LogName::Control { .. }), time, fx.unix_ms);
        }
        let counts = message && outcome == Outcome::Accepted;
        if counts {
            channel.last_message = channel.last_message.max(time);
            channel.said += 1;
        }
        let newest_message = channel.last_message;
        let channel_id = channel.id;
        let log = channel.logs.entry(name).or_insert_with(|| Log::new(LogNo(0)));
        if log.end.seq() == 0 {
            log.opened_unix_ms = fx.unix_ms;
        }
        let hash = log.end.push(&log_id, &inner);
        log.note((pos, time), outcome, message.then_some(newest_message));
        let (seq, log_no, stated) = (log.end.seq(), log.no, log.after_seq);
        let is_of_age = is_text && time < horizon;
        let erased = log.erased_before(seq, hash.into(), is_of_age);
        if erased.is_some() {
            record.body.erase();
        }
        Applied {
            pos,
            channel: no,
            channel_id,
            log: log_id,
            log_no,
            seq,
            hash,
            time,
            id,
            sender,
            outcome,
            stated,
            record,
            audience,
            inbox,
            withdrawn: Arc::from([]),
            annotation,
            mentioned: Vec::new(),
            erased,
            is_late: message && !fed && is_late(fx.unix_ms, time),
            is_unheard: deaf.is_some(),
        }
    }
}

impl Log {
    /// Notes what was added; of a message, the channel's newest one.
    fn note(
        &mut self,
        (pos, time): (Pos, HybridTime),
        outcome: Outcome,
        message: Option<HybridTime>,
    ) {
        self.last_pos = pos;
        if outcome != Outcome::Void {
            self.time = time;
        }
        if let Some(newest) = message {
            self.last_message = newest;
            self.said += u64::from(outcome == Outcome::Accepted);
        }
    }
}

/// An audience without an account that does not hear the sender.
fn without(deaf: Option<AccountNumber>, audience: Arc<[Subscriber]>) -> Arc<[Subscriber]> {
    let Some(deaf) = deaf.map(Subscriber::Account) else { return audience };
    audience.iter().copied().filter(|subscriber| *subscriber != deaf).collect()
}

/// Whether a record comes so long after its time that clients are told.
fn is_late(unix_ms: u64, time: HybridTime) -> bool {
    unix_ms > time.unix_ms().saturating_add(LATE_MS)
}
