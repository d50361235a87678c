//! A name server for nodes that pin each other's keys: it answers TXT, SRV and A questions from a
//! few records, unsigned, and says of all else that there is nothing. Simple enough that it needs
//! no library.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use tokio::net::UdpSocket;
use tokio::task::JoinHandle;

type Records = Arc<Mutex<HashMap<(String, u16), Vec<u8>>>>;

/// The running name server; it ends when dropped.
pub(crate) struct Dns {
    addr: SocketAddr,
    records: Records,
    serving: JoinHandle<()>,
}

impl Dns {
    /// Takes a free loopback port.
    pub(crate) async fn start() -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (addr, records) = (socket.local_addr()?, Records::default());
        let serving = tokio::spawn(serve(socket, Arc::clone(&records)));
        Ok(Self { addr, records, serving })
    }

    pub(crate) fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Publishes an organisation's node on this machine.
    pub(crate) fn publish(&self, domain: &str, introduction: &str, port: u16) {
        let mut records = self.records.lock().unwrap_or_else(PoisonError::into_inner);
        let mut txt = Vec::new();
        for string in introduction.as_bytes().chunks(255) {
            txt.push(u8::try_from(string.len()).unwrap_or(u8::MAX));
            txt.extend_from_slice(string);
        }
        records.insert((format!("_comity.{domain}"), TXT), txt);
        // Priority and weight, the port, then the host.
        let mut srv = vec![0, 10, 0, 5];
        srv.extend_from_slice(&port.to_be_bytes());
        for label in domain.split('.') {
            srv.push(u8::try_from(label.len()).unwrap_or(u8::MAX));
            srv.extend_from_slice(label.as_bytes());
        }
        srv.push(0);
        records.insert((format!("_comity._udp.{domain}"), SRV), srv);
        records.insert((domain.to_owned(), A), Ipv4Addr::LOCALHOST.octets().to_vec());
    }
}

impl Drop for Dns {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

async fn serve(socket: UdpSocket, records: Records) {
    let mut query = [0; 512];
    while let Ok((length, from)) = socket.recv_from(&mut query).await {
        let records = records.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if let Some(answer) = answer(&query[..length], &records) {
            // Who asked asks again.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// The answer to a query with one question (RFC 1035 section 4.1).
fn answer(query: &[u8], records: &HashMap<(String, u16), Vec<u8>>) -> Option<Vec<u8>> {
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
    let found = records.get(&(labels.join("."), kind));
    let mut out = query.get(..2)?.to_vec();
    // An authoritative answer without error; one question, as many answers as were found.
    out.extend_from_slice(&[0x84, 0, 0, 1, 0, u8::from(found.is_some()), 0, 0, 0, 0]);
    out.extend_from_slice(question);
    if let Some(data) = found {
        // The name is the question's.
        out.extend_from_slice(&[0xc0, 12]);
        out.extend_from_slice(&kind.to_be_bytes());
        out.extend_from_slice(&[0, 1, 0, 0, 0x0e, 0x10]);
        out.extend_from_slice(&u16::try_from(data.len()).ok()?.to_be_bytes());
        out.extend_from_slice(data);
    }
    Some(out)
}

const HEADER_BYTES: usize = 12;
const A: u16 = 1;
const TXT: u16 = 16;
const SRV: u16 = 33;
