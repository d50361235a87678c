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
    let mut text = format!("{clock}\n");
    if status.peers.is_empty() {
        text.push_str("No organisation is linked.\n");
        return text;
    }
    let (link, faults, refused, void, waiting) = ("link", "faults", "refused", "void", "waiting");
    text.push_str(&format!(
        "\n{HEADING:width$}  {link:4} {faults:>8} {refused:>8} {void:>8} {waiting:>8}\n"
    ));
    for PeerLine { domain, is_linked, faults, refused, void, waiting } in &status.peers {
        let link = if *is_linked { "up" } else { "down" };
        text.push_str(&format!(
            "{domain:width$}  {link:4} {faults:>8} {refused:>8} {void:>8} {waiting:>8}\n"
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
            waiting: 0,
        };
        let peers = vec![line("a.test", true, 3), line("globex.example", false, 0)];
        let shown = text(&Status { is_clock_doubted: false, peers });
        let expected = "clock: fine\n\n\
            organisation    link   faults  refused     void  waiting\n\
            a.test          up          0       12        3        0\n\
            globex.example  down        0       12        0        0\n";
        assert_eq!(shown, expected);
        let shown = text(&Status { is_clock_doubted: true, peers: vec![] });
        assert!(shown.contains("NTP") && shown.ends_with("No organisation is linked.\n"));
    }
}
