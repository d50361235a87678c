//! What users were told of their texts, against what nodes hold and devices were shown.

use std::collections::{BTreeMap, BTreeSet};

use comity::writer::Shared;
use comity_machine::{Channel, ChannelNo, Outcome, Standing, State};
use comity_protocol::cursor::Pos;
use comity_protocol::id::{ChannelId, MessageId};

use super::rows::{Row, Rows};
use super::{Broken, is_honest};
use crate::users::word;
use crate::watch::{Rule, pos_of, show_log};
use crate::world::World;

/// Every acknowledged text is at its node, and none is anywhere twice.
pub(super) fn check(world: &World, all: &[Rows]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for (at, rows) in all.iter().enumerate().filter(|(at, _)| is_honest(world, *at)) {
        let mut held: BTreeMap<(ChannelId, &str), u64> = BTreeMap::new();
        let mut by_word: BTreeMap<&str, &Row> = BTreeMap::new();
        for ((log, _), row) in rows {
            if let Some(text) = &row.text {
                *held.entry((log.channel, word(text))).or_default() += 1;
                by_word.insert(word(text), row);
            }
        }
        let erased = rows.values().filter(|row| row.is_erased).map(|row| row.id);
        let erased: BTreeSet<MessageId> = erased.collect();
        for ((_, text), count) in held {
            if count > 1 && !world.ledger.get(text).is_some_and(|t| t.may_repeat || t.may_vanish) {
                broken.push((Rule::Once, format!("n{at} holds {text} {count} times")));
            }
        }
        let own = world.ledger.iter().filter(|(_, text)| world.users[text.user].node == at);
        for (text, known) in own {
            let Some(id) = known.stored else { continue };
            let row = by_word.get(text.as_str());
            let is_lost = row.is_none_or(|row| row.id != id) && !erased.contains(&id);
            if is_lost && !known.may_vanish {
                broken.push((Rule::Acknowledged, format!("n{at} has lost {text}")));
            }
        }
    }
    broken
}

/// A device was shown all that is accepted in its user's channels while he was in them.
pub(super) fn check_feeds(world: &World, all: &[Rows]) -> Vec<Broken> {
    let mut broken = Vec::new();
    for user in world.users.iter().filter(|user| !user.feed.has_gap) {
        if !is_honest(world, user.node) {
            continue;
        }
        let Some(run) = &world.nodes[user.node].run else { continue };
        let state = run.shared.state();
        let Some(account) = state.accounts.get(&user.account) else { continue };
        for (no, stay) in &account.channels {
            let Some(channel) = state.channels.get(no) else { continue };
            if stay.standing != Standing::Joined || user.feed.left.contains(&channel.id) {
                continue;
            }
            let of_channel = all[user.node].iter().filter(|((log, _), row)| {
                let is_shown = row.outcome == Outcome::Accepted && row.text.is_some();
                log.channel == channel.id && is_shown && row.pos >= stay.from
            });
            let reopened_at = reopened_at(&run.shared, &state, *no, channel);
            for (place, row) in of_channel {
                // What an opening accepts after all shows as history that grew.
                if row.pos < reopened_at {
                    continue;
                }
                if !user.feed.seen.contains_key(place) {
                    let shown = format!("{}:{}", show_log(&place.0), place.1);
                    broken.push((Rule::Feed, format!("u{} was not shown {shown}", user.index)));
                }
            }
        }
    }
    broken
}

/// The pos of the last opening of a group that went back.
fn reopened_at(shared: &Shared, state: &State, no: ChannelNo, channel: &Channel) -> Pos {
    let Some(group) = channel.group() else { return Pos(0) };
    let forced = group.terms.iter().filter(|(_, term)| term.forced);
    let logs = forced.filter_map(|(number, _)| group.control_log_of(*number));
    logs.filter_map(|name| pos_of(shared, state, no, &name, 1)).max().unwrap_or(Pos(0))
}

/// Texts acknowledged, lost and doubled, for the report.
pub(crate) fn acknowledged(world: &World) -> u64 {
    world.ledger.values().filter(|text| text.stored.is_some()).count() as u64
}
