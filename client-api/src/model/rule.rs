//! The rules of a group in JSON, read and written alike: any of `archived`, `edits`, `history`,
//! `join`, `mentioning`, `posting` and `retention`. It must not know who may change them.

use std::borrow::Cow;

use comity_protocol::code::Code;
use comity_protocol::limits::RETENTION_SECONDS_MIN;
use serde::{Deserialize, Serialize};

use super::value;
use crate::backend::{JoinRule, Refusal, Rule};

/// Rules, each absent or as it is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct RuleShape<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) archived: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) edits: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) history: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) join: Option<JoinShape<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) mentioning: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) posting: Option<Cow<'a, str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) retention: Option<Cow<'a, str>>,
}

/// A join rule: its name, or domains.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum JoinShape<'a> {
    Named(Cow<'a, str>),
    Organisations(Vec<String>),
}

impl RuleShape<'_> {
    /// The rules that are there.
    pub(crate) fn into_rules(self) -> Result<Vec<Rule>, Refusal> {
        let join = self.join.map(join_rule).transpose()?.map(Rule::Join);
        let posting = self.posting.as_deref().map(value::role).transpose()?.map(Rule::Posting);
        let archived = self.archived.map(Rule::Archived);
        let history = self.history.as_deref().map(history_rule).transpose()?;
        let retention = self.retention.as_deref().map(retention_rule).transpose()?;
        let edits = self.edits.as_deref().map(edits_rule).transpose()?;
        let mentioning = self.mentioning.as_deref().map(value::role).transpose()?;
        let rules = join.into_iter().chain(posting).chain(archived);
        let rules = rules.chain(history).chain(retention).chain(edits);
        Ok(rules.chain(mentioning.map(Rule::MentionAll)).collect())
    }
}

fn edits_rule(text: &str) -> Result<Rule, Refusal> {
    match text {
        KEPT => Ok(Rule::KeepsEdits(true)),
        REPLACED => Ok(Rule::KeepsEdits(false)),
        _ => Err(value::malformed("`edits` is \"kept\" or \"replaced\".")),
    }
}

fn history_rule(text: &str) -> Result<Rule, Refusal> {
    match text {
        ALL => Ok(Rule::SinceJoining(false)),
        SINCE_JOINING => Ok(Rule::SinceJoining(true)),
        _ => Err(value::malformed("`history` is \"all\" or \"since_joining\".")),
    }
}

fn retention_rule(text: &str) -> Result<Rule, Refusal> {
    let is_number = text.bytes().all(|b| b.is_ascii_digit());
    match text.parse() {
        _ if text == FOR_EVER => Ok(Rule::Retention(None)),
        Ok(seconds) if is_number && seconds < RETENTION_SECONDS_MIN => {
            let sentence = format!(
                "A retention is {RETENTION_SECONDS_MIN} seconds at least; this is {seconds}."
            );
            Err(value::refusal(Code::RuleInvalid, sentence))
        }
        Ok(seconds) if is_number => Ok(Rule::Retention(Some(seconds))),
        _ => Err(value::malformed(
            "`retention` is \"forever\" or a number of seconds, written as a string.",
        )),
    }
}

fn join_rule(shape: JoinShape<'_>) -> Result<JoinRule, Refusal> {
    match shape {
        JoinShape::Named(name) if name == ANYONE => Ok(JoinRule::Anyone),
        JoinShape::Named(name) if name == INVITED => Ok(JoinRule::Invited),
        JoinShape::Named(_) => {
            Err(value::malformed("`join` is \"invited\", \"anyone\" or a list of domains."))
        }
        JoinShape::Organisations(domains) => {
            let domains = domains.iter().map(|domain| value::domain(domain));
            domains.collect::<Result<_, _>>().map(JoinRule::Organisations)
        }
    }
}

impl From<&[Rule]> for RuleShape<'static> {
    fn from(rules: &[Rule]) -> Self {
        let mut shape = Self::default();
        for rule in rules {
            match rule {
                Rule::Archived(archived) => shape.archived = Some(*archived),
                Rule::KeepsEdits(true) => shape.edits = Some(KEPT.into()),
                Rule::KeepsEdits(false) => shape.edits = Some(REPLACED.into()),
                Rule::MentionAll(role) => shape.mentioning = Some(role.name().into()),
                Rule::Retention(None) => shape.retention = Some(FOR_EVER.into()),
                Rule::Retention(Some(seconds)) => {
                    shape.retention = Some(seconds.to_string().into());
                }
                Rule::SinceJoining(false) => shape.history = Some(ALL.into()),
                Rule::SinceJoining(true) => shape.history = Some(SINCE_JOINING.into()),
                Rule::Posting(role) => shape.posting = Some(role.name().into()),
                Rule::Join(JoinRule::Anyone) => shape.join = Some(JoinShape::Named(ANYONE.into())),
                Rule::Join(JoinRule::Invited) => {
                    shape.join = Some(JoinShape::Named(INVITED.into()));
                }
                Rule::Join(JoinRule::Organisations(domains)) => {
                    let domains = domains.iter().map(ToString::to_string).collect();
                    shape.join = Some(JoinShape::Organisations(domains));
                }
            }
        }
        shape
    }
}

const KEPT: &str = "kept";
const REPLACED: &str = "replaced";
const ANYONE: &str = "anyone";
const INVITED: &str = "invited";
const ALL: &str = "all";
const SINCE_JOINING: &str = "since_joining";
const FOR_EVER: &str = "forever";
