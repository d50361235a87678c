//! What goes wrong: a table. Each fault is drawn by the seed's plan, done at a moment, and over at
//! the latest when the storm is.

use comity::edge::peer::rewind_group;
use comity_machine::{Channel, Command};

use crate::agenda::Event;
use crate::net::IDLE_MS;
use crate::node::{DAY_MS, DISK_MS, Waiter};
use crate::world::World;

/// Something that goes wrong.
pub(crate) struct Fault {
    pub(crate) name: &'static str,
    /// Whether it brings an older disk back.
    pub(crate) is_rollback: bool,
    /// Does it; whether it could.
    pub(crate) strike: fn(&mut World) -> bool,
}

/// Every fault.
pub(crate) const FAULTS: [Fault; 15] = [
    fault("crash", crash),
    fault("crash at a sync", crash_at_sync),
    fault("failing sync", failing_sync),
    fault("slow disk", slow_disk),
    fault("full disk", full_disk),
    fault("clock skew", clock_skew),
    fault("a day passes", a_day),
    fault("cut", cut),
    fault("one-way cut", one_way_cut),
    fault("lost connection", lost_connection),
    fault("second connection", second_connection),
    fault("weather", weather),
    fault("device away", device_away),
    fault("reopened group", reopen),
    Fault { name: "rollback", is_rollback: true, strike: rollback },
];

const fn fault(name: &'static str, strike: fn(&mut World) -> bool) -> Fault {
    Fault { name, is_rollback: false, strike }
}

fn crash(world: &mut World) -> bool {
    let node = world.draw_node();
    world.crash(node)
}

fn crash_at_sync(world: &mut World) -> bool {
    let node = world.draw_node();
    let syncs = 1 + world.dice.below(12);
    let disks = &world.nodes[node].disks;
    let disk = if world.dice.per_mille(500) { &disks.store } else { &disks.journal };
    disk.die_at_sync(syncs);
    world.arm(node);
    world.nodes[node].run.is_some()
}

fn failing_sync(world: &mut World) -> bool {
    let node = world.draw_node();
    let syncs = 1 + world.dice.below(12);
    let disks = &world.nodes[node].disks;
    let disk = if world.dice.per_mille(500) { &disks.store } else { &disks.journal };
    disk.fail_at_sync(syncs);
    world.arm(node);
    world.nodes[node].run.is_some()
}

fn slow_disk(world: &mut World) -> bool {
    let node = world.draw_node();
    let is_slow = world.nodes[node].disk_ms > DISK_MS;
    world.nodes[node].disk_ms = if is_slow { DISK_MS } else { world.dice.within(50..1_500) };
    true
}

fn full_disk(world: &mut World) -> bool {
    let node = world.draw_node();
    let room = world.dice.below(200_000);
    let is_lifted = world.dice.per_mille(500);
    for disk in [&world.nodes[node].disks.store, &world.nodes[node].disks.journal] {
        let bytes_max = disk.used_bytes() + room;
        disk.limit_bytes((!is_lifted).then_some(bytes_max));
    }
    world.arm(node);
    true
}

/// Nothing happens for a day: what waits for it, as the closing of logs does, comes about after.
fn a_day(world: &mut World) -> bool {
    if world.nodes.iter().any(|node| node.passed_ms > DAYS_MAX * DAY_MS) {
        return false;
    }
    world.nodes.iter_mut().for_each(|node| node.passed_ms += DAY_MS);
    true
}

/// Days that pass in a run.
const DAYS_MAX: i64 = 2;

fn clock_skew(world: &mut World) -> bool {
    let node = world.draw_node();
    let longest_ms = *world.dice.pick(&[5_000, 50_000, 90_000]).unwrap_or(&1);
    let skew_ms = i64::try_from(world.dice.below(2 * longest_ms)).unwrap_or_default();
    world.nodes[node].skew_ms = skew_ms - i64::try_from(longest_ms).unwrap_or_default();
    true
}

fn cut(world: &mut World) -> bool {
    let Some((from, to)) = world.draw_pair() else { return false };
    let until_ms = world.dice.within(500..2 * IDLE_MS);
    let first = world.cut(from, to, until_ms);
    world.cut(to, from, until_ms) || first
}

fn one_way_cut(world: &mut World) -> bool {
    let Some((from, to)) = world.draw_pair() else { return false };
    let until_ms = world.dice.within(500..2 * IDLE_MS);
    world.cut(from, to, until_ms)
}

fn lost_connection(world: &mut World) -> bool {
    let Some((a, b)) = world.draw_pair() else { return false };
    let connections = world.net.between(a, b);
    for connection in &connections {
        for node in [a, b] {
            let late_ms = world.dice.below(2_000);
            world.agenda.after(late_ms, Event::Gone { connection: *connection, node });
        }
    }
    !connections.is_empty()
}

fn second_connection(world: &mut World) -> bool {
    let Some((from, to)) = world.draw_pair() else { return false };
    let Some(run) = &world.nodes[from].run else { return false };
    let number = run.number;
    world.agenda.after(1, Event::Dialled { from, to, run: number });
    true
}

fn weather(world: &mut World) -> bool {
    world.net.weather.latency_ms = world.dice.within(1..800);
    world.net.weather.lost_per_mille = world.dice.below(300);
    true
}

fn device_away(world: &mut World) -> bool {
    let users = world.users.len() as u64;
    let user = usize::try_from(world.dice.below(users)).unwrap_or_default();
    let back_ms = world.dice.within(500..20_000);
    if !world.users[user].is_online {
        return false;
    }
    world.users[user].is_online = false;
    world.users[user].disconnected();
    world.agenda.after(back_ms, Event::Device { user });
    true
}

/// The admin of an honest home lets a group go back a few records.
fn reopen(world: &mut World) -> bool {
    let at = world.draw_node();
    // A rollback may only take back what nobody has followed.
    if !world.plan.with_membership || world.plan.hostile == Some(at) {
        return false;
    }
    let back = world.dice.below(8);
    let unix_ms = world.nodes[at].unix_ms(world.agenda.now_ms);
    let random = world.dice.bytes();
    let rewound = {
        let Some(run) = &world.nodes[at].run else { return false };
        let state = run.shared.state();
        let is_home = |channel: &&Channel| {
            let group = channel.group();
            group.is_some_and(|group| {
                group.state.home == state.lineage() && group.state.nominee.is_none()
            })
        };
        let homes: Vec<&Channel> = state.channels.values().filter(is_home).collect();
        let Some(channel) = world.dice.pick(&homes) else { return false };
        let place = channel.base().map(|(term, seq)| (term, seq.saturating_sub(back).max(1)));
        let base = place.and_then(|place| channel.base_at(place));
        let id = channel.id;
        drop(state);
        base.and_then(|base| rewind_group(&run.shared, &id, &base, None).ok())
    };
    let Some(rewind) = rewound.map(Box::new) else { return false };
    let World { nodes, agenda, .. } = world;
    nodes[at].propose(Command::Reopen { rewind, unix_ms, random }, Waiter::Nobody, agenda);
    true
}

/// The first time a copy of the disks is taken, later it comes back.
fn rollback(world: &mut World) -> bool {
    let node = world.draw_node();
    if world.nodes[node].images.is_empty() || world.dice.per_mille(400) {
        return world.copy_disks(node);
    }
    world.roll_back(node)
}
