//! One channel as the window holds it: what the node says of it, its events, what was typed here
//! and is on its way, and what is unread. Pure.

use std::collections::BTreeMap;

use comity_client::{Channel, Content, HistoryEvent, Timeline};

use crate::cli::chat::book::{group_title, strange_title};
use crate::cli::chat::text::clean;

/// A channel.
pub(super) struct Room {
    pub(super) info: Channel,
    pub(super) timeline: Timeline,
    pub(super) outgoing: Vec<Outgoing>,
    pub(super) unread: u32,
    pub(super) mentions: u32,
    /// The event with which an unread message was counted last.
    pub(super) counted: u64,
    /// The message up to which the account has read, as far as is known.
    pub(super) read: Option<String>,
    /// While it is open: the line above the first unread message stands above this id.
    pub(super) new_from: Option<String>,
    first_unread: Option<String>,
    /// The lowest row shown; the newest where absent.
    pub(super) scroll: Option<Anchor>,
    /// The message with which something is to be done.
    pub(super) chosen: Option<String>,
    pub(super) draft: String,
    /// Nothing of it was fetched yet.
    pub(super) needs_page: bool,
    pub(super) is_loading: bool,
    /// Older messages are still on their way to the node.
    pub(super) is_pending: bool,
    pub(super) retry_at_ms: i64,
    pub(super) is_marking: bool,
    /// Who writes just now, and until when that counts.
    pub(super) typing: BTreeMap<String, i64>,
    /// Up to where others have read.
    pub(super) reads: BTreeMap<String, String>,
}

/// A row of the conversation: the event to which it belongs, and which of its rows it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Anchor {
    pub(super) id: String,
    pub(super) row: usize,
}

/// A text that was typed here and did not come back by the feed yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Outgoing {
    pub(super) number: u64,
    pub(super) text: String,
    pub(super) time_ms: i64,
    pub(super) state: OutgoingState,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum OutgoingState {
    Queued,
    Refused(String),
    Stored(String),
}

impl Room {
    /// A channel of which no more than its id is known.
    pub(super) fn unknown(id: &str) -> Self {
        let info = Channel {
            id: id.to_owned(),
            kind: String::new(),
            with: None,
            name: None,
            topic: None,
            home: None,
            member_limit: None,
            standing: String::new(),
            inviter: None,
            role: None,
            last_message_time: None,
            unread: None,
            mentions: None,
            read: None,
            members: Vec::new(),
            aliases: Vec::new(),
            organisations: Vec::new(),
        };
        Self {
            info,
            timeline: Timeline::default(),
            outgoing: Vec::new(),
            unread: 0,
            mentions: 0,
            counted: 0,
            read: None,
            new_from: None,
            first_unread: None,
            scroll: None,
            chosen: None,
            draft: String::new(),
            needs_page: true,
            is_loading: false,
            is_pending: false,
            retry_at_ms: 0,
            is_marking: false,
            typing: BTreeMap::new(),
            reads: BTreeMap::new(),
        }
    }

    /// Takes what the node says of it. Counts that were asked for before something was counted here
    /// may be from before that, and say nothing.
    pub(super) fn take_info(&mut self, info: Channel, is_open: bool, heard: u64) {
        if self.info.standing != info.standing {
            self.needs_page = true;
        }
        if let Some(unread) = info.unread
            && !is_open
            && self.counted <= heard
        {
            self.unread = unread;
            self.mentions = info.mentions.unwrap_or_default();
        }
        if info.read > self.read {
            self.read = info.read.clone();
        }
        self.info = info;
    }

    pub(super) fn is_invitation(&self) -> bool {
        self.info.standing == "invited" && self.info.kind == "group"
    }

    pub(super) fn is_direct(&self) -> bool {
        self.info.with.is_some()
    }

    /// What it is called, fit for a terminal.
    pub(super) fn title(&self) -> String {
        match (&self.info.with, &self.info.name, &self.info.inviter) {
            (Some(with), ..) => clean(with),
            (_, Some(name), _) => group_title(name),
            (.., Some(inviter)) => strange_title(inviter),
            _ => clean(&self.info.id.chars().take(8).collect::<String>()),
        }
    }

    /// The chosen message, while there is something to be done with it.
    pub(super) fn chosen(&self) -> Option<&HistoryEvent> {
        let event = &self.timeline.entry(self.chosen.as_ref()?)?.event;
        is_choosable(event).then_some(event)
    }

    /// The newest message's time, as far as is known; what else happened brings no channel up.
    pub(super) fn newest_time(&self) -> &str {
        let mut held = self.timeline.entries().rev().map(|entry| &entry.event);
        let held = held.find(|event| is_text(&event.content));
        let held = held.map_or("", |event| event.time.as_str());
        held.max(self.info.last_message_time.as_deref().unwrap_or_default())
    }

    /// It is shown from now on.
    pub(super) fn enter(&mut self) {
        self.scroll = None;
        let after_read = self.read.as_ref().filter(|_| self.unread > 0);
        // Just behind an id: no other is between.
        let after_read = after_read.map(|read| format!("{read}\u{1}"));
        self.new_from = after_read.or(self.first_unread.take());
    }

    /// It is shown no more.
    pub(super) fn leave(&mut self) {
        self.scroll = None;
        self.chosen = None;
        self.new_from = None;
        self.first_unread = None;
        self.timeline.forget_oldest(IDLE_EVENTS_MAX);
    }

    pub(super) fn count_unread(&mut self, id: &str, calls_me: bool) {
        self.unread = self.unread.saturating_add(1);
        self.mentions = self.mentions.saturating_add(u32::from(calls_me));
        if self.first_unread.is_none() {
            self.first_unread = Some(id.to_owned());
        }
        if self.new_from.is_none() {
            // It is open, and nobody looks.
            self.new_from = self.first_unread.clone();
        }
    }

    /// One's own text came by the feed, mostly before its answer.
    pub(super) fn meet_outgoing(&mut self, text: &str, id: &str) {
        let is_it = |outgoing: &Outgoing| match &outgoing.state {
            OutgoingState::Queued => outgoing.text == text,
            OutgoingState::Stored(stored) => stored == id,
            OutgoingState::Refused(_) => false,
        };
        if let Some(place) = self.outgoing.iter().position(is_it) {
            self.outgoing.remove(place);
        }
    }

    pub(super) fn settle_outgoing(&mut self, number: u64, id: &str) {
        if self.timeline.entry(id).is_some() {
            self.outgoing.retain(|outgoing| outgoing.number != number);
        } else if let Some(outgoing) = self.outgoing.iter_mut().find(|o| o.number == number) {
            outgoing.state = OutgoingState::Stored(id.to_owned());
        }
    }

    /// Whether a page may be asked for now.
    pub(super) fn may_load(&self, now_ms: i64) -> bool {
        !self.is_loading && self.retry_at_ms <= now_ms && self.info.standing == "joined"
    }
}

/// What was erased or is too old cannot be answered or changed.
pub(super) fn is_choosable(event: &HistoryEvent) -> bool {
    matches!(event.content, Content::Message { .. })
}

/// Whether it is a message, with its text or without.
pub(super) fn is_text(content: &Content) -> bool {
    matches!(content, Content::Message { .. } | Content::ErasedMessage | Content::ExpiredMessage)
}

/// Events of a channel that are held while another one is shown.
const IDLE_EVENTS_MAX: usize = 200;
