//! A node as a process: the built binary with settings of its own, asked only what an admin or a
//! user may ask. Killed when dropped.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, sync_channel};
use std::time::Duration;

use comity_client::Http;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde_json::Value;

use crate::Failure;
use crate::cpu;
use crate::load::{Pair, User};

/// The program that is measured: beside this one, built by whoever built this one.
pub(crate) fn program() -> Result<PathBuf, Failure> {
    let program = std::env::current_exe()?.with_file_name("comity");
    if program.exists() {
        Ok(program)
    } else {
        Err("there is no comity beside this program".into())
    }
}

/// Where a node is to be, and for whom.
#[derive(Clone, Debug)]
pub(crate) struct Site {
    program: PathBuf,
    dir: PathBuf,
    domain: String,
    more: Vec<(&'static str, String)>,
}

impl Site {
    pub(crate) fn new(program: &Path, dir: PathBuf, domain: &str) -> Self {
        let more = Vec::new();
        Self { program: program.to_owned(), dir, domain: domain.to_owned(), more }
    }

    /// Adds a setting, named as in the environment.
    pub(crate) fn set(&mut self, name: &'static str, value: String) {
        self.more.push((name, value));
    }

    /// The introduction of its key as it is published; makes the key.
    pub(crate) fn introduction(&self) -> Result<String, Failure> {
        let output = self.command().arg("dns").output()?;
        let text = String::from_utf8(output.stdout)?;
        let line = text.lines().find(|line| line.contains(" IN TXT "));
        let strings = line.and_then(|line| line.split_once(" IN TXT "));
        let (_, strings) = strings.ok_or("comity dns prints no TXT record")?;
        Ok(strings.trim().trim_matches('"').replace("\" \"", ""))
    }

    /// Starts the node; when this returns, it serves.
    pub(crate) fn start(&self) -> Result<Node, Failure> {
        let mut command = self.command();
        command.arg("serve").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn()?;
        let log = child.stderr.take().ok_or("no log")?;
        let mut node = Node { child, clients: NOWHERE, peers: NOWHERE };
        let ready = watch(log);
        let line = ready.recv_timeout(START_MAX).map_err(|_| "the node does not start")?;
        let addr = |name: &str| -> Result<SocketAddr, Failure> {
            let text = line["fields"][name].as_str().or(line[name].as_str());
            Ok(text.ok_or("the log names no address")?.parse()?)
        };
        (node.clients, node.peers) = (addr("clients")?, addr("peers")?);
        Ok(node)
    }

    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.env_clear().envs([
            ("COMITY_DOMAIN", self.domain.as_str()),
            ("COMITY_CLIENT__LISTEN", "127.0.0.1:0"),
            ("COMITY_FEDERATION__LISTEN", "127.0.0.1:0"),
            ("COMITY_FEDERATION__MODE", "open"),
            ("COMITY_DNS__NAMESERVERS", "[\"127.0.0.1:1\"]"),
            ("COMITY_SIGN_UP__MODE", "open"),
            ("COMITY_LOG__FORMAT", "json"),
            ("COMITY_LIMITS__CLIENTS", FAR_MORE_THAN_PEOPLE_NEED),
        ]);
        command.env("COMITY_DATA_DIR", &self.dir);
        command.envs(self.more.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// A running node.
pub(crate) struct Node {
    child: Child,
    clients: SocketAddr,
    /// Where its peers connect.
    pub(crate) peers: SocketAddr,
}

impl Node {
    /// CPU that it has used.
    pub(crate) fn cpu(&self) -> Result<Duration, Failure> {
        cpu::of_process(self.child.id())
    }

    /// CPU of its living threads that have a name of this kind.
    pub(crate) fn threads_cpu(&self, is_meant: impl Fn(&str) -> bool) -> Result<Duration, Failure> {
        cpu::of_threads_of(self.child.id(), is_meant)
    }

    /// Memory that it holds, in MB of 10^6 bytes.
    pub(crate) fn memory_mb(&self) -> Result<f64, Failure> {
        cpu::memory_mb(self.child.id(), "VmRSS")
    }

    /// The most memory that it has held.
    pub(crate) fn peak_memory_mb(&self) -> Result<f64, Failure> {
        cpu::memory_mb(self.child.id(), "VmHWM")
    }

    /// Where its clients connect.
    pub(crate) fn clients(&self) -> SocketAddr {
        self.clients
    }

    /// The same as a URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.clients)
    }

    /// Ends it without a word.
    pub(crate) fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Makes accounts, each with a device.
    pub(crate) async fn users(&self, prefix: &str, count: usize) -> Result<Vec<User>, Failure> {
        let url = self.url();
        let addr = self.clients;
        let sign_up = |number| {
            let name = format!("{prefix}{number}");
            let http = Http::at(&url);
            async move {
                let user = http?.sign_up(&name, PASSWORD, None, "bench").await?;
                Ok::<_, Failure>(User { addr, account: user.account, token: user.token })
            }
        };
        stream::iter(0..count).map(sign_up).buffered(SIGN_UPS_AT_ONCE).try_collect().await
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Opens a direct channel between each two users.
pub(crate) async fn pair_up(ones: Vec<User>, others: Vec<User>) -> Result<Vec<Pair>, Failure> {
    let open = |(one, other): (User, User)| async move {
        let http = one.http()?;
        let channel = http.open_direct(&other.account).await?;
        Ok::<_, Failure>(Pair { users: [one, other], channel })
    };
    let pairs = ones.into_iter().zip(others);
    stream::iter(pairs).map(open).buffered(SIGN_UPS_AT_ONCE).try_collect().await
}

/// Reads a node's log to its end; yields the line that says that it runs, and shows errors.
fn watch(log: impl Read + Send + 'static) -> Receiver<Value> {
    let (tell, ready) = sync_channel(1);
    std::thread::spawn(move || {
        for line in BufReader::new(log).lines().map_while(Result::ok) {
            let entry = serde_json::from_str(&line).unwrap_or(Value::Null);
            if entry["fields"]["message"] == "running" || entry["message"] == "running" {
                // Nobody listens after the first one.
                let _ = tell.try_send(entry);
            } else if entry.is_null() || entry["level"] == "ERROR" {
                // Nobody is left to be told when standard error is closed.
                let _ = writeln!(std::io::stderr(), "{line}");
            }
        }
    });
    ready
}

/// A bench does in a minute what people do in months, all from one address.
const FAR_MORE_THAN_PEOPLE_NEED: &str = "{ account_requests_per_minute = 1_000_000_000, \
    address_requests_per_minute = 1_000_000_000, address_connections_max = 10_000_000, \
    address_sign_ups_per_hour = 1_000_000_000 }";
const NOWHERE: SocketAddr = SocketAddr::new(IpAddr::V4(Ipv4Addr::UNSPECIFIED), 0);
const PASSWORD: &str = "correct horse battery staple";
const START_MAX: Duration = Duration::from_secs(20);
/// Each hashes a password, which takes a core.
const SIGN_UPS_AT_ONCE: usize = 4;
