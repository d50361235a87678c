//! What is written is sent, or done where it is a command. Pure.

use comity_client::Draft;

use super::model::{Effect, Model, Overlay};
use super::room::{Outgoing, OutgoingState};
use crate::cli::chat::book::is_number;
use crate::cli::chat::mention::draft;

impl Model {
    /// Sends what is written, or does it where it is a command.
    pub(super) fn enter(&mut self) -> Vec<Effect> {
        if self.editor.text().trim().is_empty() {
            return Vec::new();
        }
        // What was told of the line before is over.
        self.notice = None;
        let typed = self.editor.text();
        let text = match typed.strip_prefix('/') {
            Some(rest) if !rest.starts_with('/') => {
                let command = rest.trim_end().to_owned();
                self.editor.take_sent();
                return self.command(&command);
            }
            Some(rest) => rest.to_owned(),
            None => typed.to_owned(),
        };
        match self.open_room() {
            None => {
                self.tell("no channel is open: /open name@domain, or Ctrl+K".to_owned());
                return Vec::new();
            }
            Some(room) if room.is_invitation() => {
                self.tell("you are invited: /accept or /decline first".to_owned());
                return Vec::new();
            }
            Some(_) => {}
        }
        self.is_warned = false;
        self.editor.take_sent();
        self.send(&text, |draft| draft).into_iter().collect()
    }

    /// Sends a text to the open channel.
    pub(super) fn send(
        &mut self,
        text: &str,
        prepare: impl FnOnce(Draft) -> Draft,
    ) -> Option<Effect> {
        self.outgoing_next += 1;
        let number = self.outgoing_next;
        let state = OutgoingState::Queued;
        let room = self.rooms.get_mut(self.open.as_ref()?)?;
        let time_ms = self.now_ms;
        room.outgoing.push(Outgoing { number, text: text.to_owned(), time_ms, state });
        room.scroll = None;
        room.chosen = None;
        let senders = room.timeline.entries().map(|entry| entry.event.sender.as_str());
        let draft = prepare(draft(text, senders.chain(room.info.with.as_deref())));
        Some(Effect::Send { channel: room.info.id.clone(), number, draft })
    }

    /// Ends, where nothing would be lost by it; else when it is asked for again.
    pub(super) fn quit(&mut self) -> Vec<Effect> {
        let count = self.queued();
        if count == 0 || self.is_warned {
            return vec![Effect::Quit];
        }
        self.is_warned = true;
        let (word, verb) = if count == 1 { ("text", "is") } else { ("texts", "are") };
        self.tell(format!(
            "{count} {word} {verb} not sent yet and would be lost: once more to end"
        ));
        Vec::new()
    }

    /// Does what is the window's, and hands on the rest.
    fn command(&mut self, command: &str) -> Vec<Effect> {
        let (name, rest) = command.split_once(char::is_whitespace).unwrap_or((command, ""));
        let invited = self.open_room().filter(|room| room.is_invitation());
        let rest = rest.trim();
        match (name, rest, invited) {
            ("quit", ..) => self.quit(),
            ("help", ..) => {
                self.overlay = Overlay::Help { scroll: 0 };
                Vec::new()
            }
            ("accept" | "decline", "", Some(room)) => {
                vec![Effect::Command(format!("{name} {}", room.info.id))]
            }
            ("accept" | "decline" | "leave" | "open", ..) if is_number(rest) => {
                self.about_place(name, rest)
            }
            _ => match self.act(name, rest) {
                Some(effects) => effects,
                None => vec![Effect::Command(command.to_owned())],
            },
        }
    }
}
