//! Control records as members judge them: by the record alone and the state before it, whatever the
//! home claims.

use comity_machine::{Outcome, RangeOutcome, RefusedCode};
use comity_protocol::clock::HybridTime;
use comity_protocol::code::Code;
use comity_protocol::control::{
    ControlAct, ControlHeader, CoverEntry, Genesis, Invite, Join, Organisation, RequestProof, Role,
    SetRole, Target, Text,
};
use comity_protocol::event::{EventAct, LogStart, Request};
use comity_protocol::hash::Hash;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LogId, LogName, WriterId};

use super::world::{BEGINNING_MS, RogueLog, World, control, event};

use Outcome::{Accepted, Unknown, Void};

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";

fn scene() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, BOB, "bella@globex", CAROL]);
    let team = world.team(ALICE, &[BOB]);
    (world, team)
}

/// What globex makes of records that acme, as home, writes after what it has.
fn judged(world: &mut World, team: ChannelId, headers: Vec<ControlHeader>) -> Vec<Outcome> {
    let mut log = RogueLog::control(world.node("acme"), team);
    for header in headers {
        log.push_control(header);
    }
    let (range, outcomes) = world.show("acme", "globex", &log);
    assert_eq!(range, RangeOutcome::Applied);
    outcomes
}

fn rename(name: &str) -> ControlAct {
    ControlAct::SetName(Text { text: name.into() })
}

fn organisation(world: &World, node: &str) -> Organisation {
    let node = world.node(node);
    Organisation {
        domain: node.domain.clone(),
        first_key: node.key.public(),
        recovery: node.recovery.hash(),
        changes: vec![],
    }
}

#[test]
fn a_void_record_keeps_its_number_and_has_no_effect() {
    let (mut world, team) = scene();
    let (alice, bob) = (world.account(ALICE).0, world.account(BOB).0);
    let nobody = AccountId { number: AccountNumber(5), ..alice };
    let before = world.group_at("globex", team).state.clone();
    let remove = |account| ControlAct::Remove(Target { account });
    let outcomes = judged(
        &mut world,
        team,
        vec![
            control(Some(alice), &rename("")),
            control(Some(nobody), &rename("Mine")),
            control(None, &rename("Mine")),
            control(None, &remove(alice)),
            control(Some(nobody), &remove(bob)),
            control(Some(alice), &remove(nobody)),
            control(Some(alice), &ControlAct::Leave(Target { account: bob })),
            control(Some(alice), &ControlAct::Cover),
            control(Some(bob), &rename("Bob's")),
            ControlHeader { args: None, ..control(Some(alice), &rename("x")) },
        ],
    );
    assert_eq!(outcomes, [Void; 10]);
    let group = world.group_at("globex", team);
    assert_eq!(group.state, before);
    assert_eq!(group.point.seq, world.group_at("acme", team).point.seq + 10);
}

#[test]
fn what_follows_a_void_record_counts() {
    let (mut world, team) = scene();
    let alice = world.account(ALICE).0;
    let mut log = RogueLog::control(world.node("acme"), team);
    let last = log.time;
    log.push_control(ControlHeader { time: last, ..control(Some(alice), &rename("Late")) });
    log.push_bytes(vec![0xff], comity_protocol::body::WireBody::Absent(Hash::ZERO));
    log.push_control(control(Some(alice), &rename("Crew")));
    assert_eq!(world.show("acme", "globex", &log).1, [Void, Void, Accepted]);
    assert_eq!(world.group_at("globex", team).state.name, "Crew");
    assert_eq!(world.last_seen(BOB), "alice@acme.test renames to Crew");
    world.say(BOB, team, "fine").unwrap();
}

#[test]
fn an_unknown_kind_waits_and_a_critical_one_closes_the_channel_for_writing() {
    let (mut world, team) = scene();
    let alice = world.account(ALICE).0;
    let optional = control(Some(alice), &ControlAct::Unknown(1_024));
    let critical = control(None, &ControlAct::Unknown(1_023));
    let before = world.group_at("globex", team).state.clone();
    let mut log = RogueLog::control(world.node("acme"), team);
    log.push_control(optional);
    assert_eq!(world.show("acme", "globex", &log).1, [Unknown]);
    assert_eq!(world.group_at("globex", team).state, before);
    world.say(BOB, team, "still open").unwrap();
    log.push_control(critical);
    log.push_control(control(Some(alice), &rename("After it")));
    let (held, outcomes) = world.show("acme", "globex", &log);
    assert!(matches!(held, RangeOutcome::Newer { .. }) && outcomes.is_empty(), "{held:?}");
    assert_eq!(world.say(BOB, team, "closed"), Err(Code::ChannelReadOnly));
    assert_eq!(world.invite(BOB, CAROL, team), Err(Code::ChannelReadOnly));
    assert_eq!(world.leave(BOB, team), Err(Code::ChannelReadOnly));
}

#[test]
fn admissions_carry_the_hash_of_the_state_before() {
    let (mut world, team) = scene();
    world.invite(ALICE, CAROL, team).unwrap();
    world.exchange();
    let carol = world.account(CAROL).0;
    let (log, seq) = accept(&mut world, team);
    let request = Some(log.proof(world.node("initech"), seq));
    let organisation = Some(organisation(&world, "initech"));
    let join = ControlAct::Join(Join { account: carol, label: None, organisation });
    let state = world.group_at("globex", team).state.hash();
    let with =
        |state| ControlHeader { state, request: request.clone(), ..control(Some(carol), &join) };
    let headers = vec![with(None), with(Some(Hash([1; 32]))), with(Some(state))];
    assert_eq!(judged(&mut world, team, headers), [Void, Void, Accepted]);
    assert_eq!(world.last_seen(BOB), "carol@initech.test joins");
}

/// Carol's accept, as initech writes it in its link log with acme, not shown to acme.
fn accept(world: &mut World, team: ChannelId) -> (RogueLog, u64) {
    let (initech, acme) = (world.node("initech"), world.node("acme"));
    let carol = initech.users["carol"].number;
    let open = &initech.state.accounts[&carol].invitations[&team];
    let request = Request::Accept { channel: team, invite: open.invite };
    let link = comity_protocol::event::link_channel(initech.lineage(), acme.lineage());
    let mut log = RogueLog::new(initech, link, 99);
    log.say(carol, "before", None);
    let body = comity_protocol::body::Body::empty([2; 32]);
    log.push(event(carol, &EventAct::Request(request)), body);
    log.say(carol, "after", None);
    (log, 2)
}

#[test]
fn a_foreign_user_joins_only_by_an_accept_that_proves_itself() {
    let (mut world, team) = scene();
    world.invite(ALICE, CAROL, team).unwrap();
    world.exchange();
    let carol = world.account(CAROL).0;
    let (log, seq) = accept(&mut world, team);
    let initech = world.node("initech");
    let good = log.proof(initech, seq);
    let other = log.proof(initech, 1);
    let forged_head = log.proof(world.node("globex"), seq);
    let changed = |change: &dyn Fn(&mut RequestProof)| {
        let mut proof = good.clone();
        change(&mut proof);
        proof
    };
    let bad = [
        other,
        forged_head,
        changed(&|p| p.seq = 3),
        changed(&|p| p.writer = WriterId(98)),
        changed(&|p| p.channel = team),
        changed(&|p| p.body_hash = Hash([1; 32])),
        changed(&|p| p.links.truncate(1)),
        changed(&|p| p.links.clear()),
        changed(&|p| p.links[0].inner = Hash([1; 32])),
        changed(&|p| p.head.seq = 9),
        changed(&|p| p.head.inclusion.blind = [0; 16]),
        changed(&|p| p.head.checkpoint = vec![1, 2, 3].into()),
        changed(&|p| p.header = vec![].into()),
    ];
    let organisation_of = organisation(&world, "initech");
    let state = Some(world.group_at("globex", team).state.hash());
    let join = |organisation| ControlAct::Join(Join { account: carol, label: None, organisation });
    let with = |request, actor, organisation| ControlHeader {
        state,
        request,
        ..control(actor, &join(organisation))
    };
    let whole = || Some(organisation_of.clone());
    let mut headers: Vec<ControlHeader> =
        bad.into_iter().map(|proof| with(Some(proof), Some(carol), whole())).collect();
    headers.push(with(None, Some(carol), whole()));
    headers.push(with(Some(good.clone()), None, whole()));
    headers.push(with(Some(good.clone()), Some(world.account(ALICE).0), whole()));
    // Another organisation's key, or a changed one, is another lineage.
    headers.push(with(Some(good.clone()), Some(carol), Some(organisation(&world, "globex"))));
    let renamed = Organisation { domain: "umbrella.test".into(), ..organisation_of.clone() };
    headers.push(with(Some(good.clone()), Some(carol), Some(renamed)));
    // So is one whose key was changed: for a later version.
    let changed = Organisation { changes: vec![vec![0].into()], ..organisation_of.clone() };
    headers.push(with(Some(good.clone()), Some(carol), Some(changed)));
    headers.push(ControlHeader { state: None, ..with(Some(good.clone()), Some(carol), None) });
    let count = headers.len();
    headers.push(with(Some(good), Some(carol), whole()));
    let outcomes = judged(&mut world, team, headers);
    assert_eq!(outcomes[..count], vec![Void; count]);
    assert_eq!(outcomes[count], Accepted);
}

#[test]
fn a_request_is_granted_once_and_as_it_was_asked() {
    let (mut world, team) = scene();
    world.set_role(ALICE, BOB, team, Role::Moderator).unwrap();
    world.exchange();
    let (bob, bella) = (world.account(BOB).0, world.account("bella@globex").0);
    // Globex writes three requests; acme has not seen them.
    let mut log = globex_log(&world, team);
    let first = log.end.seq() + 1;
    let body = || comity_protocol::body::Body::empty([2; 32]);
    for name in ["one", "two"] {
        log.push(
            event(bob.number, &EventAct::Request(Request::of(&rename(name)).unwrap())),
            body(),
        );
    }
    let remove = ControlAct::Remove(Target { account: world.account(ALICE).0 });
    let request = Request::of(&remove).unwrap();
    log.push(event(bob.number, &EventAct::Request(request)), body());
    let globex = world.node("globex");
    let proofs: Vec<RequestProof> = (first..first + 3).map(|seq| log.proof(globex, seq)).collect();
    let with = |proof: usize, actor, act: &ControlAct| ControlHeader {
        request: Some(proofs[proof].clone()),
        ..control(Some(actor), act)
    };
    let alice = world.account(ALICE).0;
    let outcomes = judged(
        &mut world,
        team,
        vec![
            with(0, bob, &rename("three")),
            with(0, bob, &ControlAct::SetTopic(Text { text: "one".into() })),
            with(0, bella, &rename("one")),
            with(0, alice, &rename("one")),
            with(1, bob, &rename("two")),
            with(1, bob, &rename("two")),
            // It came before one that is answered.
            with(0, bob, &rename("one")),
            // Asked indeed, but he has no right to it.
            with(2, bob, &ControlAct::Remove(Target { account: alice })),
        ],
    );
    assert_eq!(outcomes, [Void, Void, Void, Void, Accepted, Void, Void, Void]);
    assert_eq!(world.group_at("globex", team).state.name, "two");
}

/// Globex's log in a group, where it would go on.
fn globex_log(world: &World, team: ChannelId) -> RogueLog {
    let globex = world.node("globex");
    let writer = globex.state.identity.as_ref().unwrap().writer;
    let name = LogName::Message { origin: globex.lineage(), writer };
    let (_, channel) = globex.state.channel(&team).unwrap();
    match channel.logs.contains_key(&name) {
        true => RogueLog::continuing(globex, LogId { channel: team, name }),
        false => RogueLog::new(globex, team, writer.0),
    }
}

#[test]
fn every_64th_record_carries_the_hash_of_the_state_before() {
    let (mut world, team) = scene();
    let alice = world.account(ALICE).0;
    let done = world.group_at("acme", team).point.seq;
    for n in done + 1..64 {
        world.rename(ALICE, team, &format!("name {n}")).unwrap();
    }
    world.exchange();
    let state = world.group_at("globex", team).state.hash();
    let with = |state| ControlHeader { state, ..control(Some(alice), &rename("Crew")) };
    let mut other = RogueLog::control(world.node("acme"), team);
    other.push_control(with(None));
    // Initech is not in; globex judges: a wrong one is void, and so is one where none belongs.
    assert_eq!(world.show("acme", "globex", &other).1, [Void]);
    let (mut world, team) = scene();
    for n in done + 1..=70 {
        world.rename(ALICE, team, &format!("name {n}")).unwrap();
    }
    world.exchange();
    world.assert_same(&["acme", "globex"], team);
    let is_64 =
        |r: &&comity_machine::Applied| r.seq == 64 && matches!(r.log.name, LogName::Control { .. });
    let header = &world.node("globex").records.iter().find(is_64).unwrap().record.header;
    let header = ControlHeader::decode(header).unwrap();
    assert_eq!(header.state, Some(state));
    let needless = ControlHeader { state: Some(state), ..control(Some(alice), &rename("Crew")) };
    assert_eq!(judged(&mut world, team, vec![needless]), [Void]);
}

#[test]
fn the_vector_never_falls() {
    let (mut world, team) = scene();
    for _ in 0..3 {
        world.say(BOB, team, "hello").unwrap();
    }
    world.exchange();
    let globex = world.node("globex");
    let origin = globex.lineage();
    let writer = globex.state.identity.as_ref().unwrap().writer;
    let hash = |n: u8| Hash([n; 32]).into();
    let entry = |seq, n| CoverEntry { origin, writer, seq, hash: hash(n) };
    let with = |cover| ControlHeader { cover: Some(cover), ..control(None, &ControlAct::Cover) };
    let two = CoverEntry { writer: WriterId(writer.0 + 1), ..entry(1, 1) };
    let outcomes = judged(
        &mut world,
        team,
        vec![
            with(vec![entry(2, 2)]),
            with(vec![entry(1, 1)]),
            with(vec![entry(2, 9)]),
            with(vec![entry(0, 0)]),
            with(vec![entry(2, 2)]),
            // One entry a log, in order: two would leave open which counts.
            with(vec![entry(5, 5), entry(3, 3)]),
            with(vec![entry(3, 3), entry(3, 3)]),
            with(vec![two, entry(3, 3)]),
            with(vec![entry(3, 3), two]),
        ],
    );
    assert_eq!(outcomes, [Accepted, Void, Void, Void, Accepted, Void, Void, Void, Accepted]);
    let state = &world.group_at("globex", team).state;
    assert_eq!(state.cover[&(origin, writer)], (3, hash(3)));
}

#[test]
fn a_home_whose_clock_runs_away_takes_nobody_along() {
    let (mut world, team) = scene();
    let alice = world.account(ALICE).0;
    let time = HybridTime(u64::MAX - 5);
    let ahead = ControlHeader { time, ..control(Some(alice), &rename("Crew")) };
    assert_eq!(judged(&mut world, team, vec![ahead]), [Accepted]);
    assert_eq!(world.group_at("globex", team).state.name, "Crew");
    let before = world.now_ms;
    world.say(BOB, team, "hello").unwrap();
    let said = world.node("globex").records.last().unwrap();
    assert!(said.time.unix_ms() <= before + 2, "stamped by our clock");
}

#[test]
fn what_is_said_after_a_record_sorts_after_it() {
    let (mut world, team) = scene();
    world.now_ms += 30_000;
    world.rename(ALICE, team, "Crew").unwrap();
    world.exchange();
    // Globex' clock is behind acme's by half a minute.
    world.now_ms -= 30_000;
    world.say(BOB, team, "hello").unwrap();
    let records = &world.node("globex").records;
    let renamed = records.iter().rev().find(|r| matches!(r.log.name, LogName::Control { .. }));
    assert!(records.last().unwrap().id > renamed.unwrap().id);
}

fn genesis(world: &World, home: &str) -> Genesis {
    let owner = world.account(ALICE).0;
    Genesis {
        version: 1,
        nonce: [1; 32],
        home: organisation(world, home),
        owner,
        label: "alice@acme.test".into(),
        member_limit: 9,
        name: "Trap".into(),
        topic: String::new(),
    }
}

/// Acme invites Bob to a group of its making; he accepts; what globex makes of its genesis.
fn born(world: &mut World, header: ControlHeader) -> RangeOutcome {
    use comity_protocol::event::{Invitation, link_channel};
    let (acme, globex) = (world.node("acme"), world.node("globex"));
    let mut log = RogueLog::new(acme, ChannelId([0; 32]), 1);
    log.push_control(header);
    let channel = ChannelId(log.records[0].inner().0);
    let home = acme.lineage();
    let mut born = RogueLog::new(acme, channel, 1);
    born.log = LogId { channel, name: LogName::Control { home, term: 1 } };
    let body = log.records[0].body.clone();
    born.push_bytes(log.records[0].header.0.clone(), body);
    born.time = log.time;
    let invitation = Invitation {
        channel,
        invite: world.group_at("acme", world_team(world)).point,
        account: globex.users["bob"].number,
        inviter: "alice@acme.test".into(),
        name: "Trap".into(),
    };
    let link = link_channel(home, globex.lineage());
    let mut told = RogueLog::new(acme, link, world.now_ms);
    let organisations = Some((home.min(globex.lineage()), home.max(globex.lineage())));
    let start = Some(LogStart { organisations, ..LogStart::default() });
    let header = comity_protocol::event::EventHeader {
        start,
        ..event(AccountNumber(0), &EventAct::Invitation(invitation))
    };
    told.push(header, comity_protocol::body::Body::empty([1; 32]));
    assert_eq!(world.show("acme", "globex", &told).0, RangeOutcome::Applied);
    world.accept(BOB, channel).unwrap();
    world.show("acme", "globex", &born).0
}

fn world_team(world: &World) -> ChannelId {
    let groups = world.node("acme").state.channels.values();
    groups.filter(|channel| channel.group().is_some()).map(|channel| channel.id).next().unwrap()
}

#[test]
fn a_group_is_born_only_in_good_form() {
    let good = |world: &World| {
        let genesis = genesis(world, "acme");
        control(Some(genesis.owner), &ControlAct::Genesis(genesis))
    };
    let (mut world, _) = scene();
    let header = good(&world);
    assert_eq!(born(&mut world, header), RangeOutcome::Applied);
    let unknown = RangeOutcome::Refused { from: 1, code: RefusedCode(Code::LogUnknown) };
    let with = |world: &World, change: &dyn Fn(&mut Genesis)| {
        let mut genesis = genesis(world, "acme");
        change(&mut genesis);
        control(Some(genesis.owner), &ControlAct::Genesis(genesis))
    };
    let (mut world, _) = scene();
    let bob = world.account(BOB).0;
    let globex = organisation(&world, "globex");
    let entry =
        CoverEntry { origin: bob.lineage, writer: WriterId(1), seq: 1, hash: Hash([1; 32]).into() };
    let bad = [
        with(&world, &|g| g.version = 2),
        with(&world, &|g| g.owner = bob),
        // Changes of a key are for a later version, whatever they say.
        with(&world, &|g| g.home.changes = vec![vec![0].into()]),
        with(&world, &|g| g.home = globex.clone()),
        with(&world, &|g| g.label = "alice@globex.test".into()),
        with(&world, &|g| g.member_limit = 0),
        with(&world, &|g| g.member_limit = 1_001),
        with(&world, &|g| g.name = String::new()),
        ControlHeader { actor: None, ..good(&world) },
        ControlHeader { actor: Some(bob), ..good(&world) },
        ControlHeader { state: Some(Hash([1; 32])), ..good(&world) },
        ControlHeader { cover: Some(vec![entry]), ..good(&world) },
        control(Some(world.account(ALICE).0), &rename("no genesis")),
    ];
    for header in bad {
        world.now_ms += 3_600_000;
        assert_eq!(born(&mut world, header.clone()), unknown, "{header:?}");
    }
    // A second one in the middle of a log is nothing.
    let (mut world, team) = scene();
    let header = good(&world);
    assert_eq!(judged(&mut world, team, vec![header]), [Void]);
}

#[test]
fn a_group_that_nobody_awaits_is_refused() {
    let (mut world, team) = scene();
    let unknown = RangeOutcome::Refused { from: 1, code: RefusedCode(Code::LogUnknown) };
    let mut log = RogueLog::control(world.node("acme"), team);
    log.first = 1;
    let all = world.node("acme").records.iter().filter(|r| r.log == log.log);
    log.records = all.map(|r| r.record.clone()).collect();
    assert_eq!(world.show("acme", "initech", &log).0, unknown);
    world.invite(ALICE, CAROL, team).unwrap();
    world.exchange();
    assert_eq!(world.show("acme", "initech", &log).0, unknown, "she has not accepted");
    assert!(world.node("initech").state.channel(&team).is_none());
    assert_eq!(world.now_ms / 1_000_000, BEGINNING_MS / 1_000_000);
}

#[test]
fn a_member_may_not_grant_more_than_its_role() {
    let (mut world, team) = scene();
    let (alice, carol) = (world.account(ALICE).0, world.account(CAROL).0);
    let label = String::from("carol@initech.test");
    let invite = |role| ControlAct::Invite(Invite { account: carol, label: label.clone(), role });
    let wrong = ControlAct::Invite(Invite {
        account: AccountId { number: AccountNumber(5), ..world.account(BOB).0 },
        label: "x@initech.test".into(),
        role: Role::Member,
    });
    let owner = ControlAct::SetRole(SetRole { account: alice, role: Role::Member });
    let headers = vec![
        control(Some(alice), &wrong),
        control(Some(alice), &owner),
        control(Some(alice), &invite(Role::Owner)),
        control(Some(alice), &invite(Role::Member)),
    ];
    assert_eq!(judged(&mut world, team, headers), [Void, Void, Accepted, Void]);
}

#[test]
fn nobody_is_shown_under_the_domain_of_somebody_else() {
    let (mut world, team) = scene();
    // The home admits an organisation that calls itself globex.test, and one that calls itself
    // umbrella.test.
    for (domain, seed, shown) in [("globex.test", 50, false), ("umbrella.test", 51, true)] {
        let key = comity_identity::NodeKey::from_seed(&[seed; 32]);
        let recovery = Hash([seed; 32]);
        let name = domain.parse().unwrap();
        let lineage = comity_protocol::key::lineage_id(&name, &key.public(), &recovery);
        let account = AccountId { lineage, number: AccountNumber(1) };
        let label = format!("ceo@{domain}");
        let act = ControlAct::Invite(Invite { account, label, role: Role::Member });
        let alice = world.account(ALICE).0;
        let mut log = RogueLog::control(world.node("acme"), team);
        if seed == 51 {
            log = RogueLog::continuing(world.node("globex"), log.log);
        }
        log.push_control(control(Some(alice), &act));
        assert_eq!(world.show("acme", "globex", &log).1, [Accepted]);
        let globex = &world.node("globex").state;
        let (no, _) = globex.channel(&team).unwrap();
        assert_eq!(globex.label(no, &account).is_some(), shown, "{domain}");
    }
}
