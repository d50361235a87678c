//! The link itself: hello, identification, then a feed in each direction, questions and a goodbye.
//! It decides what is sent, asked for and accepted; it must not apply, store or sign anything.
//!
//! Order of calls: a `handle_*` for what arrived or what the driver was asked for, or a command;
//! then `poll_action` while the driver can send, `poll_timeout` for the one timer to arm, and
//! `wants_read` for each stream before its next frame is handed over.

mod questions;

use std::collections::VecDeque;

use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::frame::{Class, Frame, VectorEntry, WireLog};
use comity_protocol::hash::Hash;
use comity_protocol::history::{Backfill, HistoryAsk};
use comity_protocol::id::LineageId;
use comity_protocol::keys::Hello;
use comity_protocol::name::ServerName;

use crate::action::{Action, AppliedHistory, Fate, FedBatch};
use crate::fault::Fault;
use crate::feed::{Feed, Serving};
use crate::forks::Forks;
use crate::history::Histories;
use crate::limits::{
    ACKNOWLEDGEMENT_MS, ACTIONS_MAX, EARLY_FRAMES_MAX, HELLO_MS, VERSIONS, VERSIONS_MAX,
};
use crate::lookups::Lookups;
use crate::subscription::Subscription;
use crate::timer::{Timer, TimerTable};
use crate::verify::{Keys, Verifier};

/// Whose link it is, and how it began.
#[derive(Clone, Debug)]
pub struct LinkSettings {
    /// Our domain.
    pub domain: ServerName,
    /// Our lineage.
    pub lineage: LineageId,
    /// Names the run of our process.
    pub start: u64,
    /// Whom we dialled; `None` where the peer dialled us.
    pub dialled: Option<ServerName>,
    /// All changes of our key.
    pub changes: Vec<ByteString>,
}

/// One link between two nodes. `T` is the driver's token of a record that it feeds.
#[derive(Debug)]
pub struct Link<T> {
    settings: LinkSettings,
    phase: Phase,
    /// The last clock reading that came in.
    now_ms: u64,
    timers: TimerTable,
    actions: VecDeque<Action<T>>,
    verifier: Verifier,
    subscription: Subscription,
    feed: Feed<T>,
    serving: Serving,
    histories: Histories,
    forks: Forks,
    lookups: Lookups,
}

#[derive(Debug)]
enum Phase {
    /// The peer's hello is awaited.
    AwaitingHello,
    /// The driver proves that the peer is who it says.
    Identifying { peer: Peer, early: Vec<Frame> },
    /// Feeds and questions.
    Up { peer: Peer },
    /// Over; what is left to say is queued.
    Closed,
}

#[derive(Clone, Debug)]
struct Peer {
    domain: ServerName,
    lineage: LineageId,
    start: u64,
    changes: Vec<ByteString>,
}

impl<T: Copy> Link<T> {
    /// A link that was dialled or accepted at `now_ms`.
    pub fn new(settings: LinkSettings, now_ms: u64) -> Self {
        let mut link = Self {
            phase: Phase::AwaitingHello,
            now_ms,
            timers: TimerTable::default(),
            actions: VecDeque::new(),
            verifier: Verifier::default(),
            subscription: Subscription::default(),
            feed: Feed::default(),
            serving: Serving::default(),
            histories: Histories::default(),
            forks: Forks::default(),
            lookups: Lookups::default(),
            settings,
        };
        link.timers.set(Timer::Hello, Some(now_ms + HELLO_MS));
        if let Some(to) = link.settings.dialled.clone() {
            link.greet(&to);
        }
        link
    }

    /// Whether both ends know each other.
    pub fn is_up(&self) -> bool {
        matches!(self.phase, Phase::Up { .. })
    }

    /// Whether the link is over.
    pub fn is_closed(&self) -> bool {
        matches!(self.phase, Phase::Closed)
    }

    /// Whether the peer has something of our feed to acknowledge.
    pub fn is_awaiting(&self) -> bool {
        self.is_up() && self.feed.is_awaiting()
    }

    /// The peer's domain as it claims it, proven once the link is up.
    pub fn peer(&self) -> Option<&ServerName> {
        match &self.phase {
            Phase::Identifying { peer, .. } | Phase::Up { peer } => Some(&peer.domain),
            Phase::AwaitingHello | Phase::Closed => None,
        }
    }

    /// Whether the next frame of a stream may be handed over. While it may not, the transport's own
    /// window holds the peer back; answers and acknowledgements are never held back once the link
    /// is up.
    pub fn wants_read(&self, class: Class) -> bool {
        match self.phase {
            Phase::AwaitingHello => true,
            Phase::Identifying { .. } | Phase::Closed => false,
            Phase::Up { .. } => class == Class::Link || self.subscription.has_room(),
        }
    }

    /// A frame came.
    pub fn handle_frame(&mut self, (class, bytes): (Class, Vec<u8>), keys: &dyn Keys, now_ms: u64) {
        if self.is_closed() {
            return;
        }
        self.now_ms = now_ms;
        let done = Frame::decode(&bytes).map_err(|_| Fault::FrameMalformed).and_then(|frame| {
            match frame.class() == class {
                true => self.take_frame(frame, bytes, keys),
                // Each class has its own flow control and bounds.
                false => Err(Fault::FrameUnexpected),
            }
        });
        self.end_step(done);
    }

    /// The driver has proven who the peer is, or could not.
    pub fn handle_identified(&mut self, result: Result<(), Code>, now_ms: u64) {
        self.now_ms = now_ms;
        let Phase::Identifying { .. } = self.phase else { return };
        if let Err(code) = result {
            return self.close(code);
        }
        let before = std::mem::replace(&mut self.phase, Phase::Closed);
        let Phase::Identifying { peer, early } = before else { return };
        if self.settings.dialled.is_none() {
            self.greet(&peer.domain);
        }
        self.timers.set(Timer::Hello, None);
        self.subscription.handle_peer(peer.lineage);
        self.act(Action::Up { lineage: peer.lineage, start: peer.start });
        self.act(Action::Resume);
        self.phase = Phase::Up { peer };
        let done = early.into_iter().try_for_each(|frame| self.take_plain(frame));
        self.end_step(done);
    }

    /// What became of each range of the batch that was to be applied, in the batch's order.
    pub fn handle_applied(&mut self, fates: &[Fate], now_ms: u64) {
        self.now_ms = now_ms;
        self.subscription.handle_applied(fates, now_ms);
        self.end_step(Ok(()));
    }

    /// The feed that the peer subscribes to is open, or its cursor is not known here.
    pub fn handle_feed_opened(&mut self, resync: bool) {
        if let Some(frame) = self.feed.handle_opened(resync).filter(|_| self.is_up()) {
            self.act(Action::Send(frame));
        }
    }

    /// The next batch of the feed, answering [`Action::ReadFeed`].
    pub fn handle_feed(&mut self, fed: FedBatch<T>, now_ms: u64) {
        self.now_ms = now_ms;
        let was_awaiting = self.feed.is_awaiting();
        let frame = self.feed.handle_batch(fed).filter(|_| self.is_up());
        if let Some(frame) = frame {
            if !was_awaiting {
                self.timers.set(Timer::Acknowledgement, Some(now_ms + ACKNOWLEDGEMENT_MS));
            }
            self.act(Action::Send(frame));
        }
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        while let Some(timer) = self.timers.take_due(now_ms) {
            match timer {
                Timer::Acknowledgement => self.end_step(Err(Fault::Unacknowledged)),
                Timer::Forks => self.forks.handle_timeout(now_ms),
                Timer::Hello => self.end_step(Err(Fault::HelloLate)),
                Timer::History => self.histories.handle_timeout(now_ms),
                Timer::LookUp => {
                    let late = self.lookups.handle_timeout(now_ms);
                    self.actions.extend(late);
                }
                Timer::Want => self.subscription.handle_timeout(now_ms),
            }
        }
        self.end_step(Ok(()));
    }

    /// Where we are in the peer's feed, answering [`Action::Resume`].
    pub fn resume(&mut self, cursor: Option<ByteString>) {
        if let Some(frame) = self.subscription.resume(cursor).filter(|_| self.is_up()) {
            self.act(Action::Send(frame));
        }
    }

    /// What we hold of the peer's logs, answering [`Action::StateVector`].
    pub fn state_vector(&mut self, entries: Vec<VectorEntry>) {
        let frames = self.subscription.state_vector(entries);
        if self.is_up() {
            self.actions.extend(frames.into_iter().map(Action::Send));
        }
    }

    /// Asks for a log from a record on, until another is applied, or any where that is 0, or it is
    /// not served. `false` where no more can be wanted.
    pub fn want(&mut self, log: WireLog, from: u64, until: u64) -> bool {
        self.subscription.want(log, from, until, self.now_ms)
    }

    /// What this link has learnt by asking for history.
    pub fn histories(&self) -> &Histories {
        &self.histories
    }

    /// Something of a channel's history may be lacking that the peer has: after the link has come
    /// up, and when a group has admitted us.
    pub fn poke_history(&mut self) {
        self.histories.poke();
    }

    /// What is lacking of what the peer may have, answering [`Action::ChooseHistory`].
    pub fn ask_history(&mut self, ask: Option<HistoryAsk>, now_ms: u64) {
        self.now_ms = now_ms;
        if let Some(frame) = self.histories.ask(ask, now_ms).filter(|_| self.is_up()) {
            self.act(Action::Send(frame));
        }
    }

    /// Sends a page of a channel's history that the peer is about to ask for.
    pub fn offer_history(&mut self, page: Backfill) {
        if self.is_up() {
            self.act(Action::Send(Frame::Backfill(page)));
        }
    }

    /// What became of an answer to an ask for history; `None` where it could not be applied at all.
    pub fn handle_history_applied(&mut self, applied: Option<AppliedHistory>, now_ms: u64) {
        self.now_ms = now_ms;
        self.histories.handle_applied(applied, now_ms);
        self.end_step(Ok(()));
    }

    /// Our heads of all logs that we share with the peer, answering [`Action::StateHeads`]; nothing
    /// where it has heard them.
    pub fn state_heads(&mut self, entries: Option<Vec<VectorEntry>>, now_ms: u64) {
        self.now_ms = now_ms;
        let frames = self.forks.state_heads(entries, now_ms);
        if self.is_up() {
            self.actions.extend(frames.into_iter().map(Action::Send));
        }
    }

    /// The peer may hold another history of a log than we do: it is to show it.
    pub fn suspect(&mut self, log: WireLog) {
        self.forks.suspect(log);
    }

    /// The hashes of records here, answering [`Action::HashesOf`] in its order.
    pub fn handle_hashes(&mut self, hashes: &[Option<Hash>]) {
        if let Some(found) = self.forks.handle_hashes(hashes).filter(|_| self.is_up()) {
            self.act(found);
        }
    }

    /// Sends an answer to [`Action::Serve`], [`Action::ServeHistory`], [`Action::AnswerLookup`],
    /// [`Action::AnswerProbe`], [`Action::AnswerProfile`] or [`Action::AnswerSeek`].
    pub fn send(&mut self, frame: Frame) {
        if self.is_up() {
            self.serving.handle_answer(&frame);
            self.lookups.handle_answer(&frame);
            self.histories.handle_answer(&frame);
            self.forks.handle_answer(&frame);
            self.act(Action::Send(frame));
        }
    }

    /// Ends the link with a goodbye.
    pub fn close(&mut self, code: Code) {
        if !self.is_closed() {
            self.end(code, true);
        }
    }

    /// What to do next, to be asked while frames can be sent.
    pub fn poll_action(&mut self) -> Option<Action<T>> {
        let queued = self.actions.pop_front();
        if queued.is_some() || !self.is_up() {
            return queued;
        }
        let action = self.poll_up();
        if action.is_none() {
            // An idle link keeps no room for what it did.
            self.actions.shrink_to_fit();
        }
        self.arm();
        action
    }

    /// When to call `handle_timeout`, in the clock's ms.
    pub fn poll_timeout(&self) -> Option<u64> {
        self.timers.earliest()
    }

    /// What follows from the state of a link that is up; acknowledgements first, since they cost
    /// the least and the peer waits for them.
    fn poll_up(&mut self) -> Option<Action<T>> {
        if let Some(frame) = self.subscription.poll_acknowledgement() {
            return Some(Action::Send(frame));
        }
        if let Some(apply) = self.subscription.poll_apply() {
            return Some(apply);
        }
        if let Some((log, code)) = self.subscription.poll_note() {
            return Some(Action::Note { log, code });
        }
        let wants = self.subscription.poll_wants(self.now_ms);
        if !wants.is_empty() {
            return Some(Action::Send(Frame::Want(wants)));
        }
        if self.feed.poll_read() {
            return Some(Action::ReadFeed);
        }
        let asked = self.serving.poll().map(Action::Serve).or_else(|| self.histories.poll());
        asked.or_else(|| self.lookups.poll()).or_else(|| self.forks.poll(self.now_ms))
    }

    fn take_frame(&mut self, frame: Frame, bytes: Vec<u8>, keys: &dyn Keys) -> Result<(), Fault> {
        match (&mut self.phase, frame) {
            (Phase::AwaitingHello, Frame::Hello(hello)) => self.take_hello(&hello),
            (_, Frame::Goodbye { code }) => {
                let code = Code::from_number(code).unwrap_or(Code::Internal);
                self.end(code, false);
                Ok(())
            }
            (Phase::Up { .. }, Frame::Batch(batch)) => {
                let verified = self.verifier.verify(bytes, batch, keys)?;
                self.subscription.handle_batch(verified)
            }
            (Phase::Up { .. }, Frame::Branch { log, branch }) => {
                self.forks.handle_branch(log, branch, keys)
            }
            (Phase::Up { .. }, Frame::Backfill(backfill)) => {
                self.histories.handle_backfill(backfill, bytes);
                Ok(())
            }
            (Phase::Up { .. }, frame) => self.take_plain(frame),
            (Phase::Identifying { early, .. }, frame)
                if self.settings.dialled.is_some() && may_be_early(&frame) =>
            {
                // The peer has proven us already and begins.
                early.push(frame);
                if early.len() > EARLY_FRAMES_MAX { Err(Fault::FrameUnexpected) } else { Ok(()) }
            }
            (Phase::AwaitingHello | Phase::Identifying { .. } | Phase::Closed, _) => {
                Err(Fault::FrameUnexpected)
            }
        }
    }

    fn take_hello(&mut self, hello: &Hello) -> Result<(), Fault> {
        let peer = check_hello(&self.settings, hello)?;
        self.act(Action::Identify {
            domain: peer.domain.clone(),
            lineage: peer.lineage,
            start: peer.start,
            changes: peer.changes.clone(),
        });
        self.phase = Phase::Identifying { peer, early: Vec::new() };
        Ok(())
    }

    /// Takes any frame of a link that is up but a batch.
    fn take_plain(&mut self, frame: Frame) -> Result<(), Fault> {
        match frame {
            Frame::Account { .. }
            | Frame::Offer { .. }
            | Frame::Probed(_)
            | Frame::Profile { .. } => {
                if let Some(action) = self.lookups.handle_found(frame)? {
                    self.act(action);
                }
            }
            Frame::Ack { cursor, exceptions } => {
                let (told, got_on) = self.feed.handle_ack(cursor, &exceptions)?;
                if got_on {
                    let next = self.feed.is_awaiting().then_some(self.now_ms + ACKNOWLEDGEMENT_MS);
                    self.timers.set(Timer::Acknowledgement, next);
                }
                if let Some(action) = told {
                    self.act(action);
                }
            }
            Frame::Away { .. } | Frame::Fork { .. } | Frame::Heads { .. } | Frame::News { .. } => {
                self.forks.handle_statement(frame).map(|action| self.act(action))?;
            }
            Frame::Backfill(_) | Frame::Batch(_) | Frame::Branch { .. } => {
                return Err(Fault::FrameUnexpected);
            }
            Frame::Hello(_) | Frame::Typing { .. } => return Err(Fault::FrameUnexpected),
            Frame::Goodbye { code } => {
                self.end(Code::from_number(code).unwrap_or(Code::Internal), false);
            }
            Frame::History(ask) => self.histories.handle_ask(ask)?,
            Frame::Lease { .. }
            | Frame::Marks { .. }
            | Frame::Presence { .. }
            | Frame::Release { .. } => self.act(Action::Hear(frame)),
            Frame::Keys { .. } | Frame::Signed { .. } => {
                self.forks.handle_statement(frame).map(|action| self.act(action))?;
            }
            Frame::NotServed { log, code, .. } => {
                let code = Code::from_number(code).unwrap_or(Code::LogUnknown);
                self.subscription.handle_not_served(log, code, self.now_ms);
            }
            question @ (Frame::Lookup { .. }
            | Frame::Probe(_)
            | Frame::ProfileAsk { .. }
            | Frame::Seek { .. }) => self.take_question(question)?,
            Frame::Resume { cursor } => {
                let action = self.feed.handle_resume(cursor)?;
                self.forks.handle_resumed(self.now_ms);
                self.act(action);
            }
            Frame::Resync => {
                self.subscription.handle_resync()?;
                self.act(Action::StateVector);
            }
            Frame::Show { log, down_to } => self.forks.handle_show(log, down_to)?,
            Frame::Vector { entries, more } => {
                if let Some(action) = self.feed.handle_vector(entries, more)? {
                    self.act(action);
                }
            }
            Frame::Want(wants) => {
                for want in self.serving.handle_wants(wants) {
                    let code = Code::RateLimited.number();
                    self.act(Action::Send(Frame::NotServed { log: want.log, code, control: None }));
                }
            }
        }
        Ok(())
    }

    fn greet(&mut self, to: &ServerName) {
        let hello = Hello {
            from: self.settings.domain.as_str().to_owned(),
            to: to.as_str().to_owned(),
            lineage: self.settings.lineage,
            start: self.settings.start,
            versions: VERSIONS.to_vec(),
            changes: Some(self.settings.changes.clone()).filter(|changes| !changes.is_empty()),
        };
        self.act(Action::Send(Frame::Hello(hello)));
    }

    fn act(&mut self, action: Action<T>) {
        self.actions.push_back(action);
    }

    /// Ends the link where the peer was wrong; otherwise brings the timers up to date.
    fn end_step(&mut self, done: Result<(), Fault>) {
        let unread = self.actions.len() > ACTIONS_MAX;
        let done = if unread { done.and(Err(Fault::AnswersUnread)) } else { done };
        match done {
            Ok(()) => self.arm(),
            Err(_) if self.is_closed() => {}
            Err(fault) => {
                self.end(fault.code(), true);
                if fault.is_misconduct() {
                    self.actions.push_front(Action::Misconduct(fault.code()));
                }
            }
        }
    }

    fn arm(&mut self) {
        if self.is_up() {
            self.timers.set(Timer::Want, self.subscription.next_ms(self.now_ms));
            self.timers.set(Timer::LookUp, self.lookups.next_ms());
            self.timers.set(Timer::History, self.histories.next_ms());
            self.timers.set(Timer::Forks, self.forks.next_ms().filter(|at_ms| *at_ms > 0));
        }
    }

    /// What was queued for the peer is dropped: it does not read on.
    fn end(&mut self, code: Code, say_goodbye: bool) {
        self.phase = Phase::Closed;
        self.timers.stop_all();
        self.actions.retain(|action| {
            matches!(
                action,
                Action::Acknowledged { .. }
                    | Action::LookedUp { .. }
                    | Action::Probed { .. }
                    | Action::Shown { .. }
                    | Action::Sought { .. }
            )
        });
        self.actions.extend(self.lookups.give_up(Code::DomainUnreachable));
        if say_goodbye {
            self.act(Action::Send(Frame::Goodbye { code: code.number() }));
        }
        self.act(Action::Close(code));
    }
}

/// Whether a peer that is up before us may send this.
fn may_be_early(frame: &Frame) -> bool {
    matches!(
        frame,
        Frame::History(_)
            | Frame::Lease { .. }
            | Frame::Lookup { .. }
            | Frame::Probe(_)
            | Frame::ProfileAsk { .. }
            | Frame::Resume { .. }
            | Frame::Seek { .. }
            | Frame::Want(_)
    )
}

fn check_hello(settings: &LinkSettings, hello: &Hello) -> Result<Peer, Fault> {
    let domain: ServerName = hello.from.parse().map_err(|_| Fault::HelloMisnamed)?;
    if settings.dialled.as_ref().is_some_and(|dialled| *dialled != domain) {
        return Err(Fault::HelloMisnamed);
    }
    if hello.to != settings.domain.as_str() {
        return Err(Fault::HelloMisdirected);
    }
    if domain == settings.domain || hello.lineage == settings.lineage {
        return Err(Fault::HelloOwn);
    }
    let listed = hello.versions.len() <= VERSIONS_MAX;
    if !listed || !hello.versions.iter().any(|version| VERSIONS.contains(version)) {
        return Err(Fault::VersionUnknown);
    }
    let changes = hello.changes.clone().unwrap_or_default();
    Ok(Peer { domain, lineage: hello.lineage, start: hello.start, changes })
}
