//! The doctor, as the admin sees it: a healthy pair, and each thing that may be wrong with the
//! words that help.

use comity_discovery::{Proof, Trust};
use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use comity_protocol::limits::PROBES_MAX;
use comity_protocol::probe::{Probe, Probed, Tried};

use super::rogue::{DOMAIN, Wire, records_of, subscribes};
use super::scene::Scene;
use super::world::{Others, World, soon};
use crate::admin::{Finding, Grade};
use crate::cli::demo::zone::Handler;
use crate::cli::doctor::examine;
use crate::clock;
use crate::doctor::Records;

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

/// What the admin of a node is told.
async fn doctor(world: &World, home: usize, domain: Option<&str>) -> Vec<Finding> {
    soon(examine(world.settings(home), domain)).await.unwrap()
}

fn about<'f>(findings: &'f [Finding], what: &str) -> &'f Finding {
    let found = findings.iter().find(|finding| finding.about == what);
    found.unwrap_or_else(|| panic!("nothing about {what} in {findings:#?}"))
}

fn grade(findings: &[Finding], what: &str) -> Grade {
    about(findings, what).grade
}

fn worst(findings: &[Finding]) -> Grade {
    findings.iter().map(|finding| finding.grade).max().unwrap()
}

/// What `comity dns` prints for a node.
fn lines(world: &World, home: usize) -> [String; 2] {
    let settings = world.settings(home);
    let keys = crate::keys::open_or_create(&settings.data_dir, &settings.domain, 2026).unwrap();
    let port = world.homes[home].node.federation_addr.port();
    let printed = Records::of(&keys, settings.advertised_host(), port).to_string();
    let lines: Vec<String> = printed.lines().map(str::to_owned).collect();
    lines.try_into().unwrap()
}

/// Links the first two nodes by a message.
async fn greet(world: &World) {
    let (mut alice, bob) = (world.person(0, "alice").await, world.person(1, "bob").await);
    let channel = alice.opens(&bob.account).await;
    let id = alice.says(&channel, "hello").await;
    alice.is_told_delivered(&id, 2).await;
}

#[tokio::test]
async fn a_healthy_pair_is_found_well_and_nobody_sees_the_test() {
    let world = World::start(&DOMAINS).await;
    let (mut alice, mut bob) = (world.person(0, "alice").await, world.person(1, "bob").await);
    // Nobody is linked yet, who could look from outside.
    let alone = doctor(&world, 0, None).await;
    assert_eq!(grade(&alone, "from outside"), Grade::Look, "{alone:#?}");
    let channel = alice.opens(&bob.account).await;
    let id = alice.says(&channel, "hello").await;
    alice.is_told_delivered(&id, 2).await;
    bob.hears("hello").await;

    let own = doctor(&world, 0, None).await;
    for what in ["node", "SRV record", "TXT record", "address", "DNSSEC", "from outside", "clock"] {
        assert_eq!(grade(&own, what), Grade::Ok, "{what}: {own:#?}");
    }
    let outside = about(&own, "from outside");
    let port = world.settings(0).advertised_port();
    assert!(outside.found.contains(&format!("127.0.0.1:{port}/udp")), "{outside:?}");
    // There is no web server in this world, and records suffice.
    assert_eq!(grade(&own, "document"), Grade::Look);

    let partner = doctor(&world, 1, Some(DOMAINS[0])).await;
    for what in [
        "node",
        "records",
        "address",
        "DNSSEC",
        "key",
        "UDP",
        "link",
        "clock",
        "versions",
        "from outside",
        "test message",
    ] {
        assert_eq!(grade(&partner, what), Grade::Ok, "{what}: {partner:#?}");
    }
    let again = doctor(&world, 1, Some(DOMAINS[0])).await;
    assert_eq!(grade(&again, "test message"), Grade::Look, "at most one a minute: {again:#?}");
    assert_eq!(grade(&again, "from outside"), Grade::Look, "at most one a minute: {again:#?}");
    assert_eq!(worst(&again), Grade::Look);

    alice.says(&channel, "still there?").await;
    bob.hears("still there?").await;
    let texts: Vec<&str> = bob.seen.iter().map(|(_, text)| text.as_str()).collect();
    assert_eq!(texts, ["hello", "still there?"]);
    for person in [&alice, &bob] {
        assert_eq!(soon(person.http().channels()).await.unwrap().len(), 1);
    }
}

#[tokio::test]
async fn a_wrong_key_in_dns_is_named_on_both_sides_with_the_right_record() {
    let published = |records: &mut Records| {
        if records.domain.as_str() == DOMAINS[0] {
            records.txt = records_of(DOMAINS[0], 99, 1).txt;
        }
    };
    let others = Others { published: Some(published), ..Others::default() };
    let world = World::start_among(&DOMAINS, others).await;
    let own = doctor(&world, 0, None).await;
    let [_, txt] = lines(&world, 0);
    assert_eq!(grade(&own, "TXT record"), Grade::Bad, "{own:#?}");
    assert_eq!(about(&own, "TXT record").records, [txt]);
    assert_eq!(grade(&own, "SRV record"), Grade::Ok);
    let partner = doctor(&world, 1, Some(DOMAINS[0])).await;
    let met = about(&partner, "UDP");
    assert_eq!(met.grade, Grade::Bad, "{partner:#?}");
    assert!(met.found.contains("Another node answers"), "{met:?}");
    assert_eq!(grade(&partner, "link"), Grade::Bad);
}

#[tokio::test]
async fn a_port_that_nobody_answers_is_named_with_what_to_open() {
    let published = |records: &mut Records| {
        if records.domain.as_str() == DOMAINS[0] {
            records.port = 1;
        }
    };
    let others = Others { published: Some(published), ..Others::default() };
    let world = World::start_among(&DOMAINS, others).await;
    greet(&world).await;
    let (own, partner) = tokio::join!(doctor(&world, 0, None), doctor(&world, 1, Some(DOMAINS[0])));
    let [srv, _] = lines(&world, 0);
    assert_eq!(about(&own, "SRV record").records, [srv], "{own:#?}");
    // Globex is dialled by both questions, and answers one of them.
    let met = about(&partner, "UDP");
    assert_eq!(met.grade, Grade::Bad, "{partner:#?}");
    assert!(met.found.contains("127.0.0.1:1/udp"), "{met:?}");
    assert!(met.todo.as_ref().unwrap().contains("UDP port 1 has to be open"), "{met:?}");
    let outside = about(&own, "from outside");
    assert_eq!(outside.grade, Grade::Bad, "{own:#?}");
    assert!(outside.todo.as_ref().unwrap().contains("Open UDP port 1"), "{outside:?}");
    // The link was dialled by acme, and works.
    assert_eq!(grade(&partner, "link"), Grade::Ok, "{partner:#?}");
    assert_eq!(grade(&partner, "test message"), Grade::Ok, "{partner:#?}");
}

#[tokio::test]
async fn forged_records_are_bogus_here_and_there() {
    let others = Others { forged: vec![DOMAINS[0]], ..Others::default() };
    let world = World::start_among(&DOMAINS, others).await;
    let own = doctor(&world, 0, None).await;
    assert_eq!(grade(&own, "DNSSEC"), Grade::Bad, "{own:#?}");
    assert!(about(&own, "DNSSEC").todo.as_ref().unwrap().contains("DS record"));
    let partner = doctor(&world, 1, Some(DOMAINS[0])).await;
    assert_eq!(grade(&partner, "DNSSEC"), Grade::Bad, "{partner:#?}");
    assert!(about(&partner, "key").found.contains("domain_bogus"), "{partner:#?}");
    assert!(about(&partner, "link").found.contains("domain_bogus"), "{partner:#?}");
}

#[tokio::test]
async fn a_domain_that_publishes_nothing_is_given_the_records_to_publish() {
    let published = |records: &mut Records| {
        if records.domain.as_str() == DOMAINS[0] {
            records.domain = "elsewhere.test".parse().unwrap();
            records.host = "elsewhere.test".to_owned();
        }
    };
    let others = Others { published: Some(published), ..Others::default() };
    let world = World::start_among(&DOMAINS, others).await;
    let own = doctor(&world, 0, None).await;
    let published: Vec<String> = ["SRV record", "TXT record"]
        .into_iter()
        .flat_map(|what| about(&own, what).records.clone())
        .collect();
    assert_eq!(published, lines(&world, 0), "{own:#?}");
    assert!(about(&own, "address").records[0].starts_with("acme.test. 3600 IN A "), "{own:#?}");
    assert!(about(&own, "DNSSEC").found.contains("no records yet"), "{own:#?}");
    let partner = doctor(&world, 1, Some(DOMAINS[0])).await;
    assert!(about(&partner, "records").found.contains("no SRV and no TXT record"));
    assert!(about(&partner, "key").found.contains("domain_not_found"), "{partner:#?}");
}

#[tokio::test]
async fn how_bad_unsigned_records_are_hangs_on_the_document_and_on_trust() {
    let world = World::start_unsigned(&DOMAINS, &Trust::default()).await;
    greet(&world).await;
    let own = doctor(&world, 0, None).await;
    assert_eq!(grade(&own, "DNSSEC"), Grade::Look, "{own:#?}");
    assert_eq!(grade(&own, "document"), Grade::Ok, "{own:#?}");
    assert_eq!(worst(&own), Grade::Look);
    let partner = doctor(&world, 1, Some(DOMAINS[0])).await;
    assert_eq!(worst(&partner), Grade::Look, "{partner:#?}");
    assert!(about(&partner, "key").found.contains("web certificate"), "{partner:#?}");

    let trust = Trust::new([Proof::Dnssec, Proof::Pin]).unwrap();
    let world = World::start_unsigned(&DOMAINS, &trust).await;
    let own = doctor(&world, 0, None).await;
    assert_eq!(grade(&own, "DNSSEC"), Grade::Bad, "{own:#?}");
    let partner = doctor(&world, 1, Some(DOMAINS[0])).await;
    assert!(about(&partner, "key").found.contains("domain_unproven"), "{partner:#?}");
}

#[tokio::test]
async fn a_missing_srv_record_is_given_beside_a_key_that_is_there() {
    let without_srv = |zone: &mut Handler| {
        zone.records_get_mut()
            .retain(|key, _| !key.name().to_string().starts_with("_comity._udp."));
    };
    let world = World::start_unsigned_after(&DOMAINS, &Trust::default(), without_srv).await;
    let own = doctor(&world, 0, None).await;
    let [srv, _] = lines(&world, 0);
    assert_eq!(grade(&own, "SRV record"), Grade::Bad, "{own:#?}");
    assert_eq!(about(&own, "SRV record").records, [srv]);
    assert_eq!(grade(&own, "TXT record"), Grade::Ok, "{own:#?}");
}

#[tokio::test]
async fn where_no_records_are_none_is_said_to_be_unsigned() {
    let without = |zone: &mut Handler| {
        zone.records_get_mut().retain(|key, _| !key.name().to_string().starts_with("_comity."));
    };
    let trust = Trust::new([Proof::Dnssec, Proof::Pin]).unwrap();
    let world = World::start_unsigned_after(&DOMAINS, &trust, without).await;
    let own = doctor(&world, 0, None).await;
    assert_eq!(grade(&own, "DNSSEC"), Grade::Look, "{own:#?}");
    assert!(about(&own, "DNSSEC").found.contains("no records yet"), "{own:#?}");
    let partner = doctor(&world, 1, Some(DOMAINS[0])).await;
    assert!(about(&partner, "DNSSEC").found.contains("has no records"), "{partner:#?}");
}

/// Answers a node as an honest peer does, with a clock that is ahead and without showing what it
/// was sent, for ever.
async fn plays_partner(wire: &mut Wire, ahead_ms: u64) {
    subscribes(wire).await;
    loop {
        match wire.hears("anything", |_| true).await {
            Frame::Batch(batch) => {
                let cursor = batch.cursor.unwrap();
                wire.says(&Frame::Ack { cursor, exceptions: vec![] }).await;
            }
            Frame::Probe(Probe { id, dial, record }) => {
                let addr = wire.0.remote_addr();
                let tried = Tried {
                    address: addr.into(),
                    took_ms: 5,
                    code: Some(Code::DomainUnreachable.number()),
                };
                let answer = Probed {
                    id,
                    unix_ms: clock::unix_ms() + ahead_ms,
                    versions: vec![1],
                    software: "evil\u{1b}[31m 1.0".to_owned(),
                    tried: if dial { vec![tried] } else { vec![] },
                    code: record.map(|_| Code::LogUnknown.number()),
                    ..Probed::default()
                };
                wire.says(&Frame::Probed(answer)).await;
            }
            _ => {}
        }
    }
}

#[tokio::test]
async fn a_clock_that_is_off_and_a_test_that_does_not_come_back_are_bad() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let findings = tokio::select! {
        findings = doctor(&scene.world, 0, Some(DOMAIN)) => findings,
        () = plays_partner(&mut wire, 90_000) => unreachable!("it goes on for ever"),
    };
    let clock = about(&findings, "clock");
    assert_eq!(clock.grade, Grade::Bad, "{findings:#?}");
    assert!(clock.found.contains("is 90.") && clock.found.contains("ahead of"), "{clock:?}");
    assert_eq!(grade(&findings, "link"), Grade::Ok);
    let test = about(&findings, "test message");
    assert_eq!(test.grade, Grade::Bad);
    assert!(test.found.contains("acknowledged it, and does not show it"), "{test:?}");
    let outside = about(&findings, "from outside");
    assert_eq!(outside.grade, Grade::Bad);
    assert!(
        !about(&findings, "versions").found.contains('\u{1b}'),
        "what it calls itself is tamed"
    );
    // One of two partners is off: it need not be this machine that is wrong.
    let own = tokio::select! {
        own = doctor(&scene.world, 0, None) => own,
        () = plays_on(&mut wire, 90_000) => unreachable!("it goes on for ever"),
    };
    let clock = about(&own, "clock");
    assert_eq!(clock.grade, Grade::Look, "{own:#?}");
    assert!(clock.found.contains(DOMAIN), "{clock:?}");
    scene.chat_goes_on().await;
}

/// The same of who has subscribed already.
async fn plays_on(wire: &mut Wire, ahead_ms: u64) {
    loop {
        if let Frame::Probe(Probe { id, .. }) = wire.hears("anything", |_| true).await {
            let unix_ms = clock::unix_ms() + ahead_ms;
            let answer = Probed { id, unix_ms, versions: vec![1], ..Probed::default() };
            wire.says(&Frame::Probed(answer)).await;
        }
    }
}

#[tokio::test]
async fn who_floods_a_node_with_probes_has_it_dial_once_and_only_his_own_address() {
    const FLOOD: u64 = 200;
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    for id in 1..=FLOOD {
        wire.says(&Frame::Probe(Probe { id, dial: true, record: None })).await;
    }
    let mut answers = Vec::new();
    while answers.len() < usize::try_from(FLOOD).unwrap() {
        let is_answer = |frame: &Frame| matches!(frame, Frame::Probed(_));
        let Frame::Probed(answer) = wire.hears("an answer", is_answer).await else {
            unreachable!()
        };
        answers.push(answer);
    }
    let own = format!("127.0.0.1:{}", scene.rogue.port());
    let tried: Vec<&Tried> = answers.iter().flat_map(|answer| &answer.tried).collect();
    let addrs: Vec<_> = tried.iter().map(|t| t.address.socket().unwrap().to_string()).collect();
    assert_eq!(addrs, [own]);
    assert_eq!(tried[0].code, None, "it was there");
    let refused = Some(Code::RateLimited.number());
    assert_eq!(answers.iter().filter(|a| a.code == refused).count() as u64, FLOOD - 1);
    assert!(answers.iter().all(|answer| answer.unix_ms > 0 && answer.versions == [1]));
    // A new link forgets nothing, and so often nothing is read back either.
    let mut again = scene.links().await;
    again.says(&Frame::Probe(Probe { id: 1, dial: false, record: None })).await;
    let is_answer = |frame: &Frame| matches!(frame, Frame::Probed(_));
    let Frame::Probed(answer) = again.hears("an answer", is_answer).await else { unreachable!() };
    assert!(PROBES_MAX < 200 && answer.code == refused, "{answer:?}");
    scene.chat_goes_on().await;
}

#[tokio::test]
async fn without_a_node_what_can_be_seen_is_seen_and_the_rest_is_named() {
    let mut world = World::start(&DOMAINS).await;
    world.stop(0).await;
    // What ends with a node may have its port for a moment.
    let own = soon(async {
        loop {
            let own = doctor(&world, 0, None).await;
            if grade(&own, "port") == Grade::Ok {
                break own;
            }
        }
    })
    .await;
    let node = about(&own, "node");
    assert_eq!(node.grade, Grade::Bad);
    assert!(node.todo.as_ref().unwrap().contains("need the running node"), "{node:?}");
    for what in ["keys", "SRV record", "TXT record", "address", "DNSSEC"] {
        assert_eq!(grade(&own, what), Grade::Ok, "{what}: {own:#?}");
    }
    let taken = std::net::UdpSocket::bind(world.settings(0).federation.listen).unwrap();
    let own = doctor(&world, 0, None).await;
    assert_eq!(grade(&own, "port"), Grade::Bad, "{own:#?}");
    drop(taken);
    let partner = doctor(&world, 0, Some(DOMAINS[1])).await;
    assert_eq!(grade(&partner, "key"), Grade::Ok, "{partner:#?}");
    assert!(partner.iter().all(|finding| finding.about != "test message"));
    // Keys are not made by looking.
    std::fs::remove_file(world.dir().join(DOMAINS[0]).join("node.key")).unwrap();
    let own = doctor(&world, 0, None).await;
    assert_eq!(grade(&own, "keys"), Grade::Bad);
    assert!(!world.dir().join(DOMAINS[0]).join("node.key").exists());
    let refused = examine(world.settings(1), Some("no domain")).await.unwrap_err().to_string();
    assert!(refused.contains("name_invalid"), "{refused}");
}
