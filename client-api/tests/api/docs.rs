//! Runs the examples of `docs/client/README.md`, in their order, against a real listener. An answer
//! over HTTP has the status and the shape that the document shows; ids, tokens and cursors differ
//! from run to run, and the first one met in an answer stands for the document's from there on.
//! Over the socket everything is said and heard to the byte as it is printed. The node behind the
//! listener is a test double.

use std::collections::HashMap;
use std::time::Duration;

use comity_client_api::{
    Caller, ChannelKind, ContactStanding, DeviceId, EventContent, MessageContent, Refusal, Role,
    Standing,
};
use comity_protocol::code::Code;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId};
use comity_protocol::name::ChannelAlias;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

use crate::double::Server;
use crate::double::rules::Channel;
use crate::printed::{code_of, delivery_of};
use crate::raw::{Answer, request};
use crate::schema::Documents;

const DOCUMENT: &str = include_str!("../../../docs/client/README.md");
/// The same for admins, whose resources the node adds; its own tests hold them to the description.
const ADMIN: &str = include_str!("../../../docs/client/admin.md");

/// Every resource, as the document must show it.
const RESOURCES: &[&str] = &[
    "GET /.well-known/comity",
    "GET /v1/health",
    "POST /v1/accounts",
    "POST /v1/sessions",
    "DELETE /v1/sessions/current",
    "GET /v1/me",
    "DELETE /v1/me",
    "PUT /v1/me/password",
    "PUT /v1/me/shows_reads",
    "PUT /v1/me/presence",
    "GET /v1/presence",
    "GET /v1/channels/*/presence",
    "PUT /v1/me/display_name",
    "PUT /v1/me/avatar",
    "DELETE /v1/me/avatar",
    "GET /v1/profiles",
    "GET /v1/avatars/*",
    "GET /v1/directory",
    "GET /v1/devices",
    "DELETE /v1/devices/*",
    "GET /v1/channels",
    "POST /v1/channels",
    "GET /v1/channels/*",
    "PATCH /v1/channels/*",
    "POST /v1/channels/*/join",
    "POST /v1/channels/*/invites",
    "POST /v1/channels/*/bans",
    "DELETE /v1/channels/*/bans/*",
    "POST /v1/channels/*/accept",
    "POST /v1/channels/*/decline",
    "POST /v1/channels/*/leave",
    "DELETE /v1/channels/*/members/*",
    "DELETE /v1/channels/*/messages/*",
    "GET /v1/channels/*/messages/*",
    "PUT /v1/channels/*/messages/*",
    "GET /v1/channels/*/messages/*/versions",
    "GET /v1/channels/*/messages/*/replies",
    "PUT /v1/channels/*/messages/*/reactions/*",
    "DELETE /v1/channels/*/messages/*/reactions/*",
    "GET /v1/channels/*/pins",
    "PUT /v1/channels/*/pins/*",
    "DELETE /v1/channels/*/pins/*",
    "PUT /v1/channels/*/read",
    "GET /v1/mentions",
    "GET /v1/search",
    "GET /v1/push",
    "PUT /v1/push",
    "DELETE /v1/push",
    "GET /v1/notifications",
    "PUT /v1/notifications",
    "PUT /v1/channels/*/notifications",
    "DELETE /v1/channels/*/notifications",
    "PUT /v1/channels/*/members/*/role",
    "GET /v1/channels/*/messages",
    "POST /v1/channels/*/messages",
    "GET /v1/blocks",
    "PUT /v1/blocks/*",
    "DELETE /v1/blocks/*",
    "PUT /v1/channels/*/mute",
    "DELETE /v1/channels/*/mute",
    "POST /v1/reports",
    "GET /v1/contacts",
    "PUT /v1/contacts/*",
    "DELETE /v1/contacts/*",
    "GET /v1/groups",
    "GET /v1/aliases/*",
    "PUT /v1/aliases/*",
    "DELETE /v1/aliases/*",
    "POST /v1/aliases/*/join",
    "GET /v1/sync",
];

/// A request of the document and the answer that it shows.
struct Example {
    method: String,
    path: String,
    token: Option<String>,
    body: String,
    status: u16,
    answer: Option<Value>,
}

#[tokio::test]
async fn the_examples_do_what_they_show() {
    let server = Server::start().await;
    prepare(&server);
    let (mut known, documents) = (HashMap::new(), Documents::read());
    for example in examples() {
        let resource = resource(&example);
        let query = example.path.split_once('?').map_or("", |(_, query)| query).to_owned();
        let line = format!("{} {}", example.method, example.path);
        let path = replaced(&example.path, &known);
        let token = example.token.map(|token| replaced(&token, &known));
        let body = replaced(&example.body, &known);
        let answer =
            request(&server, &example.method, &path, token.as_deref(), body.as_bytes()).await;
        assert_eq!(answer.status, example.status, "{line}: {}", answer.body);
        check(&line, example.answer.as_ref(), &answer, &mut known);
        documents.check_exchange(&resource, &query, &body, (answer.status, &answer.body));
    }
    server.stop().await;
}

#[test]
fn every_resource_has_an_example() {
    let shown: Vec<String> = examples().iter().map(resource).collect();
    for resource in RESOURCES {
        assert!(shown.iter().any(|s| s == resource), "no example of {resource}");
    }
    for resource in shown {
        assert!(RESOURCES.contains(&resource.as_str()), "{resource} is not in the list");
    }
}

#[test]
fn the_openapi_document_describes_every_resource_and_no_other() {
    let described = Documents::read().resources();
    let documents = ["GET /v1/asyncapi.json", "GET /v1/openapi.json"];
    let expected = RESOURCES.iter().copied().chain(documents).map(str::to_owned);
    assert_eq!(described, expected.chain(admin_resources()).collect());
}

#[test]
fn what_admins_are_shown_is_as_described() {
    let mut shown = 0;
    for block in ADMIN.split("```json ").skip(1) {
        let (name, text) = block.split_once('\n').unwrap();
        Documents::read().check_schema(name, &parsed(text.split_once("```").unwrap().0));
        shown += 1;
    }
    assert!(shown >= 3);
}

/// Every resource in the tables of the page for admins.
fn admin_resources() -> impl Iterator<Item = String> {
    let rows = ADMIN.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
    rows.map(|row| {
        let segments = row.split('/').map(|s| if s.starts_with('{') { "*" } else { s });
        segments.collect::<Vec<_>>().join("/")
    })
}

#[test]
fn the_asyncapi_document_describes_every_frame() {
    let documents = Documents::read();
    blocks("json client").iter().for_each(|frame| documents.check_client_frame(frame));
    blocks("json node").iter().for_each(|frame| documents.check_node_frame(frame));
    blocks("json event").iter().for_each(|event| documents.check_event(event));
}

#[tokio::test]
async fn the_frames_of_a_client_are_answered_as_shown() {
    let server = Server::start().await;
    prepare(&server);
    prepare_socket(&server, 10);
    let (documents, blocks) = (Documents::read(), socket_blocks());
    let mut socket = Socket::open(&server).await;
    for (at, block) in blocks.iter().enumerate().filter(|(_, block)| block.tag == "json client") {
        socket.say(block.text).await;
        if ["presence", "typing"].contains(&parsed(block.text)["type"].as_str().unwrap()) {
            // Not answered; what comes after it is, so that it was understood.
            continue;
        }
        let answer = socket.answer().await;
        match blocks.get(at + 1).filter(|next| next.is_answer) {
            Some(shown) => assert_eq!(answer, shown.text, "the answer to {}", block.text),
            None => {
                check_answer(&parsed(block.text), &parsed(&answer));
                documents.check_node_frame(&parsed(&answer));
            }
        }
    }
    drop(socket);
    server.stop().await;
}

#[tokio::test]
async fn what_a_node_says_by_itself_is_said_as_shown() {
    let server = Server::start().await;
    prepare(&server);
    prepare_socket(&server, 10);
    let mut blocks = socket_blocks();
    let hello = blocks.remove(0);
    let mut socket = Socket::open(&server).await;
    socket.say(hello.text).await;
    assert_eq!(parsed(&socket.hear().await)["type"], "welcome");
    for block in blocks.iter().filter(|block| block.tag != "json client" && !block.is_answer) {
        let shown = match block.tag {
            "json event" => format!(
                r#"{{"type":"event","cursor":"{CURSOR}","channel":"{DIRECT}","event":{}}}"#,
                block.text
            ),
            _ => block.text.to_owned(),
        };
        let frame = parsed(&shown);
        match frame["type"].as_str().unwrap() {
            "refused" => socket.say(&refused_frame(&server, &frame)).await,
            _ => server.double.tell([delivery_of(&frame)]),
        }
        assert_eq!(socket.hear().await, shown);
    }
    drop(socket);
    server.stop().await;
}

#[tokio::test]
async fn a_poll_with_something_of_each_is_answered_as_shown() {
    let [shown] = &blocks("json poll")[..] else { panic!("there is one") };
    let server = Server::start().await;
    prepare(&server);
    prepare_socket(&server, 14);
    let lists = ["events", "delivered", "history_grew"];
    let frames = lists.map(|list| shown[list].as_array().unwrap()).into_iter().flatten();
    let happen = async {
        server.double.is_listened_to().await;
        server.double.tell(frames.map(delivery_of));
    };
    let path = format!("/v1/sync?since={POLL_CURSOR}&timeout=20000");
    let poll = request(&server, "GET", &path, Some(TOKEN), b"");
    let (answer, ()) = tokio::join!(poll, happen);
    assert_eq!(answer.json(), *shown);
    Documents::read().check_poll(shown);
    lists.iter().for_each(|list| assert_eq!(shown[list].as_array().map(Vec::len), Some(1)));
    server.stop().await;
}

#[tokio::test]
async fn a_refusal_is_answered_as_shown() {
    let [shown] = &blocks("json error")[..] else { panic!("there is one") };
    let server = Server::start().await;
    prepare_socket(&server, 0);
    let body = json!({ "text": "é".repeat(101_000), "nonce": "1" }).to_string();
    let path = format!("/v1/channels/{DIRECT}/messages");
    let answer = request(&server, "POST", &path, Some(TOKEN), body.as_bytes()).await;
    assert_eq!((answer.status, answer.json()), (413, shown.clone()));
    server.stop().await;
}

#[tokio::test]
async fn a_node_serves_what_describes_it() {
    let server = Server::start().await;
    let mut versions = Vec::new();
    for (path, field) in [("/v1/openapi.json", "openapi"), ("/v1/asyncapi.json", "asyncapi")] {
        let answer = request(&server, "GET", path, None, b"").await;
        assert_eq!(answer.status, 200, "{path}");
        versions.push(answer.json()[field].as_str().unwrap().to_owned());
    }
    assert_eq!(versions, ["3.1.0", "3.0.0"]);
    server.stop().await;
}

/// The JSON blocks of a kind.
fn blocks(kind: &str) -> Vec<Value> {
    let opening = format!("```{kind}\n");
    let texts = DOCUMENT.split(&opening).skip(1).map(|text| text.split_once("```").unwrap().0);
    texts.map(|text| serde_json::from_str(text).unwrap()).collect()
}

#[tokio::test]
async fn sockets_close_as_the_table_says() {
    let (_, table) = DOCUMENT.split_once("| code | close code | what to do |\n").unwrap();
    let rows: Vec<&str> = table.lines().skip(1).take_while(|line| line.starts_with('|')).collect();
    assert_eq!(rows.len(), 8);
    for row in rows {
        let cells: Vec<&str> = row.split('|').map(str::trim).collect();
        for name in cells[1].split(", ").map(|name| name.trim_matches('`')) {
            assert_eq!(closed_with(name).await, (cells[2].to_owned(), name.to_owned()), "{row}");
        }
    }
}

/// The close code and the reason that follow a goodbye with a code.
async fn closed_with(name: &str) -> (String, String) {
    let code = *Code::ALL.iter().find(|code| code.name() == name).expect("a code of the list");
    let server = Server::start().await;
    let http = comity_client::Http::at(&server.url).unwrap();
    let token = http.sign_up("alice", "a long password", None, "").await.unwrap().token;
    let mut socket = Socket::open(&server).await;
    socket.say(&json!({ "type": "hello", "token": token }).to_string()).await;
    server.double.say_goodbye(code, None);
    loop {
        if let Message::Close(Some(frame)) = socket.message().await {
            return (u16::from(frame.code).to_string(), frame.reason.to_string());
        }
    }
}

/// A socket that says what the document prints.
struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn open(server: &Server) -> Self {
        let stream = TcpStream::connect(server.address).await.unwrap();
        let url = format!("ws://{}/v1/socket", server.address);
        Self(tokio_tungstenite::client_async(url, stream).await.unwrap().0)
    }

    async fn say(&mut self, text: &str) {
        self.0.send(Message::text(text)).await.unwrap();
    }

    async fn message(&mut self) -> Message {
        let message = timeout(PATIENCE, self.0.next()).await.expect("something comes in time");
        message.expect("a message, not the end").unwrap()
    }

    async fn hear(&mut self) -> String {
        self.message().await.into_text().unwrap().to_string()
    }

    /// The next frame that is no event.
    async fn answer(&mut self) -> String {
        loop {
            let text = self.hear().await;
            if parsed(&text)["type"] != "event" {
                return text;
            }
        }
    }
}

/// A JSON block that goes over the socket.
struct Block {
    tag: &'static str,
    text: &'static str,
    /// Whether it stands directly below a frame of a client.
    is_answer: bool,
}

/// The document's frames and events, in its order.
fn socket_blocks() -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let pieces: Vec<&str> = DOCUMENT.split("```").collect();
    let mut before = "";
    for piece in pieces.chunks_exact(2) {
        let [prose, block] = piece else { continue };
        let (tag, text) = block.split_once('\n').unwrap();
        let is_answer = tag == "json node" && before == "json client" && *prose == "\n";
        if ["json client", "json node", "json event"].contains(&tag) {
            blocks.push(Block { tag, text: text.trim_end(), is_answer });
        }
        before = tag;
    }
    blocks
}

/// The answer to a request for which the document prints none.
fn check_answer(request: &Value, answer: &Value) {
    let expected = match request["type"].as_str().unwrap() {
        "command" => "done",
        "hello" => "welcome",
        "ping" => "pong",
        "send" => "stored",
        other => panic!("{other} is no frame of a client"),
    };
    assert_eq!(answer["type"], expected, "{request} got {answer}");
    assert_eq!(answer["nonce"], request["nonce"], "{request} got {answer}");
    if !request["channel"].is_null() {
        assert_eq!(answer["channel"], request["channel"], "{request} got {answer}");
    }
}

/// What has to be said to get a refusal.
fn refused_frame(server: &Server, refused: &Value) -> String {
    let code = code_of(&refused["code"]);
    let chars = if code == Code::TextTooLong { 101_000 } else { 1 };
    if code == Code::Malformed {
        return r#"{"type":}"#.to_owned();
    }
    if let Some(wait) = refused["retry_after_ms"].as_str() {
        let retry_after = Some(Duration::from_millis(wait.parse().unwrap()));
        server.double.state().refusal = Some(Refusal { retry_after, ..code.into() });
    }
    let (nonce, text) = (&refused["nonce"], "é".repeat(chars));
    json!({ "type": "send", "nonce": nonce, "channel": DIRECT, "text": text }).to_string()
}

/// What the document takes for granted where it comes to the socket: the device of the hello, the
/// direct channel, events up to a place, and the ids that the channel and the message get there.
fn prepare_socket(server: &Server, events: usize) {
    let mut state = server.double.state();
    let (alice, bob) = ("alice@acme.test".parse().unwrap(), "bob@globex.test".parse().unwrap());
    let account = AccountId { lineage: LineageId([1; 32]), number: AccountNumber(1) };
    let caller = Caller { account, label: alice, device: DeviceId(0x1f4) };
    let joined = Standing::Joined(Role::Member);
    let members = [(caller.label.clone(), joined), (bob, joined)].into();
    let kind = ChannelKind::Direct { with: "bob@globex.test".parse().unwrap() };
    let direct: ChannelId = DIRECT.parse().unwrap();
    state.channels.insert(direct, Channel { kind, members });
    for _ in 0..events {
        let said = EventContent::Message(MessageContent::plain("Hello"));
        state.append(direct, caller.label.clone(), said);
    }
    state.devices.insert(TOKEN.to_owned(), caller);
    state.next_channel = Some(GROUP.parse().unwrap());
    state.counter = COUNTED;
}

fn parsed(text: &str) -> Value {
    serde_json::from_str(text).unwrap()
}

/// What the document takes for granted: an address for clients, and two invitations for alice.
fn prepare(server: &Server) {
    let mut state = server.double.state();
    state.endpoints = vec![comity_client_api::Endpoint {
        url: "https://chat.acme.test".to_owned(),
        priority: 10,
        weight: 5,
    }];
    for (byte, name) in [(5, "Chess"), (6, "Golf")] {
        let kind = ChannelKind::Group {
            name: name.to_owned(),
            topic: String::new(),
            home: "globex.test".parse().unwrap(),
            member_limit: 100,
        };
        let members = [("alice@acme.test".parse().unwrap(), Standing::Invited)].into();
        state.channels.insert(ChannelId([byte; 32]), Channel { kind, members });
    }
    let asking = ("alice@acme.test".parse().unwrap(), "dave@globex.test".parse().unwrap());
    state.contacts.insert(asking, ContactStanding::Asking);
    let chess = ChannelAlias::normalise("#chess@globex.test").unwrap();
    state.aliases.insert(chess, ChannelId([5; 32]));
    state.said_by.insert(SAID.parse().unwrap(), "mallory@globex.test".parse().unwrap());
}

fn examples() -> Vec<Example> {
    let mut examples = Vec::new();
    for text in DOCUMENT.split("```http\n").skip(1) {
        let (request, rest) = text.split_once("```\n```http answer\n").expect("an answer follows");
        let (answer, _) = rest.split_once("```").unwrap();
        let (head, body) = request.split_once("\n\n").unwrap_or((request, ""));
        let mut lines = head.lines();
        let (method, path) = lines.next().unwrap().split_once(' ').unwrap();
        let token = lines.find_map(|l| l.strip_prefix("Authorization: Bearer "));
        let (status_line, shown) = answer.split_once("\n\n").unwrap_or((answer, ""));
        let status = status_line.split(' ').nth(1).unwrap();
        examples.push(Example {
            method: method.to_owned(),
            path: path.to_owned(),
            token: token.map(str::to_owned),
            body: body.trim().to_owned(),
            status: status.parse().unwrap(),
            answer: (!shown.is_empty()).then(|| shown_body(shown.trim())),
        });
    }
    examples
}

/// What is no JSON stands for bytes, in words.
fn shown_body(shown: &str) -> Value {
    match shown.starts_with('(') {
        true => Value::String(shown.to_owned()),
        false => serde_json::from_str(shown).unwrap(),
    }
}

/// The resource that an example is of, with `*` for what varies.
fn resource(example: &Example) -> String {
    let path = example.path.split('?').next().unwrap();
    let varies = |segment: &str| is_opaque(segment) || segment.contains('%');
    let segments: Vec<&str> =
        path.split('/').map(|segment| if varies(segment) { "*" } else { segment }).collect();
    format!("{} {}", example.method, segments.join("/"))
}

fn check(line: &str, shown: Option<&Value>, answer: &Answer, known: &mut HashMap<String, String>) {
    match shown {
        Some(Value::String(bytes)) => assert_eq!(answer.body, *bytes, "{line}"),
        Some(shown) => compare(line, shown, &answer.json(), known),
        None => assert_eq!(answer.body, "", "{line}"),
    }
}

/// The same fields, the same kinds of values, and the same values but for ids and times.
fn compare(at: &str, shown: &Value, found: &Value, known: &mut HashMap<String, String>) {
    match (shown, found) {
        (Value::Object(shown), Value::Object(found)) => {
            let names = |object: &serde_json::Map<String, Value>| -> Vec<String> {
                object.keys().cloned().collect()
            };
            assert_eq!(names(shown), names(found), "{at}");
            for (name, value) in shown {
                compare(&format!("{at} {name}"), value, &found[name], known);
            }
        }
        (Value::Array(shown), Value::Array(found)) => {
            assert_eq!(shown.len(), found.len(), "{at}: {found:?}");
            for (shown, found) in shown.iter().zip(found) {
                compare(at, shown, found, known);
            }
        }
        (Value::String(shown), Value::String(found)) if at.ends_with("time") => {
            assert_eq!(shown.len(), found.len(), "{at}");
        }
        (Value::String(shown), Value::String(found)) if is_opaque(shown) => {
            let expected = known.entry(shown.clone()).or_insert_with(|| found.clone());
            assert_eq!(expected, found, "{at}");
        }
        _ => assert_eq!(shown, found, "{at}"),
    }
}

fn is_opaque(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
    text.len() >= 16 && text.bytes().all(plain)
}

fn replaced(text: &str, known: &HashMap<String, String>) -> String {
    known.iter().fold(text.to_owned(), |text, (shown, actual)| text.replace(shown, actual))
}

const TOKEN: &str = "kq3pJ2vX0cYbS5u8w1ZrTg6hNfDm9aLe";
const DIRECT: &str = "Q2hhbm5lbCBvZiBhbGljZSBhbmQgYm9iLCBkaXJlY3Q";
const GROUP: &str = "R3JvdXAgIlRlYSIgb2YgYWxpY2UgYXQgYWNtZS50ZXM";
/// The place of the events that are shown without the frame around them.
const CURSOR: &str = "CQkJCQkJCQkJCQkJCQkJCQAAAAAAAAAL";
/// Where the poll with something of each begins.
const POLL_CURSOR: &str = "CQkJCQkJCQkJCQkJCQkJCQAAAAAAAAAOAAAAAAAAAAA";
/// What somebody else has said, to be reported.
const SAID: &str = "01KAPTNBMFE5G8DV3Q6R7S9T0W";
/// What the double has counted when the text is sent over the socket.
const COUNTED: u64 = 19;
const PATIENCE: Duration = Duration::from_secs(20);
