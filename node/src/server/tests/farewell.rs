//! Who deletes his account is gone from groups, contacts and invitations; what he said stays.

use serde_json::{Value, json};

use super::plain::Plain;
use super::world::{PASSWORD, World};

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

#[tokio::test]
async fn an_account_is_deleted_by_whoever_knows_its_password() {
    let mut world = World::start(&DOMAINS).await;
    let mut alice = Plain::new(&world, 0, "alice").await;
    let mut bob = Plain::new(&world, 1, "bob").await;
    // One group at home, one of the other organisation, one that she is only invited to.
    let own = alice.founds("tea", &mut [&mut bob]).await;
    let theirs = bob.founds("chess", &mut [&mut alice]).await;
    let (_, made) =
        bob.calls("POST", "/v1/channels", &json!({ "kind": "group", "name": "golf" })).await;
    let golf = made["channel"]["id"].as_str().unwrap().to_owned();
    bob.does("invite", json!({ "channel": golf, "account": alice.account })).await.unwrap();
    alice.event("invited").await;
    let direct = alice.opens("bob@globex.test").await;
    let said = alice.says(&direct, "farewell", Value::Null).await;
    bob.does("add_contact", json!({ "account": alice.account })).await.unwrap();
    alice.event("contact").await;
    alice.does("add_contact", json!({ "account": bob.account })).await.unwrap();
    let mut phone = alice.again(None).await;

    let wrong = json!({ "password": "something else" });
    let (status, refused) = alice.calls("DELETE", "/v1/me", &wrong).await;
    assert_eq!((status, &refused["error"]["code"]), (401, &json!("credentials_wrong")));
    assert_eq!(alice.gets("/v1/me").await.0, 200);
    let right = json!({ "password": PASSWORD });
    assert_eq!(alice.calls("DELETE", "/v1/me", &right).await.0, 204);
    let goodbye = phone.sees(|frame| frame["type"] == "goodbye").await;
    assert_eq!(goodbye["code"], "token_invalid");
    assert_eq!(alice.gets("/v1/me").await.0, 401);

    // The other organisation hears all of it.
    let mut left = Vec::new();
    while left.len() < 3 {
        left.push(bob.event("left").await["account"].clone());
    }
    assert_eq!(
        left,
        [json!("alice@acme.test"), json!("alice@acme.test"), json!("alice@acme.test")]
    );
    let ended =
        |frame: &Value| frame["event"]["kind"] == "contact" && frame["event"]["step"] == "ended";
    let is_known = bob.gets("/v1/contacts").await.1["contacts"] != json!([]);
    if is_known {
        bob.sees(ended).await;
    }
    assert_eq!(bob.gets("/v1/contacts").await.1["contacts"], json!([]));
    for group in [&own, &theirs, &golf] {
        let (_, found) = bob.gets(&format!("/v1/channels/{group}")).await;
        let members = found["members"].as_array().unwrap();
        assert!(members.iter().all(|member| member["account"] != "alice@acme.test"), "{found}");
    }
    let shown = bob.message(&direct, &said).await;
    assert_eq!((&shown["text"], &shown["sender"]), (&json!("farewell"), &json!("alice@acme.test")));
    bob.says(&direct, "are you there?", Value::Null).await;

    // Nobody finds her any more, also after a start, and nobody gets her name.
    world.stop(0).await;
    world.restart(0).await;
    let carol = Plain::new(&world, 0, "carol").await;
    let body = json!({ "kind": "direct", "with": "alice@acme.test" });
    assert_eq!(carol.calls("POST", "/v1/channels", &body).await.0, 404);
    let again = json!({ "name": "alice", "password": PASSWORD });
    let (status, refused) = carol.calls("POST", "/v1/sessions", &again).await;
    assert_eq!((status, &refused["error"]["code"]), (401, &json!("credentials_wrong")));
    let (status, refused) = carol.calls("POST", "/v1/accounts", &again).await;
    assert_eq!((status, &refused["error"]["code"]), (409, &json!("name_taken")));
}
