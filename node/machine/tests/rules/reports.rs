//! Reports of abuse: what is proven comes to the author's organisation whatever became of the text
//! since, and what is not proven comes to nobody.

use comity_machine::{
    Act, Answer, Applied, CLOSED_KEPT_MS, Command, DomainRule, OPEN_PER_ORGANISATION_MAX, Outcome,
    PolicyChange, REPORTS_MAX, REPORTS_PER_HOUR_MAX, RangeOutcome, Report, Reporting, Stance,
};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::chain::{Link, inner};
use comity_protocol::code::Code;
use comity_protocol::control::{ControlAct, Moderation, SetHistory};
use comity_protocol::event::{self, EventAct, LogStart, link_channel};
use comity_protocol::hash::Hash;
use comity_protocol::id::{
    AccountNumber, ChannelId, LineageId, LogId, LogName, ShortHash, WriterId,
};
use comity_protocol::limits::REPORT_COMMENT_CHARS_MAX;
use comity_protocol::report::{Evidence, Reason, RecordProof};

use super::world::{Node, RogueLog, World, event as header_of, stored};

const ALICE: &str = "alice@acme";
const ADA: &str = "ada@acme";
const BOB: &str = "bob@globex";
const HOUR_MS: u64 = 3_600_000;

/// Alice has said something to Bob.
fn world() -> (World, ChannelId) {
    let mut world = World::new(&[ALICE, ADA, BOB]);
    let direct = world.direct(ALICE, BOB);
    world.say(ALICE, direct, "you fool").unwrap();
    world.exchange();
    (world, direct)
}

fn holds<'n>(node: &'n Node, channel: ChannelId, text: &str) -> &'n Applied {
    let mut all = node.records.iter().chain(&node.backfilled);
    let is_it = |r: &&Applied| match &r.record.body {
        WireBody::Present(body) => r.channel_id == channel && body.as_text() == Some(text),
        WireBody::Absent(_) => false,
    };
    all.find(is_it).unwrap()
}

/// What a node finds of a text that one of its users reports.
fn found(node: &Node, channel: ChannelId, text: &str) -> (Moderation, Evidence) {
    let record = holds(node, channel, text);
    let LogName::Message { origin, writer } = record.log.name else { panic!("a message") };
    let (_, known) = node.state.channel(&channel).unwrap();
    let log = &known.logs[&record.log.name];
    let mut row = |seq| node.row(&record.log, seq).map(stored);
    let links = log.links_to(record.seq, &mut row);
    let proof = links.zip(log.proof.clone()).map(|(links, head)| RecordProof { links, head });
    let WireBody::Present(body) = record.record.body.clone() else { panic!("a text") };
    let (header, comment) = (record.record.header.clone(), Some("he does that".to_owned()));
    let target = Moderation { origin, writer, seq: record.seq, hash: record.hash.into() };
    (target, Evidence { header, body, comment, proof })
}

fn reporting(world: &World, user: &str, channel: ChannelId, text: &str) -> Reporting {
    let (_, node) = user.split_once('@').unwrap();
    let (target, evidence) = found(world.node(node), channel, text);
    let (reason, names_me) = (Reason::Harassment.number(), false);
    Reporting { channel, target, reason, names_me, evidence: evidence.encode().into() }
}

fn reports(world: &mut World, user: &str, channel: ChannelId, text: &str) -> Result<Answer, Code> {
    let reporting = reporting(world, user, channel, text);
    world.act(user, Act::Report(reporting))
}

fn told(domain: &str) -> Result<Answer, Code> {
    Ok(Answer::Reported { to: Some(domain.to_owned()) })
}

const KEPT: Result<Answer, Code> = Ok(Answer::Reported { to: None });

fn kept(world: &World, node: &str) -> Vec<(u64, Report)> {
    world.node(node).state.reports().map(|(number, report)| (number, report.clone())).collect()
}

/// The text that a node's admin is shown of a report.
fn shown(world: &World, node: &str, number: u64) -> Option<String> {
    let node = world.node(node);
    let place = node.state.report(number)?.place;
    let event = node.records.iter().find(|r| r.pos == place.pos)?;
    match &event.record.body {
        WireBody::Absent(_) => None,
        WireBody::Present(body) => Evidence::decode(body)?.body.as_text().map(str::to_owned),
    }
}

fn dropped(world: &World, by: &str) -> u64 {
    world.node("acme").state.reports_dropped(&world.node(by).lineage())
}

fn closes(world: &mut World, node: &str, number: u64) -> Result<Answer, Code> {
    let unix_ms = world.now_ms;
    let command = Command::CloseReport { number, unix_ms };
    super::world::answer(world.node_mut(node).apply(command).answer)
}

fn tend(world: &mut World, node: &str) {
    let unix_ms = world.now_ms;
    let command =
        Command::Tend { used: Vec::new(), unused: Vec::new(), unused_since_ms: 0, unix_ms };
    world.node_mut(node).apply(command);
}

/// What a node's admin says of a domain: its stance, and how often it may ask in an hour.
fn says(world: &mut World, node: &str, domain: &str, (stance, asks): (Stance, Option<u32>)) {
    let (asks_per_hour, records_per_minute, since_unix_ms) = (asks, None, 1);
    let rule = Some(DomainRule { stance, asks_per_hour, records_per_minute, since_unix_ms });
    let change = PolicyChange::Rule { domain: domain.to_owned(), rule };
    world.node_mut(node).apply(Command::Federate(change));
}

#[test]
fn what_was_said_comes_to_its_authors_organisation_and_who_reports_does_not() {
    let (mut world, direct) = world();
    assert_eq!(reports(&mut world, BOB, direct, "you fool"), told("acme.test"));
    world.exchange();
    let (alice, bob) = (world.account(ALICE), world.account(BOB));
    let [(1, ours)] = &kept(&world, "globex")[..] else { panic!("one") };
    assert_eq!((ours.by, ours.reporter), (bob.0.lineage, Some(bob.0.number)));
    assert_eq!((ours.reporter_label.as_ref(), ours.is_told), (Some(&bob.1), true));
    let [(1, theirs)] = &kept(&world, "acme")[..] else { panic!("one") };
    assert_eq!((theirs.by, theirs.reporter), (bob.0.lineage, None));
    assert_eq!((theirs.reporter_label.as_ref(), theirs.is_told), (None, false));
    for report in [ours, theirs] {
        assert_eq!((report.about, report.about_label.as_ref()), (alice.0, Some(&alice.1)));
        assert_eq!((report.channel, report.reason()), (direct, Reason::Harassment));
        assert_eq!(report.message, holds(world.node("acme"), direct, "you fool").id);
        assert!(report.is_open());
    }
    for node in ["acme", "globex"] {
        assert_eq!(shown(&world, node, 1).as_deref(), Some("you fool"), "{node}");
    }
    // No device is shown anything of it.
    let number = alice.0.number;
    let of_reports = |r: &&Applied| holds_report(r);
    assert_eq!(world.node("acme").fed(number).filter(of_reports).count(), 0);
    let sent = world.node("acme").records.iter().find(of_reports).unwrap();
    assert_eq!(sent.sender.unwrap().number, AccountNumber(0));
}

fn holds_report(record: &Applied) -> bool {
    matches!(&record.record.body, WireBody::Present(body) if body.is_report())
}

#[test]
fn who_wants_to_be_named_is() {
    let (mut world, direct) = world();
    let reporting = reporting(&world, BOB, direct, "you fool");
    let named = Reporting { names_me: true, ..reporting };
    assert_eq!(world.act(BOB, Act::Report(named)), told("acme.test"));
    world.exchange();
    let (bob, label) = world.account(BOB);
    let [(1, report)] = &kept(&world, "acme")[..] else { panic!("one") };
    assert_eq!((report.reporter, report.reporter_label.as_ref()), (Some(bob.number), Some(&label)));
}

#[test]
fn an_edit_and_an_erasure_take_nothing_back() {
    let (mut world, direct) = world();
    let message = holds(world.node("acme"), direct, "you fool").id;
    let (text, format) = ("you friend".to_owned(), Default::default());
    // Bob's node does not hear of it before he reports.
    world.cut("acme", "globex");
    world.act(ALICE, Act::Edit { channel: direct, message, text, format }).unwrap();
    world.erase(ALICE, direct, "you fool").unwrap();
    assert_eq!(reports(&mut world, BOB, direct, "you fool"), told("acme.test"));
    world.exchange();
    assert_eq!(shown(&world, "acme", 1).as_deref(), Some("you fool"));
    assert_eq!(dropped(&world, "globex"), 0);
    // An edit that is reported is its message's.
    world.heal("acme", "globex");
    world.exchange();
    let known: Vec<_> = kept(&world, "acme").into_iter().map(|(_, r)| r.message).collect();
    assert_eq!(known, [message]);
}

#[test]
fn an_edit_is_reported_as_its_message() {
    let (mut world, direct) = world();
    let message = holds(world.node("acme"), direct, "you fool").id;
    let (text, format) = ("you utter fool".to_owned(), Default::default());
    world.act(ALICE, Act::Edit { channel: direct, message, text, format }).unwrap();
    world.exchange();
    assert_eq!(reports(&mut world, BOB, direct, "you utter fool"), told("acme.test"));
    world.exchange();
    assert_eq!(kept(&world, "acme")[0].1.message, message);
    assert_eq!(shown(&world, "acme", 1).as_deref(), Some("you utter fool"));
    assert_eq!(reports(&mut world, BOB, direct, "you fool"), told("acme.test"));
    assert_eq!(kept(&world, "globex").len(), 1, "the same message");
}

#[test]
fn what_one_of_ours_wrote_is_told_to_nobody_else() {
    let mut world = World::new(&[ALICE, ADA, BOB]);
    let team = world.team(ALICE, &[ADA, BOB]);
    world.say(ALICE, team, "you fool").unwrap();
    world.exchange();
    assert_eq!(reports(&mut world, ADA, team, "you fool"), KEPT);
    world.exchange();
    let [(1, report)] = &kept(&world, "acme")[..] else { panic!("one") };
    assert_eq!((report.reporter, report.is_told), (Some(world.account(ADA).0.number), false));
    assert_eq!(shown(&world, "acme", 1).as_deref(), Some("you fool"));
    assert!(kept(&world, "globex").is_empty());
    assert_eq!(reports(&mut world, ALICE, team, "you fool"), Err(Code::ReportSelf));
    // Nobody reports what is in a channel that he does not read.
    let direct = world.direct(ALICE, BOB);
    world.say(ALICE, direct, "hello").unwrap();
    world.exchange();
    world.say(BOB, direct, "for you alone").unwrap();
    world.exchange();
    assert_eq!(reports(&mut world, ADA, direct, "for you alone"), Err(Code::ChannelNotFound));
}

#[test]
fn with_whom_we_do_not_federate_is_told_nothing() {
    let (mut world, direct) = world();
    says(&mut world, "globex", "acme.test", (Stance::Block, None));
    assert_eq!(reports(&mut world, BOB, direct, "you fool"), KEPT);
    world.exchange();
    assert_eq!(shown(&world, "globex", 1).as_deref(), Some("you fool"));
    assert!(kept(&world, "acme").is_empty());
}

#[test]
fn the_same_message_is_one_report_and_an_hour_has_so_many() {
    let (mut world, direct) = world();
    for _ in 0..2 {
        assert_eq!(reports(&mut world, BOB, direct, "you fool"), told("acme.test"));
    }
    assert_eq!(kept(&world, "globex").len(), 1);
    for n in 0..REPORTS_PER_HOUR_MAX {
        world.say(ALICE, direct, &format!("fool {n}")).unwrap();
    }
    world.exchange();
    for n in 1..REPORTS_PER_HOUR_MAX {
        assert_eq!(reports(&mut world, BOB, direct, &format!("fool {n}")), told("acme.test"));
    }
    assert_eq!(reports(&mut world, BOB, direct, "fool 0"), Err(Code::ReportLimit));
    assert_eq!(reports(&mut world, BOB, direct, "you fool"), told("acme.test"), "known");
    world.now_ms += HOUR_MS;
    assert_eq!(reports(&mut world, BOB, direct, "fool 0"), told("acme.test"));
    assert_eq!(kept(&world, "globex").len(), REPORTS_PER_HOUR_MAX + 1);
}

/// A report as a rogue node makes it.
#[derive(Clone)]
struct Forged {
    report: event::Report,
    evidence: Evidence,
    sender: AccountNumber,
}

fn genuine(world: &World, direct: ChannelId) -> Forged {
    let (target, evidence) = found(world.node("globex"), direct, "you fool");
    let Moderation { writer, seq, hash, .. } = target;
    let report = event::Report { channel: direct, writer, seq, hash, reason: 1, from: None };
    Forged { report, evidence, sender: AccountNumber(0) }
}

/// A text that fits the hash that the report names, and no head.
fn made_up(origin: LineageId, good: &Forged, body: Body) -> Forged {
    let evidence = Evidence { body, ..good.evidence.clone() };
    let inner = inner(&evidence.header, &evidence.body.hash());
    let link = Link { previous: Hash::ZERO, skipped: Hash::ZERO, inner };
    let proof = evidence.proof.clone().map(|proof| RecordProof { links: vec![link], ..proof });
    let Forged { report, sender, .. } = good.clone();
    let name = LogName::Message { origin, writer: report.writer };
    let hash = link.hash(&LogId { channel: report.channel, name }, report.seq).into();
    let report = event::Report { hash, ..report };
    Forged { report, evidence: Evidence { proof, ..evidence }, sender }
}

/// Globex shows acme reports, each in a log of its own.
fn shows(world: &mut World, writer: u64, forged: &[Forged]) {
    let bodies = forged.iter().map(|f| Body::report([3; 32], f.evidence.encode().into()));
    let forged: Vec<(event::Report, AccountNumber, Body)> =
        forged.iter().zip(bodies).map(|(f, body)| (f.report.clone(), f.sender, body)).collect();
    shows_bodies(world, writer, forged);
}

fn shows_bodies(world: &mut World, writer: u64, all: Vec<(event::Report, AccountNumber, Body)>) {
    let (acme, globex) = (world.node("acme").lineage(), world.node("globex").lineage());
    let mut log = RogueLog::new(world.node("globex"), link_channel(acme, globex), writer);
    log.time = comity_protocol::clock::HybridTime::from_unix_ms(world.now_ms);
    let mut start = Some(LogStart {
        organisations: Some((acme.min(globex), acme.max(globex))),
        ..LogStart::default()
    });
    for (report, sender, body) in all {
        let mut header = header_of(sender, &EventAct::Report(report));
        header.start = start.take();
        log.push(header, body);
    }
    world.show("globex", "acme", &log);
}

#[test]
fn what_does_not_prove_is_counted_and_kept_by_nobody() {
    let (mut world, direct) = world();
    world.say(BOB, direct, "fool yourself").unwrap();
    world.exchange();
    let good = genuine(&world, direct);
    let proof = || good.evidence.proof.clone().unwrap();
    let with = |evidence: Evidence| Forged { evidence, ..good.clone() };
    let at = |report: event::Report| Forged { report, ..good.clone() };
    let body = |text: &str| Body::text(good.evidence.body.salt, text);
    let (_, own) = found(world.node("globex"), direct, "fool yourself");
    let theirs = holds(world.node("globex"), direct, "fool yourself");
    let LogName::Message { writer, .. } = theirs.log.name else { panic!("a message") };
    let mut other_salt = good.evidence.body.clone();
    other_salt.salt[0] ^= 1;
    let mut header = good.evidence.header.to_vec();
    *header.last_mut().unwrap() ^= 1;
    let mut cut = proof();
    cut.links.pop();
    let forged = [
        ("another text", with(Evidence { body: body("you idiot"), ..good.evidence.clone() })),
        ("another salt", with(Evidence { body: other_salt, ..good.evidence.clone() })),
        ("another header", with(Evidence { header: header.into(), ..good.evidence.clone() })),
        ("no proof", with(Evidence { proof: None, ..good.evidence.clone() })),
        ("half a proof", with(Evidence { proof: Some(cut), ..good.evidence.clone() })),
        (
            "a link that leads nowhere",
            made_up(world.node("acme").lineage(), &good, body("you idiot")),
        ),
        ("another place", at(event::Report { seq: 2, ..good.report.clone() })),
        ("another hash", at(event::Report { hash: ShortHash([1; 16]), ..good.report.clone() })),
        (
            "another channel",
            at(event::Report { channel: ChannelId([1; 32]), ..good.report.clone() }),
        ),
        ("another log", at(event::Report { writer: WriterId(7), ..good.report.clone() })),
        (
            "what another organisation wrote",
            Forged {
                report: event::Report {
                    writer,
                    seq: theirs.seq,
                    hash: theirs.hash.into(),
                    ..good.report.clone()
                },
                evidence: Evidence { proof: good.evidence.proof.clone(), ..own },
                sender: good.sender,
            },
        ),
    ];
    for (n, (what, forged)) in (1..).zip(forged) {
        shows(&mut world, 100 + n, &[forged]);
        assert_eq!(dropped(&world, "globex"), n, "{what}");
        world.now_ms += HOUR_MS;
    }
    assert!(kept(&world, "acme").is_empty());
    assert!(!world.node("acme").records.iter().any(holds_report), "no text is kept of them");
    shows(&mut world, 99, &[good]);
    assert_eq!((kept(&world, "acme").len(), dropped(&world, "globex")), (1, 11));
}

#[test]
fn a_body_that_is_none_of_a_report_proves_nothing() {
    let (mut world, direct) = world();
    let good = genuine(&world, direct);
    let comment = |chars: usize| {
        let evidence = Evidence { comment: Some("é".repeat(chars)), ..good.evidence.clone() };
        Body::report([3; 32], evidence.encode().into())
    };
    let mut typed = comment(1);
    typed.content_type = "text/plain;charset=utf-8".into();
    let mut trailing = comment(1);
    trailing.bytes.0.push(0);
    let bad = [comment(REPORT_COMMENT_CHARS_MAX + 1), typed, trailing, Body::empty([3; 32])];
    let all = bad.into_iter().map(|body| (good.report.clone(), good.sender, body)).collect();
    shows_bodies(&mut world, 1, all);
    assert_eq!((kept(&world, "acme").len(), dropped(&world, "globex")), (0, 4));
    let longest = comment(REPORT_COMMENT_CHARS_MAX);
    shows_bodies(&mut world, 2, vec![(good.report.clone(), good.sender, longest)]);
    assert_eq!((kept(&world, "acme").len(), dropped(&world, "globex")), (1, 4));
}

#[test]
fn only_a_text_is_reported_and_only_under_a_name_of_the_organisation() {
    let (mut world, direct) = world();
    let bob = world.account(BOB).0.number;
    let message = holds(world.node("acme"), direct, "you fool").id;
    let reaction = ":-(".to_owned();
    world.act(ALICE, Act::React { channel: direct, message, reaction, on: true }).unwrap();
    world.exchange();
    let good = genuine(&world, direct);
    // A reaction has no text, however well it is proven.
    let globex = world.node("globex");
    let reacted = globex.records.iter().rfind(|r| r.channel_id == direct).unwrap();
    let (_, known) = globex.state.channel(&direct).unwrap();
    let log = &known.logs[&reacted.log.name];
    let mut row = |seq| globex.row(&reacted.log, seq).map(stored);
    let links = log.links_to(reacted.seq, &mut row).unwrap();
    let WireBody::Present(body) = reacted.record.body.clone() else { panic!("an empty one") };
    let proof = Some(RecordProof { links, head: log.proof.clone().unwrap() });
    let (seq, hash) = (reacted.seq, reacted.hash.into());
    let header = reacted.record.header.clone();
    let mute = Forged {
        report: event::Report { seq, hash, ..good.report.clone() },
        evidence: Evidence { header, body, comment: None, proof },
        sender: good.sender,
    };
    let called = |from: &str, sender| Forged {
        report: event::Report { from: Some(from.to_owned()), ..good.report.clone() },
        sender,
        ..good.clone()
    };
    let named = [
        called("alice@acme.test", bob),
        called("bob\u{7}@globex.test", bob),
        called("bob@globex.test", AccountNumber(0)),
        called("bob@globex.test", bob),
    ];
    shows(&mut world, 1, &[vec![mute], named.to_vec()].concat());
    assert_eq!(dropped(&world, "globex"), 1);
    let names: Vec<_> = kept(&world, "acme").into_iter().map(|(_, r)| r.reporter_label).collect();
    assert_eq!(names, [None, None, None, Some("bob@globex.test".to_owned())]);
}

#[test]
fn reports_count_as_what_an_organisation_asks() {
    let (mut world, direct) = world();
    says(&mut world, "acme", "globex.test", (Stance::Allow, Some(2)));
    let good = genuine(&world, direct);
    shows(&mut world, 1, &[good.clone(), good.clone(), good.clone()]);
    assert_eq!((kept(&world, "acme").len(), dropped(&world, "globex")), (2, 1));
    world.now_ms += HOUR_MS;
    shows(&mut world, 2, &[good]);
    assert_eq!((kept(&world, "acme").len(), dropped(&world, "globex")), (3, 1));
}

#[test]
fn an_organisation_has_so_many_open_ones_and_the_node_so_many_in_all() {
    let (mut world, direct) = world();
    let good = genuine(&world, direct);
    says(&mut world, "acme", "globex.test", (Stance::Allow, Some(u32::MAX)));
    let most = OPEN_PER_ORGANISATION_MAX;
    shows(&mut world, 1, &vec![good.clone(); most + 1]);
    assert_eq!((kept(&world, "acme").len(), dropped(&world, "globex")), (most, 1));
    // Whoever closes makes room, until there is none for anybody.
    let mut writer = 1;
    while kept(&world, "acme").len() < REPORTS_MAX {
        let open: Vec<u64> =
            kept(&world, "acme").iter().filter(|(_, r)| r.is_open()).map(|(n, _)| *n).collect();
        for number in open {
            closes(&mut world, "acme", number).unwrap();
        }
        world.now_ms += HOUR_MS;
        writer += 1;
        shows(&mut world, writer, &vec![good.clone(); most]);
    }
    // The one that was closed first makes room.
    assert_eq!(closes(&mut world, "acme", 9_999), Err(Code::ResourceNotFound));
    world.say(BOB, direct, "fool yourself").unwrap();
    world.exchange();
    assert_eq!(reports(&mut world, ALICE, direct, "fool yourself"), told("globex.test"));
    let numbers: Vec<u64> = kept(&world, "acme").into_iter().map(|(number, _)| number).collect();
    let last = u64::try_from(REPORTS_MAX + 1).unwrap();
    assert_eq!((numbers.len(), numbers[0], numbers.last()), (REPORTS_MAX, 2, Some(&last)));
    let gone = world.node("acme").erased.iter().filter(|erasing| erasing.seq == 1).count();
    assert_eq!(gone, 1, "its text goes with it");
}

#[test]
fn what_was_closed_long_ago_goes_with_its_text_and_what_is_open_stays() {
    let (mut world, direct) = world();
    world.say(ALICE, direct, "you clown").unwrap();
    world.exchange();
    for text in ["you fool", "you clown"] {
        reports(&mut world, BOB, direct, text).unwrap();
    }
    world.exchange();
    assert_eq!(closes(&mut world, "acme", 2), Ok(Answer::Done));
    let closed_ms = world.now_ms;
    world.now_ms += CLOSED_KEPT_MS - 1;
    // Closing it once more does not put it off.
    assert_eq!(closes(&mut world, "acme", 2), Ok(Answer::Done));
    assert!(!world.node("acme").state.has_old_reports(world.now_ms));
    tend(&mut world, "acme");
    assert_eq!(kept(&world, "acme").len(), 2);
    world.now_ms = closed_ms + CLOSED_KEPT_MS;
    assert!(world.node("acme").state.has_old_reports(world.now_ms));
    let place = kept(&world, "acme")[1].1.place;
    tend(&mut world, "acme");
    let left: Vec<u64> = kept(&world, "acme").into_iter().map(|(number, _)| number).collect();
    assert_eq!(left, [1]);
    let erased = &world.node("acme").erased;
    assert!(erased.iter().any(|e| (e.log, e.seq) == (place.log, place.seq)), "{erased:?}");
    // A number is never given twice.
    world.say(ALICE, direct, "you ass").unwrap();
    world.exchange();
    reports(&mut world, BOB, direct, "you ass").unwrap();
    world.exchange();
    assert_eq!(kept(&world, "acme").last().unwrap().0, 3);
}

#[test]
fn reports_outlive_the_accounts_that_they_are_about() {
    let (mut world, direct) = world();
    reports(&mut world, BOB, direct, "you fool").unwrap();
    world.exchange();
    for user in [ALICE, BOB] {
        let (account, node) = (world.account(user).0.number, user.split_once('@').unwrap().1);
        let (unix_ms, random) = (world.now_ms, world.node(node).random());
        world.node_mut(node).apply(Command::DeleteAccount { account, unix_ms, random });
    }
    world.exchange();
    for node in ["acme", "globex"] {
        assert_eq!(shown(&world, node, 1).as_deref(), Some("you fool"));
        assert!(kept(&world, node)[0].1.about_label.is_some());
    }
}

#[test]
fn who_may_not_read_the_past_of_a_group_proves_what_was_said_since() {
    let mut world = World::new(&[ALICE, ADA, BOB]);
    let team = world.team(ALICE, &[ADA]);
    let hide = ControlAct::SetHistory(SetHistory { since_joining: true });
    world.govern(ALICE, team, hide).unwrap();
    for n in 0..40 {
        world.say(ALICE, team, &format!("before {n}")).unwrap();
    }
    world.bring(ALICE, BOB, team);
    for n in 0..15 {
        world.say(ALICE, team, &format!("since {n}")).unwrap();
        world.exchange();
    }
    for n in 0..15 {
        assert_eq!(reports(&mut world, BOB, team, &format!("since {n}")), told("acme.test"));
    }
    world.exchange();
    assert_eq!((kept(&world, "acme").len(), dropped(&world, "globex")), (15, 0));
}

#[test]
fn a_key_that_was_revoked_proves_nothing_and_one_that_was_followed_does() {
    for (revoked, expected) in [(true, (0, 1)), (false, (1, 0))] {
        let (mut world, direct) = world();
        let good = genuine(&world, direct);
        let now_ms = world.now_ms;
        match revoked {
            true => world.node_mut("acme").recover(70, now_ms),
            false => world.node_mut("acme").rotate(70, now_ms),
        }
        shows(&mut world, 1, &[good]);
        assert_eq!((kept(&world, "acme").len(), dropped(&world, "globex")), expected);
    }
}

#[test]
fn a_report_counts_in_the_link_channel_alone() {
    let (mut world, direct) = world();
    let good = genuine(&world, direct);
    let (alice, bob) = (world.account(ALICE).0, world.account(BOB).0);
    let mut log = RogueLog::new(world.node("globex"), direct, 1);
    let start = LogStart {
        accounts: Some((alice.min(bob), alice.max(bob))),
        name: Some("bob".into()),
        ..LogStart::default()
    };
    let mut header = header_of(bob.number, &EventAct::Report(good.report.clone()));
    header.start = Some(start);
    log.push(header, Body::report([3; 32], good.evidence.encode().into()));
    let (_, outcomes) = world.show("globex", "acme", &log);
    assert_eq!(outcomes, [Outcome::Accepted]);
    assert_eq!((kept(&world, "acme").len(), dropped(&world, "globex")), (0, 0));
}

#[test]
fn a_report_of_ours_that_is_given_back_after_a_loss_is_judged_by_nobody() {
    let (mut world, direct) = world();
    let before = world.node("globex").commands.len();
    reports(&mut world, BOB, direct, "you fool").unwrap();
    world.exchange();
    let (acme, globex) = (world.node("acme").lineage(), world.node("globex").lineage());
    let is_it = |r: &&Applied| r.channel_id == link_channel(acme, globex) && holds_report(r);
    let log = world.node("globex").records.iter().find(is_it).unwrap().log;
    let held = RogueLog::held(world.node("acme"), log);
    let older = world.node("globex").older(before);
    let batch = held.batch(&older);
    world.nodes.insert("globex", older);
    let outcomes = world.take("acme", "globex", batch);
    assert_eq!(outcomes, [RangeOutcome::Applied]);
    // It has its text, as the other side has it.
    assert!(world.node("globex").records.iter().any(|r| is_it(&r)));
}
