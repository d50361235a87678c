//! Somebody at a window, and what comes there.

use comity_client::{
    Channel, ChannelEvent, Content, Event, Extra, History, HistoryEvent, Page, Reaction,
};
use jiff::tz::TimeZone;
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

use super::super::model::{Effect, Happened, Model};
use super::super::room::Room;
use super::super::view::draw;
use super::super::wrap::columns;

pub(super) const ME: &str = "alice@acme.test";
const NOW: &str = "2026-11-23T09:00:00Z";

impl Happened {
    /// A list that the node answers at once.
    pub(super) fn listed(channels: Vec<Channel>) -> Self {
        Self::Channels { channels, heard: u64::MAX }
    }
}

/// Somebody at a window.
pub(super) struct Seat {
    pub(super) model: Model,
    pub(super) now_ms: i64,
    pub(super) clock: u32,
    /// Who was asked about, batch by batch.
    pub(super) asked: Vec<Vec<String>>,
}

impl Seat {
    pub(super) fn new(size: (u16, u16)) -> Self {
        let now: jiff::Timestamp = NOW.parse().unwrap();
        let model = Model::new(ME, TimeZone::UTC, size);
        let mut seat = Self { model, now_ms: now.as_millisecond(), clock: 0, asked: Vec::new() };
        seat.happens(Happened::listed(vec![
            channel("c1", None, Some("Tea"), "joined", Some("2026-11-23T08:00:00Z")),
            channel("c2", Some("bob@globex.test"), None, "joined", Some("2026-11-23T07:00:00Z")),
            channel("c3", Some("carol@acme.test"), None, "joined", None),
            channel("c4", None, Some("Chess"), "invited", None),
        ]));
        let (account, device) = (ME.to_owned(), "d".to_owned());
        let connected = Event::Connected { account, device, cursor: "x".into(), resync: false };
        seat.happens(Happened::Client(connected));
        seat
    }

    pub(super) fn happens(&mut self, happened: Happened) -> Vec<Effect> {
        let mut effects = self.model.update(self.now_ms, happened);
        effects.retain(|effect| match effect {
            Effect::Ask(asked) => {
                self.asked.push(asked.clone());
                false
            }
            _ => true,
        });
        effects
    }

    pub(super) fn passes(&mut self, ms: i64) -> Vec<Effect> {
        self.now_ms += ms;
        self.happens(Happened::Tick)
    }

    pub(super) fn presses(&mut self, code: KeyCode, modifiers: KeyModifiers) -> Vec<Effect> {
        self.happens(Happened::Key(KeyEvent::new(code, modifiers)))
    }

    pub(super) fn types(&mut self, text: &str) -> Vec<Effect> {
        let press = |c| KeyEvent::new(KeyCode::Char(c), KeyModifiers::NONE);
        text.chars().flat_map(|c| self.happens(Happened::Key(press(c)))).collect()
    }

    pub(super) fn sends(&mut self, text: &str) -> Vec<Effect> {
        self.types(text);
        self.presses(KeyCode::Enter, KeyModifiers::NONE)
    }

    /// Opens a channel and answers what it asks for with a page.
    pub(super) fn opens(
        &mut self,
        id: &str,
        events: Vec<HistoryEvent>,
        more_before: bool,
    ) -> Vec<Effect> {
        let effects = self.happens(Happened::Opened(id.to_owned()));
        let load = Effect::Load { channel: id.to_owned(), place: Page::Latest };
        assert!(effects.contains(&load), "{effects:?}");
        self.loads(id, Page::Latest, events, more_before)
    }

    pub(super) fn loads(
        &mut self,
        id: &str,
        place: Page,
        events: Vec<HistoryEvent>,
        more_before: bool,
    ) -> Vec<Effect> {
        let result = Ok(History {
            events,
            delivered: Vec::new(),
            more_before,
            more_after: matches!(place, Page::Before(_)),
            pending: false,
            limited: false,
        });
        self.happens(Happened::Page { channel: id.to_owned(), place, result })
    }

    /// A message comes.
    pub(super) fn hears(&mut self, id: &str, sender: &str, text: &str) -> Vec<Effect> {
        self.clock += 1;
        let time = format!("2026-11-23T08:{:02}:00Z", self.clock);
        let event = said(&format!("9{:03}", self.clock), &time, sender, text);
        self.gets(id, event, &[])
    }

    pub(super) fn gets(
        &mut self,
        id: &str,
        event: HistoryEvent,
        withdrawn: &[&str],
    ) -> Vec<Effect> {
        let HistoryEvent { id: event, time, sender, content, is_late, extra } = event;
        self.happens(Happened::Client(Event::Channel(ChannelEvent {
            cursor: "x".to_owned(),
            channel: id.to_owned(),
            id: event,
            time,
            sender,
            content,
            withdrawn: withdrawn.iter().map(|id| (*id).to_owned()).collect(),
            is_late,
            extra,
        })))
    }

    pub(super) fn buffer(&self) -> Buffer {
        let (width, height) = self.model.size;
        let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
        terminal.draw(|frame| draw(&self.model, frame)).unwrap();
        terminal.backend().buffer().clone()
    }

    /// The screen as text, blanks at the ends of its lines left out.
    pub(super) fn screen(&self) -> String {
        let buffer = self.buffer();
        let mut text = String::new();
        for y in 0..buffer.area.height {
            let mut line = String::new();
            let mut x = 0;
            while x < buffer.area.width {
                let symbol = buffer[(x, y)].symbol();
                line.push_str(symbol);
                x += u16::try_from(columns(symbol).max(1)).unwrap();
            }
            text.push_str(line.trim_end());
            text.push('\n');
        }
        text
    }

    #[track_caller]
    pub(super) fn sees(&self, wanted: &str) {
        let screen = self.screen();
        assert!(screen.contains(wanted), "no {wanted:?} in\n{screen}");
    }

    #[track_caller]
    pub(super) fn sees_no(&self, unwanted: &str) {
        let screen = self.screen();
        assert!(!screen.contains(unwanted), "{unwanted:?} in\n{screen}");
    }
}

pub(super) fn channel(
    id: &str,
    with: Option<&str>,
    name: Option<&str>,
    standing: &str,
    time: Option<&str>,
) -> Channel {
    let kind = if with.is_some() { "direct" } else { "group" };
    Channel {
        kind: kind.to_owned(),
        with: with.map(str::to_owned),
        name: name.map(str::to_owned),
        topic: name.map(|_| "at five".to_owned()),
        standing: standing.to_owned(),
        last_message_time: time.map(str::to_owned),
        ..Room::unknown(id).info
    }
}

pub(super) fn event(id: &str, time: &str, sender: &str, content: Content) -> HistoryEvent {
    HistoryEvent {
        id: id.to_owned(),
        time: time.to_owned(),
        sender: sender.to_owned(),
        content,
        is_late: false,
        extra: None,
    }
}

pub(super) fn said(id: &str, time: &str, sender: &str, text: &str) -> HistoryEvent {
    event(id, time, sender, Content::Message { text: Some(text.to_owned()) })
}

/// Messages of one sender, one a minute.
pub(super) fn talk(from: usize, count: usize) -> Vec<HistoryEvent> {
    (from..from + count)
        .map(|n| {
            let time = format!("2026-11-22T{:02}:{:02}:00Z", 8 + n / 60, n % 60);
            said(&format!("1{n:03}"), &time, "bob@globex.test", &format!("number {n}"))
        })
        .collect()
}

pub(super) fn conversation() -> Vec<HistoryEvent> {
    let bob = "bob@globex.test";
    let mut late = said("1002", "2026-11-22T18:00:10Z", bob, "Is anybody there?");
    late.is_late = true;
    let mut edited = said("1006", "2026-11-23T07:12:00Z", ME, "Lemon, please.");
    edited.extra = Some(Box::new(Extra {
        edited_time: Some("2026-11-23T07:13:00Z".to_owned()),
        reply_to: Some("1005".to_owned()),
        reactions: vec![Reaction { reaction: "👍".to_owned(), count: 2, accounts: vec![] }],
        ..Extra::default()
    }));
    let joined = Content::Joined { account: "carol@acme.test".to_owned() };
    vec![
        said("1001", "2026-11-22T18:00:00Z", bob, "Tea?"),
        late,
        event("1003", "2026-11-23T07:10:00Z", "carol@acme.test", joined),
        event("1004", "2026-11-23T07:10:30Z", "carol@acme.test", Content::ErasedMessage),
        said("1005", "2026-11-23T07:11:00Z", "carol@acme.test", "@alice 홍차에 우유 넣을까요?"),
        edited,
    ]
}
