//! Checks one case of the vectors, from its JSON alone; a kind that it does not know is a failure.

use comity_protocol::body::Body;
use comity_protocol::cbor::{self, DecodeError};
use comity_protocol::chain::{self, ChainEnd, Link, follow, skip};
use comity_protocol::checkpoint::{Checkpoint, CheckpointError};
use comity_protocol::clock::HybridTime;
use comity_protocol::control::{ClosedLog, ControlAct, ControlHeader};
use comity_protocol::cursor::{Cursor, Pos};
use comity_protocol::event::{EventAct, EventHeader, Record, direct_channel, link_channel};
use comity_protocol::fork::{ForkError, ForkProof};
use comity_protocol::frame::Frame;
use comity_protocol::hash::{Hash, Hasher, tag};
use comity_protocol::head::{Head, HeadError, HeadProof};
use comity_protocol::id::{
    AccountId, AccountNumber, ChannelId, LineageId, LogId, LogName, MessageId, ShortHash, WriterId,
};
use comity_protocol::key::{NodePublicKey, lineage_id, recovery_hash};
use comity_protocol::limits::FRAME_BYTES_MAX;
use comity_protocol::merkle;
use comity_protocol::report::Evidence;
use serde_json::{Value, json};

use crate::names::{self, snake_case};
use crate::world::{ControlState, public};

const CDDL: &str = include_str!("../../../docs/protocol/comity.cddl");

/// Holds a case against the crate.
pub(crate) fn check(case: &Value) {
    match text(case, "kind") {
        "chain_proof" => check_chain_proof(case),
        "checkpoint" => check_checkpoint(case),
        "fork_proof" => check_fork_proof(case),
        "function" => check_function(case),
        "genesis" => check_genesis(case),
        "head" => check_head(case),
        "inclusion" => check_inclusion(case),
        "key_change" => check_key_change(case),
        "log" => check_log(case),
        "name" => check_name(case),
        "refused" => check_refused(case),
        "structure" => check_structure(case),
        other => panic!("no such kind of case: {other}"),
    }
}

/// Decodes bytes as what a rule of the CDDL names, and encodes them again.
pub(crate) fn decode(rule: &str, bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    match rule {
        "body" => cbor::decode::<Body>(bytes, FRAME_BYTES_MAX).map(|v| cbor::encode(&v)),
        "control-header" => {
            let header = ControlHeader::decode(bytes)?;
            header.act().map(|_| cbor::encode(&header))
        }
        "control-state" => {
            cbor::decode::<ControlState>(bytes, FRAME_BYTES_MAX).map(|v| cbor::encode(&v))
        }
        "event-header" => {
            let header = EventHeader::decode(bytes)?;
            header.act().map(|_| cbor::encode(&header))
        }
        "evidence" => cbor::decode::<Evidence>(bytes, FRAME_BYTES_MAX).map(|v| cbor::encode(&v)),
        "frame" => Frame::decode(bytes).map(|frame| frame.encode()),
        "record" => cbor::decode::<Record>(bytes, FRAME_BYTES_MAX).map(|v| cbor::encode(&v)),
        other => panic!("no decoder for the rule {other}"),
    }
}

/// The number of the kind that a structure has, where it has one.
pub(crate) fn kind(rule: &str, bytes: &[u8]) -> Option<u64> {
    match rule {
        "control-header" => {
            let header = ControlHeader::decode(bytes).unwrap();
            let known = !matches!(header.act().unwrap(), ControlAct::Unknown(_));
            known.then_some(u64::from(header.kind))
        }
        "event-header" => {
            let header = EventHeader::decode(bytes).unwrap();
            let known = !matches!(header.act().unwrap(), EventAct::Unknown(_));
            known.then_some(u64::from(header.kind))
        }
        "frame" => minicbor::Decoder::new(&bytes[1..]).u64().ok(),
        _ => None,
    }
}

fn check_structure(case: &Value) {
    let (rule, bytes) = (text(case, "rule"), bytes(case, "hex"));
    assert_eq!(decode(rule, &bytes).as_deref(), Ok(&bytes[..]));
    assert_eq!(crate::diagnostic::print(&bytes), text(case, "diagnostic"));
    check_cddl(rule, case, true);
}

/// Whether a rule of the CDDL takes bytes.
pub(crate) fn cddl_takes(rule: &str, bytes: &[u8]) -> Result<(), String> {
    cddl_cat::validate_cbor_bytes(rule, CDDL, bytes).map_err(|error| error.to_string())
}

fn check_refused(case: &Value) {
    let (rule, bytes) = (text(case, "rule"), bytes(case, "hex"));
    assert!(decode(rule, &bytes).is_err());
    match text(case, "why") {
        "encoding" | "limit" => {}
        "structure" => assert!(cddl_takes(rule, &bytes).is_err()),
        other => panic!("no such reason: {other}"),
    }
}

fn check_name(case: &Value) {
    let (of, typed) = (text(case, "of"), text(case, "text"));
    assert_eq!(names::result(of, typed), text(case, "result"));
    assert_eq!(names::normalised(of, typed).as_deref(), case["normalised"].as_str());
}

fn check_genesis(case: &Value) {
    let body: Body = cbor::decode(&bytes(case, "body"), FRAME_BYTES_MAX).unwrap();
    let inner = chain::inner(&bytes(case, "header"), &body.hash());
    assert_eq!(inner, hash(case, "channel"));
}

fn check_log(case: &Value) {
    let log = log(&case["log"]);
    let mut end = ChainEnd::default();
    let hashes: Vec<Hash> =
        list(case, "inners").iter().map(|inner| end.push(&log, &Hash(fixed(inner)))).collect();
    let expected: Vec<Hash> = list(case, "hashes").iter().map(|h| Hash(fixed(h))).collect();
    assert_eq!(hashes, expected);
}

fn check_chain_proof(case: &Value) {
    let links: Vec<Link> = list(case, "links")
        .iter()
        .map(|step| {
            let part = |i: usize| Hash(fixed(&step[i]));
            Link { previous: part(0), skipped: part(1), inner: part(2) }
        })
        .collect();
    let head_hash = hash(case, "head_hash");
    let (head, target) = (int(case, "head_seq"), int(case, "target"));
    let found = follow(&log(&case["log"]), head, &head_hash, target, &links);
    let expected = case["inner"].as_str().map(|_| hash(case, "inner"));
    assert_eq!(found, expected);
}

fn check_inclusion(case: &Value) {
    let path: Vec<Hash> = list(case, "path").iter().map(|h| Hash(fixed(h))).collect();
    let (index, size) = (int(case, "index"), int(case, "size"));
    let found = merkle::root_from(hash(case, "leaf"), index, size, &path);
    assert_eq!(found == Some(hash(case, "root")), case["holds"].as_bool().unwrap());
}

fn check_checkpoint(case: &Value) {
    let found = Checkpoint::open(&bytes(case, "hex"), &lineage(case), &key(case)).map(|_| ());
    assert_eq!(checkpoint_result(&found), text(case, "result"));
    check_cddl("checkpoint", case, found != Err(CheckpointError::Malformed));
}

fn check_head(case: &Value) {
    let proof: HeadProof = cbor::decode(&bytes(case, "hex"), FRAME_BYTES_MAX).unwrap();
    let found = proof.verify(log(&case["log"]), &lineage(case), &key(case)).map(|_| ());
    assert_eq!(head_result(&found), text(case, "result"));
    check_cddl("head-proof", case, true);
}

fn check_fork_proof(case: &Value) {
    let proof = ForkProof::decode(&bytes(case, "hex")).unwrap();
    assert_eq!(
        fork_result(&proof.verify(crate::key_changes::keys_of).map(|_| ())),
        text(case, "result")
    );
    assert_eq!(proof.seq, int(case, "seq"));
    check_cddl("fork-proof", case, true);
}

fn check_key_change(case: &Value) {
    let found = crate::key_changes::result(&bytes(case, "hex"));
    assert_eq!(found, text(case, "result"));
    check_cddl("key-change", case, found != "malformed");
}

fn check_cddl(rule: &str, case: &Value, is_taken: bool) {
    let found = cddl_takes(rule, &bytes(case, "hex"));
    assert_eq!(found.is_ok(), is_taken, "the CDDL's {rule}: {found:?}");
}

/// The result of opening a checkpoint as the vectors name it.
pub(crate) fn checkpoint_result(result: &Result<(), CheckpointError>) -> String {
    result.map_or_else(|error| snake_case(&format!("{error:?}")), |()| "ok".to_owned())
}

/// The result of verifying a head as the vectors name it.
pub(crate) fn head_result(result: &Result<(), HeadError>) -> String {
    result.map_or_else(|error| snake_case(&format!("{error:?}")), |()| "ok".to_owned())
}

/// The result of verifying a proof of a fork as the vectors name it.
pub(crate) fn fork_result(result: &Result<(), ForkError>) -> String {
    match result {
        Err(ForkError::Head(error)) => format!("head_{}", head_result(&Err(*error))),
        other => other.map_or_else(|e| snake_case(&format!("{e:?}")), |()| "ok".to_owned()),
    }
}

fn check_function(case: &Value) {
    let input = &case["input"];
    let output = match text(case, "function") {
        "body_hash" => {
            let body = Body {
                salt: fixed(&input["salt"]),
                content_type: text(input, "content_type").to_owned().into(),
                bytes: bytes(input, "bytes").into(),
            };
            hex(&body.hash().0)
        }
        "closed_logs" => {
            let log = ClosedLog {
                origin: LineageId(fixed(&input["origin"])),
                writer: WriterId(int(input, "writer")),
            };
            let before = input["before"].as_str().map(|_| hash(input, "before"));
            let end = ShortHash(fixed(&input["hash"]));
            hex(&log.digest(before, int(input, "seq"), end).0)
        }
        "control_state_hash" => {
            hex(&Hasher::new(tag::CONTROL_STATE).var(&bytes(input, "state")).finish().0)
        }
        "cursor" => {
            let pos = Pos::new(int(input, "command"), int(input, "index").try_into().unwrap());
            let cursor = Cursor { store: int(input, "store"), start: int(input, "start"), pos };
            hex(&cursor.to_bytes())
        }
        "direct_channel" => hex(&direct_channel(account(input, "a"), account(input, "b")).0),
        "inner" => hex(&chain::inner(&bytes(input, "header"), &hash(input, "body_hash")).0),
        "leaf" => leaf(input),
        "lineage" => organisation(input),
        "link" => link(input),
        "link_channel" => {
            let side = |name: &str| LineageId(fixed(&input[name]));
            hex(&link_channel(side("a"), side("b")).0)
        }
        "message_id" => message_id(input),
        "skip" => json!(skip(int(input, "n")).to_string()),
        "stamp" => {
            let time = |name: &str| HybridTime(int(input, name));
            let clock = int(input, "clock_unix_ms");
            let stamp = HybridTime::stamp(clock, time("log_last"), time("channel_newest"));
            json!(stamp.0.to_string())
        }
        other => panic!("no such function: {other}"),
    };
    assert_eq!(output, case["output"]);
}

fn leaf(input: &Value) -> Value {
    let head = Head {
        log: log(&input["log"]),
        seq: int(input, "seq"),
        hash: hash(input, "hash"),
        time: HybridTime(int(input, "time")),
    };
    hex(&head.leaf(&fixed(&input["blind"])).0)
}

fn link(input: &Value) -> Value {
    let part = |name: &str| hash(input, name);
    let (previous, skipped) = (part("previous"), part("skipped"));
    let seq = int(input, "seq");
    hex(&chain::link(&log(&input["log"]), seq, &previous, &skipped, &part("inner")).0)
}

fn organisation(input: &Value) -> Value {
    let key = public(&fixed(&input["seed"]));
    let recovery = recovery_hash(&public(&fixed(&input["recovery_seed"])));
    let lineage = lineage_id(&text(input, "domain").parse().unwrap(), &key, &recovery);
    json!({
        "key": hex(key.as_bytes()), "key_id": hex(&key.id().0), "recovery": hex(&recovery.0),
        "lineage": hex(&lineage.0),
    })
}

fn message_id(input: &Value) -> Value {
    let id = MessageId::new(HybridTime(int(input, "time")), &hash(input, "inner"));
    assert_eq!(id.to_string().parse::<MessageId>(), Ok(id));
    json!({ "hex": hex(&id.0), "text": id.to_string() })
}

fn account(input: &Value, name: &str) -> AccountId {
    let side = &input[name];
    let lineage = LineageId(fixed(&side["lineage"]));
    AccountId { lineage, number: AccountNumber(int(side, "number")) }
}

fn log(value: &Value) -> LogId {
    let channel = ChannelId(fixed(&value["channel"]));
    let name = match value.get("term") {
        Some(_) => {
            LogName::Control { home: LineageId(fixed(&value["home"])), term: int(value, "term") }
        }
        None => LogName::Message {
            origin: LineageId(fixed(&value["origin"])),
            writer: WriterId(int(value, "writer")),
        },
    };
    LogId { channel, name }
}

fn lineage(case: &Value) -> LineageId {
    LineageId(fixed(&case["lineage"]))
}

fn key(case: &Value) -> NodePublicKey {
    NodePublicKey::from_bytes(&fixed(&case["key"])).unwrap()
}

fn hash(value: &Value, name: &str) -> Hash {
    Hash(fixed(&value[name]))
}

fn hex(bytes: &[u8]) -> Value {
    json!(crate::build::hex(bytes))
}

fn fixed<const N: usize>(value: &Value) -> [u8; N] {
    unhex(value).try_into().unwrap()
}

/// The bytes of a field in hex.
pub(crate) fn bytes(case: &Value, name: &str) -> Vec<u8> {
    unhex(&case[name])
}

fn unhex(value: &Value) -> Vec<u8> {
    let text = value.as_str().unwrap_or_else(|| panic!("no hex: {value}"));
    data_encoding::HEXLOWER.decode(text.as_bytes()).unwrap()
}

/// A field that is a text.
pub(crate) fn text<'c>(case: &'c Value, name: &str) -> &'c str {
    case[name].as_str().unwrap_or_else(|| panic!("no text {name} in {case}"))
}

fn int(case: &Value, name: &str) -> u64 {
    text(case, name).parse().unwrap()
}

fn list<'c>(case: &'c Value, name: &str) -> &'c [Value] {
    case[name].as_array().unwrap_or_else(|| panic!("no list {name} in {case}"))
}
