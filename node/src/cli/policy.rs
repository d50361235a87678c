//! With whom the node federates: the subcommands of `comity peers` that say it, and how it is
//! shown.

use std::fmt::Write;

use clap::{Args, Subcommand};

use super::Failure;
use super::peers::{is_up, json, largest, plain};
use crate::admin::{AdminClient, AskingLine, PeerState, PolicyState, Rule, RuleLine, RuleStance};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Federate with an organisation
    ///
    /// Counts at once and until something else is said, whatever `federation.mode` says.
    Allow(Allow),
    /// Do not federate with an organisation
    ///
    /// Its link ends at once; its invitations are hidden; messages to its users are refused. What
    /// was said stays readable on this node.
    Block {
        /// The organisation, such as evil.example
        domain: String,
    },
    /// Say nothing of an organisation any more: `federation.mode` decides
    ///
    /// Where it waits for your word, it is listed no longer, until it asks again.
    Forget {
        /// The organisation, such as globex.example
        domain: String,
    },
    /// Let a group be shared with an organisation that is allowed with --named-groups
    ///
    /// Both organisations' admins have to do so, where both have said it.
    Share {
        /// The organisation, such as globex.example
        domain: String,
        /// The group's id, as `comity group list` shows it
        #[arg(allow_hyphen_values = true)]
        group: String,
    },
    /// Do not share a group with an organisation any more
    ///
    /// Where the group is this node's, everybody of that organisation is put out of it. Else this
    /// node's users leave it. Both sides keep what they have.
    Unshare {
        /// The organisation, such as globex.example
        domain: String,
        /// The group's id, as `comity group list` shows it
        #[arg(allow_hyphen_values = true)]
        group: String,
    },
    /// Print what was said of which organisation, and who waits for it
    Rules,
}

#[derive(Debug, Args)]
pub(super) struct Allow {
    /// The organisation, such as globex.example
    domain: String,
    /// Share only those groups with it that `comity peers share` names
    #[arg(long)]
    named_groups: bool,
    /// Invitations, contact requests and reports of it that are heard in an hour (200 if not given)
    #[arg(long, value_name = "NUMBER")]
    asks_per_hour: Option<u32>,
    /// Records that are taken of it in a minute in the long run (any number if not given)
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u32).range(60..))]
    records_per_minute: Option<u32>,
}

/// Runs what says something, or shows what was said, for programs where that is wanted.
pub(super) async fn run(
    admin: &AdminClient,
    command: Command,
    for_programs: bool,
) -> Result<String, Failure> {
    match command {
        Command::Allow(Allow { domain, named_groups, asks_per_hour, records_per_minute }) => {
            let domain = plain(&domain);
            let stance = if named_groups { RuleStance::AllowNamed } else { RuleStance::Allow };
            let rule = Rule { stance, asks_per_hour, records_per_minute };
            let before = admin.policy().await?;
            admin.set_rule(&domain, Some(rule)).await?;
            let more = if named_groups { ", groups one by one" } else { "" };
            let replaced = replaced(&before, &domain, &rule);
            let other = other_side(&domain, &before, &admin.peers().await?);
            Ok(format!("{domain} is allowed{more}. {other}\n{replaced}"))
        }
        Command::Block { domain } => {
            let domain = plain(&domain);
            let rule =
                Rule { stance: RuleStance::Block, asks_per_hour: None, records_per_minute: None };
            admin.set_rule(&domain, Some(rule)).await?;
            Ok(format!("{domain} is blocked.\n"))
        }
        Command::Forget { domain } => {
            let domain = plain(&domain);
            admin.set_rule(&domain, None).await?;
            Ok(format!("Nothing is said of {domain} any more.\n"))
        }
        Command::Share { domain, group } => {
            let domain = plain(&domain);
            admin.share(&domain, &group).await?;
            let without_effect = without_effect(&admin.policy().await?, &domain);
            Ok(format!("{group} may be shared with {domain}.\n{without_effect}"))
        }
        Command::Unshare { domain, group } => {
            let domain = plain(&domain);
            admin.unshare(&domain, &group).await?;
            Ok(format!("{group} is shared with {domain} no longer.\n"))
        }
        Command::Rules if for_programs => Ok(json(&admin.policy().await?)?),
        Command::Rules => Ok(rules(&admin.policy().await?, crate::clock::unix_ms())),
    }
}

/// What was said of a domain before and is not said any more; nothing where nothing was.
fn replaced(before: &PolicyState, domain: &str, rule: &Rule) -> String {
    let line = before.rules.iter().find(|line| line.domain == domain && line.rule != *rule);
    line.map(|line| format!("That replaces what you said before: {}.\n", rule_text(line)))
        .unwrap_or_default()
}

/// What is left to be done on the other side, where one is allowed here.
fn other_side(domain: &str, before: &PolicyState, peers: &[PeerState]) -> &'static str {
    if peers.iter().any(|peer| peer.domain == domain && is_up(peer)) {
        return "Its node is linked.";
    }
    if before.asking.iter().any(|line| line.domain == domain && line.by_itself) {
        return "Its node has asked already: the link comes up by itself.";
    }
    "Its admin has to allow this node as well."
}

/// Why the node has nothing to do with a domain, and what takes that back, where its admin has not
/// let it in.
pub(super) fn kept_out(domain: &str, policy: &PolicyState) -> Option<String> {
    let is_blocked = |line: &&RuleLine| line.rule.stance == RuleStance::Block;
    if policy.rules.iter().filter(is_blocked).any(|line| line.domain == domain) {
        return Some(format!("{domain} is blocked: comity peers allow {domain} takes that back"));
    }
    let waits = policy.asking.iter().any(|line| line.domain == domain);
    waits.then(|| format!("{domain} waits for your word: comity peers allow, or block"))
}

/// Why there is nothing to show of a domain.
pub(super) fn not_linked(domain: &str, policy: &PolicyState) -> String {
    kept_out(domain, policy).unwrap_or_else(|| {
        format!(
            "this node has nothing to do with {domain:?}: comity peers lists those that it is \
             linked with, or is to be"
        )
    })
}

/// Why naming a group for a domain changes nothing yet, where that is so.
fn without_effect(policy: &PolicyState, domain: &str) -> String {
    let stance = policy.rules.iter().find(|line| line.domain == domain);
    let why = match stance.map(|line| line.rule.stance) {
        Some(RuleStance::AllowNamed) => return String::new(),
        Some(RuleStance::Allow) => "all groups may be shared with it as it is",
        Some(RuleStance::Block) => "it is blocked",
        None => "nothing else is said of it",
    };
    format!("That has no effect yet, since {why}: comity peers allow {domain} --named-groups\n")
}

/// Who waits, as it follows the list of peers; nothing where nobody does.
pub(super) fn waiting(asking: &[AskingLine], now_ms: u64) -> String {
    if asking.is_empty() {
        return String::new();
    }
    let width = asking.iter().map(|line| line.domain.len()).max().unwrap_or_default();
    let mut text = "waiting for your word (comity peers allow, or block):\n".to_owned();
    for AskingLine { domain, since_unix_ms, by_itself, by_ours } in asking {
        let who = match (by_itself, by_ours) {
            (true, true) => "by its node, and by users of this one",
            (true, false) => "by its node",
            _ => "by users of this node",
        };
        let for_ms = now_ms.saturating_sub(*since_unix_ms);
        let _ = writeln!(text, "{domain:width$}  asked {who}, first {} ago", largest(for_ms));
    }
    text
}

fn rules(policy: &PolicyState, now_ms: u64) -> String {
    let mode = match policy.mode.as_str() {
        "allowlist" => "of others nobody (federation.mode = \"allowlist\")",
        "ask" => "others when you say so (federation.mode = \"ask\")",
        _ => "all others too (federation.mode = \"open\")",
    };
    let width = policy.rules.iter().map(|line| line.domain.len()).max().unwrap_or_default();
    let mut text = String::new();
    for line in &policy.rules {
        let _ = writeln!(text, "{:width$}  {}", line.domain, rule_text(line));
    }
    let _ = writeln!(text, "{mode}");
    let waiting = waiting(&policy.asking, now_ms);
    if waiting.is_empty() { text } else { format!("{text}\n{waiting}") }
}

fn rule_text(line: &RuleLine) -> String {
    let mut text = match line.rule.stance {
        RuleStance::Allow => "allowed".to_owned(),
        RuleStance::AllowNamed if line.groups.is_empty() => "allowed, no group yet".to_owned(),
        RuleStance::AllowNamed => format!("allowed, and of groups {}", line.groups.join(" ")),
        RuleStance::Block => "blocked".to_owned(),
    };
    if let Some(most) = line.rule.asks_per_hour {
        let _ = write!(text, ", asks {most} times an hour");
    }
    if let Some(most) = line.rule.records_per_minute {
        let _ = write!(text, ", {most} records a minute");
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::PeerLink;

    #[test]
    fn rules_read_like_sentences() {
        let line = |domain: &str, stance, groups: &[&str]| RuleLine {
            domain: domain.to_owned(),
            rule: Rule { stance, asks_per_hour: None, records_per_minute: None },
            since_unix_ms: 0,
            groups: groups.iter().map(|id| (*id).to_owned()).collect(),
        };
        let mut limited = line("globex.example", RuleStance::Allow, &[]);
        limited.rule.asks_per_hour = Some(5);
        limited.rule.records_per_minute = Some(600);
        let policy = PolicyState {
            mode: "ask".to_owned(),
            rules: vec![
                line("evil.example", RuleStance::Block, &[]),
                limited,
                line("initech.example", RuleStance::AllowNamed, &["AAAA", "BBBB"]),
            ],
            asking: vec![AskingLine {
                domain: "hooli.example".to_owned(),
                since_unix_ms: 0,
                by_itself: true,
                by_ours: false,
            }],
        };
        let expected = "\
evil.example     blocked
globex.example   allowed, asks 5 times an hour, 600 records a minute
initech.example  allowed, and of groups AAAA BBBB
others when you say so (federation.mode = \"ask\")

waiting for your word (comity peers allow, or block):
hooli.example  asked by its node, first 2 min ago
";
        assert_eq!(rules(&policy, 120_000), expected);
        let allow =
            Rule { stance: RuleStance::Allow, asks_per_hour: None, records_per_minute: None };
        assert_eq!(
            replaced(&policy, "initech.example", &allow),
            "That replaces what you said before: allowed, and of groups AAAA BBBB.\n"
        );
        assert_eq!(replaced(&policy, "new.example", &allow), "");
        assert_eq!(replaced(&policy, "globex.example", &policy.rules[1].rule), "");
        assert!(not_linked("evil.example", &policy).contains("is blocked"));
        assert!(not_linked("hooli.example", &policy).contains("waits for your word"));
        assert!(not_linked("new.example", &policy).contains("nothing to do with"));
        assert_eq!(kept_out("new.example", &policy), None);
        let other = |domain: &str, peers: &[PeerState]| other_side(domain, &policy, peers);
        assert_eq!(other("new.example", &[]), "Its admin has to allow this node as well.");
        assert!(other("hooli.example", &[]).contains("asked already"));
        let link = PeerLink::Up { since_unix_ms: 0, is_dialled: true };
        let up = PeerState { domain: "new.example".to_owned(), link, ..PeerState::default() };
        assert_eq!(other("new.example", &[up]), "Its node is linked.");
        assert_eq!(without_effect(&policy, "initech.example"), "");
        assert!(without_effect(&policy, "evil.example").contains("it is blocked"));
        assert!(without_effect(&policy, "new.example").contains("nothing else is said"));
    }
}
