//! Limits of clients on whole nodes: wrong passwords, floods of them, and devices that nobody uses.

use std::time::Duration;

use comity_client::{Endpoint, Http, HttpError, LoggedIn, Refused};
use comity_machine::{Answer, Command, DeviceId, USED_ROUGHLY_MS};
use comity_protocol::hash::{Hasher, tag};
use futures_util::future::join_all;

use super::world::{PASSWORD, Person, World, soon};
use crate::clock;

fn http(world: &World) -> Http {
    Http::at(&world.homes[0].url).unwrap()
}

async fn log_in(http: &Http, name: &str, password: &str) -> Result<LoggedIn, HttpError> {
    soon(http.log_in(name, password, "test")).await
}

/// The status, the code and the wait of a refusal.
fn refused<T>(result: Result<T, HttpError>) -> (u16, String, Option<Duration>) {
    match result {
        Err(HttpError::Refused(status, Refused { code, retry_after, .. })) => {
            (status, code, retry_after)
        }
        Err(error) => panic!("{error:?}"),
        Ok(_) => panic!("not refused"),
    }
}

#[tokio::test]
async fn wrong_passwords_are_followed_by_waits_and_then_the_right_one_is_taken() {
    let world = World::start(&["acme.test"]).await;
    let alice = world.person(0, "alice").await;
    let http = http(&world);
    let mut wrong = 0;
    let wait = loop {
        let (status, code, wait) = refused(log_in(&http, "alice", "wrong password").await);
        if code == "rate_limited" {
            assert_eq!(status, 429);
            break wait.unwrap();
        }
        assert_eq!((status, code.as_str()), (401, "credentials_wrong"));
        wrong += 1;
        assert!(wrong < 100, "nothing is held back");
    };
    let (_, code, _) = refused(log_in(&http, "alice", PASSWORD).await);
    assert_eq!(code, "rate_limited");
    // Her device does not notice.
    assert_eq!(soon(alice.http().me()).await.unwrap().account, "alice@acme.test");
    tokio::time::sleep(wait).await;
    log_in(&http, "alice", PASSWORD).await.unwrap();
}

#[tokio::test]
async fn a_flood_of_log_ins_is_answered_and_leaves_the_node_as_it_was() {
    let world = World::start(&["acme.test"]).await;
    let mut alice = world.person(0, "alice").await;
    let bob = world.person(0, "bob").await;
    let talk = bob.opens("alice@acme.test").await;
    let http = http(&world);
    let tries = (0..300).map(|number| {
        let http = http.clone();
        async move { log_in(&http, &format!("nobody{number}"), "wrong password").await }
    });
    let (answers, ()) = tokio::join!(join_all(tries), async {
        bob.says(&talk, "all is well").await;
        alice.hears("all is well").await;
    });
    let mut held_back = 0;
    for answer in answers {
        let (_, code, wait) = refused(answer);
        match code.as_str() {
            "credentials_wrong" => {}
            "rate_limited" | "overloaded" => {
                assert!(wait.is_some());
                held_back += 1;
            }
            code => panic!("{code}"),
        }
    }
    assert!(held_back >= 100, "{held_back}");
    // Who knows a password gets in once the address is let in again.
    let logged_in = soon(async {
        loop {
            match http.log_in("alice", PASSWORD, "test").await {
                Ok(logged_in) => break logged_in,
                Err(error) => tokio::time::sleep(refused(Err::<(), _>(error)).2.unwrap()).await,
            }
        }
    });
    assert_eq!(logged_in.await.account, "alice@acme.test");
}

const DAY_MS: u64 = USED_ROUGHLY_MS;

/// Logs a device of alice in, so many days ago.
async fn old_device(world: &World, number: u64, days: u64) -> String {
    let node = &world.homes[0].node;
    let (token, unix_ms) = (format!("old token {number}"), clock::unix_ms() - days * DAY_MS);
    let command = Command::AddDevice {
        account: node.shared.state().names["alice"],
        device: DeviceId(number),
        name: format!("old {number}"),
        token: Hasher::new(tag::TOKEN).var(token.as_bytes()).finish(),
        unix_ms,
        devices_max: 100,
    };
    assert_eq!(soon(node.handle.propose(command).unwrap()).await.unwrap(), Answer::Done);
    token
}

#[tokio::test]
async fn a_device_that_nobody_uses_is_logged_out_and_one_in_use_is_not() {
    let mut world = World::start(&["acme.test"]).await;
    let alice = world.person(0, "alice").await;
    // Written at once, so that no round of the node's comes between: in use from now on.
    let used = old_device(&world, 7, 91).await;
    let with = |world: &World, token: &str| http(world).with_token(token);
    let kept = soon(with(&world, &used).me()).await.is_ok();
    let young = old_device(&world, 8, 89).await;
    let unused = old_device(&world, 9, 92).await;
    let is_known = |world: &World, number| {
        world.homes[0].node.shared.state().devices.contains_key(&DeviceId(number))
    };
    soon(async {
        while is_known(&world, 9) {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(is_known(&world, 7) == kept && is_known(&world, 8));
    let listed = soon(alice.http().devices()).await.unwrap();
    assert!(listed.iter().all(|device| device.name != "old 9"));
    let (status, code, _) = refused(soon(with(&world, &unused).me()).await);
    assert_eq!((status, code.as_str()), (401, "token_invalid"));

    // That it was used is remembered over a restart, also of one whose use is a day old.
    drop(alice);
    world.stop(0).await;
    world.restart(0).await;
    assert!(soon(with(&world, &young).me()).await.is_ok());
    assert_eq!(soon(with(&world, &used).me()).await.is_ok(), kept);
    let endpoint = Endpoint { url: world.homes[0].url.clone(), priority: 0, weight: 0 };
    let http = Http::with_endpoints(&[endpoint], None).unwrap().with_token(&young);
    let _person = Person::connect(http, "alice@acme.test".to_owned(), None).await;
}
