//! A real DNS for tests: Knot on loopback, with a signed root of its own. Knows nothing of Comity.

use std::fmt::Write as _;
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, UdpSocket};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

/// How a zone stands to the root's signature.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Chain {
    /// Signed, and delegated with its key's hash.
    Signed,
    /// Not signed, and delegated without a hash.
    Unsigned,
    /// Signed, and delegated with a hash that is not its key's.
    WrongHash,
}

/// A zone: its name, how it is signed, and its records without SOA and NS.
pub(crate) struct Zone {
    pub(crate) name: &'static str,
    pub(crate) chain: Chain,
    pub(crate) records: String,
}

/// The running server. Ends when dropped.
pub(crate) struct Knot {
    process: Child,
    /// Where it answers.
    pub(crate) addr: SocketAddr,
    /// The root's key as a DNSKEY record.
    pub(crate) anchor: String,
    _dir: TempDir,
}

const APEX: &str = "60 SOA ns.test. admin.test. 1 3600 600 86400 5\n@ 60 NS ns.test.\n";
/// Tries to get a port that nobody takes meanwhile.
const TRIES_MAX: usize = 5;

impl Knot {
    /// Serves the zones and waits until they are signed.
    pub(crate) fn start(zones: &[Zone]) -> Self {
        for _ in 0..TRIES_MAX {
            let dir = tempfile::tempdir().unwrap();
            let port = free_port();
            write_config(dir.path(), port, zones);
            let anchor = write_zones(dir.path(), zones);
            if let Some(process) = run(dir.path()) {
                let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
                return Self { process, addr, anchor, _dir: dir };
            }
        }
        panic!("knotd did not start");
    }
}

impl Drop for Knot {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// A port that is free for UDP and TCP at this moment.
fn free_port() -> u16 {
    loop {
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let addr = udp.local_addr().unwrap();
        if TcpListener::bind(addr).is_ok() {
            return addr.port();
        }
    }
}

fn write_config(dir: &Path, port: u16, zones: &[Zone]) {
    let dir_text = dir.display();
    let mut config = format!(
        "server:\n    rundir: \"{dir_text}\"\n    listen: 127.0.0.1@{port}\n\
         log:\n  - target: stderr\n    any: info\n\
         database:\n    storage: \"{dir_text}\"\n\
         policy:\n{}{}\
         template:\n  - id: default\n    storage: \"{dir_text}\"\n    zonefile-sync: -1\n\
         \x20   zonefile-load: difference-no-serial\n    journal-content: all\n\
         zone:\n",
        policy("root", "off"),
        policy("child", "on")
    );
    let root = (".", Chain::Signed);
    for (name, chain) in zones.iter().map(|z| (z.name, z.chain)).chain([root]) {
        writeln!(config, "  - domain: {name}\n    file: \"{}\"", file_name(name)).unwrap();
        if chain != Chain::Unsigned {
            let policy = if name == "." { "root" } else { "child" };
            writeln!(config, "    dnssec-signing: on\n    dnssec-policy: {policy}").unwrap();
        }
    }
    std::fs::write(dir.join("knot.conf"), config).unwrap();
}

/// The real root proves absence with NSEC; and hickory's debug assertions don't allow a root with
/// NSEC3.
fn policy(id: &str, nsec3: &str) -> String {
    format!(
        "  - id: {id}\n    manual: on\n    single-type-signing: on\n    algorithm: ed25519\n\
         \x20   nsec3: {nsec3}\n"
    )
}

/// Makes the keys and writes the zone files; returns the root's key.
fn write_zones(dir: &Path, zones: &[Zone]) -> String {
    let mut root = format!("@ {APEX}ns.test. 60 A 127.0.0.1\n");
    for zone in zones {
        writeln!(root, "{} 60 NS ns.test.", zone.name).unwrap();
        if zone.chain != Chain::Unsigned {
            generate_key(dir, zone.name);
            writeln!(root, "{}", hash_of(dir, zone)).unwrap();
        }
        let text = format!("@ {APEX}{}", zone.records);
        std::fs::write(dir.join(file_name(zone.name)), text).unwrap();
    }
    std::fs::write(dir.join(file_name(".")), root).unwrap();
    generate_key(dir, ".");
    keymgr(dir, ".", &["dnskey"]).trim().to_owned()
}

fn file_name(zone: &str) -> String {
    format!("{}zone", if zone == "." { "root." } else { zone })
}

fn generate_key(dir: &Path, zone: &str) {
    keymgr(dir, zone, &["generate", "algorithm=ed25519", "ksk=yes", "zsk=yes"]);
}

/// The DS record (digest type 2) of a zone's key, spoilt where the zone wants it wrong.
fn hash_of(dir: &Path, zone: &Zone) -> String {
    let all = keymgr(dir, zone.name, &["ds"]);
    let mut line = all.lines().find(|l| l.contains(" 15 2 ")).unwrap().to_owned();
    if zone.chain == Chain::WrongHash {
        let last = line.pop().unwrap();
        line.push(if last == '0' { '1' } else { '0' });
    }
    line
}

fn keymgr(dir: &Path, zone: &str, arguments: &[&str]) -> String {
    let mut command = Command::new("keymgr");
    command.arg("-c").arg(dir.join("knot.conf")).arg(zone).args(arguments);
    let output = command.output().expect("keymgr of Knot DNS has to be installed");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

/// Starts the server and waits until it says that it has; none if it ends before.
fn run(dir: &Path) -> Option<Child> {
    let mut command = Command::new("knotd");
    command.arg("-c").arg(dir.join("knot.conf")).stderr(Stdio::piped()).stdout(Stdio::null());
    let mut process = command.spawn().expect("knotd of Knot DNS has to be installed");
    let mut log = BufReader::new(process.stderr.take().unwrap());
    let mut line = String::new();
    while log.read_line(&mut line).unwrap() > 0 {
        if line.contains("server started") {
            // What it says from now on must not fill the pipe.
            std::thread::spawn(move || std::io::copy(&mut log, &mut std::io::sink()));
            return Some(process);
        }
        line.clear();
    }
    let _ = process.wait();
    None
}
