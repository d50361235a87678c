//! Every limit of the door as clients meet it, over a real listener: what is refused, when it says
//! to come again, and that it is so. The node behind it is a test double.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

use comity_client_api::{ApiSettings, DoorLimits, Origins, Rate, log_in_limits};
use futures_util::{SinkExt, StreamExt};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::double::{Double, Server};
use crate::raw::{Answer, Kept, exchange};

const PATIENCE: Duration = Duration::from_secs(20);
const PASSWORD: &str = "a long password";

async fn server(door: DoorLimits) -> Server {
    started(ApiSettings { door, ..ApiSettings::default() }).await
}

async fn started(settings: ApiSettings) -> Server {
    Server::start_with(Double::new(), settings, None).await
}

/// What is limited here, all else as usual: so often that a test meets it at once, with waits that
/// a test can sit out.
fn few() -> Rate {
    Rate::new(20, Duration::from_secs(4))
}

/// A request with these header lines, from the machine's own address with this last number.
async fn ask(server: &Server, from: u8, line: &str, headers: &str, body: &str) -> Answer {
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(SocketAddr::from((Ipv4Addr::new(127, 0, 0, from), 0))).unwrap();
    let mut stream = socket.connect(server.address).await.unwrap();
    let length = body.len();
    let text = format!(
        "{line} HTTP/1.1\r\nHost: x\r\n{headers}Content-Length: {length}\r\n\
         Connection: close\r\n\r\n{body}"
    );
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut read = Vec::new();
    timeout(PATIENCE, stream.read_to_end(&mut read)).await.expect("an answer").unwrap();
    crate::raw::parse(&String::from_utf8(read).unwrap())
}

async fn token_of(server: &Server, name: &str) -> String {
    let body = json!({ "name": name, "password": PASSWORD }).to_string();
    let answer = ask(server, 99, "POST /v1/accounts", "", &body).await;
    answer.json()["token"].as_str().unwrap().to_owned()
}

fn bearer(token: &str) -> String {
    format!("Authorization: Bearer {token}\r\n")
}

/// Asks until it is refused; how long to wait.
async fn held_back(mut ask: impl AsyncFnMut() -> Answer) -> Duration {
    for _ in 0..10_000 {
        let answer = ask().await;
        if answer.status == 429 {
            return wait_of(&answer);
        }
    }
    panic!("nobody is held back");
}

/// How long an answer says to wait, in both its ways.
fn wait_of(answer: &Answer) -> Duration {
    let error = &answer.json()["error"];
    assert_eq!((answer.status, &error["code"]), (429, &json!("rate_limited")), "{}", answer.body);
    let wait = Duration::from_millis(error["retry_after_ms"].as_str().unwrap().parse().unwrap());
    let seconds: u128 = answer.header("retry-after").unwrap().parse().unwrap();
    assert!(!wait.is_zero() && seconds == wait.as_millis().div_ceil(1_000), "{wait:?}");
    assert_eq!(answer.header("access-control-expose-headers"), Some("retry-after"));
    wait
}

/// A socket, opened with these headers.
async fn open(server: &Server, headers: &[(&'static str, &str)]) -> Result<Socket, u16> {
    let mut request = format!("ws://{}/v1/socket", server.address).into_client_request().unwrap();
    for (name, value) in headers {
        request.headers_mut().insert(*name, HeaderValue::from_str(value).unwrap());
    }
    let stream = TcpStream::connect(server.address).await.unwrap();
    match client_async(request, stream).await {
        Ok((socket, _)) => Ok(Socket(socket)),
        Err(tokio_tungstenite::tungstenite::Error::Http(answer)) => Err(answer.status().as_u16()),
        Err(error) => panic!("{error}"),
    }
}

struct Socket(WebSocketStream<TcpStream>);

impl Socket {
    async fn say(&mut self, frame: Value) {
        self.0.send(Message::text(frame.to_string())).await.unwrap();
    }

    /// What a request is answered; what else is told is passed over.
    async fn answer(&mut self, nonce: u64) -> Value {
        let nonce = nonce.to_string();
        loop {
            let frame = self.hear().await;
            if frame["nonce"] == nonce {
                return frame;
            }
        }
    }

    async fn hear(&mut self) -> Value {
        let message = timeout(PATIENCE, self.0.next()).await.expect("a frame in time");
        serde_json::from_str(message.unwrap().unwrap().to_text().unwrap()).unwrap()
    }
}

#[tokio::test]
async fn an_account_that_asks_too_often_waits_as_told() {
    let server = server(DoorLimits { account_requests: few(), ..DoorLimits::default() }).await;
    let (alice, bob) = (token_of(&server, "alice").await, token_of(&server, "bob").await);
    let me = async |token: &str, from| ask(&server, from, "GET /v1/me", &bearer(token), "").await;
    let wait = held_back(async || me(&alice, 1).await).await;
    // It is the account that waits, wherever it asks from; nobody else does.
    assert_eq!(me(&alice, 2).await.status, 429);
    assert_eq!(me(&bob, 1).await.status, 200);
    sleep(wait).await;
    assert_eq!(me(&alice, 1).await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn a_socket_that_asks_too_often_is_refused_by_nonce_and_goes_on() {
    let server = server(DoorLimits { account_requests: few(), ..DoorLimits::default() }).await;
    let (alice, _bob) = (token_of(&server, "alice").await, token_of(&server, "bob").await);
    let mut socket = open(&server, &[]).await.unwrap();
    socket.say(json!({ "type": "hello", "token": alice })).await;
    assert_eq!(socket.hear().await["type"], "welcome");
    let direct = |nonce: u64| {
        let nonce = nonce.to_string();
        let with = "bob@acme.test";
        json!({ "type": "command", "do": "open_direct", "nonce": nonce, "with": with })
    };
    let (mut nonce, mut answer) = (0, Value::Null);
    while answer["type"] != "refused" {
        nonce += 1;
        assert!(nonce < 10_000, "nobody is held back");
        socket.say(direct(nonce)).await;
        answer = socket.answer(nonce).await;
    }
    assert_eq!(answer["code"], "rate_limited");
    let wait: u64 = answer["retry_after_ms"].as_str().unwrap().parse().unwrap();
    sleep(Duration::from_millis(wait)).await;
    socket.say(direct(nonce)).await;
    assert_eq!(socket.answer(nonce).await["type"], "done");

    // What is no request counts too, and a flood costs the socket nothing but time.
    for _ in 0..100 {
        socket.say(json!({ "type": "ping" })).await;
    }
    let (mut pongs, mut refusals) = (0, 0);
    while pongs + refusals < 100 {
        let frame = socket.hear().await;
        pongs += usize::from(frame["type"] == "pong");
        refusals += usize::from(frame["code"] == "rate_limited");
    }
    assert!(refusals > 0);
    server.stop().await;
}

#[tokio::test]
async fn strangers_share_the_rate_of_their_address_and_hold_up_nobody_with_a_token() {
    let server = server(DoorLimits { address_requests: few(), ..DoorLimits::default() }).await;
    let alice = token_of(&server, "alice").await;
    for (line, headers) in [
        ("GET /v1/openapi.json", ""),
        ("GET /.well-known/comity", "Authorization: Bearer junk\r\n"),
        ("GET /v1/nothing", ""),
        ("PUT /v1/channels", ""),
        ("GET /v1/me", ""),
        ("GET /v1/me", "Authorization: Bearer junk\r\n"),
        ("GET /v1/socket", ""),
    ] {
        let wait = held_back(async || ask(&server, 1, line, headers, "").await).await;
        assert_eq!(ask(&server, 1, "GET /v1/me", &bearer(&alice), "").await.status, 200);
        assert_eq!(ask(&server, 2, "GET /v1/openapi.json", "", "").await.status, 200);
        // Whoever watches over the node sees it well.
        for _ in 0..10 {
            assert_eq!(ask(&server, 1, "GET /v1/health", "", "").await.status, 200);
        }
        sleep(wait).await;
        assert_ne!(ask(&server, 1, line, headers, "").await.status, 429, "{line}");
    }
    // Who is no proxy of ours says in vain whom it speaks for.
    held_back(async || ask(&server, 1, "GET /v1/openapi.json", "", "").await).await;
    let forged = "X-Forwarded-For: 192.0.2.1\r\nForwarded: for=192.0.2.1\r\n";
    assert_eq!(ask(&server, 1, "GET /v1/openapi.json", forged, "").await.status, 429);
    server.stop().await;
}

#[tokio::test]
async fn sign_ups_have_a_rate_by_address() {
    let limits = DoorLimits { address_sign_ups: few(), ..DoorLimits::default() };
    let server = server(limits).await;
    let mut number = 0;
    let mut sign_up = async |from| {
        number += 1;
        let body = json!({ "name": format!("user{number}"), "password": PASSWORD }).to_string();
        ask(&server, from, "POST /v1/accounts", "", &body).await
    };
    let wait = held_back(async || sign_up(1).await).await;
    assert_eq!(sign_up(2).await.status, 201);
    sleep(wait).await;
    assert_eq!(sign_up(1).await.status, 201);
    server.stop().await;
}

fn log_in(name: &str, password: &str) -> String {
    json!({ "name": name, "password": password }).to_string()
}

#[tokio::test]
async fn wrong_passwords_make_wait_and_lock_nobody_out() {
    let limits = DoorLimits {
        log_ins: log_in_limits(6, 1_000, Duration::from_secs(900)),
        ..DoorLimits::default()
    };
    let server = server(limits).await;
    let alice = token_of(&server, "alice").await;
    token_of(&server, "bob").await;
    let (wrong, right) = (log_in("alice", "wrong"), log_in("Alice@acme.test", PASSWORD));
    let tries = async |from, body: &str| ask(&server, from, "POST /v1/sessions", "", body).await;
    let wait = held_back(async || tries(1, &wrong).await).await;
    // While it lasts the right password is not looked at either, there.
    assert_eq!(wait_of(&tries(1, &right).await).as_secs(), wait.as_secs());
    assert_eq!(tries(1, &log_in("bob", PASSWORD)).await.status, 201);
    assert_eq!(tries(2, &right).await.status, 201);
    // Names that nobody has wait in the same way.
    let nobody = log_in("nobody", "wrong");
    held_back(async || tries(3, &nobody).await).await;
    // Devices that are logged in do not notice, and their address is the account's home.
    assert_eq!(ask(&server, 4, "GET /v1/me", &bearer(&alice), "").await.status, 200);
    for attacker in 10..30 {
        held_back(async || tries(attacker, &wrong).await).await;
    }
    let wait = wait_of(&tries(5, &right).await);
    assert_eq!(tries(4, &right).await.status, 201);
    sleep(wait).await;
    assert_eq!(tries(5, &right).await.status, 201);
    server.stop().await;
}

#[tokio::test]
async fn the_old_password_cannot_be_guessed_on_a_device_either() {
    let limits = DoorLimits {
        log_ins: log_in_limits(6, 1_000, Duration::from_secs(900)),
        ..DoorLimits::default()
    };
    let server = server(limits).await;
    let alice = bearer(&token_of(&server, "alice").await);
    let change = async |old: &str| {
        let body = json!({ "old": old, "new": "another long one" }).to_string();
        ask(&server, 1, "PUT /v1/me/password", &alice, &body).await
    };
    let wait = held_back(async || change("wrong").await).await;
    assert_eq!(change(PASSWORD).await.status, 429);
    sleep(wait).await;
    assert_eq!(change(PASSWORD).await.status, 204);
    server.stop().await;
}

#[tokio::test]
async fn an_address_has_so_many_connections() {
    let limits = DoorLimits { address_connections_max: 3, ..DoorLimits::default() };
    let server = server(limits).await;
    let mut held = Vec::new();
    for _ in 0..3 {
        let mut kept = Kept::open(&server).await;
        kept.send(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n").await;
        assert_eq!(kept.answer().await.status, 200);
        held.push(kept);
    }
    let mut further = Kept::open(&server).await;
    further.send(b"GET /v1/health HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let answer = further.answer().await;
    let wait = wait_of(&answer);
    assert_eq!(answer.header("connection"), Some("close"));
    assert!(further.is_closed().await);
    // Somebody else is served.
    assert_eq!(ask(&server, 2, "GET /v1/health", "", "").await.status, 200);

    // Of many that only wait to be told so, most are cut.
    let mut waiting = Vec::new();
    for _ in 0..20 {
        waiting.push(TcpStream::connect(server.address).await.unwrap());
    }
    let (mut cut, mut byte) = (0, [0]);
    for stream in &mut waiting[8..] {
        cut += usize::from(matches!(timeout(PATIENCE, stream.read(&mut byte)).await, Ok(Ok(0))));
    }
    assert_eq!(cut, 12);
    drop((held, waiting, further));
    sleep(wait).await;
    assert_eq!(ask(&server, 1, "GET /v1/health", "", "").await.status, 200);
    server.stop().await;
}

#[tokio::test]
async fn behind_a_proxy_clients_have_the_addresses_that_it_says() {
    let limits =
        DoorLimits { address_connections_max: 2, address_requests: few(), ..DoorLimits::default() };
    let settings = ApiSettings {
        door: limits,
        trusted_proxies: vec!["127.0.0.1".parse().unwrap()],
        ..ApiSettings::default()
    };
    let server = started(settings).await;
    let alice = token_of(&server, "alice").await;
    let asks = async |headers: &str| ask(&server, 1, "GET /v1/openapi.json", headers, "").await;
    let wait = held_back(async || asks("X-Forwarded-For: 192.0.2.1\r\n").await).await;
    // What the client had written before the proxy added to it does not count.
    assert_eq!(asks("X-Forwarded-For: 6.6.6.6, 192.0.2.1\r\n").await.status, 429);
    assert_eq!(asks("Forwarded: for=192.0.2.1;proto=https\r\n").await.status, 429);
    for other in ["X-Forwarded-For: 192.0.2.2\r\n", "Forwarded: for=\"[2001:db8::1]:7\"\r\n", ""] {
        assert_eq!(asks(other).await.status, 200, "{other}");
    }
    // 64 bits of IPv6 are one client.
    let v6 = |n: u16| format!("X-Forwarded-For: 2001:db8:7:7::{n:x}\r\n");
    let mut number = 0;
    held_back(async || {
        number += 1;
        asks(&v6(number)).await
    })
    .await;
    assert_eq!(asks("X-Forwarded-For: 2001:db8:7:8::1\r\n").await.status, 200);
    sleep(wait).await;
    assert_eq!(asks("X-Forwarded-For: 192.0.2.1\r\n").await.status, 200);

    // The proxy's connections are its own affair; sockets and polls behind it are counted.
    let at = |last: &'static str| [("x-forwarded-for", last)];
    let held = (open(&server, &at("192.0.2.7")).await, open(&server, &at("192.0.2.7")).await);
    assert!(held.0.is_ok() && held.1.is_ok());
    assert_eq!(open(&server, &at("192.0.2.7")).await.err(), Some(429));
    let poll = async |from: &str| {
        let headers = format!("{}X-Forwarded-For: {from}\r\n", bearer(&alice));
        ask(&server, 1, "GET /v1/sync", &headers, "").await
    };
    let wait = wait_of(&poll("192.0.2.7").await);
    assert_eq!(poll("192.0.2.8").await.status, 200);
    drop(held);
    sleep(wait).await;
    assert_eq!(poll("192.0.2.7").await.status, 200);
    assert!(open(&server, &at("192.0.2.7")).await.is_ok());
    server.stop().await;
}

#[tokio::test]
async fn a_token_counts_in_its_header_only() {
    let server = server(DoorLimits::default()).await;
    let alice = token_of(&server, "alice").await;
    assert_eq!(ask(&server, 1, "GET /v1/me", &bearer(&alice), "").await.status, 200);
    for name in ["token", "access_token", "auth", "authorization", "bearer", "api_key"] {
        for value in [alice.clone(), format!("Bearer%20{alice}")] {
            for path in ["/v1/me", "/v1/sync", "/v1/channels"] {
                let answer = ask(&server, 1, &format!("GET {path}?{name}={value}"), "", "").await;
                assert_eq!(answer.status, 401, "{path}?{name}");
                assert_eq!(answer.json()["error"]["code"], "token_invalid");
            }
        }
        let cookie = format!("Cookie: {name}={alice}\r\n");
        assert_eq!(ask(&server, 1, "GET /v1/me", &cookie, "").await.status, 401);
        let body = json!({ name: alice }).to_string();
        assert_eq!(ask(&server, 1, "POST /v1/channels", "", &body).await.status, 401);
        // A socket opened with one in its address has to say hello as any other.
        let url = format!("ws://{}/v1/socket?{name}={alice}", server.address);
        let stream = TcpStream::connect(server.address).await.unwrap();
        let mut socket = Socket(client_async(url, stream).await.unwrap().0);
        socket.say(json!({ "type": "ping" })).await;
        let goodbye = socket.hear().await;
        assert_eq!((&goodbye["type"], &goodbye["code"]), (&json!("goodbye"), &json!("malformed")));
    }
    for scheme in ["Basic", "Token", "Bearer:"] {
        let header = format!("Authorization: {scheme} {alice}\r\n");
        assert_eq!(ask(&server, 1, "GET /v1/me", &header, "").await.status, 401, "{scheme}");
    }
    server.stop().await;
}

#[tokio::test]
async fn pages_of_listed_origins_alone_may_ask() {
    let ours = "https://chat.acme.test";
    let settings = ApiSettings {
        origins: Origins::Listed(vec![ours.parse().unwrap()]),
        ..ApiSettings::default()
    };
    let server = started(settings).await;
    let preflight = async |origin: &str| {
        let text = format!(
            "OPTIONS /v1/channels HTTP/1.1\r\nHost: x\r\nOrigin: {origin}\r\n\
             Access-Control-Request-Method: PATCH\r\nConnection: close\r\n\r\n"
        );
        exchange(&server, text.as_bytes()).await
    };
    let answer = preflight(ours).await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(ours));
    assert_eq!(answer.header("access-control-max-age"), Some("86400"));
    assert!(answer.header("access-control-allow-methods").unwrap().contains("PATCH"));
    assert_eq!(answer.header("vary"), Some("origin"));
    for other in ["https://evil.test", "null", "http://chat.acme.test", "https://chat.acme.test:1"]
    {
        let answer = preflight(other).await;
        assert_eq!(answer.header("access-control-allow-origin"), None, "{other}");
        assert_eq!(answer.header("access-control-allow-methods"), None, "{other}");
        assert_eq!(answer.header("vary"), Some("origin"));
        assert_eq!(open(&server, &[("origin", other)]).await.err(), Some(403), "{other}");
    }
    assert!(open(&server, &[("origin", ours)]).await.is_ok());
    // The node's own web client comes from the node.
    let own = format!("http://{}", server.address);
    assert!(open(&server, &[("origin", &own)]).await.is_ok());
    // What is no browser does not say an origin.
    assert!(open(&server, &[]).await.is_ok());
    let origin = format!("Origin: {ours}\r\n");
    let answer = ask(&server, 1, "GET /v1/health", &origin, "").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some(ours));
    assert_eq!(answer.header("access-control-expose-headers"), Some("retry-after"));
    server.stop().await;
}
