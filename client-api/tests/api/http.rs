//! Every resource, and every way to ask for it wrongly, over a real listener with plain HTTP. The
//! node behind it is a test double.

use comity_client::{Client, ClientSettings, Content, Http, Page};
use comity_client_api::Action;
use serde_json::{Value, json};
use std::time::Duration;

use crate::double::Server;
use crate::raw::{exchange, request};

async fn signed_up(server: &Server, name: &str) -> Http {
    let http = Http::at(&server.url).unwrap();
    let login = http.sign_up(name, "a long password", None, "test").await.unwrap();
    assert_eq!(login.account, format!("{name}@acme.test"));
    http.with_token(login.token)
}

#[tokio::test]
async fn an_account_signs_up_logs_in_and_out() {
    let server = Server::start().await;
    let alice = signed_up(&server, "alice").await;
    let me = alice.me().await.unwrap();
    assert_eq!((me.account.as_str(), me.device.current), ("alice@acme.test", true));

    let phone = alice.log_in("Alice@acme.test", "a long password", "phone").await.unwrap();
    assert_eq!(phone.device.name, "phone");
    let phone_http = alice.with_token(&phone.token);
    assert_eq!(alice.devices().await.unwrap().len(), 2);

    alice.set_password("a long password", "another password").await.unwrap();
    let wrong = alice.set_password("a long password", "yet another one").await.unwrap_err();
    assert_eq!(wrong.code(), Some("credentials_wrong"));

    alice.revoke_device(&phone.device.id).await.unwrap();
    assert_eq!(phone_http.me().await.unwrap_err().code(), Some("token_invalid"));
    let gone = alice.revoke_device(&phone.device.id).await.unwrap_err();
    assert_eq!(gone.code(), Some("device_not_found"));
    alice.log_out().await.unwrap();
    assert_eq!(alice.me().await.unwrap_err().code(), Some("token_invalid"));
    server.stop().await;
}

#[tokio::test]
async fn a_group_is_made_changed_and_left() {
    let server = Server::start().await;
    let (alice, bob) = (signed_up(&server, "alice").await, signed_up(&server, "bob").await);
    let group = alice.create_group("Tea", "at five").await.unwrap();
    assert!(!alice.invite(&group, "Bob@acme.test").await.unwrap().requested);
    let again = alice.invite(&group, "bob@acme.test").await.unwrap_err();
    assert_eq!(again.code(), Some("already_member"));
    assert_eq!(bob.channels().await.unwrap()[0].standing, "invited");
    bob.accept(&group).await.unwrap();

    alice.set_role(&group, "bob@acme.test", "moderator").await.unwrap();
    bob.rename(&group, "Coffee").await.unwrap();
    assert!(bob.set_topic(&group, "").await.unwrap().requested);
    let channel = alice.channel(&group).await.unwrap();
    assert_eq!(channel.name.as_deref(), Some("Coffee"));
    assert_eq!((channel.kind.as_str(), channel.role.as_deref()), ("group", Some("owner")));
    assert_eq!(channel.members.len(), 2);
    assert_eq!(channel.members[1].role, "moderator");

    alice.remove(&group, "bob@acme.test").await.unwrap();
    assert_eq!(bob.channel(&group).await.unwrap_err().code(), Some("channel_not_found"));
    alice.invite(&group, "bob@acme.test").await.unwrap();
    bob.decline(&group).await.unwrap();
    alice.leave_group(&group).await.unwrap();
    assert!(alice.channels().await.unwrap().is_empty());
    server.stop().await;
}

#[tokio::test]
async fn history_is_read_by_page() {
    let server = Server::start().await;
    let (alice, bob) = (signed_up(&server, "alice").await, signed_up(&server, "bob").await);
    let channel = alice.open_direct("bob@acme.test").await.unwrap();
    assert_eq!(bob.open_direct("alice@acme.test").await.unwrap(), channel);
    let mut ids = Vec::new();
    for nonce in 1..=9 {
        ids.push(alice.post(&channel, &format!("text {nonce}"), nonce).await.unwrap().id);
    }
    let page = async |page: Page, limit| {
        let found = bob.history(&channel, &page, limit).await.unwrap();
        let ids: Vec<String> = found.events.into_iter().map(|e| e.id).collect();
        (ids, found.more_before, found.more_after)
    };
    let (newest, before, after) = page(Page::Latest, 3).await;
    assert_eq!((newest, before, after), (ids[6..].to_vec(), true, false));
    let (found, ..) = page(Page::Before(ids[6].clone()), 3).await;
    assert_eq!(found, ids[3..6]);
    let (found, _, after) = page(Page::After(ids[6].clone()), 50).await;
    assert_eq!((found, after), (ids[7..].to_vec(), false));
    let (found, before, after) = page(Page::Around(ids[4].clone()), 4).await;
    assert_eq!((found, before, after), (ids[2..6].to_vec(), true, true));
    let (found, ..) = page(Page::AtDate("2026-11-23".to_owned()), 200).await;
    assert_eq!(found.len(), 10);
    // A page is asked for from a place, which need not be an event's; only `around` shows its own.
    let (first, last) = ("0".repeat(26), format!("7{}", "Z".repeat(25)));
    assert_eq!(page(Page::Before(first.clone()), 3).await, (Vec::new(), false, true));
    assert_eq!(page(Page::Before(last.clone()), 3).await.0, ids[6..]);
    assert_eq!(page(Page::After(last), 3).await, (Vec::new(), true, false));
    let missing = bob.history(&channel, &Page::Around(first), 3).await.unwrap_err();
    assert_eq!(missing.code(), Some("message_not_found"));
    server.stop().await;
}

#[tokio::test]
async fn long_pages_are_cut_by_size_and_go_on_from_there() {
    let server = Server::start().await;
    let (alice, bob) = (signed_up(&server, "alice").await, signed_up(&server, "bob").await);
    let channel = alice.open_direct("bob@acme.test").await.unwrap();
    let start = bob.sync(None, Duration::ZERO, 1).await.unwrap().cursor;
    for nonce in 1..=15 {
        alice.post(&channel, &"가".repeat(100_000), nonce).await.unwrap();
    }
    let newest = bob.history(&channel, &Page::Latest, 50).await.unwrap();
    assert!(newest.more_before && newest.events.len() < 15, "{}", newest.events.len());
    let oldest_of_page = newest.events[0].id.clone();
    let older = bob.history(&channel, &Page::Before(oldest_of_page), 50).await.unwrap();
    assert_eq!(older.events.len() + newest.events.len(), 16);

    let (mut since, mut seen) = (start, 0);
    while seen < 15 {
        let page = bob.sync(Some(&since), Duration::ZERO, 1_000).await.unwrap();
        assert!((1..15).contains(&page.events.len()));
        seen += page.events.len();
        since = page.cursor;
    }
    server.stop().await;
}

#[tokio::test]
async fn polling_gives_the_same_events_as_a_socket() {
    let server = Server::start().await;
    let (alice, bob) = (signed_up(&server, "alice").await, signed_up(&server, "bob").await);
    let channel = alice.open_direct("bob@acme.test").await.unwrap();
    let start = bob.sync(None, Duration::ZERO, 100).await.unwrap();
    assert!(start.events.is_empty() && !start.resync);

    let waiting = bob.sync(Some(&start.cursor), Duration::from_secs(30), 100);
    let (page, sent) = tokio::join!(waiting, alice.post(&channel, "안녕", 1));
    let (page, sent) = (page.unwrap(), sent.unwrap());
    assert_eq!(page.events[0].id, sent.id);
    assert_eq!(page.events[0].content, Content::Message { text: Some("안녕".to_owned()) });
    assert_eq!(sent.cursor, page.events[0].cursor);
    assert!(page.cursor.starts_with(&sent.cursor));
    // The sender's own devices get it too, and a limit cuts where the next poll goes on.
    alice.post(&channel, "2", 2).await.unwrap();
    let page = alice.sync(Some(&start.cursor), Duration::ZERO, 1).await.unwrap();
    assert_eq!((page.events.len(), &page.events[0].cursor), (1, &sent.cursor));
    let page = alice.sync(Some(&page.cursor), Duration::ZERO, 1).await.unwrap();
    assert_eq!(page.events.len(), 1);
    let quiet = alice.sync(Some(&page.cursor), Duration::from_millis(20), 1).await.unwrap();
    assert_eq!((quiet.events.len(), quiet.cursor), (0, page.cursor));

    let foreign = data_encoding::BASE64URL_NOPAD.encode(&[0; 24]);
    let page = alice.sync(Some(&foreign), Duration::from_secs(30), 100).await.unwrap();
    assert!(page.resync && page.events.is_empty());
    let wrong = alice.sync(Some("x"), Duration::ZERO, 100).await.unwrap_err();
    assert_eq!(wrong.code(), Some("cursor_invalid"));
    server.stop().await;
}

#[tokio::test]
async fn what_was_delivered_between_two_polls_is_told_by_the_second() {
    let server = Server::start().await;
    let alice = signed_up(&server, "alice").await;
    let channel = alice.open_direct("bob@globex.test").await.unwrap();
    let start = alice.sync(None, Duration::ZERO, 100).await.unwrap();
    let sent = alice.post(&channel, "안녕", 1).await.unwrap();
    let seen = alice.sync(Some(&start.cursor), Duration::ZERO, 100).await.unwrap();
    assert_eq!((seen.events.len(), seen.delivered.len()), (1, 0));
    let (place, id) = (channel.parse().unwrap(), sent.id.parse().unwrap());
    server.double.notify_delivered(place, id);
    // Once, at once, and in front of a wait.
    let told = alice.sync(Some(&seen.cursor), Duration::from_secs(30), 100).await.unwrap();
    assert_eq!((told.events.len(), told.delivered.len()), (0, 1));
    assert_eq!((&told.delivered[0].id, told.delivered[0].organisations), (&sent.id, 2));
    let quiet = alice.sync(Some(&told.cursor), Duration::ZERO, 100).await.unwrap();
    assert!(quiet.delivered.is_empty());
    // One that comes while a poll waits ends it, and is told once too.
    let waiting = alice.sync(Some(&quiet.cursor), Duration::from_secs(30), 100);
    let notify = async { server.double.notify_delivered(place, id) };
    let (told, ()) = tokio::join!(waiting, notify);
    assert_eq!(told.unwrap().delivered.len(), 1);
    // The cursor of an event knows nothing of notices; a socket takes that of a poll.
    let quiet = alice.sync(Some(&sent.cursor), Duration::ZERO, 100).await.unwrap();
    assert!(quiet.delivered.is_empty());
    let socket = ClientSettings { cursor: Some(start.cursor), ..ClientSettings::default() };
    let mut socket = Client::connect(alice, socket);
    let event = socket.next_channel_event().await.unwrap();
    assert_eq!(event.id, sent.id);
    server.stop().await;
}

#[tokio::test]
async fn a_nonce_is_answered_once() {
    let server = Server::start().await;
    let (alice, _bob) = (signed_up(&server, "alice").await, signed_up(&server, "bob").await);
    let channel = alice.open_direct("bob@acme.test").await.unwrap();
    let first = alice.post(&channel, "once", 7).await.unwrap();
    assert_eq!(alice.post(&channel, "once", 7).await.unwrap(), first);
    let reused = alice.post(&channel, "twice", 7).await.unwrap_err();
    assert_eq!(reused.code(), Some("nonce_reused"));
    assert_eq!(server.double.state().log.len(), 2);
    server.stop().await;
}

#[tokio::test]
async fn the_well_known_document_names_endpoints() {
    let server = Server::start().await;
    let http = Http::at(&server.url).unwrap();
    let known = http.well_known().await.unwrap();
    assert_eq!((known.version, known.domain.as_str()), (1, "acme.test"));
    assert_eq!(known.endpoints[0].url, server.url);
    let url = "https://chat.acme.test".to_owned();
    let endpoint = comity_client_api::Endpoint { url: url.clone(), priority: 3, weight: 4 };
    server.double.state().endpoints = vec![endpoint];
    let known = http.well_known().await.unwrap();
    assert_eq!((&known.endpoints[0].url, known.endpoints[0].priority), (&url, 3));
    server.stop().await;
}

#[tokio::test]
async fn refusals_have_a_code_a_status_and_a_sentence() {
    let server = Server::start().await;
    let alice = signed_up(&server, "alice").await;
    signed_up(&server, "bob").await;
    let channel = alice.open_direct("bob@acme.test").await.unwrap();
    let token = server.double.state().devices.keys().find(|t| t.contains("alice")).unwrap().clone();
    let long = [
        ("POST /v1/channels/ID/messages", long_text(), 413, "text_too_long", "101,000"),
        ("POST /v1/channels/ID/messages", long_text(), 413, "text_too_long", "100,000"),
    ];
    let short = REFUSALS.iter().map(|(line, body, status, code, hint)| {
        let body = (*body).to_owned();
        (*line, body, *status, *code, *hint)
    });
    for (line, body, status, code, hint) in short.chain(long) {
        let (method, path) = line.split_once(' ').unwrap();
        let (path, body) =
            (path.replace("ID", &channel), body.replace("\"ID\"", &quoted(&channel)));
        let answer = request(&server, method, &path, Some(&token), body.as_bytes()).await;
        assert_eq!(answer.status, status, "{line} {}", answer.body);
        let error = &answer.json()["error"];
        assert_eq!(error["code"], code, "{line} {error}");
        let message = error["message"].as_str().unwrap();
        assert!(message.contains(hint), "{line}: {message}");
    }
    server.stop().await;
}

#[tokio::test]
async fn a_report_says_who_has_it_and_its_comment_has_a_largest_size() {
    let server = Server::start().await;
    let (alice, bob) = (signed_up(&server, "alice").await, signed_up(&server, "bob").await);
    let channel = alice.open_direct("bob@acme.test").await.unwrap();
    let id = alice.post(&channel, "you fool", 1).await.unwrap().id;
    let token = server.double.state().devices.keys().find(|t| t.contains("bob")).unwrap().clone();
    for (chars, status) in [(1_000, 201), (1_001, 400)] {
        let comment = "é".repeat(chars);
        let body = json!({ "channel": channel, "message": id, "reason": "other",
                           "comment": comment, "name_me": true, "nonce": "7" });
        let body = body.to_string();
        let answer = request(&server, "POST", "/v1/reports", Some(&token), body.as_bytes()).await;
        assert_eq!(answer.status, status, "{}", answer.body);
        if status == 201 {
            assert_eq!(answer.json(), json!({ "kept_by": "acme.test" }));
        } else {
            assert!(answer.body.contains("1,000 characters"), "{}", answer.body);
        }
    }
    let reported = |action: &Action| match action {
        Action::Report { reason, comment, name_me, .. } => {
            Some((reason.name(), comment.as_ref().map(|c| c.chars().count()), *name_me))
        }
        _ => None,
    };
    let done: Vec<Action> =
        server.double.state().answers.values().map(|(action, _)| action.clone()).collect();
    let done: Vec<_> = done.iter().filter_map(reported).collect();
    assert_eq!(done, [("other", Some(1_000), true)]);
    // An empty comment is none, and nobody reports himself.
    assert_eq!(bob.report((&channel, &id), "spam", "").await.unwrap(), None);
    let own = alice.report((&channel, &id), "spam", "").await.unwrap_err();
    assert_eq!(own.code(), Some("report_self"));
    server.stop().await;
}

fn quoted(text: &str) -> String {
    format!("\"{text}\"")
}

#[tokio::test]
async fn an_array_is_not_taken_for_an_object() {
    let server = Server::start().await;
    let alice = signed_up(&server, "alice").await;
    signed_up(&server, "bob").await;
    let channel = alice.open_direct("bob@acme.test").await.unwrap();
    let token = server.double.state().devices.keys().find(|t| t.contains("alice")).unwrap().clone();
    for (line, body) in [
        ("POST /v1/accounts", r#"["carol","a long password"]"#),
        ("POST /v1/sessions", r#" ["alice","a long password"]"#),
        ("PUT /v1/me/password", r#"["a long password","another password"]"#),
        ("POST /v1/channels", r#"["direct","bob@acme.test","1"]"#),
        ("PATCH /v1/channels/ID", r#"["name",null,null]"#),
        ("POST /v1/channels/ID/invites", r#"["bob@acme.test","1"]"#),
        ("POST /v1/channels/ID/accept", r#"["1"]"#),
        ("PUT /v1/channels/ID/members/bob%40acme.test/role", r#"["owner","1"]"#),
        ("POST /v1/channels/ID/messages", r#"["positional","1"]"#),
    ] {
        let (method, path) = line.split_once(' ').unwrap();
        let path = path.replace("ID", &channel);
        let answer = request(&server, method, &path, Some(&token), body.as_bytes()).await;
        let error = &answer.json()["error"];
        assert_eq!((answer.status, &error["code"]), (400, &json!("malformed")), "{line} {error}");
        assert!(error["message"].as_str().unwrap().contains("JSON object"), "{line} {error}");
    }
    assert!(server.double.state().arrivals.is_empty());
    let spaced = " \t\r\n{\"name\":\"alice\",\"password\":\"a long password\"}\n";
    let answer = request(&server, "POST", "/v1/sessions", None, spaced.as_bytes()).await;
    assert_eq!(answer.status, 201, "{}", answer.body);
    server.stop().await;
}

#[tokio::test]
async fn a_token_is_needed_and_must_be_right() {
    let server = Server::start().await;
    for path in ["/v1/me", "/v1/devices", "/v1/channels", "/v1/sync"] {
        for token in [None, Some("wrong")] {
            let answer = request(&server, "GET", path, token, b"").await;
            assert_eq!(
                (answer.status, &answer.json()["error"]["code"]),
                (401, &json!("token_invalid"))
            );
            assert_eq!(answer.header("www-authenticate"), Some("Bearer"));
        }
    }
    let health = request(&server, "GET", "/v1/health", None, b"").await;
    assert_eq!((health.status, health.json()), (200, json!({ "status": "ok" })));
    server.stop().await;
}

#[tokio::test]
async fn bytes_that_are_no_text_are_refused() {
    let server = Server::start().await;
    let answer = request(&server, "POST", "/v1/sessions", None, b"{\"name\":\"\xff\xfe\"}").await;
    let error = &answer.json()["error"];
    assert_eq!((answer.status, error["code"].as_str()), (400, Some("text_not_utf8")));
    assert!(error["message"].as_str().unwrap().contains("byte 9"), "{error}");
    let answer = request(&server, "GET", "/v1/channels/%ff", Some("x"), b"").await;
    assert!(matches!(answer.status, 400 | 401));
    server.stop().await;
}

#[tokio::test]
async fn a_body_has_a_largest_size() {
    let server = Server::start().await;
    signed_up(&server, "alice").await;
    let token = server.double.state().devices.keys().next().unwrap().clone();
    let long = vec![b' '; 70_000];
    let answer = request(&server, "POST", "/v1/channels", Some(&token), &long).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (413, &json!("too_large")));
    let message = answer.json()["error"]["message"].as_str().unwrap().to_owned();
    assert!(message.contains("65,536"), "{message}");

    // The longest text, each character as a pair of escapes, still fits.
    let id = data_encoding::BASE64URL_NOPAD.encode(&[3; 32]);
    let path = format!("/v1/channels/{id}/messages");
    let escaped = format!("{{\"nonce\":\"1\",\"text\":\"{}\"}}", "\\ud83d\\ude00".repeat(100_000));
    let answer = request(&server, "POST", &path, Some(&token), escaped.as_bytes()).await;
    assert_eq!(answer.json()["error"]["code"], "channel_not_found");
    let answer = request(&server, "POST", &path, Some(&token), &vec![b' '; 3_000_000]).await;
    assert_eq!(answer.status, 413);

    // Without a length in front it is counted while it comes.
    let mut chunked = format!(
        "POST /v1/channels HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {token}\r\n\
         Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n"
    )
    .into_bytes();
    for _ in 0..20 {
        chunked.extend_from_slice(b"2000\r\n");
        chunked.extend_from_slice(&[b' '; 0x2000]);
        chunked.extend_from_slice(b"\r\n");
    }
    chunked.extend_from_slice(b"0\r\n\r\n");
    let answer = exchange(&server, &chunked).await;
    assert_eq!(answer.status, 413);
    server.stop().await;
}

#[tokio::test]
async fn browsers_of_any_origin_may_ask() {
    let server = Server::start().await;
    let asks_first = b"OPTIONS /v1/channels HTTP/1.1\r\nHost: x\r\nOrigin: https://web.test\r\n\
        Access-Control-Request-Method: PATCH\r\nConnection: close\r\n\r\n";
    let answer = exchange(&server, asks_first).await;
    assert_eq!(answer.status, 204);
    assert!(answer.header("access-control-allow-methods").unwrap().contains("PATCH"));
    assert!(answer.header("access-control-allow-headers").unwrap().contains("authorization"));
    let answer = request(&server, "GET", "/v1/nothing", None, b"").await;
    assert_eq!(answer.header("access-control-allow-origin"), Some("*"));
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    assert_eq!(answer.json()["error"]["code"], Value::from("resource_not_found"));
    server.stop().await;
}

#[tokio::test]
async fn a_request_that_never_comes_whole_is_given_up() {
    let settings = comity_client_api::ApiSettings {
        head_timeout: Duration::from_millis(100),
        request_timeout: Duration::from_millis(100),
        ..Default::default()
    };
    let server = Server::start_with(crate::double::Double::new(), settings, None).await;
    let answer = exchange(&server, b"GET /v1/health HTTP/1.1\r\nHost").await;
    assert!(matches!(answer.status, 0 | 408), "{}", answer.status);
    let head = b"POST /v1/sessions HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{";
    let answer = exchange(&server, head).await;
    assert_eq!((answer.status, &answer.json()["error"]["code"]), (503, &json!("overloaded")));
    assert_eq!(answer.header("retry-after"), Some("1"));
    assert_eq!(answer.json()["error"]["retry_after_ms"], "1000");
    server.stop().await;
}

fn long_text() -> String {
    json!({ "text": "é".repeat(101_000), "nonce": "1" }).to_string()
}

/// What a request says, and the status, the code and a part of the sentence that it gets. `ID` is a
/// direct channel of alice, who asks, with bob.
type Row = (&'static str, &'static str, u16, &'static str, &'static str);

const REFUSALS: &[Row] = &[
    ("POST /v1/channels/ID/messages", r#"{"text":"","nonce":"1"}"#, 400, "text_empty", "text"),
    ("POST /v1/channels/ID/messages", "{\"text\":\n7}", 400, "malformed", "line 2 column 1"),
    ("POST /v1/channels/ID/messages", r#"{"text":"x"}"#, 400, "malformed", "`nonce`"),
    ("POST /v1/channels/ID/messages", r#"{"text":"x","nonce":"-1"}"#, 400, "malformed", "from 1"),
    ("POST /v1/channels/ID/messages", "", 400, "malformed", "JSON object"),
    (
        "POST /v1/channels/xyz/messages",
        r#"{"text":"x","nonce":"1"}"#,
        400,
        "malformed",
        "channel id",
    ),
    ("GET /v1/channels/ID/messages?limit=0", "", 400, "malformed", "1 to 200"),
    ("GET /v1/channels/ID/messages?date=soon", "", 400, "malformed", "2026-11-23"),
    ("GET /v1/channels/ID/messages?date=2026-11-23T03:27:27%2B09:00", "", 400, "malformed", "UTC"),
    ("GET /v1/channels/ID/messages?before=a&after=b", "", 400, "malformed", "most one"),
    ("GET /v1/sync?timeout=60001", "", 400, "malformed", "60000"),
    ("GET /v1/socket", "", 400, "malformed", "WebSocket"),
    ("GET /v1/nothing", "", 404, "resource_not_found", "resource"),
    ("PUT /v1/channels", "", 405, "method_not_allowed", "method"),
    ("DELETE /v1/devices/7", "", 400, "malformed", "16 hex"),
    (
        "POST /v1/accounts",
        r#"{"name":"alice","password":"a long password"}"#,
        409,
        "name_taken",
        "twice",
    ),
    ("POST /v1/accounts", r#"{"name":"carol","password":"short"}"#, 400, "password_weak", "8 to"),
    (
        "POST /v1/accounts",
        r#"{"name":"a b","password":"a long password"}"#,
        400,
        "name_invalid",
        "letters",
    ),
    (
        "POST /v1/sessions",
        r#"{"name":"alice","password":"wrong"}"#,
        401,
        "credentials_wrong",
        "wrong",
    ),
    (
        "POST /v1/sessions",
        r#"{"name":"nobody","password":"wrong"}"#,
        401,
        "credentials_wrong",
        "wrong",
    ),
    ("POST /v1/reports", "{}", 400, "malformed", "`channel`"),
    (
        "POST /v1/reports",
        r#"{"channel":"ID","message":"01KAPTNBMFE5G8DV3Q6R7S9T0W","reason":"rude"}"#,
        400,
        "malformed",
        "\"harassment\"",
    ),
    (
        "POST /v1/reports",
        r#"{"channel":"ID","message":"01KAPTNBMFE5G8DV3Q6R7S9T0","reason":"spam"}"#,
        400,
        "malformed",
        "message id",
    ),
    (
        "POST /v1/reports",
        r#"{"channel":"x","message":"01KAPTNBMFE5G8DV3Q6R7S9T0W","reason":"spam"}"#,
        400,
        "malformed",
        "channel id",
    ),
    (
        "POST /v1/reports",
        r#"{"channel":"ID","message":"01KAPTNBMFE5G8DV3Q6R7S9T0W","reason":"spam"}"#,
        404,
        "message_not_found",
        "no such message",
    ),
    (
        "POST /v1/reports",
        r#"{"channel":"ID","message":"01KAPTNBMFE5G8DV3Q6R7S9T0W","reason":"spam","name_me":1}"#,
        400,
        "malformed",
        "boolean",
    ),
    ("PATCH /v1/channels/ID", "{}", 400, "malformed", "Give one of `name`"),
    ("POST /v1/channels", r#"{"kind":"direct","with":"bob"}"#, 400, "name_invalid", "name@domain"),
    (
        "POST /v1/channels",
        r#"{"kind":"direct","with":"alice@acme.test"}"#,
        400,
        "self_direct",
        "another",
    ),
];
