//! What the window knows, and how it changes: [`Model::update`] takes what happened and says what
//! is to be done about it. Pure: no clock, no terminal, no node; the driver has them.

use std::collections::BTreeMap;

use comity_client::{
    Channel, ChannelEvent, Command, Content, Draft, Event, History, HistoryEvent, Page, Presence,
    Profile, Sign, Timeline,
};
use jiff::tz::TimeZone;
use ratatui::crossterm::event::KeyEvent;

use super::editor::Editor;
use super::room::{Outgoing, OutgoingState, Room};
use crate::cli::chat::mention::{is_said_to_call, mentions_me};
use crate::cli::chat::people::{Listed, People};
use crate::cli::chat::text::{clean, said};

/// Everything that is shown.
pub(super) struct Model {
    pub(super) me: String,
    pub(super) rooms: BTreeMap<String, Room>,
    pub(super) open: Option<String>,
    /// The rooms' ids as the list shows them.
    pub(super) order: Vec<String>,
    pub(super) line: Line,
    pub(super) editor: Editor,
    pub(super) overlay: Overlay,
    pub(super) notice: Option<Notice>,
    pub(super) presences: BTreeMap<String, Presence>,
    pub(super) people: People,
    pub(super) is_asking: bool,
    pub(super) size: (u16, u16),
    pub(super) now_ms: i64,
    pub(super) zone: TimeZone,
    pub(super) has_colours: bool,
    /// The window is looked at, as far as the terminal says.
    pub(super) is_looked_at: bool,
    /// The node does not know read markers.
    pub(super) marks_refused: bool,
    /// The node has shown that it knows who is there.
    knows_people: bool,
    /// Events taken so far.
    pub(super) heard: u64,
    /// The node does not know that somebody writes.
    typing_refused: bool,
    pub(super) outgoing_next: u64,
    typed_at_ms: i64,
    /// The user knows that ending now loses what is queued.
    pub(super) is_warned: bool,
}

/// The connection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Line {
    Connecting,
    Offline { reason: String, until_ms: i64 },
    Online,
}

/// What stands in front of everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Overlay {
    Help { scroll: usize },
    None,
    People { listed: Vec<Listed>, scroll: usize },
    Panel { text: String, scroll: usize },
    Switcher { typed: String, place: usize },
}

/// Something about the chat itself, shown for a while.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Notice {
    pub(super) text: String,
    until_ms: i64,
}

/// What happened.
#[derive(Debug)]
pub(super) enum Happened {
    /// The list as the node answered it, asked for after so many events.
    Channels {
        channels: Vec<Channel>,
        heard: u64,
    },
    Client(Event),
    Focused(bool),
    Key(KeyEvent),
    /// A marker was taken, or is not known to the node.
    Marked {
        channel: String,
        is_known: bool,
    },
    Notice(String),
    /// A command has opened a channel.
    Opened(String),
    Page {
        channel: String,
        place: Page,
        result: Result<History, String>,
    },
    /// A command has something to show.
    Panel(String),
    Pasted(String),
    /// A command lists people.
    People(Vec<Listed>),
    Profiles {
        asked: Vec<String>,
        profiles: Vec<Profile>,
    },
    Resized(u16, u16),
    Settled {
        channel: String,
        number: u64,
        result: Result<String, String>,
    },
    Thread {
        channel: String,
        message: String,
        result: Result<Vec<HistoryEvent>, String>,
    },
    Tick,
}

/// What is to be done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// Something is done with a message.
    Act(Command),
    /// How these accounts want to be called.
    Ask(Vec<String>),
    Command(String),
    Load {
        channel: String,
        place: Page,
    },
    Mark {
        channel: String,
        message: String,
    },
    /// Commands are about this channel from now on, or about none.
    Open(Option<String>),
    Quit,
    Redraw,
    Refresh,
    Send {
        channel: String,
        number: u64,
        draft: Draft,
    },
    Thread {
        channel: String,
        message: String,
    },
    Typing(String),
}

impl Model {
    pub(super) fn new(me: &str, zone: TimeZone, size: (u16, u16)) -> Self {
        Self {
            me: me.to_owned(),
            rooms: BTreeMap::new(),
            open: None,
            order: Vec::new(),
            line: Line::Connecting,
            editor: Editor::default(),
            overlay: Overlay::None,
            notice: None,
            presences: BTreeMap::new(),
            people: People::default(),
            is_asking: false,
            size,
            now_ms: 0,
            zone,
            has_colours: true,
            is_looked_at: true,
            marks_refused: false,
            knows_people: false,
            heard: 0,
            typing_refused: false,
            outgoing_next: 0,
            typed_at_ms: i64::MIN / 2,
            is_warned: false,
        }
    }

    /// Takes what happened at a time.
    pub(super) fn update(&mut self, now_ms: i64, happened: Happened) -> Vec<Effect> {
        self.now_ms = now_ms;
        let mut effects = match happened {
            Happened::Channels { channels, heard } => self.take_channels(channels, heard),
            Happened::Client(event) => self.take_event(event),
            Happened::Focused(is_looked_at) => {
                self.is_looked_at = is_looked_at;
                Vec::new()
            }
            Happened::Key(key) => self.take_key(key),
            Happened::Marked { channel, is_known } => {
                self.marks_refused |= !is_known;
                self.with_room(&channel, |room| room.is_marking = false);
                Vec::new()
            }
            Happened::Notice(text) => {
                self.tell(text);
                Vec::new()
            }
            Happened::Opened(id) => self.switch_to(&id),
            Happened::Page { channel, place, result } => {
                self.take_page(&channel, &place, result);
                Vec::new()
            }
            Happened::Panel(text) => {
                self.overlay = Overlay::Panel { text, scroll: 0 };
                Vec::new()
            }
            Happened::People(listed) => {
                self.overlay = Overlay::People { listed, scroll: 0 };
                Vec::new()
            }
            Happened::Profiles { asked, profiles } => {
                self.is_asking = false;
                self.people.take(asked, profiles, now_ms);
                Vec::new()
            }
            Happened::Pasted(text) => {
                self.overlay = Overlay::None;
                self.editor.insert(&text);
                Vec::new()
            }
            Happened::Resized(width, height) => {
                self.size = (width, height);
                Vec::new()
            }
            Happened::Settled { channel, number, result } => {
                self.take_settled(&channel, number, result);
                Vec::new()
            }
            Happened::Thread { channel, message, result } => {
                match result {
                    Ok(events) => self.show_thread(&channel, &message, &events),
                    Err(why) => self.tell(why),
                }
                Vec::new()
            }
            Happened::Tick => Vec::new(),
        };
        self.forget_what_is_over();
        self.put_in_order();
        self.mark_read(&mut effects);
        self.load_what_is_seen(&mut effects);
        self.ask_who_is_seen(&mut effects);
        effects
    }

    pub(super) fn open_room(&self) -> Option<&Room> {
        self.rooms.get(self.open.as_ref()?)
    }

    /// Whether time alone changes what is shown: a countdown, a notice, somebody who writes.
    pub(super) fn changes_with_time(&self) -> bool {
        let is_written_in = self.open_room().is_some_and(|room| !room.typing.is_empty());
        self.line != Line::Online || self.notice.is_some() || is_written_in
    }

    /// Texts that wait for their node.
    pub(super) fn queued(&self) -> usize {
        let waits = |outgoing: &&Outgoing| outgoing.state == OutgoingState::Queued;
        self.rooms.values().map(|room| room.outgoing.iter().filter(waits).count()).sum()
    }

    /// An account as this user reads it: without the domain where it is his own. A name of another
    /// organisation always has it, so that nobody can pass for a colleague.
    pub(super) fn short(&self, account: &str) -> String {
        let own = self.me.rsplit_once('@').map(|(_, domain)| domain);
        match account.rsplit_once('@') {
            Some((name, domain)) if Some(domain) == own && !name.contains('@') => clean(name),
            _ => clean(account),
        }
    }

    /// Shows a channel.
    pub(super) fn switch_to(&mut self, id: &str) -> Vec<Effect> {
        let text = self.editor.text().to_owned();
        if let Some(before) = self.open.take()
            && let Some(room) = self.rooms.get_mut(&before)
        {
            room.draft = text;
            room.leave();
        }
        let room = self.rooms.entry(id.to_owned()).or_insert_with(|| Room::unknown(id));
        room.enter();
        let draft = std::mem::take(&mut room.draft);
        let is_invitation = room.is_invitation();
        self.editor.set(draft);
        self.notice = None;
        self.open = Some(id.to_owned());
        self.overlay = Overlay::None;
        vec![Effect::Open((!is_invitation).then(|| id.to_owned()))]
    }

    /// Tells the others that something is being written, now and then.
    pub(super) fn typed(&mut self) -> Vec<Effect> {
        let is_text = !self.editor.is_empty() && !self.editor.text().starts_with('/');
        let is_due = self.now_ms - self.typed_at_ms >= TYPING_EVERY_MS;
        match &self.open {
            Some(open) if is_text && is_due && self.may_say_typing() => {
                self.typed_at_ms = self.now_ms;
                vec![Effect::Typing(open.clone())]
            }
            _ => Vec::new(),
        }
    }

    fn may_say_typing(&self) -> bool {
        self.knows_people && !self.typing_refused && self.line == Line::Online
    }

    pub(super) fn tell(&mut self, text: String) {
        self.notice = Some(Notice { text, until_ms: self.now_ms + NOTICE_MS });
    }

    pub(super) fn with_room(&mut self, id: &str, act: impl FnOnce(&mut Room)) {
        if let Some(room) = self.rooms.get_mut(id) {
            act(room);
        }
    }

    fn take_channels(&mut self, channels: Vec<Channel>, heard: u64) -> Vec<Effect> {
        self.rooms.retain(|id, _| channels.iter().any(|channel| channel.id == *id));
        for channel in channels {
            self.knows_people |= channel.unread.is_some();
            let id = channel.id.clone();
            let is_open = self.open.as_ref() == Some(&id);
            let room = self.rooms.entry(id).or_insert_with_key(|id| Room::unknown(id));
            room.take_info(channel, is_open, heard);
        }
        if self.open.as_ref().is_some_and(|open| !self.rooms.contains_key(open)) {
            self.open = None;
            return vec![Effect::Open(None)];
        }
        Vec::new()
    }

    fn take_event(&mut self, event: Event) -> Vec<Effect> {
        match event {
            Event::Channel(event) => self.take_channel_event(event),
            Event::Connected { resync, .. } => {
                self.line = Line::Online;
                if !resync {
                    return Vec::new();
                }
                self.rooms.values_mut().for_each(|room| room.timeline.mark_missed());
                vec![Effect::Refresh]
            }
            Event::Delivered(notice) => {
                let channel = notice.channel.clone();
                self.with_room(&channel, |room| room.timeline.add_delivered(notice));
                Vec::new()
            }
            Event::Disconnected { reason, wait } => {
                let wait = i64::try_from(wait.as_millis()).unwrap_or(i64::MAX / 2);
                let until_ms = self.now_ms.saturating_add(wait);
                self.line = Line::Offline { reason: clean(&reason), until_ms };
                Vec::new()
            }
            Event::HistoryGrew { channel } => {
                self.with_room(&channel, |room| {
                    room.timeline = Timeline::default();
                    room.needs_page = true;
                });
                Vec::new()
            }
            // All other frames have nonces, so that it is about who writes: an older node.
            Event::Objection(refused)
                if refused.code == "malformed" && self.now_ms - self.typed_at_ms < OBJECTION_MS =>
            {
                self.typing_refused = true;
                Vec::new()
            }
            Event::Objection(refused) => {
                self.tell(clean(&refused.to_string()));
                Vec::new()
            }
            // The driver ends on the one; the window keeps nothing for the other.
            Event::Ended(_) | Event::Settled(_) => Vec::new(),
            Event::Sign(sign) => {
                self.take_sign(sign);
                Vec::new()
            }
        }
    }

    fn take_channel_event(&mut self, event: ChannelEvent) -> Vec<Effect> {
        self.heard += 1;
        let heard = self.heard;
        let ChannelEvent { channel, withdrawn, .. } = &event;
        let (channel, withdrawn) = (channel.clone(), withdrawn.clone());
        let is_message = matches!(event.content, Content::Message { .. });
        let is_about_lists = changes_lists(&event.content);
        let is_known = self.rooms.contains_key(&channel);
        if matches!(event.content, Content::Contact { .. }) && !is_known {
            let said = said(&event.content, |_| String::new(), "", (&event.sender, &self.me));
            let said = said.strip_prefix("* ").unwrap_or(&said);
            self.tell(format!("{} {said}", self.short(&event.sender)));
            return Vec::new();
        }
        let is_watched = self.is_watched(&channel);
        let is_mine = event.sender == self.me;
        let event = event.into_history();
        // As the node counts; an older one does not, and the text alone tells.
        let is_call = if self.knows_people { is_said_to_call } else { mentions_me };
        let calls_me = is_message && !is_mine && is_call(&event, &self.me);
        let room = self.rooms.entry(channel.clone()).or_insert_with(|| Room::unknown(&channel));
        if is_mine && let Content::Message { text: Some(text) } = &event.content {
            room.meet_outgoing(text, &event.id);
        }
        room.typing.remove(&event.sender);
        let id = event.id.clone();
        let is_new = room.timeline.add_live(event, &withdrawn);
        if is_new && is_message && !is_mine && !is_watched {
            room.count_unread(&id, calls_me);
            room.counted = heard;
        }
        if room.scroll.is_none() {
            room.timeline.forget_oldest(ROOM_EVENTS_MAX);
        }
        if is_about_lists || !is_known { vec![Effect::Refresh] } else { Vec::new() }
    }

    /// Whether the newest of a channel is before somebody's eyes.
    pub(super) fn is_watched(&self, channel: &str) -> bool {
        let is_open = self.open.as_deref() == Some(channel);
        is_open && self.is_looked_at && self.open_room().is_some_and(|room| room.scroll.is_none())
    }

    fn take_sign(&mut self, sign: Sign) {
        self.knows_people = true;
        match sign {
            Sign::Presence(presences) => {
                for presence in presences {
                    self.presences.insert(presence.account.clone(), presence);
                }
                while self.presences.len() > PRESENCES_MAX {
                    self.presences.pop_first();
                }
            }
            Sign::ProfileChanged => self.people.expire(&self.me),
            Sign::Read { channel, account, message } => self.with_room(&channel, |room| {
                let read = room.reads.entry(account).or_default();
                *read = std::mem::take(read).max(message);
            }),
            Sign::Typing { channel, account, typing } => {
                let until = self.now_ms + TYPING_MS;
                let is_me = account == self.me;
                self.with_room(&channel, |room| {
                    room.typing.remove(&account);
                    if typing && !is_me && room.typing.len() < TYPISTS_MAX {
                        room.typing.insert(account, until);
                    }
                });
            }
            Sign::Unread { channel, unread, mentions, read } => {
                self.with_room(&channel, |room| {
                    room.unread = unread;
                    room.mentions = mentions;
                    room.read = read.or(room.read.take());
                });
            }
        }
    }

    fn take_page(&mut self, channel: &str, place: &Page, result: Result<History, String>) {
        let now_ms = self.now_ms;
        let Some(room) = self.rooms.get_mut(channel) else { return };
        room.is_loading = false;
        match result {
            Ok(page) => {
                let mine: Vec<&HistoryEvent> =
                    page.events.iter().filter(|event| event.sender == self.me).collect();
                room.outgoing.retain(|outgoing| match &outgoing.state {
                    OutgoingState::Stored(id) => mine.iter().all(|event| event.id != *id),
                    _ => true,
                });
                room.is_pending = page.pending;
                if page.pending || (page.events.is_empty() && page.more_before) {
                    room.retry_at_ms = now_ms + LOAD_RETRY_MS;
                }
                room.timeline.add_page(place, page);
                room.needs_page = false;
                if matches!(place, Page::Before(_)) {
                    // Who scrolls so far back gives up the newest, which can be fetched again.
                    room.timeline.forget_newest(ROOM_EVENTS_MAX);
                }
            }
            Err(error) => {
                room.retry_at_ms = now_ms + LOAD_RETRY_MS;
                self.tell(error);
            }
        }
    }

    fn take_settled(&mut self, channel: &str, number: u64, result: Result<String, String>) {
        let mut refused = None;
        self.with_room(channel, |room| match result {
            Ok(id) => room.settle_outgoing(number, &id),
            Err(why) => {
                if let Some(outgoing) = room.outgoing.iter_mut().find(|o| o.number == number) {
                    outgoing.state = OutgoingState::Refused(why.clone());
                }
                refused = Some(why);
            }
        });
        if let Some(why) = refused {
            self.tell(format!("not sent: {why}"));
        }
    }

    fn forget_what_is_over(&mut self) {
        let now_ms = self.now_ms;
        self.notice.take_if(|notice| notice.until_ms <= now_ms);
        for room in self.rooms.values_mut() {
            room.typing.retain(|_, until_ms| *until_ms > now_ms);
        }
    }
}

/// Whether what happened changes the list of channels.
fn changes_lists(content: &Content) -> bool {
    !matches!(
        content,
        Content::Message { .. }
            | Content::Edited { .. }
            | Content::Erased { .. }
            | Content::Pinned { .. }
            | Content::Reacted { .. }
            | Content::Other { .. }
            | Content::Contact { .. }
    )
}

/// Long enough to be read, and gone with the next thing that is done.
const NOTICE_MS: i64 = 6_000;
/// How long somebody counts as writing after he last said so.
const TYPING_MS: i64 = 6_000;
const TYPING_EVERY_MS: i64 = 4_000;
/// An objection that comes so soon after that was said is about it.
const OBJECTION_MS: i64 = 10_000;
const TYPISTS_MAX: usize = 16;
const LOAD_RETRY_MS: i64 = 5_000;
/// Events of a channel that are held; older ones are fetched again when somebody looks.
const ROOM_EVENTS_MAX: usize = 2_000;
const PRESENCES_MAX: usize = 10_000;
