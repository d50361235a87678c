//! A message that is chosen, and what is done with it: one command for each act. Pure.

use comity_client::{Command, Content, Draft, HistoryEvent};

use super::model::{Effect, Model, Overlay};
use super::room::is_choosable;

impl Model {
    /// The message that is chosen in the open channel.
    pub(super) fn chosen(&self) -> Option<&HistoryEvent> {
        self.open_room()?.chosen()
    }

    /// Chooses the newest message that is shown, or the one before the chosen one; false where none
    /// is chosen then.
    pub(super) fn choose_older(&mut self) -> bool {
        match self.older() {
            Some(id) => self.choose(id),
            None => return self.chosen().is_some(),
        }
        true
    }

    /// Chooses the message after the chosen one; behind the newest none is.
    pub(super) fn choose_newer(&mut self) {
        let newer = self.chosen().zip(self.open_room()).and_then(|(event, room)| {
            let mut newer = room.timeline.after(&event.id);
            newer.find(|entry| is_choosable(&entry.event)).map(|entry| entry.event.id.clone())
        });
        match newer {
            Some(id) => self.choose(id),
            None => {
                self.let_go();
                self.go_to_newest();
            }
        }
    }

    /// No message is chosen any more.
    pub(super) fn let_go(&mut self) {
        if let Some(open) = self.open.clone() {
            self.with_room(&open, |room| room.chosen = None);
        }
    }

    /// What can be done with the chosen message, in a line.
    pub(super) fn acts(&self) -> Option<String> {
        let event = self.chosen()?;
        let edit = if event.sender == self.me { "/edit " } else { "" };
        let is_pinned = event.extra.as_ref().is_some_and(|extra| extra.pinned);
        let pin = if is_pinned { "/unpin" } else { "/pin" };
        Some(format!(" {edit}/reply /react {pin} /thread /delete · Esc "))
    }

    /// Does something with the chosen message; `None` where that is no such command.
    pub(super) fn act(&mut self, act: &str, text: &str) -> Option<Vec<Effect>> {
        if !ACTS.contains(&act) {
            return None;
        }
        let Some((event, room)) = self.chosen().zip(self.open_room()) else {
            self.tell("choose a message first: ↑ in an empty line".to_owned());
            return Some(Vec::new());
        };
        let (channel, event) = (room.info.id.clone(), event.clone());
        match self.acted(act, text, &channel, &event) {
            Ok(effect) => {
                self.let_go();
                Some(vec![effect])
            }
            Err(missing) => {
                self.tell(missing.to_owned());
                Some(Vec::new())
            }
        }
    }

    /// What an act on a message is, or what is told instead.
    fn acted(
        &mut self,
        act: &str,
        text: &str,
        channel: &str,
        event: &HistoryEvent,
    ) -> Result<Effect, &'static str> {
        let (channel, message) = (channel.to_owned(), event.id.clone());
        let thread = event.extra.as_ref().and_then(|extra| extra.thread.clone());
        let command = match (act, text) {
            ("delete", _) => Command::Erase { channel, message },
            ("edit", _) if event.sender != self.me => {
                return Err("only your own messages can be changed");
            }
            ("edit", "") => {
                let Content::Message { text: Some(text) } = &event.content else {
                    return Err("its text is not held here");
                };
                self.editor.set(format!("/edit {text}"));
                return Err("change it, and Enter");
            }
            ("edit", text) => Command::Edit { channel, message, text: text.to_owned() },
            ("pin" | "unpin", _) => Command::Pin { channel, message, on: act == "pin" },
            ("react", "") => return Err("with what? /react 👍"),
            ("react", _) => {
                let reaction = text.to_owned();
                let on = !self.has_reacted(event, text);
                Command::React { channel, message, reaction, on }
            }
            ("reply", "") => return Err("what do you answer? /reply TEXT"),
            ("reply", _) => {
                let answer = |draft| Draft { reply_to: Some(message), thread, ..draft };
                return self.send(text, answer).ok_or("it cannot be answered here");
            }
            (_, "") => return Ok(Effect::Thread { channel, message: thread.unwrap_or(message) }),
            (_, _) => {
                let within = |draft| Draft { thread: Some(thread.unwrap_or(message)), ..draft };
                return self.send(text, within).ok_or("it cannot be answered here");
            }
        };
        Ok(Effect::Act(command))
    }

    /// Shows a thread, its beginning first.
    pub(super) fn show_thread(&mut self, channel: &str, message: &str, events: &[HistoryEvent]) {
        let room = self.rooms.get(channel);
        let first = room.and_then(|room| room.timeline.entry(message)).map(|entry| &entry.event);
        let mut text = String::new();
        for event in first.into_iter().chain(events) {
            text.push_str(&self.thread_lines(event, self.panel_width()));
        }
        if events.is_empty() {
            text.push_str("no more is in this thread yet: /thread TEXT begins it\n");
        }
        self.overlay = Overlay::Panel { text, scroll: 0 };
    }

    fn has_reacted(&self, event: &HistoryEvent, reaction: &str) -> bool {
        let mut reactions = event.extra.iter().flat_map(|extra| &extra.reactions);
        reactions.any(|held| held.reaction == reaction && held.accounts.contains(&self.me))
    }

    fn older(&self) -> Option<String> {
        let room = self.open_room().filter(|room| !room.is_invitation())?;
        let chosen = self.chosen().map(|event| &event.id);
        let lowest = room.scroll.as_ref().map(|anchor| &anchor.id);
        let from = chosen.or(lowest).or(room.timeline.last().map(|event| &event.id))?;
        let mut older = room.timeline.up_to(from).skip(usize::from(chosen.is_some()));
        let found = older.find(|entry| is_choosable(&entry.event));
        found.map(|entry| entry.event.id.clone())
    }

    fn choose(&mut self, id: String) {
        let scroll = self.open_room().map(|room| self.scroll_to(room, &id));
        let Some(open) = self.open.clone() else { return };
        self.with_room(&open, |room| {
            room.chosen = Some(id);
            room.scroll = scroll.flatten();
        });
    }
}

const ACTS: [&str; 7] = ["delete", "edit", "pin", "react", "reply", "thread", "unpin"];
