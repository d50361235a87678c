//! `comity reports`: what was reported as abuse, asked through the admin's socket of the running
//! node. Texts that others wrote pass through `clean`, so that none does anything to a terminal.

use std::fmt::Write;

use clap::{Args, Subcommand};

use super::chat::text::{clean, clean_block};
use super::peers::{ago, json, largest, utc};
use super::{Failure, say};
use crate::admin::{AdminClient, ReportDetail, ReportLine};
use crate::clock;
use crate::config::Settings;

#[derive(Debug, Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Option<Command>,
    /// List those too that are closed
    #[arg(long)]
    all: bool,
    /// Print JSON, for programs: the list, or the one that is shown
    #[arg(long, global = true)]
    json: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Close a report: you have dealt with it
    ///
    /// It and its text are kept for half a year more, then they go by themselves.
    Close {
        /// Its number, as the list shows it
        number: u64,
    },
    /// Print a report with the text that is reported
    Show {
        /// Its number, as the list shows it
        number: u64,
    },
}

/// Runs `comity reports`.
pub(super) async fn run(settings: &Settings, options: Options) -> Result<(), Failure> {
    let Options { command, all, json: as_json } = options;
    let admin = AdminClient::of(&settings.data_dir);
    match command {
        None if as_json => Ok(say(json(&admin.reports(all).await?)?)?),
        None => Ok(say(table(&admin.reports(all).await?, clock::unix_ms()))?),
        Some(Command::Show { number }) if as_json => Ok(say(json(&admin.report(number).await?)?)?),
        Some(Command::Show { number }) => {
            Ok(say(details(&admin.report(number).await?, clock::unix_ms()))?)
        }
        Some(Command::Close { number }) => {
            admin.close_report(number).await?;
            Ok(say(format_args!("Report {number} is closed.\n"))?)
        }
    }
}

/// A line for each report.
fn table(reports: &[ReportLine], now_ms: u64) -> String {
    if reports.is_empty() {
        return "There is no report.\n".to_owned();
    }
    let width = reports.iter().map(|line| line.about.chars().count()).max().unwrap_or_default();
    let mut text = format!("{:>6}  came       reason      {ABOUT:width$}  from\n", "number");
    for line in reports {
        let ReportLine { number, unix_ms, reason, about, closed_unix_ms, .. } = line;
        let came = format!("{} ago", largest(now_ms.saturating_sub(*unix_ms)));
        let closed = if closed_unix_ms.is_some() { " (closed)" } else { "" };
        let from = reporter(line);
        let _ =
            writeln!(text, "{number:>6}  {came:9}  {reason:10}  {about:width$}  {from}{closed}");
    }
    text
}

/// A report with what is reported.
fn details(report: &ReportDetail, now_ms: u64) -> String {
    let ReportDetail { line, comment, text: reported } = report;
    let mut text = format!("report   {}\n", line.number);
    let mut say = |name: &str, value: &str| {
        let _ = writeln!(text, "{name:<7}  {value}");
    };
    let when = |at_ms: u64| format!("{} ({})", ago(at_ms, now_ms), utc(at_ms));
    say("came", &when(line.unix_ms));
    say("from", &reporter(line));
    say("about", &line.about);
    say("reason", &line.reason);
    say("channel", &line.channel);
    say("message", &format!("{}, written {}", line.message, utc(line.said_unix_ms)));
    say("proof", &proof(line));
    match line.closed_unix_ms {
        None => say("state", "open"),
        Some(at_ms) => say("state", &format!("closed {}", when(at_ms))),
    }
    if let Some(comment) = comment {
        say("comment", &clean(comment));
    }
    text.push_str("\nThe text:\n");
    let reported = reported.as_deref().map(clean_block);
    let reported = reported.unwrap_or_else(|| "(it cannot be read any more)".to_owned());
    reported.lines().for_each(|line| {
        let _ = writeln!(text, "| {line}");
    });
    text
}

/// Who reports, as far as that is told.
fn reporter(line: &ReportLine) -> String {
    match &line.reporter {
        Some(account) => account.clone(),
        None => format!("somebody of {}", line.from),
    }
}

fn proof(line: &ReportLine) -> String {
    match (line.is_proven, &line.sent_to) {
        (true, _) => {
            "proven: this node has signed that the text was written so, whatever became of it since"
                .to_owned()
        }
        (false, None) => "as this node holds it".to_owned(),
        (false, Some(domain)) => format!("as this node holds it; {domain} has it with the proof"),
    }
}

const ABOUT: &str = "about";

#[cfg(test)]
mod tests {
    use super::*;

    const NOW_MS: u64 = 1_764_000_000_000;

    fn line(number: u64) -> ReportLine {
        ReportLine {
            number,
            unix_ms: NOW_MS - 125_000,
            from: "globex.example".into(),
            reporter: None,
            about: "mallory@acme.example".into(),
            channel: "Q2hhbm5lbCBvZiBhbGljZSBhbmQgYm9iLCBkaXJlY3Q".into(),
            message: "01KAPTNBMFE5G8DV3Q6R7S9T0W".into(),
            said_unix_ms: NOW_MS - 3_600_000,
            reason: "harassment".into(),
            is_proven: true,
            sent_to: None,
            closed_unix_ms: None,
        }
    }

    #[test]
    fn a_line_for_each_says_who_and_why() {
        let ours = ReportLine {
            reporter: Some("bob@acme.example".into()),
            about: "eve@globex.example".into(),
            reason: "spam".into(),
            closed_unix_ms: Some(NOW_MS),
            ..line(12)
        };
        let expected = "\
number  came       reason      about                 from
    12  2 min ago  spam        eve@globex.example    bob@acme.example (closed)
     7  2 min ago  harassment  mallory@acme.example  somebody of globex.example
";
        assert_eq!(table(&[ours, line(7)], NOW_MS), expected);
        assert_eq!(table(&[], NOW_MS), "There is no report.\n");
    }

    #[test]
    fn one_is_told_in_whole_and_does_nothing_to_a_terminal() {
        let report = ReportDetail {
            line: line(7),
            comment: Some("three times\u{1b}[2J".into()),
            text: Some("first\u{7}\nsecond".into()),
        };
        let expected = "\
report   7
came     2 min 5 s ago (2025-11-24T15:57:55Z)
from     somebody of globex.example
about    mallory@acme.example
reason   harassment
channel  Q2hhbm5lbCBvZiBhbGljZSBhbmQgYm9iLCBkaXJlY3Q
message  01KAPTNBMFE5G8DV3Q6R7S9T0W, written 2025-11-24T15:00:00Z
proof    proven: this node has signed that the text was written so, whatever became of it since
state    open
comment  three times\\u{1b}[2J

The text:
| first\\u{7}
| second
";
        assert_eq!(details(&report, NOW_MS), expected);
        let sent = ReportLine { is_proven: false, sent_to: Some("b.example".into()), ..line(8) };
        let closed = ReportLine { closed_unix_ms: Some(NOW_MS - 60_000), ..sent };
        let shown = details(&ReportDetail { line: closed, comment: None, text: None }, NOW_MS);
        assert!(shown.contains("proof    as this node holds it; b.example has it"), "{shown}");
        assert!(shown.contains("state    closed 1 min ago"), "{shown}");
        assert!(shown.ends_with("The text:\n| (it cannot be read any more)\n"), "{shown}");
    }
}
