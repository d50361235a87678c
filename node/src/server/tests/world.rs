//! A world of a DNS, nodes and people.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use comity_client::{
    ChannelEvent, Client, ClientSettings, Content, Delivered, Endpoint, Event, Http, trust_pem_file,
};
use comity_discovery::Trust;
use comity_federation::BindError;
use comity_identity::NodeKeyFile;
use comity_machine::{Answer, Command};
use comity_protocol::hash::Hash;
use comity_protocol::id::LineageId;
use comity_protocol::key::NodePublicKey;
use rustls::ClientConfig;
use tempfile::TempDir;

use super::authority::{Authority, Places};
use super::gates::Gates;
use crate::cli::demo::dns::{BoundDns, DemoDns};
use crate::cli::demo::zone::Handler;
use crate::clock;
use crate::config::{FederationMode, Settings};
use crate::disk::DirectoryError;
use crate::doctor::Records;
use crate::edge::peer;
use crate::keys;
use crate::server::{self, Node, StartError};

/// Long enough for anything on loopback; who waits longer waits for ever.
const SOON: Duration = Duration::from_secs(30);
pub(super) const PASSWORD: &str = "correct horse battery";

pub(super) async fn soon<T>(what: impl Future<Output = T>) -> T {
    tokio::time::timeout(SOON, what).await.expect("this takes too long")
}

/// How long a link through a gate may be silent.
const CUT_SHOWS_AFTER: Duration = Duration::from_secs(2);

/// Domains besides those of running nodes.
#[derive(Default)]
pub(super) struct Others {
    /// Introduced by their zones.
    pub(super) signed: Vec<Records>,
    /// In zones that nobody vouches for.
    pub(super) unsigned: Vec<Records>,
    /// Of the signed ones, those whose records were changed after signing.
    pub(super) forged: Vec<&'static str>,
    /// With whom the nodes federate; with all where absent.
    pub(super) mode: Option<FederationMode>,
    /// What is changed of what running nodes publish, before it is signed.
    pub(super) published: Option<fn(&mut Records)>,
    /// Where nodes reach each other through gates.
    pub(super) gates: Option<Arc<Gates>>,
}

/// A running node with what others need to know of it.
pub(super) struct Home {
    pub(super) node: Node,
    pub(super) url: String,
    pub(super) domain: String,
    pub(super) key: NodePublicKey,
    pub(super) recovery: Hash,
    pub(super) lineage: LineageId,
}

pub(super) struct World {
    pub(super) homes: Vec<Home>,
    settings: Vec<Settings>,
    /// What clients need to trust where nodes speak TLS.
    tls: Option<Arc<ClientConfig>>,
    dir: TempDir,
    _dns: DemoDns,
}

impl World {
    /// Starts a node for each domain.
    pub(super) async fn start(domains: &[&str]) -> Self {
        Self::start_among(domains, Others::default()).await
    }

    pub(super) async fn start_among(domains: &[&str], others: Others) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let dns = BoundDns::bind().await.unwrap();
        std::fs::write(dir.path().join("root.key"), dns.trust_anchor().unwrap()).unwrap();
        let (mut homes, mut published, mut all) = (Vec::new(), others.signed, Vec::new());
        for domain in domains {
            let mut settings = settings(domain, dir.path(), &dns.addr().unwrap().to_string());
            settings.federation.mode = others.mode.unwrap_or(FederationMode::Open);
            if others.gates.is_some() {
                settings.federation.idle_timeout = CUT_SHOWS_AFTER;
            }
            let keys = node_keys(&settings);
            let mut records = Records::of(&keys, domain, 0);
            let node = server::start(settings.clone(), keys).await.unwrap();
            let home = Home::of(node, node_keys(&settings));
            settings.federation.listen = home.node.federation_addr;
            settings.client.listen = home.node.client_addr;
            records.port = match &others.gates {
                Some(gates) => gates.open(home.node.federation_addr).await,
                None => home.node.federation_addr.port(),
            };
            if let Some(change) = others.published {
                change(&mut records);
            }
            published.push(records);
            homes.push(home);
            all.push(settings);
        }
        let touch = |zone: &mut Handler| forge(zone, &others.forged);
        let dns = dns.serve_after(&published, &others.unsigned, touch).unwrap();
        Self { homes, settings: all, tls: None, dir, _dns: dns }
    }

    /// Starts a node for each domain in a DNS that nobody signs. Each has a certificate of an
    /// authority that they know, and believes by `trust`.
    pub(super) async fn start_unsigned(domains: &[&str], trust: &Trust) -> Self {
        Self::start_unsigned_after(domains, trust, |_| ()).await
    }

    /// The same with a hand on each organisation's zone.
    pub(super) async fn start_unsigned_after(
        domains: &[&str],
        trust: &Trust,
        touch: impl Fn(&mut Handler),
    ) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let dns = BoundDns::bind().await.unwrap();
        std::fs::write(dir.path().join("root.key"), dns.trust_anchor().unwrap()).unwrap();
        let (authority, places) = (Authority::new(dir.path()), Arc::<Places>::default());
        let (mut homes, mut published, mut all) = (Vec::new(), Vec::new(), Vec::new());
        for domain in domains {
            let mut settings = settings(domain, dir.path(), &dns.addr().unwrap().to_string());
            let (certificate, key) = authority.certify(domain);
            settings.client.tls_certificate = Some(certificate);
            settings.client.tls_key = Some(key);
            settings.federation.web_roots = Some(authority.roots());
            settings.federation.trust = trust.clone();
            let (keys, known) = (node_keys(&settings), places.clone());
            let node = server::start_among(settings.clone(), keys, Some(known)).await.unwrap();
            let addr = node.client_addr;
            places.0.lock().unwrap().insert(domain.parse().unwrap(), addr);
            let mut home = Home::of(node, node_keys(&settings));
            home.url = format!("https://localhost:{}", addr.port());
            let port = home.node.federation_addr.port();
            published.push(Records::of(&node_keys(&settings), domain, port));
            homes.push(home);
            all.push(settings);
        }
        let dns = dns.serve_after(&[], &published, touch).unwrap();
        let tls = Some(trust_pem_file(&authority.roots()).unwrap());
        Self { homes, settings: all, tls, dir, _dns: dns }
    }

    /// Signs somebody up at the n-th node and connects.
    pub(super) async fn person(&self, home: usize, name: &str) -> Person {
        let url = self.homes[home].url.clone();
        let endpoint = Endpoint { url, priority: 0, weight: 0 };
        let http = Http::with_endpoints(&[endpoint], self.tls.clone()).unwrap();
        let login = soon(http.sign_up(name, PASSWORD, None, "test")).await.unwrap();
        Person::connect(http.with_token(login.token), login.account, None).await
    }

    /// Somebody who has signed up there logs in on another device.
    pub(super) async fn again(&self, home: usize, name: &str) -> Person {
        let url = self.homes[home].url.clone();
        let endpoint = Endpoint { url, priority: 0, weight: 0 };
        let http = Http::with_endpoints(&[endpoint], self.tls.clone()).unwrap();
        let login = soon(http.log_in(name, PASSWORD, "test")).await.unwrap();
        Person::connect(http.with_token(login.token), login.account, None).await
    }

    /// Ends the n-th node, which its peers and people see.
    pub(super) async fn stop(&mut self, home: usize) {
        soon(self.homes.remove(home).node.stop()).await;
    }

    /// Starts a stopped node again, in the same place.
    pub(super) async fn restart(&mut self, home: usize) {
        let settings = &self.settings[home];
        let again = soon(async {
            loop {
                // Tasks that end with a node hold its directory until they have, and somebody's
                // question to a DNS may go out from the port meanwhile.
                match server::start(settings.clone(), node_keys(settings)).await {
                    Err(StartError::Directory(DirectoryError::InUse(_))) => {
                        tokio::task::yield_now().await;
                    }
                    Err(StartError::Peers(error)) if is_taken(&error) => {
                        tokio::task::yield_now().await;
                    }
                    started => break started.unwrap(),
                }
            }
        });
        let again = Home::of(again.await, node_keys(settings));
        self.homes.insert(home, again);
    }

    /// Why a stopped node does not start again.
    pub(super) async fn fails_to_start(&self, home: usize) -> String {
        let settings = &self.settings[home];
        let refused = soon(async {
            loop {
                match server::start(settings.clone(), node_keys(settings)).await {
                    Err(StartError::Directory(DirectoryError::InUse(_))) => {
                        tokio::task::yield_now().await;
                    }
                    Err(error) => break error.to_string(),
                    Ok(_) => panic!("it starts"),
                }
            }
        });
        refused.await
    }

    /// Starts the n-th node again with another time for which it keeps texts.
    pub(super) async fn keep(&mut self, home: usize, seconds: Option<u64>) {
        self.stop(home).await;
        self.settings[home].storage.retention_seconds = seconds;
        self.restart(home).await;
    }

    /// Starts the n-th node again with another heartbeat; six of them are the timeout.
    pub(super) async fn pace(&mut self, home: usize, heartbeat: Duration) {
        self.stop(home).await;
        let presence = &mut self.settings[home].presence;
        (presence.heartbeat, presence.timeout) = (heartbeat, heartbeat * 6);
        self.restart(home).await;
    }

    /// The admin of the n-th node answers for members that cannot be asked after a start.
    pub(super) async fn answers_for_members(&self, home: usize, group: &str) {
        let channel = group.parse().unwrap();
        let (unix_ms, random) = (clock::unix_ms(), clock::random());
        let command = Command::Force { channel, unix_ms, random };
        let answer = self.homes[home].node.handle.propose(command).unwrap();
        assert_eq!(soon(answer).await.unwrap(), Answer::Done);
    }

    /// The settings of the n-th node.
    pub(super) fn settings(&self, home: usize) -> &Settings {
        &self.settings[home]
    }

    pub(super) fn dir(&self) -> &Path {
        self.dir.path()
    }
}

impl Home {
    pub(super) fn of(node: Node, keys: NodeKeyFile) -> Self {
        let (domain, lineage) = (keys.domain().to_string(), keys.lineage().id);
        let (key, recovery) = (keys.key.public(), keys.recovery());
        let url = format!("http://{}", node.client_addr);
        Self { node, url, domain, key, recovery, lineage }
    }
}

/// Whether somebody else has the port at the moment.
fn is_taken(error: &peer::StartError) -> bool {
    let peer::StartError::Bind { error: BindError::Socket(error), .. } = error else {
        return false;
    };
    error.kind() == std::io::ErrorKind::AddrInUse
}

pub(super) fn node_keys(settings: &Settings) -> NodeKeyFile {
    keys::open_or_create(&settings.data_dir, &settings.domain, 2026).unwrap()
}

pub(super) fn settings(domain: &str, dir: &Path, nameserver: &str) -> Settings {
    let text = format!(
        "domain = \"{domain}\"\n\
         data_dir = '{}'\n\
         [client]\n\
         listen = \"127.0.0.1:0\"\n\
         [federation]\n\
         listen = \"127.0.0.1:0\"\n\
         mode = \"open\"\n\
         [dns]\n\
         nameservers = [\"{nameserver}\"]\n\
         trust_anchor = '{}'\n\
         [sign_up]\n\
         mode = \"open\"\n\
         [limits.clients]\n\
         account_requests_per_minute = 1_000_000_000\n\
         [push]\n\
         networks = [\"127.0.0.2\"]\n\
         [storage]\n\
         cache_bytes = 16_777_216\n",
        dir.join(domain).display(),
        dir.join("root.key").display(),
    );
    Settings::parse(&text, Path::new(""), []).unwrap()
}

/// Changes the key's introduction after it was signed.
fn forge(zone: &mut Handler, domains: &[&str]) {
    use hickory_proto::rr::rdata::TXT;
    use hickory_proto::rr::{RData, RecordType};

    for set in zone.records_get_mut().values_mut() {
        let name = set.name().to_string();
        let is_chosen = domains.iter().any(|domain| name == format!("_comity.{domain}."));
        if is_chosen && set.record_type() == RecordType::TXT {
            let set = std::sync::Arc::make_mut(set);
            let mut record = set.record().unwrap().clone();
            record.data = RData::TXT(TXT::new(vec!["v=comity1; p=forged".to_owned()]));
            set.set_records(vec![record]);
        }
    }
}

/// Somebody with a connected client.
pub(super) struct Person {
    pub(super) account: String,
    pub(super) client: Client,
    pub(super) delivered: Vec<Delivered>,
    /// Every message seen, as channel and text.
    pub(super) seen: Vec<(String, String)>,
    /// How often it was told that older history came.
    pub(super) grown: usize,
}

impl Person {
    pub(super) async fn connect(http: Http, account: String, cursor: Option<String>) -> Self {
        let settings = ClientSettings { cursor, ..ClientSettings::default() };
        let mut client = Client::connect(http, settings);
        let first = soon(client.next()).await;
        assert!(matches!(first, Some(Event::Connected { .. })), "{first:?}");
        Self { account, client, delivered: Vec::new(), seen: Vec::new(), grown: 0 }
    }

    pub(super) fn http(&self) -> &Http {
        self.client.http()
    }

    pub(super) async fn opens(&self, with: &str) -> String {
        soon(self.http().open_direct(with)).await.unwrap()
    }

    /// Says something; its id.
    pub(super) async fn says(&self, channel: &str, text: &str) -> String {
        soon(self.client.sender().send(channel, text)).await.unwrap().id
    }

    /// The next event that fits.
    pub(super) async fn sees(
        &mut self,
        what: &str,
        fits: impl Fn(&ChannelEvent) -> bool,
    ) -> ChannelEvent {
        let account = self.account.clone();
        let found = tokio::time::timeout(SOON, async {
            loop {
                if let Event::Channel(event) = self.next().await
                    && fits(&event)
                {
                    return event;
                }
            }
        });
        found.await.unwrap_or_else(|_| panic!("{account} does not see {what}"))
    }

    /// The next message with this text; all before it are remembered.
    pub(super) async fn hears(&mut self, wanted: &str) -> ChannelEvent {
        self.sees(wanted, |event| text_of(event) == Some(wanted)).await
    }

    /// Waits until a message has come to so many organisations.
    pub(super) async fn is_told_delivered(&mut self, id: &str, organisations: u32) -> Delivered {
        self.is_told("delivered", |d| d.id == id && d.organisations == organisations).await
    }

    /// Waits until a message is final.
    pub(super) async fn is_told_final(&mut self, id: &str) -> Delivered {
        self.is_told("final", |d| d.id == id && d.is_final).await
    }

    async fn is_told(&mut self, what: &str, is_it: impl Fn(&Delivered) -> bool) -> Delivered {
        let told = tokio::time::timeout(SOON, async {
            loop {
                if let Some(known) = self.delivered.iter().find(|d| is_it(d)) {
                    return known.clone();
                }
                self.next().await;
            }
        });
        told.await.unwrap_or_else(|_| panic!("nothing is told {what}"))
    }

    async fn next(&mut self) -> Event {
        let event = self.client.next().await.expect("the client goes on");
        match &event {
            Event::Channel(event) => {
                if let Some(text) = text_of(event) {
                    self.seen.push((event.channel.clone(), text.to_owned()));
                }
            }
            Event::Delivered(delivered) => self.delivered.push(delivered.clone()),
            Event::HistoryGrew { .. } => self.grown += 1,
            _ => {}
        }
        event
    }
}

pub(super) fn text_of(event: &ChannelEvent) -> Option<&str> {
    match &event.content {
        Content::Message { text } => text.as_deref(),
        _ => None,
    }
}
