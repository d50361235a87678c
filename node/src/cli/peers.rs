//! `comity peers`: how it is between the running node and other organisations.

use std::fmt::Write;
use std::time::Duration;

use clap::{Args, Subcommand};
use jiff::Timestamp;
use serde::Serialize;

use super::{Failure, policy, say};
use crate::admin::{
    AdminClient, BACKLOG_COUNTED_MAX, Backlog, PeerCopies, PeerLink, PeerProof, PeerState,
    PeerTrouble,
};
use crate::clock;
use crate::config::Settings;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// Print JSON, for programs: the list, the one that is shown, or the rules
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Print all that is known of the link with an organisation
    Show {
        /// The organisation, such as globex.example
        domain: String,
    },
    /// Dial an organisation's node now, whatever the node waits for
    ///
    /// Looks its address up anew. `comity peers show` says a moment later what came of it.
    Retry {
        /// The organisation, such as globex.example
        domain: String,
    },
    #[command(flatten)]
    Policy(policy::Command),
}

/// Runs `comity peers`.
pub(super) async fn run(settings: &Settings, options: Options) -> Result<(), Failure> {
    let admin = AdminClient::of(&settings.data_dir);
    match options.command {
        None if options.json => Ok(say(json(&admin.peers().await?)?)?),
        None => {
            let (peers, policy) = (admin.peers().await?, admin.policy().await?);
            let now_ms = clock::unix_ms();
            let waiting = policy::waiting(&policy.asking, now_ms);
            let gap = if waiting.is_empty() { "" } else { "\n" };
            let alarms = alarms(&peers) + &copies(&peers, now_ms);
            Ok(say(format!("{}{alarms}{gap}{waiting}", table(&peers, now_ms)))?)
        }
        Some(Command::Show { domain }) => {
            let (domain, peers) = (plain(&domain), admin.peers().await?);
            let Some(peer) = peers.iter().find(|peer| peer.domain == domain) else {
                return Err(policy::not_linked(&domain, &admin.policy().await?).into());
            };
            match options.json {
                true => Ok(say(json(peer)?)?),
                false => Ok(say(details(peer, clock::unix_ms()))?),
            }
        }
        Some(Command::Policy(command)) => {
            Ok(say(policy::run(&admin, command, options.json).await?)?)
        }
        Some(Command::Retry { domain }) => {
            let domain = plain(&domain);
            if let Some(why) = policy::kept_out(&domain, &admin.policy().await?) {
                return Err(why.into());
            }
            Ok(say(match admin.retry_peer(&domain).await? {
                true => format!("{domain} is dialled now.\n"),
                false => format!("{domain} is linked already: there is nothing to do.\n"),
            })?)
        }
    }
}

/// A domain as the node has it: in small letters, without the dot that ends it in a zone.
pub(super) fn plain(domain: &str) -> String {
    domain.strip_suffix('.').unwrap_or(domain).to_ascii_lowercase()
}

pub(super) fn json(value: &(impl Serialize + ?Sized)) -> Result<String, serde_json::Error> {
    Ok(serde_json::to_string_pretty(value)? + "\n")
}

/// A line for each organisation.
fn table(peers: &[PeerState], now_ms: u64) -> String {
    if peers.is_empty() {
        return "No organisation is linked, and none is to be.\n".to_owned();
    }
    let width = peers.iter().map(|peer| peer.domain.len()).max().unwrap_or_default();
    let width = width.max(HEADING.len());
    let mut text = format!("{HEADING:width$}  link      heard      waiting  trouble\n");
    for peer in peers {
        let link = link_word(peer.link);
        let heard = peer.heard_unix_ms.map(|at_ms| now_ms.saturating_sub(at_ms));
        let heard = heard.map_or("never".to_owned(), |ms| format!("{} ago", largest(ms)));
        let waiting = peer.backlog.map_or("?".to_owned(), |backlog| count(backlog.records));
        // What went wrong before the link came up is over.
        let trouble = peer.trouble.as_ref().filter(|_| !is_up(peer));
        let trouble = trouble.map_or("", |trouble| &trouble.code);
        let trouble = if is_copied(peer, now_ms) { NODE_COPIED } else { trouble };
        let line = format!("{:width$}  {link:8}  {heard:9}  {waiting:>7}  {trouble}", peer.domain);
        let _ = writeln!(text, "{}", line.trim_end());
    }
    text
}

/// What the admin has to decide before anything else is taken.
fn alarms(peers: &[PeerState]) -> String {
    let replaced = peers.iter().filter_map(|peer| Some((&peer.domain, peer.refused_key.as_ref()?)));
    let alarm = |(domain, key)| {
        format!(
            "\nKEY REPLACED  {domain} publishes {key},\n\
             which nothing connects with the key that this node knows. Nothing is taken under it.\n\
             Ask its admin on another way; where the old keys are lost for good:\n\
             \n    comity keys accept {domain} {key}\n"
        )
    };
    replaced.map(alarm).collect()
}

/// Whether two nodes take each other's links at the moment.
fn is_copied(peer: &PeerState, now_ms: u64) -> bool {
    let since = |copies: &PeerCopies| now_ms.saturating_sub(copies.last_unix_ms);
    peer.copies.as_ref().is_some_and(|copies| since(copies) < COPIED_FOR_MS)
}

/// Where nodes run twice, whose admin has to stop one, and who cannot tell which.
fn copies(peers: &[PeerState], now_ms: u64) -> String {
    let copied = peers.iter().filter(|peer| is_copied(peer, now_ms));
    let alarm = |peer: &PeerState| {
        let (domain, copies) = (&peer.domain, peer.copies.unwrap_or_default());
        let mut text = String::new();
        if copies.theirs > 0 {
            let _ = write!(
                text,
                "\nRUNS TWICE  Two nodes of {domain} run under one key and take each other's \
                 links.\nAsk its admin to stop the copy: what both write contradicts itself.\n"
            );
        }
        if copies.ours > 0 {
            let _ = write!(
                text,
                "\nRUNS TWICE  Another node runs under this node's key, says {domain}.\n\
                 Where a copy of the data directory was started, stop one of the two at once. If \
                 the\nother one is not yours, the key is stolen: comity keys recover\n"
            );
        }
        text
    };
    copied.map(alarm).collect()
}

/// All that is known of one.
fn details(peer: &PeerState, now_ms: u64) -> String {
    let mut text = format!("organisation  {}\n", peer.domain);
    let mut say = |name: &str, value: String| {
        let _ = writeln!(text, "{name:<12}  {value}");
    };
    say("link", link_text(peer, now_ms));
    match peer.heard_unix_ms {
        Some(at_ms) => say("heard", format!("{} ({})", ago(at_ms, now_ms), utc(at_ms))),
        None => say("heard", "never since this node started".to_owned()),
    }
    say("waiting", backlog_text(peer.backlog));
    let (sent, received) = peer.bytes_per_minute;
    let (records_sent, records_received) = peer.records_per_minute;
    let rate = |bytes, records: u64| {
        format!("{bytes} bytes, {} within a minute", plural(records, &records.to_string()))
    };
    say("sent", rate(sent, records_sent));
    say("received", rate(received, records_received));
    if let Some(key) = &peer.key {
        say("key", key.clone());
        say("proven by", proof_text(peer.proof).to_owned());
    }
    if let Some(key) = &peer.refused_key {
        say("refused key", key.clone());
    }
    if peer.reports_dropped > 0 {
        let dropped = peer.reports_dropped;
        say("reports", format!("{dropped} of abuse dropped: not proven, or too many"));
    }
    if let Some(PeerCopies { theirs, ours, last_unix_ms }) = peer.copies {
        let when = ago(last_unix_ms, now_ms);
        say(
            NODE_COPIED,
            format!("links taken by another node under its key {theirs}, ours {ours}, {when}"),
        );
    }
    if let Some(PeerTrouble { code, why, unix_ms }) = &peer.trouble {
        let name = if is_up(peer) { "last trouble" } else { "trouble" };
        say(name, format!("{code}, {} ({})", ago(*unix_ms, now_ms), utc(*unix_ms)));
        say("", why.clone());
    }
    text
}

fn link_word(link: PeerLink) -> &'static str {
    match link {
        PeerLink::Up { .. } => "up",
        PeerLink::Dialling => "dialling",
        PeerLink::Down => "down",
    }
}

fn link_text(peer: &PeerState, now_ms: u64) -> String {
    match (peer.link, peer.next_try_ms) {
        (PeerLink::Up { since_unix_ms, is_dialled }, _) => {
            let by = if is_dialled { "dialled by this node" } else { "dialled by the other node" };
            let for_ms = now_ms.saturating_sub(since_unix_ms);
            format!("up for {}, {by}", span(for_ms))
        }
        (PeerLink::Dialling, _) => format!("{}, being dialled", down_text(peer, now_ms)),
        (PeerLink::Down, Some(in_ms)) if in_ms >= 1_000 => {
            format!("{}, dialled again in {}", down_text(peer, now_ms), span(in_ms))
        }
        (PeerLink::Down, _) => format!("{}, dialled again at once", down_text(peer, now_ms)),
    }
}

fn down_text(peer: &PeerState, now_ms: u64) -> String {
    match peer.down_since_unix_ms {
        Some(since_ms) => format!("down for {}", span(now_ms.saturating_sub(since_ms))),
        None => "not up since this node started".to_owned(),
    }
}

fn backlog_text(backlog: Option<Backlog>) -> String {
    match backlog {
        None => "not known: it was not linked since this node started".to_owned(),
        Some(Backlog { records: 0, .. }) => "nothing: it has all that it is to have".to_owned(),
        Some(Backlog { records, oldest_ms }) => {
            let records = plural(records, &count(records));
            format!("{records} that it has not taken yet, for {}", span(oldest_ms))
        }
    }
}

fn proof_text(proof: Option<PeerProof>) -> &'static str {
    match proof {
        Some(PeerProof::Dnssec) => "its records in DNS (DNSSEC)",
        Some(PeerProof::Pin) => "your settings (federation.pins)",
        Some(PeerProof::Web) => "the document under its web certificate",
        None => "a proof from before this node started",
    }
}

pub(super) fn is_up(peer: &PeerState) -> bool {
    matches!(peer.link, PeerLink::Up { .. })
}

/// A number of records; there may be more than are counted.
fn count(records: u64) -> String {
    let is_all = records < BACKLOG_COUNTED_MAX as u64;
    if is_all { records.to_string() } else { format!("{records}+") }
}

pub(super) fn ago(at_ms: u64, now_ms: u64) -> String {
    format!("{} ago", span(now_ms.saturating_sub(at_ms)))
}

fn plural(records: u64, counted: &str) -> String {
    if records == 1 { "1 record".to_owned() } else { format!("{counted} records") }
}

/// A time in its largest unit.
pub(super) fn largest(ms: u64) -> String {
    let s = ms / 1_000;
    match (s / 86_400, s / 3_600, s / 60) {
        (0, 0, 0) => format!("{s} s"),
        (0, 0, min) => format!("{min} min"),
        (0, h, _) => format!("{h} h"),
        (d, ..) => format!("{d} d"),
    }
}

/// A time in its two largest units.
fn span(ms: u64) -> String {
    let s = Duration::from_millis(ms).as_secs();
    match (s / 86_400, s / 3_600 % 24, s / 60 % 60, s % 60) {
        (0, 0, 0, s) => format!("{s} s"),
        (0, 0, min, 0) => format!("{min} min"),
        (0, 0, min, s) => format!("{min} min {s} s"),
        (0, h, 0, _) => format!("{h} h"),
        (0, h, min, _) => format!("{h} h {min} min"),
        (d, 0, ..) => format!("{d} d"),
        (d, h, ..) => format!("{d} d {h} h"),
    }
}

pub(super) fn utc(unix_ms: u64) -> String {
    let ms = i64::try_from(unix_ms).unwrap_or(i64::MAX);
    let time = Timestamp::from_millisecond(ms).unwrap_or(Timestamp::MAX);
    time.round(jiff::Unit::Second).unwrap_or(time).to_string()
}

const HEADING: &str = "organisation";
/// How `comity peers` names the trouble that two nodes run under one key.
const NODE_COPIED: &str = "node_copied";
/// For how long after the last sign of it.
const COPIED_FOR_MS: u64 = 3_600_000;

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_764_000_000_000;

    fn up() -> PeerState {
        PeerState {
            domain: "globex.example".into(),
            link: PeerLink::Up { since_unix_ms: NOW_MS - 7_500_000, is_dialled: false },
            heard_unix_ms: Some(NOW_MS - 1_400),
            backlog: Some(Backlog::default()),
            bytes_per_minute: (1_200, 34),
            records_per_minute: (12, 0),
            key: Some("aGVsbG8=".into()),
            proof: Some(PeerProof::Dnssec),
            // It is over, and stays for whoever looks.
            trouble: Some(PeerTrouble {
                code: "domain_unreachable".into(),
                why: "The connection broke, or was silent for too long.".into(),
                unix_ms: NOW_MS - 7_600_000,
            }),
            ..PeerState::default()
        }
    }

    fn down() -> PeerState {
        PeerState {
            domain: "initech.example".into(),
            backlog: Some(Backlog { records: 1_000, oldest_ms: 3_700_000 }),
            trouble: Some(PeerTrouble {
                code: "domain_unreachable".into(),
                why: "No address of it answers as it should. 192.0.2.7:4433/udp: nobody answered \
                      in time."
                    .into(),
                unix_ms: NOW_MS - 61_000,
            }),
            next_try_ms: Some(59_900),
            down_since_unix_ms: Some(NOW_MS - 200_000),
            heard_unix_ms: Some(NOW_MS - 205_000),
            ..PeerState::default()
        }
    }

    #[test]
    fn a_line_for_each_says_what_is_wrong() {
        let dialling = PeerState {
            domain: "a.example".into(),
            link: PeerLink::Dialling,
            ..PeerState::default()
        };
        let expected = "\
organisation     link      heard      waiting  trouble
initech.example  down      3 min ago    1000+  domain_unreachable
a.example        dialling  never            ?
globex.example   up        1 s ago          0
";
        assert_eq!(table(&[down(), dialling, up()], NOW_MS), expected);
        assert_eq!(table(&[], NOW_MS), "No organisation is linked, and none is to be.\n");
    }

    #[test]
    fn one_is_told_in_whole() {
        let expected = "\
organisation  globex.example
link          up for 2 h 5 min, dialled by the other node
heard         1 s ago (2025-11-24T15:59:59Z)
waiting       nothing: it has all that it is to have
sent          1200 bytes, 12 records within a minute
received      34 bytes, 0 records within a minute
key           aGVsbG8=
proven by     its records in DNS (DNSSEC)
last trouble  domain_unreachable, 2 h 6 min ago (2025-11-24T13:53:20Z)
              The connection broke, or was silent for too long.
";
        assert_eq!(details(&up(), NOW_MS), expected);
        let shown = details(&down(), NOW_MS);
        assert!(shown.contains("link          down for 3 min 20 s, dialled again in 59 s\n"));
        assert_eq!(plain("GLOBEX.example."), "globex.example");
        assert!(shown.contains("1000+ records that it has not taken yet, for 1 h 1 min\n"));
        assert!(shown.contains("trouble       domain_unreachable, 1 min 1 s ago"), "{shown}");
        assert!(!shown.contains("reports"), "{shown}");
        let shown = details(&PeerState { reports_dropped: 3, ..down() }, NOW_MS);
        assert!(shown.contains("\nreports       3 of abuse dropped"), "{shown}");
    }

    #[test]
    fn a_node_that_runs_twice_is_a_trouble_though_it_is_linked() {
        let copies = PeerCopies { theirs: 3, ours: 0, last_unix_ms: NOW_MS - 61_000 };
        let theirs = PeerState { copies: Some(copies), ..up() };
        let shown = table(std::slice::from_ref(&theirs), NOW_MS);
        assert!(shown.ends_with("up        1 s ago          0  node_copied\n"), "{shown}");
        let shown = super::copies(std::slice::from_ref(&theirs), NOW_MS);
        assert!(
            shown.contains("Two nodes of globex.example") && !shown.contains("this node's key")
        );
        let shown = details(&theirs, NOW_MS);
        let line = "node_copied   links taken by another node under its key 3, ours 0, 1 min 1 s";
        assert!(shown.contains(line), "{shown}");

        let copies = PeerCopies { theirs: 0, ours: 2, ..copies };
        let ours = PeerState { copies: Some(copies), ..up() };
        let shown = super::copies(std::slice::from_ref(&ours), NOW_MS);
        assert!(shown.contains("stop one of the two at once"), "{shown}");
        assert_eq!(
            super::copies(std::slice::from_ref(&ours), NOW_MS + COPIED_FOR_MS),
            "",
            "it is over"
        );
        assert!(!table(&[ours], NOW_MS + COPIED_FOR_MS).contains(NODE_COPIED));
    }
}
