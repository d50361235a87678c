//! Random histories: whatever users do and whatever is cut, every node knows which rows it changed,
//! comes back from them, does the same again from the same commands, shows messages to members
//! alone, and agrees in the end.

use comity_machine::{Kind, Standing, Subscriber};
use comity_protocol::control::Role;
use comity_protocol::id::{AccountId, ChannelId, LogName};
use proptest::prelude::*;

use super::world::World;

const USERS: [&str; 5] = ["alice@acme", "ann@acme", "bob@globex", "bella@globex", "carol@initech"];
const NODES: [&str; 3] = ["acme", "globex", "initech"];

/// What happens next; numbers are taken modulo what there is.
#[derive(Clone, Debug)]
enum Step {
    Say(usize),
    Direct(usize, usize),
    Invite(usize, usize),
    Accept(usize),
    Decline(usize),
    Leave(usize),
    Remove(usize, usize),
    SetRole(usize, usize, u8),
    Rename(usize),
    Exchange,
    Cut(usize, usize),
    Heal,
    Restart(usize),
    Ban(usize, usize),
    Reopen(u64),
}

fn step() -> impl Strategy<Value = Step> {
    let user = || 0..USERS.len();
    prop_oneof![
        5 => user().prop_map(Step::Say),
        1 => (user(), user()).prop_map(|(a, b)| Step::Direct(a, b)),
        4 => (user(), user()).prop_map(|(a, b)| Step::Invite(a, b)),
        5 => user().prop_map(Step::Accept),
        1 => user().prop_map(Step::Decline),
        2 => user().prop_map(Step::Leave),
        2 => (user(), user()).prop_map(|(a, b)| Step::Remove(a, b)),
        2 => (user(), user(), 0..3_u8).prop_map(|(a, b, role)| Step::SetRole(a, b, role)),
        1 => user().prop_map(Step::Rename),
        5 => Just(Step::Exchange),
        1 => (0..3_usize, 0..3_usize).prop_map(|(a, b)| Step::Cut(a, b)),
        2 => Just(Step::Heal),
        1 => (0..3_usize).prop_map(Step::Restart),
        1 => (user(), user()).prop_map(|(a, b)| Step::Ban(a, b)),
        1 => (0..12_u64).prop_map(Step::Reopen),
    ]
}

/// Refusals are part of a history: whoever may not is told so, and nothing changes.
fn act(world: &mut World, team: ChannelId, step: &Step, at: usize) {
    let talk = |world: &World, user: &str| {
        let (name, node) = user.split_once('@').unwrap();
        let node = world.node(node);
        let account = &node.state.accounts[&node.users[name].number];
        let channels: Vec<ChannelId> =
            account.channels.keys().map(|no| node.state.channels[no].id).collect();
        channels.get(at % channels.len().max(1)).copied().unwrap_or(team)
    };
    match *step {
        Step::Say(who) => {
            let channel = talk(world, USERS[who]);
            let _ = world.say(USERS[who], channel, &format!("text {at}"));
        }
        Step::Direct(who, with) if who != with => {
            world.direct(USERS[who], USERS[with]);
        }
        Step::Direct(..) => {}
        Step::Invite(who, whom) => drop(world.invite(USERS[who], USERS[whom], team)),
        Step::Accept(who) => drop(world.accept(USERS[who], team)),
        Step::Decline(who) => drop(world.decline(USERS[who], team)),
        Step::Leave(who) => drop(world.leave(USERS[who], team)),
        Step::Remove(who, whom) => drop(world.remove(USERS[who], USERS[whom], team)),
        Step::SetRole(who, whom, role) => {
            let role = [Role::Member, Role::Moderator, Role::Owner][usize::from(role)];
            let _ = world.set_role(USERS[who], USERS[whom], team, role);
        }
        Step::Rename(who) => drop(world.rename(USERS[who], team, &format!("name {at}"))),
        Step::Exchange => world.exchange(),
        Step::Cut(from, to) => world.cut(NODES[from], NODES[to]),
        Step::Heal => heal(world),
        Step::Ban(who, whom) => drop(world.ban(USERS[who], USERS[whom], team)),
        Step::Reopen(back) => {
            let seq = world.group_at("acme", team).point.seq;
            let _ = world.reopen("acme", team, seq.saturating_sub(back).max(1));
        }
        Step::Restart(node) => world.node_mut(NODES[node]).start(100 + at as u64),
    }
}

fn heal(world: &mut World) {
    for from in NODES {
        for to in NODES {
            world.heal(from, to);
        }
    }
}

/// Messages of groups go to accounts that are in; nobody else hears of them.
fn check_audiences(world: &World, seen: &mut [usize; 3]) {
    for (node, seen) in NODES.iter().zip(seen) {
        let node = world.node(node);
        for applied in &node.records[*seen..] {
            let channel = &node.state.channels[&applied.channel];
            let is_message = matches!(applied.log.name, LogName::Message { .. });
            let accounts = applied.audience.iter().filter_map(|s| match s {
                Subscriber::Account(number) => Some(number),
                Subscriber::Peer(_) => None,
            });
            if let (Kind::Group(group), true) = (&channel.kind, is_message) {
                for account in accounts {
                    let stay = node.state.accounts[account].channels[&applied.channel];
                    // It may have ended since, in the same step, or be invited anew.
                    assert!(stay.from > applied.pos || stay.standing != Standing::Invited);
                    let id = AccountId { lineage: node.lineage(), number: *account };
                    // What brought it in may be void by now.
                    let known = group.state.members.get(&id);
                    let was_in = known.is_some_and(|member| !member.stays.is_empty());
                    assert!(was_in || group.point.term > 1);
                }
            }
        }
        *seen = node.records.len();
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn nodes_remember_repeat_and_agree(steps in prop::collection::vec(step(), 1..80)) {
        let mut world = World::new(&USERS);
        let team = world.team("alice@acme", &["bob@globex", "carol@initech"]);
        let mut seen = [0; 3];
        for (at, step) in steps.iter().enumerate() {
            act(&mut world, team, step, at);
            check_audiences(&world, &mut seen);
        }
        heal(&mut world);
        world.exchange();
        check_audiences(&world, &mut seen);
        // New writers may still wait for their hour.
        for _ in 0..12 {
            world.now_ms += 3_600_000;
            world.exchange();
        }
        let home = world.group_at("acme", team);
        for node in ["globex", "initech"] {
            let lineage = world.node(node).lineage();
            if home.state.has_organisation(lineage) {
                let there = world.group_at(node, team);
                prop_assert_eq!(&there.state, &home.state);
                prop_assert_eq!(there.point, home.point);
            }
        }
        // Nobody is left in the middle of coming or going.
        for user in USERS {
            let (name, node) = user.split_once('@').unwrap();
            let node = world.node(node);
            let account = &node.state.accounts[&node.users[name].number];
            for stay in account.channels.values() {
                prop_assert!(!matches!(stay.standing, Standing::Joining | Standing::Leaving));
            }
            let is_in = home.state.role(&world.account(user).0).is_some();
            let thinks = node.state.channel(&team).is_some_and(|(no, _)| {
                account.channels.get(&no).is_some_and(|stay| stay.standing == Standing::Joined)
            });
            prop_assert_eq!(is_in, thinks, "{}", user);
        }
    }
}
