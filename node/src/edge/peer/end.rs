//! One end of a link: the link's state machine with the node's state and feed at its hand. What can
//! be answered at once is answered here; what must be waited for goes out as a [`Task`]. It reads
//! no clock and waits for nothing, so that the driver is dull and the simulator needs no other.
//!
//! Order of calls: a `handle_*` for what arrived, or a command; then `poll` while frames can be
//! sent, `read_feed` where nobody awaits the feed, and `poll_timeout` for the one timer to arm.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use comity_machine::{Answer, HistoryReport, RangeOutcome, RangeReport, RefusedCode};
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::cursor::Cursor;
use comity_protocol::frame::{Batch, Class, Frame, VectorEntry, WireLog};
use comity_protocol::id::{AccountId, ChannelId, LineageId};
use comity_protocol::limits::BATCH_RECORDS_MAX;
use comity_protocol::name::ServerName;
use comity_replica::limits::FORKS_TOLD_MAX;
use comity_replica::{Action, AppliedHistory, Fate, Link, LinkSettings};
use tokio::sync::Notify;

use super::conduct::{Watch, Wrong};
use super::exchange::Exchange;
use super::fate::fate;
use super::filling::Filler;
use super::keys::PeerKeys;
use super::lost::StatedOfOurs;
use super::marks::LinkMarks;
use super::meter::Traffic;
use super::relaying::Relaying;
use super::rewinding::Rewinding;
use super::serving::{Excepted, Tracked};
use super::task::Task;
use crate::edge::reading::is_message;
use crate::feed::{Subscription, Yield};
use crate::presence::LinkPresence;

/// One end of a link.
pub struct LinkEnd {
    pub(super) exchange: Arc<Exchange>,
    pub(super) replica: Link<Tracked>,
    pub(super) peer: Option<(ServerName, LineageId)>,
    pub(super) feed: Option<Subscription>,
    /// Whether the replica waits for the next batch of the feed.
    reading: bool,
    /// The channel of which history is being applied, and whether it is its first page.
    filled: Option<(ChannelId, bool)>,
    /// The run of the peer.
    start: u64,
    /// Whether heads were to be stated on this link before.
    is_compared: bool,
    /// When they were, until the peer has shown that it heard them.
    stated_ms: Option<u64>,
    /// What the peer's heads, as far as it has stated them, say of our control logs.
    ours: StatedOfOurs,
    /// Forks that the peer was told of, or told us, by the record at which they part.
    told: BTreeMap<WireLog, u64>,
    /// The changes of keys that the peer was told of.
    pub(super) keys_told: BTreeMap<LineageId, Vec<ByteString>>,
    /// Heads that the peer is still to be asked to sign anew.
    pub(super) to_sign: VecDeque<VectorEntry>,
    /// Openings that came and go back.
    pub(super) rewinding: Rewinding,
    /// The groups of those that are being applied.
    pub(super) rewound: Vec<ChannelId>,
    relaying: Relaying,
    pub(super) link: u64,
    _filler: Filler,
    /// Of a link that is up: what the peer does on it.
    watch: Option<Watch>,
    pub(super) presence: Option<LinkPresence>,
    pub(super) marks: Option<LinkMarks>,
    /// Wakes whoever polls, where presence or marks have something for the peer.
    pub(super) wake: Arc<Notify>,
    /// Records that went over the link and that nobody has counted yet.
    pub(super) passed: Traffic,
}

/// Who still says something this long after our heads were stated has heard them.
const HEARD_MS: u64 = 5_000;

/// Records taken from the feed at a time.
const FEED_RECORDS_MAX: usize = BATCH_RECORDS_MAX;

impl LinkEnd {
    /// The end of a link that was dialled, or accepted, at `now_ms`. `link` names it among all
    /// links of this process.
    pub fn new(
        exchange: Arc<Exchange>,
        link: u64,
        dialled: Option<ServerName>,
        now_ms: u64,
    ) -> Self {
        let settings = LinkSettings {
            domain: exchange.domain.clone(),
            lineage: exchange.lineage,
            start: exchange.start,
            dialled,
            changes: exchange.changes(),
        };
        let replica = Link::new(settings, now_ms);
        let filler = exchange.filling.filler(link);
        let relaying = Relaying::new(Arc::clone(&exchange), link);
        Self {
            relaying,
            exchange,
            replica,
            peer: None,
            feed: None,
            reading: false,
            filled: None,
            start: 0,
            is_compared: false,
            stated_ms: None,
            ours: StatedOfOurs::default(),
            told: BTreeMap::new(),
            keys_told: BTreeMap::new(),
            to_sign: VecDeque::new(),
            rewinding: Rewinding::default(),
            rewound: Vec::new(),
            link,
            _filler: filler,
            watch: None,
            presence: None,
            marks: None,
            wake: Arc::new(Notify::new()),
            passed: Traffic::default(),
        }
    }

    /// The peer as it names itself, proven once the link is up.
    pub fn peer(&self) -> Option<&ServerName> {
        self.peer.as_ref().map(|(domain, _)| domain)
    }

    /// Whether the link has been up, so that the peer is who it says.
    pub(super) fn is_proven(&self) -> bool {
        self.watch.is_some()
    }

    /// Whether the next frame of a stream may be handed over.
    pub fn wants_read(&self, class: Class) -> bool {
        self.replica.wants_read(class)
    }

    /// A frame came.
    pub fn handle_frame(&mut self, (class, bytes): (Class, Vec<u8>), now_ms: u64) {
        let peer = self.peer.as_ref().map(|(_, lineage)| *lineage);
        if let (Some(peer), Some(stated_ms)) = (peer, self.stated_ms)
            && now_ms >= stated_ms + HEARD_MS
        {
            self.stated_ms = None;
            self.exchange.forks.meet(peer, self.start);
        }
        let keys = PeerKeys { shared: &self.exchange.shared, peer };
        self.replica.handle_frame((class, bytes), &keys, now_ms);
    }

    /// The peer is proven to be who it says, or is not.
    pub fn handle_identified(&mut self, found: Result<(), Code>, now_ms: u64) {
        self.replica.handle_identified(found, now_ms);
    }

    /// The answer to [`Task::Apply`]; `None` where the writer ended without one.
    pub fn handle_answer(&mut self, answer: Option<Answer>, now_ms: u64) {
        match answer {
            Some(Answer::Ranges(reports)) => {
                if let Some(watch) = &self.watch {
                    watch.handle_reports(self.peer().map(ServerName::as_str), &reports);
                }
                let fates: Vec<Fate> = reports.iter().map(fate).collect();
                self.replica.handle_applied(&fates, now_ms);
                self.exchange.filling.refresh();
                for log in reports.iter().filter_map(suspect) {
                    self.replica.suspect(log);
                }
                for channel in std::mem::take(&mut self.rewound) {
                    self.exchange.filling.went_back(&channel);
                }
                for report in &reports {
                    if let RangeOutcome::Rewind { base } = report.outcome {
                        self.rewinding.note(report.log.channel, base);
                    }
                }
                self.relaying.handle_applied(&reports);
                self.ask_for_others(now_ms);
            }
            Some(Answer::Refused(RefusedCode(code))) => self.replica.close(code),
            _ => self.replica.close(Code::StorageFailed),
        }
    }

    /// The answer to [`Task::ApplyHistory`]; `None` where there is none.
    pub fn handle_history_answer(&mut self, answer: Option<Answer>, now_ms: u64) {
        let filled = self.filled.take();
        let (Some((channel, is_first)), Some(Answer::History(report))) = (filled, answer) else {
            return self.replica.handle_history_applied(None, now_ms);
        };
        // A range of history ends where the chain is known, or is none.
        let refused = report.refused.len() as u64;
        self.note_times(Wrong::Refused(Code::ChainBroken), refused, Some(channel));
        for want in &report.behind {
            self.replica.want(want.log, want.from, 0);
        }
        let no = self.exchange.shared.state().channel(&channel).map(|(no, _)| no);
        if let Some(no) = no {
            self.exchange.filling.answered(no, &report, is_first);
        }
        let HistoryReport { taken, refused, .. } = report;
        self.replica.handle_history_applied(Some(AppliedHistory { taken, refused }), now_ms);
    }

    /// Something may be lacking that the peer has.
    pub fn poke_history(&mut self) {
        self.replica.poke_history();
    }

    /// A proof was taken, which the peer may not know of.
    pub fn poke_forks(&mut self) {
        if self.is_compared
            && let Some((_, peer)) = &self.peer
        {
            self.tell_forks(*peer);
        }
    }

    fn tell_forks(&mut self, peer: LineageId) {
        let known = self.exchange.forks_for(peer, self.ours.claimed()).into_iter();
        let told = &self.told;
        let is_news = |(log, seq, _): &(WireLog, u64, ByteString)| {
            told.get(log).is_none_or(|told| told > seq)
        };
        let news: Vec<_> = known.filter(is_news).take(FORKS_TOLD_MAX).collect();
        for (log, seq, proof) in news {
            self.told.insert(log, seq);
            self.replica.send(Frame::Fork { proof });
        }
    }

    /// What the feed that is read yielded.
    pub(super) fn handle_fed(&mut self, found: Yield, now_ms: u64) {
        match found {
            Yield::Ended(code) => self.replica.close(code),
            Yield::Items(items) => {
                let (Some(feed), Some((_, peer))) = (&self.feed, &self.peer) else { return };
                self.reading = false;
                self.passed.sent_records += items.len() as u64;
                self.passed.sent_messages +=
                    items.iter().filter(|item| is_message(&item.applied.record.header)).count()
                        as u64;
                let (peer, cursor) = (*peer, feed.cursor());
                let admissions = self.exchange.admissions(peer, &items);
                let fed = self.exchange.fed_batch(peer, &items, cursor, &admissions);
                self.replica.handle_feed(fed, now_ms);
                // It asks next for what was said before: a round trip that need not be.
                for log in admissions {
                    if let Some(page) = self.exchange.first_page(peer, &log.channel) {
                        self.replica.offer_history(page);
                    }
                }
            }
            Yield::Notices(_) => {}
        }
    }

    /// Time passed.
    pub fn handle_timeout(&mut self, now_ms: u64) {
        self.replica.handle_timeout(now_ms);
        if let Some(marks) = &mut self.marks {
            marks.handle_timeout(now_ms);
        }
        if self.relaying.next_ms().is_some_and(|at_ms| at_ms <= now_ms) {
            for frame in self.relaying.look(now_ms) {
                self.replica.send(frame);
            }
            self.ask_for_others(now_ms);
        }
    }

    /// Asks the peer for what others write and do not bring.
    fn ask_for_others(&mut self, now_ms: u64) {
        for want in self.relaying.wants(now_ms) {
            self.replica.want(want.log, want.from, 0);
        }
    }

    /// The peer states heads; it may hold more of somebody else's log than we do.
    fn take_offers(&mut self, entries: &[VectorEntry], now_ms: u64) {
        self.relaying.handle_heads(entries, now_ms);
        self.ask_for_others(now_ms);
    }

    /// Ends the link with a goodbye.
    pub fn close(&mut self, code: Code) {
        self.replica.close(code);
    }

    /// The feed, while the peer can take more of it.
    pub(super) fn reading(&mut self) -> Option<(&mut Subscription, usize)> {
        let Self { feed, reading, .. } = self;
        feed.as_mut().filter(|_| *reading).map(|feed| (feed, FEED_RECORDS_MAX))
    }

    /// Feeds the peer what is there now; whether there was anything.
    pub fn read_feed(&mut self, now_ms: u64) -> bool {
        let found = self.reading().and_then(|(feed, max)| feed.try_next(max));
        found.map(|found| self.handle_fed(found, now_ms)).is_some()
    }

    /// What is to be done that waits, to be asked while frames can be sent.
    pub fn poll(&mut self, now_ms: u64) -> Option<Task> {
        while let Some(action) = self.replica.poll_action() {
            let task = self.act(action, now_ms);
            if task.is_some() {
                return task;
            }
        }
        self.poll_presence().or_else(|| self.poll_marks(now_ms))
    }

    /// Whether the link is over: what waits then is not for the peer.
    pub fn is_closed(&self) -> bool {
        self.replica.is_closed()
    }

    /// When to call `handle_timeout`.
    pub fn poll_timeout(&self) -> Option<u64> {
        let marks_ms = self.marks.as_ref().and_then(LinkMarks::next_ms);
        let besides_ms = self.relaying.next_ms().into_iter().chain(marks_ms).min();
        let besides_ms = besides_ms.filter(|_| self.replica.is_up());
        self.replica.poll_timeout().into_iter().chain(besides_ms).min()
    }

    /// Answers an action at once, or hands it on.
    fn act(&mut self, action: Action<Tracked>, now_ms: u64) -> Option<Task> {
        let peer = self.peer.as_ref().map(|(_, lineage)| *lineage);
        match action {
            Action::AnswerProbe(probe) => return Some(self.take_probe(peer?, probe, now_ms)),
            Action::Apply { frame, cursor, records } => {
                self.passed.received_records += records;
                return Some(self.batch(peer?, frame, cursor));
            }
            Action::Close(code) => return Some(Task::Close(code)),
            Action::Identify { domain, lineage, changes, .. } => {
                self.peer = Some((domain.clone(), lineage));
                return Some(Task::Identify { domain, lineage, changes });
            }
            Action::KeepCursor(cursor) => {
                let empty = Batch { checkpoints: vec![], ranges: vec![], cursor: None };
                let (frame, cursor) = (Frame::Batch(empty).encode(), Some(cursor));
                let rewinds = Vec::new();
                return peer.map(|peer| Task::Apply { peer, frame, cursor, rewinds });
            }
            Action::LookedUp { id, answer } => {
                let lineage = peer?;
                let found = answer.and_then(|number| number.ok_or(Code::AccountNotFound));
                let found = found.map(|number| AccountId { lineage, number });
                return Some(Task::LookedUp { id, found });
            }
            Action::Misconduct(code) => self.note_misconduct(code),
            Action::Note { log, code } => self.note_refused(&log, code),
            Action::Probed { id, answer } => return Some(Task::Probed { id, found: answer }),
            Action::ReadFeed => self.reading = true,
            Action::Send(frame) => return Some(Task::Send(frame)),
            Action::Shown { id, answer } => {
                let found = answer.and_then(|profile| profile.ok_or(Code::AccountNotFound));
                return Some(Task::Shown { id, found });
            }
            Action::Sought { id, answer } => return Some(Task::Sought { id, found: answer }),
            Action::Up { start, .. } => {
                self.start = start;
                self.replica.poke_history();
                self.exchange.filling.link_up(self.link, peer?);
                self.watch = Some(self.exchange.conduct.watch(self.link, peer?));
                self.relaying.handle_up(peer?, self.wakes(), now_ms);
                let (presences, link) = (&self.exchange.presences, (self.link, self.wakes()));
                self.presence = Some(presences.link_up(peer?, link, start, now_ms));
                self.begin_keys(peer?);
                return self.peer().cloned().map(|domain| Task::Up { domain, start });
            }
            Action::CompareHeads { entries, is_last } => {
                self.take_offers(&entries, now_ms);
                return self.compare_heads(peer?, &entries, is_last);
            }
            Action::ForkFound { log, seq, branch } => {
                let proof = self.exchange.fork_proof(peer?, log, seq, branch)?;
                return Some(Task::TakeFork { log, seq, proof: proof.encode().into() });
            }
            Action::TakeFork { log, seq, proof } => {
                self.told.insert(log, seq);
                self.note_found(self.exchange.shared_log(peer?, &log).is_some());
                let is_news = self.exchange.is_fork_news(peer?, &log, seq);
                return is_news.then_some(Task::TakeFork { log, seq, proof });
            }
            other => return self.act_for(peer?, other, now_ms),
        }
        None
    }

    /// Answers an ask; one that is answered with nothing is counted.
    fn answer(&mut self, channel: ChannelId, frame: Frame) {
        let is_denied = match &frame {
            Frame::Backfill(found) => found.ranges.is_empty() && found.ends.is_none(),
            Frame::Branch { branch, .. } => branch.is_none(),
            Frame::NotServed { .. } => true,
            _ => false,
        };
        if is_denied {
            self.note(Wrong::Denied, Some(channel));
        }
        self.replica.send(frame);
    }

    pub(super) fn note(&self, wrong: Wrong, channel: Option<ChannelId>) {
        self.note_times(wrong, 1, channel);
    }

    /// The same, so many times.
    pub(super) fn note_times(&self, wrong: Wrong, times: u64, channel: Option<ChannelId>) {
        if times > 0 {
            let who = self.peer.as_ref().map(|(domain, lineage)| (domain.as_str(), *lineage));
            self.exchange.conduct.note(who.unzip(), wrong, times, channel);
        }
    }

    /// Before the link is up it is not known whose fault it is.
    fn note_misconduct(&self, code: Code) {
        if self.is_proven() {
            self.note(Wrong::Fault(code), None);
        }
    }

    /// Records of a log are not taken, or not served.
    fn note_refused(&mut self, log: &WireLog, code: Code) {
        self.relaying.handle_refused(log);
        if let Some(watch) = &self.watch {
            watch.give_up(log);
        }
        self.note(Wrong::Refused(code), Some(log.channel));
    }

    /// What only a known peer can ask for.
    fn act_for(&mut self, peer: LineageId, action: Action<Tracked>, now_ms: u64) -> Option<Task> {
        match action {
            Action::ApplyHistory { channel, frame, silent } => {
                self.filled = Some((channel, !self.replica.histories().is_paged(&channel)));
                return Some(Task::ApplyHistory { peer, frame, silent });
            }
            Action::ChooseHistory => {
                let known = self.replica.histories();
                let ask = self.exchange.filling.choose(self.link, peer, known);
                self.replica.ask_history(ask, now_ms);
            }
            Action::AnswerSeek { id, seek } => self.answer_seek(peer, id, &seek),
            Action::AnswerLookup { id, name } => self.answer_look_up(id, &name),
            Action::AnswerProfile { id, name, image } => self.answer_profile(id, &name, image),
            Action::Hear(frame) => self.hear(peer, frame, now_ms),
            Action::ServeHistory(ask) => {
                self.answer(ask.channel, self.exchange.serve_history(peer, &ask));
            }
            Action::Acknowledged { cursor, records, waiting, refused } => {
                let reached = cursor.0.as_slice().try_into().ok();
                let reached = reached.map(|bytes| Cursor::from_bytes(bytes).pos);
                let excepted = Excepted { waiting: &waiting, refused: &refused };
                self.exchange.acknowledged(peer, reached, &records, excepted);
            }
            Action::OpenFeed { cursor } => self.open_feed(peer, cursor),
            Action::OpenFeedFrom(entries) => {
                let from = self.exchange.feed_start(peer, &entries);
                self.open_feed_at(peer, from);
            }
            Action::Resume => {
                let cursor = {
                    let state = self.exchange.shared.state();
                    state.peers.get(&peer).and_then(|peer| peer.cursor.clone())
                };
                self.replica.resume(cursor);
            }
            Action::Serve(wants) => {
                for want in wants {
                    self.answer(want.log.channel, self.exchange.serve(peer, want));
                }
            }
            Action::TakeNews(entries) => {
                for log in self.exchange.contradicted(peer, &entries) {
                    self.replica.suspect(log);
                }
                self.take_offers(&entries, now_ms);
            }
            Action::HashesOf { log, seqs } => {
                let hashes = self.exchange.hashes_of(peer, &log, &seqs);
                self.replica.handle_hashes(&hashes);
            }
            Action::ShowBranch { log, down_to } => {
                let branch = self.exchange.branch(peer, &log, down_to);
                self.answer(log.channel, Frame::Branch { log, branch });
            }
            Action::TakeAway(origins) => self.relaying.handle_away(origins, now_ms),
            Action::StateHeads => self.state_heads(peer, now_ms),
            Action::StateVector => {
                self.replica.state_vector(self.exchange.vector_of(peer));
            }
            other => return self.hear_keys(peer, other),
        }
        None
    }

    /// The peer has stated some of its heads: what contradicts ours is looked into, what we have
    /// lost is asked for.
    fn compare_heads(
        &mut self,
        peer: LineageId,
        entries: &[VectorEntry],
        is_last: bool,
    ) -> Option<Task> {
        for log in self.exchange.contradicted(peer, entries) {
            self.replica.suspect(log);
        }
        let domain = self.peer().map(|domain| domain.as_str().to_owned());
        let heard = self.ours.hear(&self.exchange, (domain.as_deref(), peer), entries);
        for (log, from, until) in heard.lacking {
            self.replica.want(log, from, until);
        }
        for log in heard.suspects {
            self.replica.suspect(log);
        }
        is_last.then(|| {
            let (ahead, is_writer_ahead) = self.ours.finish();
            Task::Compare { peer, ahead, is_writer_ahead }
        })
    }

    /// Heads are stated once to each run of a peer, and again while the link is up.
    fn state_heads(&mut self, peer: LineageId, now_ms: u64) {
        self.relaying.begin(now_ms);
        self.begin_marks(peer, now_ms);
        let is_due = self.is_compared || !self.exchange.forks.has_met(peer, self.start);
        let entries = is_due.then(|| self.exchange.heads_for(peer));
        self.stated_ms = is_due.then_some(now_ms);
        self.replica.state_heads(entries, now_ms);
        self.is_compared = true;
        self.told.clear();
        self.tell_forks(peer);
    }
}

/// The log of which the peer may have been shown another history than we were.
fn suspect(report: &RangeReport) -> Option<WireLog> {
    let broken = RefusedCode(Code::ChainBroken);
    match report.outcome {
        RangeOutcome::Refused { code, .. } if code == broken => Some(report.log),
        _ => report.contradicts,
    }
}
