//! A peer that breaks the rules of groups (`docs/protocol/` sections 4 and 7), as a member and as
//! the home: each rule has its outcome, the node's log and `comity status` say so, and two honest
//! users chat on.

use comity_client::{ChannelEvent, Content, Page};
use comity_machine::{Act, Group, State};
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, ControlHeader, CoverEntry, Invite, Role, Target, Text};
use comity_protocol::event::{EventHeader, LogStart, Record};
use comity_protocol::frame::Frame;
use comity_protocol::id::{
    AccountId, AccountNumber, ChannelId, ControlPoint, LogId, LogName, ShortHash, WriterId,
};

use super::forged::{Forged, control, message};
use super::hostile_logs::id_of;
use super::rogue::{DOMAIN, SEED, Wire, subscribes};
use super::scene::Scene;
use super::world::soon;
use crate::admin::ReadOnlyGroup;
use crate::writer::tests::story::Story;

const MALLORY: AccountNumber = AccountNumber(1);

/// Alice's group at acme, where she said something before Mallory was invited, who accepts.
async fn accepting(texts: &[&str]) -> (Scene, Wire, ChannelId) {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    subscribes(&mut wire).await;
    let group = soon(scene.alice.http().create_group("lunch", "")).await.unwrap();
    for text in texts {
        soon(scene.alice.client.sender().send(&group, *text)).await.unwrap();
    }
    let channel = id_of(&group);
    let (home, rogue) = (&scene.world.homes[0], &mut scene.rogue);
    let mallory = format!("mallory@{DOMAIN}");
    let invited = |state: &State| state.accounts[&MALLORY].invitations.contains_key(&channel);
    let told = rogue.follows(&mut wire, home, "an invitation", invited);
    let (invite, ()) = tokio::join!(scene.alice.http().invite(&group, &mallory), told);
    invite.unwrap();
    let accepts = rogue.story.act(1, None, Act::Accept { channel }).applied;
    wire.shows(&rogue.story.batch(&accepts)).await;
    (scene, wire, channel)
}

/// The same, and Mallory is in.
async fn as_a_member() -> (Scene, Wire, ChannelId) {
    let (mut scene, mut wire, channel) = accepting(&[]).await;
    let (home, rogue) = (&scene.world.homes[0], &mut scene.rogue);
    let is_in =
        |state: &State| state.channel(&channel).is_some_and(|(_, known)| known.group().is_some());
    rogue.follows(&mut wire, home, "the group", is_in).await;
    let joined = |event: &ChannelEvent| matches!(event.content, Content::Joined { .. });
    scene.alice.sees("Mallory's joining", joined).await;
    (scene, wire, channel)
}

pub(super) fn group_of(story: &Story, channel: ChannelId) -> &Group {
    story.state.channel(&channel).unwrap().1.group().unwrap()
}

#[tokio::test]
async fn what_an_event_stands_on_never_goes_back_and_is_always_there() {
    let (mut scene, mut wire, channel) = as_a_member().await;
    let newest = group_of(&scene.rogue.story, channel).point;
    let invite = control_log(&scene.rogue.story, channel);
    let before = scene.rogue.story.state.channel(&channel).unwrap().1.logs[&invite].end.clone();
    let (_, hash) = before.as_links()[before.as_links().len() - 2];
    let before = ControlPoint { seq: newest.seq - 1, hash: hash.into(), ..newest };
    let forged = ControlPoint { hash: hash.into(), ..newest };
    let start = Some(LogStart::default());
    let says = |after| EventHeader { after, ..message(MALLORY, None) };
    let mut log = Forged::message_log(&scene.rogue.story, channel, 1);
    log.says(EventHeader { start: start.clone(), ..says(Some(newest)) }, "first")
        .says(says(Some(before)), "before he came in")
        .says(says(Some(forged)), "of another history")
        .says(message(AccountNumber(2), None), "of somebody who is no member")
        .says(says(None), "second");
    let batch = log.batch(&scene.rogue.story);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, []);
    scene.alice.hears("second").await;
    scene.nothing_came_but(&["first", "second"]).await;
    scene.log_says("records against the rules have no effect");
    assert_eq!(scene.status().await.void, 2);

    // A log that never says what it stands on is void from its beginning.
    let mut log = Forged::message_log(&scene.rogue.story, channel, 2);
    log.says(message(MALLORY, start.clone()), "out of the blue");
    let batch = log.batch(&scene.rogue.story);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, []);
    assert_eq!(scene.status().await.void, 3);

    // What stands on a record that nobody has written waits, and keeps nobody else.
    let ahead = ControlPoint { seq: newest.seq + 1, ..newest };
    let mut log = Forged::message_log(&scene.rogue.story, channel, 3);
    log.says(EventHeader { start, ..says(Some(ahead)) }, "in time to come");
    let batch = log.batch(&scene.rogue.story);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, [Code::LogHeld]);
    assert_eq!(scene.status().await.waiting, 1);
    scene.nothing_came_but(&["first", "second"]).await;
}

#[tokio::test]
async fn whoever_stands_on_another_history_is_asked_for_it() {
    let (scene, mut wire, channel) = as_a_member().await;
    let newest = group_of(&scene.rogue.story, channel).point;
    let after = Some(ControlPoint { hash: ShortHash([9; 16]), ..newest });
    let start = Some(LogStart::default());
    let mut log = Forged::message_log(&scene.rogue.story, channel, 1);
    log.says(EventHeader { start, after, ..message(MALLORY, None) }, "of another history");
    wire.shows(&log.batch(&scene.rogue.story)).await;
    let name = control_log(&scene.rogue.story, channel);
    let control = LogId { channel, name }.into();
    let asks = |frame: &Frame| matches!(frame, Frame::Show { log, .. } if *log == control);
    wire.hears("a question after the other history", asks).await;
    assert_eq!(scene.status().await.void, 1);
}

#[tokio::test]
async fn whoever_is_let_in_is_shown_the_newest_page_unasked() {
    let (_scene, mut wire, channel) = accepting(&["first", "second"]).await;
    let shows = |frame: &Frame| matches!(frame, Frame::Backfill(page) if page.channel == channel);
    let Frame::Backfill(page) = wire.hears("the newest page", shows).await else { unreachable!() };
    let [range] = &page.ranges[..] else { panic!("{page:?}") };
    assert_eq!((range.first, range.records.len()), (1, 2));
    assert!(range.start.is_some(), "it has to prove itself");
    assert_eq!(page.missing, []);
}

pub(super) fn control_log(story: &Story, channel: ChannelId) -> LogName {
    group_of(story, channel).control_log()
}

/// Mallory's group at evil, which Alice was invited to and is in.
pub(super) async fn as_home() -> (Scene, Wire, ChannelId, AccountId) {
    as_home_after(&[]).await
}

/// The same, where Mallory has said something before.
pub(super) async fn as_home_after(said: &[&str]) -> (Scene, Wire, ChannelId, AccountId) {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let alice = scene.alice_id(&mut wire).await;
    subscribes(&mut wire).await;
    let story = &mut scene.rogue.story;
    let create = Act::CreateGroup { name: "trap".into(), topic: String::new(), member_limit: 10 };
    let channel = story.channel(1, create);
    for text in said {
        story.sends(1, channel, text);
    }
    let label = "alice@acme.test".to_owned();
    let invite = story.act(1, None, Act::Invite { channel, account: alice, label }).applied;
    let told = invite.iter().filter(|applied| applied.channel_id != channel).cloned();
    let batch = story.batch(&told.collect::<Vec<_>>());
    wire.shows(&batch).await;
    let invited = |event: &ChannelEvent| matches!(event.content, Content::Invited { .. });
    scene.alice.sees("an invitation", invited).await;
    soon(scene.alice.http().accept(&channel.to_string())).await.unwrap();
    let (home, rogue) = (&scene.world.homes[0], &mut scene.rogue);
    let is_in = |state: &State| {
        let group = state.channel(&channel).unwrap().1.group().unwrap();
        group.state.members.get(&alice).is_some_and(|member| member.is_in())
    };
    rogue.follows(&mut wire, home, "Alice's accept", is_in).await;
    let log = LogId { channel, name: control_log(&rogue.story, channel) };
    let mut whole = Forged::of(log);
    for record in written(&rogue.story, log) {
        whole.record(record.header.0, record.body);
    }
    whole.time = rogue.story.state.channel(&channel).unwrap().1.logs[&log.name].time;
    let batch = whole.batch(&rogue.story);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, []);
    let joined = |event: &ChannelEvent| matches!(event.content, Content::Joined { .. });
    scene.alice.sees("her joining", joined).await;
    (scene, wire, channel, alice)
}

/// The records of one of the rogue's logs.
fn written(story: &Story, log: LogId) -> Vec<Record> {
    story.applied.iter().filter(|a| a.log == log).map(|a| a.record.clone()).collect()
}

fn rename(name: &str) -> ControlAct {
    ControlAct::SetName(Text { text: name.into() })
}

#[tokio::test]
async fn a_home_cannot_act_in_the_name_of_others_nor_take_v_back() {
    let (mut scene, mut wire, channel, alice) = as_home().await;
    let story = &scene.rogue.story;
    let mallory = story.account(1);
    let name = control_log(story, channel);
    let mut log = Forged::continuing(story, LogId { channel, name });
    let last = story.state.channel(&channel).unwrap().1.logs[&name].time;
    let (origin, writer) = (alice.lineage, WriterId(7));
    let hash = |n: u8| ShortHash([n; 16]);
    let entry = |seq, n| vec![CoverEntry { origin, writer, seq, hash: hash(n) }];
    let covers = |cover| ControlHeader { cover: Some(cover), ..control(None, &ControlAct::Cover) };
    let invite = Invite { account: alice, label: "alice@acme.test".into(), role: Role::Member };
    log.control(control(Some(alice), &rename("in Alice's name, without a request")))
        .control(control(Some(alice), &ControlAct::Leave(Target { account: alice })))
        .control(control(Some(mallory), &ControlAct::Leave(Target { account: alice })))
        .control(control(Some(mallory), &ControlAct::Invite(invite)))
        .control(ControlHeader { time: last, ..control(Some(mallory), &rename("too late")) })
        .control(covers(entry(5, 5)))
        .control(covers(entry(4, 4)))
        .control(covers(entry(5, 6)))
        .control(covers(entry(0, 0)))
        .control(control(Some(mallory), &rename("an honest name")));
    let batch = log.batch(story);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, []);
    let renamed = Content::Renamed { name: "an honest name".into() };
    scene.alice.sees("the new name", |event| event.content == renamed).await;
    let group = soon(scene.alice.http().channel(&channel.to_string())).await.unwrap();
    assert_eq!(group.members.len(), 2, "{group:?}");
    let id = channel.to_string();
    let history = soon(scene.alice.http().history(&id, &Page::Latest, 50)).await.unwrap();
    let is_name =
        |event: &&comity_client::HistoryEvent| matches!(event.content, Content::Renamed { .. });
    assert_eq!(history.events.iter().filter(is_name).count(), 1, "the others never were");
    scene.log_says("records against the rules have no effect");
    assert_eq!(scene.status().await.void, 8);
    scene.chat_goes_on().await;
}

#[tokio::test]
async fn a_control_log_needs_its_homes_own_key() {
    let (mut scene, mut wire, channel, _) = as_home().await;
    let name = control_log(&scene.rogue.story, channel);
    let mut log = Forged::continuing(&scene.rogue.story, LogId { channel, name });
    log.control(control(Some(scene.rogue.story.account(1)), &rename("forged")));
    // The right lineage, and a key that it never had: it may be its next one, and waits.
    let mut other = Story::begin(DOMAIN, SEED + 1, &["mallory"]);
    other.state = scene.rogue.story.state.clone();
    let batch = log.batch(&other);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, [Code::LogHeld]);
    let id = channel.to_string();
    let group = soon(scene.alice.client.http().channel(&id)).await.unwrap();
    assert_ne!(group.name.as_deref(), Some("forged"));
    // Its own key for a log of ours, which others may only give back to us.
    let acme = scene.world.homes[0].lineage;
    let mut log = Forged::message_log(&scene.rogue.story, channel, 1);
    log.log.name = LogName::Message { origin: acme, writer: WriterId(1) };
    log.says(message(MALLORY, Some(LogStart::default())), "in acme's log");
    wire.shows(&log.batch(&scene.rogue.story)).await;
    assert_eq!(wire.ends().await, Code::CheckpointForged);
    scene.log_says("checkpoint_forged");
    let status = scene.status().await;
    assert_eq!((status.faults, status.refused), (1, 0));
    scene.chat_goes_on().await;
}

#[tokio::test]
async fn a_record_that_only_later_versions_know_closes_its_group_alone() {
    let (mut scene, mut wire, channel, _) = as_home().await;
    let name = control_log(&scene.rogue.story, channel);
    let mut log = Forged::continuing(&scene.rogue.story, LogId { channel, name });
    let mallory = scene.rogue.story.account(1);
    log.control(control(Some(mallory), &ControlAct::Unknown(1_024)))
        .control(control(None, &ControlAct::Unknown(900)))
        .control(control(Some(mallory), &rename("after it")));
    let batch = log.batch(&scene.rogue.story);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, [Code::LogHeld]);
    scene.log_says("until this node is upgraded");
    assert_eq!(scene.status().await.waiting, 1);
    let refused = scene.alice.client.sender().send(&channel.to_string(), "hello?").await;
    assert!(refused.unwrap_err().to_string().contains("channel_read_only"));
    let groups = soon(scene.admin().groups()).await.unwrap();
    let found = groups.iter().find(|line| line.channel == channel.to_string()).unwrap();
    assert_eq!(found.read_only, Some(ReadOnlyGroup::Newer));
    let wanted = wire.hears("a want", |frame| matches!(frame, Frame::Want(_))).await;
    let Frame::Want(wants) = wanted else { unreachable!() };
    assert_eq!(wants[0].log, LogId { channel, name }.into());
    scene.chat_goes_on().await;
}
