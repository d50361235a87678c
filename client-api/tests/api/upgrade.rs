//! The way from HTTP to a socket, by hand: what no WebSocket library would send. The long table of
//! RFC 6455 stands in `conformance/outside/rfc6455.py`.

use crate::double::Server;
use crate::raw::{Answer, Kept};

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

async fn upgrade(socket: &mut Kept, version: &str, key: &str) -> Answer {
    let head = format!(
        "GET /v1/socket HTTP/1.1\r\nHost: acme.test\r\nUpgrade: websocket\r\n\
         Connection: Upgrade\r\nSec-WebSocket-Version: {version}\r\n\
         Sec-WebSocket-Key: {key}\r\n\r\n"
    );
    socket.send(head.as_bytes()).await;
    socket.answer().await
}

#[tokio::test]
async fn another_version_is_told_the_one_that_is_spoken() {
    let server = Server::start().await;
    let mut socket = Kept::open(&server).await;
    let answer = upgrade(&mut socket, "12", KEY).await;
    assert_eq!(answer.status, 400);
    assert_eq!(answer.json()["error"]["code"], "version_unsupported");
    assert_eq!(answer.header("sec-websocket-version"), Some("13"));
    // The connection may go on with the right one.
    assert_eq!(upgrade(&mut socket, "13", KEY).await.status, 101);
}

#[tokio::test]
async fn a_key_that_is_none_is_refused() {
    let server = Server::start().await;
    let mut socket = Kept::open(&server).await;
    for key in ["", "c2hvcnQ=", "????????????????????????", "dGhlIHNhbXBsZSBub25jZQAA"] {
        let answer = upgrade(&mut socket, "13", key).await;
        assert_eq!(answer.status, 400, "{key}");
        assert_eq!(answer.json()["error"]["code"], "malformed", "{key}");
    }
}

#[tokio::test]
async fn a_frame_that_breaks_the_standard_is_told_so_by_its_close_code() {
    let server = Server::start().await;
    let mut socket = Kept::open(&server).await;
    assert_eq!(upgrade(&mut socket, "13", KEY).await.status, 101);
    let with_a_reserved_bit = [0xc1, 0x80, 0, 0, 0, 0];
    socket.send(&with_a_reserved_bit).await;
    let (opcode, goodbye) = socket.frame().await;
    assert_eq!(opcode, 1);
    assert!(String::from_utf8(goodbye).unwrap().contains("\"code\":\"malformed\""));
    let (opcode, close) = socket.frame().await;
    assert_eq!((opcode, &close[..2]), (8, &1002_u16.to_be_bytes()[..]));
}

#[tokio::test]
async fn the_goodbye_to_a_frame_that_is_too_large_arrives_though_all_of_it_is_sent_first() {
    let server = Server::start().await;
    let mut socket = Kept::open(&server).await;
    assert_eq!(upgrade(&mut socket, "13", KEY).await.status, 101);
    // More than the system takes in on both sides together.
    let payload = vec![b'a'; 16 * 1024 * 1024];
    let size = u64::try_from(payload.len()).unwrap().to_be_bytes();
    let head = [&[0x81, 0xff][..], &size, &[0; 4]].concat();
    socket.send(&head).await;
    socket.send(&payload).await;
    let (opcode, goodbye) = socket.frame().await;
    assert_eq!(opcode, 1);
    assert!(String::from_utf8(goodbye).unwrap().contains("\"code\":\"too_large\""));
    let (opcode, close) = socket.frame().await;
    assert_eq!((opcode, &close[..2]), (8, &1009_u16.to_be_bytes()[..]));
    assert!(socket.is_closed().await);
}
