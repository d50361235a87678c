//! Somebody who speaks JSON as the document prints it, over sockets of his own: what he sees is
//! what any client sees.

use std::collections::VecDeque;

use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::{WebSocketStream, client_async};

use super::world::{PASSWORD, World, soon};

/// Somebody with a token and a socket.
pub(super) struct Plain {
    pub(super) account: String,
    address: String,
    token: String,
    socket: WebSocketStream<TcpStream>,
    /// The newest cursor that he has seen.
    pub(super) cursor: String,
    nonce: u64,
    /// Frames that came while an answer was waited for.
    heard: VecDeque<Value>,
}

impl Plain {
    /// A new account on the n-th node.
    pub(super) async fn new(world: &World, home: usize, name: &str) -> Self {
        let address = world.homes[home].url.trim_start_matches("http://").to_owned();
        let body = json!({ "name": name, "password": PASSWORD });
        let (status, made) = call(&address, "POST", "/v1/accounts", None, Some(&body)).await;
        assert_eq!(status, 201, "{made}");
        Self::on(address, text(&made, "token"), None).await
    }

    /// Another device of the account, from a cursor.
    pub(super) async fn again(&self, cursor: Option<&str>) -> Self {
        Self::log_in(self.address.clone(), &self.account, cursor).await
    }

    /// Another device of an account of the n-th node, from a cursor.
    pub(super) async fn at(
        world: &World,
        home: usize,
        account: &str,
        cursor: Option<&str>,
    ) -> Self {
        let address = world.homes[home].url.trim_start_matches("http://").to_owned();
        Self::log_in(address, account, cursor).await
    }

    async fn log_in(address: String, account: &str, cursor: Option<&str>) -> Self {
        let body = json!({ "name": account, "password": PASSWORD });
        let (_, made) = call(&address, "POST", "/v1/sessions", None, Some(&body)).await;
        Self::on(address, text(&made, "token"), cursor).await
    }

    async fn on(address: String, token: String, cursor: Option<&str>) -> Self {
        let stream = TcpStream::connect(&address).await.unwrap();
        let url = format!("ws://{address}/v1/socket");
        let mut socket = client_async(url, stream).await.unwrap().0;
        let hello = json!({ "type": "hello", "token": token, "cursor": cursor });
        socket.send(Message::text(hello.to_string())).await.unwrap();
        let mut plain = Self {
            account: String::new(),
            address,
            token,
            socket,
            cursor: String::new(),
            nonce: 0,
            heard: VecDeque::new(),
        };
        let welcome = plain.hears().await;
        assert_eq!(welcome["type"], "welcome", "{welcome}");
        (plain.account, plain.cursor) = (text(&welcome, "account"), text(&welcome, "cursor"));
        plain
    }

    /// The next frame.
    pub(super) async fn hears(&mut self) -> Value {
        match self.heard.pop_front() {
            Some(frame) => frame,
            None => self.reads().await,
        }
    }

    async fn reads(&mut self) -> Value {
        loop {
            let message = soon(self.socket.next()).await.expect("no end").unwrap();
            if let Message::Text(frame) = message {
                let frame: Value = serde_json::from_str(&frame).unwrap();
                if frame["type"] == "event" {
                    self.cursor = text(&frame, "cursor");
                }
                return frame;
            }
        }
    }

    /// The next frame that fits.
    pub(super) async fn sees(&mut self, fits: impl Fn(&Value) -> bool) -> Value {
        loop {
            let frame = self.hears().await;
            if fits(&frame) {
                return frame;
            }
        }
    }

    /// The next event of a kind.
    pub(super) async fn event(&mut self, kind: &str) -> Value {
        self.sees(|frame| frame["event"]["kind"] == kind).await["event"].take()
    }

    /// Sends a frame under a new nonce; its answer.
    pub(super) async fn asks(&mut self, mut frame: Value) -> Value {
        self.nonce += 1;
        let nonce = self.nonce.to_string();
        frame["nonce"] = json!(nonce);
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
        loop {
            let frame = self.reads().await;
            if frame["nonce"] == nonce.as_str() {
                return frame;
            }
            self.heard.push_back(frame);
        }
    }

    /// Says that he types; there is no answer to that.
    pub(super) async fn types(&mut self, channel: &str) {
        let frame = json!({ "type": "typing", "channel": channel });
        self.socket.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// Does something; what was refused has its code.
    pub(super) async fn does(&mut self, what: &str, mut with: Value) -> Result<Value, String> {
        (with["type"], with["do"]) = (json!("command"), json!(what));
        let answer = self.asks(with).await;
        match answer["type"].as_str() {
            Some("done") => Ok(answer),
            _ => Err(text(&answer, "code")),
        }
    }

    /// Sends a text with whatever it says besides; its id.
    pub(super) async fn says(&mut self, channel: &str, said: &str, mut with: Value) -> String {
        if with.is_null() {
            with = json!({});
        }
        (with["type"], with["channel"], with["text"]) =
            (json!("send"), json!(channel), json!(said));
        let answer = self.asks(with).await;
        assert_eq!(answer["type"], "stored", "{answer}");
        text(&answer, "id")
    }

    /// An answer over HTTP.
    pub(super) async fn gets(&self, path: &str) -> (u16, Value) {
        call(&self.address, "GET", path, Some(&self.token), None).await
    }

    /// Asks until the answer fits.
    pub(super) async fn awaits(&self, path: &str, fits: impl Fn(&Value) -> bool) {
        let began = std::time::Instant::now();
        soon(async {
            loop {
                let answer = self.gets(path).await;
                if fits(&answer.1) {
                    return;
                }
                assert!(began.elapsed().as_secs() < 29, "{path} stays at {answer:?}");
            }
        })
        .await;
    }

    /// An answer over HTTP to something with a body.
    pub(super) async fn calls(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        call(&self.address, method, path, Some(&self.token), Some(body)).await
    }

    /// Says goodbye, and waits until the node has heard it. What is asked later goes over HTTP.
    pub(super) async fn leaves(mut self) -> Self {
        self.socket.close(None).await.unwrap();
        while let Some(Ok(_)) = soon(self.socket.next()).await {}
        self
    }

    /// The same without a token, but for the socket.
    pub(super) fn without_token(mut self) -> Self {
        self.token = "none".to_owned();
        self
    }

    /// An answer over HTTP to bytes, with headers of the request: its status, head and body.
    pub(super) async fn exchanges(
        &self,
        line: &str,
        headers: &str,
        body: &[u8],
    ) -> (u16, String, Vec<u8>) {
        exchange(&self.address, line, Some(&self.token), headers, body).await
    }

    /// A message as history shows it.
    pub(super) async fn message(&self, channel: &str, id: &str) -> Value {
        let (status, mut found) = self.gets(&format!("/v1/channels/{channel}/messages/{id}")).await;
        assert_eq!(status, 200, "{found}");
        found["event"].take()
    }

    /// A channel as the list shows it.
    pub(super) async fn channel(&self, id: &str) -> Value {
        let (_, found) = self.gets("/v1/channels").await;
        let mut channels = found["channels"].as_array().unwrap().iter();
        channels.find(|channel| channel["id"] == id).cloned().unwrap_or_default()
    }

    /// Opens the direct channel with somebody.
    pub(super) async fn opens(&self, with: &str) -> String {
        let body = json!({ "kind": "direct", "with": with });
        let (status, made) = self.calls("POST", "/v1/channels", &body).await;
        assert_eq!(status, 201, "{made}");
        text(&made["channel"], "id")
    }

    /// Creates a group with others in it.
    pub(super) async fn founds(&mut self, name: &str, others: &mut [&mut Plain]) -> String {
        let body = json!({ "kind": "group", "name": name });
        let (_, made) = self.calls("POST", "/v1/channels", &body).await;
        let group = text(&made["channel"], "id");
        for other in others {
            let with = json!({ "channel": group, "account": other.account });
            self.does("invite", with).await.unwrap();
            other.event("invited").await;
            other.does("accept", json!({ "channel": group })).await.unwrap();
            let account = other.account.clone();
            let is_in = |frame: &Value| {
                frame["event"]["kind"] == "joined" && frame["event"]["account"] == account.as_str()
            };
            other.sees(is_in).await;
            self.sees(is_in).await;
        }
        group
    }
}

/// A text of an object.
pub(super) fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("no {field} in {value}")).to_owned()
}

async fn call(
    address: &str,
    method: &str,
    path: &str,
    token: Option<&str>,
    body: Option<&Value>,
) -> (u16, Value) {
    let body = body.map(Value::to_string).unwrap_or_default();
    let line = format!("{method} {path}");
    let (status, _, body) = exchange(address, &line, token, "", body.as_bytes()).await;
    (status, serde_json::from_slice(&body).unwrap_or_default())
}

async fn exchange(
    address: &str,
    line: &str,
    token: Option<&str>,
    headers: &str,
    body: &[u8],
) -> (u16, String, Vec<u8>) {
    let mut stream = TcpStream::connect(address).await.unwrap();
    let token = token.map(|token| format!("Authorization: Bearer {token}\r\n"));
    let head = format!(
        "{line} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\
         Content-Length: {}\r\n{}{headers}\r\n",
        body.len(),
        token.unwrap_or_default(),
    );
    stream.write_all(head.as_bytes()).await.unwrap();
    // Who is refused early may be refused before all is sent.
    let _ = stream.write_all(body).await;
    let mut answer = Vec::new();
    soon(stream.read_to_end(&mut answer)).await.unwrap();
    let end = answer.windows(4).position(|found| found == b"\r\n\r\n").unwrap();
    let head = String::from_utf8(answer[..end].to_vec()).unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, head.to_ascii_lowercase(), answer[end + 4..].to_vec())
}
