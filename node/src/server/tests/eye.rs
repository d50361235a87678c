//! Somebody with a bare socket, who sees frames as they are: the socket's library and JSON, and
//! nothing of our own client.

use std::collections::VecDeque;
use std::time::Duration;

use comity_client::Http;
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream, connect_async};

use super::world::{PASSWORD, World, soon};

/// Long enough for whoever is asked only by the way.
const BEAT: Duration = Duration::from_millis(200);

/// A device with its open socket.
pub(super) struct Eye {
    pub(super) account: String,
    pub(super) http: Http,
    token: String,
    home: String,
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    pub(super) heartbeat_ms: u64,
    /// Frames that came and were not asked about yet.
    came: VecDeque<Value>,
    /// Every state that was shown, as account and state.
    pub(super) shown: Vec<(String, String)>,
}

impl Eye {
    /// Somebody new.
    pub(super) async fn opens(world: &World, home: usize, name: &str) -> Self {
        let http = Http::at(&world.homes[home].url).unwrap();
        let login = soon(http.sign_up(name, PASSWORD, None, "first")).await.unwrap();
        let home = world.homes[home].url.clone();
        Self::connects(home, http.with_token(&login.token), login.account, login.token).await
    }

    /// Somebody who is known, on another device.
    pub(super) async fn logs_in(world: &World, home: usize, name: &str) -> Self {
        let http = Http::at(&world.homes[home].url).unwrap();
        let login = soon(http.log_in(name, PASSWORD, "again")).await.unwrap();
        let home = world.homes[home].url.clone();
        Self::connects(home, http.with_token(&login.token), login.account, login.token).await
    }

    async fn connects(home: String, http: Http, account: String, token: String) -> Self {
        let (socket, heartbeat_ms) = hello(&home, &token).await;
        let (came, shown) = (VecDeque::new(), Vec::new());
        Self { account, http, token, home, socket, heartbeat_ms, came, shown }
    }

    /// The connection breaks: nobody takes leave.
    pub(super) fn breaks(self) -> Broken {
        let Self { account, http, token, home, .. } = self;
        Broken { account, http, token, home }
    }

    /// Closes the socket as RFC 6455 wants it.
    pub(super) async fn closes(mut self, code: u16) -> Broken {
        let frame = CloseFrame { code: code.into(), reason: "".into() };
        soon(self.socket.close(Some(frame))).await.unwrap();
        // To the end of it, so that the node has seen it.
        while soon(self.socket.next()).await.is_some_and(|message| message.is_ok()) {}
        self.breaks()
    }

    pub(super) async fn says(&mut self, frame: Value) {
        soon(self.socket.send(Message::text(frame.to_string()))).await.unwrap();
    }

    /// The next frame of this type. Whoever waits beats.
    pub(super) async fn hears(&mut self, kind: &str) -> Value {
        let found = async {
            loop {
                while let Some(frame) = self.came.pop_front() {
                    if frame["type"] == kind {
                        return frame;
                    }
                }
                self.takes().await;
            }
        };
        let found = tokio::time::timeout(Duration::from_secs(60), found);
        found.await.unwrap_or_else(|_| panic!("no {kind} comes"))
    }

    /// Waits until an account is shown in a state; tells how it was shown.
    pub(super) async fn sees(&mut self, account: &str, state: &str) -> Value {
        loop {
            let frame = self.hears("presence").await;
            let shown = frame["presences"].as_array().unwrap().clone();
            for shown in &shown {
                let text = |field: &str| shown[field].as_str().unwrap().to_owned();
                self.shown.push((text("account"), text("state")));
            }
            let found = shown.into_iter().rfind(|shown| shown["account"] == account);
            if let Some(found) = found.filter(|shown| shown["state"] == state) {
                return found;
            }
        }
    }

    /// In which states an account was shown since this was asked last.
    pub(super) fn saw(&mut self, account: &str) -> Vec<String> {
        let (of_it, others) = self.shown.drain(..).partition(|(who, _)| who == account);
        self.shown = others;
        let of_it: Vec<(String, String)> = of_it;
        of_it.into_iter().map(|(_, state)| state).collect()
    }

    /// Asks how accounts are.
    pub(super) async fn asks(&self, accounts: &[&str]) -> Vec<Value> {
        let query: Vec<String> = accounts
            .iter()
            .map(|account| format!("account={}", account.replace('@', "%40")))
            .collect();
        let path = format!("/v1/presence?{}", query.join("&"));
        let answer = soon(ask(&self.home, &self.token, "GET", &path, None)).await;
        assert_eq!(answer.0, 200, "{}", answer.1);
        answer.1["presences"].as_array().unwrap().clone()
    }

    /// A request, its status and its answer.
    pub(super) async fn requests(
        &self,
        method: &str,
        path: &str,
        body: Option<Value>,
    ) -> (u16, Value) {
        soon(ask(&self.home, &self.token, method, path, body)).await
    }

    async fn takes(&mut self) {
        tokio::select! {
            message = self.socket.next() => match message.expect("the socket goes on").unwrap() {
                Message::Text(text) => self.came.push_back(serde_json::from_str(&text).unwrap()),
                other => panic!("{other:?}"),
            },
            () = tokio::time::sleep(BEAT) => self.says(json!({ "type": "ping" })).await,
        }
    }
}

/// A device whose connection is gone.
pub(super) struct Broken {
    account: String,
    http: Http,
    token: String,
    home: String,
}

impl Broken {
    /// Asks for news without a socket; the status of the answer.
    pub(super) async fn polls(&self) -> u16 {
        soon(ask(&self.home, &self.token, "GET", "/v1/sync", None)).await.0
    }

    pub(super) async fn returns(self) -> Eye {
        let Self { account, http, token, home } = self;
        let (socket, heartbeat_ms) = hello(&home, &token).await;
        let (came, shown) = (VecDeque::new(), Vec::new());
        Eye { account, http, token, home, socket, heartbeat_ms, came, shown }
    }
}

async fn hello(home: &str, token: &str) -> (WebSocketStream<MaybeTlsStream<TcpStream>>, u64) {
    let (mut socket, _) =
        soon(connect_async(home.replacen("http", "ws", 1) + "/v1/socket")).await.unwrap();
    let hello = json!({ "type": "hello", "token": token });
    soon(socket.send(Message::text(hello.to_string()))).await.unwrap();
    let welcome = soon(socket.next()).await.unwrap().unwrap();
    let welcome: Value = serde_json::from_str(welcome.to_text().unwrap()).unwrap();
    assert_eq!(welcome["type"], "welcome", "{welcome}");
    (socket, welcome["heartbeat_ms"].as_str().unwrap().parse().unwrap())
}

/// One request over a connection of its own.
async fn ask(
    home: &str,
    token: &str,
    method: &str,
    path: &str,
    body: Option<Value>,
) -> (u16, Value) {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};

    let addr = home.strip_prefix("http://").unwrap();
    let mut stream = TcpStream::connect(addr).await.unwrap();
    let body = body.map(|body| body.to_string()).unwrap_or_default();
    let length = body.len();
    let request = format!(
        "{method} {path} HTTP/1.1\r\nHost: {addr}\r\nConnection: close\r\n\
         Authorization: Bearer {token}\r\nContent-Length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    let status = head.split(' ').nth(1).unwrap().parse().unwrap();
    (status, serde_json::from_str(body).unwrap_or(Value::Null))
}
