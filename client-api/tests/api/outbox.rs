//! What the Rust client has to say is said once, in its order, whatever happens between: no
//! connection, a node that asks for patience, the end of the process. The node is a test double.

use std::path::Path;
use std::time::Duration;

use comity_client::{
    Client, ClientSettings, Content, Event, Http, Keep, LoggedIn, OUTBOX_MAX, QueueError,
    RequestError,
};
use comity_client_api::Refusal;
use comity_protocol::code::Code;
use tokio::time::timeout;

use crate::double::{Double, Server};

async fn sign_up(server: &Server, name: &str) -> LoggedIn {
    let http = Http::at(&server.url).unwrap();
    http.sign_up(name, "a long password", None, "test").await.unwrap()
}

/// Alice, her token, and her channel with Bob.
async fn alice(server: &Server) -> (LoggedIn, Http, String) {
    let alice = sign_up(server, "alice").await;
    sign_up(server, "bob").await;
    let http = Http::at(&server.url).unwrap().with_token(&alice.token);
    let channel = http.open_direct("bob@acme.test").await.unwrap();
    (alice, http, channel)
}

async fn next(client: &mut Client) -> Event {
    timeout(PATIENCE, client.next()).await.expect("an event in time").expect("not the end")
}

/// The next event that is one of a channel, with what it says.
async fn next_text(client: &mut Client) -> (String, String) {
    loop {
        if let Event::Channel(event) = next(client).await
            && let Content::Message { text: Some(text) } = event.content
        {
            return (event.id, text);
        }
    }
}

fn keep(path: &Path, login: &LoggedIn) -> Keep {
    Keep::open(path, &login.device.id).unwrap()
}

#[tokio::test]
async fn what_is_typed_offline_outlives_the_process_and_is_sent_once_in_order() {
    let server = Server::start().await;
    let (login, http, channel) = alice(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");

    // Nothing listens there; what is said is queued all the same, and the process ends.
    let nowhere = Http::at("http://127.0.0.1:1").unwrap().with_token(&login.token);
    let client = Client::connect_kept(nowhere, ClientSettings::default(), keep(&path, &login));
    for text in ["one", "two", "three"] {
        let mut pending = client.sender().start_send(&channel, text).await;
        timeout(PATIENCE, pending.queued()).await.unwrap().unwrap();
    }
    client.close().await;

    // The next one sends them and hears of all, but the node's answers do not come through.
    let settings = ClientSettings::default;
    assert_eq!(keep(&path, &login).unsettled(), 3);
    server.double.hold_answers();
    let mut client = Client::connect_kept(http.clone(), settings(), keep(&path, &login));
    let heard = [next_text(&mut client).await, next_text(&mut client).await].map(|(_, t)| t);
    assert_eq!(heard, ["one", "two"]);
    client.close().await;

    server.double.release_answers();
    let mut client = Client::connect_kept(http.clone(), settings(), keep(&path, &login));
    let last = client.sender().start_send(&channel, "four").await;
    let mut settled = Vec::new();
    while settled.len() < 3 {
        if let Event::Settled(earlier) = next(&mut client).await {
            assert!(matches!(earlier.outcome, Ok(Some(_))), "{earlier:?}");
            assert_eq!(earlier.channel.as_ref(), Some(&channel));
            settled.push(earlier.text.unwrap());
        }
    }
    assert_eq!(settled, ["one", "two", "three"]);
    timeout(PATIENCE, last.stored()).await.unwrap().unwrap();
    client.close().await;
    assert_eq!(keep(&path, &login).unsettled(), 0);
    let page = http.history(&channel, &comity_client::Page::Latest, 100).await.unwrap();
    let text = |content| match content {
        Content::Message { text } => text,
        _ => None,
    };
    let texts: Vec<_> = page.events.into_iter().filter_map(|event| text(event.content)).collect();
    assert_eq!(texts, ["one", "two", "three", "four"], "each once");
    server.stop().await;
}

#[tokio::test]
async fn a_feed_goes_on_behind_what_the_last_process_was_done_with() {
    let server = Server::start().await;
    let (login, http, channel) = alice(&server).await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("outbox");
    let settings = ClientSettings::default;
    let mut client = Client::connect_kept(http.clone(), settings(), keep(&path, &login));
    assert!(matches!(next(&mut client).await, Event::Connected { .. }));
    for text in ["one", "two", "three"] {
        client.sender().send(&channel, text).await.unwrap();
    }
    assert_eq!(next_text(&mut client).await.1, "one");
    // Its handling of this one is cut off.
    assert_eq!(next_text(&mut client).await.1, "two");
    drop(client);
    let reopened = async {
        loop {
            if let Ok(keep) = Keep::open(&path, &login.device.id) {
                break keep;
            }
            tokio::task::yield_now().await;
        }
    };
    let kept = timeout(PATIENCE, reopened).await.unwrap();
    let mut client = Client::connect_kept(http.clone(), settings(), kept);
    assert_eq!(next_text(&mut client).await.1, "two", "once more");

    // Answered, and the process is gone before it takes another event.
    let event = loop {
        if let Event::Channel(event) = next(&mut client).await {
            break event;
        }
    };
    let mut answer = client.sender().start_answer(&event, "an answer").await;
    timeout(PATIENCE, answer.queued()).await.unwrap().unwrap();
    timeout(PATIENCE, answer.stored()).await.unwrap().unwrap();
    client.close().await;
    let mut client = Client::connect_kept(http, settings(), keep(&path, &login));
    assert_eq!(next_text(&mut client).await.1, "an answer", "three is done with");
    client.close().await;
    server.stop().await;
}

#[tokio::test]
async fn who_is_patient_is_not_told_of_a_node_that_catches_up() {
    let server = Server::start().await;
    let (_, http, channel) = alice(&server).await;
    let overloaded = || {
        let refusal = Refusal::from(Code::Overloaded);
        server.double.state().refusal = Some(refusal);
    };
    let mut client = Client::connect(http.clone(), ClientSettings::patient());
    assert!(matches!(next(&mut client).await, Event::Connected { .. }));
    overloaded();
    let sender = client.sender();
    let first = sender.start_send(&channel, "first").await;
    let second = sender.start_send(&channel, "second").await;
    for pending in [first, second] {
        timeout(PATIENCE, pending.stored()).await.unwrap().unwrap();
    }
    assert_eq!(server.double.state().log.len(), 3, "each once, and that there is a channel");

    let mut client = Client::connect(http, ClientSettings::default());
    assert!(matches!(next(&mut client).await, Event::Connected { .. }));
    overloaded();
    let told = timeout(PATIENCE, client.sender().send(&channel, "third")).await.unwrap();
    let Err(RequestError::Refused(refused)) = told else { panic!("{told:?}") };
    assert_eq!(refused.code, "overloaded");
    server.stop().await;
}

#[tokio::test]
async fn a_full_outbox_says_so() {
    let nowhere = Http::at("http://127.0.0.1:1").unwrap().with_token("none");
    let client = Client::connect(nowhere, ClientSettings::default());
    let sender = client.sender();
    for _ in 0..OUTBOX_MAX {
        let queued = async { sender.start_send("c", "x").await.queued().await };
        timeout(PATIENCE, queued).await.unwrap().unwrap();
    }
    let mut waiting = 0;
    let full = loop {
        match sender.try_start_send("c", "x") {
            Ok(_) => waiting += 1,
            Err(error) => break error,
        }
    };
    assert_eq!(full, QueueError::Full);
    assert!(waiting < OUTBOX_MAX, "{waiting}");
    let pending = sender.start_send("c", "waits");
    assert!(timeout(Duration::from_millis(10), pending).await.is_err());
}

#[tokio::test]
async fn a_cursor_of_another_node_is_let_go() {
    let server = Server::start_with(Double::new(), Default::default(), None).await;
    let (_, http, channel) = alice(&server).await;
    let settings = ClientSettings { cursor: Some("of no node".into()), ..Default::default() };
    let mut client = Client::connect(http, settings);
    assert!(matches!(next(&mut client).await, Event::Disconnected { .. }));
    assert!(matches!(next(&mut client).await, Event::Connected { resync: true, .. }));
    client.sender().send(&channel, "here").await.unwrap();
    assert_eq!(next_text(&mut client).await.1, "here");
    server.stop().await;
}

const PATIENCE: Duration = Duration::from_secs(20);
