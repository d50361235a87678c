//! What the admin says of other organisations, and sees of it.

use comity_client_api::Refusal;
use comity_federation::Introduction;
use comity_identity::is_well_known;
use comity_machine::{
    Answer, Command, DomainRule, FederationMode, PolicyChange, RefusedCode, Stance,
};
use comity_protocol::code::Code;
use comity_protocol::id::ChannelId;
use comity_protocol::key::NodePublicKey;
use comity_protocol::name::ServerName;
use data_encoding::BASE64;

use super::client::ClientEdge;
use super::convert;
use crate::admin::{AskingLine, PolicyState, Rule, RuleLine, RuleStance};
use crate::clock;

impl ClientEdge {
    /// All that is said of others, and who waits.
    pub(super) fn read_policy(&self) -> PolicyState {
        let state = self.shared().state();
        let policy = state.policy();
        let mode = match policy.mode {
            FederationMode::Allowlist => "allowlist",
            FederationMode::Ask => "ask",
            FederationMode::Open => "open",
        };
        let groups = |domain: &str| {
            let granted = policy.grants.iter().filter(|(_, with)| with == domain);
            granted.map(|(channel, _)| channel.to_string()).collect()
        };
        let rules = policy.rules.iter().map(|(domain, rule)| RuleLine {
            domain: domain.clone(),
            rule: shown(rule),
            since_unix_ms: rule.since_unix_ms,
            groups: groups(domain),
        });
        let asking = self.links().asking().into_iter().map(|(domain, asking)| AskingLine {
            domain: domain.to_string(),
            since_unix_ms: asking.since_unix_ms,
            by_itself: asking.by_itself,
            by_ours: asking.by_ours,
        });
        PolicyState { mode: mode.to_owned(), rules: rules.collect(), asking: asking.collect() }
    }

    /// Says something of a domain, or nothing any more.
    pub(super) async fn say_rule(&self, domain: &str, rule: Option<Rule>) -> Result<(), Refusal> {
        let rule = rule.map(|rule| DomainRule {
            stance: match rule.stance {
                RuleStance::Allow => Stance::Allow,
                RuleStance::AllowNamed => Stance::AllowNamed,
                RuleStance::Block => Stance::Block,
            },
            asks_per_hour: rule.asks_per_hour,
            records_per_minute: rule.records_per_minute,
            since_unix_ms: clock::unix_ms(),
        });
        let domain = checked(domain)?;
        if rule.is_none() {
            self.links().pass_over(&domain);
        }
        self.change_policy(PolicyChange::Rule { domain, rule }).await
    }

    /// A group may be shared with a domain.
    pub(super) async fn grant(&self, domain: &str, channel: &str) -> Result<(), Refusal> {
        let channel = group_id(channel)?;
        self.change_policy(PolicyChange::Grant { channel, domain: checked(domain)? }).await
    }

    /// A group is shared with a domain no longer.
    pub(super) async fn unshare_group(&self, domain: &str, channel: &str) -> Result<(), Refusal> {
        let (channel, domain) = (group_id(channel)?, checked(domain)?);
        let (unix_ms, random) = (clock::unix_ms(), clock::random());
        self.change_policy(PolicyChange::Unshare { channel, domain, unix_ms, random }).await
    }

    /// Gives a domain to the organisation that its records name now, where they name the key that
    /// the admin was told.
    pub(super) async fn accept_replaced(&self, domain: &str, key: &str) -> Result<(), Refusal> {
        let domain: ServerName = checked(domain)?.parse().map_err(|_| Code::NameInvalid)?;
        let found = self.examiner().survey(&domain, None).await.introduced;
        let found = found.map_err(|error| Refusal {
            sentence: format!("Nothing proves what {domain} publishes: {error}."),
            ..error.code().into()
        })?;
        let Introduction { keys, first_key, recovery, .. } = found.introduction;
        let is_it = |known: &NodePublicKey| BASE64.encode(known.as_bytes()) == key;
        if !keys.iter().any(is_it) {
            let published: Vec<_> = keys.iter().map(|key| BASE64.encode(key.as_bytes())).collect();
            let published = published.join(", ");
            let sentence = format!("{domain} publishes {published}, not that key.");
            return Err(Refusal { sentence, ..Code::DomainKeyChanged.into() });
        }
        if keys.iter().any(is_well_known) {
            return Err(Code::KeyNotSecret.into());
        }
        let replace = Command::Replace { domain: domain.to_string(), key: first_key, recovery };
        let answer = self.propose(replace).await?;
        if matches!(answer, Answer::Done) {
            tracing::warn!(%domain, key, "a domain is another organisation's, by the admin's word");
            self.links().accepted(domain);
        }
        convert::done(answer)
    }

    async fn change_policy(&self, change: PolicyChange) -> Result<(), Refusal> {
        let told = self.propose(Command::Federate(change)).await;
        self.links().change_policy();
        match told? {
            Answer::Refused(RefusedCode(Code::PeerNameMismatch)) => Err(Refusal {
                sentence: "This is the node's own domain.".to_owned(),
                ..Code::NameInvalid.into()
            }),
            Answer::Refused(RefusedCode(Code::ChannelNotFound)) => Err(no_group()),
            answer => convert::done(answer),
        }
    }
}

fn shown(rule: &DomainRule) -> Rule {
    Rule {
        stance: match rule.stance {
            Stance::Allow => RuleStance::Allow,
            Stance::AllowNamed => RuleStance::AllowNamed,
            Stance::Block => RuleStance::Block,
        },
        asks_per_hour: rule.asks_per_hour,
        records_per_minute: rule.records_per_minute,
    }
}

fn checked(domain: &str) -> Result<String, Refusal> {
    let name: Result<ServerName, _> = domain.parse();
    name.map(|name| name.to_string()).map_err(|_| Refusal {
        sentence: format!("{domain:?} is no domain, such as globex.example."),
        ..Code::NameInvalid.into()
    })
}

fn group_id(channel: &str) -> Result<ChannelId, Refusal> {
    channel.parse().map_err(|_| no_group())
}

fn no_group() -> Refusal {
    let sentence =
        "There is no such group on this node; `comity group list` shows the ids of all.".to_owned();
    Refusal { sentence, ..Code::ChannelNotFound.into() }
}
