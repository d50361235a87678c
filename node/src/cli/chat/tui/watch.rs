//! What follows from what is before somebody's eyes: the newest messages count as read, and where
//! something is missing it is asked for. Pure.

use comity_client::{Content, HistoryEvent, Page};

use super::model::{Effect, Line, Model, Overlay};
use super::room::Room;

impl Model {
    /// The newest messages of the open channel are before somebody's eyes: they count as read.
    pub(super) fn mark_read(&mut self, effects: &mut Vec<Effect>) {
        let Some(open) = self.open.clone().filter(|open| self.is_watched(open)) else { return };
        let may_mark = self.line == Line::Online && !self.marks_refused;
        self.with_room(&open, |room| {
            if room.is_invitation() || room.needs_page || room.timeline.is_behind() {
                return;
            }
            (room.unread, room.mentions) = (0, 0);
            let is_message = |event: &&HistoryEvent| {
                matches!(event.content, Content::Message { .. } | Content::ErasedMessage)
            };
            let newest = room.timeline.entries().rev().map(|entry| &entry.event).find(is_message);
            let Some(newest) = newest.map(|event| event.id.clone()) else { return };
            if may_mark && !room.is_marking && room.read.as_ref().is_none_or(|r| *r < newest) {
                room.is_marking = true;
                room.read = Some(newest.clone());
                effects.push(Effect::Mark { channel: open.clone(), message: newest });
            }
        });
    }

    /// Where the window shows that something is missing, it is asked for.
    pub(super) fn load_what_is_seen(&mut self, effects: &mut Vec<Effect>) {
        if self.line != Line::Online {
            return;
        }
        let place = match self.open_room() {
            Some(room) if room.may_load(self.now_ms) => match self.missing(room) {
                Some(place) => place,
                None => return,
            },
            _ => return,
        };
        let Some(open) = self.open.clone() else { return };
        self.with_room(&open, |room| room.is_loading = true);
        effects.push(Effect::Load { channel: open, place });
    }

    /// Who is before somebody's eyes is asked how he wants to be called, some at a time.
    pub(super) fn ask_who_is_seen(&mut self, effects: &mut Vec<Effect>) {
        if self.line != Line::Online || self.is_asking {
            return;
        }
        let listed = match &self.overlay {
            Overlay::People { listed, .. } => &listed[..],
            _ => &[],
        };
        let listed = listed.iter().take(LISTED_MAX).map(|listed| &*listed.account);
        let room = self.open_room();
        let senders = room.into_iter().flat_map(|room| room.timeline.entries().rev());
        let senders = senders.take(SENDERS_OF_MAX).map(|entry| &*entry.event.sender);
        let rooms = self.listed().into_iter().take(ROOMS_MAX);
        let others = room.into_iter().chain(rooms).filter_map(|room| room.info.with.as_deref());
        let asked = self.people.missing(listed.chain(senders).chain(others), self.now_ms);
        if !asked.is_empty() {
            self.is_asking = true;
            effects.push(Effect::Ask(asked));
        }
    }

    fn missing(&self, room: &Room) -> Option<Page> {
        if room.needs_page || (room.timeline.is_behind() && room.scroll.is_none()) {
            return Some(Page::Latest);
        }
        if let Some(gap) = self.visible_gap(room) {
            return Some(Page::Before(gap));
        }
        // What is still on its way to the node is asked for again after a while.
        room.is_pending.then_some(Page::Latest).filter(|_| room.scroll.is_none())
    }
}

/// Of a longer list those further down have no names.
const LISTED_MAX: usize = 1_000;
/// The newest events, whose senders are asked about.
const SENDERS_OF_MAX: usize = 200;
/// The first channels of the list, which are seen.
const ROOMS_MAX: usize = 100;
