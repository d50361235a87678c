//! People become contacts, within an organisation and across; all their devices hear of it, also
//! after a restart.

use comity_client::{Content, Http};

use super::world::{PASSWORD, Person, World, soon};

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];

fn step(account: &str, step: &str) -> Content {
    Content::Contact { account: account.to_owned(), step: step.to_owned() }
}

/// Whom somebody knows, each with what it is.
async fn contacts(person: &Person) -> Vec<(String, String)> {
    let contacts = soon(person.http().contacts()).await.unwrap();
    contacts.into_iter().map(|contact| (contact.account, contact.standing)).collect()
}

fn known(account: &str, standing: &str) -> Vec<(String, String)> {
    vec![(account.to_owned(), standing.to_owned())]
}

/// Somebody's second device.
async fn again(world: &World, home: usize, name: &str) -> Person {
    let http = Http::at(&world.homes[home].url).unwrap();
    let login = soon(http.log_in(name, PASSWORD, "second")).await.unwrap();
    Person::connect(http.with_token(login.token), login.account, None).await
}

#[tokio::test]
async fn contacts_are_made_and_ended_on_all_devices() {
    for (home, bobs) in [(1, "bob@globex.test"), (0, "bob@acme.test")] {
        let world = World::start(&DOMAINS).await;
        let mut alice = world.person(0, "alice").await;
        let mut bob = world.person(home, "bob").await;
        let mut phone = again(&world, home, "bob").await;
        assert!(soon(alice.http().add_contact(bobs)).await.unwrap().requested);
        let asked = step(bobs, "asked");
        for person in [&mut alice, &mut bob, &mut phone] {
            let seen = person.sees("the request", |event| event.content == asked).await;
            assert_eq!(seen.sender, "alice@acme.test");
        }
        assert_eq!(contacts(&alice).await, known(bobs, "asked"));
        assert_eq!(contacts(&bob).await, known("alice@acme.test", "asking"));
        assert!(!soon(bob.http().add_contact("alice@acme.test")).await.unwrap().requested);
        let accepted = step("alice@acme.test", "accepted");
        for person in [&mut alice, &mut bob, &mut phone] {
            let seen = person.sees("the answer", |event| event.content == accepted).await;
            assert_eq!(seen.sender, bobs);
        }
        assert_eq!(contacts(&alice).await, known(bobs, "contact"));
        // The step names the channel in which the two would talk.
        let direct = alice.opens(bobs).await;
        soon(alice.http().remove_contact(bobs)).await.unwrap();
        let ended = step(bobs, "ended");
        let seen = phone.sees("the end", |event| event.content == ended).await;
        assert_eq!(seen.channel, direct);
        assert_eq!((contacts(&alice).await, contacts(&bob).await), (vec![], vec![]));
    }
}

#[tokio::test]
async fn a_declined_request_is_not_heard_again() {
    let mut world = World::start(&DOMAINS).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    soon(alice.http().add_contact("bob@globex.test")).await.unwrap();
    let asked = step("bob@globex.test", "asked");
    bob.sees("the request", |event| event.content == asked).await;
    soon(bob.http().remove_contact("alice@acme.test")).await.unwrap();
    let ended = step("alice@acme.test", "ended");
    alice.sees("the refusal", |event| event.content == ended).await;
    assert_eq!(contacts(&alice).await, []);
    world.stop(1).await;
    world.restart(1).await;
    soon(alice.http().add_contact("bob@globex.test")).await.unwrap();
    let mut bob = again(&world, 1, "bob").await;
    // What comes after it on the same link shows that it had no effect.
    let direct = alice.opens("bob@globex.test").await;
    alice.says(&direct, "please?").await;
    bob.sees("the message", |event| {
        assert_ne!(event.content, asked);
        matches!(&event.content, Content::Message { text: Some(text) } if text == "please?")
    })
    .await;
    assert_eq!(contacts(&bob).await, known("alice@acme.test", "declined"));
    let nobody = soon(alice.http().add_contact("nobody@globex.test")).await.unwrap_err();
    assert_eq!(nobody.code(), Some("account_not_found"));
    let own = soon(alice.http().add_contact("alice@acme.test")).await.unwrap_err();
    assert_eq!(own.code(), Some("contact_self"));
}
