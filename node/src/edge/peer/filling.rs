//! Which link fetches which channel's history: each channel is filled over one link at a time. It
//! decides nothing about records; what is lacking is the state's to say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use comity_machine::{ChannelNo, HistoryReport, State, Subscriber};
use comity_protocol::history::HistoryAsk;
use comity_protocol::id::{ChannelId, LineageId};
use comity_replica::Histories;
use tokio::sync::watch;

use crate::feed::{Hub, Notice};
use crate::writer::Shared;

/// Fetches history of channels, and waits for it. Cheap to clone.
#[derive(Clone)]
pub struct Filling {
    inner: Arc<Mutex<Inner>>,
    shared: Arc<Shared>,
    hub: Hub,
    /// Counts the changes after which a link may find something to fetch.
    wake: watch::Sender<u64>,
    /// Counts the answers that brought something.
    grown: watch::Sender<u64>,
}

#[derive(Default)]
struct Inner {
    /// The link over which a channel is filled.
    claims: BTreeMap<ChannelNo, u64>,
    /// Links that are up.
    links: BTreeMap<u64, LineageId>,
    /// Channels that somebody waits for.
    wanted: BTreeSet<ChannelNo>,
    /// Channels that were known to be lacking something, and whether that was history, or only what
    /// some members have to tell.
    seen: BTreeSet<(ChannelNo, bool)>,
    /// Channels that grew since their members were last told.
    untold: BTreeSet<ChannelNo>,
}

/// Channels that may be wanted at a time; others are filled in their turn.
const WANTED_MAX: usize = 1_024;
/// How long a page waits for history that is on its way.
const PAGE_WAIT: Duration = Duration::from_secs(2);

impl Filling {
    pub(super) fn new(shared: Arc<Shared>, hub: Hub) -> Self {
        let (wake, grown) = (watch::Sender::new(0), watch::Sender::new(0));
        Self { inner: Arc::default(), shared, hub, wake, grown }
    }

    /// Wakes whenever a link may find something to fetch.
    pub(super) fn wakes(&self) -> watch::Receiver<u64> {
        self.wake.subscribe()
    }

    /// How often a link may have found something to fetch.
    pub fn wake_count(&self) -> u64 {
        *self.wake.borrow()
    }

    /// A link is up.
    pub(super) fn link_up(&self, link: u64, peer: LineageId) {
        self.lock().links.insert(link, peer);
    }

    /// Says, when it is dropped, that a link is over.
    pub(super) fn filler(&self, link: u64) -> Filler {
        Filler { filling: self.clone(), link }
    }

    /// A link is over: others may fetch what it did not.
    fn link_down(&self, link: u64) {
        let mut inner = self.lock();
        inner.links.remove(&link);
        let before = inner.claims.len();
        inner.claims.retain(|_, claimed| *claimed != link);
        let freed = inner.claims.len() < before;
        drop(inner);
        if freed {
            self.wake();
        }
    }

    /// Looks whether a group has admitted us, after records were applied.
    pub fn refresh(&self) {
        let state = self.shared.state();
        let mut lacking = state.lacking().peekable();
        let mut inner = self.lock();
        if lacking.peek().is_none() && inner.seen.is_empty() {
            return;
        }
        let lacking: BTreeSet<(ChannelNo, bool)> =
            lacking.map(|no| (no, state.lacks_history(no, None))).collect();
        let is_new = !lacking.is_subset(&inner.seen);
        inner.seen = lacking;
        drop((inner, state));
        if is_new {
            self.wake();
        }
    }

    /// Homes and members of groups of which something is lacking: links to them are wished for.
    pub fn sources(&self) -> BTreeSet<LineageId> {
        let state = self.shared.state();
        let own = state.lineage();
        let groups = state.lacking().filter_map(|no| state.channels.get(&no)?.group());
        let members = groups.flat_map(|group| {
            let homes = group.terms.values().map(|term| term.home);
            group.state.joined().map(|(id, _)| id.lineage).chain(homes)
        });
        members.filter(|lineage| *lineage != own).collect()
    }

    /// Whether a channel's history is lacking from a time on, and some of it may come over a link
    /// that is up.
    pub(in crate::edge) fn may_come(&self, no: ChannelNo) -> bool {
        let state = self.shared.state();
        let Some(channel) = state.channels.get(&no) else { return false };
        let inner = self.lock();
        inner
            .links
            .values()
            .any(|peer| channel.peers.get(peer).is_some_and(|stay| stay.to.is_none()))
    }

    /// Fetches a channel before others, and waits for some of it.
    pub(in crate::edge) async fn fetch(&self, no: ChannelNo, grown: &mut Grown) -> bool {
        {
            let mut inner = self.lock();
            if inner.wanted.len() < WANTED_MAX {
                inner.wanted.insert(no);
            }
        }
        self.wake();
        tokio::time::timeout_at(grown.until, grown.count.changed()).await.is_ok()
    }

    /// Notices from now on, for a while, when history comes.
    pub(in crate::edge) fn watch(&self) -> Grown {
        Grown { count: self.grown.subscribe(), until: tokio::time::Instant::now() + PAGE_WAIT }
    }

    /// The next channel to fetch over a link, and what to ask for.
    pub(super) fn choose(
        &self,
        link: u64,
        peer: LineageId,
        known: &Histories,
    ) -> Option<HistoryAsk> {
        let state = self.shared.state();
        let mut inner = self.lock();
        let id = |no: &ChannelNo| state.channels.get(no).map(|channel| channel.id);
        let mut lacking: Vec<ChannelNo> = state.lacking().collect();
        // What somebody waits for, then what has not even a first page.
        lacking.sort_by_key(|no| {
            let is_paged = id(no).is_some_and(|id| known.is_paged(&id));
            (!inner.wanted.contains(no), is_paged)
        });
        let mut freed = false;
        let mut found = None;
        for no in lacking {
            let Some(id) = id(&no) else { continue };
            let is_free = inner.claims.get(&no).is_none_or(|claimed| *claimed == link);
            let may_ask = known.may_ask(&id);
            let serves = |log| may_ask && is_free && known.serves(&id, log);
            let heard = !may_ask || known.is_heard(&id);
            found = state.history_ask(no, peer, known.count_for(&id), heard, &serves);
            if let Some(ask) = &found {
                if !ask.logs.is_empty() {
                    inner.claims.insert(no, link);
                }
                break;
            }
            freed |= is_free && inner.claims.remove(&no).is_some();
        }
        drop((inner, state));
        if freed {
            self.wake();
        }
        found
    }

    /// An answer of a channel was applied, the first one of its link or a later one.
    pub(super) fn answered(&self, no: ChannelNo, report: &HistoryReport, is_first: bool) {
        if report.taken > 0 {
            self.came(no, is_first);
            self.grown.send_modify(|count| *count += 1);
        }
        self.refresh();
    }

    /// Something of a channel came; its members' devices are told of the first page and when there
    /// is no more to come, so that a long history is no flood of notices.
    fn came(&self, no: ChannelNo, is_first: bool) {
        let state = self.shared.state();
        let is_whole = !state.lacks_history(no, None);
        let mut inner = self.lock();
        let is_wanted = inner.wanted.remove(&no);
        if !(is_first || is_whole || is_wanted) {
            inner.untold.insert(no);
            return;
        }
        inner.untold.remove(&no);
        drop(inner);
        tell(&self.hub, &state, no);
    }

    /// A group went back, and may show what it did not show before.
    pub(in crate::edge) fn went_back(&self, id: &ChannelId) {
        let state = self.shared.state();
        if let Some((no, _)) = state.channel(id) {
            tell(&self.hub, &state, no);
        }
    }

    fn wake(&self) {
        self.wake.send_modify(|count| *count += 1);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A link that may fetch history, until it is dropped.
pub(super) struct Filler {
    filling: Filling,
    link: u64,
}

impl Drop for Filler {
    fn drop(&mut self) {
        self.filling.link_down(self.link);
    }
}

/// A watch for history that comes.
pub(in crate::edge) struct Grown {
    count: watch::Receiver<u64>,
    until: tokio::time::Instant,
}

/// Tells a channel's members that its history grew.
fn tell(hub: &Hub, state: &State, no: ChannelNo) {
    let Some(channel) = state.channels.get(&no) else { return };
    for subscriber in channel.audience.local.iter() {
        if let Subscriber::Account(_) = subscriber {
            hub.notify(*subscriber, Notice::HistoryGrew { channel: channel.id });
        }
    }
}
