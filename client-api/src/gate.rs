//! The door's driver: reads the clock for it, finds out who asks, turns its denials into refusals,
//! and gives places back. Rules are the door's (`session/src/door.rs`); none may be here.

use std::net::{IpAddr, Ipv4Addr};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{FromRequestParts, Request, State};
use axum::http::request::Parts;
use axum::http::{Extensions, HeaderMap, HeaderName};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use comity_protocol::code::Code;
use comity_protocol::name::AccountName;
use comity_session::{
    AddressGroup, Crowd, Denied, Door, Forwarding, Held, Network, client_address,
};

use crate::backend::{Backend, Caller, Refusal};
use crate::routes::Api;
use crate::settings::ApiSettings;

/// Where a connection comes from; the listener says it with each request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub(crate) IpAddr);

/// What becomes of a new connection.
pub(crate) enum Connect {
    /// It is served. A proxy's connections have no place: it makes as many as it likes.
    Taken(Option<Place>),
    /// It is told that its address has too many.
    TurnedAway(Place),
    /// It is closed: many were told already.
    Cut,
}

/// The door and its clock. All clones are one door.
#[derive(Clone)]
pub(crate) struct Gate(Arc<Inner>);

struct Inner {
    door: Mutex<Door>,
    trusted_proxies: Vec<Network>,
    started: Instant,
}

/// Who asks, as far as the network tells.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Asker {
    pub(crate) address: AddressGroup,
    /// Whether a trusted proxy speaks for it, so that connections say nothing of how many it has.
    pub(crate) is_proxied: bool,
}

impl Gate {
    pub(crate) fn new(settings: &ApiSettings) -> Self {
        Self(Arc::new(Inner {
            door: Mutex::new(Door::new(settings.door.clone())),
            trusted_proxies: settings.trusted_proxies.clone(),
            started: Instant::now(),
        }))
    }

    /// Who asks with these headers. Without a listener that says where from, all ask from one
    /// address.
    pub(crate) fn asker(&self, headers: &HeaderMap, extensions: &Extensions) -> Asker {
        let peer = extensions.get::<Peer>().map_or(IpAddr::V4(Ipv4Addr::UNSPECIFIED), |p| p.0);
        let lines = |name: HeaderName| {
            let lines = headers.get_all(name).into_iter();
            lines.map(|line| line.to_str().unwrap_or("unreadable")).collect()
        };
        let said = Forwarding {
            x_forwarded_for: lines(X_FORWARDED_FOR),
            forwarded: lines(axum::http::header::FORWARDED),
        };
        let address = client_address(peer, &said, &self.0.trusted_proxies).into();
        Asker { address, is_proxied: self.is_proxy(peer) }
    }

    /// Whether an address is a trusted proxy's.
    pub(crate) fn is_proxy(&self, peer: IpAddr) -> bool {
        self.0.trusted_proxies.iter().any(|network| network.contains(peer))
    }

    /// Somebody connects.
    pub(crate) fn connect(&self, peer: IpAddr) -> Connect {
        if self.is_proxy(peer) {
            return Connect::Taken(None);
        }
        let asker = Asker { address: peer.into(), is_proxied: false };
        if let Ok(place) = self.place(asker.address, Crowd::Connected) {
            return Connect::Taken(Some(place));
        }
        tracing::debug!(address = %asker.address, "an address has too many connections");
        let told = self.admit_stranger(asker);
        match told.and_then(|()| self.place(asker.address, Crowd::TurnedAway)) {
            Ok(place) => Connect::TurnedAway(place),
            Err(_) => Connect::Cut,
        }
    }

    /// An account asks for something.
    pub(crate) fn admit_account(&self, caller: &Caller) -> Result<(), Refusal> {
        let admitted = self.door().admit_account(caller.account.number, self.now());
        admitted.map_err(|denied| {
            if denied.is_first {
                tracing::info!(account = %caller.label, "requests of an account held back");
            }
            limited("This account asks too often; wait and try again.", denied)
        })
    }

    /// Somebody without a valid token asks for something.
    pub(crate) fn admit_stranger(&self, asker: Asker) -> Result<(), Refusal> {
        let admitted = self.door().admit_stranger(asker.address, self.now());
        admitted.map_err(|denied| {
            if denied.is_first {
                tracing::warn!(address = %asker.address, "requests of an address held back");
            }
            limited("Too many requests come from this address; wait and try again.", denied)
        })
    }

    /// Somebody asks for an account. The place is held while his password is hashed.
    pub(crate) fn admit_sign_up(&self, asker: Asker) -> Result<Place, Refusal> {
        let place = self.place(asker.address, Crowd::Hashing)?;
        let admitted = self.door().admit_sign_up(asker.address, self.now());
        admitted.map_err(|denied| {
            if denied.is_first {
                tracing::warn!(address = %asker.address, "sign-ups of an address held back");
            }
            limited("Too many accounts were asked for at this address; try again later.", denied)
        })?;
        Ok(place)
    }

    /// A place of an address, given back when it is dropped.
    pub(crate) fn place(&self, address: AddressGroup, crowd: Crowd) -> Result<Place, Refusal> {
        if self.door().enter(address, crowd) {
            return Ok(Place { gate: self.clone(), address, crowd });
        }
        Err(crowded())
    }

    /// A place for a socket or a long poll. Those that are no proxy's have theirs by connection.
    pub(crate) fn lasting_place(&self, asker: Asker) -> Result<Option<Place>, Refusal> {
        let held = asker.is_proxied.then(|| self.place(asker.address, Crowd::Connected));
        held.transpose()
    }

    /// A password is to be tried.
    pub(crate) fn begin_log_in(&self, name: &AccountName, asker: Asker) -> Result<Try, Refusal> {
        let place = self.place(asker.address, Crowd::Hashing)?;
        self.door()
            .begin_log_in(name, asker.address, self.now())
            .map_err(|denied| limited(TRIED_TOO_OFTEN, denied))?;
        Ok(Try { name: name.clone(), place, ended: false })
    }

    /// A device of the account is logged in at this address.
    pub(crate) fn at_home(&self, caller: &Caller, asker: Asker) {
        self.door().at_home(&caller.label.name, asker.address);
    }

    fn door(&self) -> MutexGuard<'_, Door> {
        self.0.door.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn now(&self) -> Duration {
        self.0.started.elapsed()
    }
}

impl<B: Backend> FromRequestParts<Api<B>> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Api<B>) -> Result<Self, Refusal> {
        Ok(api.gate.asker(&parts.headers, &parts.extensions))
    }
}

/// What surrounds the resources that ask for no token.
pub(crate) async fn strangers(State(gate): State<Gate>, request: Request, next: Next) -> Response {
    let asker = gate.asker(request.headers(), request.extensions());
    match gate.admit_stranger(asker) {
        Ok(()) => next.run(request).await,
        Err(refusal) => refusal.into_response(),
    }
}

/// A place in a crowd.
pub(crate) struct Place {
    gate: Gate,
    address: AddressGroup,
    crowd: Crowd,
}

impl Drop for Place {
    fn drop(&mut self) {
        self.gate.door().leave(self.address, self.crowd);
    }
}

/// A try of a password that is under way; dropped, it counts as not made.
pub(crate) struct Try {
    name: AccountName,
    place: Place,
    ended: bool,
}

impl Try {
    /// Takes how it ended.
    pub(crate) fn end<T>(mut self, result: &Result<T, Refusal>) {
        let (gate, address) = (&self.place.gate, self.place.address);
        match result {
            Ok(_) => gate.door().succeed_log_in(&self.name, address),
            Err(refusal) if refusal.code == Code::CredentialsWrong => {
                let held = gate.door().fail_log_in(&self.name, address, gate.now());
                held.into_iter().for_each(|(held, wait)| self.tell(held, wait));
            }
            Err(_) => return,
        }
        self.ended = true;
    }

    fn tell(&self, held: Held, wait: Duration) {
        let (account, address) = (&self.name, self.place.address);
        match held {
            Held::Pair => {
                tracing::warn!(account = account.as_str(), %address, ?wait, "log-ins held back");
            }
            Held::Account => {
                tracing::warn!(
                    account = account.as_str(),
                    ?wait,
                    "log-ins of an account held back"
                );
            }
            Held::Address => {
                tracing::warn!(%address, ?wait, "log-ins from an address held back");
            }
        }
    }
}

impl Drop for Try {
    fn drop(&mut self) {
        if !self.ended {
            self.place.gate.door().abandon_log_in(&self.name, self.place.address);
        }
    }
}

/// The refusal of an address that has too much under way.
pub(crate) fn crowded() -> Refusal {
    let sentence = "Too much is under way from this address; try again in a moment.";
    limited(sentence, Denied { wait: PLACE_WAIT, is_first: false })
}

/// A denial as clients get it. Waits are told in whole milliseconds, never too short.
fn limited(sentence: &str, denied: Denied) -> Refusal {
    let wait_ms = u64::try_from(denied.wait.as_micros().div_ceil(1_000)).unwrap_or(u64::MAX);
    let retry_after = Duration::from_millis(wait_ms);
    Refusal {
        sentence: sentence.to_owned(),
        retry_after: Some(retry_after),
        ..Code::RateLimited.into()
    }
}

const TRIED_TOO_OFTEN: &str = "The password was wrong too often; wait before the next try.";
const X_FORWARDED_FOR: HeaderName = HeaderName::from_static("x-forwarded-for");
/// When somebody whose address has no place left may look again.
const PLACE_WAIT: Duration = Duration::from_secs(1);
