//! What devices are told: where, of what, and up to where each knows.

use comity_machine::{
    Act, Answer, Command, DeviceId, Level, Notify, PushTarget, Quiet, RefusedCode, Wishes,
};
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::AccountNumber;

use super::world::World;

const ALICE: &str = "alice@acme";
const BOB: &str = "bob@acme";
const BEN: &str = "ben@acme";
const PHONE: DeviceId = DeviceId(77);

fn endpoint(text: &str) -> PushTarget {
    PushTarget::WebPush {
        endpoint: text.to_owned(),
        key: vec![4; 65].into(),
        secret: vec![5; 16].into(),
    }
}

/// Two people, and a phone of the second.
fn world() -> (World, AccountNumber) {
    let mut world = World::new(&[ALICE, BOB]);
    let account = world.account(BOB).0.number;
    world.node_mut("acme").add_device(account, PHONE, 1);
    (world, account)
}

fn apply(world: &mut World, command: Command) -> Result<(), Code> {
    match world.node_mut("acme").apply(command).answer {
        Answer::Done => Ok(()),
        Answer::Refused(RefusedCode(code)) => Err(code),
        answer => panic!("{answer:?}"),
    }
}

fn subscribe(account: AccountNumber, target: PushTarget, content: bool) -> Command {
    Command::Notify(Notify::Subscribe { account, device: PHONE, target, content })
}

#[test]
fn a_subscription_is_its_devices_and_ends_with_it() {
    let (mut world, account) = world();
    let other = world.account(ALICE).0.number;
    let of_another = subscribe(other, endpoint("https://a.example"), true);
    assert_eq!(apply(&mut world, of_another), Err(Code::DeviceNotFound));
    let long = format!("https://{}", "a".repeat(2_048));
    for wrong in [endpoint(""), endpoint(&long)] {
        assert_eq!(apply(&mut world, subscribe(account, wrong, true)), Err(Code::PushRefused));
    }
    apply(&mut world, subscribe(account, endpoint("https://a.example"), true)).unwrap();
    let push = |world: &World| world.node("acme").state.devices[&PHONE].push.clone();
    let first = push(&world).unwrap();
    // The same again changes nothing; another is told of all that the first was not.
    apply(&mut world, subscribe(account, endpoint("https://a.example"), true)).unwrap();
    assert_eq!(push(&world), Some(first.clone()));
    apply(&mut world, subscribe(account, endpoint("https://b.example"), false)).unwrap();
    let second = push(&world).unwrap();
    assert_eq!((second.since, second.content), (first.since, false));
    assert!(second.changed > first.changed);
    assert!(!format!("{second:?}").contains("b.example"), "where it leads to is a secret");
    // A service that knows the first no more does not speak of the second.
    let ends = |changed| Command::Notify(Notify::Unsubscribe { device: PHONE, changed });
    apply(&mut world, ends(Some(first.changed))).unwrap();
    assert_eq!(push(&world), Some(second.clone()));
    assert_eq!(world.node("acme").state.subscribed().collect::<Vec<_>>(), [(PHONE, account)]);
    apply(&mut world, ends(Some(second.changed))).unwrap();
    assert_eq!(push(&world), None);
    apply(&mut world, subscribe(account, endpoint("https://a.example"), true)).unwrap();
    apply(&mut world, ends(None)).unwrap();
    assert_eq!(world.node("acme").state.subscribed().count(), 0);
    world.node("acme").check_reload();
}

#[test]
fn a_place_is_told_once_of_an_account() {
    let (mut world, account) = world();
    let other = world.account(ALICE).0.number;
    let (tablet, hers) = (DeviceId(78), DeviceId(79));
    world.node_mut("acme").add_device(account, tablet, 2);
    world.node_mut("acme").add_device(other, hers, 3);
    let gateway = |key: &str| PushTarget::Gateway {
        url: "https://g.example".into(),
        app: "app".into(),
        key: key.into(),
    };
    let subscribe = |account, device, target: &PushTarget| {
        let (target, content) = (target.clone(), true);
        Command::Notify(Notify::Subscribe { account, device, target, content })
    };
    let places = [
        (endpoint("https://a.example"), endpoint("https://b.example")),
        (gateway("one"), gateway("two")),
    ];
    for (place, elsewhere) in places {
        apply(&mut world, subscribe(account, PHONE, &place)).unwrap();
        apply(&mut world, subscribe(other, hers, &place)).unwrap();
        apply(&mut world, subscribe(account, tablet, &elsewhere)).unwrap();
        let subscribed = |world: &World| {
            let subscribed = world.node("acme").state.subscribed();
            subscribed.map(|(device, _)| device).collect::<Vec<_>>()
        };
        assert_eq!(subscribed(&world), [PHONE, tablet, hers]);
        // Who logged in anew in the same browser has another device there, and the same place.
        apply(&mut world, subscribe(account, tablet, &place)).unwrap();
        assert_eq!(subscribed(&world), [tablet, hers]);
    }
    world.node("acme").check_reload();
}

#[test]
fn how_far_a_device_knows_goes_with_what_it_subscribed_to() {
    let (mut world, account) = world();
    let direct = world.direct(ALICE, BOB);
    let no = world.channel("acme", direct).0;
    let told = |pos| Command::Notify(Notify::NoteTold { told: vec![(PHONE, no, pos)] });
    let known = |world: &World| world.node("acme").state.told(PHONE, no);
    // Nobody is told who has not subscribed.
    apply(&mut world, told(Some(Pos(5)))).unwrap();
    assert_eq!(known(&world), None);
    for end in [Command::Notify(Notify::Unsubscribe { device: PHONE, changed: None }), told(None)] {
        apply(&mut world, subscribe(account, endpoint("https://a.example"), true)).unwrap();
        apply(&mut world, told(Some(Pos(5)))).unwrap();
        assert_eq!(known(&world), Some(Pos(5)));
        apply(&mut world, end).unwrap();
        assert_eq!(known(&world), None);
    }
    apply(&mut world, told(Some(Pos(6)))).unwrap();
    world.node("acme").check_reload();
    apply(&mut world, Command::RemoveDevice { account, device: PHONE }).unwrap();
    assert_eq!(known(&world), None);
    world.node("acme").check_reload();
}

#[test]
fn an_account_says_of_what_it_wants_to_hear() {
    let (mut world, account) = world();
    world.user(BEN);
    let group = world.team(ALICE, &[BOB]);
    let no = world.channel("acme", group).0;
    let level = |world: &World| world.node("acme").state.level(account, no);
    assert_eq!(level(&world), Level::All);
    world.act(BOB, Act::Mute { channel: group, on: true }).unwrap();
    assert_eq!(level(&world), Level::Mentions);
    world.act(BOB, Act::Mute { channel: group, on: false }).unwrap();
    let zone = "Europe/Berlin".to_owned();
    let night = Some(Quiet { from: 1_320, until: 420, zone });
    let wishes = Wishes { level: Level::Nothing, quiet: night, idle_s: 0 };
    apply(&mut world, Command::Notify(Notify::SetWishes { account, wishes: wishes.clone() }))
        .unwrap();
    assert_eq!((level(&world), world.node("acme").state.wishes(account)), (Level::Nothing, wishes));
    let of_group = |level| Command::Notify(Notify::SetLevel { account, channel: group, level });
    apply(&mut world, of_group(Some(Level::Mentions))).unwrap();
    assert_eq!(level(&world), Level::Mentions);
    world.node("acme").check_reload();
    apply(&mut world, of_group(None)).unwrap();
    assert_eq!(level(&world), Level::Nothing);
    let strange = Command::Notify(Notify::SetLevel {
        account: world.account(ALICE).0.number,
        channel: world.direct(BOB, BEN),
        level: Some(Level::All),
    });
    assert_eq!(apply(&mut world, strange), Err(Code::ChannelNotFound));
    let quiet = |from, until, zone: &str| Some(Quiet { from, until, zone: zone.to_owned() });
    for (quiet, idle_s) in [
        (quiet(1_440, 0, "UTC"), 0),
        (quiet(0, 1_440, "UTC"), 0),
        (quiet(0, 1, ""), 0),
        (quiet(0, 1, &"z".repeat(65)), 0),
        (None, 86_401),
    ] {
        let wishes = Wishes { level: Level::All, quiet, idle_s };
        let refused = apply(&mut world, Command::Notify(Notify::SetWishes { account, wishes }));
        assert_eq!(refused, Err(Code::Malformed));
    }
}
