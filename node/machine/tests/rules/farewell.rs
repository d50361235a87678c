//! Accounts that were deleted while something of theirs was still under way.

use comity_machine::{Answer, Command};
use comity_protocol::control::JoinRule;
use comity_protocol::id::{AccountNumber, ChannelId};

use super::world::World;

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";

fn delete(world: &mut World, account: AccountNumber) -> Answer {
    let unix_ms = world.now_ms;
    let globex = world.node_mut("globex");
    let random = globex.random();
    globex.apply(Command::DeleteAccount { account, unix_ms, random }).answer
}

fn open_group(world: &mut World) -> ChannelId {
    let team = world.group(ALICE, "tea");
    world.open_to(ALICE, team, JoinRule::Anyone).unwrap();
    team
}

#[test]
fn who_is_let_in_after_he_was_deleted_leaves_again() {
    let mut world = World::new(&[ALICE, BOB]);
    let team = open_group(&mut world);
    let bob = world.account(BOB).0.number;
    world.join(BOB, team, "acme").unwrap();
    assert_eq!(delete(&mut world, bob), Answer::Done);
    world.exchange();
    assert!(world.members("acme", team).iter().any(|member| member.starts_with(BOB)));
    assert_eq!(world.node("globex").state.lingering(), Some(bob));
    assert_eq!(delete(&mut world, bob), Answer::Done);
    assert_eq!(world.node("globex").state.lingering(), None);
    world.exchange();
    for node in ["acme", "globex"] {
        let members = world.members(node, team);
        assert!(members.iter().all(|member| !member.starts_with(BOB)), "{node}: {members:?}");
    }
    world.node("globex").check_reload();
    world.node("globex").check_replay();
}
