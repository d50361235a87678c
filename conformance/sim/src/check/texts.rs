//! What users were told of their texts, against what nodes hold and devices were shown.

use std::collections::{BTreeMap, BTreeSet};

use comity::writer::Shared;
use comity_machine::{Channel, ChannelNo, Group, Outcome, Place, Standing, State, Stay};
use comity_protocol::cursor::Pos;
use comity_protocol::id::{AccountId, ChannelId, LogId, LogName, MessageId};
use comity_protocol::limits::LATE_MS;

use super::rows::{Row, Rows, history_rules};
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
        let erased = rows.values().filter(|row| row.erased.is_some()).map(|row| row.id);
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
            let rules = history_rules(channel.id, &all[user.node]);
            let own = state.account_id(user.account);
            for (place, row) in of_channel {
                // What an opening accepts after all shows as history that grew.
                if row.pos < reopened_at {
                    continue;
                }
                let is_old = is_from_before(channel, own, stay, (place, row));
                // Where the rule was changed, it hangs on when which it was.
                if is_old && !rules.is_empty() {
                    if let [(ruled, true)] = rules[..]
                        && user.feed.seen.contains_key(place)
                        && was_hidden(channel, own, ruled)
                    {
                        let shown = format!("{}:{}", show_log(&place.0), place.1);
                        let text = format!("u{} was shown {shown} of before", user.index);
                        broken.push((Rule::Readers, text));
                    }
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

/// Whether a text is from before an account came, as the record that let it in says.
fn is_from_before(
    channel: &Channel,
    account: AccountId,
    stay: &Stay,
    ((log, seq), row): (&(LogId, u64), &Row),
) -> bool {
    let (Some(group), LogName::Message { origin, writer }) = (channel.group(), log.name) else {
        return false;
    };
    let Some((joined, _)) = joining(group, account) else { return false };
    let covers = group.covered_at.get(&(origin, writer)).into_iter().flatten();
    let covered = covers.filter(|(_, at)| *at <= joined).map(|(covers, _)| *covers).max();
    let late_ms = row.id.time().unix_ms() + LATE_MS;
    covered.is_some_and(|covered| *seq <= covered) || late_ms < stay.since.unix_ms()
}

/// Whether a group's past was hidden already when an account came.
fn was_hidden(channel: &Channel, account: AccountId, ruled: Place) -> bool {
    let group = channel.group().filter(|group| group.state.since_joining);
    let joined = group.and_then(|group| joining(group, account));
    joined.is_some_and(|(joined, _)| joined > ruled)
}

fn joining(group: &Group, account: AccountId) -> Option<(Place, Option<Place>)> {
    group.state.members.get(&account)?.stays.last().copied()
}

/// Texts acknowledged, lost and doubled, for the report.
pub(crate) fn acknowledged(world: &World) -> u64 {
    world.ledger.values().filter(|text| text.stored.is_some()).count() as u64
}
