//! Search at the client edge: in which channels to look, and what of what the index finds is shown.
//! The index is not believed: each message is read as history would show it, and what is looked for
//! must still be in it.

use std::collections::HashSet;
use std::time::Duration;

use comity_client_api::{
    Caller, EventContent, FeedEvent, Refusal, SEARCH_SKIP_MAX, Search as Sought, SearchBackend,
    SearchOrder, SearchPage, SearchResult, Snippet,
};
use comity_machine::{ChannelNo, Kind};
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::id::{AccountId, ChannelId, MessageId};
use comity_search::{Order, Query, snippet};
use tokio::time::Instant;

use super::client::ClientEdge;
use super::history;
use super::work::Work;
use crate::search::{Look, Search};

/// Searches that are looked for at a time.
const AT_ONCE_MAX: usize = 2;
/// Searches that wait or are looked for.
const WAITING_MAX: usize = 256;
/// Keys that are asked of the index at a time.
const KEYS_AT_ONCE: usize = 64;
/// Keys that are looked at for one answer, where few of them may be shown.
const KEYS_MAX: usize = 1_024;
/// Answers come at whole multiples of this after the question, so that how long one takes tells
/// little of what others wrote.
const ANSWER_STEP: Duration = Duration::from_millis(10);

/// What searches use. Cheap to clone.
#[derive(Clone)]
pub(super) struct Searching {
    index: Search,
    work: Work,
}

impl Searching {
    pub(super) fn new(index: Search) -> Self {
        let crowded = "Too many searches wait; try again in a moment.";
        Self { index, work: Work::new(AT_ONCE_MAX, WAITING_MAX, crowded) }
    }

    /// How many searches wait or are looked for, and how many may.
    pub(super) fn waiting(&self) -> (usize, usize) {
        self.work.waiting()
    }

    /// How many channels and logs have something that cannot be found yet.
    pub(super) fn lagging(&self) -> usize {
        self.index.lagging()
    }
}

impl SearchBackend for ClientEdge {
    async fn search(&self, caller: &Caller, sought: Sought) -> Result<SearchPage, Refusal> {
        let begin = Instant::now();
        let query = Query::parse(&sought.text).map_err(|error| Refusal {
            sentence: format!("This cannot be searched for: {error}."),
            ..Code::Malformed.into()
        })?;
        let (edge, account) = (self.clone(), caller.account);
        let found = self.searching().work.run(move || edge.find(account, &query, &sought)).await;
        let steps = begin.elapsed().as_millis() / ANSWER_STEP.as_millis() + 1;
        let steps = u32::try_from(steps).unwrap_or(u32::MAX);
        tokio::time::sleep_until(begin + ANSWER_STEP.saturating_mul(steps)).await;
        found
    }
}

impl ClientEdge {
    fn find(&self, account: AccountId, query: &Query, sought: &Sought) -> Result<SearchPage, Code> {
        let index = &self.searching().index;
        let indexed_percent = index.percent();
        let Some(look) = self.look(account, sought)? else {
            return Ok(SearchPage { indexed_percent, ..SearchPage::default() });
        };
        let (mut results, mut skip) = (Vec::new(), sought.skip);
        let end = skip + KEYS_MAX;
        loop {
            let found = index.find(query, &look, (skip, KEYS_AT_ONCE)).map_err(history::failed)?;
            let is_last = found.len() < KEYS_AT_ONCE;
            for (no, id) in found {
                skip += 1;
                results.extend(self.result(account, query, sought, (no, id))?);
                if results.len() == sought.limit {
                    let next = Some(skip).filter(|skip| *skip <= SEARCH_SKIP_MAX);
                    return Ok(SearchPage { results, next, indexed_percent });
                }
            }
            if is_last || skip >= end {
                return Ok(SearchPage { results, next: None, indexed_percent });
            }
        }
    }

    /// Where to look; nothing where the account that is asked for is nobody.
    fn look(&self, account: AccountId, sought: &Sought) -> Result<Option<Look>, Code> {
        let state = self.shared().state();
        let mut channels = readable(&state, account);
        if let Some(channel) = &sought.channel {
            let (no, _) = state.channel(channel).ok_or(Code::ChannelNotFound)?;
            if !channels.contains(&no) {
                return Err(Code::ChannelNotFound);
            }
            channels = HashSet::from([no]);
        }
        let author = match &sought.author {
            None => None,
            Some(label) => {
                let found = state.tied_accounts(account.number, std::slice::from_ref(label));
                let Some(author) = found.into_iter().next().flatten() else { return Ok(None) };
                Some(author)
            }
        };
        let first_at = |unix_ms| MessageId::first_at(HybridTime::from_unix_ms(unix_ms));
        let order = match sought.order {
            SearchOrder::Rank => Order::Rank,
            SearchOrder::Newest => Order::Newest,
        };
        Ok(Some(Look {
            channels,
            author,
            from: first_at(sought.from_unix_ms.unwrap_or(0)),
            until: sought.until_unix_ms.map_or(MessageId([0xff; 16]), first_at),
            order,
        }))
    }

    /// A message as it is shown by now, if it may be and still has what is looked for.
    fn result(
        &self,
        account: AccountId,
        query: &Query,
        sought: &Sought,
        (no, id): (ChannelNo, MessageId),
    ) -> Result<Option<SearchResult>, Code> {
        let channel: Option<ChannelId> =
            self.shared().state().channels.get(&no).map(|channel| channel.id);
        let Some(channel) = channel else { return Ok(None) };
        let shown = history::messages(self.shared(), &channel, &[id], account);
        let event = match shown {
            Ok(events) => events.into_iter().next(),
            Err(Code::ChannelNotFound) => None,
            Err(code) => return Err(code),
        };
        Ok(event.and_then(|event| {
            let is_author = sought.author.as_ref().is_none_or(|author| *author == event.sender);
            let snippet = snippet_of(&event, query).filter(|_| is_author)?;
            Some(SearchResult { event, snippet })
        }))
    }
}

/// Channels whose messages an account may read.
fn readable(state: &comity_machine::State, account: AccountId) -> HashSet<ChannelNo> {
    let known = state.accounts.get(&account.number);
    let channels = known.into_iter().flat_map(|account| account.channels.keys().copied());
    let is_readable = |no: &ChannelNo| {
        let channel = state.channels.get(no);
        channel.is_some_and(|channel| {
            !matches!(channel.kind, Kind::Link { .. })
                && state.audience_has(&channel.id, account.number)
        })
    };
    channels.filter(is_readable).collect()
}

fn snippet_of(event: &FeedEvent, query: &Query) -> Option<Snippet> {
    let EventContent::Message(content) = &event.content else { return None };
    let text = content.text.as_deref()?;
    let cut = snippet(text, &query.find(text)?);
    Some(Snippet {
        parts: cut.pieces.iter().map(|piece| (piece.text.to_owned(), piece.is_found)).collect(),
        is_cut_before: cut.is_cut_before,
        is_cut_after: cut.is_cut_after,
    })
}
