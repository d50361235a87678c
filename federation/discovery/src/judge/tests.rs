//! What introduces a node, as tables: evidence, pins, trust and documents against each other.

use super::*;
use IntroduceError::*;
use comity_identity::{NodeKey, RecoveryKey};

use crate::trust::{Pins, Trust};

const ALL: [Proof; 3] = [Proof::Dnssec, Proof::Pin, Proof::WebPki];

fn globex() -> ServerName {
    "globex.example".parse().unwrap()
}

fn key(seed: u8) -> PublishedKey {
    PublishedKey {
        key_name: "2026a".parse().unwrap(),
        key: NodeKey::from_seed(&[seed; 32]).public(),
        recovery: RecoveryKey::from_seed(&[9; 32]).hash(),
        first_key: None,
    }
}

fn record(text: &str) -> TxtRecord {
    TxtRecord(vec![text.as_bytes().to_vec()])
}

fn policy(trust: &[Proof], pin: Option<PublishedKey>) -> Policy {
    let pins = Pins(pin.map(|p| (globex(), p)).into_iter().collect());
    Policy { pins, trust: Trust::new(trust.iter().copied()).unwrap() }
}

fn set(texts: &[String], evidence: Evidence) -> RecordSet<TxtRecord> {
    RecordSet { records: texts.iter().map(|t| record(t)).collect(), evidence }
}

fn outcome(
    judged: Result<Introduction, IntroduceError>,
) -> Result<(NodePublicKey, Proof), IntroduceError> {
    let introduction = judged?;
    let lineage = comity_protocol::key::lineage_id(
        &globex(),
        &introduction.first_key,
        &introduction.recovery,
    );
    assert_eq!(introduction.lineage, lineage);
    Ok((introduction.key, introduction.proof))
}

fn judged(
    texts: &[String],
    evidence: Evidence,
    pin: Option<PublishedKey>,
) -> Result<(NodePublicKey, Proof), IntroduceError> {
    outcome(judge(&globex(), &set(texts, evidence), &policy(&ALL, pin)))
}

#[test]
fn a_key_needs_dnssec_or_a_pin() {
    let texts = [key(1).to_string()];
    let found = key(1).key;
    let check = |evidence, expected| assert_eq!(judged(&texts, evidence, None), expected);
    check(Evidence::Secure, Ok((found, Proof::Dnssec)));
    check(Evidence::Insecure, Err(Unproven));
    check(Evidence::Indeterminate, Err(Unproven));
    check(Evidence::Bogus, Err(Bogus));
    let pinned = judged(&texts, Evidence::Indeterminate, Some(key(1)));
    assert_eq!(pinned, Ok((found, Proof::Pin)));
    assert_eq!(judged(&texts, Evidence::Secure, Some(key(2))), Err(PinMismatch));
}

/// The key of a seed, which followed that of another in the same lineage.
fn following(seed: u8, first: u8) -> PublishedKey {
    PublishedKey { first_key: Some(key(first).key), ..key(seed) }
}

#[test]
fn keys_of_one_lineage_stand_beside_each_other() {
    let both = [key(1).to_string(), following(2, 1).to_string()];
    let introduce =
        |texts: &[String], pin| judge(&globex(), &set(texts, Evidence::Secure), &policy(&ALL, pin));
    let keys = [key(1).key, key(2).key];
    for pin in [None, Some(key(1)), Some(following(2, 1)), Some(following(3, 1))] {
        let found = introduce(&both, pin).unwrap();
        assert_eq!((found.keys.as_slice(), found.first_key), (keys.as_slice(), key(1).key));
        assert_eq!(found.lineage, key(1).lineage(globex()).id);
    }
    // Later the first one is gone; the lineage is the same.
    let found = introduce(&both[1..], None).unwrap();
    assert_eq!((found.key, found.lineage), (key(2).key, key(1).lineage(globex()).id));
    assert_eq!(introduce(&both, Some(key(2))), Err(PinMismatch));
    let third = [both.as_slice(), &[key(3).to_string()]].concat();
    assert_eq!(introduce(&third, None), Err(SeveralKeys));
    let document = Document { domain: globex(), published: following(2, 1), hosts: Vec::new() };
    let web = policy(&[Proof::WebPki], None);
    let signed = |text: String| set(&[text], Evidence::Secure);
    let judged = |txt| judge_document(&document, Some(&txt), &web).map(|found| found.key);
    assert_eq!(judged(signed(key(1).to_string())), Ok(key(2).key));
    assert_eq!(judged(signed(key(2).to_string())), Err(Contradicted));
}

#[test]
fn one_key_has_to_be_published() {
    let both = [key(1).to_string(), key(2).to_string()];
    let alien = ["v=spf1 -all".to_string()];
    let broken = [format!("{}; p=again", key(1))];
    assert_eq!(judged(&[], Evidence::Secure, None), Err(NotPublished));
    assert_eq!(judged(&[], Evidence::Insecure, None), Err(NotPublished));
    assert_eq!(judged(&[], Evidence::Bogus, None), Err(Bogus));
    assert_eq!(judged(&alien, Evidence::Secure, None), Err(NotPublished));
    assert_eq!(judged(&both, Evidence::Secure, None), Err(SeveralKeys));
    let malformed = Malformed(TxtError::Duplicate);
    assert_eq!(judged(&broken, Evidence::Secure, None), Err(malformed));
    let chosen = judged(&both, Evidence::Secure, Some(key(2)));
    assert_eq!(chosen, Ok((key(2).key, Proof::Pin)));
}

#[test]
fn hosts_need_the_same_proof() {
    let record =
        |target: &str| SrvRecord { priority: 1, weight: 1, port: 4433, target: target.into() };
    let check = |records: &[SrvRecord], evidence, expected: Result<usize, IntroduceError>| {
        let set = RecordSet { records: records.to_vec(), evidence };
        let found = targets(&globex(), &set, &Policy::default());
        assert_eq!(found.map(|t| t.len()), expected);
    };
    let one = [record("node1.globex.example.")];
    check(&one, Evidence::Secure, Ok(1));
    check(&one, Evidence::Insecure, Err(Unproven));
    check(&one, Evidence::Bogus, Err(Bogus));
    check(&[record(".")], Evidence::Secure, Err(NotPublished));
    check(&[], Evidence::Secure, Err(NotPublished));
}

#[test]
fn records_prove_only_what_the_admin_takes() {
    use Proof::*;
    let texts = [key(1).to_string()];
    let check = |trust: &[Proof], evidence, pin: Option<u8>, expected| {
        let judged = judge(&globex(), &set(&texts, evidence), &policy(trust, pin.map(key)));
        assert_eq!(outcome(judged).map(|(_, proof)| proof), expected, "{trust:?} {pin:?}");
    };
    check(&[Dnssec], Evidence::Secure, None, Ok(Dnssec));
    check(&[Dnssec], Evidence::Insecure, Some(1), Err(Unproven));
    // A pin that is no proof still refuses another key.
    check(&[Dnssec], Evidence::Secure, Some(1), Ok(Dnssec));
    check(&[Dnssec], Evidence::Secure, Some(2), Err(PinMismatch));
    check(&[Pin], Evidence::Bogus, Some(1), Ok(Pin));
    check(&[Pin], Evidence::Secure, None, Err(NotTrusted));
    check(&[WebPki], Evidence::Secure, None, Err(NotTrusted));
    check(&[WebPki], Evidence::Secure, Some(1), Err(NotTrusted));
    check(&[WebPki], Evidence::Bogus, None, Err(NotTrusted));
    check(&[Pin, WebPki], Evidence::Indeterminate, Some(1), Ok(Pin));
}

#[test]
fn a_document_counts_unless_something_stronger_contradicts() {
    use Evidence::*;
    use Proof::{Dnssec, Pin, WebPki};
    let document = Document { domain: globex(), published: key(1), hosts: Vec::new() };
    let check = |trust: &[Proof], txt: Option<(&[u8], Evidence)>, pin: Option<u8>, expected| {
        let texts = |seeds: &[u8]| seeds.iter().map(|s| key(*s).to_string()).collect::<Vec<_>>();
        let txt = txt.map(|(seeds, evidence)| set(&texts(seeds), evidence));
        let judged = judge_document(&document, txt.as_ref(), &policy(trust, pin.map(key)));
        let expected: Result<Proof, IntroduceError> = expected;
        assert_eq!(outcome(judged), expected.map(|p| (key(1).key, p)), "{trust:?} {txt:?} {pin:?}");
    };
    check(&ALL, None, None, Ok(WebPki));
    check(&ALL, Some((&[], Secure)), None, Ok(WebPki));
    check(&ALL, Some((&[1], Secure)), None, Ok(WebPki));
    check(&ALL, Some((&[2, 1], Secure)), None, Ok(WebPki));
    check(&ALL, Some((&[2], Secure)), None, Err(Contradicted));
    // Also where the admin takes no DNSSEC for a proof: it proves that something is wrong.
    check(&[WebPki], Some((&[2], Secure)), None, Err(Contradicted));
    for evidence in [Bogus, Indeterminate, Insecure] {
        check(&[WebPki], Some((&[2], evidence)), None, Ok(WebPki));
    }
    check(&ALL, None, Some(1), Ok(Pin));
    check(&ALL, None, Some(2), Err(PinMismatch));
    check(&[WebPki], None, Some(1), Ok(WebPki));
    check(&[WebPki], None, Some(2), Err(PinMismatch));
    check(&[Dnssec, Pin], None, Some(1), Err(NotTrusted));
}

#[test]
fn every_refusal_has_its_code() {
    use Code::*;
    let malformed = IntroduceError::Malformed(TxtError::Key);
    for (error, code, leaves_open) in [
        (Bogus, DomainBogus, false),
        (Contradicted, DomainKeyChanged, false),
        (malformed, DomainNotFound, false),
        (NotPublished, DomainNotFound, true),
        (NotTrusted, DomainUnproven, true),
        (PinMismatch, DomainKeyChanged, false),
        (SeveralKeys, DomainNotFound, false),
        (Unproven, DomainUnproven, true),
    ] {
        assert_eq!((error.code(), error.leaves_open()), (code, leaves_open), "{error}");
    }
}
