//! Two nodes that never reach each other again, and the admins who know it: where one of the two is
//! a group's home, its admin answers for the other after a start.

use comity_machine::{Command, Group};

use crate::agenda::Event;
use crate::node::Waiter;
use crate::world::World;

/// What it is counted as.
pub(crate) const APART: &str = "apart";
/// How long an admin looks at a home that waits for its members.
const CONFIRM_MS: u64 = 20_000;

impl World {
    /// Nothing arrives between two nodes for the rest of the run.
    pub(crate) fn part(&mut self, one: usize, other: usize) {
        let now_ms = self.agenda.now_ms;
        self.watch.say(now_ms, || format!("n{one} and n{other} are apart"));
        *self.counts.entry(APART).or_default() += 1;
        self.net.part(one, other);
        self.time_out(one, other);
        self.confirm_soon(one);
        self.confirm_soon(other);
    }

    /// The admin of a node that is apart from another looks at it in a while.
    pub(crate) fn confirm_soon(&mut self, at: usize) {
        if (0..self.nodes.len()).any(|other| self.net.are_apart(at, other)) {
            self.agenda.after(CONFIRM_MS, Event::Confirm { node: at });
        }
    }

    /// The admin of a home answers for the members that it waits for.
    pub(crate) fn confirm(&mut self, at: usize) {
        self.with(at, |node, around| {
            let Some(run) = &node.run else { return Ok(()) };
            let state = run.shared.state();
            let own = state.lineage();
            let waiting = state.channels.iter().filter(|(no, channel)| {
                let is_ours =
                    |group: &Group| group.state.home == own || group.state.nominee == Some(own);
                channel.group().is_some_and(is_ours) && !state.has_authority(**no)
            });
            let waiting: Vec<_> = waiting.map(|(_, channel)| channel.id).collect();
            drop(state);
            for channel in waiting {
                let unix_ms = node.unix_ms(around.agenda.now_ms);
                let command = Command::Force { channel, unix_ms, random: node.dice.bytes() };
                node.propose(command, Waiter::Nobody, around.agenda);
            }
            Ok(())
        });
    }
}
