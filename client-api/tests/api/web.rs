//! The web client's files, as browsers get them.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use crate::double::Server;

/// What a browser is answered: the head's lines and the bytes of the body.
struct Page {
    status: u16,
    head: String,
    body: Vec<u8>,
}

impl Page {
    async fn of(server: &Server, line: &str, headers: &str) -> Self {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let request = format!("{line} HTTP/1.1\r\nHost: x\r\n{headers}Connection: close\r\n\r\n");
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut read = Vec::new();
        timeout(PATIENCE, stream.read_to_end(&mut read)).await.expect("an answer").unwrap();
        let end = read.windows(4).position(|four| four == b"\r\n\r\n").unwrap();
        let head = String::from_utf8(read[..end].to_vec()).unwrap().to_lowercase();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        Self { status, head, body: read[end + 4..].to_vec() }
    }

    fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.head.lines().filter_map(|line| line.split_once(": "));
        fields.find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

const PATIENCE: Duration = Duration::from_secs(20);
const HTML: &str = "Accept: text/html,*/*\r\n";

/// The path of the first script that a page names.
fn script_of(page: &Page) -> String {
    let (_, rest) = page.text().split_once("<script type=\"module\" src=\"").unwrap();
    rest.split_once('"').unwrap().0.to_owned()
}

#[tokio::test]
async fn every_path_that_is_no_resource_shows_the_web_client_and_runs_nothing_else() {
    let server = Server::start().await;
    for path in ["/", "/c/AAAA/01ARZ3NDEKTSV4RRFFQ69G5FAV", "/admin", "/invite/abc"] {
        let page = Page::of(&server, &format!("GET {path}"), HTML).await;
        assert_eq!(page.status, 200, "{path}");
        assert_eq!(page.field("content-type"), Some("text/html; charset=utf-8"));
        assert!(page.text().contains("<div id=\"app\">"));
        let policy = page.field("content-security-policy").unwrap();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
        assert_eq!(page.field("cache-control"), Some("no-cache"));
    }
}

#[tokio::test]
async fn resources_that_are_not_there_are_no_pages() {
    let server = Server::start().await;
    let lines = ["GET /v1/nothing", "GET /.well-known/nothing", "POST /", "GET /v1/admin/users"];
    for line in lines {
        let answer = Page::of(&server, line, HTML).await;
        assert_eq!(answer.status, 404, "{line}");
        assert!(answer.text().contains("resource_not_found"), "{line}");
    }
    // What keeps the page for when there is no connection asks for it as a file.
    assert_eq!(Page::of(&server, "GET /", "Accept: */*\r\n").await.status, 200);
    // A program that gropes about is no browser.
    let answer = Page::of(&server, "GET /nothing.js", "Accept: */*\r\n").await;
    assert_eq!(answer.status, 404);
}

#[tokio::test]
async fn files_are_small_and_asked_for_once() {
    let server = Server::start().await;
    let script = script_of(&Page::of(&server, "GET /", HTML).await);
    let line = format!("GET {script}");
    let plain = Page::of(&server, &line, "").await;
    let packed = Page::of(&server, &line, "Accept-Encoding: gzip, br\r\n").await;
    assert_eq!(plain.field("content-encoding"), None);
    assert_eq!(packed.field("content-encoding"), Some("gzip"));
    assert!(packed.body.len() * 2 < plain.body.len());
    assert_eq!(packed.field("content-type"), Some("text/javascript; charset=utf-8"));
    assert_eq!(packed.field("cache-control"), Some("max-age=31536000, immutable"));
    // What may change is asked for anew, and not sent where it has not.
    let tag = Page::of(&server, "GET /sw.js", "").await.field("etag").unwrap().to_owned();
    let held = Page::of(&server, "GET /sw.js", &format!("If-None-Match: {tag}\r\n")).await;
    assert_eq!((held.status, held.body.len()), (304, 0));
    let head = Page::of(&server, &format!("HEAD {script}"), "").await;
    assert_eq!((head.status, head.body.len()), (200, 0));
}
