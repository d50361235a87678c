//! What a client holds of one channel: its events by id, whatever way and in whatever order they
//! came, and where something may be missing. It must not fetch: it says where there is a gap.
//!
//! An event from the feed goes to [`Timeline::add_live`], a page of history to
//! [`Timeline::add_page`]; both may be given twice. After a resync call [`Timeline::mark_missed`].

use std::collections::BTreeMap;
use std::ops::Bound;

use crate::extra::{Extra, Reaction};
use crate::resources::{History, Page};
use crate::shape::{Content, Delivered, HistoryEvent};

/// The events of a channel that a client holds.
#[derive(Clone, Debug, Default)]
pub struct Timeline {
    entries: BTreeMap<String, Entry>,
    /// There may be newer events than the newest held.
    is_behind: bool,
    /// The channel's first event is held, or the group's rule hides what was before.
    has_beginning: bool,
    delivered: BTreeMap<String, Delivered>,
}

/// An event in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// It.
    pub event: HistoryEvent,
    /// Between it and the one before, or before it where it is the first, there may be more.
    pub is_after_gap: bool,
}

impl Timeline {
    /// The events, oldest first.
    pub fn entries(&self) -> impl DoubleEndedIterator<Item = &Entry> {
        self.entries.values()
    }

    /// Events up to and with an id, newest first.
    pub fn up_to(&self, id: &str) -> impl Iterator<Item = &Entry> {
        self.entries.range::<str, _>((Bound::Unbounded, Bound::Included(id))).rev().map(|(_, e)| e)
    }

    /// Events after an id, oldest first.
    pub fn after(&self, id: &str) -> impl Iterator<Item = &Entry> {
        self.entries.range::<str, _>((Bound::Excluded(id), Bound::Unbounded)).map(|(_, e)| e)
    }

    /// An event that is held.
    pub fn entry(&self, id: &str) -> Option<&Entry> {
        self.entries.get(id)
    }

    /// How many events are held.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether none is.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The oldest event held.
    pub fn first(&self) -> Option<&HistoryEvent> {
        self.entries.values().next().map(|entry| &entry.event)
    }

    /// The newest event held.
    pub fn last(&self) -> Option<&HistoryEvent> {
        self.entries.values().next_back().map(|entry| &entry.event)
    }

    /// Whether there may be newer events than the newest held.
    pub fn is_behind(&self) -> bool {
        self.is_behind
    }

    /// Whether nothing that the reader may see is older than the oldest held.
    pub fn has_beginning(&self) -> bool {
        self.has_beginning
    }

    /// How far a message of one's own has come.
    pub fn delivered(&self, id: &str) -> Option<&Delivered> {
        self.delivered.get(id)
    }

    /// Takes an event of the feed; true where it was not held yet. What it does to others, such as
    /// erasing one, is done to them.
    pub fn add_live(&mut self, event: HistoryEvent, withdrawn: &[String]) -> bool {
        for id in withdrawn {
            self.remove(id);
        }
        self.apply_effect(&event);
        let is_newest = self.last().is_none_or(|last| last.id < event.id);
        // The first event of a channel that comes live says nothing of what was before it.
        let is_after_gap = if is_newest {
            self.is_behind || (self.is_empty() && !self.has_beginning)
        } else {
            self.after(&event.id).next().is_some_and(|next| next.is_after_gap)
        };
        if is_newest {
            self.is_behind = false;
        }
        self.insert(event, is_after_gap)
    }

    /// Takes a page of history that was asked for at a place.
    pub fn add_page(&mut self, place: &Page, page: History) {
        let History { events, delivered, more_before, more_after, .. } = page;
        delivered.into_iter().for_each(|delivered| self.add_delivered(delivered));
        let first = events.first().map(|event| event.id.clone());
        let last = events.last().map(|event| event.id.clone());
        let is_newest_page = !more_after;
        for event in events {
            self.insert(event, true);
        }
        // From where to where nothing is missing now.
        let from = match (place, &first) {
            (Page::After(id), _) => Bound::Excluded(id.as_str()),
            (_, Some(first)) => Bound::Excluded(first.as_str()),
            (Page::Before(_) | Page::Latest, None) => Bound::Unbounded,
            (Page::Around(_) | Page::AtDate(_), None) => return,
        };
        let to = match (place, &last) {
            (_, _) if is_newest_page => Bound::Unbounded,
            (Page::Before(id), _) => Bound::Included(id.as_str()),
            (_, Some(last)) => Bound::Included(last.as_str()),
            (_, None) => return,
        };
        if !is_empty_range(&from, &to) {
            for (_, entry) in self.entries.range_mut::<str, _>((from, to)) {
                entry.is_after_gap = false;
            }
        }
        if is_newest_page {
            self.is_behind = false;
        }
        if !more_before && !matches!(place, Page::After(_)) {
            self.has_beginning = true;
            if let Some((_, entry)) = self.entries.iter_mut().next() {
                entry.is_after_gap = false;
            }
        }
    }

    /// Notes how far a message has come. Counts grow, so an older notice changes nothing.
    pub fn add_delivered(&mut self, notice: Delivered) {
        let known = self.delivered.get(&notice.id);
        let is_news = known.is_none_or(|known| {
            (known.organisations, known.is_final) <= (notice.organisations, notice.is_final)
                || known.of != notice.of
        });
        if is_news {
            self.delivered.insert(notice.id.clone(), notice);
        }
    }

    /// The feed has a gap here: there may be newer events than the newest held.
    pub fn mark_missed(&mut self) {
        self.is_behind = true;
    }

    /// Forgets the oldest events beyond a number; they can be fetched again.
    pub fn forget_oldest(&mut self, keep: usize) {
        while self.entries.len() > keep
            && let Some((id, _)) = self.entries.pop_first()
        {
            self.delivered.remove(&id);
            self.has_beginning = false;
            if let Some(mut first) = self.entries.first_entry() {
                first.get_mut().is_after_gap = true;
            }
        }
    }

    /// Forgets the newest events beyond a number; they can be fetched again.
    pub fn forget_newest(&mut self, keep: usize) {
        while self.entries.len() > keep
            && let Some((id, _)) = self.entries.pop_last()
        {
            self.delivered.remove(&id);
            self.is_behind = true;
        }
    }

    /// Puts an event in its place; what a later copy of it does not hold, such as an erased text,
    /// is held no more.
    fn insert(&mut self, event: HistoryEvent, is_after_gap: bool) -> bool {
        match self.entries.get_mut(&event.id) {
            Some(entry) => {
                let is_emptier = matches!(event.content, Content::Message { text: None });
                if !is_emptier {
                    entry.event = event;
                }
                entry.is_after_gap &= is_after_gap;
                false
            }
            None => {
                self.entries.insert(event.id.clone(), Entry { event, is_after_gap });
                true
            }
        }
    }

    /// A message that counts as never sent.
    fn remove(&mut self, id: &str) {
        self.delivered.remove(id);
        if let Some(gone) = self.entries.remove(id)
            && gone.is_after_gap
            && let Some((_, next)) =
                self.entries.range_mut::<str, _>((Bound::Excluded(id), Bound::Unbounded)).next()
        {
            next.is_after_gap = true;
        }
    }

    fn apply_effect(&mut self, event: &HistoryEvent) {
        // Once per event: a reaction that comes twice is one.
        if self.entries.contains_key(&event.id) {
            return;
        }
        let target = match &event.content {
            Content::Edited { message, .. }
            | Content::Erased { message }
            | Content::Pinned { message, .. }
            | Content::Reacted { message, .. } => message,
            _ => return,
        };
        let Some(entry) = self.entries.get_mut(target) else { return };
        let is_erased = matches!(entry.event.content, Content::ErasedMessage);
        match &event.content {
            Content::Erased { .. } => {
                entry.event.content = Content::ErasedMessage;
                entry.event.extra = None;
            }
            // What was erased stays erased.
            _ if is_erased => {}
            Content::Edited { text, .. } => {
                entry.event.content = Content::Message { text: text.clone() };
                let extra = entry.event.extra.get_or_insert_default();
                extra.edited_time = Some(event.time.clone());
            }
            Content::Pinned { on, .. } => entry.event.extra.get_or_insert_default().pinned = *on,
            Content::Reacted { reaction, on, .. } => {
                react(entry.event.extra.get_or_insert_default(), reaction, &event.sender, *on);
            }
            _ => {}
        }
    }
}

fn react(extra: &mut Extra, reaction: &str, account: &str, on: bool) {
    let place = extra.reactions.iter().position(|held| held.reaction == reaction);
    match (place, on) {
        (Some(place), _) => {
            let held = &mut extra.reactions[place];
            let had = held.accounts.iter().any(|a| a == account);
            match (had, on) {
                (false, true) => {
                    held.accounts.push(account.to_owned());
                    held.count = held.count.saturating_add(1);
                }
                (true, false) => {
                    held.accounts.retain(|a| a != account);
                    held.count = held.count.saturating_sub(1);
                }
                _ => {}
            }
            if held.count == 0 {
                extra.reactions.remove(place);
            }
        }
        (None, true) => extra.reactions.push(Reaction {
            reaction: reaction.to_owned(),
            count: 1,
            accounts: vec![account.to_owned()],
        }),
        (None, false) => {}
    }
}

/// Whether a range holds nothing, which the map would rather not be asked for.
fn is_empty_range(from: &Bound<&str>, to: &Bound<&str>) -> bool {
    match (from, to) {
        (Bound::Excluded(from), Bound::Included(to)) => from >= to,
        _ => false,
    }
}

#[cfg(test)]
mod tests;
