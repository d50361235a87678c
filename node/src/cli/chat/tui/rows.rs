//! The conversation as rows of a given width, and walking along them. Rows are made for what is
//! looked at alone. Everything that others wrote goes through `clean` here. Pure.

use comity_client::{Content, Entry, HistoryEvent};
use jiff::Timestamp;
use jiff::civil::Date;
use ratatui::style::Style;
use ratatui::text::{Line, Span};

use super::model::Model;
use super::paint::Paint;
use super::room::{Anchor, Outgoing, OutgoingState, Room, is_text};
use super::wrap::{columns, cut, wrap};
use crate::cli::chat::mention::{calls, mentions_me};
use crate::cli::chat::text::{clean, clean_block, said};

type Row = Line<'static>;

impl Model {
    /// The rows that fill a window, and whether newer ones are below it.
    pub(super) fn rows(&self, room: &Room, width: usize, height: usize) -> Vec<Row> {
        let mut rows: Vec<Row> = Vec::new();
        if room.scroll.is_none() {
            for outgoing in room.outgoing.iter().rev() {
                rows.extend(self.outgoing_rows(outgoing, width).into_iter().rev());
            }
            let is_after_others = room.timeline.last().is_none_or(|last| last.sender != self.me);
            if is_after_others && !room.outgoing.is_empty() {
                rows.push(self.name_row(&self.me, width));
            }
        }
        self.walk_up(room, width, |_, block, last| {
            rows.extend(block.into_iter().take(last + 1).rev());
            rows.len() < height
        });
        rows.truncate(height);
        rows.reverse();
        rows
    }

    /// The event above which something visible is missing.
    pub(super) fn visible_gap(&self, room: &Room) -> Option<String> {
        let (width, height) = self.conversation_size();
        let (mut seen, mut gap) = (0, None);
        self.walk_up(room, width, |entry, block, last| {
            if entry.is_after_gap {
                gap = Some(entry.event.id.clone());
            }
            seen += last.min(block.len().saturating_sub(1)) + usize::from(!block.is_empty());
            seen < height && gap.is_none()
        });
        gap
    }

    /// Goes up some rows, no further than to where the first row is on top.
    pub(super) fn scroll_up(&self, room: &Room, by: usize) -> Option<Anchor> {
        let (width, height) = self.conversation_size();
        let mut places: Vec<Anchor> = Vec::new();
        self.walk_up(room, width, |entry, block, last| {
            let rows = (0..block.len().min(last + 1)).rev();
            places.extend(rows.map(|row| Anchor { id: entry.event.id.clone(), row }));
            places.len() < by + height
        });
        let place = by.min(places.len().saturating_sub(height));
        if place == 0 { room.scroll.clone() } else { places.into_iter().nth(place) }
    }

    /// Goes down some rows; `None` at the newest.
    pub(super) fn scroll_down(&self, room: &Room, by: usize) -> Option<Anchor> {
        let (width, _) = self.conversation_size();
        let Anchor { id, row } = room.scroll.clone()?;
        let here = room.timeline.entry(&id)?;
        let mut left = by;
        let length = self.block_of(room, here, width).len();
        if row + left < length {
            return Some(Anchor { id, row: row + left });
        }
        left -= length.saturating_sub(row + 1).min(left);
        for entry in room.timeline.after(&id) {
            let length = self.block_of(room, entry, width).len();
            if left <= length && left > 0 {
                return Some(Anchor { id: entry.event.id.clone(), row: left - 1 });
            }
            left -= length.min(left);
        }
        None
    }

    /// Where the conversation stands when an event is to be seen: no further away than it must be.
    pub(super) fn scroll_to(&self, room: &Room, id: &str) -> Option<Anchor> {
        let (width, height) = self.conversation_size();
        let entry = room.timeline.entry(id)?;
        if room.scroll.as_ref().is_some_and(|anchor| *anchor.id <= *id) {
            let row = self.block_of(room, entry, width).len().saturating_sub(1);
            let is_newest = room.timeline.after(id).next().is_none();
            return (!is_newest).then(|| Anchor { id: id.to_owned(), row });
        }
        let mut up_to_it = 0;
        self.walk_up(room, width, |entry, block, last| {
            up_to_it += block.len().min(last + 1);
            *entry.event.id > *id
        });
        let outgoing = room.outgoing.iter().filter(|_| room.scroll.is_none());
        let below: usize = outgoing.map(|it| self.outgoing_rows(it, width).len() + 1).sum();
        if up_to_it + below <= height {
            return room.scroll.clone();
        }
        self.scroll_up(room, up_to_it.saturating_sub(height).max(1))
    }

    /// An event of a thread as lines of a panel: texts stand further right than senders.
    pub(super) fn thread_lines(&self, event: &HistoryEvent, width: usize) -> String {
        let mut lines = format!("{} {}\n", self.clock(&event.time), self.short(&event.sender));
        let (text, _) = shown_text(&event.content, &self.paint());
        for range in wrap(&text, width.saturating_sub(GUTTER).max(2)) {
            lines.push_str(&format!("{:GUTTER$}{}\n", "", &text[range]));
        }
        lines
    }

    /// Hands out the events from the lowest one shown upwards, each with its rows and the lowest of
    /// them that is shown, while more are wanted.
    fn walk_up(
        &self,
        room: &Room,
        width: usize,
        mut take: impl FnMut(&Entry, Vec<Row>, usize) -> bool,
    ) {
        let newest = room.timeline.last().map(|event| event.id.clone());
        let lowest = room.scroll.as_ref().map(|anchor| anchor.id.clone()).or(newest);
        let Some(lowest) = lowest else { return };
        let mut entries =
            room.timeline.up_to(&lowest).filter(|entry| is_shown(room, entry)).peekable();
        while let Some(entry) = entries.next() {
            let block = self.block(room, entry, entries.peek().copied(), width);
            let last = match &room.scroll {
                Some(anchor) if anchor.id == entry.event.id => anchor.row,
                _ => usize::MAX - 1,
            };
            if !take(entry, block, last) {
                return;
            }
        }
    }

    fn block_of(&self, room: &Room, entry: &Entry, width: usize) -> Vec<Row> {
        if !is_shown(room, entry) {
            return Vec::new();
        }
        let before = room.timeline.up_to(&entry.event.id).skip(1).find(|e| is_shown(room, e));
        self.block(room, entry, before, width)
    }

    /// The rows of one event, with what separates it from the one before.
    fn block(&self, room: &Room, entry: &Entry, before: Option<&Entry>, width: usize) -> Vec<Row> {
        let event = &entry.event;
        let paint = self.paint();
        let mut rows = Vec::new();
        if entry.is_after_gap {
            let text = if room.is_loading { "loading older messages" } else { "older messages" };
            rows.push(rule(text, width, paint.dim()));
        }
        let day = self.day(&event.time);
        if before.is_none_or(|before| self.day(&before.event.time) != day) {
            let text = day.map(|day| day.strftime("%A, %-d %B %Y").to_string());
            rows.push(rule(&text.unwrap_or_default(), width, paint.dim()));
        }
        let is_first_unread = room.new_from.as_ref().is_some_and(|from| {
            let is_new = |event: &HistoryEvent| event.id >= *from && event.sender != self.me;
            is_new(event) && before.is_none_or(|before| before.event.id < *from)
        });
        if is_first_unread {
            rows.push(rule("new", width, paint.alarm()));
        }
        if !is_text(&event.content) {
            rows.extend(self.notice_rows(room, event, width));
            return rows;
        }
        let continues = rows.is_empty()
            && before.is_some_and(|before| {
                is_text(&before.event.content)
                    && before.event.sender == event.sender
                    && self.is_soon_after(&before.event.time, &event.time)
            });
        if !continues {
            rows.push(self.name_row(&event.sender, width));
        }
        rows.extend(self.message_rows(room, event, width));
        rows
    }

    /// A name above messages: further left than any text can stand, so that no text can look like
    /// one.
    fn name_row(&self, account: &str, width: usize) -> Row {
        let name = cut(&self.short(account), width.saturating_sub(1));
        let style = self.paint().sender(account, account == self.me);
        let left = width.saturating_sub(1 + columns(&name));
        let mut row = Line::from(vec![Span::raw(" "), Span::styled(name, style)]);
        row.extend(self.called(account, left));
        row
    }

    /// How an account wants to be called, to stand behind it: what comes first is always the
    /// account, since anybody may take any name.
    pub(super) fn called(&self, account: &str, width: usize) -> Option<Span<'static>> {
        let name = self.people.name(account).filter(|_| width >= CALLED_COLUMNS_MIN)?;
        Some(Span::styled(format!("  {}", cut(name, width - 2)), self.paint().dim()))
    }

    fn message_rows(&self, room: &Room, event: &HistoryEvent, width: usize) -> Vec<Row> {
        let paint = self.paint();
        let inner = width.saturating_sub(GUTTER).max(2);
        let mut rows = Vec::new();
        let extra = event.extra.as_deref();
        if let Some(answered) = extra.and_then(|extra| extra.reply_to.as_deref()) {
            let text = self.quoted(room, answered);
            rows.push(Line::styled(cut(&text, inner), paint.dim()));
        } else if let Some(thread) = extra.and_then(|extra| extra.thread.as_deref()) {
            let text = format!("in a thread {}", self.quoted(room, thread));
            rows.push(Line::styled(cut(&text, inner), paint.dim()));
        }
        let (text, style) = shown_text(&event.content, &paint);
        let called = calls(&text, &self.me);
        for range in wrap(&text, inner) {
            let mut spans = Vec::new();
            let mut at = range.start;
            for call in &called {
                let (from, to) = (call.start.max(at), call.end.min(range.end));
                if from < to {
                    spans.push(Span::styled(text[at..from].to_owned(), style));
                    spans.push(Span::styled(text[from..to].to_owned(), paint.call()));
                    at = to;
                }
            }
            spans.push(Span::styled(text[at..range.end].to_owned(), style));
            rows.push(Line::from(spans));
        }
        let marks = self.marks(room, event);
        if !marks.is_empty() {
            append(&mut rows, &marks, inner, paint.dim());
        }
        if let Some(extra) = extra {
            let mut line = Vec::new();
            for reaction in extra.reactions.iter().take(REACTIONS_MAX) {
                line.push(format!("{} {}", clean(&reaction.reaction), reaction.count));
            }
            if let Some(replies) = extra.replies.as_ref().filter(|replies| replies.count > 0) {
                let word = if replies.count == 1 { "reply" } else { "replies" };
                line.push(format!("{} {word}", replies.count));
            }
            if !line.is_empty() {
                rows.push(Line::styled(cut(&line.join("  "), inner), paint.dim()));
            }
        }
        let is_call = event.sender != self.me && mentions_me(event, &self.me);
        let is_chosen = room.chosen().is_some_and(|chosen| chosen.id == event.id);
        let mark = match (is_chosen, is_call) {
            (true, _) => Span::styled("▸", paint.chosen()),
            (_, true) => Span::styled("@", paint.call()),
            _ => Span::raw(" "),
        };
        self.with_gutter(rows, &event.time, &mark)
    }

    /// What is said of a message behind its text.
    fn marks(&self, room: &Room, event: &HistoryEvent) -> String {
        let mut marks = Vec::new();
        if event.is_late {
            marks.push("(late)".to_owned());
        }
        if let Some(extra) = &event.extra {
            if extra.edited_time.is_some() {
                marks.push("(edited)".to_owned());
            }
            if extra.pinned {
                marks.push("(pinned)".to_owned());
            }
        }
        if event.sender == self.me && matches!(event.content, Content::Message { .. }) {
            marks.push(self.delivery(room, &event.id));
        }
        marks.join(" ")
    }

    /// How far an own message has come.
    fn delivery(&self, room: &Room, id: &str) -> String {
        let readers =
            room.reads.iter().filter(|(account, read)| **account != self.me && read.as_str() >= id);
        let read = match readers.count() {
            0 => String::new(),
            _ if room.is_direct() => " read".to_owned(),
            count => format!(" read by {count}"),
        };
        let state = match room.timeline.delivered(id) {
            Some(notice) if notice.of <= 1 => "✓".to_owned(),
            Some(notice) if notice.organisations >= notice.of => {
                format!("✓✓ {} of {}", notice.of, notice.of)
            }
            Some(notice) if notice.organisations > 1 => {
                format!("✓✓ {} of {}", notice.organisations, notice.of)
            }
            Some(notice) => format!("✓ {} of {}", notice.organisations, notice.of),
            None => "✓".to_owned(),
        };
        state + &read
    }

    fn outgoing_rows(&self, outgoing: &Outgoing, width: usize) -> Vec<Row> {
        let paint = self.paint();
        let inner = width.saturating_sub(GUTTER).max(2);
        let text = clean_block(&outgoing.text);
        let line = |range: std::ops::Range<usize>| Line::raw(text[range].to_owned());
        let mut rows: Vec<Row> = wrap(&text, inner).into_iter().map(line).collect();
        let (mark, style) = match &outgoing.state {
            OutgoingState::Queued => ("… queued".to_owned(), paint.dim()),
            OutgoingState::Stored(_) => ("✓".to_owned(), paint.dim()),
            OutgoingState::Refused(why) => (format!("✗ not sent: {}", clean(why)), paint.alarm()),
        };
        append(&mut rows, &mark, inner, style);
        let time = Timestamp::from_millisecond(outgoing.time_ms).unwrap_or_default();
        let time = time.to_string();
        self.with_gutter(rows, &time, &Span::raw(" "))
    }

    /// Something that happened and is no message.
    fn notice_rows(&self, room: &Room, event: &HistoryEvent, width: usize) -> Vec<Row> {
        let id = &room.info.id;
        let mut what = said(&event.content, |_| String::new(), id, (&event.sender, &self.me));
        if matches!(&event.content, Content::Invited { account, .. } if *account == self.me) {
            what = format!("* invites you to {}: /accept or /decline", room.title());
        }
        let what = match &event.content {
            Content::Joined { account } if *account == event.sender => "joined".to_owned(),
            Content::Left { account } if *account == event.sender => "left".to_owned(),
            Content::Removed { account } if *account == event.sender => what,
            content => match about(content) {
                Some(account) => what.replace(&clean(account), &self.short(account)),
                None => what,
            },
        };
        let what = what.strip_prefix("* ").unwrap_or(&what);
        let text = format!("{} {what}", self.short(&event.sender)).replace('\n', " ");
        let inner = width.saturating_sub(GUTTER).max(2);
        let style = self.paint().dim();
        let line = |range: std::ops::Range<usize>| Line::styled(text[range].to_owned(), style);
        let rows = wrap(&text, inner).into_iter().map(line).collect();
        self.with_gutter(rows, &event.time, &Span::raw(" "))
    }

    /// A mark before each row, and the time before the first.
    fn with_gutter(&self, rows: Vec<Row>, time: &str, mark: &Span<'static>) -> Vec<Row> {
        let paint = self.paint();
        let with = |(number, mut row): (usize, Row)| {
            let text = if number == 0 { self.clock(time) } else { String::new() };
            row.spans.insert(0, Span::styled(format!("{text:5} "), paint.dim()));
            row.spans.insert(0, mark.clone());
            row
        };
        rows.into_iter().enumerate().map(with).collect()
    }

    /// The message that another one answers, in short.
    fn quoted(&self, room: &Room, id: &str) -> String {
        let Some(entry) = room.timeline.entry(id) else {
            return "↪ an earlier message".to_owned();
        };
        let (text, _) = shown_text(&entry.event.content, &self.paint());
        format!("↪ {}: {}", self.short(&entry.event.sender), text.replace('\n', " "))
    }

    fn day(&self, time: &str) -> Option<Date> {
        let time: Timestamp = time.parse().ok()?;
        Some(time.to_zoned(self.zone.clone()).date())
    }

    fn clock(&self, time: &str) -> String {
        let Ok(time) = time.parse::<Timestamp>() else { return "??:??".to_owned() };
        time.to_zoned(self.zone.clone()).strftime("%H:%M").to_string()
    }

    fn is_soon_after(&self, before: &str, after: &str) -> bool {
        match (before.parse::<Timestamp>(), after.parse::<Timestamp>()) {
            (Ok(before), Ok(after)) => {
                (after.as_second() - before.as_second()).abs() < SAME_BREATH_SECONDS
            }
            _ => false,
        }
    }

    pub(super) fn paint(&self) -> Paint {
        Paint { has_colours: self.has_colours }
    }
}

/// Events that only change another one are shown there. An invitation from another organisation
/// comes twice, as it is told and as the group has it: once is enough.
fn is_shown(room: &Room, entry: &Entry) -> bool {
    match &entry.event.content {
        Content::Invited { account, .. } => {
            let before = room.timeline.up_to(&entry.event.id).skip(1).map(|entry| &entry.event);
            let mut of_it = before.filter(|event| about(&event.content) == Some(account));
            of_it.next().is_none_or(|last| {
                let is_same = matches!(last.content, Content::Invited { .. });
                !is_same || last.sender != entry.event.sender
            })
        }
        Content::Edited { message, .. }
        | Content::Erased { message }
        | Content::Reacted { message, .. } => room.timeline.entry(message).is_none(),
        _ => true,
    }
}

/// The account that something was done to.
fn about(content: &Content) -> Option<&str> {
    match content {
        Content::Banned { account }
        | Content::Contact { account, .. }
        | Content::Invited { account, .. }
        | Content::Joined { account }
        | Content::Left { account }
        | Content::Removed { account }
        | Content::RoleChanged { account, .. }
        | Content::Unbanned { account } => Some(account),
        _ => None,
    }
}

fn shown_text(content: &Content, paint: &Paint) -> (String, Style) {
    match content {
        Content::Message { text: Some(text) } => (clean_block(text), Style::new()),
        Content::ErasedMessage => ("(this message was erased)".to_owned(), paint.dim()),
        Content::ExpiredMessage => {
            ("(this message is older than what is kept)".to_owned(), paint.dim())
        }
        _ => ("(this message's text is not held here)".to_owned(), paint.dim()),
    }
}

/// Puts marks behind the last row, or below it where they do not fit.
fn append(rows: &mut Vec<Row>, marks: &str, width: usize, style: Style) {
    if let Some(last) = rows.last_mut()
        && last.width() + 1 + columns(marks) <= width
    {
        last.spans.push(Span::styled(format!(" {marks}"), style));
        return;
    }
    rows.extend(wrap(marks, width).into_iter().map(|r| Line::styled(marks[r].to_owned(), style)));
}

/// A rule across the window with a word in it.
fn rule(text: &str, width: usize, style: Style) -> Row {
    let text = format!("── {} ", cut(text, width.saturating_sub(6)));
    let rest = width.saturating_sub(columns(&text));
    Line::styled(text + &"─".repeat(rest), style)
}

/// A mark, the time and a blank.
const GUTTER: usize = 7;
/// Messages of one sender closer than this stand under one name.
const SAME_BREATH_SECONDS: i64 = 300;
/// Less of a name tells nothing.
const CALLED_COLUMNS_MIN: usize = 6;
/// Kinds of reactions that are shown of one message.
const REACTIONS_MAX: usize = 12;
