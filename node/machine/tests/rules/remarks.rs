//! What is said of messages is judged like what is said: by the rights of every state that counts,
//! the same at every node; and marks of who has read what.

use comity_machine::{Act, Answer, Outcome, ReadMark, Remark, Unread};
use comity_protocol::body::{Body, Format};
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, Role, SetEdits, SetMentions};
use comity_protocol::cursor::Pos;
use comity_protocol::event::{Edit, EventAct, EventHeader, LogStart, Message, Pin, Reaction};
use comity_protocol::id::{ChannelId, MessageId};

use super::world::{Done, RogueLog, World, event};

use Outcome::{Accepted, Rejected, Void};

const ALICE: &str = "alice@acme";
const ANN: &str = "ann@acme";
const BOB: &str = "bob@globex";
const CAROL: &str = "carol@initech";
const ALL: [&str; 3] = ["acme", "globex", "initech"];

fn scene() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, ANN, BOB, CAROL]);
    let team = world.team(ALICE, &[ANN, BOB, CAROL]);
    (world, team)
}

fn said(world: &mut World, user: &str, team: ChannelId, text: &str) -> MessageId {
    match world.say(user, team, text).unwrap() {
        Answer::Stored { id, .. } => id,
        other => panic!("{other:?}"),
    }
}

fn edit(world: &mut World, user: &str, channel: ChannelId, message: MessageId) -> Done {
    let (text, format) = ("another".to_owned(), Format::Markdown);
    world.act(user, Act::Edit { channel, message, text, format })
}

fn react(world: &mut World, user: &str, channel: ChannelId, message: MessageId) -> Done {
    world.act(user, Act::React { channel, message, reaction: "👍".into(), on: true })
}

fn pin(world: &mut World, user: &str, channel: ChannelId, message: MessageId) -> Done {
    world.act(user, Act::Pin { channel, message, on: true })
}

/// What the records of a channel say of messages at a node, with what each amounts to.
fn remarks(world: &World, node: &str, channel: ChannelId) -> Vec<(Remark, Outcome)> {
    let records = world.node(node).records.iter().filter(|record| record.channel_id == channel);
    records.filter_map(|record| Some((record.annotation.clone()?.what, record.outcome))).collect()
}

#[test]
fn who_may_not_post_neither_edits_nor_pins_but_reacts() {
    let (mut world, team) = scene();
    let id = said(&mut world, BOB, team, "one");
    world.exchange();
    world.let_post(ALICE, team, Role::Moderator).unwrap();
    world.exchange();
    assert_eq!(edit(&mut world, BOB, team, id), Err(Code::PostingRestricted));
    assert_eq!(pin(&mut world, BOB, team, id), Err(Code::PostingRestricted));
    react(&mut world, BOB, team, id).unwrap();
    pin(&mut world, ALICE, team, id).unwrap();
    world.exchange();
    for node in ALL {
        assert_eq!(remarks(&world, node, team).len(), 2, "{node}");
    }
    world.archive(ALICE, team, true).unwrap();
    world.exchange();
    assert_eq!(react(&mut world, BOB, team, id), Err(Code::ChannelArchived));
    world.assert_same(&ALL, team);
}

#[test]
fn who_was_removed_says_nothing_of_messages_either() {
    let (mut world, team) = scene();
    let id = said(&mut world, BOB, team, "one");
    world.exchange();
    world.cut("globex", "acme");
    edit(&mut world, BOB, team, id).unwrap();
    react(&mut world, BOB, team, id).unwrap();
    pin(&mut world, BOB, team, id).unwrap();
    world.exchange();
    assert!(remarks(&world, "initech", team).iter().all(|(_, outcome)| *outcome == Accepted));
    world.remove(ALICE, BOB, team).unwrap();
    world.exchange();
    world.heal("globex", "acme");
    world.exchange();
    for node in ALL {
        let found = remarks(&world, node, team);
        assert_eq!(found.len(), 3, "{node}");
        assert!(found.iter().all(|(_, outcome)| *outcome == Rejected), "{node}: {found:?}");
    }
    world.assert_same(&ALL, team);
}

#[test]
fn only_owners_set_the_rules_on_edits_and_mentions() {
    let (mut world, team) = scene();
    let keep = || ControlAct::SetEdits(SetEdits { kept: true });
    let mentions = |role| ControlAct::SetMentions(SetMentions { role });
    world.set_role(ALICE, BOB, team, Role::Moderator).unwrap();
    world.exchange();
    assert_eq!(world.govern(BOB, team, keep()), Err(Code::NotAllowed));
    assert_eq!(world.govern(BOB, team, mentions(Role::Owner)), Err(Code::NotAllowed));
    world.govern(ALICE, team, keep()).unwrap();
    world.govern(ALICE, team, mentions(Role::Moderator)).unwrap();
    world.exchange();
    for node in ALL {
        let state = &world.group_at(node, team).state;
        assert_eq!((state.keeps_edits, state.mentions), (Some(true), Some(Role::Moderator)));
    }
    let all = |channel| Act::Send {
        channel,
        text: "all".into(),
        format: Format::Plain,
        message: Message { mentions_all: Some(true), ..Message::default() },
    };
    assert_eq!(world.act(CAROL, all(team)), Err(Code::NotAllowed));
    world.act(BOB, all(team)).unwrap();
    world.exchange();
    assert_eq!(unread(&world, ANN, team).mentions, 1);
    world.assert_same(&ALL, team);
}

#[test]
fn a_node_that_says_more_than_it_may_is_not_heard() {
    let (mut world, team) = scene();
    world.govern(ALICE, team, ControlAct::SetMentions(SetMentions { role: Role::Owner })).unwrap();
    let id = said(&mut world, ALICE, team, "one");
    world.exchange();
    let bob = world.account(BOB).0.number;
    let mut log = RogueLog::new(world.node("globex"), team, 77);
    let after = Some(world.group_at("globex", team).point);
    let long = Reaction { message: id, reaction: "x".repeat(65), on: true };
    let all = Message { mentions_all: Some(true), ..Message::default() };
    let twice = vec![world.account(ANN).0; 2];
    let twice = Message { mentions: Some(twice), ..Message::default() };
    for (act, text) in [
        (EventAct::Reaction(long), None),
        (EventAct::Message(twice), Some("x")),
        (EventAct::Message(all), Some("all of you")),
        (EventAct::Edit(Edit { message: id }), Some("mine now")),
        (EventAct::Pin(Pin { message: id, on: true }), None),
    ] {
        let body = text.map_or(Body::empty([1; 32]), |text| Body::text([1; 32], text));
        let start = log.records.is_empty().then(LogStart::default);
        log.push(EventHeader { after, start, ..event(bob, &act) }, body);
    }
    let batch = log.batch(world.node("globex"));
    world.take("globex", "acme", batch);
    let outcomes = world.outcomes("acme", team, "globex");
    assert!(outcomes.ends_with(&[Void, Void, Accepted, Accepted, Accepted]), "{outcomes:?}");
    // It may post, so that the message counts; it mentions nobody.
    assert_eq!(unread(&world, ANN, team), Unread { messages: 2, mentions: 0, read: None });
}

fn unread(world: &World, user: &str, channel: ChannelId) -> Unread {
    let (account, node) = (world.account(user).0, world.node(user.split_once('@').unwrap().1));
    let (no, _) = node.state.channel(&channel).unwrap();
    node.state.unread(account.number, no)
}

#[test]
fn a_mark_goes_forward_and_counts_what_came_meanwhile() {
    let (mut world, team) = scene();
    let first = said(&mut world, ALICE, team, "one");
    said(&mut world, ALICE, team, "two");
    assert_eq!(unread(&world, ANN, team).messages, 2);
    let at =
        |seen, sent, pos| ReadMark { pos, message: Some(first), seen, sent, ..ReadMark::default() };
    let mark = |mark, back| Act::MarkRead { channel: team, mark, back };
    let last = world.node("acme").state.channel(&team).unwrap().1.last_pos;
    // What was counted before two more came, one of them her own.
    said(&mut world, ALICE, team, "three");
    said(&mut world, ANN, team, "mine");
    world.act(ANN, mark(at(2, 0, last), false)).unwrap();
    let left = Unread { messages: 1, mentions: 0, read: Some(first) };
    assert_eq!(unread(&world, ANN, team), left);
    // Late, from another device: it changes nothing.
    world.act(ANN, mark(at(1, 0, Pos(last.0 - 1)), false)).unwrap();
    assert_eq!(unread(&world, ANN, team), left);
    world.act(ANN, mark(at(1, 0, Pos(last.0 - 1)), true)).unwrap();
    assert_eq!(unread(&world, ANN, team).messages, 2);
    // Nobody marks what he is not in.
    let stranger = ChannelId([9; 32]);
    let outside = Act::MarkRead { channel: stranger, mark: at(1, 0, last), back: false };
    assert_eq!(world.act(ANN, outside), Err(Code::ChannelNotFound));
    // Who comes in has nothing unread.
    world.user("amy@acme");
    world.bring(ALICE, "amy@acme", team);
    assert_eq!(unread(&world, "amy@acme", team).messages, 0);
    said(&mut world, ALICE, team, "welcome");
    assert_eq!(unread(&world, "amy@acme", team).messages, 1);
}
