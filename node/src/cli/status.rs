//! `comity status`: how the running node does among others, asked through the admin's socket.

use super::{Failure, say};
use crate::admin::{AdminClient, PeerLine, Status};
use crate::config::Settings;

/// Runs `comity status`.
pub(super) async fn run(settings: &Settings) -> Result<(), Failure> {
    let status = AdminClient::of(&settings.data_dir).status().await?;
    Ok(say(text(&status))?)
}

fn text(status: &Status) -> String {
    let clock = match status.is_clock_doubted {
        false => "clock: fine",
        true => {
            "clock: IN DOUBT, it seems to be behind that of most organisations; set it, and keep \
             it right with NTP"
        }
    };
    let domains = status.peers.iter().map(|line| line.domain.len());
    let width = domains.max().unwrap_or_default().max(HEADING.len());
    let mut text = format!("node:  {}\n{clock}\n", status.domain);
    let waiting = "waiting for members' nodes since the start: see comity group list";
    for (of, count, what) in [
        ("groups", status.comparing, waiting),
        ("groups", status.read_only, "read-only: see comity group list"),
        ("reports", status.reports, "of abuse are open: see comity reports"),
        ("logs", status.forks, "of which two histories are proven: see comity proof list"),
    ] {
        if count > 0 {
            text.push_str(&format!("{of}: {count} {what}\n"));
        }
    }
    if status.peers.is_empty() {
        text.push_str("No organisation is linked, and none shares a channel.\n");
        return text;
    }
    let (link, faults, refused) = ("link", "faults", "refused");
    let (void, denied, waiting) = ("void", "denied", "waiting");
    text.push_str(&format!(
        "\n{HEADING:width$}  {link:4} {faults:>8} {refused:>8} {void:>8} {denied:>8} \
         {waiting:>8}\n"
    ));
    for PeerLine { domain, is_linked, faults, refused, void, denied, waiting } in &status.peers {
        let link = if *is_linked { "up" } else { "down" };
        text.push_str(&format!(
            "{domain:width$}  {link:4} {faults:>8} {refused:>8} {void:>8} {denied:>8} \
             {waiting:>8}\n"
        ));
    }
    text
}

const HEADING: &str = "organisation";

#[cfg(test)]
mod tests {
    use super::*;

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
        assert_eq!(text(&status), expected);
        let shown = text(&Status {
            is_clock_doubted: true,
            forks: 2,
            read_only: 1,
            reports: 3,
            ..Status::default()
        });
        assert!(shown.contains("NTP") && shown.ends_with("none shares a channel.\n"));
        assert!(shown.contains("groups: 1 read-only") && shown.contains("logs: 2 of which"));
        assert!(shown.contains("reports: 3 of abuse are open"), "{shown}");
        assert!(!shown.contains("waiting"), "{shown}");
    }
}
