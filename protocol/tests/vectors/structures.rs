//! The vectors of whole structures: every kind of event, control record and frame, and bytes that
//! are refused.

use comity_protocol::body::{Body, Format, WireBody};
use comity_protocol::cbor;
use comity_protocol::chain::{ChainEnd, Link};
use comity_protocol::clock::HybridTime;
use comity_protocol::control::{
    Ban, ClosedLog, Closing, ControlAct, ControlHeader, Invite, JoinRule, KeyChanges, Moderation,
    Opening, Role, SetArchived, SetEdits, SetHistory, SetJoinRule, SetMentions, SetPosting,
    SetRetention, SetRole, SetVersion, Succession, Target, Text,
};
use comity_protocol::directory::{Offer, OfferedGroup, Seek};
use comity_protocol::event::{
    Contact, ContactStep, Edit, EndedLog, Erasure, EventAct, EventHeader, LogStart, Message, Pin,
    Reaction, Record, Report, Request, RequestRefused, Test,
};
use comity_protocol::frame::{
    Batch, Exception, Frame, HeadAbove, LogKind, PEER_VERSION, Range, VectorEntry, Want, WireLog,
};
use comity_protocol::hash::Hash;
use comity_protocol::head::{Head, HeadProof};
use comity_protocol::history::{
    AskedLog, Backfill, Before, BelowLink, HistoryAsk, LogEnd, LogRef, OldRange, OldStart,
    RangeStart, Stated,
};
use comity_protocol::id::{AccountNumber, LogId, LogName, MessageId, ShortHash, WriterId};
use comity_protocol::keys::Hello;
use comity_protocol::presence::{PresenceEntry, PresenceState};
use comity_protocol::reading::MarkEntry;
use comity_protocol::report::{Evidence, RecordProof};
use serde_json::{Value, json};

use crate::asks::{probe_frames, profile_frames};
use crate::build::{hex, structure};
use crate::world::{Log, Org, World, at, control as control_header, empty_body, event};

/// Headers of every kind of event, and bodies.
pub(crate) fn events(world: &World) -> Vec<Value> {
    let header = |name: &str, header: &EventHeader| structure(name, "event-header", header);
    let bob = world.bob.number;
    let message = event(at(10), bob, &EventAct::message());
    let mut cases = vec![
        header("a message in a direct channel", &message),
        header("a log's first message in a group", &first_in_group(world)),
        header("a log's first message in a direct channel", &first_in_direct(world)),
        header("an invitation, first in its log", &world.invitation),
        header("an accept, first in its log", &world.accept),
        header("a refused request", &event(at(11), AccountNumber(0), &refused_request(world))),
        header("a kind of later versions", &unknown_event()),
    ];
    cases.extend(
        requests(world)
            .into_iter()
            .map(|(name, request)| header(name, &event(at(12), bob, &EventAct::Request(request)))),
    );
    let others = others(world).into_iter().chain(remarks(world));
    cases.extend(others.map(|(name, act)| header(name, &event(at(12), bob, &act))));
    let body = Body::text([0x5a; 32], "안녕하세요");
    let bytes = cbor::encode(&message);
    let markdown = Body::formatted([0x5b; 32], Format::Markdown, "*hello*");
    let absent = Record { header: bytes.clone().into(), body: WireBody::Absent(body.hash()) };
    cases.extend([
        structure("a text", "body", &body),
        structure("a text in Markdown", "body", &markdown),
        structure("no body", "body", &empty_body()),
        structure("what a report of abuse carries", "evidence", &evidence(world)),
        structure("a record whose body is not sent", "record", &absent),
        structure(
            "a record with its body",
            "record",
            &Record { header: bytes.into(), body: WireBody::Present(body) },
        ),
    ]);
    cases
}

fn first_in_group(world: &World) -> EventHeader {
    let mut header = event(at(10), world.bob.number, &EventAct::message());
    header.after = Some(world.control.control_point());
    let ended = EndedLog { writer: WriterId::new(5, 6), seq: 7, hash: ShortHash([0xdd; 16]) };
    header.start = Some(LogStart { ended: Some(vec![ended]), ..LogStart::default() });
    header
}

fn first_in_direct(world: &World) -> EventHeader {
    let mut header = event(at(10), world.bob.number, &EventAct::message());
    let (low, high) = (world.alice.min(world.bob), world.alice.max(world.bob));
    header.start = Some(LogStart {
        accounts: Some((low, high)),
        name: Some("bob".into()),
        ..LogStart::default()
    });
    header
}

fn refused_request(world: &World) -> EventAct {
    EventAct::RequestRefused(RequestRefused {
        channel: world.link,
        writer: world.globex.writer,
        seq: 1,
        group: world.group,
        account: world.bob.number,
        code: 44,
    })
}

fn unknown_event() -> EventHeader {
    let mut header = event(at(13), AccountNumber(2), &EventAct::Unknown(999));
    header.args = Some(vec![0xff, 0x00].into());
    header
}

fn requests(world: &World) -> Vec<(&'static str, Request)> {
    let (channel, invite) = (world.group, world.control.control_point());
    let target = Target { account: world.bob };
    let label = "bob@globex.example".into();
    let name = ControlAct::SetName(Text { text: "Landing".into() });
    vec![
        ("a request to decline", Request::Decline { channel, invite }),
        ("a request to come in by the join rule", Request::Join { channel, label }),
        ("a request to leave", Request::of(&ControlAct::Leave(target)).unwrap()),
        ("a request to rename", Request::of(&name).unwrap()),
    ]
}

/// Events that say something of a message, or more than a text.
fn remarks(world: &World) -> Vec<(&'static str, EventAct)> {
    let message = MessageId::new(at(9), &Hash([0xdd; 32]));
    let reaction = Reaction { message, reaction: "👍".into(), on: true };
    let mut mentions = vec![world.alice, world.bob];
    mentions.sort_unstable();
    let whole = Message {
        reply_to: Some(message),
        thread: Some(message),
        mentions: Some(mentions),
        mentions_all: Some(true),
    };
    let reply = Message { reply_to: Some(message), ..Message::default() };
    vec![
        ("a message that answers another", EventAct::Message(reply)),
        ("a message in a thread that mentions some and all", EventAct::Message(whole)),
        ("an edit", EventAct::Edit(Edit { message })),
        ("a reaction", EventAct::Reaction(reaction)),
        ("the end of a pin", EventAct::Pin(Pin { message, on: false })),
    ]
}

/// Events that erase, and that make contacts.
fn others(world: &World) -> Vec<(&'static str, EventAct)> {
    let (writer, hash) = (world.globex.writer, ShortHash([0xdd; 16]));
    let here = Erasure { channel: None, writer, seq: 7, hash };
    let there = Erasure { channel: Some(world.group), ..here };
    let account = world.alice.number;
    vec![
        ("an erasure", EventAct::Erasure(here)),
        ("an erasure by an organisation that is no member any more", EventAct::Erasure(there)),
        ("a receipt of an erasure", EventAct::Erased(there)),
        ("a test of the way between two nodes", EventAct::Test(Test { nonce: [0x7e; 16] })),
        ("a report of abuse", EventAct::Report(report(world, None))),
        (
            "a report by who wants to be named",
            EventAct::Report(report(world, Some("bob@globex.example"))),
        ),
        ("a question to be a contact", EventAct::Contact(contact(account, ContactStep::Ask))),
    ]
}

fn evidence(world: &World) -> Evidence {
    let [.., join] = &world.control_headers[..] else { panic!("three records") };
    let of = join.request.clone().unwrap();
    let proof = Some(RecordProof { links: of.links, head: of.head });
    let (header, body) = (of.header, Body::text([0x5c; 32], "바보"));
    Evidence { header, body, comment: Some("three times".into()), proof }
}

fn report(world: &World, from: Option<&str>) -> Report {
    let (channel, writer) = (world.group, world.acme.writer);
    let hash = ShortHash([0xdd; 16]);
    Report { channel, writer, seq: 7, hash, reason: 2, from: from.map(str::to_owned) }
}

/// Headers of every kind of control record, and the control state.
pub(crate) fn control(world: &World) -> Vec<Value> {
    let header = |name: &str, header: &ControlHeader| structure(name, "control-header", header);
    let [genesis, invite, join] = &world.control_headers[..] else { panic!("three records") };
    let target = Target { account: world.bob };
    let text = |text: &str| Text { text: text.into() };
    let role = SetRole { account: world.bob, role: Role::Moderator };
    let home_invite = Invite {
        account: world.acme.account(3),
        label: "carol@acme.example".into(),
        role: Role::Owner,
    };
    let by_alice = |act: &ControlAct| control_header(at(8), world.alice, act);
    let mut home = by_alice(&ControlAct::Leave(target));
    home.actor = None;
    let mut later = by_alice(&ControlAct::Unknown(1_024));
    later.args = Some(vec![1, 2, 3].into());
    let mut cases = vec![
        header("the genesis", genesis),
        header("an invite", invite),
        header("an invite of an owner", &by_alice(&ControlAct::Invite(home_invite))),
        header("a join that admits an organisation, with its request", join),
        header("an invite that the home takes back", &home),
        header("a removal", &by_alice(&ControlAct::Remove(target))),
        header("a change of role", &by_alice(&ControlAct::SetRole(role))),
        header("a name", &by_alice(&ControlAct::SetName(text("Landing")))),
        header("a topic", &by_alice(&ControlAct::SetTopic(text("착륙")))),
        header("a statement of V", &world.cover()),
    ];
    cases.extend(rules(world).iter().map(|(name, act)| header(name, &by_alice(act))));
    let opening =
        Opening { base: world.control.control_point(), forced: false, founder: world.acme.lineage };
    let log = |node: &Org| ClosedLog { origin: node.lineage, writer: node.writer };
    let mut logs = vec![log(&world.acme), log(&world.globex)];
    logs.sort_unstable();
    let mut closing = by_alice(&ControlAct::CloseLogs(Closing { logs }));
    closing.actor = None;
    let change = crate::key_changes::change_of_globex(world, &[3; 32]);
    let keys = KeyChanges { lineage: world.globex.lineage, changes: vec![change] };
    let mut keys = by_alice(&ControlAct::ChangeKeys(keys));
    keys.actor = None;
    let mut opening = by_alice(&ControlAct::Open(opening));
    opening.actor = None;
    opening.state = Some(Hash([0xee; 32]));
    cases.extend([
        header("another key", &keys),
        header("the opening of a term", &opening),
        header("a closing of two logs", &closing),
        header("a kind of later versions", &later),
    ]);
    cases.push(json!({
        "kind": "genesis", "name": "the channel's id", "header": hex(&cbor::encode(genesis)),
        "body": hex(&cbor::encode(&empty_body())), "channel": hex(&world.group.0),
    }));
    cases.extend(
        ["the control state before the join", "the control state after the join"]
            .iter()
            .zip(&world.states)
            .map(|(name, state)| structure(name, "control-state", state)),
    );
    cases
}

/// Records that set the rules of a group.
fn rules(world: &World) -> Vec<(&'static str, ControlAct)> {
    let account = world.bob;
    let rule = JoinRule::Organisations(vec![world.globex.lineage]);
    let moderation = Moderation {
        origin: world.globex.lineage,
        writer: world.globex.writer,
        seq: 7,
        hash: ShortHash([0xdd; 16]),
    };
    vec![
        ("a ban", ControlAct::Ban(Ban { account, label: "bob@globex.example".into() })),
        ("the end of a ban", ControlAct::Unban(Target { account })),
        ("a join rule", ControlAct::SetJoinRule(SetJoinRule { rule })),
        ("a group open to anyone", ControlAct::SetJoinRule(SetJoinRule { rule: JoinRule::Anyone })),
        ("a posting rule", ControlAct::SetPosting(SetPosting { role: Role::Moderator })),
        ("a history rule", ControlAct::SetHistory(SetHistory { since_joining: true })),
        ("a retention", ControlAct::SetRetention(SetRetention { seconds: Some(86_400) })),
        ("no retention", ControlAct::SetRetention(SetRetention { seconds: None })),
        ("an archived group", ControlAct::SetArchived(SetArchived { archived: true })),
        ("former texts that are kept", ControlAct::SetEdits(SetEdits { kept: true })),
        ("a rule on mentions", ControlAct::SetMentions(SetMentions { role: Role::Moderator })),
        ("a removed message", ControlAct::Moderate(moderation)),
        ("a raised version", ControlAct::SetVersion(SetVersion { version: 2 })),
        ("a handover", ControlAct::HandOver(Succession { nominee: world.globex.lineage })),
    ]
}

/// Frames of every kind.
pub(crate) fn frames(world: &World) -> Vec<Value> {
    let log = WireLog::from(world.globex.log(world.link));
    let control = WireLog::from(world.control.id);
    let hash = ShortHash([0xdd; 16]);
    let cursor = vec![0xc0; 24];
    let hello = Hello {
        from: world.acme.domain.into(),
        to: world.globex.domain.into(),
        lineage: world.acme.lineage,
        start: 5,
        versions: vec![PEER_VERSION],
        changes: None,
    };
    let (fed, asked) = batches(world);
    let entries =
        vec![VectorEntry { log, seq: 3, hash }, VectorEntry { log: control, seq: 2, hash }];
    let heads = entries.clone();
    let fork = crate::forks::genuine(world);
    let exceptions = vec![Exception { log, from: 3, code: 110 }];
    let point = world.control.control_point();
    let frames = [
        ("hello", Frame::Hello(hello)),
        ("go on after a cursor", Frame::Resume { cursor: Some(cursor.clone().into()) }),
        ("go on from what a vector will say", Frame::Resume { cursor: None }),
        ("the cursor is not known", Frame::Resync),
        ("a vector", Frame::Vector { entries, more: false }),
        ("an empty vector, more to come", Frame::Vector { entries: vec![], more: true }),
        ("a batch of the feed", Frame::Batch(fed)),
        ("a batch that was asked for", Frame::Batch(asked)),
        ("a batch above the floor", Frame::Batch(above_floor(world))),
        ("a batch below its head", Frame::Batch(below_head(world))),
        ("an acknowledgement", Frame::Ack { cursor: cursor.into(), exceptions }),
        ("a want", Frame::Want(vec![Want { log: control, from: 1 }])),
        ("not served", Frame::NotServed { log, code: 109, control: None }),
        ("not a member", Frame::NotServed { log, code: 103, control: Some(point) }),
        ("a look-up", Frame::Lookup { id: 7, name: "bob".into() }),
        ("an account", Frame::Account { id: 7, number: Some(world.bob.number) }),
        ("no such account", Frame::Account { id: 8, number: None }),
        ("goodbye", Frame::Goodbye { code: 84 }),
        ("an ask for history", Frame::History(history_ask(world))),
        ("a range of history with its start", Frame::Backfill(backfill(world))),
        ("not heard of the asker yet", Frame::Backfill(unheard(world))),
        ("heads of shared logs", Frame::Heads { entries: heads }),
        ("an ask to be shown a history", Frame::Show { log, down_to: 5 }),
        ("a history", Frame::Branch { log, branch: Some(fork.one.clone()) }),
        ("no history", Frame::Branch { log, branch: None }),
        ("a proof of a fork", Frame::Fork { proof: fork.encode().into() }),
    ];
    let keys = crate::key_changes::frames(world);
    let (directory, presence) = (directory_frames(world), presence_frames(world));
    let (profiles, probes) = (profile_frames(), probe_frames(world));
    let all = frames.iter().chain(&directory).chain(&presence).chain(&profiles).chain(&probes);
    let all = all.chain(&keys);
    all.map(|(name, frame)| structure(name, "frame", frame)).collect()
}

fn contact(account: AccountNumber, step: ContactStep) -> Contact {
    Contact { account, step, from: "alice@acme.example".into(), label: "bob@globex.example".into() }
}

/// Groups that may be joined: each way to ask for them, and answers.
fn directory_frames(world: &World) -> Vec<(&'static str, Frame)> {
    let (channel, home) = (world.group, world.acme.lineage);
    let group = OfferedGroup {
        channel,
        home,
        domain: world.acme.domain.into(),
        name: "Team".into(),
        topic: "What we do".into(),
        members: 2,
        alias: Some("team".into()),
    };
    let unnamed = OfferedGroup { alias: None, ..group.clone() };
    let alias = Seek::Alias { name: "team".into() };
    let first = Seek::Page { count: 50, after: None };
    let next = Seek::Page { count: 50, after: Some(channel) };
    let offer = |groups, more| Offer { groups, more };
    let (origin, hash) = (home, ShortHash([6; 16]));
    let log = WireLog { channel, kind: LogKind::Message, origin, number: 3 };
    vec![
        ("a group sought by alias", Frame::Seek { id: 9, seek: alias }),
        ("a group sought by id", Frame::Seek { id: 10, seek: Seek::Channel { channel } }),
        ("the first page of groups", Frame::Seek { id: 11, seek: first }),
        ("the next page of groups", Frame::Seek { id: 12, seek: next }),
        ("a group that may be joined", Frame::Offer { id: 9, offer: offer(vec![group], false) }),
        ("a page, more to come", Frame::Offer { id: 11, offer: offer(vec![unnamed], true) }),
        ("no such group", Frame::Offer { id: 10, offer: Offer::default() }),
        ("who is away", Frame::Away { origins: vec![home] }),
        ("nobody is away", Frame::Away { origins: vec![] }),
        ("news of who is away", Frame::News { entries: vec![VectorEntry { log, seq: 9, hash }] }),
    ]
}

/// What is said of who is there.
fn presence_frames(world: &World) -> Vec<(&'static str, Frame)> {
    let (channel, account) = (world.group, world.bob.number);
    let unknown = PresenceEntry::unknown(world.alice.number, 40);
    let (state, status) = (PresenceState::Busy, Some("점심".into()));
    let busy = PresenceEntry { account, version: 41, state, last_active_s: None, status };
    let (state, seen) = (PresenceState::Offline, Some(1_795_404_447));
    let offline = PresenceEntry { account, version: 42, state, last_active_s: seen, status: None };
    let status = Some("on holiday".into());
    let away = PresenceEntry { version: 43, status, ..offline.clone() };
    let message = MessageId::new(HybridTime(9), &Hash([7; 32]));
    let read = MarkEntry { channel, account, message: Some(message) };
    let hidden = MarkEntry { account: world.alice.number, message: None, ..read };
    vec![
        ("a lease of two accounts", Frame::Lease { accounts: vec![account, world.alice.number] }),
        ("an account that is let go", Frame::Release { accounts: vec![account] }),
        ("how accounts are", Frame::Presence { entries: vec![unknown, busy] }),
        ("who has gone", Frame::Presence { entries: vec![offline, away] }),
        ("somebody types", Frame::Typing { channel, account, typing: true }),
        ("somebody has stopped to type", Frame::Typing { channel, account, typing: false }),
        ("how far accounts have read", Frame::Marks { entries: vec![read, hidden] }),
    ]
}

fn history_ask(world: &World) -> HistoryAsk {
    let log = history_log(world);
    let asked = AskedLog { origin: log.origin, writer: log.writer, until: 2, start: true };
    HistoryAsk { channel: world.link, logs: vec![asked], count: 50 }
}

fn history_log(world: &World) -> LogRef {
    match world.globex.log(world.link).name {
        LogName::Message { origin, writer } => LogRef { origin, writer },
        LogName::Control { .. } => unreachable!("a message log"),
    }
}

/// The second record of the log of [`batches`], as history.
fn backfill(world: &World) -> Backfill {
    let (_, asked) = batches(world);
    let range = &asked.ranges[0];
    let log = LogId::from(range.log);
    let inner = |at: usize| range.records[at].inner();
    let mut end = ChainEnd::default();
    let first = end.push(&log, &inner(0));
    let head = HeadProof {
        seq: 2,
        hash: range.hash,
        time: range.time,
        inclusion: range.inclusion.clone(),
        checkpoint: asked.checkpoints[0].clone(),
    };
    let links = vec![
        Link { previous: first, skipped: first, inner: inner(1) },
        Link { previous: Hash::ZERO, skipped: Hash::ZERO, inner: inner(0) },
    ];
    let old = OldRange {
        log: history_log(world),
        first: 2,
        records: range.records[1..].to_vec(),
        below: vec![BelowLink { seq: 1, hash: first }],
        before: Before {
            time: at(3),
            stated: Some(Stated { seq: 1, after: world.control.control_point() }),
        },
        start: Some(OldStart { links, above: vec![], head }),
    };
    let ends = Some(vec![LogEnd { writer: history_log(world).writer, seq: 2 }]);
    Backfill { channel: world.link, ranges: vec![old], missing: vec![], ends }
}

/// The second record of the same log to a peer whose floor is the first.
fn above_floor(world: &World) -> Batch {
    let mut batch = batches(world).1;
    let history = backfill(world).ranges.remove(0);
    let links = history.start.map(|start| start.links[1..].to_vec()).unwrap_or_default();
    let range = &mut batch.ranges[0];
    (range.first, range.records) = (history.first, history.records);
    range.start = Some(RangeStart { links, before: history.before });
    batch
}

fn unheard(world: &World) -> Backfill {
    let missing = vec![history_log(world)];
    Backfill { channel: world.link, ranges: vec![], missing, ends: None }
}

/// The same range as the feed brings it and as the answer to a want.
fn batches(world: &World) -> (Batch, Batch) {
    let mut log = Log::new(world.globex.log(world.link));
    let records: Vec<Record> = [&world.accept, &unknown_event()]
        .iter()
        .map(|header| Record {
            header: cbor::encode(*header).into(),
            body: WireBody::Present(empty_body()),
        })
        .collect();
    for (record, ms) in records.iter().zip([3, 13]) {
        log.push(record.inner(), at(ms));
    }
    let head: Head = log.head();
    let proof = world.globex.prove(head);
    let range = Range {
        log: log.id.into(),
        first: 1,
        records,
        hash: head.hash,
        time: head.time,
        checkpoint: 0,
        inclusion: proof.inclusion,
        start: None,
        above: None,
    };
    let fed = Batch {
        checkpoints: vec![proof.checkpoint],
        ranges: vec![range],
        cursor: Some(vec![0xc1; 24].into()),
    };
    let asked = Batch { cursor: None, ..fed.clone() };
    (fed, asked)
}

/// The first record of that range as somebody passes it on who has no head but the second's.
fn below_head(world: &World) -> Batch {
    let (_, mut asked) = batches(world);
    let range = &mut asked.ranges[0];
    let log = LogId::from(range.log);
    let inner: Vec<Hash> = range.records.iter().map(Record::inner).collect();
    let first = ChainEnd::default().push(&log, &inner[0]);
    let links = vec![
        Link { previous: first, skipped: first, inner: inner[1] },
        Link { previous: Hash::ZERO, skipped: Hash::ZERO, inner: inner[0] },
    ];
    range.records.truncate(1);
    range.above = Some(HeadAbove { seq: 2, links });
    asked
}

/// Bytes that are refused: for their `encoding`, which any decoder sees; for a `structure` that is
/// not the one expected; or for a `limit`.
pub(crate) fn refused(world: &World) -> Vec<Value> {
    let message = cbor::encode(&event(at(10), world.bob.number, &EventAct::message()));
    let with = |from: &[u8], to: &[u8]| replaced(&message, from, to);
    let time = &message[1..11];
    let long_kind = with(&[0x02, 0x01], &[0x02, 0x18, 0x01]);
    let twice = [&[0xa4][..], time, &message[1..]].concat();
    let swapped = [&[0xa3][..], &message[11..21], time, &message[21..]].concat();
    let endless = [&[0xbf][..], &message[1..], &[0xff]].concat();
    let null = [&[0xa4][..], &message[1..], &[0x03, 0xf6]].concat();
    let unknown = [&[0xa4][..], &message[1..], &[0x09, 0x00]].concat();
    let trailing = [&message[..], &[0x00]].concat();
    let deep = [vec![0x81; 64], vec![0x00]].concat();
    let header = "event-header";
    let mut cases = vec![
        case("an integer that is not in its shortest form", header, "encoding", &long_kind),
        case("the same key twice", header, "encoding", &twice),
        case("keys out of order", header, "encoding", &swapped),
        case("a map of indefinite length", header, "encoding", &endless),
        case("null where the key should be absent", header, "structure", &null),
        case("a key that version 1 does not have", header, "structure", &unknown),
        case("a byte after the end", header, "encoding", &trailing),
        case("a byte missing at the end", header, "encoding", &message[..message.len() - 1]),
        case(
            "a byte string that claims 2^40 bytes",
            header,
            "encoding",
            &[0x5b, 0, 0, 1, 0, 0, 0, 0, 0],
        ),
        case("nothing at all", header, "encoding", &[]),
        case("a header longer than 8 KiB", header, "limit", &long_header(world)),
        case("arrays in arrays", "frame", "encoding", &deep),
    ];
    cases.extend(refused_frames());
    cases
}

fn case(name: &str, rule: &str, why: &str, bytes: &[u8]) -> Value {
    json!({ "kind": "refused", "name": name, "rule": rule, "why": why, "hex": hex(bytes) })
}

fn refused_frames() -> Vec<Value> {
    let empty = Range {
        log: WireLog {
            channel: comity_protocol::id::ChannelId([1; 32]),
            kind: comity_protocol::frame::LogKind::Control,
            origin: comity_protocol::id::LineageId([2; 32]),
            number: 1,
        },
        first: 1,
        records: Vec::new(),
        hash: ChainEnd::default().hash(),
        time: at(0),
        checkpoint: 0,
        inclusion: comity_protocol::head::Inclusion {
            blind: [0; 16],
            index: 0,
            path: vec![Hash::ZERO],
        },
        start: None,
        above: None,
    };
    let batch = Frame::Batch(Batch { checkpoints: vec![], ranges: vec![empty], cursor: None });
    vec![
        case("a frame of an unknown number", "frame", "structure", &[0x82, 0x18, 0x63, 0x80]),
        case("a frame with a field too many", "frame", "structure", &[0x82, 0x02, 0x81, 0x00]),
        case(
            "a text that is not UTF-8",
            "frame",
            "encoding",
            &[0x82, 0x08, 0x82, 0x07, 0x61, 0xff],
        ),
        case("null at the end of an array", "frame", "structure", &[0x82, 0x01, 0x81, 0xf6]),
        case(
            "a text of indefinite length",
            "frame",
            "encoding",
            &[0x82, 8, 0x82, 7, 0x7f, 0x61, 0x62, 0xff],
        ),
        case("a range without records", "frame", "limit", &batch.encode()),
    ]
}

fn long_header(world: &World) -> Vec<u8> {
    let mut header = event(at(10), world.bob.number, &EventAct::Unknown(999));
    header.args = Some(vec![0; 8 * 1024].into());
    cbor::encode(&header)
}

/// `bytes` with the last occurrence of `from` replaced.
fn replaced(bytes: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let at = bytes.windows(from.len()).rposition(|window| window == from).unwrap();
    [&bytes[..at], to, &bytes[at + from.len()..]].concat()
}
