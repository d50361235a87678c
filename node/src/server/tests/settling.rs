//! An organisation has written two histories of one log in a group; the home says which counts, and
//! a node that showed the other takes it back and shows that one.

use comity_client::{Content, Page};
use comity_protocol::code::Code;
use comity_protocol::control::{ClosedLog, Closing, ControlAct, ControlHeader, CoverEntry};
use comity_protocol::event::{EventHeader, LogStart};
use comity_protocol::fork::Branch;
use comity_protocol::frame::Frame;
use comity_protocol::history::{Backfill, Before, LogRef, OldRange, OldStart};
use comity_protocol::id::{AccountNumber, ChannelId, LogId, LogName};

use super::forged::{Forged, control, message};
use super::hostile_groups::{as_home, control_log, group_of};
use super::hostile_logs::{is_found_out, two_histories};
use super::scene::Scene;
use super::world::soon;

const MALLORY: AccountNumber = AccountNumber(1);

/// The texts that Alice reads in a group.
async fn texts(scene: &Scene, channel: ChannelId) -> Vec<String> {
    let id = channel.to_string();
    let page = soon(scene.alice.http().history(&id, &Page::Latest, 50)).await.unwrap();
    let texts = page.events.into_iter().filter_map(|event| match event.content {
        Content::Message { text } => text,
        _ => None,
    });
    texts.collect()
}

#[tokio::test]
async fn of_two_histories_the_one_that_the_home_names_is_shown() {
    let (mut scene, mut wire, channel, _) = as_home().await;
    let after = Some(group_of(&scene.rogue.story, channel).point);
    let start = Some(LogStart::default());
    let first = EventHeader { after, ..message(MALLORY, start) };
    let (one, mut other) = two_histories(&scene, channel, first);
    let shown = one.batch(&scene.rogue.story);
    wire.shows(&shown).await;
    assert_eq!(wire.is_acknowledged(&shown).await, []);
    scene.alice.hears("yes").await;
    is_found_out(&mut wire, &scene, &other).await;
    assert_eq!(texts(&scene, channel).await, ["both", "yes"], "nobody has said what counts");

    // The home closes the log at the history that Alice's node does not hold.
    let story = &scene.rogue.story;
    let LogName::Message { origin, writer } = one.log.name else { unreachable!() };
    let Branch { links, head } = other.branch(story, 1);
    let cover = CoverEntry { origin, writer, seq: 3, hash: head.hash.into() };
    let act = ControlAct::CloseLogs(Closing { logs: vec![ClosedLog { origin, writer }] });
    let name = control_log(story, channel);
    let mut closing = Forged::continuing(story, LogId { channel, name });
    closing.control(ControlHeader { cover: Some(vec![cover]), ..control(None, &act) });
    let closing = closing.batch(story);
    wire.shows(&closing).await;
    assert_eq!(wire.is_acknowledged(&closing).await, []);

    let log = LogRef { origin, writer };
    let asks = |frame: &Frame| matches!(frame, Frame::History(ask) if !ask.logs.is_empty());
    let Frame::History(ask) = wire.hears("an ask", asks).await else { unreachable!() };
    let asked = ask.logs[0];
    assert_eq!((LogRef::from(&asked), asked.until, asked.start), (log, 3, true));
    assert_eq!(texts(&scene, channel).await, ["both"], "the other history is gone");
    let range = OldRange {
        log,
        first: 1,
        records: other.records.clone(),
        below: Vec::new(),
        before: Before::default(),
        start: Some(OldStart { links, above: Vec::new(), head }),
    };
    let ends = Some(Vec::new());
    wire.says(&Frame::Backfill(Backfill { channel, ranges: vec![range], missing: vec![], ends }))
        .await;
    soon(async { while texts(&scene, channel).await != ["both", "no", "never"] {} }).await;
    // It stays so, and nothing goes on there.
    other.says(message(MALLORY, None), "and on");
    let more = other.batch(&scene.rogue.story);
    wire.shows(&more).await;
    assert_eq!(wire.is_acknowledged(&more).await, [Code::LogForked]);
    scene.chat_goes_on().await;
    assert_eq!(texts(&scene, channel).await, ["both", "no", "never"]);
}
