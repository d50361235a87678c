//! What is seen from outside while a run goes on: every frame, every end of a link, every finding.
//! It changes nothing.

use std::fmt;
use std::ops::ControlFlow;

use comity::writer::Shared;
use comity_machine::{ChannelNo, Group, Kind, Place, State};
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::frame::{Frame, Range};
use comity_protocol::history::{Backfill, OldRange};
use comity_protocol::id::{LineageId, LogId, LogName, WriterId};

use crate::node::Organisation;

/// What a run must never show.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Rule {
    /// Nothing acknowledged is lost.
    Acknowledged,
    /// A node opens what a crash left, and ends only where its disk does.
    Alive,
    /// Honest nodes reach the same control state.
    ControlState,
    /// What was erased is nowhere that heard of it.
    Erased,
    /// A device gets all that its user may see, in order.
    Feed,
    /// A log has one record at one place, wherever it is held, or its two histories are proven.
    Fork,
    /// Honest nodes do not take each other for wrong.
    Manners,
    /// Nothing happens twice.
    Once,
    /// Honest nodes show the same order.
    Order,
    /// Once the faults stop, everything gets on.
    Progress,
    /// Nobody is served what he may not read.
    Readers,
    /// A journal gives its state again, to the byte.
    Replay,
    /// Rows are those that the state implies.
    Rows,
    /// Verdicts change from accepted to rejected alone, and not once they are final.
    VerdictChange,
    /// Honest nodes reach the same verdicts.
    Verdicts,
}

/// A rule that was broken.
#[derive(Clone, Debug)]
pub(crate) struct Finding {
    pub(crate) rule: Rule,
    pub(crate) at_ms: u64,
    pub(crate) text: String,
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {} ms: {}", self.rule, self.at_ms, self.text)
    }
}

/// Findings kept of one run; the first ones say most.
const FINDINGS_MAX: usize = 20;

/// What was seen.
pub(crate) struct Watch {
    began_ms: u64,
    pub(crate) findings: Vec<Finding>,
    pub(crate) frames: u64,
    /// A digest of everything that happened, in its order.
    pub(crate) digest: u64,
    /// Whether every step is told.
    pub(crate) is_loud: bool,
    /// A node that keeps no rule, of which nothing is demanded.
    hostile: Option<usize>,
}

impl Watch {
    pub(crate) fn new(began_ms: u64, is_loud: bool, hostile: Option<usize>) -> Self {
        Self { began_ms, findings: Vec::new(), frames: 0, digest: 0, is_loud, hostile }
    }

    pub(crate) fn found(&mut self, rule: Rule, now_ms: u64, text: String) {
        self.say(now_ms, || format!("FOUND {rule:?}: {text}"));
        if self.findings.len() < FINDINGS_MAX {
            self.findings.push(Finding { rule, at_ms: now_ms - self.began_ms, text });
        }
    }

    /// Tells a step, where that is asked for, and digests it.
    pub(crate) fn say(&mut self, now_ms: u64, what: impl FnOnce() -> String) {
        if self.is_loud {
            let text = what();
            eprintln_line(now_ms - self.began_ms, &text);
        }
        self.mix(now_ms);
    }

    /// A frame arrived from one node at another.
    pub(crate) fn trace(&mut self, now_ms: u64, (from, node): (usize, usize), bytes: &[u8]) {
        self.frames += 1;
        self.mix(now_ms);
        self.mix(node as u64);
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            self.mix(u64::from_be_bytes(word));
        }
        if self.is_loud {
            let text = Frame::decode(bytes).map_or_else(|_| "?".into(), |frame| show(&frame));
            eprintln_line(now_ms - self.began_ms, &format!("n{node} hears n{from}: {text}"));
        }
    }

    fn mix(&mut self, word: u64) {
        self.digest = (self.digest ^ word).wrapping_mul(0x0000_0100_0000_01B3).rotate_left(23);
    }

    /// A link ended by what its own end decided.
    pub(crate) fn closed(&mut self, now_ms: u64, node: usize, peer: Option<usize>, code: Code) {
        let text = format!("n{node} closes its link with n{peer:?}: {code:?}");
        let is_fault = matches!(
            code,
            Code::FrameMalformed
                | Code::FrameUnexpected
                | Code::CheckpointForged
                | Code::ForkUnproven
                | Code::HeadForged
                | Code::VersionUnsupported
                | Code::CursorInvalid
                | Code::TooLarge
                | Code::PeerNameMismatch
                | Code::DomainKeyChanged
                | Code::Internal
        );
        let is_honest = [Some(node), peer].iter().all(|end| *end != self.hostile);
        if is_fault && (is_honest || self.hostile.is_none()) {
            self.found(Rule::Manners, now_ms, text);
        } else {
            self.say(now_ms, || text);
        }
    }

    /// A frame leaves a node: it may hold only what its receiver may read.
    pub(crate) fn sent(
        &mut self,
        now_ms: u64,
        (node, shared): (usize, &Shared),
        to: &Organisation,
        frame: &Frame,
    ) {
        if self.hostile == Some(node) {
            return;
        }
        if let Frame::Backfill(backfill) = frame
            && !may_read_history(shared, to.lineage, backfill)
        {
            let text = format!("n{node} shows {} history of {}", to.domain, backfill.channel);
            self.found(Rule::Readers, now_ms, text);
        }
        let Frame::Batch(batch) = frame else { return };
        for range in &batch.ranges {
            if !may_read(shared, to.lineage, range) {
                let text = format!("n{node} shows {} {:?}", to.domain, LogId::from(range.log));
                self.found(Rule::Readers, now_ms, text);
            }
        }
    }
}

/// Whether a peer may read what was written before its admission: only while it is in.
fn may_read_history(shared: &Shared, peer: LineageId, backfill: &Backfill) -> bool {
    let state = shared.state();
    let group = state.channel(&backfill.channel).and_then(|(_, channel)| channel.group());
    let Some((_, channel)) = state.channel(&backfill.channel) else {
        return backfill.ranges.is_empty();
    };
    backfill.ranges.is_empty()
        || group.is_some_and(|group| {
            let is_above =
                |range: &OldRange| range.first > channel.floor_of(peer, range.log.name());
            let is_hidden = group.state.since_joining;
            group.follows(peer) && (!is_hidden || backfill.ranges.iter().all(is_above))
        })
}

/// Whether a peer may read a range, by what the sender knows of its channel.
fn may_read(shared: &Shared, peer: LineageId, range: &Range) -> bool {
    let log = LogId::from(range.log);
    let state = shared.state();
    let Some((no, channel)) = state.channel(&log.channel) else { return false };
    match &channel.kind {
        Kind::Direct(direct) => direct.of(peer).is_some(),
        Kind::Link { peer: other } => *other == peer,
        Kind::Group(group) => {
            if group.state.home == peer || group.state.has_organisation(peer) {
                return true;
            }
            let stays = group.state.members.iter().filter(|(account, _)| account.lineage == peer);
            let ends = stays.flat_map(|(_, member)| &member.stays).filter_map(|(_, to)| *to);
            // A home hears who follows it.
            let terms = group.terms.iter().filter(|(_, term)| term.home == peer);
            let ends = ends.chain(terms.map(|(number, _)| (number + 1, 1)));
            if is_told_of_opening(shared, &state, no, peer, range) {
                return true;
            }
            let Some(last) = ends.max() else { return false };
            match log.name {
                LogName::Control { term, .. } => (term, range.last()) <= last,
                LogName::Message { .. } => {
                    let removed = control_name(group, last)
                        .and_then(|(name, seq)| pos_of(shared, &state, no, &name, seq));
                    let shown = pos_of(shared, &state, no, &log.name, range.last());
                    shown <= removed
                }
            }
        }
    }
}

/// Whether a peer that an opening put out is shown what came before, and the opening itself; one
/// that was out by then, what came before it was.
fn is_told_of_opening(
    shared: &Shared,
    state: &State,
    no: ChannelNo,
    peer: LineageId,
    range: &Range,
) -> bool {
    let Some(channel) = state.channels.get(&no) else { return false };
    let until = channel.peers.get(&peer).and_then(|stay| stay.to);
    let (Some(group), Some(until)) = (channel.group(), until) else { return false };
    let forced = group.terms.iter().filter(|(_, term)| term.forced);
    let openings = forced.filter_map(|(number, _)| group.control_log_of(*number));
    let mut at = openings.filter_map(|name| pos_of(shared, state, no, &name, 1));
    let shown = pos_of(shared, state, no, &LogId::from(range.log).name, range.last());
    shown.is_some_and(|shown| at.any(|at| shown <= at.min(until)))
}

/// The control record of a place: its log and its number there.
pub(crate) fn control_name(group: &Group, (term, seq): Place) -> Option<(LogName, u64)> {
    group.control_log_of(term).map(|name| (name, seq))
}

/// The pos of a record here.
pub(crate) fn pos_of(
    shared: &Shared,
    state: &State,
    no: ChannelNo,
    name: &LogName,
    seq: u64,
) -> Option<Pos> {
    let log = state.channels.get(&no)?.logs.get(name)?;
    let mut found = None;
    let view = shared.view().ok()?;
    let read = view.log(no, log.no, seq, &mut |pos, row| {
        found = (row.seq == seq).then_some(pos);
        ControlFlow::Break(())
    });
    read.ok().and(found)
}

/// A frame in a few words.
fn show(frame: &Frame) -> String {
    match frame {
        Frame::Batch(batch) => {
            let ranges = batch.ranges.iter().map(|range| {
                format!("{}:{}-{}", show_log(&range.log.into()), range.first, range.last())
            });
            let cursor = if batch.cursor.is_some() { "feed" } else { "history" };
            format!("{cursor} {}", ranges.collect::<Vec<_>>().join(" "))
        }
        Frame::Want(wants) => {
            let wants = wants.iter().map(|w| format!("{}:{}", show_log(&w.log.into()), w.from));
            format!("want {}", wants.collect::<Vec<_>>().join(" "))
        }
        Frame::Ack { exceptions, .. } => {
            let shown = exceptions.iter().map(|e| {
                format!("{}:{} {:?}", show_log(&e.log.into()), e.from, Code::from_number(e.code))
            });
            format!("ack {}", shown.collect::<Vec<_>>().join(" "))
        }
        Frame::NotServed { log, code, .. } => {
            format!("not served {} {:?}", show_log(&(*log).into()), Code::from_number(*code))
        }
        Frame::Goodbye { code } => format!("goodbye {:?}", Code::from_number(*code)),
        Frame::Hello(hello) => format!("hello {} {:x}", hello.from, hello.start),
        Frame::Resume { .. } => "resume".into(),
        Frame::Resync => "resync".into(),
        Frame::Vector { entries, .. } => format!("vector of {}", entries.len()),
        Frame::History(ask) => {
            let logs = ask
                .logs
                .iter()
                .map(|log| format!("{}:{}", show_ref(log.writer, log.origin), log.until));
            format!("ask {} {}", hex(&ask.channel.0[..3]), logs.collect::<Vec<_>>().join(" "))
        }
        Frame::Backfill(backfill) => show_backfill(backfill),
        Frame::Heads { entries } | Frame::News { entries } => {
            let shown = entries
                .iter()
                .map(|e| format!("{}:{}#{}", show_log(&e.log.into()), e.seq, hex(&e.hash.0[..2])));
            format!("heads {}", shown.collect::<Vec<_>>().join(" "))
        }
        Frame::Lease { accounts } => format!("lease of {}", accounts.len()),
        Frame::Presence { entries } => format!("presence of {}", entries.len()),
        Frame::Marks { entries } => format!("marks of {}", entries.len()),
        Frame::Release { accounts } => format!("release of {}", accounts.len()),
        Frame::Typing { typing, .. } => format!("typing {typing}"),
        Frame::Show { log, down_to } => format!("show {} to {down_to}", show_log(&(*log).into())),
        Frame::Branch { log, branch } => {
            let head = branch.as_ref().map_or(0, |branch| branch.head.seq);
            format!("branch of {} from {head}", show_log(&(*log).into()))
        }
        Frame::Fork { .. } => "proof of a fork".into(),
        Frame::Keys { .. } => "changes of keys".into(),
        Frame::Signed { asked, heads } => {
            format!("{} heads to be signed anew, {} signed", asked.len(), heads.len())
        }
        Frame::Away { origins } => format!("{} are away", origins.len()),
        Frame::Lookup { name, .. } | Frame::ProfileAsk { name, .. } => format!("look up {name}"),
        Frame::Account { .. } | Frame::Profile { .. } => "account".into(),
        Frame::Probe(_) => "probe".into(),
        Frame::Probed(_) => "probe answer".into(),
        Frame::Seek { .. } => "seek groups".into(),
        Frame::Offer { offer, .. } => format!("offer {} groups", offer.groups.len()),
    }
}

fn show_backfill(backfill: &Backfill) -> String {
    let ranges = backfill.ranges.iter().map(|range| {
        let log = show_ref(range.log.writer, range.log.origin);
        format!("{log}:{}+{}", range.first, range.records.len())
    });
    let channel = hex(&backfill.channel.0[..3]);
    format!("past {channel} {}", ranges.collect::<Vec<_>>().join(" "))
}

/// A log in a few letters.
pub(crate) fn show_log(log: &LogId) -> String {
    let channel = hex(&log.channel.0[..3]);
    match log.name {
        LogName::Control { home, term } => format!("{channel}/c{term}@{}", hex(&home.0[..2])),
        LogName::Message { origin, writer } => {
            format!("{channel}/{}", show_ref(writer, origin))
        }
    }
}

fn show_ref(writer: WriterId, origin: LineageId) -> String {
    format!("{}@{}", hex(&writer.0.to_be_bytes()[6..]), hex(&origin.0[..2]))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[expect(clippy::print_stderr, reason = "a run that is replayed tells its steps")]
fn eprintln_line(at_ms: u64, text: &str) {
    eprintln!("{at_ms:>7} {text}");
}
