//! What is told to whom while nobody looks at his devices: nodes, people, and a service that
//! answers as the test says. What a browser's push service and others' gateways make of it is
//! looked at in `conformance/outside`.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use super::plain::{Plain, text};
use super::world::{World, soon};

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];
/// A point of P-256, and sixteen bytes.
const KEYS: [&str; 2] = [
    "BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLexhqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4",
    "BTBZMqHH6r4Tts7J_aSIgg",
];

/// A request as it came: its head in lower case, and its body.
#[derive(Clone, Debug)]
struct Told {
    head: String,
    body: Vec<u8>,
}

impl Told {
    fn notification(&self) -> Value {
        serde_json::from_slice::<Value>(&self.body).unwrap()["notification"].take()
    }

    fn header(&self, name: &str) -> Option<&str> {
        let mut lines = self.head.lines().filter_map(|line| line.split_once(": "));
        lines.find(|(known, _)| *known == name).map(|(_, value)| value)
    }
}

/// A push service, or a gateway, at an address that the nodes' admins let in.
#[derive(Clone)]
struct Service(Arc<Inner>);

struct Inner {
    url: String,
    told: Mutex<VecDeque<Told>>,
    /// What the next requests are answered; 201 once there is nothing.
    answers: Mutex<VecDeque<String>>,
    came: Notify,
}

impl Service {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.2:0").await.unwrap();
        let service = Self(Arc::new(Inner {
            url: format!("http://{}", listener.local_addr().unwrap()),
            told: Mutex::default(),
            answers: Mutex::default(),
            came: Notify::new(),
        }));
        let serving = service.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serving.clone().serve(stream));
            }
        });
        service
    }

    async fn serve(self, mut stream: TcpStream) {
        let mut read = Vec::new();
        loop {
            let end = loop {
                if let Some(at) = read.windows(4).position(|found| found == b"\r\n\r\n") {
                    break at + 4;
                }
                if stream.read_buf(&mut read).await.unwrap_or(0) == 0 {
                    return;
                }
            };
            let head = String::from_utf8(read[..end].to_vec()).unwrap().to_ascii_lowercase();
            let mut told = Told { head, body: Vec::new() };
            let length: usize = told.header("content-length").unwrap().parse().unwrap();
            while read.len() < end + length {
                assert!(stream.read_buf(&mut read).await.unwrap() > 0);
            }
            told.body = read[end..end + length].to_vec();
            read.drain(..end + length);
            let answer = self.0.answers.lock().unwrap().pop_front();
            let answer = answer.unwrap_or_else(|| "201 Created".to_owned());
            self.0.told.lock().unwrap().push_back(told);
            self.0.came.notify_one();
            let (head, body) = answer.split_once("\n\n").unwrap_or((&answer, ""));
            let head = head.replace('\n', "\r\n");
            let length = body.len();
            let answer = format!("HTTP/1.1 {head}\r\nContent-Length: {length}\r\n\r\n{body}");
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return;
            }
        }
    }

    /// What the next requests are answered: a status line, headers, and a body after an empty line.
    fn answers(&self, answers: &[&str]) {
        self.0.answers.lock().unwrap().extend(answers.iter().map(|answer| (*answer).to_owned()));
    }

    async fn next(&self) -> Told {
        soon(async {
            loop {
                let told = self.0.told.lock().unwrap().pop_front();
                match told {
                    Some(told) => return told,
                    None => self.0.came.notified().await,
                }
            }
        })
        .await
    }

    fn has_nothing(&self) -> bool {
        self.0.told.lock().unwrap().is_empty()
    }

    /// The device of somebody is told by this gateway, and at once, whatever its user does.
    async fn tells(&self, person: &Plain, content: bool) {
        let wanted = json!({ "level": "all", "idle_seconds": 0 });
        put(person, "/v1/notifications", &wanted).await;
        let url = format!("{}/_matrix/push/v1/notify", self.0.url);
        let pushkey = format!("key of {}", person.account);
        let gateway = json!({ "url": url, "app_id": "test", "pushkey": pushkey });
        put(person, "/v1/push", &json!({ "gateway": gateway, "content": content })).await;
    }
}

async fn put(person: &Plain, path: &str, body: &Value) {
    assert_eq!(person.calls("PUT", path, body).await.0, 204, "{path} {body}");
}

async fn level(person: &Plain, channel: &str, level: &str) {
    put(person, &format!("/v1/channels/{channel}/notifications"), &json!({ "level": level })).await;
}

async fn subscription(person: &Plain) -> Value {
    person.gets("/v1/push").await.1["subscription"].take()
}

#[tokio::test]
async fn a_burst_is_told_once_and_withdrawn_when_it_is_read() {
    let world = World::start(&DOMAINS).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let bob = Plain::new(&world, 1, "bob").await;
    let mut laptop = bob.again(None).await;
    service.tells(&bob, true).await;
    let direct = alice.opens("bob@globex.test").await;
    let mut last = String::new();
    for text in ["are you there?", "hello?", "한국어도 된다"] {
        last = alice.says(&direct, text, Value::Null).await;
    }
    let told = service.next().await.notification();
    let expected = json!({
        "room_id": direct, "event_id": last, "type": "m.room.message",
        "sender": "alice@acme.test", "sender_display_name": "alice@acme.test",
        "content": { "msgtype": "m.text", "body": "한국어도 된다" },
        "prio": "high", "counts": { "unread": 3 },
        "devices": [{ "app_id": "test", "pushkey": "key of bob@globex.test", "data": {} }],
    });
    assert_eq!(told, expected);
    // His phone goes: what he reads on the laptop is withdrawn there.
    bob.leaves().await;
    laptop.does("mark_read", json!({ "channel": direct, "message": last })).await.unwrap();
    let told = service.next().await.notification();
    assert_eq!((&told["room_id"], &told["counts"]["unread"]), (&json!(direct), &json!(0)));
    assert_eq!((&told["event_id"], &told["content"]), (&Value::Null, &Value::Null));
    assert!(service.has_nothing());
}

#[tokio::test]
async fn each_is_told_of_what_he_wants_to_hear() {
    let world = World::start(&DOMAINS).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut people = Vec::new();
    for name in ["all", "ids", "mentions", "nothing", "muted", "quiet", "none"] {
        people.push(Plain::new(&world, 1, name).await);
    }
    let mut others: Vec<&mut Plain> = people.iter_mut().collect();
    let group = alice.founds("tea", &mut others).await;
    for person in &people[..6] {
        service.tells(person, !person.account.starts_with("ids")).await;
    }
    level(&people[2], &group, "mentions").await;
    level(&people[3], &group, "nothing").await;
    assert_eq!(people[3].channel(&group).await["notifications"], "nothing");
    people[4].does("mute", json!({ "channel": group, "on": true })).await.unwrap();
    let quiet = json!({ "from": "00:00", "until": "00:00", "zone": "Asia/Seoul" });
    let wanted = json!({ "level": "all", "idle_seconds": 0, "quiet": quiet });
    put(&people[5], "/v1/notifications", &wanted).await;
    assert_eq!(people[5].gets("/v1/notifications").await.1, wanted);

    alice.says(&group, "tea is ready", Value::Null).await;
    let mut told = [service.next().await.notification(), service.next().await.notification()];
    told.sort_by_key(|told| told["devices"][0]["pushkey"].to_string());
    assert_eq!(told[0]["content"]["body"], "tea is ready");
    assert_eq!((&told[0]["room_name"], &told[0]["prio"]), (&json!("tea"), &json!("low")));
    let ids = told[1].as_object().unwrap().keys().map(String::as_str).collect::<Vec<_>>();
    assert_eq!(ids, ["counts", "devices", "event_id", "prio", "room_id"]);

    // A mention is heard by whoever hears anything: those who were told before soon as well.
    let mentions = json!({ "mentions": ["all@globex.test", "mentions@globex.test",
        "nothing@globex.test", "muted@globex.test", "quiet@globex.test"] });
    alice.says(&group, "yours is getting cold", mentions).await;
    let mut keys = Vec::new();
    for _ in 0..3 {
        let told = service.next().await.notification();
        assert_eq!(told["prio"], "high");
        keys.push(text(&told["devices"][0], "pushkey"));
    }
    keys.sort();
    let expected = ["all", "mentions", "muted"].map(|name| format!("key of {name}@globex.test"));
    assert_eq!(keys, expected);
    assert!(service.has_nothing());
    people[5].sees(|frame| frame["type"] == "notifications_changed").await;
    let path = format!("/v1/channels/{group}/notifications");
    assert_eq!(people[3].calls("DELETE", &path, &Value::Null).await.0, 204);
    assert_eq!(people[3].channel(&group).await["notifications"], Value::Null);
}

#[tokio::test]
async fn who_is_asked_for_something_is_told_until_he_has_answered() {
    let world = World::start(&DOMAINS).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut eve = Plain::new(&world, 1, "eve").await;
    let bob = Plain::new(&world, 0, "bob").await;
    let mut laptop = bob.again(None).await;
    service.tells(&bob, true).await;
    bob.leaves().await;
    let label = "bob@acme.test";
    invites_and_is_told(&mut alice, (&mut laptop, "accept"), &service, "tea").await;
    // A stranger's invitation waits quietly until the account looks.
    let group = eve.founds("noise", &mut []).await;
    eve.does("invite", json!({ "channel": group, "account": label })).await.unwrap();
    let seen = laptop.event("invited").await;
    assert_eq!((&seen["sender"], seen.get("name")), (&json!("eve@globex.test"), None));
    let (_, listed) = laptop.calls("GET", "/v1/channels", &Value::Null).await;
    let channels = listed["channels"].as_array().unwrap();
    let listed = channels.iter().find(|channel| channel["id"] == group.as_str()).unwrap();
    assert_eq!((&listed["inviter"], listed.get("name")), (&json!("eve@globex.test"), None));
    laptop.does("decline", json!({ "channel": group })).await.unwrap();
    assert!(service.has_nothing());
    for asker in [&mut alice, &mut eve] {
        asker.does("add_contact", json!({ "account": label })).await.unwrap();
        let told = service.next().await.notification();
        let asked = [&told["type"], &told["sender"]];
        assert_eq!(json!(asked), json!(["comity.contact", asker.account]));
        let account = asker.account.clone();
        laptop.does("add_contact", json!({ "account": account })).await.unwrap();
        assert_eq!(service.next().await.notification()["type"], Value::Null);
    }
    invites_and_is_told(&mut eve, (&mut laptop, "decline"), &service, "cake").await;
    assert!(service.has_nothing());
}

/// Somebody whom the account knows invites it to a group; it is told, and answers.
async fn invites_and_is_told(
    inviter: &mut Plain,
    (invited, answer): (&mut Plain, &str),
    service: &Service,
    name: &str,
) {
    let group = inviter.founds(name, &mut []).await;
    let about = json!({ "channel": group, "account": invited.account });
    inviter.does("invite", about).await.unwrap();
    let told = service.next().await.notification();
    let shown = ["room_id", "type", "membership", "room_name", "sender"];
    let shown = shown.map(|field| &told[field]);
    assert_eq!(json!(shown), json!([group, "m.room.member", "invite", name, inviter.account]));
    assert_eq!((&told["prio"], &told["user_is_target"]), (&json!("high"), &json!(true)));
    assert_eq!(invited.event("invited").await["name"], name);
    invited.does(answer, json!({ "channel": group })).await.unwrap();
    let told = service.next().await.notification();
    assert_eq!((&told["event_id"], &told["counts"]["unread"]), (&Value::Null, &json!(0)));
}

#[tokio::test]
async fn what_is_over_is_withdrawn() {
    let world = World::start(&DOMAINS[..1]).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let bob = Plain::new(&world, 0, "bob").await;
    let mut laptop = bob.again(None).await;
    service.tells(&bob, true).await;
    let bob = bob.leaves().await;
    let (label, group) = (bob.account.clone(), alice.founds("tea", &mut []).await);
    let about_bob = json!({ "channel": group, "account": label });
    let withdrawn = async || {
        let told = service.next().await.notification();
        assert_eq!((&told["event_id"], &told["counts"]["unread"]), (&Value::Null, &json!(0)));
    };
    // An invitation, and a request, that are taken back.
    alice.does("invite", about_bob.clone()).await.unwrap();
    assert_eq!(service.next().await.notification()["type"], "m.room.member");
    alice.does("remove", about_bob.clone()).await.unwrap();
    withdrawn().await;
    alice.does("add_contact", json!({ "account": label })).await.unwrap();
    assert_eq!(service.next().await.notification()["type"], "comity.contact");
    alice.does("remove_contact", json!({ "account": label })).await.unwrap();
    withdrawn().await;
    // A channel that is left, here on another device, there by somebody else's will.
    for way in ["leave", "remove"] {
        alice.does("invite", about_bob.clone()).await.unwrap();
        assert_eq!(service.next().await.notification()["type"], "m.room.member");
        laptop.does("accept", json!({ "channel": group })).await.unwrap();
        withdrawn().await;
        alice.says(&group, "before", Value::Null).await;
        assert_eq!(service.next().await.notification()["content"]["body"], "before");
        match way {
            "leave" => laptop.does(way, json!({ "channel": group })).await.unwrap(),
            _ => alice.does(way, about_bob.clone()).await.unwrap(),
        };
        withdrawn().await;
        alice.says(&group, "after", Value::Null).await;
    }
    // What he read on the very device, if by HTTP alone, need not be withdrawn there.
    let direct = alice.opens(&label).await;
    let said = alice.says(&direct, "hello", Value::Null).await;
    assert_eq!(service.next().await.notification()["content"]["body"], "hello");
    let (path, mark) = (format!("/v1/channels/{direct}/read"), json!({ "message": said }));
    assert_eq!(bob.calls("PUT", &path, &mark).await.0, 200);
    alice.says(&direct, "bye", Value::Null).await;
    assert_eq!(service.next().await.notification()["content"]["body"], "bye");
    assert!(service.has_nothing());
}

#[tokio::test]
async fn who_subscribes_anew_begins_anew() {
    let world = World::start(&DOMAINS[..1]).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let bob = Plain::new(&world, 0, "bob").await;
    let direct = alice.opens(&bob.account).await;
    alice.says(&direct, "before", Value::Null).await;
    service.tells(&bob, true).await;
    assert_eq!(bob.calls("DELETE", "/v1/push", &Value::Null).await.0, 204);
    alice.says(&direct, "between", Value::Null).await;
    service.tells(&bob, true).await;
    // The browser where he logs in anew is told once, as his new device.
    let again = bob.again(None).await;
    service.tells(&again, true).await;
    assert!(subscription(&bob).await.is_null());
    alice.says(&direct, "after", Value::Null).await;
    let told = service.next().await.notification();
    assert_eq!((&told["content"]["body"], &told["counts"]["unread"]), (&json!("after"), &json!(3)));
    alice.says(&direct, "more", Value::Null).await;
    assert_eq!(service.next().await.notification()["content"]["body"], "more");
    assert!(service.has_nothing());
}

#[tokio::test]
async fn who_is_active_is_told_once_he_has_gone() {
    let world = World::start(&DOMAINS[..1]).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let (mut bob, carol) =
        (Plain::new(&world, 0, "bob").await, Plain::new(&world, 0, "carol").await);
    for person in [&bob, &carol] {
        service.tells(person, true).await;
    }
    put(&bob, "/v1/notifications", &json!({ "level": "all", "idle_seconds": 300 })).await;
    let (to_bob, to_carol) = (alice.opens(&bob.account).await, alice.opens(&carol.account).await);
    alice.says(&to_bob, "for bob", Value::Null).await;
    bob.event("message").await;
    alice.says(&to_carol, "for carol", Value::Null).await;
    let told = service.next().await.notification();
    assert_eq!(told["content"]["body"], "for carol", "bob sees it on his screen");
    // He has not read it, and closes the lid.
    bob.leaves().await;
    assert_eq!(service.next().await.notification()["content"]["body"], "for bob");
}

#[tokio::test]
async fn what_a_service_does_not_take_is_told_later_also_after_a_restart() {
    let mut world = World::start(&DOMAINS[..1]).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let bob = Plain::new(&world, 0, "bob").await;
    service.tells(&bob, true).await;
    service.answers(&["503 Busy\nRetry-After: 1", "500 Broken\nRetry-After: 86400"]);
    let direct = alice.opens(&bob.account).await;
    alice.says(&direct, "remember", Value::Null).await;
    for _ in 0..2 {
        assert_eq!(service.next().await.notification()["content"]["body"], "remember");
    }
    bob.awaits("/v1/push", |state| {
        state["subscription"]["failing"]["why"] == "it answers with status 500"
    })
    .await;
    world.stop(0).await;
    world.restart(0).await;
    assert_eq!(service.next().await.notification()["content"]["body"], "remember");
    let bob = Plain::at(&world, 0, &bob.account, None).await;
    let mut alice = Plain::at(&world, 0, &alice.account, None).await;
    // It was taken, and so is not told again, also not after another start.
    let group = alice.founds("tea", &mut []).await;
    drop((group, bob));
    world.stop(0).await;
    world.restart(0).await;
    let mut alice = Plain::at(&world, 0, &alice.account, None).await;
    alice.says(&direct, "and now?", Value::Null).await;
    let told = service.next().await.notification();
    assert_eq!(
        (&told["content"]["body"], &told["counts"]["unread"]),
        (&json!("and now?"), &json!(2))
    );
    assert!(service.has_nothing());
}

#[tokio::test]
async fn a_subscription_ends_where_its_service_knows_it_no_more() {
    let world = World::start(&DOMAINS[..1]).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    for (name, answer) in [
        ("ann", "404 Not Found"),
        ("bea", "410 Gone"),
        ("cleo", "200 OK\n\n{\"rejected\": [\"key of cleo@acme.test\"]}"),
    ] {
        let person = Plain::new(&world, 0, name).await;
        service.tells(&person, true).await;
        assert_eq!(subscription(&person).await["content"], true);
        service.answers(&[answer]);
        let direct = alice.opens(&person.account).await;
        alice.says(&direct, "hello", Value::Null).await;
        service.next().await;
        person.awaits("/v1/push", |state| state["subscription"].is_null()).await;
    }
    let dora = Plain::new(&world, 0, "dora").await;
    service.tells(&dora, true).await;
    service.answers(&["200 OK\n\n{\"rejected\": [\"key of cleo@acme.test\"]}"]);
    let direct = alice.opens(&dora.account).await;
    alice.says(&direct, "hello", Value::Null).await;
    service.next().await;
    assert_eq!(subscription(&dora).await["gateway"]["app_id"], "test", "it is another's");
    assert_eq!(dora.calls("DELETE", "/v1/push", &Value::Null).await.0, 204);
    assert!(subscription(&dora).await.is_null());
}

#[tokio::test]
async fn what_is_wanted_by_now_is_told_and_nothing_else() {
    let world = World::start(&DOMAINS[..1]).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut bob = Plain::new(&world, 0, "bob").await;
    let group = alice.founds("tea", &mut [&mut bob]).await;
    let direct = alice.opens(&bob.account).await;
    service.tells(&bob, true).await;
    // After a mention the newest is told all the same.
    let mentions = json!({ "mentions": ["bob@acme.test"] });
    alice.says(&group, "bob!", mentions).await;
    assert_eq!(service.next().await.notification()["content"]["body"], "bob!");
    // What he has read is not told again when what came after it was erased.
    let read = alice.says(&direct, "read", Value::Null).await;
    bob.does("mark_read", json!({ "channel": direct, "message": read })).await.unwrap();
    let erased = alice.says(&direct, "oh no", Value::Null).await;
    alice.does("erase", json!({ "channel": direct, "message": erased })).await.unwrap();
    // Quiet hours that end at once let through what waits.
    let quiet = json!({ "from": "00:00", "until": "00:00", "zone": "UTC" });
    let wanted = json!({ "level": "all", "idle_seconds": 0, "quiet": quiet });
    let carol = Plain::new(&world, 0, "carol").await;
    service.tells(&carol, true).await;
    put(&carol, "/v1/notifications", &wanted).await;
    let to_carol = alice.opens(&carol.account).await;
    alice.says(&to_carol, "sleep well", Value::Null).await;
    let dora = Plain::new(&world, 0, "dora").await;
    service.tells(&dora, true).await;
    let to_dora = alice.opens(&dora.account).await;
    alice.says(&to_dora, "good morning", Value::Null).await;
    assert_eq!(service.next().await.notification()["content"]["body"], "good morning");
    put(&carol, "/v1/notifications", &json!({ "level": "all", "idle_seconds": 0 })).await;
    assert_eq!(service.next().await.notification()["content"]["body"], "sleep well");
    // What failed once is told by its next try.
    service.answers(&["500 Broken"]);
    alice.says(&direct, "one more", Value::Null).await;
    service.next().await;
    let told = service.next().await.notification();
    assert_eq!(told["content"]["body"], "one more");
    assert!(service.has_nothing());
}

#[tokio::test]
async fn a_mention_is_told_however_much_comes_after_it() {
    let world = World::start(&DOMAINS[..1]).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut bob = Plain::new(&world, 0, "bob").await;
    let group = alice.founds("tea", &mut [&mut bob]).await;
    service.tells(&bob, true).await;
    level(&bob, &group, "mentions").await;
    alice.says(&group, "bob!", json!({ "mentions": ["bob@acme.test"] })).await;
    for number in 0..25 {
        alice.says(&group, &format!("line {number}"), Value::Null).await;
    }
    let told = service.next().await.notification();
    assert_eq!((&told["room_id"], &told["counts"]["unread"]), (&json!(group), &json!(26)));
}

#[tokio::test]
async fn web_push_is_sealed_signed_and_short_where_it_has_to_be() {
    let world = World::start(&DOMAINS[..1]).await;
    let service = Service::start().await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let bob = Plain::new(&world, 0, "bob").await;
    put(&bob, "/v1/notifications", &json!({ "level": "all", "idle_seconds": 0 })).await;
    let endpoint = format!("{}/push/1?x=y", service.0.url);
    let keys = json!({ "p256dh": KEYS[0], "auth": KEYS[1] });
    let browsers = json!({ "endpoint": endpoint, "expirationTime": null, "keys": keys });
    put(&bob, "/v1/push", &browsers).await;
    let (_, state) = bob.gets("/v1/push").await;
    assert_eq!(state["subscription"], json!({ "endpoint": endpoint, "content": true }));
    service.answers(&["413 Too Large"]);
    let direct = alice.opens(&bob.account).await;
    alice.says(&direct, &"long ".repeat(300), Value::Null).await;
    let (long, short) = (service.next().await, service.next().await);
    assert!(long.body.len() > 1_500 && short.body.len() < 512, "{long:?} {short:?}");
    for told in [&long, &short] {
        assert!(told.head.starts_with("post /push/1?x=y http/1.1\r\n"), "{}", told.head);
        let sent = ["content-encoding", "ttl", "urgency"].map(|name| told.header(name).unwrap());
        assert_eq!(sent, ["aes128gcm", "604800", "high"]);
        assert_eq!(told.header("topic").unwrap().len(), 32);
        let signed = told.header("authorization").unwrap();
        let key = text(&state, "vapid_key").to_ascii_lowercase();
        assert!(signed.starts_with("vapid t=") && signed.ends_with(&format!(", k={key}")));
    }
}

#[tokio::test]
async fn nothing_leads_inside_or_elsewhere() {
    let world = World::start(&DOMAINS).await;
    let (service, inside) = (Service::start().await, Service::start().await);
    let mut alice = Plain::new(&world, 0, "alice").await;
    let bob = Plain::new(&world, 0, "bob").await;
    service.tells(&bob, true).await;
    service.answers(&[&format!("307 Elsewhere\nLocation: {}/x", inside.0.url)]);
    let direct = alice.opens(&bob.account).await;
    alice.says(&direct, "hello", Value::Null).await;
    service.next().await;
    let why = |state: &Value| state["subscription"]["failing"]["why"].clone();
    bob.awaits("/v1/push", |state| why(state) == "it redirects, which is not followed").await;
    // What is taken after all is not failing any more.
    service.next().await;
    bob.awaits("/v1/push", |state| why(state).is_null()).await;
    assert!(inside.has_nothing());

    // A name that leads inside is found out once it is looked up.
    let carol = Plain::new(&world, 0, "carol").await;
    service.tells(&carol, true).await;
    let keys = json!({ "p256dh": KEYS[0], "auth": KEYS[1] });
    let by_name = json!({ "endpoint": "https://globex.test/push", "keys": keys });
    put(&carol, "/v1/push", &by_name).await;
    let direct = alice.opens(&carol.account).await;
    alice.says(&direct, "hello", Value::Null).await;
    let refused = "it leads to an address inside a network";
    carol.awaits("/v1/push", |state| why(state) == refused).await;

    for endpoint in [
        "https://127.0.0.1/x",
        "http://127.0.0.3:8080/x",
        "https://[::ffff:10.0.0.1]/x",
        "https://169.254.169.254/latest",
        "https://push.example:0/x",
        "https://p\u{fc}sh.example/x",
        "ftp://push.example/x",
        "https://user@push.example/",
        "nonsense",
    ] {
        let body = json!({ "endpoint": endpoint, "keys": keys });
        let (status, answer) = bob.calls("PUT", "/v1/push", &body).await;
        assert_eq!((status, text(&answer["error"], "code")), (403, "push_refused".into()));
    }
    let gateway = json!({ "url": "https://gateway.example/x", "app_id": "a", "pushkey": "b" });
    let (status, answer) = bob.calls("PUT", "/v1/push", &json!({ "gateway": gateway })).await;
    assert_eq!((status, text(&answer["error"], "code")), (403, "push_refused".into()));
    let no_point = json!({ "p256dh": format!("BA{}", "A".repeat(85)), "auth": KEYS[1] });
    let body = json!({ "endpoint": "https://push.example/x", "keys": no_point });
    let (status, answer) = bob.calls("PUT", "/v1/push", &body).await;
    assert_eq!((status, text(&answer["error"], "code")), (400, "malformed".into()));
    for zone in ["Nowhere/Here", "localtime"] {
        let nowhere = json!({ "from": "22:00", "until": "07:00", "zone": zone });
        let wanted = json!({ "level": "all", "idle_seconds": 0, "quiet": nowhere });
        let (status, answer) = bob.calls("PUT", "/v1/notifications", &wanted).await;
        assert_eq!((status, text(&answer["error"], "code")), (400, "malformed".into()));
    }
}
