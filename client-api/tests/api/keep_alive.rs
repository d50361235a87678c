//! Connections that are used again: an answer given before its request's body was read must not
//! cost the next request. Bytes by hand, so that head and body come when a test wants.

use serde_json::json;

use crate::double::Server;
use crate::raw::{Answer, Kept};

/// Requests whose body nobody reads, and the status that they get.
const UNREAD: &[(&str, u16)] = &[
    ("POST /v1/channels", 401),
    ("PUT /v1/me/password", 401),
    ("POST /v1/nothing", 404),
    ("PUT /v1/channels", 405),
    ("GET /v1/health", 200),
];

fn head(line: &str, more: &str) -> Vec<u8> {
    format!("{line} HTTP/1.1\r\nHost: x\r\n{more}\r\n").into_bytes()
}

fn with_body(line: &str, body: &[u8]) -> (Vec<u8>, Vec<u8>) {
    (head(line, &format!("Content-Length: {}\r\n", body.len())), body.to_vec())
}

fn chunked(line: &str) -> (Vec<u8>, Vec<u8>) {
    let body = b"7\r\n{\"a\":1}\r\n0\r\n\r\n".to_vec();
    (head(line, "Transfer-Encoding: chunked\r\n"), body)
}

fn health() -> Vec<u8> {
    head("GET /v1/health", "")
}

fn check_health(answer: &Answer, after: &str) {
    assert_eq!(answer.status, 200, "after {after}");
    assert_eq!(answer.json(), json!({ "status": "ok" }), "after {after}");
}

#[tokio::test]
async fn the_next_request_of_a_connection_is_answered() {
    let server = Server::start().await;
    let mut kept = Kept::open(&server).await;
    for _ in 0..20 {
        for (line, status) in UNREAD {
            for (head, body) in [with_body(line, b"{\"name\":\"x\"}"), chunked(line)] {
                kept.send(&head).await;
                // The body comes once the server has seen the head: it has answered others since.
                let mut other = Kept::open(&server).await;
                other.send(&health()).await;
                check_health(&other.answer().await, "nothing");
                kept.send(&body).await;
                let answer = kept.answer().await;
                assert_eq!((answer.status, answer.header("connection")), (*status, None), "{line}");
                kept.send(&health()).await;
                check_health(&kept.answer().await, line);
            }
        }
    }
    server.stop().await;
}

#[tokio::test]
async fn requests_that_come_together_are_all_answered() {
    let server = Server::start().await;
    let mut kept = Kept::open(&server).await;
    for (line, status) in UNREAD {
        let (first_head, first_body) = with_body(line, &[b' '; 30_000]);
        kept.send(&[first_head, first_body, health()].concat()).await;
        assert_eq!(kept.answer().await.status, *status, "{line}");
        check_health(&kept.answer().await, line);
    }
    server.stop().await;
}

#[tokio::test]
async fn a_body_that_is_too_large_is_read_to_its_end() {
    let server = Server::start().await;
    let mut kept = Kept::open(&server).await;
    let (head, body) = with_body("POST /v1/sessions", &[b' '; 200_000]);
    kept.send(&[head, body, health()].concat()).await;
    assert_eq!(kept.answer().await.status, 413);
    check_health(&kept.answer().await, "a body that was too large");
    server.stop().await;
}

#[tokio::test]
async fn a_connection_that_cannot_go_on_says_so() {
    let server = Server::start().await;
    let (announced, _) = with_body("POST /v1/channels", b"{\"name\":\"x\"}");
    let asking = head("POST /v1/channels", "Content-Length: 9\r\nExpect: 100-continue\r\n");
    for (head, what) in [(announced, "a body that never comes"), (asking, "a client that asks")] {
        let mut kept = Kept::open(&server).await;
        kept.send(&head).await;
        let answer = kept.answer().await;
        assert_eq!((answer.status, answer.header("connection")), (401, Some("close")), "{what}");
        assert_eq!(answer.json()["error"]["code"], "token_invalid");
        assert!(kept.is_closed().await, "{what}");
    }
    server.stop().await;
}
