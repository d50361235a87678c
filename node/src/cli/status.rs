//! `comity status`: how the running node does among others, asked through the admin's socket.

use clap::Args;

use super::peers::{ago, json};
use super::{Failure, say};
use crate::admin::{AdminClient, PeerLine, Status, StrangerLine};
use crate::clock;
use crate::config::Settings;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Runs `comity status`.
pub(super) async fn run(settings: &Settings, options: &Options) -> Result<(), Failure> {
    let status = AdminClient::of(&settings.data_dir).status().await?;
    match options.json {
        true => Ok(say(json(&status)?)?),
        false => Ok(say(text(&status, clock::unix_ms()))?),
    }
}

fn text(status: &Status, now_ms: u64) -> String {
    let clock = match status.is_clock_doubted {
        false => "clock: fine",
        true => {
            "clock: IN DOUBT, it seems to be behind that of most organisations; set it, and keep \
             it right with NTP"
        }
    };
    let mut text = format!("node:  {}\n{clock}\n", status.domain);
    let waiting = "waiting for members' nodes since the start: see comity group list";
    for (of, count, what) in [
        ("groups", status.comparing, waiting),
        ("groups", status.read_only, "read-only: see comity group list"),
        ("reports", status.reports, "of abuse, open: see comity reports"),
        ("logs", status.forks, "of which two histories are proven: see comity proof list"),
    ] {
        if count > 0 {
            text.push_str(&format!("{of}: {count} {what}\n"));
        }
    }
    text + &peers(&status.peers) + &strangers(&status.strangers, now_ms)
}

fn peers(peers: &[PeerLine]) -> String {
    if peers.is_empty() {
        return "No organisation is linked, and none shares a channel.\n".to_owned();
    }
    let width = peers.iter().map(|line| line.domain.len()).max().unwrap_or_default();
    let width = width.max(HEADING.len());
    let (link, faults, refused) = ("link", "faults", "refused");
    let (void, denied, waiting) = ("void", "denied", "waiting");
    let mut text = format!(
        "\n{HEADING:width$}  {link:4} {faults:>8} {refused:>8} {void:>8} {denied:>8} \
         {waiting:>8}\n"
    );
    for PeerLine { domain, is_linked, faults, refused, void, denied, waiting } in peers {
        let link = if *is_linked { "up" } else { "down" };
        text.push_str(&format!(
            "{domain:width$}  {link:4} {faults:>8} {refused:>8} {void:>8} {denied:>8} \
             {waiting:>8}\n"
        ));
    }
    text
}

/// Those of whom it was never known who they are, with the last one of each kind.
fn strangers(strangers: &[StrangerLine], now_ms: u64) -> String {
    if strangers.is_empty() {
        return String::new();
    }
    let (heading, times) = ("strangers", "times");
    let mut text = format!("\n{heading:9}  {times:>8}  last\n");
    for StrangerLine { kind, times, last_unix_ms, from, domain, code } in strangers {
        let mut last = ago(*last_unix_ms, now_ms);
        for (before, part) in [(" from ", from), (" as ", domain), (": ", code)] {
            last.extend(part.iter().flat_map(|part| [before, part]));
        }
        text.push_str(&format!("{kind:9}  {times:>8}  {last}\n"));
    }
    text
}

const HEADING: &str = "organisation";

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_764_000_000_000;

    #[test]
    fn a_status_is_a_table_and_says_what_to_do_about_the_clock() {
        let line = |domain: &str, is_linked, void| PeerLine {
            domain: domain.into(),
            is_linked,
            faults: 0,
            refused: 12,
            void,
            denied: 4,
            waiting: 0,
        };
        let peers = vec![line("a.test", true, 3), line("globex.example", false, 0)];
        let status = Status { domain: "acme.example".into(), peers, ..Status::default() };
        let expected = "node:  acme.example\nclock: fine\n\n\
            organisation    link   faults  refused     void   denied  waiting\n\
            a.test          up          0       12        3        4        0\n\
            globex.example  down        0       12        0        4        0\n";
        assert_eq!(text(&status, NOW_MS), expected);
        let doubted = Status {
            is_clock_doubted: true,
            forks: 2,
            read_only: 1,
            reports: 3,
            ..Status::default()
        };
        let shown = text(&doubted, NOW_MS);
        assert!(shown.contains("NTP") && shown.ends_with("none shares a channel.\n"));
        assert!(shown.contains("groups: 1 read-only") && shown.contains("logs: 2 of which"));
        assert!(shown.contains("reports: 3 of abuse, open"), "{shown}");
        assert!(!shown.contains("waiting"), "{shown}");
    }

    #[test]
    fn strangers_are_told_with_the_last_of_each_kind() {
        let line = |kind: &str, times, from: &str| StrangerLine {
            kind: kind.into(),
            times,
            last_unix_ms: NOW_MS - 200_000,
            from: Some(from.into()),
            domain: None,
            code: None,
        };
        let liar = StrangerLine {
            domain: Some("globex.example".into()),
            code: Some("peer_name_mismatch".into()),
            ..line("identity", 3, "2001:db8::7")
        };
        let strangers = vec![line("handshake", 12, "192.0.2.7"), liar];
        let status = Status { strangers, ..Status::default() };
        let expected = "\n\
            strangers     times  last\n\
            handshake        12  3 min 20 s ago from 192.0.2.7\n\
            identity          3  3 min 20 s ago from 2001:db8::7 as globex.example: \
            peer_name_mismatch\n";
        let shown = text(&status, NOW_MS);
        assert!(shown.ends_with(expected), "{shown}");
    }
}
