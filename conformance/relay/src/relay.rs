//! The relay itself: a socket that all senders reach, and one for each sender towards the other
//! end, as a router with address translation has it. A thread reads each; one more delivers what is
//! due. Threads that block in the kernel are woken in microseconds.

use std::collections::HashMap;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;

use crate::course::{Conditions, Course};
use crate::queue::{Parcel, Queue};

/// Senders at a time; those beyond are not heard.
const FLOWS_MAX: usize = 1_024;
/// How long a thread reads before it looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(100);
/// Asked of the kernel for datagrams that wait to be read; what finds no room is lost unseen.
const SOCKET_BUFFER_BYTES: usize = 4 * 1024 * 1024;
const DATAGRAM_BYTES_MAX: usize = 65_535;
/// Of IPv4 without options, and of UDP.
const HEADERS_BYTES: u64 = 20 + 8;
/// Two directions of one seed draw apart.
const BACK: u64 = 0x5851_f42d_4c95_7f2d;

/// What a relay is to be.
#[derive(Clone, Copy, Debug)]
pub struct RelaySettings {
    /// Where it is reached; port 0 for any.
    pub listen: SocketAddr,
    /// Where it leads.
    pub to: SocketAddr,
    /// What is done to datagrams towards there.
    pub there: Conditions,
    /// What is done to the answers.
    pub back: Conditions,
    /// From which all is drawn.
    pub seed: u64,
}

/// What came of datagrams so far, in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Those that came.
    pub came: u64,
    /// Their bytes, with the headers of UDP and IPv4.
    pub bytes: u64,
    /// Those that were drawn to be lost.
    pub lost: u64,
    /// Those for which there was no room.
    pub dropped: u64,
}

/// A running relay; it ends when dropped.
pub struct Relay {
    addr: SocketAddr,
    shared: Arc<Shared>,
}

struct Shared {
    outer: Arc<UdpSocket>,
    to: SocketAddr,
    began: Instant,
    directions: [Mutex<Direction>; 2],
    flows: Mutex<HashMap<SocketAddr, Flow>>,
    queue: Queue,
    is_over: AtomicBool,
    came: AtomicU64,
    bytes: AtomicU64,
    lost: AtomicU64,
    dropped: AtomicU64,
}

struct Direction {
    conditions: Conditions,
    course: Course,
}

#[derive(Clone, Copy)]
enum Towards {
    There,
    Back,
}

/// A sender's own socket towards the other end.
struct Flow {
    socket: Arc<UdpSocket>,
    is_over: Arc<AtomicBool>,
}

impl RelaySettings {
    /// From a free loopback port to an address, both ways alike.
    pub fn before(to: SocketAddr, conditions: Conditions) -> Self {
        let ip = if to.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() };
        let listen = SocketAddr::new(ip, 0);
        Self { listen, to, there: conditions, back: conditions, seed: 1 }
    }
}

impl Relay {
    /// Begins to carry.
    pub fn start(settings: RelaySettings) -> io::Result<Self> {
        let outer = Arc::new(UdpSocket::bind(settings.listen)?);
        prepare(&outer)?;
        let direction =
            |conditions, seed| Mutex::new(Direction { conditions, course: Course::new(seed) });
        let shared = Arc::new(Shared {
            outer: Arc::clone(&outer),
            to: settings.to,
            began: Instant::now(),
            directions: [
                direction(settings.there, settings.seed),
                direction(settings.back, settings.seed ^ BACK),
            ],
            flows: Mutex::default(),
            queue: Queue::default(),
            is_over: AtomicBool::new(false),
            came: AtomicU64::new(0),
            bytes: AtomicU64::new(0),
            lost: AtomicU64::new(0),
            dropped: AtomicU64::new(0),
        });
        let relay = Self { addr: outer.local_addr()?, shared: Arc::clone(&shared) };
        let delivering = Arc::clone(&shared);
        spawn("relay deliver", move || {
            while let Some(parcel) = delivering.queue.next() {
                parcel.deliver();
            }
        })?;
        spawn("relay there", move || shared.carry_there())?;
        Ok(relay)
    }

    /// Where it is reached.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// Treats from now on all that comes like this; what is on its way stays so.
    pub fn set(&self, there: Conditions, back: Conditions) {
        for (direction, conditions) in self.shared.directions.iter().zip([there, back]) {
            lock(direction).conditions = conditions;
        }
    }

    /// Forgets its senders' ports, as a router with address translation does that has restarted:
    /// each has another one from its next datagram on, and nothing comes back by the old one.
    pub fn rebind(&self) {
        for (_, flow) in lock(&self.shared.flows).drain() {
            flow.is_over.store(true, Ordering::Relaxed);
        }
    }

    /// What came of datagrams so far.
    pub fn counts(&self) -> Counts {
        let Shared { came, bytes, lost, dropped, .. } = &*self.shared;
        let [came, bytes, lost, dropped] =
            [came, bytes, lost, dropped].map(|count| count.load(Ordering::Relaxed));
        Counts { came, bytes, lost, dropped }
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.is_over.store(true, Ordering::Relaxed);
        self.rebind();
        self.shared.queue.close();
    }
}

impl Shared {
    /// Reads what senders send until the relay is over.
    fn carry_there(self: &Arc<Self>) {
        let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
        while !self.is_over.load(Ordering::Relaxed) {
            let Ok((count, from)) = self.outer.recv_from(&mut datagram) else { continue };
            if let Some(socket) = self.flow_of(from) {
                self.send_on(Towards::There, &datagram[..count], socket, None);
            }
        }
    }

    /// Reads what the other end answers to one sender, until that flow is over.
    fn carry_back(&self, socket: &UdpSocket, to: SocketAddr, is_over: &AtomicBool) {
        let mut datagram = vec![0; DATAGRAM_BYTES_MAX];
        while !is_over.load(Ordering::Relaxed) {
            // Who is away refuses, and may come back.
            let Ok(count) = socket.recv(&mut datagram) else { continue };
            if !is_over.load(Ordering::Relaxed) {
                let outer = Arc::clone(&self.outer);
                self.send_on(Towards::Back, &datagram[..count], outer, Some(to));
            }
        }
    }

    /// The socket of a sender; a new one where it was not heard before.
    fn flow_of(self: &Arc<Self>, from: SocketAddr) -> Option<Arc<UdpSocket>> {
        let mut flows = lock(&self.flows);
        if let Some(flow) = flows.get(&from) {
            return Some(Arc::clone(&flow.socket));
        }
        if flows.len() >= FLOWS_MAX {
            return None;
        }
        let socket = Arc::new(towards(self.to).ok()?);
        let is_over = Arc::new(AtomicBool::new(false));
        let (shared, own, over) = (Arc::clone(self), Arc::clone(&socket), Arc::clone(&is_over));
        spawn("relay back", move || shared.carry_back(&own, from, &over)).ok()?;
        flows.insert(from, Flow { socket: Arc::clone(&socket), is_over });
        Some(socket)
    }

    fn send_on(
        &self,
        towards: Towards,
        bytes: &[u8],
        from: Arc<UdpSocket>,
        to: Option<SocketAddr>,
    ) {
        let now = self.began.elapsed();
        let fate = {
            let mut direction = lock(&self.directions[towards as usize]);
            let Direction { conditions, course } = &mut *direction;
            course.take(conditions, now)
        };
        self.came.fetch_add(1, Ordering::Relaxed);
        self.bytes.fetch_add(bytes.len() as u64 + HEADERS_BYTES, Ordering::Relaxed);
        let Some(at) = fate.at else {
            self.lost.fetch_add(1, Ordering::Relaxed);
            return;
        };
        let bytes: Arc<[u8]> = bytes.into();
        for at in [Some(at), fate.again_at].into_iter().flatten() {
            let due = self.began + at;
            let parcel = Parcel { due, bytes: Arc::clone(&bytes), from: Arc::clone(&from), to };
            if at <= now && self.queue.is_empty() {
                parcel.deliver();
            } else if !self.queue.push(parcel) {
                self.dropped.fetch_add(1, Ordering::Relaxed);
            }
        }
    }
}

fn towards(to: SocketAddr) -> io::Result<UdpSocket> {
    let any =
        if to.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind(SocketAddr::new(any, 0))?;
    prepare(&socket)?;
    socket.connect(to)?;
    Ok(socket)
}

fn prepare(socket: &UdpSocket) -> io::Result<()> {
    socket.set_read_timeout(Some(LOOK))?;
    let buffers = SockRef::from(socket);
    // The kernel grants what it may.
    let _ = buffers.set_recv_buffer_size(SOCKET_BUFFER_BYTES);
    let _ = buffers.set_send_buffer_size(SOCKET_BUFFER_BYTES);
    Ok(())
}

fn spawn(name: &str, what: impl FnOnce() + Send + 'static) -> io::Result<()> {
    thread::Builder::new().name(name.to_owned()).spawn(what)?;
    Ok(())
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
