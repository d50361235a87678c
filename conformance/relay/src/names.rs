//! A name server for nodes that pin each other's keys: it answers TXT, SRV, A and AAAA questions
//! from a few records, unsigned, and says of all else that there is nothing. What it says may
//! change while it runs. Simple enough that it needs no library.

use std::collections::HashMap;
use std::io;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

/// What is known of a name and a type; each is an answer's data.
type Records = HashMap<(String, u16), Vec<Vec<u8>>>;

/// The running name server; it ends when dropped.
pub struct Names {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    records: Mutex<Records>,
    is_over: AtomicBool,
}

/// Where a domain's node may be reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    /// Lower is tried first.
    pub priority: u16,
    /// Where.
    pub addr: SocketAddr,
}

impl Names {
    /// Takes a free loopback port.
    pub fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.set_read_timeout(Some(LOOK))?;
        let addr = socket.local_addr()?;
        let shared = Shared { records: Mutex::default(), is_over: AtomicBool::new(false) };
        let shared = Arc::new(shared);
        let serving = Arc::clone(&shared);
        let thread = thread::Builder::new().name("names".to_owned());
        thread.spawn(move || serving.serve(&socket))?;
        Ok(Self { addr, shared })
    }

    /// Where it answers.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Publishes a domain's key and where its node is, in place of what was published of it before.
    pub fn publish(&self, domain: &str, introduction: &str, places: &[Place]) {
        let mut records = self.shared.records.lock().unwrap_or_else(PoisonError::into_inner);
        let mut txt = Vec::new();
        for string in introduction.as_bytes().chunks(255) {
            txt.push(u8::try_from(string.len()).unwrap_or(u8::MAX));
            txt.extend_from_slice(string);
        }
        records.insert((format!("_comity.{domain}"), TXT), vec![txt]);
        let hosts = (0..places.len()).map(|at| format!("node{at}.{domain}"));
        let mut targets = Vec::new();
        for (host, place) in hosts.zip(places) {
            let mut srv = place.priority.to_be_bytes().to_vec();
            // Its share among equals.
            srv.extend_from_slice(&[0, 5]);
            srv.extend_from_slice(&place.addr.port().to_be_bytes());
            for label in host.split('.') {
                srv.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
                srv.extend_from_slice(label.as_bytes());
            }
            srv.push(0);
            targets.push(srv);
            let (four, six) = match place.addr.ip() {
                IpAddr::V4(ip) => (Some(ip.octets().to_vec()), None),
                IpAddr::V6(ip) => (None, Some(ip.octets().to_vec())),
            };
            records.insert((host.clone(), A), four.into_iter().collect());
            records.insert((host, AAAA), six.into_iter().collect());
        }
        records.insert((format!("_comity._udp.{domain}"), SRV), targets);
    }

    /// The same with one place.
    pub fn publish_at(&self, domain: &str, introduction: &str, addr: SocketAddr) {
        self.publish(domain, introduction, &[Place { priority: 10, addr }]);
    }
}

impl Drop for Names {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
    }
}

impl Shared {
    fn serve(&self, socket: &UdpSocket) {
        let mut query = [0; 512];
        while !self.is_over.load(Ordering::Relaxed) {
            let Ok((length, from)) = socket.recv_from(&mut query) else { continue };
            let found = {
                let records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
                answer(&query[..length], &records)
            };
            if let Some(answer) = found {
                // Who asked asks again.
                let _ = socket.send_to(&answer, from);
            }
        }
    }
}

/// The answer to a query with one question (RFC 1035 section 4.1).
fn answer(query: &[u8], records: &Records) -> Option<Vec<u8>> {
    let (mut at, mut labels) = (HEADER_BYTES, Vec::new());
    loop {
        let length = usize::from(*query.get(at)?);
        at += 1;
        if length == 0 {
            break;
        }
        let label = query.get(at..at + length)?;
        labels.push(String::from_utf8_lossy(label).to_lowercase());
        at += length;
    }
    let kind = u16::from_be_bytes(*query.get(at..)?.first_chunk()?);
    let question = query.get(HEADER_BYTES..at + 4)?;
    let found = records.get(&(labels.join("."), kind)).map_or(&[][..], Vec::as_slice);
    let mut out = query.get(..2)?.to_vec();
    // An authoritative answer without error; one question, as many answers as were found.
    out.extend_from_slice(&[0x84, 0, 0, 1, 0, u8::try_from(found.len()).ok()?, 0, 0, 0, 0]);
    out.extend_from_slice(question);
    for data in found {
        // The name is the question's.
        out.extend_from_slice(&[0xc0, 12]);
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 1]);
        out.extend_from_slice(&TTL_SECONDS.to_be_bytes());
        out.extend_from_slice(&u16::try_from(data.len()).ok()?.to_be_bytes());
        out.extend_from_slice(data);
    }
    Some(out)
}

const HEADER_BYTES: usize = 12;
const A: u16 = 1;
const TXT: u16 = 16;
const AAAA: u16 = 28;
const SRV: u16 = 33;
/// Who relies on what was said before does so for an hour.
const TTL_SECONDS: u32 = 3_600;
/// How long it listens before it looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);
