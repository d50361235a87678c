//! Reports of abuse over real nodes: what was said comes to the author's admin as it was written,
//! whatever became of it since; what a rogue node makes up comes to nobody.

use comity_client::{Command, Content, HttpError};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::chain::{Link, inner};
use comity_protocol::event::{EventAct, LogStart, Report, link_channel};
use comity_protocol::frame::{Batch, Frame, Range};
use comity_protocol::hash::Hash;
use comity_protocol::head::HeadProof;
use comity_protocol::id::{AccountNumber, ChannelId, WriterId};
use comity_protocol::report::{Evidence, RecordProof};

use super::forged::{Forged, event, message};
use super::joins::is_let_in;
use super::peers::admin;
use super::rogue::{DOMAIN, subscribes};
use super::scene::Scene;
use super::world::{Person, World, soon};
use crate::admin::{AdminClient, ReportDetail};

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

fn code<T: std::fmt::Debug>(refused: Result<T, HttpError>) -> String {
    refused.unwrap_err().code().unwrap().to_owned()
}

async fn reports(person: &Person, channel: &str, id: &str) -> Result<Option<String>, HttpError> {
    soon(person.http().report((channel, id), "harassment", "he does that")).await
}

async fn edits(person: &Person, channel: &str, message: &str, text: &str) {
    let (channel, message, text) = (channel.to_owned(), message.to_owned(), text.to_owned());
    let sender = person.client.sender();
    soon(sender.command(Command::Edit { channel, message, text })).await.unwrap();
}

/// Waits until so many reports are listed; the newest one.
async fn sees(admin: &AdminClient, count: usize) -> ReportDetail {
    soon(async {
        loop {
            let listed = admin.reports(true).await.unwrap();
            if listed.len() == count {
                return admin.report(listed[0].number).await.unwrap();
            }
            tokio::task::yield_now().await;
        }
    })
    .await
}

#[tokio::test]
async fn what_was_said_comes_to_its_authors_admin_though_it_is_edited_and_erased_since() {
    let mut world = World::start(&DOMAINS).await;
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let channel = alice.opens("bob@globex.test").await;
    let id = alice.says(&channel, "you fool").await;
    bob.hears("you fool").await;
    assert_eq!(reports(&bob, &channel, &id).await.unwrap().as_deref(), Some("acme.test"));
    // Repeated, it is the same one.
    assert_eq!(reports(&bob, &channel, &id).await.unwrap().as_deref(), Some("acme.test"));
    assert_eq!(code(reports(&alice, &channel, &id).await), "report_self");
    let report = sees(&admin(&world, 0), 1).await;
    edits(&alice, &channel, &id, "you friend").await;
    let edited = |event: &Content| matches!(event, Content::Edited { .. });
    bob.sees("the edit", |event| edited(&event.content)).await;
    soon(alice.http().erase(&channel, &id)).await.unwrap();
    let erased = Content::Erased { message: id.clone() };
    bob.sees("the erasure", |event| event.content == erased).await;
    assert_eq!(code(reports(&bob, &channel, &id).await), "message_erased");

    let (line, theirs) = (&report.line, sees(&admin(&world, 1), 1).await);
    assert_eq!((line.from.as_str(), line.reporter.as_deref()), ("globex.test", None));
    assert_eq!((line.about.as_str(), line.reason.as_str()), ("alice@acme.test", "harassment"));
    assert_eq!((line.channel.as_str(), line.message.as_str()), (channel.as_str(), id.as_str()));
    assert!(line.is_proven && line.closed_unix_ms.is_none() && line.sent_to.is_none());
    assert_eq!(theirs.line.reporter.as_deref(), Some("bob@globex.test"));
    assert_eq!(theirs.line.sent_to.as_deref(), Some("acme.test"));
    // It is so after a start, too.
    world.stop(0).await;
    world.restart(0).await;
    for home in 0..2 {
        let shown = sees(&admin(&world, home), 1).await;
        assert_eq!(shown.text.as_deref(), Some("you fool"), "{home}");
        assert_eq!(shown.comment.as_deref(), Some("he does that"), "{home}");
    }
    assert_eq!(admin(&world, 0).status().await.unwrap().reports, 1);
    admin(&world, 0).close_report(line.number).await.unwrap();
    assert_eq!(admin(&world, 0).reports(false).await.unwrap(), []);
    assert_eq!(admin(&world, 0).status().await.unwrap().reports, 0);
    assert!(admin(&world, 0).close_report(7).await.is_err());
}

#[tokio::test]
async fn in_a_group_each_authors_admin_is_told_and_what_is_shown_is_reported() {
    let world = World::start(&DOMAINS).await;
    let mut alice = world.person(0, "alice").await;
    let mut ada = world.person(0, "ada").await;
    let mut bob = world.person(1, "bob").await;
    let group = soon(alice.http().create_group("lunch", "where?")).await.unwrap();
    is_let_in(&alice, &mut ada, &group).await;
    is_let_in(&alice, &mut bob, &group).await;
    let mut newest = String::new();
    for n in 0..9 {
        newest = alice.says(&group, &format!("fool {n}")).await;
    }
    bob.hears("fool 8").await;
    ada.hears("fool 8").await;
    edits(&alice, &group, &newest, "utter fool").await;
    bob.sees("the edit", |event| matches!(event.content, Content::Edited { .. })).await;
    // Of a later writer's log all before it is as provable as of a fresh one.
    assert_eq!(reports(&bob, &group, &newest).await.unwrap().as_deref(), Some("acme.test"));
    let report = sees(&admin(&world, 0), 1).await;
    assert_eq!(report.text.as_deref(), Some("utter fool"));
    assert_eq!(report.line.message, newest);
    // One of the author's own organisation tells no other.
    assert_eq!(reports(&ada, &group, &newest).await.unwrap(), None);
    let report = sees(&admin(&world, 0), 2).await;
    assert_eq!(report.line.reporter.as_deref(), Some("ada@acme.test"));
    assert_eq!((report.text.as_deref(), report.line.is_proven), (Some("utter fool"), false));
    let back = bob.says(&group, "fools yourselves").await;
    alice.hears("fools yourselves").await;
    assert_eq!(reports(&alice, &group, &back).await.unwrap().as_deref(), Some("globex.test"));
    assert_eq!(sees(&admin(&world, 1), 2).await.text.as_deref(), Some("fools yourselves"));
    // Who is not in the group learns nothing of it.
    let dave = world.person(0, "dave").await;
    assert_eq!(code(reports(&dave, &group, &back).await), "channel_not_found");
}

/// What a node's batch proves of a log's first record.
fn evidence(batch: &Batch, range: &Range) -> Evidence {
    let record = &range.records[0];
    let WireBody::Present(body) = record.body.clone() else { panic!("a text") };
    assert_eq!((range.first, range.records.len()), (1, 1));
    let inner = inner(&record.header, &record.body.hash());
    let links = vec![Link { previous: Hash::ZERO, skipped: Hash::ZERO, inner }];
    let head = HeadProof {
        seq: 1,
        hash: range.hash,
        time: range.time,
        inclusion: range.inclusion.clone(),
        checkpoint: batch.checkpoints[usize::from(range.checkpoint)].clone(),
    };
    let proof = Some(RecordProof { links, head });
    Evidence { header: record.header.clone(), body, comment: None, proof }
}

#[tokio::test]
async fn what_a_rogue_makes_up_is_counted_and_shown_to_nobody() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let (alice, mallory) = (scene.alice_id(&mut wire).await, scene.rogue.story.account(1));
    let direct = scene.direct(&mut wire).await;
    subscribes(&mut wire).await;
    let accounts = Some((alice.min(mallory), alice.max(mallory)));
    let start = LogStart { accounts, name: Some("mallory".into()), ..LogStart::default() };
    let mut said = Forged::message_log(&scene.rogue.story, direct, 1);
    said.says(message(AccountNumber(1), Some(start)), "hello");
    wire.shows(&said.batch(&scene.rogue.story)).await;
    scene.alice.hears("hello").await;
    scene.alice.says(&direct.to_string(), "good day").await;
    let is_batch = |frame: &Frame| matches!(frame, Frame::Batch(_));
    let Frame::Batch(fed) = wire.hears("her answer", is_batch).await else { unreachable!() };
    let range = fed.ranges.iter().find(|range| range.log.channel == direct).unwrap();
    let good = evidence(&fed, range);
    let report = Report {
        channel: direct,
        writer: WriterId(range.log.number),
        seq: 1,
        hash: range.hash.into(),
        reason: 2,
        from: None,
    };

    let (acme, evil) = (scene.world.homes[0].lineage, scene.rogue.story.state.lineage());
    let link = link_channel(acme, evil);
    let organisations = Some((acme.min(evil), acme.max(evil)));
    let start = LogStart { organisations, ..LogStart::default() };
    let mut log = Forged::message_log(&scene.rogue.story, link, 2);
    let body = Body::text(good.body.salt, "I will come and get you");
    let another = Evidence { body, ..good.clone() };
    let made_up = [
        ("another text", report.clone(), another),
        ("another place", Report { seq: 2, ..report.clone() }, good.clone()),
        ("another channel", Report { channel: ChannelId([7; 32]), ..report.clone() }, good.clone()),
        ("no proof", report.clone(), Evidence { proof: None, ..good.clone() }),
    ];
    let mut start = Some(start);
    let mut add = |report: Report, evidence: &Evidence| {
        let mut header = event(AccountNumber(0), &EventAct::Report(report));
        header.start = start.take();
        log.event(header, Body::report([5; 32], evidence.encode().into()));
    };
    for (_, report, evidence) in &made_up {
        add(report.clone(), evidence);
    }
    add(report, &good);
    let batch = log.batch(&scene.rogue.story);
    wire.shows(&batch).await;
    assert_eq!(wire.is_acknowledged(&batch).await, []);
    let admin = scene.admin();
    let listed = sees(&admin, 1).await;
    assert_eq!(listed.text.as_deref(), Some("good day"), "the one that is true");
    assert_eq!(
        (listed.line.from.as_str(), listed.line.about.as_str()),
        (DOMAIN, "alice@acme.test")
    );
    let peers = soon(admin.peers()).await.unwrap();
    let peer = peers.iter().find(|peer| peer.domain == DOMAIN).unwrap();
    assert_eq!(peer.reports_dropped, made_up.len() as u64);
    assert_eq!(scene.status().await.void, made_up.len() as u64);
    scene.log_says("lose their text");
    scene.nothing_came_but(&["hello", "good day"]).await;
}
