//! What each key does. Pure: it changes the model and says what is to be done.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::editor::Step;
use super::model::{Effect, Model, Overlay};
use super::room::Room;

impl Model {
    pub(super) fn take_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        if key.kind == KeyEventKind::Release {
            return Vec::new();
        }
        match std::mem::replace(&mut self.overlay, Overlay::None) {
            Overlay::None => {}
            Overlay::Switcher { typed, place } => return self.switcher_key(key, typed, place),
            mut overlay => {
                let (Overlay::Help { scroll }
                | Overlay::Panel { scroll, .. }
                | Overlay::People { scroll, .. }) = &mut overlay
                else {
                    return Vec::new();
                };
                match key.code {
                    KeyCode::Down => *scroll = scroll.saturating_add(1),
                    KeyCode::Up => *scroll = scroll.saturating_sub(1),
                    KeyCode::PageDown => *scroll = scroll.saturating_add(PANEL_PAGE),
                    KeyCode::PageUp => *scroll = scroll.saturating_sub(PANEL_PAGE),
                    KeyCode::Esc | KeyCode::Enter | KeyCode::F(1) => return Vec::new(),
                    // Whoever goes on typing has read it.
                    _ => return self.plain_key(key),
                }
                self.overlay = overlay;
                return Vec::new();
            }
        }
        self.plain_key(key)
    }

    fn plain_key(&mut self, key: KeyEvent) -> Vec<Effect> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let alt = key.modifiers.contains(KeyModifiers::ALT);
        match key.code {
            KeyCode::Char(c) if ctrl => return self.control_key(c.to_ascii_lowercase()),
            KeyCode::Tab => return self.step(1),
            KeyCode::BackTab => return self.step(-1),
            KeyCode::Down if alt => return self.step(1),
            KeyCode::Up if alt => return self.step(-1),
            KeyCode::Up if ctrl => self.editor.recall_older(),
            KeyCode::Down if ctrl => self.editor.recall_newer(),
            KeyCode::PageUp => self.page(true),
            KeyCode::PageDown => self.page(false),
            KeyCode::F(1) => self.overlay = Overlay::Help { scroll: 0 },
            KeyCode::Char('?') if self.editor.is_empty() && !alt => {
                self.overlay = Overlay::Help { scroll: 0 };
            }
            KeyCode::Enter if alt || key.modifiers.contains(KeyModifiers::SHIFT) => {
                self.editor.insert("\n");
            }
            KeyCode::Enter => return self.enter(),
            KeyCode::Char(c) if !alt => {
                self.editor.insert(c.encode_utf8(&mut [0; 4]));
                return self.typed();
            }
            _ => self.editing_key(key.code, alt),
        }
        Vec::new()
    }

    fn control_key(&mut self, c: char) -> Vec<Effect> {
        match c {
            'c' => return self.quit(),
            'd' if self.editor.is_empty() => return self.quit(),
            'n' => return self.step(1),
            'p' => return self.step(-1),
            'k' => self.overlay = Overlay::Switcher { typed: String::new(), place: 0 },
            'l' => return vec![Effect::Redraw],
            // What a terminal sends for Ctrl+Enter, and for a line feed.
            'j' => self.editor.insert("\n"),
            'a' => self.editor.go(Step::LineStart),
            'e' => self.editor.go(Step::LineEnd),
            'b' => self.editor.go(Step::Left),
            'f' => self.editor.go(Step::Right),
            'd' => self.editor.delete_after(Step::Right),
            'h' => self.editor.delete_before(Step::Left),
            'w' => self.editor.delete_before(Step::WordLeft),
            'u' => self.editor.delete_before(Step::LineStart),
            _ => {}
        }
        Vec::new()
    }

    fn editing_key(&mut self, code: KeyCode, alt: bool) {
        let width = self.editor_width();
        match code {
            KeyCode::Backspace if alt => self.editor.delete_before(Step::WordLeft),
            KeyCode::Backspace => self.editor.delete_before(Step::Left),
            KeyCode::Delete => self.editor.delete_after(Step::Right),
            KeyCode::Left if alt => self.editor.go(Step::WordLeft),
            KeyCode::Right if alt => self.editor.go(Step::WordRight),
            KeyCode::Left => self.editor.go(Step::Left),
            KeyCode::Right => self.editor.go(Step::Right),
            KeyCode::Home => self.editor.go(Step::LineStart),
            // Where there is nowhere to go in the text, it is the conversation's end.
            KeyCode::End if self.editor.is_at_end() => self.go_to_newest(),
            KeyCode::End => self.editor.go(Step::LineEnd),
            KeyCode::Up if self.editor.is_empty() && self.choose_older() => {}
            KeyCode::Up => self.editor.up(width),
            KeyCode::Down if self.editor.is_empty() && self.chosen().is_some() => {
                self.choose_newer();
            }
            KeyCode::Down => self.editor.down(width),
            KeyCode::Esc if self.chosen().is_some() => self.let_go(),
            KeyCode::Esc => {
                self.notice = None;
                self.go_to_newest();
            }
            _ => {}
        }
    }

    fn page(&mut self, up: bool) {
        let (_, height) = self.conversation_size();
        let by = height.saturating_sub(2).max(1);
        let Some(room) = self.open_room() else { return };
        let place = if up { self.scroll_up(room, by) } else { self.scroll_down(room, by) };
        if let Some(room) = self.open.as_ref().and_then(|id| self.rooms.get_mut(id)) {
            room.scroll = place;
        }
    }

    pub(super) fn go_to_newest(&mut self) {
        if let Some(room) = self.open.as_ref().and_then(|id| self.rooms.get_mut(id)) {
            room.scroll = None;
        }
    }

    fn switcher_key(&mut self, key: KeyEvent, mut typed: String, place: usize) -> Vec<Effect> {
        let ctrl = key.modifiers.contains(KeyModifiers::CONTROL);
        let found = self.found(&typed);
        let mut place = place.min(found.len().saturating_sub(1));
        match key.code {
            KeyCode::Enter => {
                let id = found.get(place).map(|room| room.info.id.clone());
                return id.map(|id| self.switch_to(&id)).unwrap_or_default();
            }
            KeyCode::Esc => return Vec::new(),
            KeyCode::Char('c') if ctrl => return self.quit(),
            KeyCode::Char('k') if ctrl => return Vec::new(),
            KeyCode::Char('n') if ctrl => place += 1,
            KeyCode::Char('p') if ctrl => place = place.saturating_sub(1),
            KeyCode::Down | KeyCode::Tab => place += 1,
            KeyCode::Up | KeyCode::BackTab => place = place.saturating_sub(1),
            KeyCode::Backspace => {
                typed.pop();
                place = 0;
            }
            KeyCode::Char(c) if !ctrl && typed.chars().count() < SWITCHER_CHARS_MAX => {
                typed.push(c);
                place = 0;
            }
            _ => {}
        }
        place = place.min(self.found(&typed).len().saturating_sub(1));
        self.overlay = Overlay::Switcher { typed, place };
        Vec::new()
    }

    /// Channels whose name has what was typed; those that begin with it come first.
    pub(super) fn found(&self, typed: &str) -> Vec<&Room> {
        let typed = typed.to_lowercase();
        let place = |room: &Room| {
            // Colleagues all have one domain, which tells nothing.
            let title = match &room.info.with {
                Some(with) if !typed.contains('@') => self.short(with),
                _ => room.title(),
            };
            let title = title.to_lowercase();
            let name = room.info.with.as_ref().and_then(|with| self.people.name(with));
            let is_named = name.is_some_and(|name| name.to_lowercase().contains(&typed));
            let is_first = title.trim_start_matches('#').starts_with(typed.trim_start_matches('#'));
            if is_first { Some(0) } else { (title.contains(&typed) || is_named).then_some(1) }
        };
        let mut found: Vec<_> =
            self.listed().into_iter().filter_map(|room| Some((place(room)?, room))).collect();
        found.sort_by_key(|(place, _)| *place);
        found.into_iter().map(|(_, room)| room).collect()
    }
}

const PANEL_PAGE: usize = 10;
const SWITCHER_CHARS_MAX: usize = 100;
