//! Domains that are not there, or that nothing proves: whoever asks for an account there is told
//! which it is.

use comity_client::HttpError;

use super::rogue::records_of;
use super::world::{Others, World, soon};

#[tokio::test]
async fn a_domain_that_is_not_proven_is_refused_by_name() {
    let others = Others {
        signed: vec![records_of("forged.test", 21, 1), records_of("silent.test", 22, 1)],
        unsigned: vec![records_of("unsigned.test", 23, 1)],
        forged: vec!["forged.test"],
        ..Others::default()
    };
    let world = World::start_among(&["acme.test"], others).await;
    let mut alice = world.person(0, "alice").await;
    let carol = world.person(0, "carol").await;
    let direct = carol.opens("alice@acme.test").await;
    let group = soon(alice.http().create_group("lunch", "")).await.unwrap();
    let cases = [
        ("nowhere.test", "domain_not_found"),
        ("forged.test", "domain_bogus"),
        ("unsigned.test", "domain_unproven"),
        ("silent.test", "domain_unreachable"),
    ];
    for (domain, code) in cases {
        let label = format!("bob@{domain}");
        let refusals = [
            soon(alice.http().open_direct(&label)).await.unwrap_err(),
            soon(alice.http().invite(&group, &label)).await.unwrap_err(),
        ];
        for refused in refusals {
            assert_eq!(refused.code(), Some(code), "{domain}: {refused}");
            let HttpError::Refused(_, refused) = refused else { unreachable!() };
            assert!(refused.message.contains(domain), "{}", refused.message);
        }
        carol.says(&direct, code).await;
        alice.hears(code).await;
    }
    assert!(!world.dir().join("nowhere.test").exists());
}
