//! The home of a group lies of what was said there before somebody came: nothing of it is shown,
//! each lie is counted, and two honest users chat on.

use comity_client::{Content, HistoryEvent, Page};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::code::Code;
use comity_protocol::event::Record;
use comity_protocol::frame::Frame;
use comity_protocol::hash::Hash;
use comity_protocol::history::{Backfill, Before, BelowLink, HistoryAsk, LogRef, OldRange};
use comity_protocol::id::ChannelId;

use super::hostile_groups::as_home_after;
use super::rogue::Wire;
use super::world::soon;

/// A range of the log that is asked for, of as many records, that proves nothing.
fn range(ask: &HistoryAsk, first: u64) -> OldRange {
    let asked = ask.logs[0];
    let body = WireBody::Present(Body::text([3; 32], "words in a mouth"));
    let record = Record { header: b"no header".to_vec().into(), body };
    let records = (first..=asked.until).map(|_| record.clone()).collect();
    let log = LogRef::from(&asked);
    OldRange { log, first, records, below: vec![], before: Before::default(), start: None }
}

fn answer(channel: ChannelId, range: OldRange) -> Frame {
    let (ranges, missing, ends) = (vec![range], vec![], Some(vec![]));
    Frame::Backfill(Backfill { channel, ranges, missing, ends })
}

async fn is_asked(wire: &mut Wire) -> HistoryAsk {
    let heard = wire.hears("an ask", |frame| matches!(frame, Frame::History(_))).await;
    let Frame::History(ask) = heard else { unreachable!() };
    ask
}

#[tokio::test]
async fn history_that_proves_nothing_is_refused_and_counted() {
    let (mut scene, mut wire, channel, _) = as_home_after(&["one", "two"]).await;
    let below = vec![BelowLink { seq: 1, hash: Hash([7; 32]) }];
    let lies: [fn(&HistoryAsk, Vec<BelowLink>) -> OldRange; 2] =
        [|ask, _| range(ask, 1), |ask, below| OldRange { below, ..range(ask, 2) }];
    for (lie, refused) in lies.into_iter().zip(1..) {
        let ask = is_asked(&mut wire).await;
        assert_eq!((ask.channel, ask.logs.len()), (channel, 1));
        wire.says(&answer(channel, lie(&ask, below.clone()))).await;
        scene.counts(|line| line.refused, refused).await;
        scene.chat_goes_on().await;
        wire = scene.links().await;
    }
    scene.log_says(Code::ChainBroken.name());
    let ask = is_asked(&mut wire).await;
    let nothing = OldRange { records: vec![], ..range(&ask, 1) };
    wire.says(&answer(channel, nothing)).await;
    assert_eq!(wire.ends().await, Code::FrameMalformed);
    wire = scene.links().await;
    let ask = is_asked(&mut wire).await;
    // What nobody asked for says nothing.
    wire.says(&answer(ChannelId([9; 32]), range(&ask, 1))).await;
    wire.says(&answer(channel, range(&ask, 1))).await;
    scene.counts(|line| line.refused, 3).await;
    assert_eq!(scene.status().await.faults, 1);
    scene.chat_goes_on().await;
    let id = channel.to_string();
    let shown = soon(scene.alice.http().history(&id, &Page::Latest, 50)).await.unwrap();
    let is_said = |event: &HistoryEvent| matches!(event.content, Content::Message { .. });
    assert!(!shown.events.iter().any(is_said), "{shown:?}");
}
