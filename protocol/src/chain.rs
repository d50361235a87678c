//! Hash chains with skip links (`docs/protocol/` section 3): each record's hash binds its log, its
//! place, the record before and one far before, so that an old record is proven with a logarithmic
//! number of links.

use minicbor::{Decode, Encode};

use crate::hash::{Hash, Hasher, tag};
use crate::id::{ChannelId, LogId, LogName};
use crate::limits::LINKS_MAX;

/// The record that record `n` (from 1) links to besides `n - 1`: Bamboo's lipmaa function;
/// `skip(1)` is 0.
pub const fn skip(n: u64) -> u64 {
    // `span` counts the records of the smallest complete block that holds n: (3^k - 1) / 2.
    let mut power: u64 = 3;
    let mut span: u64 = 1;
    while span < n {
        power = power.saturating_mul(3);
        span = (power - 1) / 2;
    }
    power /= 3;
    if span != n {
        let mut rest = n;
        while rest != 0 {
            span = (power - 1) / 2;
            power /= 3;
            rest %= span;
        }
        if span != power {
            power = span;
        }
    }
    n - power
}

/// `inner(n)`: a header as received, with the hash of its body.
pub fn inner(header: &[u8], body_hash: &Hash) -> Hash {
    Hasher::new(tag::INNER).var(header).fixed(&body_hash.0).finish()
}

/// `hash(n)`: the link of record `seq` of a log.
pub fn link(log: &LogId, seq: u64, previous: &Hash, skipped: &Hash, inner: &Hash) -> Hash {
    named(log, tag::EVENT_LINK, tag::CONTROL_LINK)
        .int(seq)
        .fixed(&previous.0)
        .fixed(&skipped.0)
        .fixed(&inner.0)
        .finish()
}

/// A hash that begins with the name of a log, under the tag of its kind.
pub(crate) fn named(log: &LogId, event: crate::hash::Tag, control: crate::hash::Tag) -> Hasher {
    let ChannelId(channel) = &log.channel;
    match &log.name {
        LogName::Control { home, term } => {
            Hasher::new(control).fixed(channel).fixed(home.as_bytes()).int(*term)
        }
        LogName::Message { origin, writer } => {
            Hasher::new(event).fixed(channel).fixed(origin.as_bytes()).int(writer.0)
        }
    }
}

/// The end of a chain: what is needed to append the next record without a look-up.
#[derive(Clone, Debug, Default, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ChainEnd {
    /// The links that later records may name, by ascending seq; the last is the end itself.
    #[n(0)]
    links: Vec<(u64, Hash)>,
}

impl ChainEnd {
    /// The seq of the last record; 0 for an empty log.
    pub fn seq(&self) -> u64 {
        self.links.last().map_or(0, |(seq, _)| *seq)
    }

    /// The hash of the last record; zero for an empty log.
    pub fn hash(&self) -> Hash {
        self.links.last().map_or(Hash::ZERO, |(_, hash)| *hash)
    }

    /// How many links are kept.
    pub fn links(&self) -> usize {
        self.links.len()
    }

    /// Both hashes that the next record binds: the one before it and the one it skips to.
    pub fn targets(&self) -> (Hash, Hash) {
        let target = skip(self.seq() + 1);
        let skipped = self.links.iter().rev().find(|(seq, _)| *seq == target);
        (self.hash(), skipped.map_or(Hash::ZERO, |(_, hash)| *hash))
    }

    /// Appends a record and tells its hash.
    pub fn push(&mut self, log: &LogId, inner: &Hash) -> Hash {
        let seq = self.seq() + 1;
        let (previous, skipped) = self.targets();
        let hash = link(log, seq, &previous, &skipped, inner);
        self.insert(seq, hash);
        hash
    }

    /// The end of a chain at `seq` as somebody shows it: with exactly the links that later records
    /// may name, or not at all. Whether they are true shows when what they lead to is known.
    pub fn shown(seq: u64, links: &[(u64, Hash)]) -> Option<Self> {
        let seqs: Vec<u64> = if links.len() <= LINKS_MAX { live(seq) } else { return None };
        let same = seqs.iter().eq(links.iter().map(|(seq, _)| seq));
        same.then(|| Self { links: links.to_vec() })
    }

    /// The end of a chain from the links of [`path`] from its last record down to the first, which
    /// name all hashes that later records may name. `None` where the links do not fit each other;
    /// that the first of them is the last record's, the caller has to know.
    pub fn from_path(log: &LogId, seq: u64, links: &[Link]) -> Option<Self> {
        let first = links.first()?;
        let hash = link(log, seq, &first.previous, &first.skipped, &first.inner);
        follow(log, seq, &hash, 1, links)?;
        let mut named = vec![(seq, hash)];
        for (at, step) in path(seq, 1).into_iter().zip(links) {
            named.extend([(at - 1, step.previous), (skip(at), step.skipped)]);
        }
        let hash_of = |seq: u64| named.iter().find(|(named, _)| *named == seq).copied();
        let links: Vec<(u64, Hash)> = live(seq).into_iter().filter_map(hash_of).collect();
        Self::shown(seq, &links)
    }

    /// The same end with no link that nobody will name, so that equal ends compare as equal.
    pub fn trimmed(&self) -> Self {
        let seq = self.seq();
        let is_live = |(at, _): &&(u64, Hash)| *at == seq || last_use(*at) > seq;
        Self { links: self.links.iter().filter(is_live).copied().collect() }
    }

    /// The links, by ascending seq.
    pub fn as_links(&self) -> &[(u64, Hash)] {
        &self.links
    }

    /// Skip links never cross: once a record has jumped over others, no later one names those.
    fn insert(&mut self, seq: u64, hash: Hash) {
        let target = skip(seq);
        while self.links.last().is_some_and(|(s, _)| *s > target && *s < seq && target + 1 < seq) {
            self.links.pop();
        }
        self.links.push((seq, hash));
        if self.links.len() > LINKS_KEPT_MAX {
            self.links.retain(|(s, _)| *s == seq || last_use(*s) > seq);
        }
    }
}

/// Links kept before those are sought out that no later record names (at most 8 stay at 60,000
/// records).
const LINKS_KEPT_MAX: usize = 16;

/// The last record that skips to `k`. A skip spans 3^j or (3^j - 1) / 2 records, and at most twice
/// as many as lie below it, and one.
fn last_use(k: u64) -> u64 {
    let longest = k.saturating_mul(2).saturating_add(1);
    let mut power: u64 = 1;
    let mut last = 0;
    while power <= longest {
        let next = power.saturating_mul(3);
        for span in [power, (next - 1) / 2] {
            let Some(m) = k.checked_add(span) else { return u64::MAX };
            if skip(m) == k {
                last = last.max(m);
            }
        }
        power = next;
    }
    last
}

/// The records whose hashes the end of a chain at `seq` holds, ascending: `seq` itself, and those
/// that a later record skips to. All are named on the path from `seq` down to 1.
pub fn live(seq: u64) -> Vec<u64> {
    let mut seqs: Vec<u64> =
        path(seq, 1).into_iter().flat_map(|at| [at, at - 1, skip(at)]).collect();
    seqs.sort_unstable();
    seqs.dedup();
    seqs.retain(|at| *at > 0 && (*at == seq || last_use(*at) > seq));
    seqs
}

/// One step of a proof from a proven head down to an older record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Link {
    /// `hash(n - 1)`.
    #[n(0)]
    pub previous: Hash,
    /// `hash(skip(n))`.
    #[n(1)]
    pub skipped: Hash,
    /// `inner(n)`.
    #[n(2)]
    pub inner: Hash,
}

impl Link {
    /// The hash of the record whose step it is.
    pub fn hash(&self, log: &LogId, seq: u64) -> Hash {
        link(log, seq, &self.previous, &self.skipped, &self.inner)
    }
}

/// The seqs that a proof passes from `head` down to `target`, `head` first, `target` last.
pub fn path(head: u64, target: u64) -> Vec<u64> {
    let mut seqs = Vec::new();
    let mut at = head;
    while at >= target && at > 0 && seqs.len() <= LINKS_MAX {
        seqs.push(at);
        if at == target {
            break;
        }
        at = if skip(at) >= target { skip(at) } else { at - 1 };
    }
    seqs
}

/// Follows a proof: `links` holds a step for every seq of [`path`]. Returns `inner` of the target
/// where all of them fit the head's hash.
pub fn follow(
    log: &LogId,
    head_seq: u64,
    head_hash: &Hash,
    target: u64,
    links: &[Link],
) -> Option<Hash> {
    if target == 0 || target > head_seq || links.is_empty() || links.len() > LINKS_MAX {
        return None;
    }
    let mut at = head_seq;
    let mut expected = *head_hash;
    for (i, step) in links.iter().enumerate() {
        if link(log, at, &step.previous, &step.skipped, &step.inner) != expected {
            return None;
        }
        if at == target {
            return (i + 1 == links.len()).then_some(step.inner);
        }
        let by_skip = skip(at) >= target;
        expected = if by_skip { step.skipped } else { step.previous };
        at = if by_skip { skip(at) } else { at - 1 };
    }
    None
}

#[cfg(test)]
mod tests {
    #![allow(clippy::cast_possible_truncation)]

    use super::*;
    use crate::id::{LineageId, WriterId};

    fn log() -> LogId {
        let name = LogName::Message { origin: LineageId([2; 32]), writer: WriterId(3) };
        LogId { channel: ChannelId([1; 32]), name }
    }

    fn inner_of(seq: u64) -> Hash {
        Hasher::new(tag::INNER).int(seq).finish()
    }

    #[test]
    fn skip_is_lipmaa() {
        let first: Vec<u64> = (1..=14).map(skip).collect();
        assert_eq!(first, [0, 1, 2, 1, 4, 5, 6, 4, 8, 9, 10, 8, 4, 13]);
        assert_eq!((skip(40), skip(121), skip(39), skip(17)), (13, 40, 26, 13));
    }

    #[test]
    fn the_end_of_a_chain_holds_every_later_target() {
        let mut all = vec![Hash::ZERO];
        let mut end = ChainEnd::default();
        let mut most = 0;
        for seq in 1..=60_000_u64 {
            let (previous, skipped) = end.targets();
            assert_eq!(previous, all[seq as usize - 1], "at {seq}");
            assert_eq!(skipped, all[skip(seq) as usize], "at {seq}");
            all.push(end.push(&log(), &inner_of(seq)));
            most = most.max(end.links());
        }
        assert!(most <= LINKS_KEPT_MAX, "{most} links kept");
    }

    #[test]
    fn a_log_can_be_gone_on_with_from_the_path_to_its_first_record() {
        let (mut end, mut steps) = (ChainEnd::default(), Vec::new());
        assert_eq!((ChainEnd::shown(0, &[]), live(0)), (Some(end.clone()), vec![]));
        for seq in 1..=2_000_u64 {
            let (previous, skipped) = end.targets();
            steps.push(Link { previous, skipped, inner: inner_of(seq) });
            end.push(&log(), &inner_of(seq));
            let links: Vec<Link> =
                path(seq, 1).into_iter().map(|at| steps[at as usize - 1]).collect();
            let found = ChainEnd::from_path(&log(), seq, &links).unwrap();
            assert_eq!(found, end.trimmed(), "at {seq}");
            assert_eq!(found.hash(), end.hash());
            let seqs: Vec<u64> = found.as_links().iter().map(|(at, _)| *at).collect();
            assert_eq!(seqs, live(seq), "at {seq}");
            assert_eq!(ChainEnd::shown(seq, found.as_links()), Some(found.clone()));
            assert_eq!(ChainEnd::shown(seq, &found.as_links()[1..]), None);
        }
        // A link that was tampered with fits none of the others.
        let mut links: Vec<Link> =
            path(2_000, 1).into_iter().map(|at| steps[at as usize - 1]).collect();
        links[3].skipped = Hash([7; 32]);
        assert_eq!(ChainEnd::from_path(&log(), 2_000, &links), None);
        assert_eq!(ChainEnd::from_path(&log(), 2_000, &[]), None);
        assert_eq!(ChainEnd::from_path(&log(), 2_000, &links[..3]), None);
    }

    #[test]
    fn an_old_record_is_proven_by_few_links() {
        let count = 2_000_u64;
        let mut end = ChainEnd::default();
        let mut steps = vec![];
        for seq in 1..=count {
            let (previous, skipped) = end.targets();
            steps.push(Link { previous, skipped, inner: inner_of(seq) });
            end.push(&log(), &inner_of(seq));
        }
        for target in [1, 2, 13, 40, 41, 999, 1_999, 2_000] {
            let links: Vec<Link> =
                path(count, target).into_iter().map(|seq| steps[seq as usize - 1]).collect();
            assert!(links.len() <= 40);
            let found = follow(&log(), count, &end.hash(), target, &links);
            assert_eq!(found, Some(inner_of(target)));
            let mut wrong = links.clone();
            wrong.last_mut().unwrap().inner = inner_of(0);
            assert_eq!(follow(&log(), count, &end.hash(), target, &wrong), None);
            assert_eq!(follow(&log(), count, &end.hash(), target, &links[..links.len() - 1]), None);
        }
        assert!(path(60_000, 1).len() <= 40);
    }
}
