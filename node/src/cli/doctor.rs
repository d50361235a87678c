//! `comity doctor`: what is wrong between this node and others, and what to do. Asks the running
//! node; where none runs, it looks at what can be seen without it.

use std::fmt::Write;
use std::net::UdpSocket;

use clap::Args;
use comity_federation::Resolver;
use comity_identity::NodeKeyFile;
use comity_protocol::name::ServerName;
use serde::Serialize;

use super::peers::plain;
use super::{Failure, node_keys, say};
use crate::admin::{AdminClient, AdminError, Finding, Grade};
use crate::config::Settings;
use crate::doctor::{Own, examine_own, examine_partner, published};
use crate::keys::NODE_KEY_FILE;
use crate::server::resolver_settings;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The organisation, such as globex.example [default: this node's own]
    domain: Option<String>,
    /// Print JSON, for programs
    #[arg(long)]
    json: bool,
}

/// Runs `comity doctor`.
pub(super) async fn run(settings: &Settings, options: Options) -> Result<(), Failure> {
    let domain = options.domain.as_deref().map(plain);
    let findings = examine(settings, domain.as_deref()).await?;
    if options.json {
        say(json(&findings)?)?;
    } else {
        say(text(&findings))?;
    }
    match findings.iter().filter(|finding| finding.grade == Grade::Bad).count() {
        0 => Ok(()),
        1 => Err("one thing is bad".into()),
        count => Err(format!("{count} things are bad").into()),
    }
}

/// All that is found out.
pub(crate) async fn examine(
    settings: &Settings,
    domain: Option<&str>,
) -> Result<Vec<Finding>, Failure> {
    match AdminClient::of(&settings.data_dir).examine(domain).await {
        Ok(mut findings) => {
            findings.insert(0, Finding::ok("node", format!("{} runs.", settings.domain)));
            Ok(findings)
        }
        Err(AdminError::NotRunning { .. }) => alone(settings, domain).await,
        Err(error) => Err(error.into()),
    }
}

/// What can be seen without a node.
async fn alone(settings: &Settings, domain: Option<&str>) -> Result<Vec<Finding>, Failure> {
    let domain: Option<ServerName> = domain.map(str::parse).transpose()?;
    let mut findings = vec![Finding::bad(
        "node",
        format!("No node is running on {}.", settings.data_dir.display()),
        "Start it with comity serve, then ask again: what is seen from outside, clocks, versions \
         and a test message need the running node. What follows does not.",
    )];
    let resolver = Resolver::new(resolver_settings(settings, None)?)?;
    match domain.filter(|domain| *domain != settings.domain) {
        Some(partner) => {
            let survey = resolver.survey(&partner, None).await;
            findings.extend(examine_partner(&partner, &survey, false));
        }
        None => {
            findings.push(port(settings));
            match keys(settings) {
                Ok(keys) => {
                    findings.push(Finding::ok(
                        "keys",
                        format!("Of {}, named {}.", keys.domain(), keys.name),
                    ));
                    findings.extend(records(settings, &keys, &resolver).await);
                }
                Err(finding) => findings.push(finding),
            }
        }
    }
    Ok(findings)
}

async fn records(settings: &Settings, keys: &NodeKeyFile, resolver: &Resolver) -> Vec<Finding> {
    let own = Own {
        domain: keys.domain().clone(),
        published: published(keys),
        host: settings.advertised_host().to_owned(),
        port: settings.advertised_port(),
        trust: settings.federation.trust.clone(),
        seen: None,
    };
    let survey = resolver.survey(&own.domain, Some(&own.host)).await;
    examine_own(&own, &survey)
}

/// Keys are not made here: whoever mistyped data_dir would be told that all is well.
fn keys(settings: &Settings) -> Result<NodeKeyFile, Finding> {
    const ABOUT: &str = "keys";
    let path = settings.data_dir.join(NODE_KEY_FILE);
    if !path.exists() {
        let found = format!("{} is not there.", path.display());
        let todo = "Make the keys with comity keys show; if your node has some already, set \
                    data_dir to where they are, or put node.key back from your backup.";
        return Err(Finding::bad(ABOUT, found, todo));
    }
    let unusable = |error: Failure| {
        Finding::bad(ABOUT, error.to_string(), "Put the file right, or back from your backup.")
    };
    node_keys(settings).map_err(unusable)
}

fn port(settings: &Settings) -> Finding {
    const ABOUT: &str = "port";
    let listen = settings.federation.listen;
    match UdpSocket::bind(listen) {
        Ok(_) => Finding::ok(ABOUT, format!("The node can have {listen}/udp.")),
        Err(error) => Finding::bad(
            ABOUT,
            format!("The node cannot have {listen}/udp (federation.listen): {error}."),
            "End the program that has it, or set another port there, and in the SRV record.",
        ),
    }
}

/// A line for each finding; what to do, and records, below it.
fn text(findings: &[Finding]) -> String {
    let width = findings.iter().map(|finding| finding.about.len()).max().unwrap_or_default();
    let margin = " ".repeat(GRADE_WIDTH + 2 + width + 2);
    let mut text = String::new();
    for Finding { grade, about, found, todo, records } in findings {
        let grade = word(*grade);
        let _ = writeln!(text, "{grade:GRADE_WIDTH$}  {about:width$}  {found}");
        if let Some(line) = todo {
            let _ = writeln!(text, "{margin}{line}");
        }
        // At the margin, so that it can be copied whole.
        for record in records {
            let _ = writeln!(text, "\n{record}\n");
        }
    }
    text
}

fn word(grade: Grade) -> &'static str {
    match grade {
        Grade::Ok => "ok",
        Grade::Look => "look",
        Grade::Bad => "bad",
    }
}

#[derive(Serialize)]
struct Report<'a> {
    worst: Option<Grade>,
    findings: &'a [Finding],
}

fn json(findings: &[Finding]) -> Result<String, serde_json::Error> {
    let worst = findings.iter().map(|finding| finding.grade).max();
    Ok(serde_json::to_string_pretty(&Report { worst, findings })? + "\n")
}

/// The longest of the words for grades.
const GRADE_WIDTH: usize = 4;

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn findings() -> Vec<Finding> {
        let record = "_comity._udp.acme.example. 3600 IN SRV 10 5 4433 acme.example.".to_owned();
        vec![
            Finding::ok("node", "acme.example runs."),
            Finding::bad("SRV record", "There is none.", "Publish this record.").publish(record),
            Finding::look("DNSSEC", "The records are not signed.", "Sign them."),
        ]
    }

    #[test]
    fn findings_are_lines_with_what_to_do_and_what_to_publish() {
        let expected = "\
ok    node        acme.example runs.
bad   SRV record  There is none.
                  Publish this record.

_comity._udp.acme.example. 3600 IN SRV 10 5 4433 acme.example.

look  DNSSEC      The records are not signed.
                  Sign them.
";
        assert_eq!(text(&findings()), expected);
    }

    #[test]
    fn programs_read_the_worst_and_each() {
        let read: serde_json::Value = serde_json::from_str(&json(&findings()).unwrap()).unwrap();
        assert_eq!(read["worst"], "bad");
        assert_eq!(read["findings"][1]["about"], "SRV record");
        assert!(read["findings"][1]["records"][0].as_str().unwrap().contains("IN SRV"));
        assert_eq!(read["findings"][0]["todo"], serde_json::Value::Null);
    }
}
