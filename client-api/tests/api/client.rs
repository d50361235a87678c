//! The Rust client against a real listener: resume, repeat, other endpoints, TLS. The node behind
//! it is a test double.

use std::time::Duration;

use comity_client::{
    Client, ClientSettings, Command, Content, Endpoint, Event, Http, RequestError, trust_pem_file,
};
use comity_client_api::{ApiSettings, TlsFiles};
use comity_protocol::code::Code;
use tokio::time::timeout;

use crate::double::{Double, Server};

async fn sign_up(server: &Server, name: &str) -> String {
    let http = Http::at(&server.url).unwrap();
    http.sign_up(name, "a long password", None, "test").await.unwrap().token
}

async fn next(client: &mut Client) -> Event {
    timeout(PATIENCE, client.next()).await.expect("an event in time").expect("not the end")
}

fn endpoints(servers: &[&Server]) -> Vec<Endpoint> {
    let endpoint = |(i, server): (usize, &&Server)| {
        let priority = u16::try_from(i).unwrap();
        Endpoint { url: server.url.clone(), priority, weight: 1 }
    };
    servers.iter().enumerate().map(endpoint).collect()
}

#[tokio::test]
async fn two_clients_talk() {
    let server = Server::start().await;
    let (alice, bob) = (sign_up(&server, "alice").await, sign_up(&server, "bob").await);
    let http = Http::at(&server.url).unwrap();
    let mut alice = Client::connect(http.with_token(alice), ClientSettings::default());
    let mut bob = Client::connect(http.with_token(bob), ClientSettings::default());
    for client in [&mut alice, &mut bob] {
        assert!(matches!(next(client).await, Event::Connected { resync: false, .. }));
    }
    let channel = alice.http().open_direct("bob@acme.test").await.unwrap();
    let stored = alice.sender().send(&channel, "hello").await.unwrap();
    let event = loop {
        let event = timeout(PATIENCE, bob.next_channel_event()).await.unwrap().unwrap();
        if matches!(event.content, Content::Message { .. }) {
            break event;
        }
    };
    assert_eq!((event.id, event.sender.as_str()), (stored.id, "alice@acme.test"));
    let found = bob.http().search("ell", 10).await.unwrap();
    let parts: Vec<_> =
        found[0].snippet.iter().map(|part| (part.text.as_str(), part.found)).collect();
    assert_eq!((found[0].channel.as_str(), found.len()), (channel.as_str(), 1));
    assert_eq!(parts, [("h", false), ("ell", true), ("o", false)]);
    let leave = Command::Leave { channel: channel.clone() };
    let refused = alice.sender().command(leave).await.unwrap_err();
    assert!(matches!(refused, RequestError::Refused(r) if r.code == "not_a_group"));
    let group = Command::CreateGroup { name: "Tea".to_owned(), topic: None, member_limit: None };
    let done = alice.sender().command(group).await.unwrap();
    assert_eq!(alice.http().channel(&done.channel.unwrap()).await.unwrap().name.unwrap(), "Tea");
    server.stop().await;
}

#[tokio::test]
async fn what_was_not_answered_is_repeated_elsewhere_and_stored_once() {
    let double = Double::new();
    let mut first = Server::start_with(double.clone(), ApiSettings::default(), None).await;
    let second = Server::start_with(double.clone(), ApiSettings::default(), None).await;
    let alice = sign_up(&first, "alice").await;
    sign_up(&first, "bob").await;
    let http = Http::with_endpoints(&endpoints(&[&first, &second]), None).unwrap();
    let mut client = Client::connect(http.with_token(alice), ClientSettings::default());
    assert!(matches!(next(&mut client).await, Event::Connected { .. }));
    let channel = client.http().open_direct("bob@acme.test").await.unwrap();

    // All texts are stored and fed, none is answered, and then the node is gone.
    double.hold_answers();
    let sender = client.sender();
    let mut pending = Vec::new();
    for number in 0..40 {
        pending.push(sender.start_send(&channel, format!("text {number}")).await);
    }
    let mut seen = Vec::new();
    while seen.len() < 41 {
        if let Event::Channel(event) = next(&mut client).await {
            seen.push(event.id);
        }
    }
    first.kill();
    double.release_answers();
    while !matches!(next(&mut client).await, Event::Connected { .. }) {}
    for pending in pending {
        let stored = timeout(PATIENCE, pending.stored()).await.unwrap().unwrap();
        assert!(seen.contains(&stored.id));
    }
    let last = client.sender().send(&channel, "and on").await.unwrap();
    let event = timeout(PATIENCE, client.next_channel_event()).await.unwrap().unwrap();
    assert_eq!(event.id, last.id, "resumed at the cursor: nothing comes twice");
    assert_eq!(double.state().log.len(), 42);
    second.stop().await;
}

#[tokio::test]
async fn a_goodbye_is_followed_and_a_revoked_token_ends() {
    let double = Double::new();
    let first = Server::start_with(double.clone(), ApiSettings::default(), None).await;
    let other = Server::start_with(Double::new(), ApiSettings::default(), None).await;
    let alice = sign_up(&first, "alice").await;
    let same = sign_up(&other, "alice").await;
    assert_eq!(alice, same, "both doubles give the same token");
    let http = Http::at(&first.url).unwrap();
    let mut client = Client::connect(http.with_token(alice), ClientSettings::default());
    assert!(matches!(next(&mut client).await, Event::Connected { .. }));
    double.say_goodbye(Code::ShuttingDown, Some(&other.url));
    assert!(matches!(next(&mut client).await, Event::Disconnected { .. }));
    assert!(matches!(next(&mut client).await, Event::Connected { .. }));
    other.double.say_goodbye(Code::TokenInvalid, None);
    let Event::Ended(refused) = next(&mut client).await else { panic!("not the end") };
    assert_eq!(refused.code, "token_invalid");
    assert_eq!(timeout(PATIENCE, client.next()).await.unwrap(), None);
    let after = client.sender().send("x", "y").await;
    assert_eq!(after, Err(RequestError::Ended));
}

#[tokio::test]
async fn a_feed_is_resumed_by_cursor_in_another_process() {
    let server = Server::start().await;
    let alice = sign_up(&server, "alice").await;
    sign_up(&server, "bob").await;
    let http = Http::at(&server.url).unwrap().with_token(alice);
    let channel = http.open_direct("bob@acme.test").await.unwrap();
    let cursor = http.sync(None, Duration::ZERO, 1).await.unwrap().cursor;
    let ids: Vec<String> = {
        let client = Client::connect(http.clone(), ClientSettings::default());
        let mut ids = Vec::new();
        for text in ["one", "two", "three"] {
            ids.push(client.sender().send(&channel, text).await.unwrap().id);
        }
        ids
    };
    let settings = ClientSettings { cursor: Some(cursor), ..ClientSettings::default() };
    let mut client = Client::connect(http, settings);
    for id in ids {
        let event = timeout(PATIENCE, client.next_channel_event()).await.unwrap().unwrap();
        assert_eq!(event.id, id);
    }
    client.sender().send(&channel, "the nonce is fresh").await.unwrap();
    server.stop().await;
}

#[tokio::test]
async fn the_well_known_document_leads_over_tls_to_the_node() {
    let certified = rcgen::generate_simple_self_signed(vec!["localhost".to_owned()]).unwrap();
    let directory = tempfile::tempdir().unwrap();
    let files = TlsFiles {
        certificate: directory.path().join("cert.pem"),
        key: directory.path().join("key.pem"),
    };
    assert!(files.load().is_err());
    std::fs::write(&files.certificate, pem("CERTIFICATE", certified.cert.der())).unwrap();
    std::fs::write(&files.key, pem("PRIVATE KEY", &certified.signing_key.serialize_der())).unwrap();
    let tls = Some(files.load().unwrap());
    let server = Server::start_with(Double::new(), ApiSettings::default(), tls).await;
    // A client that never finishes its handshake holds nobody up.
    let _silent = tokio::net::TcpStream::connect(server.address).await.unwrap();

    let trust = trust_pem_file(&files.certificate).unwrap();
    let http = Http::discover_at(&server.url, Some(trust)).await.unwrap();
    assert_eq!(http.well_known().await.unwrap().endpoints[0].url, server.url);
    let alice = http.sign_up("alice", "a long password", None, "test").await.unwrap();
    let mut client = Client::connect(http.with_token(alice.token), ClientSettings::default());
    assert!(matches!(next(&mut client).await, Event::Connected { .. }));
    let stranger = Http::at(&server.url).unwrap().me().await.unwrap_err();
    assert!(stranger.to_string().contains("certificate"), "{stranger}");
}

fn pem(kind: &str, der: &[u8]) -> String {
    let text = data_encoding::BASE64.encode(der);
    let lines = text.as_bytes().chunks(64).map(|l| std::str::from_utf8(l).unwrap());
    let lines: Vec<&str> = lines.collect();
    format!("-----BEGIN {kind}-----\n{}\n-----END {kind}-----\n", lines.join("\n"))
}

const PATIENCE: Duration = Duration::from_secs(20);
