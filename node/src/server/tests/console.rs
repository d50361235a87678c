//! What an admin of the node does over HTTP, as the console in the browser does it.

use std::net::SocketAddr;

use comity_protocol::name::AccountName;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::peers::admin;
use super::world::{PASSWORD, World, soon};
use crate::admin::UserChange;
use crate::clock;

/// Somebody with a token, or without one.
pub(super) struct Asker {
    addr: SocketAddr,
    token: String,
}

impl Asker {
    pub(super) async fn log_in(world: &World, home: usize, name: &str) -> Self {
        let http = comity_client::Http::at(&world.homes[home].url).unwrap();
        let token = soon(http.log_in(name, PASSWORD, "console")).await.unwrap().token;
        Self { addr: world.homes[home].node.client_addr, token }
    }

    pub(super) async fn ask(&self, line: &str, body: &Value) -> (u16, Value) {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let request = format!(
            "{line} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {}\r\nContent-Length: {}\r\n\
             Connection: close\r\n\r\n{body}",
            self.token,
            body.len()
        );
        let mut stream = TcpStream::connect(self.addr).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = String::new();
        soon(stream.read_to_string(&mut answer)).await.unwrap();
        let status = answer.split(' ').nth(1).unwrap().parse().unwrap();
        let (_, text) = answer.split_once("\r\n\r\n").unwrap();
        (status, serde_json::from_str(text).unwrap_or_default())
    }

    async fn get(&self, path: &str) -> Value {
        let (status, found) = self.ask(&format!("GET {path}"), &Value::Null).await;
        assert_eq!(status, 200, "{path}: {found}");
        found
    }

    /// Does something that has no answer but that it is done.
    async fn does(&self, line: &str, body: Value) {
        let (status, answer) = self.ask(line, &body).await;
        assert_eq!(status, 204, "{line}: {answer}");
    }

    async fn is_refused(&self, line: &str, body: Value) -> String {
        let (status, answer) = self.ask(line, &body).await;
        assert!(status >= 400, "{line}: {answer}");
        answer["error"]["code"].as_str().unwrap().to_owned()
    }
}

pub(super) async fn makes_admin(world: &World, home: usize, name: &str) {
    let name: AccountName = name.parse().unwrap();
    admin(world, home).change_user(&name, UserChange::Admin(true)).await.unwrap();
}

#[tokio::test]
async fn the_console_is_for_admins_of_the_node() {
    let world = World::start(&["acme.test"]).await;
    world.person(0, "alice").await;
    let alice = Asker::log_in(&world, 0, "alice").await;
    assert_eq!(alice.get("/v1/me").await["admin"], false);
    for line in [
        "GET /v1/admin/status",
        "GET /v1/admin/figures",
        "GET /v1/admin/settings",
        "GET /v1/admin/users",
        "PUT /v1/admin/users/alice",
        "GET /v1/admin/peers",
        "GET /v1/admin/policy",
        "PUT /v1/admin/policy/globex.test",
        "GET /v1/admin/reports",
        "GET /v1/admin/doctor",
    ] {
        assert_eq!(alice.is_refused(line, json!({})).await, "admin_only", "{line}");
    }
    let nobody = Asker { token: "nothing".into(), ..alice };
    assert_eq!(nobody.is_refused("GET /v1/admin/users", Value::Null).await, "token_invalid");
}

#[tokio::test]
async fn an_admin_sees_to_accounts_and_invites() {
    let world = World::start(&["acme.test"]).await;
    for name in ["alice", "bob"] {
        world.person(0, name).await;
    }
    makes_admin(&world, 0, "alice").await;
    let (alice, bob) =
        (Asker::log_in(&world, 0, "alice").await, Asker::log_in(&world, 0, "bob").await);
    assert_eq!(alice.get("/v1/me").await["admin"], true);

    let listed = alice.get("/v1/admin/users").await;
    let names: Vec<&str> =
        listed["users"].as_array().unwrap().iter().map(|u| u["name"].as_str().unwrap()).collect();
    assert_eq!(
        (names, &listed["total"], &listed["more"]),
        (vec!["alice", "bob"], &json!(2), &json!(false))
    );
    assert_eq!(alice.get("/v1/admin/users?prefix=b").await["users"][0]["name"], "bob");
    assert_eq!(alice.get("/v1/admin/users?after=alice").await["users"][0]["name"], "bob");

    alice.does("PUT /v1/admin/users/bob", json!({ "suspended": true })).await;
    assert_eq!(bob.is_refused("GET /v1/me", Value::Null).await, "token_invalid");
    let again = json!({ "name": "bob", "password": PASSWORD, "device_name": "x" });
    assert_eq!(bob.is_refused("POST /v1/sessions", again.clone()).await, "account_suspended");
    let wrong = json!({ "name": "bob", "password": "not his", "device_name": "x" });
    assert_eq!(bob.is_refused("POST /v1/sessions", wrong).await, "credentials_wrong");
    assert_eq!(alice.get("/v1/admin/users?prefix=b").await["users"][0]["is_suspended"], true);
    alice.does("PUT /v1/admin/users/bob", json!({ "suspended": false })).await;
    assert_eq!(bob.ask("POST /v1/sessions", &again).await.0, 201);

    alice.does("PUT /v1/admin/users/bob", json!({ "password": "another password" })).await;
    assert_eq!(bob.is_refused("POST /v1/sessions", again).await, "credentials_wrong");
    let short = json!({ "password": "short" });
    assert_eq!(alice.is_refused("PUT /v1/admin/users/bob", short).await, "password_weak");
    let own = json!({ "admin": false });
    assert_eq!(alice.is_refused("PUT /v1/admin/users/alice", own).await, "not_allowed");
    let none = json!({ "admin": true });
    assert_eq!(alice.is_refused("PUT /v1/admin/users/nobody", none).await, "account_not_found");

    let new = json!({ "uses": 2, "expires_in_seconds": 3_600 });
    let (status, invite) = alice.ask("POST /v1/admin/invites", &new).await;
    assert_eq!((status, invite["token"].is_string()), (201, true));
    let listed = alice.get("/v1/admin/invites").await["invites"].clone();
    assert_eq!((listed.as_array().unwrap().len(), &listed[0]["uses"]), (1, &json!(2)));
    let id = listed[0]["id"].as_str().unwrap();
    alice.does(&format!("DELETE /v1/admin/invites/{id}"), Value::Null).await;
    assert_eq!(alice.get("/v1/admin/invites").await["invites"], json!([]));
    let made = json!({ "name": "carol", "password": "a good password" });
    let (status, carol) = alice.ask("POST /v1/admin/users", &made).await;
    assert_eq!((status, &carol["account"]), (201, &json!("carol@acme.test")));
}

#[tokio::test]
async fn an_admin_sees_to_other_organisations() {
    let world = World::start(&["acme.test", "globex.test"]).await;
    let alice = world.person(0, "alice").await;
    world.person(1, "bob").await;
    alice.opens("bob@globex.test").await;
    makes_admin(&world, 0, "alice").await;
    let alice = Asker::log_in(&world, 0, "alice").await;
    let peers = alice.get("/v1/admin/peers").await["peers"].clone();
    assert_eq!(peers[0]["domain"], "globex.test", "{peers}");
    assert!(peers[0]["link"]["up"].is_object(), "{peers}");
    let (status, retried) = alice.ask("POST /v1/admin/peers/globex.test/retry", &Value::Null).await;
    assert_eq!((status, &retried["is_dialled"]), (200, &json!(false)), "it is linked");
    alice.does("PUT /v1/admin/policy/globex.test", json!({ "stance": "block" })).await;
    let rules = alice.get("/v1/admin/policy").await["rules"].clone();
    assert_eq!(
        (&rules[0]["domain"], &rules[0]["rule"]["stance"]),
        (&json!("globex.test"), &json!("block"))
    );
    alice.does("DELETE /v1/admin/policy/globex.test", Value::Null).await;
    assert_eq!(alice.get("/v1/admin/policy").await["rules"], json!([]));
    let status = alice.get("/v1/admin/status").await;
    assert_eq!(status["domain"], "acme.test");
    for (path, list) in [("groups", "groups"), ("reports", "reports"), ("forks", "forks")] {
        assert_eq!(alice.get(&format!("/v1/admin/{path}")).await[list], json!([]));
    }
    assert_eq!(
        alice.is_refused("GET /v1/admin/reports/7", Value::Null).await,
        "resource_not_found"
    );
}

#[tokio::test]
async fn an_admin_sees_how_much_the_node_does() {
    let world = World::start(&["acme.test", "globex.test"]).await;
    let (alice, mut bob) = (world.person(0, "alice").await, world.person(1, "bob").await);
    makes_admin(&world, 0, "alice").await;
    makes_admin(&world, 1, "bob").await;
    let (acme, globex) =
        (Asker::log_in(&world, 0, "alice").await, Asker::log_in(&world, 1, "bob").await);
    let idle = acme.get("/v1/admin/figures").await;
    assert_eq!((&idle["messages_in_per_second"], idle.get("latency_ms")), (&json!(0.0), None));

    let channel = alice.opens("bob@globex.test").await;
    for text in ["one", "two", "three"] {
        alice.says(&channel, text).await;
        bob.hears(text).await;
    }
    // Each went to a device of alice's and to the other organisation, which is counted behind.
    let figures = soon(async {
        loop {
            let figures = acme.get("/v1/admin/figures").await;
            let rate = |of: &str| figures[of].as_f64().unwrap();
            if rate("messages_out_per_second") >= 2.0 * rate("messages_in_per_second") {
                break figures;
            }
        }
    });
    let figures = figures.await;
    assert!(figures["messages_in_per_second"].as_f64().unwrap() > 0.0, "{figures}");
    assert_eq!(figures["version"], env!("CARGO_PKG_VERSION"));
    assert!(figures["started_unix_ms"].as_u64().unwrap() <= clock::unix_ms(), "{figures}");
    assert!(figures["connections"].as_u64().unwrap() >= 2, "a socket and this request: {figures}");
    let latency = |of: &str| figures["latency_ms"][of].as_f64().unwrap();
    assert!(0.0 < latency("p50") && latency("p50") <= latency("p99"), "{figures}");
    for part in ["store_bytes", "journal_bytes", "search_bytes"] {
        assert!(figures[part].as_u64().unwrap() > 0, "{part}: {figures}");
    }
    let names = ["writer", "devices", "organisations", "notifications", "indexing"];
    let queues = figures["queues"].as_array().unwrap();
    assert!(names.iter().all(|name| queues.iter().any(|q| q["name"] == *name)), "{figures}");

    let theirs = globex.get("/v1/admin/figures").await;
    assert!(theirs["messages_in_per_second"].as_f64().unwrap() > 0.0, "{theirs}");
    assert!(theirs["messages_out_per_second"].as_f64().unwrap() > 0.0, "{theirs}");
    assert_eq!(theirs.get("latency_ms"), None, "nobody there wrote anything");
}

#[tokio::test]
async fn an_admin_sees_the_settings_in_force() {
    let world = World::start(&["acme.test"]).await;
    world.person(0, "alice").await;
    makes_admin(&world, 0, "alice").await;
    let alice = Asker::log_in(&world, 0, "alice").await;
    let settings = alice.get("/v1/admin/settings").await["settings"].clone();
    let line = |key: &str| {
        let lines = settings.as_array().unwrap();
        lines.iter().find(|line| line["key"] == key).unwrap_or_else(|| panic!("{key} is missing"))
    };
    assert_eq!(line("domain")["value"], "acme.test");
    assert_ne!(line("domain")["from"], "default");
    let expected = json!({
        "key": "log.format",
        "value": "text",
        "from": "default",
        "default": "text",
        "meaning": "`text` for people, `json` (one object a line) for machines. Logs go to \
                    standard error.",
    });
    assert_eq!(line("log.format"), &expected);
    let expected = [&json!(null), &json!("default"), &json!(null)];
    assert_eq!(["value", "from", "default"].map(|of| &line("federation.host")[of]), expected);
}
