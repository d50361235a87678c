//! `comity demo`: two organisations on one machine, made, shown and taken away again. The nodes are
//! ordinary ones with ordinary settings; all that is special is their DNS ([`dns`]) and that they
//! listen on loopback only.

mod crossing;
pub(crate) mod dns;
mod place;
pub(crate) mod zone;

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use clap::Args;
use comity_protocol::name::AccountName;

use self::crossing::Person;
use self::dns::{BoundDns, DemoDns};
use self::place::Place;
use super::launch::{self, Running};
use super::serve::stop_signal;
use super::{Failure, node_keys, say};
use crate::admin::{AdminClient, AdminError};
use crate::config::{Log, LogFormat, Settings};
use crate::doctor::Records;
use crate::logging;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// End after showing the crossing
    #[arg(long)]
    exit: bool,
    /// Keep everything in this directory, and go on with what a former demo left there
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
}

/// Runs `comity demo`.
pub(super) async fn run(options: Options) -> Result<(), Failure> {
    let level = std::env::var("COMITY_LOG__LEVEL").unwrap_or_else(|_| "warn".to_owned());
    logging::start(&Log { format: LogFormat::Text, level })?;
    let place = match &options.data_dir {
        Some(dir) => Place::kept(dir)?,
        None => Place::temporary()?,
    };
    say("Starting two nodes and their DNS ...\n\n")?;
    let mut demo = Demo::start(place.path()).await?;
    let ended = tokio::select! {
        shown = demo.show(options.exit) => shown,
        signal = stop_signal() => signal.map(drop).map_err(Failure::from),
    };
    demo.stop().await;
    ended
}

/// The running demo.
struct Demo {
    nodes: BTreeMap<&'static str, Running>,
    dns_addr: SocketAddr,
    _dns: DemoDns,
}

impl Demo {
    async fn start(dir: &Path) -> Result<Self, Failure> {
        let dns = BoundDns::bind().await?;
        let dns_addr = dns.addr()?;
        let trust_anchor = dir.join("root.key");
        std::fs::write(&trust_anchor, dns.trust_anchor()?)?;
        let mut nodes = BTreeMap::new();
        let mut records = Vec::new();
        for domain in DOMAINS {
            let settings = settings(domain, dir, dns_addr, &trust_anchor)?;
            let keys = node_keys(&settings)?;
            // The zone says which port the node got, so the keys are needed on both sides of its
            // start.
            let mut published = Records::of(&keys, domain, 0);
            let node = launch::start(settings, keys).await?;
            published.port = node.federation_addr.port();
            records.push(published);
            nodes.insert(domain, node);
        }
        let dns = dns.serve(&records)?;
        for (name, domain) in PEOPLE {
            add_user(&dir.join(domain), name).await?;
        }
        Ok(Self { nodes, dns_addr, _dns: dns })
    }

    /// Shows the demo; returns when it is over.
    async fn show(&mut self, exit: bool) -> Result<(), Failure> {
        say(self.introduction())?;
        let [alice, bob, _] = self.people();
        crossing::show(&alice, &bob).await?;
        if exit {
            return Ok(());
        }
        say(self.invitation()?)?;
        let ends = self.nodes.values_mut().map(|node| Box::pin(node.ended()));
        Err(futures_util::future::select_all(ends).await.0)
    }

    async fn stop(self) {
        for (_, node) in self.nodes {
            node.stop().await;
        }
    }

    fn people(&self) -> [Person; PEOPLE.len()] {
        PEOPLE.map(|(name, domain)| Person {
            account: format!("{name}@{domain}"),
            server: format!("http://{}", self.nodes[domain].client_addr),
            password: password(name),
        })
    }

    fn introduction(&self) -> String {
        let mut text = String::new();
        for (domain, node) in &self.nodes {
            let (clients, peers) = (node.client_addr, node.federation_addr);
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {domain:<12} clients {clients}, other nodes {peers} (QUIC)");
        }
        let _ =
            writeln!(text, "  {:<12} {}, signed; both nodes validate it\n", "DNS", self.dns_addr);
        text
    }

    fn invitation(&self) -> Result<String, Failure> {
        let command = own_command()?;
        let [alice, bob, carol] = self.people();
        let mut text = "\nNow chat yourself, in browsers:\n\n".to_owned();
        for person in [&alice, &bob, &carol] {
            let (server, name, password) = (&person.server, person.name(), &person.password);
            let _ = writeln!(text, "  {server}  {name}, password {password}");
        }
        text.push_str("\nor each in a terminal of its own:\n\n");
        for (person, other) in [(&alice, &bob), (&bob, &alice), (&carol, &bob)] {
            let _ = writeln!(
                text,
                "  {command} chat --server {} --user {} --password {} --open {}",
                person.server,
                person.name(),
                person.password,
                other.account,
            );
        }
        text.push_str(
            "\nTry /new lunch and /invite bob@globex.test for a group; /help shows more.\n\
             Ctrl-C ends the demo.\n",
        );
        Ok(text)
    }
}

fn settings(
    domain: &str,
    dir: &Path,
    nameserver: SocketAddr,
    trust_anchor: &Path,
) -> Result<Settings, Failure> {
    let quoted = |path: &Path| toml::Value::String(path.to_string_lossy().into_owned());
    let text = format!(
        "domain = \"{domain}\"\n\
         data_dir = {}\n\
         [client]\n\
         listen = \"127.0.0.1:0\"\n\
         [federation]\n\
         listen = \"127.0.0.1:0\"\n\
         mode = \"open\"\n\
         [dns]\n\
         nameservers = [\"{nameserver}\"]\n\
         trust_anchor = {}\n\
         [sign_up]\n\
         mode = \"closed\"\n\
         [storage]\n\
         cache_bytes = 33_554_432\n",
        quoted(&dir.join(domain)),
        quoted(trust_anchor),
    );
    Ok(Settings::parse(&text, Path::new("comity demo"), [])?)
}

async fn add_user(data_dir: &Path, name: &str) -> Result<(), Failure> {
    let account: AccountName = name.parse()?;
    match AdminClient::of(data_dir).add_user(&account, &password(name)).await {
        // A former demo in a kept directory made it.
        Err(AdminError::Refused { code, .. }) if code == "name_taken" => Ok(()),
        added => Ok(added.map(drop)?),
    }
}

/// Known to everybody, which is safe here: the nodes listen on loopback only and hold nothing of
/// worth.
fn password(name: &str) -> String {
    format!("{name}-tries-comity")
}

/// How this program is called again, from the directory where the user stands.
fn own_command() -> Result<String, Failure> {
    let program = std::env::current_exe()?;
    let here = std::env::current_dir()?;
    let shown = match program.strip_prefix(&here) {
        Ok(below) => Path::new(".").join(below),
        Err(_) => program,
    };
    let shown = shown.display().to_string();
    let plain = |c: char| c.is_alphanumeric() || matches!(c, '/' | '.' | '-' | '_');
    Ok(if shown.chars().all(plain) { shown } else { format!("'{}'", shown.replace('\'', r"'\''")) })
}

const DOMAINS: [&str; 2] = ["acme.test", "globex.test"];
const PEOPLE: [(&str, &str); 3] =
    [("alice", "acme.test"), ("bob", "globex.test"), ("carol", "acme.test")];
