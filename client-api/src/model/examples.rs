//! The examples of `docs/client/` against the shapes: each reads, and writes back to the same JSON.
//! What the HTTP examples do is tried by `tests/docs.rs`.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use comity_protocol::code::Code;
use serde_json::Value;

use super::incoming::FrameShape;
use super::outgoing::{ErrorAnswer, EventShape, NodeFrame};
use super::{parse_frame, sync_answer};
use crate::backend::{Cursor, Delivery, EventContent, FeedEvent, Mark};
use crate::message::MessageContent;
use crate::refusal::status;

const DOCUMENT: &str = include_str!("../../../docs/client/README.md");

/// The texts of all blocks with a tag.
fn blocks(tag: &str) -> Vec<&'static str> {
    let opening = format!("```{tag}\n");
    let block = |rest: &'static str| rest.split("\n```").next().unwrap();
    DOCUMENT.split(opening.as_str()).skip(1).map(block).collect()
}

fn same<T: serde::Serialize + serde::de::DeserializeOwned>(text: &str) -> Value {
    let value: Value = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    let shape: T = serde_json::from_str(text).unwrap_or_else(|e| panic!("{e}: {text}"));
    assert_eq!(serde_json::to_value(shape).unwrap(), value);
    value
}

fn named<'a>(values: &'a [Value], field: &str) -> BTreeSet<&'a str> {
    values.iter().filter_map(|value| value[field].as_str()).collect()
}

#[test]
fn every_frame_of_a_client_is_shown_and_reads() {
    let frames: Vec<Value> = blocks("json client")
        .into_iter()
        .map(|text| {
            parse_frame(text).unwrap_or_else(|e| panic!("{e:?}: {text}"));
            same::<FrameShape>(text)
        })
        .collect();
    let types = ["command", "hello", "ping", "presence", "send", "typing"];
    assert_eq!(named(&frames, "type"), BTreeSet::from(types));
    let commands = "accept add_contact ban block create_group decline edit erase hand_over invite \
                    join leave mark_read mute open_direct pin react remove remove_alias \
                    remove_contact rename set_alias set_display_name set_role set_rule set_topic \
                    show_reads unban unblock";
    assert_eq!(named(&frames, "do"), commands.split_whitespace().collect());
}

#[test]
fn every_frame_of_a_node_is_shown_and_reads() {
    let frames: Vec<Value> =
        blocks("json node").into_iter().map(same::<NodeFrame<'static>>).collect();
    let types = "blocks_changed delivered done event goodbye heartbeat history_grew muted \
                 notifications_changed pong presence profile_changed read refused stored typing \
                 unread welcome";
    assert_eq!(named(&frames, "type"), types.split_whitespace().collect());
    let events: Vec<Value> =
        blocks("json event").into_iter().map(same::<EventShape<'static>>).collect();
    let kinds = "banned contact created edited erased handed_over invited joined left message \
                 pinned reacted removed renamed request_refused role_changed rule_changed \
                 topic_changed unbanned";
    assert_eq!(named(&events, "kind"), kinds.split_whitespace().collect());
    assert!(
        !blocks("json error").into_iter().map(same::<ErrorAnswer<'static>>).any(|e| e.is_null())
    );
}

#[test]
fn an_answer_to_a_poll_is_written_as_shown() {
    let shown: Value = serde_json::from_str(blocks("json poll")[0]).unwrap();
    let (event, notice) = (&shown["events"][0], &shown["delivered"][0]);
    let id = |value: &Value| value.as_str().unwrap().parse().unwrap();
    let channel = |value: &Value| value.as_str().unwrap().parse().unwrap();
    let said = FeedEvent {
        cursor: Cursor([[9; 8], [9; 8], 15_u64.to_be_bytes()].concat().try_into().unwrap()),
        channel: channel(&event["channel"]),
        id: id(&event["event"]["id"]),
        time_unix_ms: 1_795_404_447_160,
        sender: "bob@globex.test".parse().unwrap(),
        content: EventContent::Message(MessageContent::plain("With milk.")),
        withdrawn: Vec::new(),
        is_late: false,
        is_final: true,
        encoded: OnceLock::new(),
    };
    let (message, at) = (id(&notice["id"]), channel(&notice["channel"]));
    let deliveries = [
        Delivery::Delivered { channel: at, message, organisations: 2, of: 2, is_final: true },
        Delivery::Event(Arc::new(said)),
        Delivery::HistoryGrew { channel: channel(&shown["history_grew"][0]["channel"]) },
    ];
    let answer = sync_answer(Cursor([0; 24]), Mark(1), false, &deliveries);
    assert_eq!(serde_json::from_slice::<Value>(&answer).unwrap(), shown);
}

#[test]
fn the_table_of_refusals_is_whole() {
    for code in Code::ALL.iter().filter(|code| code.number() < FIRST_PEER_CODE) {
        let (name, status, sentence) = (code.name(), status(*code).as_u16(), code.sentence());
        let row = format!("\n| `{name}` | {status} | {sentence} |\n");
        assert!(DOCUMENT.contains(&row), "docs/client/README.md lacks:{row}");
    }
}

/// Codes from here on are between peers.
const FIRST_PEER_CODE: u16 = 100;
