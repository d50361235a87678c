//! People find groups without an invitation: by alias and by list, at home and at other
//! organisations, and nobody finds what does not let him in.

use comity_client::{Content, FoundGroup, HttpError, JoinRule, Page};

use comity_protocol::directory::{Offer, OfferedGroup, Seek};
use comity_protocol::frame::Frame;
use comity_protocol::id::{ChannelId, LineageId};

use super::rogue::{DOMAIN, Rogue, SEED, Wire, records_of};
use super::world::{Others, Person, World, soon};

const DOMAINS: [&str; 3] = ["acme.test", "globex.test", "initech.test"];

/// A group with an alias, open as a rule says.
async fn named(owner: &Person, name: &str, alias: &str, rule: JoinRule) -> String {
    let group = soon(owner.http().create_group(name, "for all")).await.unwrap();
    soon(owner.http().set_alias(&group, alias)).await.unwrap();
    assert!(!soon(owner.http().set_join_rule(&group, &rule)).await.unwrap().requested);
    group
}

fn found(id: &str, name: &str, members: u32, alias: Option<&str>) -> FoundGroup {
    let (id, name, topic) = (id.to_owned(), name.to_owned(), "for all".to_owned());
    let alias = alias.map(str::to_owned);
    FoundGroup { id, name, topic, home: "acme.test".to_owned(), members, alias }
}

fn code_of<T: std::fmt::Debug>(done: Result<T, HttpError>) -> String {
    done.unwrap_err().code().unwrap().to_owned()
}

async fn groups(person: &Person, domain: Option<&str>) -> Vec<FoundGroup> {
    let page = soon(person.http().groups(domain, None, 50)).await.unwrap();
    assert!(!page.more);
    page.groups
}

#[tokio::test]
async fn a_stranger_joins_by_an_alias_and_talks() {
    let world = World::start(&DOMAINS[..2]).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let team = named(&alice, "Team", "#team@acme.test", JoinRule::Anyone).await;
    let closed = named(&alice, "Closed", "#closed@acme.test", JoinRule::Invited).await;
    alice.says(&team, "nobody else here").await;

    // The nodes have never heard of each other before.
    let seen = soon(bob.http().group("#Team@Acme.test")).await.unwrap();
    assert_eq!(seen, found(&team, "Team", 1, Some("#team@acme.test")));
    for alias in ["#closed@acme.test", "#nothing@acme.test"] {
        assert_eq!(code_of(soon(bob.http().group(alias)).await), "channel_not_found");
        assert_eq!(code_of(soon(bob.http().join_alias(alias)).await), "channel_not_found");
    }
    assert_eq!(groups(&bob, Some("acme.test")).await, [seen]);
    assert_eq!(groups(&bob, None).await, []);

    let done = soon(bob.http().join_alias("#team@acme.test")).await.unwrap();
    assert_eq!((done.requested, done.channel.as_deref()), (true, Some(&*team)));
    let joined = Content::Joined { account: "bob@globex.test".into() };
    bob.sees("his joining", |event| event.content == joined).await;
    alice.sees("bob's joining", |event| event.content == joined).await;
    bob.says(&team, "hello").await;
    alice.hears("hello").await;
    let shown = soon(alice.http().channel(&team)).await.unwrap();
    assert_eq!((shown.members.len(), shown.aliases), (2, vec!["#team@acme.test".to_owned()]));
    assert_eq!(groups(&bob, Some("acme.test")).await[0].members, 2);
    // Who is in finds his own closed group, and no list shows it.
    assert_eq!(soon(alice.http().group("#closed@acme.test")).await.unwrap().id, closed);
    assert_eq!(groups(&alice, None).await, [found(&team, "Team", 2, Some("#team@acme.test"))]);
}

#[tokio::test]
async fn only_whom_the_join_rule_admits_finds_a_group() {
    let world = World::start(&DOMAINS).await;
    let alice = world.person(0, "alice").await;
    let ada = world.person(0, "ada").await;
    let bob = world.person(1, "bob").await;
    let carol = world.person(2, "carol").await;
    // A rule names organisations that have been met.
    alice.opens("bob@globex.test").await;
    let rule = JoinRule::Organisations(vec!["globex.test".to_owned()]);
    let team = named(&alice, "Partners", "#partners@acme.test", rule).await;
    let seen = found(&team, "Partners", 1, Some("#partners@acme.test"));
    assert_eq!(groups(&bob, Some("acme.test")).await, std::slice::from_ref(&seen));
    assert_eq!(soon(bob.http().group("#partners@acme.test")).await.unwrap(), seen);
    for (person, domain) in [(&carol, Some("acme.test")), (&ada, None)] {
        assert_eq!(groups(person, domain).await, []);
        for refused in [
            code_of(soon(person.http().group("#partners@acme.test")).await),
            code_of(soon(person.http().join_alias("#partners@acme.test")).await),
        ] {
            assert_eq!(refused, "channel_not_found");
        }
    }
    // Once it is closed nobody finds it.
    soon(alice.http().set_join_rule(&team, &JoinRule::Invited)).await.unwrap();
    assert_eq!(groups(&bob, Some("acme.test")).await, []);
}

#[tokio::test]
async fn an_alias_leads_to_a_group_of_another_home() {
    let mut world = World::start(&DOMAINS).await;
    let mut alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let mut carol = world.person(2, "carol").await;
    let team = named(&alice, "Team", "#team@acme.test", JoinRule::Anyone).await;
    soon(bob.http().join_alias("#team@acme.test")).await.unwrap();
    let joined = |account: &str| Content::Joined { account: account.to_owned() };
    bob.sees("his joining", |event| event.content == joined("bob@globex.test")).await;
    let refused = code_of(soon(bob.http().set_alias(&team, "#friends@globex.test")).await);
    assert_eq!(refused, "not_allowed");
    soon(alice.http().set_role(&team, "bob@globex.test", "owner")).await.unwrap();
    let is_role = |content: &Content| matches!(content, Content::RoleChanged { .. });
    bob.sees("his new role", |event| is_role(&event.content)).await;
    let elsewhere = code_of(soon(bob.http().set_alias(&team, "#friends@acme.test")).await);
    assert_eq!(elsewhere, "name_invalid");
    soon(bob.http().set_alias(&team, "#friends@globex.test")).await.unwrap();
    // It outlives the process.
    world.stop(1).await;
    world.restart(1).await;
    // Initech has met neither; what it is told leads it from one to the other.
    let seen = soon(carol.http().group("#friends@globex.test")).await.unwrap();
    assert_eq!(seen, found(&team, "Team", 2, Some("#friends@globex.test")));
    assert!(soon(carol.http().join_alias("#friends@globex.test")).await.unwrap().requested);
    carol.sees("her joining", |event| event.content == joined("carol@initech.test")).await;
    carol.says(&team, "found you").await;
    alice.hears("found you").await;
    let page = soon(carol.http().history(&team, &Page::Latest, 50)).await.unwrap();
    assert!(page.events.iter().any(|event| event.content == joined("carol@initech.test")));
}

#[tokio::test]
async fn a_group_is_joined_by_id_at_a_home_that_was_never_met() {
    let world = World::start(&DOMAINS[..2]).await;
    let alice = world.person(0, "alice").await;
    let mut bob = world.person(1, "bob").await;
    let team = named(&alice, "Team", "#team@acme.test", JoinRule::Anyone).await;
    assert!(soon(bob.http().join(&team, "acme.test")).await.unwrap().requested);
    let joined = Content::Joined { account: "bob@globex.test".into() };
    bob.sees("his joining", |event| event.content == joined).await;
    let nowhere = soon(bob.http().groups(Some("nowhere.test"), None, 50)).await;
    assert_eq!(code_of(nowhere), "domain_not_found");
}

#[tokio::test]
async fn lists_go_on_page_by_page_across_organisations() {
    let world = World::start(&DOMAINS[..2]).await;
    let alice = world.person(0, "alice").await;
    let bob = world.person(1, "bob").await;
    let mut ids = Vec::new();
    for number in 0..7 {
        let name = format!("Group {number}");
        let group = soon(alice.http().create_group(&name, "for all")).await.unwrap();
        soon(alice.http().set_join_rule(&group, &JoinRule::Anyone)).await.unwrap();
        ids.push(group);
    }
    for (person, domain) in [(&alice, None), (&bob, Some("acme.test"))] {
        let (mut seen, mut after) = (Vec::new(), None::<String>);
        for more in [true, true, false] {
            let page = soon(person.http().groups(domain, after.as_deref(), 3)).await.unwrap();
            assert_eq!(page.more, more);
            seen.extend(page.groups.into_iter().map(|group| group.id));
            after = seen.last().cloned();
        }
        seen.sort();
        ids.sort();
        assert_eq!(seen, ids);
    }
}

/// Answers the next look-up of groups.
async fn offers(wire: &mut Wire, groups: Vec<OfferedGroup>) -> Seek {
    let asked = wire.hears("a seek", |frame| matches!(frame, Frame::Seek { .. })).await;
    let Frame::Seek { id, seek } = asked else { unreachable!() };
    wire.says(&Frame::Offer { id, offer: Offer { groups, more: true } }).await;
    seek
}

#[tokio::test]
async fn what_a_peer_says_of_its_groups_is_gone_by_not_believed() {
    let mut peer = Rogue::new();
    let others =
        Others { signed: vec![records_of(DOMAIN, SEED, peer.port())], ..Others::default() };
    let world = World::start_among(&["acme.test"], others).await;
    let alice = world.person(0, "alice").await;
    let mut wire = peer.links(&world.homes[0]).await;
    let group = |number: u8, name: &str| OfferedGroup {
        channel: ChannelId([number; 32]),
        home: LineageId([9; 32]),
        domain: DOMAIN.to_owned(),
        name: name.to_owned(),
        topic: "for all".to_owned(),
        members: 1,
        alias: Some("Not An Alias".to_owned()),
    };
    let elsewhere = OfferedGroup { domain: "no domain".to_owned(), ..group(6, "Elsewhere") };
    let offered = vec![group(4, "Sound"), group(4, "Again"), group(5, "\x1b[2J"), elsewhere];
    let asked = alice.http().groups(Some(DOMAIN), None, 50);
    let (page, seek) = tokio::join!(soon(asked), offers(&mut wire, offered));
    assert_eq!(seek, Seek::Page { count: 50, after: None });
    let page = page.unwrap();
    let names: Vec<&str> = page.groups.iter().map(|group| group.name.as_str()).collect();
    assert_eq!((names, page.more), (vec!["Sound"], true));
    assert_eq!(page.groups[0].alias, None);
    // A page that leads nowhere is the last one.
    let after = page.groups[0].id.clone();
    let asked = alice.http().groups(Some(DOMAIN), Some(&after), 50);
    let (page, _) = tokio::join!(soon(asked), offers(&mut wire, vec![group(4, "Sound")]));
    let page = page.unwrap();
    assert_eq!((page.groups, page.more), (vec![], false));
    // An alias that leads to another organisation than its domain's is none.
    let alias = format!("#sound@{DOMAIN}");
    let asked = alice.http().join_alias(&alias);
    let (joined, _) = tokio::join!(soon(asked), offers(&mut wire, vec![group(4, "Sound")]));
    assert_eq!(code_of(joined), "channel_not_found");
}
