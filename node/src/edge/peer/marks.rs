//! How far accounts have read, across organisations (`docs/protocol/` section 8.11): what links are
//! to tell of ours, and what peers told of theirs. Our marks are durable, so that all of them are
//! told anew on each link; what was heard is kept in memory alone. It reads no clock.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex};

use comity_machine::{Channel, ChannelNo, State, Subscriber};
use comity_presence::Bucket;
use comity_protocol::cursor::Pos;
use comity_protocol::frame::Frame;
use comity_protocol::id::{AccountId, AccountNumber, LineageId, MessageId};
use comity_protocol::limits::MARKS_MAX;
use comity_protocol::reading::MarkEntry;
use tokio::sync::Notify;

use crate::edge::lock;
use crate::feed::{Hub, Notice};
use crate::writer::Shared;

/// An account's place in a channel: both are of this node's counting.
type Place = (ChannelNo, AccountNumber);

/// How far accounts have read. Cheap to clone.
#[derive(Clone)]
pub struct Marks(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    hub: Hub,
    links: Mutex<BTreeMap<u64, Told>>,
    /// Where accounts of others are; bounded by the members that our channels have.
    heard: Mutex<BTreeMap<(ChannelNo, AccountId), MessageId>>,
}

/// What a link is to tell.
struct Told {
    peer: LineageId,
    due: BTreeSet<Place>,
    wake: Arc<Notify>,
}

/// A link's part in it. Dropped, the link tells nothing more.
pub(super) struct LinkMarks {
    marks: Marks,
    link: u64,
    /// When it may tell something again, and whether that has come.
    next_ms: u64,
    is_ripe: bool,
    /// What it may pass on to devices.
    shown: Bucket,
}

impl Marks {
    pub(super) fn new(shared: Arc<Shared>, hub: Hub) -> Self {
        Self(Arc::new(Inner { shared, hub, links: Mutex::default(), heard: Mutex::default() }))
    }

    /// An account's marks may look different to others from now on: in one channel, or in all.
    pub(in crate::edge) fn note(&self, account: AccountNumber, channel: Option<ChannelNo>) {
        let mut links = lock(&self.0.links);
        if links.is_empty() {
            return;
        }
        let state = self.0.shared.state();
        let places: Vec<Place> = match channel {
            Some(no) => vec![(no, account)],
            None => {
                let all = state.marks_since(account, Pos::default());
                all.map(|no| (no, account)).collect()
            }
        };
        for told in links.values_mut() {
            let before = told.due.len();
            let is_told = |(no, _): &&Place| {
                state.channels.get(no).is_some_and(|channel| is_shared(channel, told.peer))
            };
            told.due.extend(places.iter().filter(is_told));
            if told.due.len() > before {
                told.wake.notify_one();
            }
        }
    }

    /// The message up to which an account of another organisation has read.
    pub(in crate::edge) fn heard(&self, no: ChannelNo, account: &AccountId) -> Option<MessageId> {
        lock(&self.0.heard).get(&(no, *account)).copied()
    }

    /// The peer of a link takes what is told: all that it may know is due.
    pub(super) fn begin(
        &self,
        (link, wake): (u64, Arc<Notify>),
        peer: LineageId,
        now_ms: u64,
    ) -> LinkMarks {
        let due = {
            let state = self.0.shared.state();
            self.forget_who_has_gone(&state, peer);
            all_for(&state, peer)
        };
        lock(&self.0.links).insert(link, Told { peer, due, wake });
        let shown = Bucket::new(SHOWN_PER_S, SHOWN_BURST, now_ms);
        LinkMarks { marks: self.clone(), link, next_ms: now_ms, is_ripe: false, shown }
    }

    fn forget_who_has_gone(&self, state: &State, peer: LineageId) {
        lock(&self.0.heard).retain(|(no, account), _| {
            let channel = state.channels.get(no).map(|channel| channel.id);
            account.lineage != peer
                || channel.is_some_and(|id| state.small_channel(&id, *account).is_some())
        });
    }

    /// Takes what a peer says of its account's mark; whether it may. What was read stays read: of
    /// two messages the later one counts.
    fn hear(&self, peer: LineageId, entry: &MarkEntry, is_shown: bool) -> bool {
        let account = AccountId { lineage: peer, number: entry.account };
        let state = self.0.shared.state();
        let Some((no, channel)) = state.small_channel(&entry.channel, account) else {
            return false;
        };
        let local = Arc::clone(&channel.audience.local);
        drop(state);
        let mut heard = lock(&self.0.heard);
        let Some(message) = entry.message else {
            heard.remove(&(no, account));
            return true;
        };
        let is_news = heard.get(&(no, account)).is_none_or(|before| *before < message);
        if is_news {
            heard.insert((no, account), message);
        }
        drop(heard);
        if is_news && is_shown {
            let notice = Notice::Read { channel: entry.channel, account, message };
            local.iter().for_each(|device| self.0.hub.notify(*device, notice));
        }
        true
    }

    /// What a link is to tell next, and whether more is left.
    fn take(&self, link: u64) -> Option<(Vec<MarkEntry>, bool)> {
        let (peer, places, is_more) = {
            let mut links = lock(&self.0.links);
            let told = links.get_mut(&link)?;
            let rest = told.due.iter().nth(MARKS_MAX).copied();
            let rest = rest.map(|first| told.due.split_off(&first)).unwrap_or_default();
            let places = std::mem::replace(&mut told.due, rest);
            (told.peer, places, !told.due.is_empty())
        };
        let state = self.0.shared.state();
        let entries = places.iter().filter_map(|place| entry(&state, *place, peer)).collect();
        Some((entries, is_more))
    }

    fn is_due(&self, link: u64) -> bool {
        lock(&self.0.links).get(&link).is_some_and(|told| !told.due.is_empty())
    }
}

impl LinkMarks {
    /// What is to be told now, if anything is.
    pub(super) fn poll(&mut self, now_ms: u64) -> Option<Frame> {
        if !std::mem::take(&mut self.is_ripe) {
            return None;
        }
        let (entries, is_more) = self.marks.take(self.link)?;
        self.next_ms = now_ms + if is_more { MORE_MS } else { GAP_MS };
        (!entries.is_empty()).then_some(Frame::Marks { entries })
    }

    /// When to call `handle_timeout`.
    pub(super) fn next_ms(&self) -> Option<u64> {
        (!self.is_ripe && self.marks.is_due(self.link)).then_some(self.next_ms)
    }

    /// Time passed.
    pub(super) fn handle_timeout(&mut self, now_ms: u64) {
        self.is_ripe |= self.next_ms().is_some_and(|at_ms| at_ms <= now_ms);
    }

    /// The peer tells of its accounts; how many it may not speak for there.
    pub(super) fn handle(&mut self, peer: LineageId, entries: &[MarkEntry], now_ms: u64) -> u64 {
        let mut denied = 0;
        for entry in entries {
            let is_shown = self.shown.take(now_ms);
            denied += u64::from(!self.marks.hear(peer, entry, is_shown));
        }
        denied
    }
}

impl Drop for LinkMarks {
    fn drop(&mut self) {
        lock(&self.marks.0.links).remove(&self.link);
    }
}

/// Whether a peer is told of marks in a channel.
fn is_shared(channel: &Channel, peer: LineageId) -> bool {
    channel.is_small() && channel.sharing_peers().any(|sharing| sharing == peer)
}

/// All that a peer may know.
fn all_for(state: &State, peer: LineageId) -> BTreeSet<Place> {
    let shared = state.channels.iter().filter(|(_, channel)| is_shared(channel, peer));
    let places = shared.flat_map(|(no, channel)| {
        let local = channel.audience.local.iter().filter_map(Subscriber::account);
        let has_read = |account: &AccountNumber| state.read_mark(*account, *no).message.is_some();
        local.filter(has_read).map(|account| (*no, account))
    });
    places.collect()
}

/// What a peer sees of a mark. Whom the account blocks hears nothing where the two are alone, not
/// even that there is nothing more to hear.
fn entry(state: &State, (no, account): Place, peer: LineageId) -> Option<MarkEntry> {
    let channel = state.channels.get(&no).filter(|channel| is_shared(channel, peer))?;
    if state.is_parted(channel, state.account_id(account)) {
        return None;
    }
    let is_shown = state.shows_reads(account);
    let message = state.read_mark(account, no).message.filter(|_| is_shown);
    Some(MarkEntry { channel: channel.id, account, message })
}

/// Shortest time between two frames about marks on a link, in ms.
const GAP_MS: u64 = 500;
/// Between two that are full.
const MORE_MS: u64 = 50;
/// Marks of a peer's accounts that devices are told of at once; beyond, they see them when they
/// ask.
const SHOWN_BURST: u64 = 2_048;
/// And how many more each second.
const SHOWN_PER_S: u64 = 200;
