//! With whom a node federates, as its admin says: a first contact that waits, domains that are
//! allowed and blocked, groups that may be shared, and those that are shared no longer.

use comity_client::{Channel, Content, HttpError, Page};

use super::joins::is_let_in;
use super::peers::{admin, is_up, sees};
use super::world::{Others, Person, World, soon};
use crate::admin::{GroupLine, PeerLink, PeerState, PolicyState, Rule, RuleStance};
use crate::config::FederationMode;

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];
const ACME: &str = DOMAINS[0];
const GLOBEX: &str = DOMAINS[1];

async fn among(mode: FederationMode) -> (World, Person, Person) {
    let others = Others { mode: Some(mode), ..Others::default() };
    let world = World::start_among(&DOMAINS, others).await;
    let (alice, bob) = (world.person(0, "alice").await, world.person(1, "bob").await);
    (world, alice, bob)
}

async fn says(world: &World, home: usize, of: &str, stance: RuleStance) {
    let rule = Rule { stance, asks_per_hour: None, records_per_minute: None };
    admin(world, home).set_rule(of, Some(rule)).await.unwrap();
}

/// Waits until the admin sees what fits.
async fn sees_policy(world: &World, home: usize, fits: impl Fn(&PolicyState) -> bool) {
    let admin = admin(world, home);
    soon(async {
        while !fits(&admin.policy().await.unwrap()) {
            tokio::task::yield_now().await;
        }
    })
    .await;
}

fn trouble(peer: &PeerState) -> Option<&str> {
    peer.trouble.as_ref().map(|trouble| trouble.code.as_str())
}

/// Waits until two can speak: where both nodes dial, one link of the two ends.
async fn meets(person: &Person, other: &Person) {
    soon(async { while person.http().open_direct(&other.account).await.is_err() {} }).await;
}

fn code<T: std::fmt::Debug>(refused: Result<T, HttpError>) -> String {
    refused.unwrap_err().code().unwrap().to_owned()
}

async fn standing(person: &Person, channel: &str) -> Option<String> {
    let channels: Vec<Channel> = soon(person.http().channels()).await.unwrap();
    channels.into_iter().find(|known| known.id == channel).map(|known| known.standing)
}

async fn texts(person: &Person, channel: &str) -> Vec<String> {
    let page = soon(person.http().history(channel, &Page::Latest, 100)).await.unwrap();
    let text = |content: &Content| match content {
        Content::Message { text } => text.clone(),
        _ => None,
    };
    page.events.iter().filter_map(|event| text(&event.content)).collect()
}

#[tokio::test]
async fn a_first_contact_waits_for_both_admins() {
    let (world, mut alice, mut bob) = among(FederationMode::Ask).await;
    assert_eq!(code(alice.http().open_direct(&bob.account).await), "domain_waits");
    let asking = admin(&world, 0).policy().await.unwrap().asking;
    assert_eq!((asking.len(), asking[0].domain.as_str()), (1, GLOBEX));
    assert!(asking[0].by_ours && !asking[0].by_itself);
    assert_eq!(admin(&world, 1).policy().await.unwrap().asking, [], "nobody asked there");

    // Passed over, it is listed again as soon as somebody asks again.
    admin(&world, 0).set_rule(GLOBEX, None).await.unwrap();
    assert_eq!(admin(&world, 0).policy().await.unwrap().asking, []);
    assert_eq!(code(alice.http().open_direct(&bob.account).await), "domain_waits");
    assert_eq!(admin(&world, 0).policy().await.unwrap().asking.len(), 1);

    says(&world, 0, GLOBEX, RuleStance::Allow).await;
    sees_policy(&world, 0, |policy| policy.asking.is_empty()).await;
    sees(&world, 0, GLOBEX, |peer| trouble(peer) == Some("waits_at_domain")).await;
    sees_policy(&world, 1, |policy| {
        policy.asking.iter().any(|line| line.domain == ACME && line.by_itself)
    })
    .await;
    assert_eq!(code(alice.http().open_direct(&bob.account).await), "waits_at_domain");
    assert_eq!(code(bob.http().open_direct(&alice.account).await), "domain_waits");

    says(&world, 1, ACME, RuleStance::Allow).await;
    sees(&world, 1, ACME, is_up).await;
    meets(&alice, &bob).await;
    let channel = alice.opens(&bob.account).await;
    let id = alice.says(&channel, "let in").await;
    bob.hears("let in").await;
    alice.is_told_delivered(&id, 2).await;
}

#[tokio::test]
async fn who_is_not_on_the_list_is_refused_without_a_word_to_the_admin() {
    let (world, alice, bob) = among(FederationMode::Allowlist).await;
    says(&world, 0, GLOBEX, RuleStance::Allow).await;
    assert_eq!(code(bob.http().open_direct(&alice.account).await), "domain_refused");
    assert_eq!(code(alice.http().open_direct(&bob.account).await), "refused_by_domain");
    assert_eq!(admin(&world, 1).policy().await.unwrap().asking, []);
    let own = Rule { stance: RuleStance::Block, asks_per_hour: None, records_per_minute: None };
    for wrong in ["globex.test", "no domain"] {
        assert!(admin(&world, 1).set_rule(wrong, Some(own)).await.is_err(), "{wrong}");
    }
}

#[tokio::test]
async fn a_block_ends_the_link_and_keeps_what_was_said() {
    let (mut world, mut alice, mut bob) = among(FederationMode::Open).await;
    let channel = alice.opens(&bob.account).await;
    let before = alice.says(&channel, "before").await;
    bob.hears("before").await;
    alice.is_told_delivered(&before, 2).await;
    let other = async |person: &Person| {
        let channel = soon(person.http().channel(&channel)).await.unwrap();
        (channel.organisations.len(), channel.organisations[0].clone())
    };
    let (count, globex) = other(&alice).await;
    assert_eq!((count, globex.domain.as_str(), globex.linked), (1, GLOBEX, true));
    assert_eq!(globex.behind_since_time, None);
    let group = soon(alice.http().create_group("plans", "")).await.unwrap();
    soon(alice.http().invite(&group, &bob.account)).await.unwrap();
    bob.sees("an invitation", |event| matches!(event.content, Content::Invited { .. })).await;
    soon(alice.http().add_contact(&bob.account)).await.unwrap();
    let has_contact = async |person: &Person| {
        let contacts = soon(person.http().contacts()).await.unwrap();
        contacts.iter().any(|contact| contact.account == "alice@acme.test")
    };
    while !has_contact(&bob).await {}

    says(&world, 1, ACME, RuleStance::Block).await;
    sees(&world, 0, GLOBEX, |peer| {
        peer.link == PeerLink::Down && trouble(peer) == Some("refused_by_domain")
    })
    .await;
    assert_eq!(admin(&world, 1).peers().await.unwrap(), [], "there is nothing to do with it");
    assert_eq!(code(bob.http().post(&channel, "after", 1).await), "domain_refused");
    assert_eq!(code(bob.http().accept(&group).await), "domain_refused");
    assert_eq!(standing(&bob, &group).await, None, "the invitation is hidden");
    assert!(!has_contact(&bob).await, "who asks is hidden");
    assert_eq!(texts(&bob, &channel).await, ["before"]);
    alice.says(&channel, "meanwhile").await;
    let (_, globex) = other(&alice).await;
    assert!(!globex.linked && globex.behind_since_time.is_some(), "{globex:?}");
    let refused = (globex.refused, other(&bob).await.1.refused);
    assert_eq!(refused, (false, true), "by whose admin it is");

    // It holds over a restart, and what was said meanwhile comes when it is taken back.
    world.stop(1).await;
    world.restart(1).await;
    assert_eq!(admin(&world, 1).policy().await.unwrap().rules.len(), 1);
    let mut bob = world.again(1, "bob").await;
    admin(&world, 1).set_rule(ACME, None).await.unwrap();
    sees(&world, 1, ACME, is_up).await;
    bob.hears("meanwhile").await;
    assert_eq!(standing(&bob, &group).await.as_deref(), Some("invited"));
    assert!(has_contact(&bob).await);
    bob.says(&channel, "again").await;
    alice.hears("again").await;
}

#[tokio::test]
async fn a_group_is_shared_once_both_admins_have_said_so() {
    let (world, alice, mut bob) = among(FederationMode::Open).await;
    says(&world, 0, GLOBEX, RuleStance::AllowNamed).await;
    says(&world, 1, ACME, RuleStance::AllowNamed).await;
    meets(&alice, &bob).await;
    let group = soon(alice.http().create_group("plans", "")).await.unwrap();
    let refused = alice.http().invite(&group, &bob.account).await;
    assert_eq!(code(refused), "channel_not_granted");
    admin(&world, 0).share(GLOBEX, &group).await.unwrap();
    soon(alice.http().invite(&group, &bob.account)).await.unwrap();
    bob.sees("an invitation", |event| matches!(event.content, Content::Invited { .. })).await;
    assert_eq!(code(bob.http().accept(&group).await), "channel_not_granted");
    // His admin finds the group's id by himself.
    let listed = soon(admin(&world, 1).groups()).await.unwrap();
    let shown = |line: &GroupLine| {
        (line.channel == group, line.home == ACME, line.invited, line.is_ungranted)
    };
    assert_eq!(listed.iter().map(shown).collect::<Vec<_>>(), [(true, true, 1, true)]);
    admin(&world, 1).share(ACME, &group).await.unwrap();
    soon(bob.http().accept(&group)).await.unwrap();
    let joined = Content::Joined { account: bob.account.clone() };
    bob.sees("the joining", |event| event.content == joined).await;
    let listed = soon(admin(&world, 1).groups()).await.unwrap();
    assert_eq!((listed.len(), listed[0].invited, listed[0].is_ungranted), (1, 0, false));
    let rules = admin(&world, 1).policy().await.unwrap().rules;
    assert_eq!(rules[0].groups, [group.as_str()]);
    // Direct channels need no word of their own.
    let direct = bob.opens(&alice.account).await;
    bob.says(&direct, "you").await;
}

#[tokio::test]
async fn what_is_shared_no_longer_can_be_read_on_both_sides() {
    let (world, mut alice, mut bob) = among(FederationMode::Open).await;
    let group = soon(alice.http().create_group("plans", "")).await.unwrap();
    is_let_in(&alice, &mut bob, &group).await;
    alice.says(&group, "ours").await;
    bob.hears("ours").await;
    bob.says(&group, "mine").await;
    alice.hears("mine").await;
    let unknown = admin(&world, 0).unshare("initech.test", &group).await.unwrap_err();
    assert!(unknown.to_string().contains("domain_not_found"), "{unknown}");
    admin(&world, 0).unshare(GLOBEX, &group).await.unwrap();
    let removed = Content::Removed { account: bob.account.clone() };
    bob.sees("the end", |event| event.content == removed).await;
    assert_eq!(standing(&bob, &group).await.as_deref(), Some("kept"));
    assert_eq!(texts(&bob, &group).await, ["ours", "mine"]);
    assert_eq!(code(bob.http().post(&group, "more", u64::MAX >> 1).await), "channel_not_found");
    alice.says(&group, "without them").await;
    assert_eq!(texts(&alice, &group).await, ["ours", "mine", "without them"]);
    let members = soon(alice.http().channel(&group)).await.unwrap().members;
    assert_eq!(members.len(), 1);

    // Invited again, he has the group once in his list, and is a member like any.
    soon(alice.http().invite(&group, &bob.account)).await.unwrap();
    bob.sees("an invitation", |event| matches!(event.content, Content::Invited { .. })).await;
    let listed = soon(bob.http().channels()).await.unwrap();
    let standings = listed.iter().filter(|known| known.id == group).map(|known| &known.standing);
    assert_eq!(standings.collect::<Vec<_>>(), ["invited"]);
    soon(bob.http().decline(&group)).await.unwrap();
    let declined = Content::Left { account: bob.account.clone() };
    alice.sees("him decline", |event| event.content == declined).await;
    assert_eq!(standing(&bob, &group).await.as_deref(), Some("kept"));
    is_let_in(&alice, &mut bob, &group).await;
    assert_eq!(standing(&bob, &group).await.as_deref(), Some("joined"));
    // And his own admin takes him out.
    admin(&world, 1).unshare(ACME, &group).await.unwrap();
    let left = Content::Left { account: bob.account.clone() };
    alice.sees("him leave", |event| event.content == left).await;
    bob.sees("himself leave", |event| event.content == left).await;
    assert_eq!(standing(&bob, &group).await.as_deref(), Some("kept"));
    assert!(texts(&bob, &group).await.starts_with(&["ours".to_owned(), "mine".to_owned()]));
}
