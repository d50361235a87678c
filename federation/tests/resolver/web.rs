//! Discovery by the well-known document, against real web servers: what the domain's certificate
//! proves is introduced, and everything else is refused with what was wrong.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use comity_discovery::{DocumentError, IntroduceError, Proof, PublishedKey, Trust};
use comity_federation::{
    CertificateFault, DiscoverError, DocumentOutcome, NoProof, PinUse, RecordsFault, Resolver,
    ResolverError, ResolverSettings, WebError, WebPlaces, WebSettings,
};
use comity_protocol::code::Code;
use comity_protocol::name::ServerName;
use data_encoding::BASE64;

use crate::https::{Authority, Reply, WebServer};
use crate::knot::{Chain, Knot, Zone};
use crate::{found, name, published, records, settings};

#[derive(Debug)]
struct Places(HashMap<ServerName, SocketAddr>);

impl WebPlaces for Places {
    fn place(&self, domain: &ServerName) -> Option<SocketAddr> {
        self.0.get(domain).copied()
    }
}

/// Where nothing is signed, one domain that is there and publishes hosts alone; besides, domains
/// that are signed.
fn zones() -> Vec<Zone> {
    let zone = |name, chain, records| Zone { name, chain, records };
    let hosts = "node1 60 A 127.0.0.1\n".to_owned();
    let signed = records(&format!("\"{}\"", published(1)));
    let key_alone = format!("_comity 60 TXT \"{}\"\n", published(1));
    vec![
        zone("web.test.", Chain::Unsigned, hosts),
        zone("acme.test.", Chain::Signed, signed.clone()),
        zone("lone.test.", Chain::Signed, key_alone),
        zone("bogus.test.", Chain::WrongHash, signed.clone()),
        zone("plain.test.", Chain::Unsigned, signed),
    ]
}

fn document(domain: &str, published: &PublishedKey) -> String {
    let lineage = published.lineage(name(domain)).id;
    let key = BASE64.encode(published.key.as_bytes());
    let recovery = BASE64.encode(&published.recovery.0);
    format!(
        "{{\"version\":1,\"domain\":\"{domain}\",\"endpoints\":[],\"node\":{{\
         \"lineage\":\"{lineage}\",\"recovery\":\"{recovery}\",\
         \"key\":{{\"type\":\"ed25519\",\"id\":\"2026a\",\"public\":\"{key}\"}},\
         \"hosts\":[{{\"host\":\"node1.web.test\",\"port\":4433,\"priority\":1,\"weight\":1}}]}}}}"
    )
}

fn ok(body: &str) -> Reply {
    Reply::status("200 OK", body)
}

/// A resolver that takes these proofs and knows where the domains' servers are.
fn resolver(
    settings: ResolverSettings,
    trust: &[Proof],
    authority: &Authority,
    servers: &[(&str, &WebServer)],
) -> Resolver {
    let places = servers.iter().map(|(domain, server)| (name(domain), server.addr)).collect();
    let mut settings = settings;
    settings.policy.trust = Trust::new(trust.iter().copied()).unwrap();
    settings.web =
        WebSettings { roots: Some(authority.pem.clone()), places: Some(Arc::new(Places(places))) };
    Resolver::new(settings).unwrap()
}

const ALL: [Proof; 3] = [Proof::Dnssec, Proof::Pin, Proof::WebPki];

fn no_proof(refused: DiscoverError) -> NoProof {
    let DiscoverError::NoProof(no_proof) = refused else { panic!("{refused:?}") };
    no_proof
}

#[tokio::test]
async fn a_certificate_proves_a_document_and_its_hosts() {
    let (knot, authority) = (Knot::start(&zones()), Authority::new("known"));
    let domain = "acme.web.test";
    let reply = ok(&document(domain, &published(4)));
    let server = WebServer::start(authority.certify(domain, false), reply).await;
    let servers = [(domain, &server)];
    let resolver = resolver(settings(&knot, &[]), &ALL, &authority, &servers);
    let acme = found(&resolver, domain).await.unwrap();
    assert_eq!(acme.introduction.key, published(4).key);
    assert_eq!(acme.introduction.lineage, published(4).lineage(name(domain)).id);
    assert_eq!(acme.introduction.proof, Proof::WebPki);
    let [node1] = acme.targets.as_slice() else { panic!("{:?}", acme.targets) };
    assert_eq!(node1.host, "node1.web.test.");
    assert_eq!(node1.addrs, ["127.0.0.1:4433".parse().unwrap()]);
    // Its hosts may have moved: DNS is asked again, the web server is left alone for a while.
    resolver.forget(&name(domain));
    let again = found(&resolver, domain).await.unwrap();
    assert_eq!((again.introduction, server.requests()), (acme.introduction, 1));
}

struct Case {
    domain: &'static str,
    certified: &'static str,
    expired: bool,
    reply: Reply,
    error: WebError,
    code: Code,
}

/// Everything that is wrong with a web server, one thing a domain.
fn cases() -> Vec<Case> {
    let case = |domain, reply: Reply, error, code| Case {
        domain,
        certified: domain,
        expired: false,
        reply,
        error,
        code,
    };
    let good = |domain| ok(&document(domain, &published(4)));
    let padded = |domain| format!("{}{}", document(domain, &published(4)), " ".repeat(64 * 1024));
    let moved = "HTTP/1.1 302 Found\r\nLocation: /elsewhere\r\nContent-Length: 0\r\n\r\n";
    let certificate = WebError::Certificate;
    let syntax = DocumentError::Syntax { line: 1, column: 1 };
    let other = WebError::Document(DocumentError::OtherDomain);
    let (unproven, not_found) = (Code::DomainUnproven, Code::DomainNotFound);
    let expired = certificate(CertificateFault::Expired);
    let other_name = certificate(CertificateFault::OtherName);
    vec![
        Case { expired: true, ..case("a.web.test", good("a.web.test"), expired, unproven) },
        Case {
            certified: "www.b.web.test",
            ..case("b.web.test", good("b.web.test"), other_name, unproven)
        },
        case("c.web.test", good("acme.web.test"), other, unproven),
        case("d.web.test", ok("<!doctype html>"), WebError::Document(syntax), not_found),
        case("e.web.test", ok(&padded("e.web.test")), WebError::TooLarge, not_found),
        case("f.web.test", Reply::endless(&padded("f.web.test")), WebError::TooLarge, not_found),
        case("g.web.test", Reply::Bytes(moved.into()), WebError::Redirect, not_found),
        case("h.web.test", Reply::status("404 Not Found", ""), WebError::Status(404), not_found),
        case("i.web.test", Reply::Bytes(b"hello".into()), WebError::Http, Code::DomainUnreachable),
    ]
}

#[tokio::test]
async fn what_a_web_server_does_wrong_is_named() {
    let (knot, authority) = (Knot::start(&zones()), Authority::new("known"));
    let cases = cases();
    let mut servers = Vec::new();
    for case in &cases {
        let tls = authority.certify(case.certified, case.expired);
        servers.push(WebServer::start(tls, case.reply.clone()).await);
    }
    let places: Vec<_> = cases.iter().map(|case| case.domain).zip(&servers).collect();
    let resolver = resolver(settings(&knot, &[]), &ALL, &authority, &places);
    for case in &cases {
        let refused = found(&resolver, case.domain).await.unwrap_err();
        assert_eq!(refused.code(), case.code, "{}: {refused}", case.domain);
        let expected = NoProof {
            records: RecordsFault::Introduce(IntroduceError::NotPublished),
            document: DocumentOutcome::Failed(case.error),
            pin: PinUse::None,
        };
        assert_eq!(no_proof(refused), expected, "{}", case.domain);
    }
    // Once more, from what is kept: a server that failed is not asked at every try.
    let asked: Vec<usize> = servers.iter().map(WebServer::requests).collect();
    for case in &cases {
        resolver.forget(&name(case.domain));
        found(&resolver, case.domain).await.unwrap_err();
    }
    assert_eq!(servers.iter().map(WebServer::requests).collect::<Vec<_>>(), asked);
    assert!(asked.iter().all(|asked| *asked <= 1), "{asked:?}");
}

#[tokio::test]
async fn an_authority_has_to_be_known() {
    let knot = Knot::start(&zones());
    let (authority, stranger) = (Authority::new("known"), Authority::new("stranger"));
    let domain = "acme.web.test";
    let reply = ok(&document(domain, &published(4)));
    let server = WebServer::start(stranger.certify(domain, false), reply).await;
    let servers = [(domain, &server)];
    let resolver = resolver(settings(&knot, &[]), &ALL, &authority, &servers);
    let refused = found(&resolver, domain).await.unwrap_err();
    assert_eq!(refused.code(), Code::DomainUnproven);
    let unknown = WebError::Certificate(CertificateFault::UnknownIssuer);
    assert_eq!(no_proof(refused).document, DocumentOutcome::Failed(unknown));
    assert_eq!(server.requests(), 0);
    for roots in ["", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        let mut settings = settings(&knot, &[]);
        settings.web.roots = Some(roots.into());
        let refused = Resolver::new(settings).unwrap_err();
        assert!(matches!(refused, ResolverError::WebRoots(_)), "{refused}");
    }
}

#[tokio::test]
async fn a_silent_web_server_is_given_up() {
    let (knot, authority) = (Knot::start(&zones()), Authority::new("known"));
    let domain = "acme.web.test";
    let server = WebServer::start(authority.certify(domain, false), Reply::Silence).await;
    let servers = [(domain, &server)];
    let resolver = resolver(settings(&knot, &[]), &ALL, &authority, &servers);
    let asking = tokio::spawn(async move { found(&resolver, domain).await });
    server.asked().await;
    // From here on nothing but deadlines is waited for, so the clock may jump to them.
    tokio::time::pause();
    let refused = asking.await.unwrap().unwrap_err();
    assert_eq!(refused.code(), Code::DomainUnreachable);
    assert_eq!(no_proof(refused).document, DocumentOutcome::Failed(WebError::TooSlow));
}

/// A domain, what it is trusted by, who is pinned, whose key the document names, and what comes of
/// it: the proof, or the code and whether the web server was asked.
type Rule<'r> = (&'r str, &'r [Proof], Option<u8>, u8, Result<(u8, Proof), (Code, usize)>);

#[tokio::test]
async fn records_pins_and_documents_stand_beside_each_other() {
    use Proof::{Dnssec, Pin, WebPki};
    let (knot, authority) = (Knot::start(&zones()), Authority::new("known"));
    let changed = Err((Code::DomainKeyChanged, 1));
    let rules: [Rule<'_>; 14] = [
        // What DNSSEC proves needs no second witness.
        ("acme.test", &ALL, None, 2, Ok((1, Dnssec))),
        // But no document stands against it, where the document would have to be the proof.
        ("acme.test", &[WebPki], None, 2, changed),
        ("acme.test", &[WebPki], None, 1, Ok((1, WebPki))),
        ("lone.test", &ALL, None, 2, changed),
        ("lone.test", &ALL, None, 1, Ok((1, WebPki))),
        // Bogus answers are no reason to look elsewhere, unless DNSSEC is not asked to prove.
        ("bogus.test", &ALL, None, 1, Err((Code::DomainBogus, 0))),
        ("bogus.test", &[WebPki, Pin], None, 1, Ok((1, WebPki))),
        // Records that are not signed say nothing beside a document.
        ("plain.test", &ALL, None, 2, Ok((2, WebPki))),
        ("plain.test", &[Dnssec, Pin], None, 1, Err((Code::DomainUnproven, 0))),
        ("plain.test", &ALL, Some(1), 2, Ok((1, Pin))),
        // A pin is the proof of a document too, and contradicts it.
        ("acme.web.test", &[Pin, WebPki], Some(2), 2, Ok((2, Pin))),
        ("acme.web.test", &ALL, Some(1), 2, changed),
        ("acme.web.test", &[Dnssec, Pin], None, 2, Err((Code::DomainNotFound, 0))),
        ("acme.web.test", &[Pin], None, 2, Err((Code::DomainUnproven, 0))),
    ];
    for (domain, trust, pin, named, expected) in rules {
        let reply = ok(&document(domain, &published(named)));
        let server = WebServer::start(authority.certify(domain, false), reply).await;
        let pins: Vec<_> = pin.map(|seed| (domain, published(seed))).into_iter().collect();
        let servers = [(domain, &server)];
        let resolver = resolver(settings(&knot, &pins), trust, &authority, &servers);
        let outcome = found(&resolver, domain).await;
        let said = outcome.as_ref().err().map(ToString::to_string).unwrap_or_default();
        let outcome = outcome.map(|found| (found.introduction.key, found.introduction.proof));
        let outcome = outcome.map_err(|error| (error.code(), server.requests()));
        let expected = expected.map(|(seed, proof)| (published(seed).key, proof));
        assert_eq!(outcome, expected, "{domain} by {trust:?}, pin {pin:?}: {said}");
    }
}
