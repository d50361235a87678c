//! How far our messages have come: which of them each peer has applied, and which are final
//! (`docs/protocol/` section 7.5). It keeps nothing for a device: marks divide what was known when
//! a device last asked from what came since.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use comity_machine::{Channel, ChannelNo, DeviceId, LogNo, State};
use comity_protocol::cursor::Pos;
use comity_protocol::id::{LineageId, LogName, MessageId};
use tokio::sync::Notify;

use crate::feed::Notice;
use crate::writer::{Shared, View};

/// How far each peer has applied our feed, and how it came there: each step has a mark, so that who
/// saw what was known at a mark can be told the rest.
pub(super) struct Acknowledged {
    /// The mark that this run began with.
    first: u64,
    known: Mutex<Known>,
    /// Wakes whoever waits for a step.
    stepped: Notify,
}

struct Known {
    /// The newest step's mark.
    last: u64,
    /// The newest steps of each peer; marks and pos rise.
    steps: HashMap<LineageId, VecDeque<(u64, Pos)>>,
    /// What each peer has not taken although it got further.
    lacks: HashMap<LineageId, Lacks>,
    /// The newest news of channels, by rising marks.
    news: VecDeque<(u64, News)>,
    /// The mark of the newest that was forgotten.
    forgotten: u64,
}

/// Steps kept of each peer. Who shows a mark older than these is told more than is new.
const STEPS_MAX: usize = 256;
/// News kept of all channels. Who shows a mark older than these is told more than is new.
const NEWS_MAX: usize = 4_096;

/// Messages of ours in a channel of which something became known: those after the first pos, up to
/// the second.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct News {
    pub(super) channel: ChannelNo,
    pub(super) after: Pos,
    pub(super) to: Pos,
}

/// A message of ours: its channel and pos.
pub(super) type Place = (ChannelNo, Pos);

/// Messages that a peer has not taken although it acknowledged later ones.
#[derive(Default)]
struct Lacks {
    /// From where on those of a channel wait at the peer.
    waiting: HashMap<ChannelNo, Pos>,
    /// From where on it refuses those of a channel, and up to where, once it took a later one.
    refused: HashMap<ChannelNo, (Pos, Pos)>,
}

impl Lacks {
    fn lacks(&self, (channel, pos): Place) -> bool {
        let refused = self.refused.get(&channel);
        self.waiting.get(&channel).is_some_and(|from| *from <= pos)
            || refused.is_some_and(|(from, to)| (*from..*to).contains(&pos))
    }

    /// Notes what a peer took and what it excepted; the messages that it lacked until now.
    fn note(&mut self, taken: &[Place], waiting: &[Place], refused: &[Place]) -> Vec<News> {
        let mut came = Vec::new();
        for (channel, pos) in taken {
            came.extend(self.lift(*channel, *pos));
            if let Some((from, to)) = self.refused.get_mut(channel)
                && *from < *pos
            {
                *to = (*to).min(*pos);
            }
        }
        for (channel, pos) in waiting {
            let from = self.waiting.entry(*channel).or_insert(*pos);
            *from = (*from).min(*pos);
        }
        for (channel, pos) in refused {
            let (from, to) = self.refused.entry(*channel).or_insert((*pos, *pos));
            (*from, *to) = ((*from).min(*pos), Pos(u64::MAX));
        }
        came
    }

    /// A message of a channel came, and all before it with it but for what is said to wait still.
    fn lift(&mut self, channel: ChannelNo, to: Pos) -> Option<News> {
        let from = self.waiting.get(&channel).copied().filter(|from| *from <= to)?;
        self.waiting.remove(&channel);
        Some(News { channel, after: Pos(from.0.saturating_sub(1)), to })
    }

    /// Everything up to a pos came: a peer keeps no cursor beyond what waits.
    fn lift_all(&mut self, to: Pos) -> Vec<News> {
        let channels: Vec<ChannelNo> = self.waiting.keys().copied().collect();
        channels.into_iter().filter_map(|channel| self.lift(channel, to)).collect()
    }
}

/// What is known since a mark.
struct Since {
    /// The mark of now.
    now: u64,
    /// What peers have applied: after the first pos, up to the second.
    raised: HashMap<LineageId, (Pos, Pos)>,
    /// The news; `None` where some of it was forgotten, or is of another run.
    news: Option<Vec<News>>,
}

impl Acknowledged {
    /// Of a run that began at a pos. Marks count up from it, so that those of earlier runs are
    /// lower: a run has fewer steps than its feed has pos.
    pub(super) fn new(start: Pos) -> Self {
        let known = Known {
            last: start.0,
            steps: HashMap::new(),
            lacks: HashMap::new(),
            news: VecDeque::new(),
            forgotten: start.0,
        };
        Self { first: start.0, known: Mutex::new(known), stepped: Notify::new() }
    }

    pub(super) fn raise(&self, peer: LineageId, pos: Pos) {
        let mut known = self.lock();
        let Known { last, steps, .. } = &mut *known;
        let steps = steps.entry(peer).or_default();
        if pos <= reached(steps) {
            return;
        }
        *last += 1;
        steps.push_back((*last, pos));
        if steps.len() > STEPS_MAX {
            steps.pop_front();
        }
        drop(known);
        self.stepped.notify_waiters();
    }

    /// Notes news of a channel.
    pub(super) fn note(&self, news: News) {
        self.lock().note(news);
    }

    /// Notes what a peer took and what it excepted, before its step is noted.
    pub(super) fn lack(
        &self,
        peer: LineageId,
        taken: &[Place],
        waiting: &[Place],
        refused: &[Place],
    ) {
        let mut known = self.lock();
        let is_whole = waiting.is_empty() && refused.is_empty();
        if is_whole && !known.lacks.contains_key(&peer) {
            return;
        }
        let came = known.lacks.entry(peer).or_default().note(taken, waiting, refused);
        came.into_iter().for_each(|news| known.note(news));
    }

    /// A peer goes on from a place in our feed up to which it has everything.
    pub(super) fn resume(&self, peer: LineageId, pos: Pos) {
        let mut known = self.lock();
        let came = known.lacks.get_mut(&peer).map(|lacks| lacks.lift_all(pos));
        came.into_iter().flatten().for_each(|news| known.note(news));
        drop(known);
        self.raise(peer, pos);
    }

    /// Whether a peer has applied a message of ours.
    fn has(&self, peer: &LineageId, message: Place) -> bool {
        let known = self.lock();
        let reached = known.steps.get(peer).map(reached).unwrap_or_default();
        let lacks = known.lacks.get(peer).is_some_and(|lacks| lacks.lacks(message));
        message.1 <= reached && !lacks
    }

    pub(super) fn of(&self, peer: &LineageId) -> Pos {
        self.lock().steps.get(peer).map(reached).unwrap_or_default()
    }

    /// Where our feed was when this run began.
    pub(super) fn start(&self) -> Pos {
        Pos(self.first)
    }

    fn mark(&self) -> u64 {
        self.lock().last
    }

    /// What is known since a mark. Of what another run had heard nothing is known: then it is all
    /// that this one has heard.
    fn since(&self, mark: u64) -> Since {
        let known = self.lock();
        let is_ours = (self.first..=known.last).contains(&mark);
        let raised = known.steps.iter().filter_map(|(peer, steps)| {
            let seen = steps.iter().rev().find(|(at, _)| is_ours && *at <= mark);
            let from = seen.map_or(Pos::default(), |(_, pos)| *pos);
            (from < reached(steps)).then(|| (*peer, (from, reached(steps))))
        });
        let is_whole = is_ours && mark >= known.forgotten;
        let news = known.news.iter().filter(|(at, _)| *at > mark).map(|(_, news)| *news);
        let news = is_whole.then(|| news.collect());
        Since { now: known.last, raised: raised.collect(), news }
    }

    fn lock(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Known {
    fn note(&mut self, news: News) {
        self.last += 1;
        self.news.push_back((self.last, news));
        if self.news.len() > NEWS_MAX
            && let Some((mark, _)) = self.news.pop_front()
        {
            self.forgotten = mark;
        }
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
    pub(super) fn new(shared: Arc<Shared>, acknowledged: Arc<Acknowledged>) -> Self {
        Self { shared, acknowledged }
    }

    /// Organisations of a channel that have applied our feed up to a pos, our own included, and all
    /// of them.
    pub(in crate::edge) fn reached(&self, channel: ChannelNo, pos: Pos) -> (u32, u32) {
        let state = self.shared.state();
        let known = state.channels.get(&channel);
        known.map_or((1, 1), |known| self.reached_in((channel, known), pos))
    }

    /// Up to where a peer has applied our feed; `None` where it has not said so in this run.
    pub(in crate::edge) fn of(&self, peer: &LineageId) -> Option<Pos> {
        Some(self.acknowledged.of(peer)).filter(|pos| *pos > Pos::default())
    }

    /// Waits until a peer has acknowledged our feed up to a pos.
    pub(super) async fn reaches(&self, peer: &LineageId, pos: Pos) {
        loop {
            let stepped = self.acknowledged.stepped.notified();
            if self.acknowledged.of(peer) >= pos {
                return;
            }
            stepped.await;
        }
    }

    /// The mark of what is known now.
    pub(in crate::edge) fn mark(&self) -> u64 {
        self.acknowledged.mark()
    }

    /// How far those of a device's newest messages have come of which something became known since
    /// a mark, and the mark of now. Nothing is kept for it: the messages are in the answers that
    /// the device's nonces have.
    pub(in crate::edge) fn since(&self, mark: u64, device: DeviceId) -> (u64, Vec<Notice>) {
        let since = self.acknowledged.since(mark);
        if since.raised.is_empty() && since.news.as_ref().is_some_and(Vec::is_empty) {
            return (since.now, Vec::new());
        }
        let Ok(view) = self.shared.view() else { return (mark, Vec::new()) };
        let told = self.chosen(&since, device).into_iter();
        (since.now, told.filter_map(|sent| self.notice(&view, &since, sent)).collect())
    }

    /// Those of a device's newest messages that there may be something to tell of.
    fn chosen(&self, since: &Since, device: DeviceId) -> Vec<Sent> {
        let state = self.shared.state();
        let answers = state.devices.get(&device).map(|device| &device.answers);
        let stored = answers.into_iter().flat_map(|answers| answers.stored());
        let may_be_told = |(no, message, pos): (ChannelNo, MessageId, Pos)| {
            let channel = state.channels.get(&no)?;
            let is_raised = |peer| {
                let raised = since.raised.get(&peer);
                raised.is_some_and(|(from, to)| (*from < pos) && (pos <= *to))
            };
            let is_news = match &since.news {
                Some(news) => news.iter().any(|n| n.channel == no && n.after < pos && pos <= n.to),
                // Where nobody judges there is no news of that.
                None => channel.group().is_some() && channel.organisations() > 1,
            };
            let is_raised = channel.sharing_peers().any(is_raised);
            (is_raised || is_news).then_some(Sent { channel: no, message, pos, is_raised })
        };
        stored.filter_map(may_be_told).collect()
    }

    /// What to tell of a message; nothing where it is only not known whether something is new, and
    /// it is not final.
    fn notice(&self, view: &View, since: &Since, sent: Sent) -> Option<Notice> {
        let Sent { channel, message, pos, is_raised } = sent;
        let row = view.record(channel, pos).ok()?;
        let state = self.shared.state();
        let known = state.channels.get(&channel)?;
        let is_final = row.is_some_and(|row| is_final(&state, known, row.log, row.seq));
        let (organisations, of) = self.reached_in((channel, known), pos);
        let is_told = is_raised || is_final || since.news.is_some();
        is_told.then_some(Notice::Delivered {
            channel: known.id,
            message,
            organisations,
            of,
            is_final,
        })
    }

    fn reached_in(&self, (no, channel): (ChannelNo, &Channel), pos: Pos) -> (u32, u32) {
        let reached = channel.sharing_peers().filter(|peer| self.acknowledged.has(peer, (no, pos)));
        (1 + u32::try_from(reached.count()).unwrap_or(u32::MAX - 1), channel.organisations())
    }
}

/// A message that a device has sent.
struct Sent {
    channel: ChannelNo,
    message: MessageId,
    pos: Pos,
    /// Whether more organisations have it.
    is_raised: bool,
}

/// Whether one of our messages can no longer be taken back.
fn is_final(state: &State, channel: &Channel, log: LogNo, seq: u64) -> bool {
    let mut own = channel.writers_of(state.lineage());
    let writer = own.find(|(_, own)| own.no == log).map(|(writer, _)| writer);
    let origin = state.lineage();
    writer.is_some_and(|writer| channel.is_final(LogName::Message { origin, writer }, seq))
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Pos = Pos::new(7, 0);
    const BOB: LineageId = LineageId([1; 32]);
    const IVY: LineageId = LineageId([2; 32]);

    /// What came since a mark, as pos of commands, with the mark of now.
    fn since(known: &Acknowledged, mark: u64) -> (u64, Vec<(LineageId, u64, u64)>) {
        let Since { now, raised, .. } = known.since(mark);
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

    #[test]
    fn news_are_told_to_who_saw_less_and_forgotten_when_there_are_too_many() {
        let known = Acknowledged::new(START);
        let at_first = known.mark();
        let news = |n: u32| News { channel: ChannelNo(n), after: Pos(1), to: Pos(5) };
        known.note(news(1));
        let then = known.mark();
        known.note(news(2));
        assert_eq!(known.since(at_first).news, Some(vec![news(1), news(2)]));
        assert_eq!(known.since(then).news, Some(vec![news(2)]));
        assert_eq!(known.since(known.mark()).news, Some(vec![]));
        // Of another run nothing is known.
        assert_eq!(known.since(START.0 - 1).news, None);
        assert_eq!(known.since(u64::MAX).news, None);
        for _ in 0..NEWS_MAX {
            known.note(news(3));
        }
        assert_eq!(known.since(at_first).news, None);
        assert_eq!(known.since(known.mark() - 1).news.map(|news| news.len()), Some(1));
    }

    #[test]
    fn what_a_peer_excepts_does_not_count_until_it_took_it() {
        let known = Acknowledged::new(START);
        let (here, there) = (ChannelNo(1), ChannelNo(2));
        let has = |channel, pos| known.has(&BOB, (channel, Pos(pos)));
        known.lack(
            BOB,
            &[(here, Pos(10))],
            &[(here, Pos(11)), (here, Pos(13))],
            &[(there, Pos(12))],
        );
        known.raise(BOB, Pos(14));
        assert!(has(here, 10) && !has(here, 11) && !has(here, 14) && !has(there, 12));
        let mark = known.mark();
        // The first of those that waited came.
        known.lack(BOB, &[(here, Pos(11))], &[(here, Pos(13))], &[]);
        assert!(has(here, 11) && !has(here, 13));
        let news = |after, to| News { channel: here, after: Pos(after), to: Pos(to) };
        assert_eq!(known.since(mark).news, Some(vec![news(10, 11)]));
        // A link that begins anew says nothing of them.
        known.lack(BOB, &[], &[], &[]);
        assert!(!has(here, 13));
        known.lack(BOB, &[(here, Pos(10))], &[], &[]);
        assert!(!has(here, 13));
        known.lack(BOB, &[(here, Pos(13)), (here, Pos(15))], &[(here, Pos(16))], &[]);
        known.raise(BOB, Pos(16));
        assert!(has(here, 13) && has(here, 15) && !has(here, 16));
        // It keeps no cursor beyond what waits.
        known.resume(BOB, Pos(15));
        assert!(!has(here, 16));
        known.resume(BOB, Pos(16));
        assert!(has(here, 16));
        // What is refused stays so, whatever is taken after it.
        known.lack(BOB, &[(there, Pos(17))], &[], &[]);
        known.raise(BOB, Pos(17));
        assert!(!has(there, 12) && !has(there, 16) && has(there, 17));
    }
}
