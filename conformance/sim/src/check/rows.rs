//! The rows of a node against its state, and against the rows of others: forks, verdicts, order.

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use comity::store::Direction;
use comity::writer::{Shared, View};
use comity_machine::{Channel, ChannelNo, ErasedBy, EventRow, Group, Log, LogNo, Outcome, Place};
use comity_protocol::body::WireBody;
use comity_protocol::cbor::ByteString;
use comity_protocol::control::{ControlAct, ControlHeader};
use comity_protocol::cursor::Pos;
use comity_protocol::event::{EventAct, EventHeader, Record};
use comity_protocol::hash::Hash;
use comity_protocol::id::{ChannelId, LogId, LogName, MessageId, ShortHash};

use super::forks::is_missed;
use super::{Broken, is_honest};
use crate::watch::{Rule, show_log};
use crate::world::World;

/// What is known of a node's verdicts: the last one of each record.
pub(crate) type Verdicts = BTreeMap<(LogId, u64), Verdict>;

/// What a record came to when it was looked at.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Verdict {
    pub(crate) outcome: Outcome,
    /// The control record that made it final, where one did.
    final_at: Option<Place>,
    /// Of a log with two histories another record may stand there later.
    hash: Hash,
    /// The newest term that was open.
    term: u64,
}

/// A record as a node holds it.
#[derive(Clone, Debug)]
pub(super) struct Row {
    pub(super) hash: Hash,
    pub(super) id: MessageId,
    pub(super) outcome: Outcome,
    pub(super) pos: Pos,
    /// The text of a message.
    pub(super) text: Option<String>,
    pub(super) erased: Option<ErasedBy>,
    header: ByteString,
}

/// All records of a node by their place.
pub(super) type Rows = BTreeMap<(LogId, u64), Row>;

/// Reads all rows of a node; refuses those that its state does not imply.
pub(super) fn check(world: &World, at: usize) -> Result<Rows, Vec<Broken>> {
    let Some(run) = &world.nodes[at].run else { return Err(Vec::new()) };
    read(&run.shared).map_err(|text| vec![(Rule::Rows, format!("n{at}: {text}"))])
}

fn read(shared: &Shared) -> Result<Rows, String> {
    let (state, view) = (shared.state(), shared.view().map_err(|error| error.to_string())?);
    let mut rows = Rows::new();
    for (no, channel) in &state.channels {
        let mut of_channel = Rows::new();
        for (name, log) in &channel.logs {
            read_log(
                &view,
                *no,
                (LogId { channel: channel.id, name: *name }, log),
                &mut of_channel,
            )?;
        }
        let mut count = 0;
        let visited = view.records(*no, (Pos(0), Pos(u64::MAX)), &mut |_, _| {
            count += 1;
            ControlFlow::Continue(())
        });
        visited.map_err(|error| error.to_string())?;
        let fed = of_channel.values().filter(|row| row.pos > Pos(0)).count();
        if count != fed {
            return Err(format!("{count} records in the order of pos, {fed} in logs"));
        }
        check_order(&view, *no, &of_channel)?;
        rows.extend(of_channel);
    }
    Ok(rows)
}

fn read_log(
    view: &View,
    no: ChannelNo,
    (id, log): (LogId, &Log),
    rows: &mut Rows,
) -> Result<(), String> {
    // Below its floor, a newcomer holds what came as history so far.
    let floor = log.floor.map_or(0, |floor| floor.seq);
    let (mut next, mut last) = (1, Hash::ZERO);
    let visited = view.log(no, log.no, 1, &mut |pos, row| {
        if row.seq != next && (row.seq < next || row.seq > floor + 1) {
            return ControlFlow::Break(());
        }
        (next, last) = (row.seq + 1, row.hash);
        rows.insert((id, row.seq), Row::new(pos, row));
        ControlFlow::Continue(())
    });
    visited.map_err(|error| error.to_string())?;
    for seq in 1..=floor {
        let past = view.backfilled(no, log.no, seq).map_err(|error| error.to_string())?;
        rows.extend(past.map(|row| ((id, seq), Row::new(Pos(0), row))));
    }
    let is_whole = next == log.end.seq() + 1 && last == log.end.hash();
    // The end may be known from a start before anything above it came.
    if log.end.seq() > floor && !is_whole {
        return Err(format!("{} ends after {}, not {}", show_log(&id), next - 1, log.end.seq()));
    }
    Ok(())
}

impl Row {
    fn new(pos: Pos, row: EventRow) -> Self {
        let EventRow { hash, id, outcome, body, header, erased, .. } = row;
        let text = match body {
            WireBody::Present(body) if !body.content_type.is_empty() => {
                String::from_utf8(body.bytes.0).ok()
            }
            _ => None,
        };
        Self { hash, id, outcome, pos, text, erased, header }
    }
}

/// A record as a node holds it.
pub(crate) fn record_at(
    shared: &Shared,
    channel: &Channel,
    log: LogNo,
    seq: u64,
) -> Option<Record> {
    let no = shared.state().channel(&channel.id)?.0;
    let EventRow { header, body, .. } = row_at(shared, no, log, seq)?;
    Some(Record { header, body })
}

/// A record's row, where it has a pos.
pub(crate) fn row_at(shared: &Shared, no: ChannelNo, log: LogNo, seq: u64) -> Option<EventRow> {
    let mut found = None;
    let read = shared.view().ok()?.log(no, log, seq, &mut |_, row| {
        found = (row.seq == seq).then_some(row);
        ControlFlow::Break(())
    });
    read.ok().and(found)
}

/// Texts at a node that are older than it keeps, by the time that its clock shows and some to
/// spare.
pub(super) fn not_expired(world: &World, at: usize, rows: &Rows) -> Vec<Broken> {
    let Some(run) = &world.nodes[at].run else { return Vec::new() };
    let state = run.shared.state();
    let now_ms = world.nodes[at].unix_ms(world.agenda.now_ms);
    let mut broken = Vec::new();
    for ((log, seq), row) in rows.iter().filter(|(_, row)| row.text.is_some()) {
        let kept = state.channel(&log.channel).and_then(|(no, _)| state.retention(no));
        let Some(seconds) = kept else { continue };
        let age_ms = now_ms.saturating_sub(row.id.time().unix_ms());
        if age_ms > seconds * 1_000 + seconds * 100 + EXPIRY_SPARE_MS {
            let text = format!("n{at} has {}:{seq} after {age_ms} ms", show_log(log));
            broken.push((Rule::Erased, text));
        }
    }
    broken
}

/// Rows of a timeline that a finding names.
const SHOWN_MAX: usize = 4;

/// How long a node may take to look and to do it, in ms.
const EXPIRY_SPARE_MS: u64 = 5_000;

/// The history rules that a group has had: by which record, and whether it hides the past.
pub(super) fn history_rules(channel: ChannelId, rows: &Rows) -> Vec<(Place, bool)> {
    let of_channel = rows.iter().filter(|((log, _), _)| log.channel == channel);
    let rules = of_channel.filter_map(|((log, seq), row)| {
        let LogName::Control { term, .. } = log.name else { return None };
        let act = ControlHeader::decode(&row.header).ok()?.act().ok()?;
        match act {
            ControlAct::SetHistory(set) if row.outcome == Outcome::Accepted => {
                Some(((term, *seq), set.since_joining))
            }
            _ => None,
        }
    });
    rules.collect()
}

/// Texts at a node that a record there has erased.
pub(super) fn not_erased(at: usize, rows: &Rows) -> Vec<Broken> {
    let erasures = rows.iter().filter(|(_, row)| row.outcome == Outcome::Accepted);
    let targets = erasures.filter_map(|((log, _), row)| {
        let (writer, origin, seq, hash) = match log.name {
            LogName::Control { .. } => {
                let act = ControlHeader::decode(&row.header).ok()?.act().ok()?;
                let ControlAct::Moderate(target) = act else { return None };
                (target.writer, target.origin, target.seq, target.hash)
            }
            LogName::Message { origin, .. } => {
                let act = EventHeader::decode(&row.header).ok()?.act().ok()?;
                let EventAct::Erasure(target) = act else { return None };
                (target.writer, origin, target.seq, target.hash)
            }
        };
        let name = LogName::Message { origin, writer };
        Some(((LogId { channel: log.channel, name }, seq), hash))
    });
    let mut broken = Vec::new();
    for (place, hash) in targets {
        let held = rows.get(&place).filter(|row| ShortHash::from(row.hash) == hash);
        if held.is_some_and(|row| row.text.is_some() || row.erased.is_none()) {
            let text = format!("n{at} has the text of {}:{}", show_log(&place.0), place.1);
            broken.push((Rule::Erased, text));
        }
    }
    broken
}

/// The timeline shows what is accepted, in the channel's order.
fn check_order(view: &View, no: ChannelNo, rows: &Rows) -> Result<(), String> {
    let all = (Bound::Unbounded, Bound::Unbounded);
    let shown = view.timeline(no, all, Direction::Ascending, usize::MAX);
    let shown = shown.map_err(|error| error.to_string())?;
    let shown: Vec<(MessageId, Pos)> = shown.into_iter().map(|(pos, row)| (row.id, pos)).collect();
    let accepted = rows.values().filter(|row| row.outcome == Outcome::Accepted);
    let mut expected: Vec<(MessageId, Pos)> = accepted.map(|row| (row.id, row.pos)).collect();
    expected.sort_unstable();
    if shown == expected {
        return Ok(());
    }
    let only = |some: &[(MessageId, Pos)], others: &[(MessageId, Pos)]| {
        let only = some.iter().filter(|row| !others.contains(row));
        let places = only.map(|(id, pos)| {
            let row = rows.iter().find(|(_, row)| row.id == *id);
            let place = row.map(|((log, seq), row)| (show_log(log), *seq, row.outcome, row.pos));
            format!("{place:?} at {pos:?}")
        });
        places.take(SHOWN_MAX).collect::<Vec<_>>().join(", ")
    };
    let (missing, surplus) = (only(&expected, &shown), only(&shown, &expected));
    Err(format!("the timeline is not in order: it lacks [{missing}], and has [{surplus}] for it"))
}

/// Compares what nodes hold of the same logs.
pub(super) fn compare(world: &World, all: &[Rows]) -> Vec<Broken> {
    let mut broken = Vec::new();
    let mut first: BTreeMap<(LogId, u64), (usize, &Row)> = BTreeMap::new();
    for (at, rows) in all.iter().enumerate().filter(|(at, _)| is_honest(world, *at)) {
        for (place, row) in rows {
            let Some((other, known)) = first.get(place) else {
                first.insert(*place, (at, row));
                continue;
            };
            let shown = || format!("n{other} and n{at} on {}:{}", show_log(&place.0), place.1);
            if known.hash != row.hash {
                // Whoever holds another history has to hold the proof of it.
                let is_missed = is_missed(world, (*other, at), place);
                broken.extend(is_missed.then(|| (Rule::Fork, shown())));
            } else if known.id != row.id && known.outcome == row.outcome {
                broken.push((Rule::Order, shown()));
            } else if known.outcome != row.outcome && know_the_same(world, (*other, at), &place.0) {
                let text = format!("{}: {:?}, {:?}", shown(), known.outcome, row.outcome);
                broken.push((Rule::Verdicts, text));
            }
        }
    }
    broken
}

/// Whether two nodes have come equally far in a channel's control log: one whose last member was
/// removed hears no more of what it rejects.
fn know_the_same(world: &World, (a, b): (usize, usize), log: &LogId) -> bool {
    let point = |at: usize| {
        let state = world.nodes[at].run.as_ref()?.shared.state();
        Some(state.channel(&log.channel)?.1.group()?.point)
    };
    point(a) == point(b)
}

/// Notes a node's verdicts; those that changed as they may not.
pub(super) fn note_verdicts(world: &mut World, at: usize) -> Vec<Broken> {
    let Ok(rows) = check(world, at) else { return Vec::new() };
    let Some(run) = &world.nodes[at].run else { return Vec::new() };
    let mut broken = Vec::new();
    let state = run.shared.state();
    for (place, row) in rows {
        let group = state.channel(&place.0.channel).and_then(|(_, channel)| channel.group());
        let verdict = Verdict {
            outcome: row.outcome,
            final_at: final_at(group, &place),
            hash: row.hash,
            term: group.map_or(0, |group| group.point.term),
        };
        let before = world.verdicts[at].insert(place, verdict);
        let is_changed =
            |before: &Verdict| before.outcome != row.outcome && before.hash == row.hash;
        let Some(before) = before.filter(is_changed) else { continue };
        let is_withdrawn = (before.outcome, row.outcome) == (Outcome::Accepted, Outcome::Rejected);
        let allowed = is_withdrawn && before.final_at.is_none();
        if !allowed && !group.is_some_and(|group| is_open_again(group, before)) {
            let (log, before) = (show_log(&place.0), before.outcome);
            let text = format!("n{at} {log}:{} was {before:?}, is {:?}", place.1, row.outcome);
            broken.push((Rule::VerdictChange, text));
        }
    }
    broken
}

/// Which control record makes a verdict final: of a control record it is that itself, where there
/// is no V it is none that could ever be void.
fn final_at(group: Option<&Group>, (log, seq): &(LogId, u64)) -> Option<Place> {
    let Some(group) = group else { return Some((0, 0)) };
    match log.name {
        LogName::Control { term, .. } => Some((term, *seq)),
        LogName::Message { origin, writer } => {
            let covered = group.covered_at.get(&(origin, writer))?;
            covered.iter().find(|(covers, _)| covers >= seq).map(|(_, place)| *place)
        }
    }
}

/// Whether a term that was opened since goes on from below what had made a verdict final.
fn is_open_again(group: &Group, before: Verdict) -> bool {
    let opened = group.terms.range(before.term + 1..).filter(|(_, term)| term.forced);
    let mut bases = opened.filter_map(|(_, term)| term.base).map(|base| (base.term, base.seq));
    bases.any(|base| before.final_at.is_none_or(|place| base < place))
}
