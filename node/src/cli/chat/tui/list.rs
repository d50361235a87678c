//! The list of channels: its order, the numbers by which commands name what stands in it, and going
//! along it. Pure.

use std::cmp::Reverse;
use std::collections::BTreeSet;

use super::model::{Effect, Model};
use super::room::Room;

impl Model {
    /// Rooms as the list shows them.
    pub(super) fn listed(&self) -> Vec<&Room> {
        self.order.iter().filter_map(|id| self.rooms.get(id)).collect()
    }

    /// Invitations come first, then what has the newest message. While a command is written nothing
    /// changes places, so that a number stands for what was seen beside it.
    pub(super) fn put_in_order(&mut self) {
        if self.editor.text().starts_with('/') {
            let held: BTreeSet<&String> = self.order.iter().collect();
            let new = self.rooms.keys().filter(|id| !held.contains(id)).cloned();
            let new: Vec<String> = new.collect();
            self.order.retain(|id| self.rooms.contains_key(id));
            self.order.extend(new);
            return;
        }
        let mut rooms: Vec<&Room> = self.rooms.values().collect();
        rooms.sort_by_cached_key(|room| {
            (!room.is_invitation(), Reverse(room.newest_time().to_owned()), room.title())
        });
        self.order = rooms.into_iter().map(|room| room.info.id.clone()).collect();
    }

    /// A command about what stands at a place of the list, counted from 1.
    pub(super) fn about_place(&mut self, command: &str, place: &str) -> Vec<Effect> {
        let place = place.parse::<usize>().ok().and_then(|place| place.checked_sub(1));
        match place.and_then(|place| self.order.get(place)) {
            Some(id) => vec![Effect::Command(format!("{command} {id}"))],
            None => {
                let last = self.order.len();
                self.tell(format!("there is no such number: the list ends with {last}"));
                Vec::new()
            }
        }
    }

    /// Shows a channel so many places further down the list.
    pub(super) fn step(&mut self, by: isize) -> Vec<Effect> {
        let place = self.order.iter().position(|id| Some(id) == self.open.as_ref());
        let count = isize::try_from(self.order.len()).unwrap_or(0);
        if count == 0 {
            return Vec::new();
        }
        let place = place.and_then(|place| isize::try_from(place).ok());
        let next = place.map_or(0, |place| (place + by).rem_euclid(count));
        let id = usize::try_from(next).ok().and_then(|next| self.order.get(next).cloned());
        id.map(|id| self.switch_to(&id)).unwrap_or_default()
    }
}
