//! Networks as they are: nodes with several addresses of which some are dead, nodes that have IPv6
//! only or move, and networks that lose, repeat and reorder. DNS is unsigned here, and what it says
//! changes; the nodes pin each other's keys.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::path::Path;
use std::time::Duration;

use comity_client::{ChannelEvent, Endpoint, Http};
use comity_discovery::PublishedKey;
use comity_identity::NodeKeyFile;
use comity_relay::{Conditions, Names, Place, Relay, RelaySettings};
use tempfile::TempDir;

use super::world::{Home, PASSWORD, Person, node_keys, soon, text_of};
use crate::config::Settings;
use crate::disk::DirectoryError;
use crate::server::{self, StartError};

pub(super) const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];
/// Links show soon that they are cut.
const IDLE_TIMEOUT_MS: u64 = 2_000;

/// Two nodes, and what DNS says of them.
pub(super) struct Two {
    pub(super) homes: Vec<Home>,
    pub(super) settings: Vec<Settings>,
    pub(super) keys: [String; 2],
    names: Names,
    _dir: TempDir,
}

impl Two {
    /// Both listen on an address of this kind. DNS knows neither of them yet.
    pub(super) async fn start(listen: &str) -> Self {
        let (dir, names) = (tempfile::tempdir().unwrap(), Names::start().unwrap());
        let mut all = DOMAINS.map(|domain| settings(domain, dir.path(), listen, names.addr()));
        let keys = all.each_ref().map(node_keys);
        let keys = keys.each_ref().map(introduction);
        for (settings, other) in all.iter_mut().zip([1, 0]) {
            let pin = keys[other].clone();
            settings.federation.pins.insert(DOMAINS[other].parse().unwrap(), pin);
        }
        let mut homes = Vec::new();
        for settings in &all {
            let node = server::start(settings.clone(), node_keys(settings)).await.unwrap();
            homes.push(Home::of(node, node_keys(settings)));
        }
        let keys = keys.map(|key| key.to_string());
        Self { homes, settings: all.into(), keys, names, _dir: dir }
    }

    /// Starts a node that was stopped.
    pub(super) async fn start_again(&mut self, node: usize) {
        let settings = &self.settings[node];
        let again = soon(async {
            loop {
                // Tasks that end with a node hold its directory until they have.
                match server::start(settings.clone(), node_keys(settings)).await {
                    Err(StartError::Directory(DirectoryError::InUse(_))) => {
                        tokio::task::yield_now().await;
                    }
                    started => break started.unwrap(),
                }
            }
        });
        let again = Home::of(again.await, node_keys(settings));
        self.homes.insert(node, again);
    }

    /// DNS says from now on that a node is at these places, the first of them before the others.
    pub(super) fn publish(&self, node: usize, places: &[SocketAddr]) {
        let place = |(priority, addr): (u16, &SocketAddr)| Place { priority, addr: *addr };
        let places: Vec<Place> = (1..).zip(places).map(place).collect();
        self.names.publish(DOMAINS[node], &self.keys[node], &places);
    }

    pub(super) fn addr(&self, node: usize) -> SocketAddr {
        self.homes[node].node.federation_addr
    }

    /// Somebody who has signed up there logs in again.
    pub(super) async fn again(&self, home: usize, name: &str) -> Person {
        let http = self.http(home);
        let login = soon(http.log_in(name, PASSWORD, "test")).await.unwrap();
        Person::connect(http.with_token(login.token), login.account, None).await
    }

    fn http(&self, home: usize) -> Http {
        let url = self.homes[home].url.clone();
        let endpoint = Endpoint { url, priority: 0, weight: 0 };
        Http::with_endpoints(&[endpoint], None).unwrap()
    }

    pub(super) async fn people(&self) -> [Person; 2] {
        [self.person(0, "alice").await, self.person(1, "bob").await]
    }

    pub(super) async fn person(&self, home: usize, name: &str) -> Person {
        let http = self.http(home);
        let login = soon(http.sign_up(name, PASSWORD, None, "test")).await.unwrap();
        Person::connect(http.with_token(login.token), login.account, None).await
    }
}

pub(super) fn introduction(keys: &NodeKeyFile) -> PublishedKey {
    crate::doctor::published(keys)
}

fn settings(domain: &str, dir: &Path, listen: &str, names: SocketAddr) -> Settings {
    let data = dir.join(domain);
    let data = data.display();
    let text = format!(
        "domain = \"{domain}\"\ndata_dir = '{data}'\n[client]\nlisten = \"127.0.0.1:0\"\n\
         [federation]\nmode = \"open\"\nlisten = \"{listen}\"\n\
         idle_timeout_ms = {IDLE_TIMEOUT_MS}\n\
         [dns]\nnameservers = [\"{names}\"]\n[sign_up]\nmode = \"open\"\n\
         [storage]\ncache_bytes = 16_777_216\n",
    );
    Settings::parse(&text, Path::new(""), []).unwrap()
}

/// A place where nobody answers: the port is taken, so that not even the system refuses.
fn dead() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let addr = socket.local_addr().unwrap();
    (socket, addr)
}

#[tokio::test]
async fn a_node_that_does_not_come_up_leaves_nothing_behind() {
    let (taken, addr) = dead();
    let (dir, names) = (tempfile::tempdir().unwrap(), Names::start().unwrap());
    let settings = settings(DOMAINS[0], dir.path(), &addr.to_string(), names.addr());
    let refused = server::start(settings.clone(), node_keys(&settings)).await;
    assert!(matches!(refused, Err(StartError::Peers(_))), "its port is taken");
    drop(taken);
    let node = soon(async {
        loop {
            match server::start(settings.clone(), node_keys(&settings)).await {
                Err(StartError::Directory(_)) => tokio::task::yield_now().await,
                started => break started.unwrap(),
            }
        }
    });
    soon(node.await.stop()).await;
}

#[tokio::test]
async fn a_node_is_found_where_its_first_two_addresses_are_dead() {
    let two = Two::start("127.0.0.1:0").await;
    let (dead, nowhere) = (dead(), dead());
    two.publish(0, &[two.addr(0)]);
    two.publish(1, &[dead.1, nowhere.1, two.addr(1)]);
    let [alice, mut bob] = two.people().await;
    let channel = alice.opens(&bob.account).await;
    alice.says(&channel, "you are hard to find").await;
    bob.hears("you are hard to find").await;
}

#[tokio::test]
async fn nodes_that_have_ipv6_only_are_linked() {
    let two = Two::start("[::1]:0").await;
    for node in [0, 1] {
        two.publish(node, &[two.addr(node)]);
    }
    let [mut alice, mut bob] = two.people().await;
    let channel = alice.opens(&bob.account).await;
    alice.says(&channel, "six").await;
    bob.hears("six").await;
    bob.says(&channel, "yes").await;
    alice.hears("yes").await;
}

#[tokio::test]
async fn a_node_that_moved_is_found_by_its_new_record() {
    let mut two = Two::start("127.0.0.1:0").await;
    // It cannot look for acme itself.
    let (_nobody, nowhere) = dead();
    two.publish(0, &[nowhere]);
    two.publish(1, &[two.addr(1)]);
    let [mut alice, bob] = two.people().await;
    let channel = alice.opens(&bob.account).await;
    let first = alice.says(&channel, "before").await;
    alice.is_told_delivered(&first, 2).await;

    let old = two.addr(1);
    drop(bob);
    soon(two.homes.remove(1).node.stop()).await;
    two.settings[1].federation.listen = "127.0.0.2:0".parse().unwrap();
    two.start_again(1).await;
    assert_ne!(two.addr(1).ip(), old.ip());
    let waits = alice.says(&channel, "where are you now?").await;
    two.publish(1, &[two.addr(1)]);
    alice.is_told_delivered(&waits, 2).await;
}

#[tokio::test]
async fn messages_cross_a_bad_network_once_and_in_order() {
    let two = Two::start("127.0.0.1:0").await;
    let ms = Duration::from_millis;
    let bad = Conditions {
        delay: ms(10),
        jitter: ms(5),
        loss: 0.05,
        duplicate: 0.05,
        reorder: 0.05,
        reorder_by: ms(20),
    };
    let relays = [0, 1].map(|node| {
        let relay = Relay::start(RelaySettings::before(two.addr(node), bad)).unwrap();
        two.publish(node, &[relay.addr()]);
        relay
    });
    let [mut alice, mut bob] = two.people().await;
    let channel = alice.opens(&bob.account).await;
    alice.says(&channel, "here").await;
    bob.hears("here").await;
    let texts: Vec<String> = (0..100).map(|number| format!("number {number}")).collect();
    for text in &texts {
        alice.says(&channel, text).await;
        bob.says(&channel, text).await;
    }
    for (person, other) in [(&mut alice, "bob@globex.test"), (&mut bob, "alice@acme.test")] {
        let mut heard = Vec::new();
        // His own come too.
        for _ in 0..2 * texts.len() {
            let is_one = |event: &ChannelEvent| {
                text_of(event).is_some_and(|text| text.starts_with("number"))
            };
            let said = person.sees("a message", is_one).await;
            if said.sender == other {
                heard.extend(text_of(&said).map(str::to_owned));
            }
        }
        assert_eq!(heard, texts);
    }
    // A network that carried every datagram would show nothing.
    assert!(relays.iter().any(|relay| relay.counts().lost > 0));
}

#[tokio::test]
async fn a_link_goes_on_when_a_router_forgets_it() {
    let two = Two::start("127.0.0.1:0").await;
    let relay = Relay::start(RelaySettings::before(two.addr(1), Conditions::default())).unwrap();
    // Who is dialled cannot dial: it knows the other one by the link alone.
    let (_nobody, nowhere) = dead();
    two.publish(0, &[nowhere]);
    two.publish(1, &[relay.addr()]);
    let [mut alice, mut bob] = two.people().await;
    let channel = alice.opens(&bob.account).await;
    alice.says(&channel, "one").await;
    bob.hears("one").await;
    relay.rebind();
    // What goes to the old port is lost until the dialling end says something.
    bob.says(&channel, "two").await;
    alice.hears("two").await;
    relay.rebind();
    alice.says(&channel, "three").await;
    bob.hears("three").await;
}
