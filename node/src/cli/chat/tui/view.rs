//! The window: the list on the left, the open channel on the right, what is written below it, and a
//! line that says how things are. Pure: it draws the model and changes nothing.

use ratatui::Frame;
use ratatui::layout::{Position, Rect};
use ratatui::style::Style;
use ratatui::text::{Line, Span};
use ratatui::widgets::{Block, Clear, Paragraph};

use super::model::{Line as Connection, Model, Overlay};
use super::room::Room;
use super::wrap::{columns, cut, wrap};
use crate::cli::chat::input::HELP;
use crate::cli::chat::text::{clean, clean_block};

/// Where things stand in a window of a size.
struct Areas {
    list: Rect,
    bar: Rect,
    header: Rect,
    conversation: Rect,
    rule: Rect,
    editor: Rect,
    status: Rect,
}

/// Draws the window.
pub(super) fn draw(model: &Model, frame: &mut Frame<'_>) {
    let areas = model.areas();
    model.draw_list(frame, areas.list);
    let bar: Vec<Line<'_>> = (0..areas.bar.height).map(|_| Line::from("│")).collect();
    frame.render_widget(Paragraph::new(bar).style(model.paint().dim()), areas.bar);
    model.draw_room(frame, &areas);
    model.draw_editor(frame, &areas);
    model.draw_status(frame, areas.status);
    model.draw_overlay(frame);
}

impl Model {
    /// The columns and rows in which a conversation is shown.
    pub(super) fn conversation_size(&self) -> (usize, usize) {
        let area = self.areas().conversation;
        (usize::from(area.width), usize::from(area.height))
    }

    pub(super) fn editor_width(&self) -> usize {
        usize::from(self.areas().editor.width).saturating_sub(PROMPT.len())
    }

    pub(super) fn panel_width(&self) -> usize {
        usize::from(self.size.0.saturating_sub(4)).min(PANEL_COLUMNS_MAX)
    }

    fn areas(&self) -> Areas {
        let (width, height) = self.size;
        let list_width = if width < LIST_FROM_COLUMNS { 0 } else { (width * 3 / 10).clamp(16, 32) };
        let bar_width = u16::from(list_width > 0);
        let left = list_width + bar_width;
        let (right, body) = (width.saturating_sub(left), height.saturating_sub(1));
        let editor_columns = usize::from(right).saturating_sub(PROMPT.len());
        let (lines, _) = self.editor.layout(editor_columns);
        let most = (height / 3).max(1);
        let editor = u16::try_from(lines.len()).unwrap_or(most).clamp(1, most);
        let conversation = body.saturating_sub(2 + editor);
        let row = |y: u16, height: u16| Rect::new(left, y, right, height.min(body));
        Areas {
            list: Rect::new(0, 0, list_width, body),
            bar: Rect::new(list_width, 0, bar_width, body),
            header: row(0, 1),
            conversation: row(1, conversation),
            rule: row(1 + conversation, 1),
            editor: row(2 + conversation, editor),
            status: Rect::new(0, body, width, height.min(1)),
        }
    }

    fn draw_list(&self, frame: &mut Frame<'_>, area: Rect) {
        let width = usize::from(area.width);
        let height = usize::from(area.height);
        let rooms = self.listed();
        let mut lines = Vec::new();
        let mut open_row = 0;
        let mut was_invitation = None;
        for (room, number) in rooms.iter().zip(1..) {
            let is_invitation = room.is_invitation();
            if was_invitation != Some(is_invitation) {
                let title = if is_invitation { "invitations" } else { "channels" };
                lines.push(Line::styled(cut(title, width), self.paint().dim()));
                was_invitation = Some(is_invitation);
            }
            if self.open.as_ref() == Some(&room.info.id) {
                open_row = lines.len();
            }
            lines.push(self.list_row(room, number, width));
        }
        if rooms.is_empty() {
            lines.push(Line::styled(cut("no channels yet", width), self.paint().dim()));
        }
        // The open one is always on the screen.
        let skip = (open_row + 1).saturating_sub(height);
        let shown: Vec<_> = lines.into_iter().skip(skip).take(height).collect();
        frame.render_widget(Paragraph::new(shown), area);
    }

    fn list_row(&self, room: &Room, number: usize, width: usize) -> Line<'static> {
        let paint = self.paint();
        let is_open = self.open.as_ref() == Some(&room.info.id);
        let (title, presence) = match &room.info.with {
            Some(with) => (self.short(with), Some(self.presence(with))),
            None => (room.title(), None),
        };
        let (mark, mark_style) = match presence {
            Some((mark, style)) => (mark, style),
            None if room.is_invitation() => ("?", paint.call()),
            None => (" ", Style::new()),
        };
        let count = match (room.mentions, room.unread) {
            (0, 0) if !room.draft.is_empty() && !is_open => "draft".to_owned(),
            (0, 0) => String::new(),
            (0, unread) => capped(unread),
            (mentions, unread) => format!("@{} {}", capped(mentions), capped(unread)),
        };
        let number = format!("{number:>2}");
        let room_for_title = width.saturating_sub(columns(&number) + 3 + columns(&count) + 1);
        let title = cut(&title, room_for_title);
        let left = room_for_title.saturating_sub(columns(&title));
        let name = room.info.with.as_ref().and_then(|with| self.called(with, left));
        let gap = left.saturating_sub(name.as_ref().map_or(0, Span::width));
        let title_style = match () {
            () if is_open => paint.chosen(),
            () if room.unread > 0 => paint.strong(),
            () => Style::new(),
        };
        let count_style = if room.mentions > 0 { paint.call() } else { paint.strong() };
        let end = if is_open { paint.chosen() } else { count_style };
        let mut name = name.unwrap_or_default();
        if is_open {
            name.style = paint.chosen();
        }
        let gap = Span::styled(" ".repeat(gap), title_style);
        Line::from(vec![
            Span::styled(number, if is_open { paint.chosen() } else { paint.dim() }),
            Span::styled(format!(" {mark} "), if is_open { paint.chosen() } else { mark_style }),
            Span::styled(title, title_style),
            name,
            gap,
            Span::styled(format!("{count} "), end),
        ])
    }

    /// A mark for whether somebody is there; a blank where that is not known.
    fn presence(&self, account: &str) -> (&'static str, Style) {
        let paint = self.paint();
        match self.presences.get(account).map(|presence| presence.state.as_str()) {
            Some("online") => ("●", paint.good()),
            Some("away") => ("◐", paint.call()),
            Some("busy") => ("⊖", paint.alarm()),
            Some("offline") => ("○", paint.dim()),
            _ => (" ", paint.dim()),
        }
    }

    fn draw_room(&self, frame: &mut Frame<'_>, areas: &Areas) {
        let width = usize::from(areas.header.width);
        let paint = self.paint();
        let Some(room) = self.open_room() else {
            let lines = [
                "No channel is open.",
                "",
                "Ctrl+K or Tab opens one; /open name@domain begins a new one,",
                "/new NAME makes a group. F1 helps.",
            ];
            let lines: Vec<_> = lines
                .iter()
                .flat_map(|line| wrap(line, width.max(2)).into_iter().map(|r| line[r].to_owned()))
                .map(Line::from)
                .collect();
            frame.render_widget(Paragraph::new(lines), areas.conversation);
            return;
        };
        frame.render_widget(Paragraph::new(self.header(room, width)), areas.header);
        if room.is_invitation() {
            let text = format!(
                "You are invited to {}.\n\n/accept comes in, /decline stays out.",
                room.title()
            );
            let lines: Vec<_> = wrap(&text, width).into_iter().map(|r| &text[r]).collect();
            let lines: Vec<_> = lines.into_iter().map(Line::from).collect();
            frame.render_widget(Paragraph::new(lines), areas.conversation);
        } else {
            let (width, height) = self.conversation_size();
            let rows = self.rows(room, width, height);
            let shown = u16::try_from(rows.len()).unwrap_or(areas.conversation.height);
            let shown = shown.min(areas.conversation.height);
            let mut area = areas.conversation;
            // A short conversation stands at the bottom, where the next line is written.
            area.y += area.height - shown;
            area.height = shown;
            frame.render_widget(Paragraph::new(rows), area);
        }
        let rule = self.rule(room, width);
        frame.render_widget(Paragraph::new(rule).style(paint.dim()), areas.rule);
    }

    fn header(&self, room: &Room, width: usize) -> Line<'static> {
        let paint = self.paint();
        let mut spans = vec![Span::styled(cut(&room.title(), width), paint.strong())];
        if let Some(with) = &room.info.with {
            let left = width.saturating_sub(spans[0].width());
            spans.extend(self.called(with, left));
        }
        let mut more = Vec::new();
        if let Some(with) = &room.info.with
            && let Some(presence) = self.presences.get(with).filter(|it| it.state != "unknown")
        {
            more.push(clean(&presence.state));
            more.extend(presence.status.as_deref().map(clean));
        }
        let topic = room.info.topic.as_deref().unwrap_or_default();
        if !topic.is_empty() {
            more.push(clean(&topic.replace('\n', " ")));
        }
        if room.info.standing == "joining" {
            more.push("its organisation has not let you in yet".to_owned());
        }
        let used: usize = spans.iter().map(Span::width).sum();
        let left = width.saturating_sub(used + 2);
        let more = cut(&more.join(" · "), left);
        spans.push(Span::styled(format!("  {more}"), paint.dim()));
        Line::from(spans)
    }

    /// The rule above the editor: what can be done with the chosen message, who writes, and that
    /// there is more below.
    fn rule(&self, room: &Room, width: usize) -> String {
        let writing: Vec<String> = room.typing.keys().map(|account| self.short(account)).collect();
        let writing = match &writing[..] {
            [] => String::new(),
            [one] => format!(" {one} is writing… "),
            [one, two] => format!(" {one} and {two} are writing… "),
            more => format!(" {} people are writing… ", more.len()),
        };
        let below = match (&room.scroll, room.unread) {
            (None, _) => String::new(),
            (Some(_), 0) => " End: to the newest ".to_owned(),
            (Some(_), unread) => format!(" {} new below, End shows them ", capped(unread)),
        };
        let acts = self.acts().unwrap_or_default();
        let text = cut(&format!("──{acts}{writing}{below}"), width);
        let rest = width.saturating_sub(columns(&text));
        text + &"─".repeat(rest)
    }

    fn draw_editor(&self, frame: &mut Frame<'_>, areas: &Areas) {
        let area = areas.editor;
        let (lines, (column, row)) = self.editor.layout(self.editor_width());
        let height = usize::from(area.height);
        let skip = (row + 1).saturating_sub(height);
        let prompt = |number: usize| if number == 0 { PROMPT } else { "  " };
        let shown: Vec<_> = lines
            .iter()
            .enumerate()
            .skip(skip)
            .take(height)
            .map(|(number, line)| Line::from(format!("{}{}", prompt(number), clean(line))))
            .collect();
        frame.render_widget(Paragraph::new(shown), area);
        if self.overlay == Overlay::None && area.height > 0 {
            let at = |value: usize| u16::try_from(value).unwrap_or(u16::MAX);
            let x = area.x.saturating_add(at(PROMPT.len() + column));
            let x = x.min(area.right().saturating_sub(1));
            frame.set_cursor_position(Position::new(x, area.y + at(row - skip)));
        }
    }

    fn draw_status(&self, frame: &mut Frame<'_>, area: Rect) {
        let paint = self.paint();
        let width = usize::from(area.width);
        let (state, style) = match &self.line {
            Connection::Connecting => ("connecting".to_owned(), paint.dim()),
            Connection::Online => ("online".to_owned(), paint.good()),
            Connection::Offline { until_ms, .. } => {
                let left = (until_ms - self.now_ms).max(0);
                let when = match (left + 999) / 1_000 {
                    0 => "connecting now".to_owned(),
                    seconds => format!("again in {seconds} s"),
                };
                (format!("offline, {when}"), paint.alarm())
            }
        };
        let queued = match self.queued() {
            0 => String::new(),
            count => format!(" · {count} queued"),
        };
        let right = " F1 help ";
        let left = format!(" {state}{queued}");
        let room = width.saturating_sub(columns(&left) + columns(right) + 3);
        let middle = match (&self.notice, &self.line) {
            (Some(notice), _) => clean(&notice.text),
            (None, Connection::Offline { reason, .. }) => reason.clone(),
            (None, _) => clean(&self.me),
        };
        let middle = cut(&middle, room);
        let gap = room.saturating_sub(columns(&middle));
        let middle_style = if self.notice.is_some() { paint.strong() } else { paint.dim() };
        let spans = vec![
            Span::styled(left, style),
            Span::styled(" · ", paint.dim()),
            Span::styled(middle, middle_style),
            Span::raw(" ".repeat(gap)),
            Span::styled(right, paint.dim()),
        ];
        frame.render_widget(Paragraph::new(Line::from(spans)), area);
    }

    fn draw_overlay(&self, frame: &mut Frame<'_>) {
        match &self.overlay {
            Overlay::None => {}
            Overlay::Help { scroll } => {
                self.draw_panel(frame, " help ", &format!("{KEYS}\n{HELP}"), *scroll);
            }
            Overlay::Panel { text, scroll } => {
                self.draw_panel(frame, " Esc closes ", text, *scroll)
            }
            Overlay::People { listed, scroll } => {
                self.draw_panel(frame, " Esc closes ", &self.people.listing(listed), *scroll);
            }
            Overlay::Switcher { typed, place } => self.draw_switcher(frame, typed, *place),
        }
    }

    fn draw_panel(&self, frame: &mut Frame<'_>, title: &str, text: &str, scroll: usize) {
        let (_, height) = self.size;
        let text = clean_block(text.trim_end());
        let inner = self.panel_width();
        let lines: Vec<&str> = wrap(&text, inner).into_iter().map(|range| &text[range]).collect();
        let most = usize::from(height.saturating_sub(4)).max(1);
        let shown = lines.len().min(most);
        let skip = scroll.min(lines.len() - shown);
        let widest = lines.iter().map(|line| columns(line)).max().unwrap_or(0).max(columns(title));
        let area = centred(self.size, widest + 2, shown + 2);
        let body: Vec<_> = lines[skip..skip + shown].iter().copied().map(Line::from).collect();
        let mut block = Block::bordered().title(title.to_owned());
        if skip + shown < lines.len() {
            block = block.title_bottom(" more: ↓ ");
        }
        clear(frame, area);
        frame.render_widget(Paragraph::new(body).block(block), area);
    }

    fn draw_switcher(&self, frame: &mut Frame<'_>, typed: &str, place: usize) {
        let (width, height) = self.size;
        let inner = usize::from(width.saturating_sub(4)).min(SWITCHER_COLUMNS);
        let most = usize::from(height.saturating_sub(6)).clamp(1, 10);
        let found = self.found(typed);
        let skip = (place + 1).saturating_sub(most);
        let mut lines = vec![Line::from(cut(&format!("> {}", clean(typed)), inner))];
        for (number, room) in found.iter().enumerate().skip(skip).take(most) {
            let style = if number == place { self.paint().chosen() } else { Style::new() };
            let title = cut(&format!("  {}", room.title()), inner);
            let left = inner.saturating_sub(columns(&title));
            let mut line = Line::styled(title, style);
            line.extend(room.info.with.as_ref().and_then(|with| self.called(with, left)));
            lines.push(line);
        }
        if found.is_empty() {
            lines.push(Line::styled(cut("  none is called so", inner), self.paint().dim()));
        }
        let area = centred(self.size, inner + 2, lines.len() + 2);
        let block = Block::bordered().title(" go to ");
        clear(frame, area);
        frame.render_widget(Paragraph::new(lines).block(block), area);
        let x = area.x + 3 + u16::try_from(columns(typed)).unwrap_or(0);
        frame.set_cursor_position(Position::new(x.min(area.right() - 1), area.y + 1));
    }
}

/// Makes room for something in front, also where it would cover half of a wide character.
fn clear(frame: &mut Frame<'_>, area: Rect) {
    frame.render_widget(Clear, area);
    if let Some(left) = area.x.checked_sub(1) {
        let buffer = frame.buffer_mut();
        for y in area.top()..area.bottom() {
            if let Some(cell) = buffer.cell_mut((left, y))
                && columns(cell.symbol()) > 1
            {
                cell.set_symbol(" ");
            }
        }
    }
}

fn centred((width, height): (u16, u16), inner_width: usize, inner_height: usize) -> Rect {
    let fit = |wanted: usize, most: u16| u16::try_from(wanted).unwrap_or(most).min(most);
    let (w, h) = (fit(inner_width, width), fit(inner_height, height));
    Rect::new((width - w) / 2, (height - h) / 2, w, h)
}

fn capped(count: u32) -> String {
    if count > 999 { "999+".to_owned() } else { count.to_string() }
}

const PROMPT: &str = "> ";
/// Below this width there is no room for a list; Ctrl+K shows it.
const LIST_FROM_COLUMNS: u16 = 48;
const PANEL_COLUMNS_MAX: usize = 96;
const SWITCHER_COLUMNS: usize = 40;
const KEYS: &str =
    "  Tab, Ctrl+N, Alt+↓    the next channel; Shift+Tab, Ctrl+P, Alt+↑ the one before
  Ctrl+K                go to a channel by a part of its name
  PageUp, PageDown      older and newer messages; End the newest
  Enter                 send; Alt+Enter or Ctrl+J begins a new line
  Ctrl+↑, Ctrl+↓        what you sent before
  Ctrl+C                end
  ↑, ↓                  in an empty line: choose a message; Esc lets it go. With it:
  /reply TEXT           answer it
  /react 👍             react to it, or take that back
  /edit                 change it, where it is yours
  /pin, /unpin          pin it, or take the pin off
  /thread [TEXT]        its thread, or a text for that
  /delete               erase it, for everybody
";
