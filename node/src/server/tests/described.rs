//! The OpenAPI document describes every resource of the console and what a real node answers there,
//! down to the last field.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::console::{Asker, makes_admin};
use super::schema::Documents;
use super::world::{PASSWORD, World};

/// An admin whose every exchange is held to the document.
struct Judge {
    asker: Asker,
    documents: Documents,
    seen: BTreeSet<String>,
}

impl Judge {
    /// Asks, and is answered as described.
    async fn asks(&mut self, line: &str, body: Value) -> Value {
        let (status, answer) = self.asker.ask(line, &body).await;
        assert!(status < 400, "{line}: {answer}");
        let text = |value: &Value| if value.is_null() { String::new() } else { value.to_string() };
        let query = line.split_once('?').map_or("", |(_, query)| query);
        let resource = self.resource(line);
        let judged = (status, &*text(&answer));
        self.documents.check_exchange(&resource, query, &text(&body), judged);
        answer
    }

    /// Asks for what is refused.
    async fn is_refused(&mut self, line: &str, body: Value) -> String {
        self.resource(line);
        let (status, answer) = self.asker.ask(line, &body).await;
        assert!(status >= 400, "{line}: {answer}");
        self.documents.check_schema("Error", &answer);
        answer["error"]["code"].as_str().unwrap().to_owned()
    }

    /// The resource that a request is for, as the document names it.
    fn resource(&mut self, line: &str) -> String {
        let path = line.split_once('?').map_or(line, |(path, _)| path);
        let is_it = |known: &&String| {
            known.split('/').count() == path.split('/').count()
                && known.split('/').zip(path.split('/')).all(|(a, b)| a == b || a == "*")
        };
        let resources = self.documents.resources();
        let found = resources.iter().find(is_it);
        let found = found.unwrap_or_else(|| panic!("{line} is not described")).clone();
        self.seen.insert(found.clone());
        found
    }
}

#[tokio::test]
async fn every_resource_of_the_console_answers_as_described() {
    let world = World::start(&["acme.test", "globex.test"]).await;
    let (mut alice, mut bob) = (world.person(0, "alice").await, world.person(1, "bob").await);
    let direct = alice.opens("bob@globex.test").await;
    alice.says(&direct, "hello").await;
    bob.hears("hello").await;
    let insult = bob.says(&direct, "you fool").await;
    alice.hears("you fool").await;
    makes_admin(&world, 0, "alice").await;
    let asker = Asker::log_in(&world, 0, "alice").await;
    let mut admin = Judge { asker, documents: Documents::read(), seen: BTreeSet::new() };

    sees_to_accounts(&mut admin).await;
    sees_to_a_group(&mut admin).await;
    sees_to_others(&mut admin).await;
    let report = json!({ "channel": direct, "message": insult, "reason": "harassment" });
    admin.asks("POST /v1/reports", report).await;
    sees_to_abuse(&mut admin).await;
    for resource in ["status", "figures", "settings", "doctor?domain=globex.test"] {
        admin.asks(&format!("GET /v1/admin/{resource}"), Value::Null).await;
    }

    let described = admin.documents.resources();
    let of_admins = described.iter().filter(|resource| resource.contains(" /v1/admin/"));
    let missing: Vec<_> = of_admins.filter(|resource| !admin.seen.contains(*resource)).collect();
    assert_eq!(missing, Vec::<&String>::new(), "nobody has asked for these");
}

async fn sees_to_accounts(admin: &mut Judge) {
    let new = json!({ "name": "carol", "password": PASSWORD });
    admin.asks("POST /v1/admin/users", new).await;
    for change in [json!({ "admin": true }), json!({ "suspended": true })] {
        admin.asks("PUT /v1/admin/users/carol", change).await;
    }
    admin.asks("PUT /v1/admin/users/carol", json!({ "password": PASSWORD })).await;
    let users = admin.asks("GET /v1/admin/users?prefix=c&after=a", Value::Null).await;
    assert_eq!(users["users"][0]["name"], "carol");
    let invite = json!({ "uses": 3, "expires_in_seconds": 3_600 });
    admin.asks("POST /v1/admin/invites", invite).await;
    let invites = admin.asks("GET /v1/admin/invites", Value::Null).await;
    let id = invites["invites"][0]["id"].as_str().unwrap();
    admin.asks(&format!("DELETE /v1/admin/invites/{id}"), Value::Null).await;
}

async fn sees_to_a_group(admin: &mut Judge) {
    let group = json!({ "kind": "group", "name": "Tea" });
    let made = admin.asks("POST /v1/channels", group).await;
    let id = made["channel"]["id"].as_str().unwrap();
    let groups = admin.asks("GET /v1/admin/groups", Value::Null).await;
    assert_eq!(groups["groups"][0]["channel"], id);
    let would = admin.asks(&format!("POST /v1/admin/groups/{id}/reopen"), json!({})).await;
    assert_eq!(would["voided"], json!([]));
    let at = json!({ "at": [1, 1], "sure": true });
    admin.asks(&format!("POST /v1/admin/groups/{id}/reopen"), at).await;
    admin.asks(&format!("GET /v1/admin/groups/{id}/voided"), Value::Null).await;
    admin.asks(&format!("POST /v1/admin/groups/{id}/confirm"), Value::Null).await;
    let rule = json!({ "stance": "allow_named", "asks_per_hour": 7 });
    admin.asks("PUT /v1/admin/policy/globex.test", rule).await;
    admin.asks(&format!("PUT /v1/admin/policy/globex.test/groups/{id}"), Value::Null).await;
    let policy = admin.asks("GET /v1/admin/policy", Value::Null).await;
    assert_eq!(policy["rules"][0]["groups"], json!([id]));
    admin.asks(&format!("DELETE /v1/admin/policy/globex.test/groups/{id}"), Value::Null).await;
    admin.asks("DELETE /v1/admin/policy/globex.test", Value::Null).await;
}

async fn sees_to_others(admin: &mut Judge) {
    let peers = admin.asks("GET /v1/admin/peers", Value::Null).await;
    assert_eq!(peers["peers"][0]["domain"], "globex.test");
    admin.asks("POST /v1/admin/peers/globex.test/retry", Value::Null).await;
    let key = json!({ "key": "not theirs" });
    let refused = admin.is_refused("PUT /v1/admin/peers/globex.test/key", key).await;
    assert_eq!(refused, "domain_key_changed");
}

async fn sees_to_abuse(admin: &mut Judge) {
    let reports = admin.asks("GET /v1/admin/reports?all=true", Value::Null).await;
    let number = &reports["reports"][0]["number"];
    let detail = admin.asks(&format!("GET /v1/admin/reports/{number}"), Value::Null).await;
    assert_eq!(detail["text"], "you fool");
    admin.asks(&format!("DELETE /v1/admin/reports/{number}"), Value::Null).await;
    admin.asks("GET /v1/admin/forks", Value::Null).await;
    let refused = admin.is_refused("GET /v1/admin/forks/c1-AAAAAAAA", Value::Null).await;
    assert_eq!(refused, "resource_not_found");
}
