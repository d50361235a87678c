//! What people show of themselves, within an organisation and to another one; what is no image, and
//! a peer that shows what it should not.

use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use comity_protocol::profile::{Profile, avatar_id};
use serde_json::{Value, json};

use super::plain::{Plain, text};
use super::rogue::Wire;
use super::scene::Scene;
use super::world::{PASSWORD, World};
use crate::edge::avatar::tests::{declaring, png};

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

fn escaped(account: &str) -> String {
    account.replace('@', "%40")
}

impl Plain {
    /// What an account shows.
    async fn profile(&self, account: &str) -> Value {
        let (status, found) =
            self.gets(&format!("/v1/profiles?account={}", escaped(account))).await;
        assert_eq!(status, 200, "{found}");
        assert_eq!(found["profiles"][0]["account"], account);
        found["profiles"][0].clone()
    }

    async fn uploads(&self, image: &[u8]) -> (u16, Value) {
        let (status, _, body) = self.exchanges("PUT /v1/me/avatar", "", image).await;
        (status, serde_json::from_slice(&body).unwrap())
    }

    async fn avatar(&self, account: &str, headers: &str) -> (u16, String, Vec<u8>) {
        self.exchanges(&format!("GET /v1/avatars/{}", escaped(account)), headers, b"").await
    }

    async fn finds(&self, query: &str) -> Vec<String> {
        let (status, found) = self.gets(&format!("/v1/directory?{query}")).await;
        assert_eq!(status, 200, "{found}");
        let found = found["profiles"].as_array().unwrap().iter();
        found.map(|profile| text(profile, "account")).collect()
    }

    /// The code of a refusal.
    async fn is_refused(&self, line: &str, body: &[u8]) -> (u16, String) {
        let (status, _, body) = self.exchanges(line, "", body).await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        (status, text(&answer["error"], "code"))
    }
}

#[tokio::test]
async fn what_one_shows_is_seen_within_and_across() {
    for home in [0, 1] {
        let world = World::start(&DOMAINS).await;
        let mut alice = Plain::new(&world, 0, "alice").await;
        let mut phone = alice.again(None).await;
        alice.does("set_display_name", json!({ "name": "  Alice Liddell " })).await.unwrap();
        phone.sees(|frame| frame["type"] == "profile_changed").await;
        assert_eq!(alice.uploads(&png(300, 200)).await, (200, json!({ "status": "done" })));
        phone.sees(|frame| frame["type"] == "profile_changed").await;

        let bob = Plain::new(&world, home, "bob").await;
        let seen = bob.profile("alice@acme.test").await;
        assert_eq!(seen["display_name"], "Alice Liddell");
        assert_eq!(seen, alice.profile("alice@acme.test").await);
        let (status, head, image) = bob.avatar("alice@acme.test", "").await;
        assert_eq!(status, 200, "{head}");
        let tag = text(&seen, "avatar");
        assert!(image.starts_with(&[0xff, 0xd8]) && image.len() < 32 * 1024);
        let expected = [
            "content-type: image/jpeg",
            "cache-control: private, no-cache",
            "x-content-type-options: nosniff",
            &format!("etag: \"{}\"", tag.to_ascii_lowercase()),
        ];
        expected.iter().for_each(|line| assert!(head.contains(line), "{line} in {head}"));
        let known = format!("If-None-Match: \"x\", W/\"{tag}\"\r\n");
        let (status, _, body) = bob.avatar("alice@acme.test", &known).await;
        assert_eq!((status, body), (304, vec![]));
        let other = bob.avatar("alice@acme.test", "If-None-Match: \"x\"\r\n").await;
        assert_eq!((other.0, other.2), (200, image));
        // Who shows nothing is there all the same.
        assert_eq!(alice.profile(&bob.account).await, json!({ "account": bob.account }));
        let (status, _, body) = alice.avatar(&bob.account, "").await;
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert_eq!((status, text(&answer["error"], "code")), (404, "avatar_not_found".into()));
    }
}

#[tokio::test]
async fn it_outlasts_a_start_and_goes_with_the_account() {
    let mut world = World::start(&DOMAINS).await;
    let alice = Plain::new(&world, 0, "alice").await;
    let cursor = alice.cursor.clone();
    alice.calls("PUT", "/v1/me/display_name", &json!({ "name": "Éva" })).await;
    assert_eq!(alice.uploads(&png(64, 64)).await.0, 200);
    let shown = alice.profile("alice@acme.test").await;
    let image = alice.avatar("alice@acme.test", "").await.2;
    drop(alice);
    world.stop(0).await;
    world.restart(0).await;
    let mut alice = Plain::at(&world, 0, "alice@acme.test", Some(&cursor)).await;
    alice.sees(|frame| frame["type"] == "profile_changed").await;
    assert_eq!(alice.profile("alice@acme.test").await, shown);
    assert_eq!(alice.avatar("alice@acme.test", "").await.2, image);

    let (carol, bob) = (Plain::new(&world, 0, "carol").await, Plain::new(&world, 1, "bob").await);
    assert_eq!(carol.finds("q=eva").await, ["alice@acme.test"]);
    assert_eq!(bob.finds("q=eva").await, [""; 0], "of one's own organisation alone");
    let body = json!({ "password": PASSWORD });
    assert_eq!(alice.calls("DELETE", "/v1/me", &body).await.0, 204);
    for person in [&carol, &bob] {
        let error = person.profile("alice@acme.test").await["error"].clone();
        assert_eq!(error["code"], "account_not_found", "{error}");
        let (status, _, _) = person.avatar("alice@acme.test", "").await;
        assert_eq!(status, 404);
        assert_eq!(person.finds("q=al").await, [""; 0]);
    }
}

#[tokio::test]
async fn a_whole_name_is_asked_of_its_node() {
    let world = World::start(&DOMAINS).await;
    let alice = Plain::new(&world, 0, "alice").await;
    let mut bob = Plain::new(&world, 1, "bob").await;
    bob.does("set_display_name", json!({ "name": "Bob Cratchit" })).await.unwrap();
    let (_, found) = alice.gets("/v1/directory?q=Bob%40Globex.Test").await;
    let shown = json!([{ "account": "bob@globex.test", "display_name": "Bob Cratchit" }]);
    assert_eq!(found["profiles"], shown);
    assert_eq!(alice.finds("q=alice%40acme.test").await, ["alice@acme.test"]);
    for nobody in ["q=ghost%40globex.test", "q=ghost%40acme.test", "q=bob%40globex"] {
        assert_eq!(alice.finds(nobody).await, [""; 0], "{nobody}");
    }
    let (_, found) = alice.gets("/v1/directory?q=x%40nowhere.test").await;
    assert!(found["profiles"][0]["error"]["code"].is_string(), "{found}");
}

#[tokio::test]
async fn what_is_not_known_is_said_for_each_account() {
    let world = World::start(&DOMAINS).await;
    let alice = Plain::new(&world, 0, "alice").await;
    Plain::new(&world, 1, "bob").await;
    let asked = ["alice@acme.test", "ghost@acme.test", "bob@globex.test", "ghost@globex.test"];
    let asked = asked.iter().chain(&["x@nowhere.test"]);
    let query: Vec<String> = asked.map(|account| format!("account={}", escaped(account))).collect();
    let (status, found) = alice.gets(&format!("/v1/profiles?{}", query.join("&"))).await;
    assert_eq!(status, 200, "{found}");
    let codes: Vec<&Value> =
        found["profiles"].as_array().unwrap().iter().map(|shown| &shown["error"]["code"]).collect();
    let (none, missing) = (Value::Null, json!("account_not_found"));
    assert_eq!(codes[..4], [&none, &missing, &none, &missing]);
    // What a look-up of the same name says.
    let body = json!({ "kind": "direct", "with": "x@nowhere.test" });
    let (_, refused) = alice.calls("POST", "/v1/channels", &body).await;
    assert_eq!(codes[4], &refused["error"]["code"]);
}

#[tokio::test]
async fn a_status_is_seen_by_those_who_see_presence() {
    let world = World::start(&DOMAINS).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut ann = Plain::new(&world, 0, "ann").await;
    let body = json!({ "status": "at lunch" });
    assert_eq!(ann.calls("PUT", "/v1/me/presence", &body).await.0, 204);
    assert_eq!(ann.profile("ann@acme.test").await["status"], "at lunch");
    assert_eq!(alice.profile("ann@acme.test").await["status"], Value::Null);
    let group = alice.founds("tea", &mut [&mut ann]).await;
    assert_eq!(alice.profile("ann@acme.test").await["status"], "at lunch");
    ann.does("set_display_name", json!({ "name": "Ann Arbor" })).await.unwrap();
    let (_, found) = alice.gets(&format!("/v1/channels/{group}")).await;
    assert_eq!(found["members"][0]["display_name"], Value::Null);
    assert_eq!(found["members"][1]["display_name"], "Ann Arbor");
}

#[tokio::test]
async fn what_is_no_image_no_name_and_no_query_is_refused() {
    let world = World::start(&DOMAINS[..1]).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let whole = png(200, 200);
    let half = &whole[..whole.len() / 2];
    let (huge, wide) = (declaring(60_000, 60_000), png(2_049, 1));
    for wrong in [b"", &b"hello"[..], b"<svg/>", b"{}", half, &huge, &wide] {
        let refused = alice.is_refused("PUT /v1/me/avatar", wrong).await;
        assert_eq!(refused, (400, "image_invalid".into()));
    }
    let long = vec![0; 1024 * 1024 + 1];
    let refused = alice.is_refused("PUT /v1/me/avatar", &long).await;
    assert_eq!(refused, (413, "too_large".into()));
    // The bound of other bodies stays.
    let long = json!({ "name": "x".repeat(70_000) }).to_string();
    let refused = alice.is_refused("PUT /v1/me/display_name", long.as_bytes()).await;
    assert_eq!(refused, (413, "too_large".into()));
    for name in ["x".repeat(65), "two\nlines".into(), "\u{202e}ecilA".into()] {
        let refused = alice.does("set_display_name", json!({ "name": name })).await;
        assert_eq!(refused, Err("display_name_invalid".into()), "{name}");
    }
    for query in
        ["", "q=", "q=%20", "q=%ff", "q=a&q=b", "q=%CC%81", &format!("q={}", "x".repeat(65))]
    {
        let refused = alice.is_refused(&format!("GET /v1/directory?{query}"), b"").await;
        assert_eq!(refused, (400, "malformed".into()), "{query}");
    }
    for limit in ["0", "51", "x"] {
        let line = format!("GET /v1/directory?q=a&limit={limit}");
        assert_eq!(alice.is_refused(&line, b"").await.0, 400);
    }
    assert_eq!(alice.profile("alice@acme.test").await, json!({ "account": "alice@acme.test" }));
    assert_eq!(alice.finds("q=AL&limit=1").await, ["alice@acme.test"]);
    // Nothing of it is there for who has no token.
    let stranger = alice.without_token();
    for line in ["GET /v1/profiles?account=alice%40acme.test", "GET /v1/avatars/alice%40acme.test"]
    {
        let (status, _, _) = stranger.exchanges(line, "", b"").await;
        assert_eq!(status, 401);
    }
}

/// Answers the next question of a node as a test says, and tells what was asked.
async fn answers(wire: &mut Wire, profile: Option<Profile>) -> (String, bool) {
    let is_asked = |frame: &Frame| matches!(frame, Frame::ProfileAsk { .. });
    let Frame::ProfileAsk { id, name, image } = wire.hears("a question", is_asked).await else {
        unreachable!()
    };
    wire.says(&Frame::Profile { id, profile }).await;
    (name, image)
}

#[tokio::test]
async fn what_a_peer_shows_is_not_trusted() {
    let mut scene = Scene::begin().await;
    let mut wire = scene.links().await;
    let alice = Plain::at(&scene.world, 0, "alice@acme.test", None).await;
    let image = b"<script>alert(1)</script>".to_vec();
    let named = |display_name: &str, avatar| Profile {
        display_name: Some(display_name.to_owned()),
        avatar,
        // Nobody has asked for it.
        image: Some(b"unasked".to_vec().into()),
    };
    let shown = named("Mallory", Some(avatar_id(&image)));
    let (seen, asked) =
        tokio::join!(alice.profile("mallory@evil.test"), answers(&mut wire, Some(shown)));
    assert_eq!((&seen["display_name"], asked), (&json!("Mallory"), ("mallory".into(), false)));
    // It is kept: nobody is asked again.
    assert_eq!(alice.profile("mallory@evil.test").await, seen);

    let picture = png(64, 64);
    let lies = [
        // No image under the right hash, an image under another one, none at all.
        ("one", Some(avatar_id(&image)), Some(image.clone())),
        ("two", Some(avatar_id(&image)), Some(picture.clone())),
        ("three", Some(avatar_id(&picture)), None),
        ("four", None, Some(picture.clone())),
        ("five", Some(avatar_id(&declaring(9_999, 9_999))), Some(declaring(9_999, 9_999))),
    ];
    for (name, avatar, image) in lies {
        let lie = Profile { display_name: None, avatar, image: image.map(Into::into) };
        let account = format!("{name}@evil.test");
        let ((status, _, body), asked) =
            tokio::join!(alice.avatar(&account, ""), answers(&mut wire, Some(lie)));
        assert_eq!(asked, (name.to_owned(), true));
        let answer: Value = serde_json::from_slice(&body).unwrap();
        let code = text(&answer["error"], "code");
        assert_eq!((status, code.as_str()), (404, "avatar_not_found"), "{name}");
    }
    // What is one is made anew.
    let (id, picture) = (avatar_id(&picture), [&picture, &b"<script>"[..]].concat());
    let other = avatar_id(&picture);
    assert_ne!(id, other);
    let true_one = Profile { avatar: Some(other), image: Some(picture.into()), display_name: None };
    let ((status, _, body), _) =
        tokio::join!(alice.avatar("six@evil.test", ""), answers(&mut wire, Some(true_one)));
    assert_eq!(status, 200);
    assert!(body.starts_with(&[0xff, 0xd8]) && !body.ends_with(b"<script>"));
    // What turns its surroundings around is never shown.
    let turned = named("\u{202e}yrollaM", None);
    let (seen, _) = tokio::join!(
        alice.profile("seven@evil.test"),
        answers(&mut wire, Some(Profile { image: None, ..turned }))
    );
    assert_eq!(seen["error"]["code"], "domain_unreachable");
    assert_eq!(wire.ends().await, Code::FrameMalformed);
    scene.chat_goes_on().await;
}
