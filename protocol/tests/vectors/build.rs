//! The vectors as the crate would make them today: hashes, ids, chains and proofs. Reads and writes
//! nothing.

use comity_protocol::body::Body;
use comity_protocol::cbor::{self, ByteString};
use comity_protocol::chain::{self, Link, follow, path, skip};
use comity_protocol::checkpoint::{CHECKPOINT_VERSION, Checkpoint};
use comity_protocol::clock::HybridTime;
use comity_protocol::control::ClosedLog;
use comity_protocol::cursor::{Cursor, Pos};
use comity_protocol::event::{direct_channel, link_channel};
use comity_protocol::hash::Hash;
use comity_protocol::head::{Head, HeadProof};
use comity_protocol::id::{AccountId, LogId, LogName, MessageId, ShortHash};
use comity_protocol::merkle;
use minicbor::Encode;
use serde_json::{Value, json};

use crate::structures;
use crate::world::{Log, Org, World, at};

/// Every file by its name, with its cases.
pub(crate) fn files() -> Vec<(&'static str, Value)> {
    let world = World::new();
    vec![
        ("functions.json", file(FUNCTIONS, functions(&world))),
        ("chains.json", file(CHAINS, chains(&world))),
        ("proofs.json", file(PROOFS, proofs(&world))),
        ("names.json", file(NAMES, crate::names::cases())),
        ("events.json", file(EVENTS, structures::events(&world))),
        ("control.json", file(CONTROL, structures::control(&world))),
        ("frames.json", file(FRAMES, structures::frames(&world))),
        ("refused.json", file(REFUSED, structures::refused(&world))),
    ]
}

const FUNCTIONS: &str = "Hashes, ids and other pure functions (sections 2 to 7).";
const CHAINS: &str = "Logs with their skip links, and proofs of old records (section 3).";
const PROOFS: &str = "Trees, checkpoints and heads, genuine and forged (section 5).";
const NAMES: &str = "Domains, account names and labels, with what refuses them (section 2).";
const EVENTS: &str = "Headers and bodies of message logs (section 3).";
const CONTROL: &str = "Headers of the control log and the control state (section 7).";
const FRAMES: &str = "Frames between peers (section 8).";
const REFUSED: &str = "Bytes that are not the one encoding of anything (section 1).";

fn file(about: &str, cases: Vec<Value>) -> Value {
    json!({ "about": about, "cases": cases })
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    data_encoding::HEXLOWER.encode(bytes)
}

/// A structure's bytes, with their meaning in CBOR's diagnostic notation.
pub(crate) fn structure<T: Encode<()>>(name: &str, rule: &str, value: &T) -> Value {
    let bytes = cbor::encode(value);
    json!({
        "kind": "structure", "name": name, "rule": rule, "hex": hex(&bytes),
        "diagnostic": crate::diagnostic::print(&bytes),
    })
}

fn function(function: &str, input: Value, output: Value) -> Value {
    json!({ "kind": "function", "function": function, "input": input, "output": output })
}

fn log_json(log: &LogId) -> Value {
    match log.name {
        LogName::Control { home, term } => json!({
            "channel": hex(&log.channel.0), "home": hex(&home.0), "term": term.to_string(),
        }),
        LogName::Message { origin, writer } => json!({
            "channel": hex(&log.channel.0), "origin": hex(&origin.0),
            "writer": writer.0.to_string(),
        }),
    }
}

fn functions(world: &World) -> Vec<Value> {
    let mut cases = vec![bodies(), inner(world)];
    cases.extend(links(world));
    cases.extend(leaves(world));
    cases.extend(ids(world));
    cases.extend(
        [1_u64, 2, 3, 4, 13, 14, 40, 41, 121, 60_000]
            .map(|n| function("skip", json!({ "n": n.to_string() }), json!(skip(n).to_string()))),
    );
    cases.extend(stamps());
    cases.extend(world.states.iter().map(|state| {
        let input = json!({ "state": hex(&cbor::encode(state)) });
        function("control_state_hash", input, json!(hex(&state.hash().0)))
    }));
    cases.extend(closings(world));
    let cursor = Cursor { store: 1, start: 0x0102, pos: Pos::new(7, 3) };
    let input = json!({ "store": "1", "start": "258", "command": "7", "index": "3" });
    cases.push(function("cursor", input, json!(hex(&cursor.to_bytes()))));
    cases
}

/// Two logs that are closed, one after the other.
fn closings(world: &World) -> [Value; 2] {
    let log = ClosedLog { origin: world.globex.lineage, writer: world.globex.writer };
    let (seq, hash) = (7, ShortHash([0xdd; 16]));
    [None, Some(log.digest(None, seq, hash))].map(|before| {
        let input = json!({
            "before": before.map(|before| hex(&before.0)), "origin": hex(&log.origin.0),
            "writer": log.writer.0.to_string(), "seq": seq.to_string(), "hash": hex(&hash.0),
        });
        function("closed_logs", input, json!(hex(&log.digest(before, seq, hash).0)))
    })
}

fn bodies() -> Value {
    let body = Body::text([0x5a; 32], "안녕하세요");
    let input = json!({
        "salt": hex(&body.salt), "content_type": body.content_type, "bytes": hex(&body.bytes),
    });
    function("body_hash", input, json!(hex(&body.hash().0)))
}

fn inner(world: &World) -> Value {
    let header = cbor::encode(&world.accept);
    let body_hash = Hash([0xbb; 32]);
    let input = json!({ "header": hex(&header), "body_hash": hex(&body_hash.0) });
    function("inner", input, json!(hex(&chain::inner(&header, &body_hash).0)))
}

fn links(world: &World) -> Vec<Value> {
    let (previous, skipped, inner) = (Hash([1; 32]), Hash([2; 32]), Hash([3; 32]));
    [world.globex.log(world.link), world.control.id]
        .iter()
        .map(|log| {
            let hash = chain::link(log, 7, &previous, &skipped, &inner);
            let input = json!({
                "log": log_json(log), "seq": "7", "previous": hex(&previous.0),
                "skipped": hex(&skipped.0), "inner": hex(&inner.0),
            });
            function("link", input, json!(hex(&hash.0)))
        })
        .collect()
}

fn leaves(world: &World) -> Vec<Value> {
    [world.globex.log(world.link), world.control.id]
        .iter()
        .map(|log| {
            let head = Head { log: *log, seq: 7, hash: Hash([4; 32]), time: at(0) };
            let input = json!({
                "log": log_json(log), "seq": "7", "hash": hex(&head.hash.0),
                "time": head.time.0.to_string(), "blind": hex(&[0xb1; 16]),
            });
            function("leaf", input, json!(hex(&head.leaf(&[0xb1; 16]).0)))
        })
        .collect()
}

fn ids(world: &World) -> Vec<Value> {
    let pair =
        |id: AccountId| json!({ "lineage": hex(&id.lineage.0), "number": id.number.0.to_string() });
    let (a, b) = (world.bob, world.alice);
    let direct = json!({ "a": pair(a), "b": pair(b) });
    let (acme, globex) = (&world.acme, &world.globex);
    let link = json!({ "a": hex(&globex.lineage.0), "b": hex(&acme.lineage.0) });
    let id = MessageId::new(at(0), &Hash([0x77; 32]));
    let message = json!({ "time": at(0).0.to_string(), "inner": hex(&[0x77; 32]) });
    let org = |org: &Org| {
        let input = json!({
            "domain": org.domain, "seed": hex(&org.seed), "recovery_seed": hex(&org.recovery_seed),
        });
        let output = json!({
            "key": hex(org.key.as_bytes()), "key_id": hex(&org.key.id().0),
            "recovery": hex(&org.recovery.0), "lineage": hex(&org.lineage.0),
        });
        function("lineage", input, output)
    };
    vec![
        function("direct_channel", direct, json!(hex(&direct_channel(a, b).0))),
        function("link_channel", link, json!(hex(&link_channel(a.lineage, b.lineage).0))),
        function("message_id", message, json!({ "hex": hex(&id.0), "text": id.to_string() })),
        org(acme),
        org(globex),
    ]
}

fn stamps() -> Vec<Value> {
    let full = (7 << 16) | 0xffff;
    [(7, full, 0), (9, full, 3), (1, 3, full)]
        .iter()
        .map(|(clock, log, channel)| {
            let stamp = HybridTime::stamp(*clock, HybridTime(*log), HybridTime(*channel));
            let input = json!({
                "clock_unix_ms": clock.to_string(), "log_last": log.to_string(),
                "channel_newest": channel.to_string(),
            });
            function("stamp", input, json!(stamp.0.to_string()))
        })
        .collect()
}

fn chains(world: &World) -> Vec<Value> {
    let mut log = Log::new(world.globex.log(world.link));
    let mut hashes = Vec::new();
    for i in 1..=14_u8 {
        log.push(Hash([i; 32]), at(u64::from(i)));
        hashes.push(hex(&log.end.hash().0));
    }
    let inners: Vec<String> = (1..=14_u8).map(|i| hex(&[i; 32])).collect();
    let mut cases = vec![json!({
        "kind": "log", "log": log_json(&log.id), "inners": inners, "hashes": hashes,
    })];
    for target in [1, 2, 9, 14] {
        let links = proof(&log, target);
        cases.push(chain_proof(&log, target, &links));
        let mut wrong = links.clone();
        wrong[0].skipped = Hash([0xee; 32]);
        cases.push(chain_proof(&log, target, &wrong));
    }
    let links = proof(&log, 2);
    cases.push(chain_proof(&log, 1, &links));
    cases.push(chain_proof(&log, 2, &links[..links.len() - 1]));
    cases
}

fn proof(log: &Log, target: u64) -> Vec<Link> {
    let seqs = path(log.end.seq(), target);
    seqs.into_iter().map(|seq| log.steps[usize::try_from(seq).unwrap() - 1]).collect()
}

fn chain_proof(log: &Log, target: u64, links: &[Link]) -> Value {
    let found = follow(&log.id, log.end.seq(), &log.end.hash(), target, links);
    let step = |l: &Link| [hex(&l.previous.0), hex(&l.skipped.0), hex(&l.inner.0)];
    json!({
        "kind": "chain_proof", "log": log_json(&log.id), "head_seq": log.end.seq().to_string(),
        "head_hash": hex(&log.end.hash().0), "target": target.to_string(),
        "links": links.iter().map(step).collect::<Vec<_>>(),
        "inner": found.map(|inner| hex(&inner.0)),
    })
}

fn proofs(world: &World) -> Vec<Value> {
    let mut cases = trees();
    cases.extend(checkpoints(world));
    cases.extend(heads(world));
    cases.extend(crate::forks::cases(world));
    cases.extend(crate::key_changes::cases(world));
    cases
}

fn trees() -> Vec<Value> {
    let leaves: Vec<Hash> = (0..7_u8).map(|i| merkle::leaf(&[i; 32])).collect();
    let (root, paths) = merkle::tree(&leaves);
    let case = |index: usize, size: u64, path: &[Hash]| {
        let found = merkle::root_from(leaves[index], index as u64, size, path);
        json!({
            "kind": "inclusion", "leaf": hex(&leaves[index].0), "index": index.to_string(),
            "size": size.to_string(), "root": hex(&root.0), "holds": found == Some(root),
            "path": path.iter().map(|hash| hex(&hash.0)).collect::<Vec<_>>(),
        })
    };
    let mut cases: Vec<Value> = (0..7).map(|i| case(i, 7, &paths[i])).collect();
    cases.push(case(1, 7, &paths[0]));
    cases.push(case(6, 7, &paths[6][..1]));
    cases.push(case(3, 6, &paths[3]));
    cases.push(case(6, 6, &paths[6]));
    cases
}

fn checkpoint_case(name: &str, bytes: &[u8], expected: &Org) -> Value {
    let result = Checkpoint::open(bytes, &expected.lineage, &expected.key);
    json!({
        "kind": "checkpoint", "name": name, "hex": hex(bytes),
        "lineage": hex(&expected.lineage.0), "key": hex(expected.key.as_bytes()),
        "result": crate::check::checkpoint_result(&result.map(|_| ())),
    })
}

fn checkpoints(world: &World) -> Vec<Value> {
    let (acme, globex) = (&world.acme, &world.globex);
    let checkpoint = Checkpoint {
        domain: acme.domain.into(),
        lineage: acme.lineage,
        key: acme.key.id(),
        version: CHECKPOINT_VERSION,
        size: 3,
        root: Hash([2; 32]),
    };
    let sealed = checkpoint.seal(|m| acme.sign(m));
    let mut forged = sealed.clone();
    *forged.last_mut().unwrap() ^= 1;
    let next = Checkpoint { version: 2, ..checkpoint.clone() }.seal(|m| acme.sign(m));
    let alien = checkpoint.seal(|m| globex.sign(m));
    let no_context = checkpoint.seal(|_| acme.sign(&cbor::encode(&checkpoint)));
    let same_lineage = Checkpoint { key: globex.key.id(), ..checkpoint.clone() };
    let other_key = same_lineage.seal(|m| globex.sign(m));
    let mut tagged = vec![0xd2];
    tagged.extend(&sealed);
    vec![
        checkpoint_case("as signed", &sealed, acme),
        checkpoint_case("a signature with one bit changed", &forged, acme),
        checkpoint_case("signed by another key than it names", &alien, acme),
        checkpoint_case("signed without the context string", &no_context, acme),
        checkpoint_case("a later version", &next, acme),
        checkpoint_case("judged by another lineage", &sealed, globex),
        checkpoint_case("it names another key", &other_key, acme),
        checkpoint_case("the last byte is missing", &sealed[..sealed.len() - 1], acme),
        checkpoint_case("the tag of COSE_Sign1 before it", &tagged, acme),
    ]
}

fn heads(world: &World) -> Vec<Value> {
    let globex = &world.globex;
    let log = globex.log(world.link);
    let genuine = globex.prove(Head { log, seq: 3, hash: Hash([4; 32]), time: at(6) });
    let case = |name: &str, proof: &HeadProof, log: &LogId| {
        let result = proof.verify(*log, &globex.lineage, &globex.key).map(|_| ());
        json!({
            "kind": "head", "name": name, "hex": hex(&cbor::encode(proof)), "log": log_json(log),
            "lineage": hex(&globex.lineage.0), "key": hex(globex.key.as_bytes()),
            "result": crate::check::head_result(&result),
        })
    };
    let mut path = genuine.clone();
    path.inclusion.path[0] = Hash([0; 32]);
    let mut signature = genuine.clone();
    let mut sealed = signature.checkpoint.0.clone();
    *sealed.last_mut().unwrap() ^= 1;
    signature.checkpoint = ByteString(sealed);
    let elsewhere = globex.log(world.group);
    vec![
        case("as proven", &genuine, &log),
        case("another seq", &HeadProof { seq: 4, ..genuine.clone() }, &log),
        case("another hash", &HeadProof { hash: Hash([5; 32]), ..genuine.clone() }, &log),
        case("another time", &HeadProof { time: at(7), ..genuine.clone() }, &log),
        case("another path", &path, &log),
        case("another log", &genuine, &elsewhere),
        case("a forged checkpoint", &signature, &log),
    ]
}
