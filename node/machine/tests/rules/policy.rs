//! With whom the admin federates, where `apply` judges by it.

use comity_machine::{
    Act, Answer, Command, ContactStanding, DomainRule, FederationMode, PolicyChange, Stance,
};
use comity_protocol::code::Code;
use comity_protocol::hash::Hash;

use crate::world::{Done, World, answer};

const HOUR_MS: u64 = 3_600_000;

fn says(world: &mut World, node: &str, change: PolicyChange) -> Done {
    answer(world.node_mut(node).apply(Command::Federate(change)).answer)
}

fn rule(stance: Stance) -> DomainRule {
    DomainRule { stance, asks_per_hour: None, records_per_minute: None, since_unix_ms: 1 }
}

fn set(domain: &str, rule: DomainRule) -> PolicyChange {
    PolicyChange::Rule { domain: domain.to_owned(), rule: Some(rule) }
}

fn asks(world: &mut World, user: &str, other: &str) {
    let (account, label) = world.account(other);
    world.act(user, Act::AddContact { account, label }).unwrap();
    world.exchange();
}

/// How many ask somebody and are heard.
fn asking(world: &World, user: &str) -> usize {
    let (account, _) = world.account(user);
    let (_, domain) = user.split_once('@').unwrap();
    let contacts = world.node(domain).state.contacts_of(account.number);
    contacts.filter(|(_, contact)| contact.standing == ContactStanding::Asking).count()
}

#[test]
fn an_organisation_is_heard_as_often_as_its_rule_says() {
    let askers = ["b1@globex", "b2@globex", "b3@globex", "b4@globex"];
    let mut world = World::new(&["alice@acme", "b1@globex", "b2@globex", "b3@globex", "b4@globex"]);
    let two = DomainRule { asks_per_hour: Some(2), ..rule(Stance::Allow) };
    says(&mut world, "acme", set("globex.test", two)).unwrap();
    for asker in &askers[..3] {
        asks(&mut world, asker, "alice@acme");
    }
    assert_eq!((asking(&world, "alice@acme"), world.node("acme").void), (2, 1));
    // An invitation is one more thing that is asked.
    let group = world.group("b1@globex", "Team");
    let (account, label) = world.account("alice@acme");
    world.act("b1@globex", Act::Invite { channel: group, account, label }).unwrap();
    world.exchange();
    assert_eq!(world.act("alice@acme", Act::Accept { channel: group }), Err(Code::ChannelNotFound));
    assert_eq!(world.node("acme").void, 2, "what is not heard is counted");
    world.now_ms += HOUR_MS;
    asks(&mut world, askers[3], "alice@acme");
    assert_eq!((asking(&world, "alice@acme"), world.node("acme").void), (3, 2));
}

#[test]
fn rules_are_of_other_domains_and_are_taken_back() {
    let mut world = World::new(&["alice@acme", "bob@globex"]);
    for (wrong, code) in [("acme.test", Code::PeerNameMismatch), ("no domain", Code::NameInvalid)] {
        assert_eq!(says(&mut world, "acme", set(wrong, rule(Stance::Block))), Err(code));
    }
    let direct = world.direct("alice@acme", "bob@globex");
    says(&mut world, "acme", set("globex.test", rule(Stance::Block))).unwrap();
    let say = |world: &mut World| world.say("alice@acme", direct, "hello");
    assert_eq!(say(&mut world), Err(Code::DomainRefused));
    let none = PolicyChange::Rule { domain: "globex.test".to_owned(), rule: None };
    says(&mut world, "acme", none).unwrap();
    say(&mut world).unwrap();
    says(&mut world, "acme", PolicyChange::Mode(FederationMode::Allowlist)).unwrap();
    assert_eq!(say(&mut world), Err(Code::DomainRefused));
    // Who was met before needs no word.
    says(&mut world, "acme", PolicyChange::Mode(FederationMode::Ask)).unwrap();
    say(&mut world).unwrap();
}

#[test]
fn a_home_that_shares_no_longer_puts_out_members_and_takes_back_invites() {
    let mut world = World::new(&["alice@acme", "ann@acme", "bob@globex", "bert@globex"]);
    let team = world.team("alice@acme", &["ann@acme", "bob@globex"]);
    let (account, label) = world.account("bert@globex");
    world.act("alice@acme", Act::Invite { channel: team, account, label }).unwrap();
    world.exchange();
    let unshare = |world: &mut World, domain: &str| {
        let (domain, unix_ms, random) = (domain.to_owned(), world.now_ms, [9; 32]);
        let change = PolicyChange::Unshare { channel: team, domain, unix_ms, random };
        says(world, "acme", change)
    };
    assert_eq!(unshare(&mut world, "acme.test"), Err(Code::DomainNotFound));
    assert_eq!(unshare(&mut world, "globex.test"), Ok(Answer::Done));
    world.exchange();
    for (domain, left) in [("acme", 2), ("globex", 2)] {
        let (_, channel) = world.node(domain).state.channel(&team).unwrap();
        assert_eq!(channel.group().unwrap().state.joined().count(), left, "{domain}");
    }
    assert_eq!(world.say("bob@globex", team, "still here?"), Err(Code::ChannelNotFound));
    assert_eq!(world.act("bert@globex", Act::Accept { channel: team }), Err(Code::ChannelNotFound));
    let (bob, ann) = (world.account("bob@globex").0, world.account("ann@acme").0);
    let reads = |world: &World, domain: &str, account| {
        let state = &world.node(domain).state;
        state.reads_kept(account, state.channel(&team).unwrap().0)
    };
    assert!(reads(&world, "globex", bob.number));
    assert!(!reads(&world, "acme", ann.number), "she is in");
    world.say("ann@acme", team, "among us").unwrap();
}

#[test]
fn a_domain_is_given_to_another_organisation_and_the_old_one_stays_what_it_was() {
    let mut world = World::new(&["alice@acme", "bob@globex", "carol@initech"]);
    let talk = world.direct("alice@acme", "bob@globex");
    world.say("alice@acme", talk, "before").unwrap();
    world.exchange();
    let (key, recovery) = (comity_identity::NodeKey::from_seed(&[77; 32]).public(), Hash([78; 32]));
    let before = world.node("globex").lineage();
    let mut gives = |domain: &str| {
        let replace = Command::Replace { domain: domain.to_owned(), key, recovery };
        answer(world.node_mut("acme").apply(replace).answer)
    };
    assert_eq!(gives("umbrella.test"), Err(Code::DomainNotFound));
    assert_eq!(gives("acme.test"), Err(Code::DomainNotFound));
    gives("globex.test").unwrap();
    gives("globex.test").unwrap();
    let acme = &world.node("acme").state;
    let now = acme.peer_domains["globex.test"];
    assert_ne!(now, before);
    assert!(acme.peers[&before].former && !acme.peers[&now].former);
    assert!(acme.link_with(now).is_some_and(|no| Some(no) != acme.link_with(before)));
    assert_eq!(acme.domain_of(&before), Some("globex.test"), "it is still named in its channels");
    // Read back from its rows it is the same.
    world.node("acme").check_reload();
}
