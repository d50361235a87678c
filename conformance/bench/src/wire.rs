//! What passes between two nodes, counted on its way: a port in front of a node, from which each
//! datagram goes on as it is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::net::UdpSocket;
use tokio::task::{JoinHandle, JoinSet};

/// A port that leads to a node; it closes when dropped.
pub(crate) struct Wire {
    pub(crate) port: u16,
    bytes: Arc<AtomicU64>,
    carrying: JoinHandle<()>,
}

impl Wire {
    /// Takes a free loopback port before `node`.
    pub(crate) async fn before(node: SocketAddr) -> io::Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
        let (port, bytes) = (socket.local_addr()?.port(), Arc::new(AtomicU64::new(0)));
        let carrying = tokio::spawn(carry(Arc::new(socket), node, Arc::clone(&bytes)));
        Ok(Self { port, bytes, carrying })
    }

    /// Bytes that passed in both directions, with the headers of UDP and IPv4.
    pub(crate) fn bytes(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.carrying.abort();
    }
}

/// Carries datagrams to the node, and back what it answers to each who sends some.
async fn carry(outer: Arc<UdpSocket>, node: SocketAddr, bytes: Arc<AtomicU64>) {
    let (mut inner, mut answering) = (HashMap::new(), JoinSet::new());
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        let Ok((count, from)) = outer.recv_from(&mut datagram).await else { continue };
        let to_node = match inner.entry(from) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => {
                let Ok(socket) = connected(node).await else { continue };
                let (socket, bytes) = (Arc::new(socket), Arc::clone(&bytes));
                answering.spawn(answer(Arc::clone(&socket), Arc::clone(&outer), from, bytes));
                new.insert(socket)
            }
        };
        bytes.fetch_add(count as u64 + HEADERS_BYTES, Ordering::Relaxed);
        // What is lost is sent again by those whose it is.
        let _ = to_node.send(&datagram[..count]).await;
    }
}

async fn answer(
    inner: Arc<UdpSocket>,
    outer: Arc<UdpSocket>,
    to: SocketAddr,
    bytes: Arc<AtomicU64>,
) {
    let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
    loop {
        // A node that is away refuses, and may come back.
        let Ok(count) = inner.recv(&mut datagram).await else { continue };
        bytes.fetch_add(count as u64 + HEADERS_BYTES, Ordering::Relaxed);
        let _ = outer.send_to(&datagram[..count], to).await;
    }
}

async fn connected(node: SocketAddr) -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    socket.connect(node).await?;
    Ok(socket)
}

const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Of IPv4 without options, and of UDP.
const HEADERS_BYTES: u64 = 20 + 8;
