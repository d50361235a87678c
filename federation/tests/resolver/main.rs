//! Discovery against a real DNS with a signed root of its own: what is proven is introduced, what
//! is not is refused by name.

#![allow(clippy::unwrap_used)]

mod https;
mod knot;
mod web;

use std::net::SocketAddr;
use std::time::Duration;

use comity_discovery::{IntroduceError, Pins, Policy, Proof, PublishedKey, TxtError};
use comity_federation::{
    DiscoverError, DocumentOutcome, Introduced, NoProof, RecordsFault, Resolver, ResolverError,
    ResolverSettings, WebError, WebSettings,
};
use comity_identity::{NodeKey, RecoveryKey};
use comity_protocol::code::Code;
use comity_protocol::name::ServerName;
use knot::{Chain, Knot, Zone};

fn published(seed: u8) -> PublishedKey {
    PublishedKey {
        key_name: "2026a".parse().unwrap(),
        key: NodeKey::from_seed(&[seed; 32]).public(),
        recovery: RecoveryKey::from_seed(&[seed; 32]).hash(),
        first_key: None,
    }
}

fn records(txt: &str) -> String {
    format!(
        "_comity._udp 60 SRV 20 0 4434 node2\n_comity._udp 60 SRV 10 5 4433 node1\n\
         _comity 60 TXT {txt}\nnode1 60 A 127.0.0.1\nnode1 60 AAAA ::1\nnode2 60 A 127.0.0.2\n"
    )
}

fn zones() -> Vec<Zone> {
    let zone = |name, chain, records| Zone { name, chain, records };
    let txt = |seed| format!("\"{}\"", published(seed));
    let acme = published(1).to_string();
    let (head, tail) = acme.split_at(60);
    vec![
        zone("acme.test.", Chain::Signed, records(&format!("\"{head}\" \"{tail}\""))),
        zone("globex.test.", Chain::Unsigned, records(&txt(2))),
        zone("mallory.test.", Chain::WrongHash, records(&txt(3))),
        zone("broken.test.", Chain::Signed, records("\"v=comity1; k=rsa; id=a\"")),
        zone("mail.test.", Chain::Signed, "_comity 60 TXT \"v=spf1 -all\"\n".into()),
        zone("away.test.", Chain::Signed, records(&txt(4)).replace("node1 60", "other 60")),
        zone("alias.test.", Chain::Signed, aliases()),
    ]
}

/// A domain whose key is published by another: by one that is signed, and by one that is not.
fn aliases() -> String {
    let srv = "SRV 10 5 4433 node1.acme.test.";
    format!(
        "_comity 60 CNAME _comity.acme.test.\n_comity._udp 60 {srv}\n\
         _comity.loose 60 CNAME _comity.globex.test.\n_comity._udp.loose 60 {srv}\n"
    )
}

fn settings(knot: &Knot, pins: &[(&str, PublishedKey)]) -> ResolverSettings {
    ResolverSettings {
        nameservers: vec![knot.addr],
        trust_anchor: Some(knot.anchor.clone()),
        policy: Policy {
            pins: Pins(pins.iter().map(|(d, p)| (name(d), p.clone())).collect()),
            ..Policy::default()
        },
        web: WebSettings::default(),
    }
}

fn name(domain: &str) -> ServerName {
    domain.parse().unwrap()
}

async fn found(resolver: &Resolver, domain: &str) -> Result<Introduced, DiscoverError> {
    resolver.introduce(&name(domain)).await
}

fn addr(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

#[tokio::test]
async fn what_dnssec_proves_is_introduced() {
    let knot = Knot::start(&zones());
    let resolver = Resolver::new(settings(&knot, &[])).unwrap();
    let acme = found(&resolver, "acme.test").await.unwrap();
    assert_eq!(acme.introduction.key, published(1).key);
    assert_eq!(acme.introduction.lineage, published(1).lineage(name("acme.test")).id);
    assert_eq!(acme.introduction.proof, Proof::Dnssec);
    let [node1, node2] = acme.targets.as_slice() else { panic!("{:?}", acme.targets) };
    assert_eq!(node1.host, "node1.acme.test.");
    let mut addrs = node1.addrs.clone();
    addrs.sort();
    assert_eq!(addrs, [addr("127.0.0.1:4433"), addr("[::1]:4433")]);
    assert_eq!(node2.addrs, [addr("127.0.0.2:4434")]);
    assert!(acme.valid_for <= Duration::from_secs(60), "{:?}", acme.valid_for);
    // The same again, from what is kept: a second name server would not be asked.
    drop(knot);
    let again = found(&resolver, "acme.test").await.unwrap();
    assert_eq!(again.introduction, acme.introduction);
    resolver.forget(&name("acme.test"));
    let gone = found(&resolver, "acme.test").await.unwrap_err();
    assert_eq!(gone.code(), Code::DomainUnreachable);
    let DiscoverError::NoProof(gone) = gone else { panic!("{gone:?}") };
    // Silence is no reason to ask the web server.
    assert_eq!(gone.records, RecordsFault::Unanswered);
    assert_eq!(gone.document, DocumentOutcome::NotAsked);
}

#[tokio::test]
async fn what_is_not_proven_is_refused_by_name() {
    let knot = Knot::start(&zones());
    let resolver = Resolver::new(settings(&knot, &[])).unwrap();
    use IntroduceError::*;
    let malformed = Malformed(TxtError::KeyType);
    for (domain, error, code) in [
        ("globex.test", Unproven, Code::DomainUnproven),
        ("mallory.test", Bogus, Code::DomainBogus),
        ("nothing.test", NotPublished, Code::DomainNotFound),
        ("www.acme.test", NotPublished, Code::DomainNotFound),
        ("www.globex.test", NotPublished, Code::DomainNotFound),
        ("mail.test", NotPublished, Code::DomainNotFound),
        ("broken.test", malformed, Code::DomainNotFound),
        ("loose.alias.test", Unproven, Code::DomainUnproven),
    ] {
        // Twice: an answer that is kept is no better.
        for _ in 0..2 {
            let refused = found(&resolver, domain).await.unwrap_err();
            assert_eq!(refused.code(), code, "{domain}");
            let DiscoverError::NoProof(NoProof { records, document, .. }) = refused else {
                panic!("{domain}: {refused:?}")
            };
            assert_eq!(records, RecordsFault::Introduce(error), "{domain}");
            let web = match error.leaves_open() {
                true => DocumentOutcome::Failed(WebError::NoAddress),
                false => DocumentOutcome::NotAsked,
            };
            assert_eq!(document, web, "{domain}");
        }
    }
    // A key may be published by another domain, as long as every step is proven.
    let alias = found(&resolver, "alias.test").await.unwrap();
    assert_eq!(alias.introduction.key, published(1).key);
    assert_eq!(alias.introduction.domain, name("alias.test"));
}

#[tokio::test]
async fn one_host_without_address_leaves_the_others() {
    let knot = Knot::start(&zones());
    let resolver = Resolver::new(settings(&knot, &[])).unwrap();
    let away = found(&resolver, "away.test").await.unwrap();
    let hosts: Vec<&str> = away.targets.iter().map(|t| t.host.as_str()).collect();
    assert_eq!(hosts, ["node2.away.test."]);
}

#[tokio::test]
async fn a_pin_proves_an_unsigned_domain_and_no_other_key() {
    let knot = Knot::start(&zones());
    let pins = [("globex.test", published(2)), ("acme.test", published(7))];
    let resolver = Resolver::new(settings(&knot, &pins)).unwrap();
    let globex = found(&resolver, "globex.test").await.unwrap();
    assert_eq!(globex.introduction.proof, Proof::Pin);
    assert_eq!(globex.introduction.key, published(2).key);
    assert_eq!(globex.targets.len(), 2);
    let other = found(&resolver, "acme.test").await.unwrap_err();
    assert_eq!(other.code(), Code::DomainKeyChanged);
    let said = "pin: the domain publishes another key than the one that is pinned";
    assert!(other.to_string().starts_with(said), "{other}");
}

#[tokio::test]
async fn the_anchor_given_is_the_one_that_counts() {
    let knot = Knot::start(&zones());
    let other = Knot::start(&[]);
    let mut settings = settings(&knot, &[]);
    settings.trust_anchor = Some(other.anchor.clone());
    let resolver = Resolver::new(settings.clone()).unwrap();
    let refused = found(&resolver, "acme.test").await.unwrap_err();
    assert_eq!(refused.code(), Code::DomainBogus);
    // None given: the real root's keys count.
    settings.trust_anchor = None;
    let resolver = Resolver::new(settings.clone()).unwrap();
    let refused = found(&resolver, "acme.test").await.unwrap_err();
    assert_eq!(refused.code(), Code::DomainBogus);
    for text in ["", "; nothing\n", ". IN DS 1 15 2 00", "nonsense"] {
        settings.trust_anchor = Some(text.into());
        let refused = Resolver::new(settings.clone()).unwrap_err();
        assert!(matches!(refused, ResolverError::TrustAnchor(_)), "{text}");
    }
}
