//! Endpoints of a node: which to try, in which order. It must not connect.

use std::fmt;

use hyper::Uri;
use serde::Deserialize;

/// A place where a node takes clients.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Endpoint {
    /// The base URL: `https://chat.acme.example`.
    pub url: String,
    /// Lower is tried first.
    pub priority: u16,
    /// Share among equals.
    pub weight: u16,
}

/// A URL that is no endpoint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EndpointError {
    url: String,
}

impl fmt::Display for EndpointError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} is not an http:// or https:// URL", self.url)
    }
}

impl std::error::Error for EndpointError {}

/// Where to connect and what to ask for there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Target {
    pub(crate) secure: bool,
    pub(crate) host: String,
    pub(crate) port: u16,
    /// What stands before `/v1/…`.
    pub(crate) prefix: String,
}

impl Target {
    pub(crate) fn parse(url: &str) -> Result<Self, EndpointError> {
        let error = || EndpointError { url: url.to_owned() };
        let uri: Uri = url.parse().map_err(|_| error())?;
        let secure = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(error()),
        };
        let host = uri.host().filter(|host| !host.is_empty()).ok_or_else(error)?;
        Ok(Self {
            secure,
            host: host.trim_start_matches('[').trim_end_matches(']').to_owned(),
            port: uri.port_u16().unwrap_or(if secure { 443 } else { 80 }),
            prefix: uri.path().trim_end_matches('/').to_owned(),
        })
    }

    /// The `Host` header: the port only where it is not the scheme's own.
    pub(crate) fn authority(&self) -> String {
        let host =
            if self.host.contains(':') { format!("[{}]", self.host) } else { self.host.clone() };
        if self.port == if self.secure { 443 } else { 80 } {
            return host;
        }
        format!("{host}:{}", self.port)
    }

    pub(crate) fn socket_url(&self) -> String {
        let scheme = if self.secure { "wss" } else { "ws" };
        format!("{scheme}://{}{}/v1/socket", self.authority(), self.prefix)
    }
}

/// The endpoints of one node in the order in which they are tried, and which one serves now.
#[derive(Clone, Debug)]
pub(crate) struct Rotation {
    targets: Vec<Target>,
    current: usize,
}

impl Rotation {
    /// `None` when no endpoint is usable.
    pub(crate) fn new(
        endpoints: &[Endpoint],
        mut random: impl FnMut() -> u64,
    ) -> Result<Self, EndpointError> {
        let targets = in_order(endpoints, &mut random)
            .iter()
            .filter_map(|endpoint| Target::parse(&endpoint.url).ok())
            .collect::<Vec<_>>();
        if targets.is_empty() {
            let url = endpoints.first().map(|e| e.url.clone()).unwrap_or_default();
            return Err(EndpointError { url });
        }
        Ok(Self { targets, current: 0 })
    }

    pub(crate) fn current(&self) -> &Target {
        &self.targets[self.current]
    }

    pub(crate) fn len(&self) -> usize {
        self.targets.len()
    }

    /// Goes on to the next one, unless somebody else already left `failed`.
    pub(crate) fn leave(&mut self, failed: &Target) {
        if self.current() == failed {
            self.current = (self.current + 1) % self.targets.len();
        }
    }

    /// Goes to an endpoint that a node named. One without TLS is not taken from one with it: the
    /// token goes there.
    pub(crate) fn prefer(&mut self, url: &str) {
        let Ok(target) = Target::parse(url) else { return };
        if self.current().secure && !target.secure {
            return;
        }
        self.current = self.targets.iter().position(|t| *t == target).unwrap_or_else(|| {
            if self.targets.len() == TARGETS_MAX {
                self.targets.pop();
            }
            self.targets.push(target);
            self.targets.len() - 1
        });
    }
}

/// By priority, and among equals drawn by weight.
fn in_order(endpoints: &[Endpoint], random: &mut impl FnMut() -> u64) -> Vec<Endpoint> {
    let mut left: Vec<Endpoint> = endpoints.iter().take(TARGETS_MAX).cloned().collect();
    left.sort_by_key(|endpoint| endpoint.priority);
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(first) = left.first() {
        let equals = left.iter().take_while(|e| e.priority == first.priority).count();
        let share = |endpoint: &Endpoint| u64::from(endpoint.weight) + 1;
        let whole: u64 = left[..equals].iter().map(share).sum();
        let mut drawn = random() % whole;
        let mut chosen = 0;
        while drawn >= share(&left[chosen]) {
            drawn -= share(&left[chosen]);
            chosen += 1;
        }
        ordered.push(left.remove(chosen));
    }
    ordered
}

/// Endpoints that are remembered of one node.
const TARGETS_MAX: usize = 32;

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn endpoint(url: &str, priority: u16, weight: u16) -> Endpoint {
        Endpoint { url: url.to_owned(), priority, weight }
    }

    #[test]
    fn priority_comes_first_and_weight_shares() {
        let list = [
            endpoint("http://late", 20, 100),
            endpoint("http://a", 10, 0),
            endpoint("http://b", 10, 9),
        ];
        let mut state = 0_u64;
        let mut random = || {
            state += 1;
            state
        };
        let mut first_b = 0;
        for _ in 0..1_100 {
            let ordered = in_order(&list, &mut random);
            assert_eq!(ordered[2].url, "http://late");
            first_b += usize::from(ordered[0].url == "http://b");
        }
        assert!((900..=1_050).contains(&first_b), "{first_b}");
    }

    #[test]
    fn the_next_one_is_tried_and_a_named_one_preferred() {
        let list = [endpoint("https://a.test", 1, 1), endpoint("https://b.test/chat/", 2, 1)];
        let mut rotation = Rotation::new(&list, || 0).unwrap();
        let a = rotation.current().clone();
        rotation.leave(&a);
        rotation.leave(&a);
        assert_eq!(rotation.current().socket_url(), "wss://b.test/chat/v1/socket");
        rotation.prefer("http://plain.test");
        assert_eq!(rotation.current().host, "b.test");
        rotation.prefer("https://c.test:8443");
        assert_eq!(rotation.current().authority(), "c.test:8443");
        assert_eq!(rotation.len(), 3);
        assert!(Rotation::new(&[endpoint("ftp://x", 1, 1)], || 0).is_err());
        assert_eq!(Target::parse("http://[::1]:80").unwrap().authority(), "[::1]");
    }
}
