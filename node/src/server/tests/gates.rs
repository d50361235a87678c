//! Gates between nodes: peers reach a node through one, which may be closed to some of them.

use std::collections::{BTreeSet, HashMap};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};

use tokio::net::UdpSocket;

/// Every gate of a world.
#[derive(Default)]
pub(super) struct Gates {
    /// Who does not reach whom, both ways.
    closed: Mutex<BTreeSet<(SocketAddr, SocketAddr)>>,
}

impl Gates {
    /// Opens a gate to a node; its port.
    pub(super) async fn open(self: &Arc<Self>, node: SocketAddr) -> u16 {
        let outside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = outside.local_addr().unwrap().port();
        tokio::spawn(Arc::clone(self).pass_in(Arc::new(outside), node));
        port
    }

    /// From now on nothing passes between two nodes.
    pub(super) fn cut(&self, one: SocketAddr, other: SocketAddr) {
        self.closed.lock().unwrap().extend([(one, other), (other, one)]);
    }

    /// Everything passes between two nodes again.
    pub(super) fn mend(&self, one: SocketAddr, other: SocketAddr) {
        self.closed.lock().unwrap().retain(|pair| *pair != (one, other) && *pair != (other, one));
    }

    fn is_closed(&self, one: SocketAddr, other: SocketAddr) -> bool {
        self.closed.lock().unwrap().contains(&(one, other))
    }

    async fn pass_in(self: Arc<Self>, outside: Arc<UdpSocket>, node: SocketAddr) {
        let mut insides: HashMap<SocketAddr, Arc<UdpSocket>> = HashMap::new();
        let mut bytes = vec![0; 65_536];
        while let Ok((length, from)) = outside.recv_from(&mut bytes).await {
            let inside = match insides.get(&from) {
                Some(known) => Arc::clone(known),
                None => {
                    let inside = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
                    inside.connect(node).await.unwrap();
                    let inside = Arc::new(inside);
                    let (gate, back) = (Arc::clone(&self), Arc::clone(&inside));
                    tokio::spawn(gate.pass_out(back, Arc::clone(&outside), from, node));
                    insides.insert(from, Arc::clone(&inside));
                    inside
                }
            };
            if !self.is_closed(from, node) {
                let _ = inside.send(&bytes[..length]).await;
            }
        }
    }

    async fn pass_out(
        self: Arc<Self>,
        inside: Arc<UdpSocket>,
        outside: Arc<UdpSocket>,
        to: SocketAddr,
        node: SocketAddr,
    ) {
        let mut bytes = vec![0; 65_536];
        while let Ok(length) = inside.recv(&mut bytes).await {
            if !self.is_closed(to, node) {
                let _ = outside.send_to(&bytes[..length], to).await;
            }
        }
    }
}
