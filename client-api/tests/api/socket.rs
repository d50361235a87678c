//! Every frame of the socket, and every way to break its rules, with a plain WebSocket client. The
//! node behind it is a test double.

use std::time::Duration;

use comity_client::Http;
use comity_client_api::{ApiSettings, EventContent, MessageContent, SocketLimits};
use comity_protocol::code::Code;
use comity_protocol::id::ChannelId;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::double::{Double, Server};

/// A socket that says and hears exactly what a test wants.
struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address).await.unwrap();
        stream.set_nodelay(true).unwrap();
        let url = format!("ws://{}/v1/socket", server.address);
        Self(client_async(url, stream).await.unwrap().0)
    }

    async fn greet(server: &Server, token: &str) -> Self {
        let mut socket = Self::open(server).await;
        socket.say(json!({ "type": "hello", "token": token })).await;
        assert_eq!(socket.hear().await["type"], "welcome");
        socket
    }

    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    async fn message(&mut self) -> Option<Message> {
        let message = timeout(PATIENCE, self.0.next()).await.expect("something comes in time");
        message.and_then(Result::ok)
    }

    async fn hear(&mut self) -> Value {
        let message = self.message().await.expect("a frame, not the end");
        serde_json::from_str(message.to_text().unwrap()).unwrap()
    }

    /// The next frame of a type; others are passed over.
    async fn hear_a(&mut self, kind: &str) -> Value {
        loop {
            let frame = self.hear().await;
            if frame["type"] == kind {
                return frame;
            }
        }
    }

    /// The close code at the end of the socket, everything before it passed over.
    async fn closed(mut self) -> Option<u16> {
        let mut code = None;
        while let Some(message) = self.message().await {
            if let Message::Close(Some(frame)) = message {
                code = Some(frame.code.into());
            }
        }
        code
    }
}

/// A server with alice, bob and the channel between them.
struct Scene {
    server: Server,
    alice: String,
    bob: String,
    channel: String,
}

async fn scene() -> Scene {
    scene_with(SocketLimits::default()).await
}

async fn scene_with(socket: SocketLimits) -> Scene {
    let settings = ApiSettings { socket, ..Default::default() };
    let server = Server::start_with(Double::new(), settings, None).await;
    let http = Http::at(&server.url).unwrap();
    let alice = http.sign_up("alice", "a long password", None, "").await.unwrap().token;
    let bob = http.sign_up("bob", "a long password", None, "").await.unwrap().token;
    let channel = http.with_token(&alice).open_direct("bob@acme.test").await.unwrap();
    Scene { server, alice, bob, channel }
}

fn send(nonce: u64, channel: &str, text: &str) -> Value {
    json!({ "type": "send", "nonce": nonce.to_string(), "channel": channel, "text": text })
}

#[tokio::test]
async fn a_text_reaches_every_device_in_the_same_bytes() {
    let Scene { server, alice, bob, channel } = scene().await;
    let mut sender = Socket::open(&server).await;
    sender.say(json!({ "type": "hello", "token": alice })).await;
    let welcome = sender.hear().await;
    assert_eq!(welcome["account"], "alice@acme.test");
    assert_eq!((&welcome["resync"], &welcome["heartbeat_ms"]), (&json!(false), &json!("5000")));
    let mut receiver = Socket::greet(&server, &bob).await;

    sender.say(send(1, &channel, "안녕 😀 \"\u{0}\"")).await;
    let stored = sender.hear_a("stored").await;
    let heard = receiver.message().await.unwrap().into_text().unwrap();
    let frame: Value = serde_json::from_str(&heard).unwrap();
    assert_eq!(frame["event"]["text"], "안녕 😀 \"\u{0}\"");
    assert_eq!(frame["event"]["sender"], "alice@acme.test");
    assert_eq!(frame["event"]["kind"], "message");
    assert_eq!(frame["event"]["time"], "2026-11-23T03:27:27.130Z");
    assert_eq!((&stored["id"], &stored["cursor"]), (&frame["event"]["id"], &frame["cursor"]));
    assert_eq!((&stored["nonce"], &stored["channel"]), (&json!("1"), &json!(channel)));

    let cursor = welcome["cursor"].clone();
    let mut phone = Socket::open(&server).await;
    phone.say(json!({ "type": "hello", "token": alice, "cursor": cursor })).await;
    assert_eq!(phone.hear().await["cursor"], cursor);
    assert_eq!(phone.message().await.unwrap().into_text().unwrap(), heard);

    let id = stored["id"].as_str().unwrap().parse().unwrap();
    server.double.notify_delivered(channel.parse().unwrap(), id);
    let delivered = sender.hear_a("delivered").await;
    assert_eq!((&delivered["id"], &delivered["of"]), (&stored["id"], &json!(2)));
}

#[tokio::test]
async fn every_command_is_done() {
    let Scene { server, alice, bob, .. } = scene().await;
    let mut owner = Socket::greet(&server, &alice).await;
    let mut guest = Socket::greet(&server, &bob).await;
    let mut nonce = 0;
    let mut command = |fields: Value| {
        nonce += 1;
        let mut frame = json!({ "type": "command", "nonce": nonce.to_string() });
        frame.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        frame
    };
    owner.say(command(json!({ "do": "create_group", "name": "Tea", "member_limit": 9 }))).await;
    let done = owner.hear_a("done").await;
    assert_eq!((&done["nonce"], &done["status"]), (&json!("1"), &json!("done")));
    let channel = done["channel"].clone();
    let member = json!("bob@acme.test");
    for (fields, status, kind) in [
        (json!({ "do": "invite", "channel": channel, "account": member }), "done", "invited"),
        (json!({ "do": "rename", "channel": channel, "name": "Mate" }), "done", "renamed"),
        (
            json!({ "do": "set_topic", "channel": channel, "topic": "!" }),
            "requested",
            "topic_changed",
        ),
    ] {
        owner.say(command(fields)).await;
        let done = owner.hear_a("done").await;
        assert_eq!((&done["status"], &done["channel"]), (&json!(status), &channel));
        assert_eq!(guest.hear_a("event").await["event"]["kind"], kind);
    }
    guest.say(command(json!({ "do": "accept", "channel": channel }))).await;
    assert_eq!(guest.hear_a("event").await["event"]["kind"], "joined");
    let role = json!({ "do": "set_role", "channel": channel, "account": member, "role": "owner" });
    owner.say(command(role)).await;
    let event = guest.hear_a("event").await;
    assert_eq!(
        (&event["event"]["kind"], &event["event"]["role"]),
        (&json!("role_changed"), &json!("owner"))
    );
    let remove = json!({ "do": "remove", "channel": channel, "account": member });
    owner.say(command(remove.clone())).await;
    owner.say(command(remove)).await;
    let refused = owner.hear_a("refused").await;
    assert_eq!((&refused["code"], &refused["nonce"]), (&json!("not_a_member"), &json!("8")));
    guest.say(command(json!({ "do": "decline", "channel": channel }))).await;
    assert_eq!(guest.hear_a("refused").await["code"], "not_invited");
    owner.say(command(json!({ "do": "leave", "channel": channel }))).await;
    assert_eq!(owner.hear_a("done").await["nonce"], "10");
    guest.say(command(json!({ "do": "open_direct", "with": "alice@acme.test" }))).await;
    assert_eq!(guest.hear_a("done").await["status"], "done");
}

#[tokio::test]
async fn what_is_wrong_is_refused_and_the_socket_goes_on() {
    let Scene { server, alice, channel, .. } = scene().await;
    let mut socket = Socket::greet(&server, &alice).await;
    let unknown = ChannelId([8; 32]).to_string();
    for (frame, nonce, code, hint) in [
        (send(1, &channel, &"é".repeat(101_000)), json!("1"), "text_too_long", "101,000"),
        (send(2, &channel, &"é".repeat(101_000)), json!("2"), "text_too_long", "100,000"),
        (send(3, &channel, ""), json!("3"), "text_empty", "text"),
        (send(4, &unknown, "x"), json!("4"), "channel_not_found", "channel"),
        (send(5, "xyz", "x"), json!("5"), "malformed", "channel id"),
        (send(0, &channel, "x"), Value::Null, "malformed", "nonce"),
        (json!({ "type": "dance" }), Value::Null, "malformed", "hello"),
        (json!([1]), Value::Null, "malformed", "JSON object"),
        (json!(["send", "7", null, null, null, channel, "x"]), Value::Null, "malformed", "object"),
        (json!({ "type": "send", "nonce": 7 }), Value::Null, "malformed", "line 1 column 10"),
    ] {
        socket.say(frame).await;
        let refused = socket.hear_a("refused").await;
        assert_eq!((&refused["nonce"], &refused["code"]), (&nonce, &json!(code)), "{refused}");
        assert!(refused["message"].as_str().unwrap().contains(hint), "{refused}");
    }
    socket.0.send(Message::text("{\"type\":")).await.unwrap();
    assert!(socket.hear().await["message"].as_str().unwrap().contains("line 1 column 8"));
    socket.0.send(Message::binary(vec![1, 2])).await.unwrap();
    assert_eq!(socket.hear().await["code"], "malformed");

    socket.say(send(6, &channel, "one")).await;
    let first = socket.hear_a("stored").await;
    socket.say(send(6, &channel, "one")).await;
    assert_eq!(socket.hear_a("stored").await, first);
    socket.say(send(6, &channel, "two")).await;
    assert_eq!(socket.hear_a("refused").await["code"], "nonce_reused");
    socket.say(json!({ "type": "ping", "data": "x" })).await;
    assert_eq!(socket.hear_a("pong").await, json!({ "type": "pong", "data": "x" }));
    socket.say(json!({ "type": "ping" })).await;
    assert_eq!(socket.hear_a("pong").await, json!({ "type": "pong" }));
}

#[tokio::test]
async fn who_breaks_the_greeting_is_told_and_closed() {
    let Scene { server, alice, channel, .. } = scene().await;
    for (frame, code) in [
        (json!({ "type": "hello", "token": "wrong" }), "token_invalid"),
        (json!({ "type": "hello", "token": alice, "cursor": "?" }), "cursor_invalid"),
        (json!({ "type": "ping" }), "malformed"),
        (json!({ "type": "hello" }), "malformed"),
        (send(1, &channel, "x"), "malformed"),
    ] {
        let mut socket = Socket::open(&server).await;
        socket.say(frame).await;
        let goodbye = socket.hear().await;
        assert_eq!((&goodbye["type"], &goodbye["code"]), (&json!("goodbye"), &json!(code)));
        assert_eq!(socket.closed().await, Some(1008));
    }
    let mut socket = Socket::greet(&server, &alice).await;
    socket.say(json!({ "type": "hello", "token": alice })).await;
    assert_eq!(socket.hear_a("goodbye").await["code"], "malformed");
    assert_eq!(socket.closed().await, Some(1008));

    let foreign = data_encoding::BASE64URL_NOPAD.encode(&[0; 24]);
    let mut socket = Socket::open(&server).await;
    socket.say(json!({ "type": "hello", "token": alice, "cursor": foreign })).await;
    assert_eq!(socket.hear().await["resync"], true);
}

#[tokio::test]
async fn a_silent_client_is_dropped_and_a_late_hello_refused() {
    let limits = SocketLimits {
        hello: Duration::from_millis(100),
        heartbeat: Duration::from_millis(50),
        silence: Duration::from_millis(300),
        ..Default::default()
    };
    let Scene { server, alice, .. } = scene_with(limits).await;
    let mut late = Socket::open(&server).await;
    let goodbye = late.hear().await;
    assert_eq!((&goodbye["type"], &goodbye["code"]), (&json!("goodbye"), &json!("malformed")));
    let mut silent = Socket::greet(&server, &alice).await;
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(30)).await;
        silent.say(json!({ "type": "ping" })).await;
    }
    let mut pongs = 0;
    while let Some(Message::Text(_)) = silent.message().await {
        pongs += 1;
    }
    assert_eq!(pongs, 20);
}

#[tokio::test]
async fn bytes_that_are_no_text_end_the_socket_by_name() {
    let Scene { server, alice, .. } = scene().await;
    let mut socket = Socket::greet(&server, &alice).await;
    let frame = Frame::message(vec![b'"', 0xff, b'"'], OpCode::Data(Data::Text), true);
    socket.0.send(Message::Frame(frame)).await.unwrap();
    let goodbye = socket.hear().await;
    assert_eq!((&goodbye["type"], &goodbye["code"]), (&json!("goodbye"), &json!("text_not_utf8")));
    assert_eq!(socket.closed().await, Some(1007));

    let mut socket = Socket::greet(&server, &alice).await;
    // Only the head of it may leave before the node closes.
    let _ = socket.0.send(Message::text("x".repeat(1_300_000))).await;
    while socket.message().await.is_some() {}
}

#[tokio::test]
async fn requests_of_one_socket_arrive_in_order_and_are_bounded() {
    let Scene { server, alice, channel, .. } = scene().await;
    let mut socket = Socket::greet(&server, &alice).await;
    server.double.hold_answers();
    for nonce in 1..=200 {
        socket.say(send(nonce, &channel, &nonce.to_string())).await;
    }
    until(|| server.double.state().arrivals.len() >= 64).await;
    // Nothing was answered, so nothing more is read.
    tokio::time::sleep(Duration::from_millis(100)).await;
    assert_eq!(server.double.state().arrivals.len(), 64);
    server.double.release_answers();
    let mut answered = Vec::new();
    while answered.len() < 200 {
        let stored = socket.hear_a("stored").await;
        answered.push(stored["nonce"].as_str().unwrap().parse::<u64>().unwrap());
    }
    let in_order: Vec<String> = (1..=200).map(|n: u64| n.to_string()).collect();
    assert_eq!(server.double.state().arrivals, in_order);
    answered.sort_unstable();
    assert_eq!(answered, (1..=200).collect::<Vec<u64>>());
}

#[tokio::test]
async fn a_slow_reader_leaves_the_feed_where_it_is() {
    let Scene { server, bob, channel, .. } = scene().await;
    let mut socket = Socket::greet(&server, &bob).await;
    let channel: ChannelId = channel.parse().unwrap();
    let text: std::sync::Arc<str> = "x".repeat(100_000).into();
    const EVENTS: usize = 600;
    for _ in 0..EVENTS {
        let said = EventContent::Message(MessageContent::plain(text.clone()));
        server.double.publish(channel, "alice@acme.test", said);
    }
    until(|| server.double.state().handed_out > 0).await;
    let mut taken = 0;
    // What the kernel buffers for both ends, and then no more.
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = server.double.state().handed_out;
        if now == taken {
            break;
        }
        taken = now;
    }
    assert!(taken < EVENTS / 2, "{taken} of {EVENTS} were taken though nobody reads");
    let mut last = String::new();
    for _ in 0..EVENTS {
        let event = socket.hear_a("event").await;
        let id = event["event"]["id"].as_str().unwrap().to_owned();
        assert!(id > last);
        last = id;
    }
}

#[tokio::test]
async fn a_goodbye_names_another_endpoint_and_follows_the_last_answer() {
    let Scene { server, alice, channel, .. } = scene().await;
    let mut socket = Socket::greet(&server, &alice).await;
    server.double.hold_answers();
    socket.say(send(1, &channel, "last words")).await;
    until(|| !server.double.state().arrivals.is_empty()).await;
    server.double.say_goodbye(Code::ShuttingDown, Some("https://other.acme.test"));
    server.double.release_answers();
    assert_eq!(socket.hear_a("stored").await["nonce"], "1");
    let goodbye = socket.hear_a("goodbye").await;
    assert_eq!(goodbye["code"], "shutting_down");
    assert_eq!(goodbye["endpoint"], "https://other.acme.test");
    assert_eq!(socket.closed().await, Some(1001));
    timeout(PATIENCE, server.stop()).await.expect("nothing is left to wait for");
}

async fn until(holds: impl Fn() -> bool) {
    let held = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(PATIENCE, held).await.expect("the condition holds in time");
}

const PATIENCE: Duration = Duration::from_secs(20);
