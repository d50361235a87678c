//! Reports of abuse, as the admin sees them.

use serde::{Deserialize, Serialize};

/// A report in a list.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportLine {
    /// Names it.
    pub number: u64,
    /// When it came, in Unix milliseconds.
    pub unix_ms: u64,
    /// The domain of the organisation whose account reports.
    pub from: String,
    /// The account, where it is ours, or is named.
    #[serde(default)]
    pub reporter: Option<String>,
    /// Who wrote what is reported.
    pub about: String,
    /// The channel's id.
    pub channel: String,
    /// The message's id.
    pub message: String,
    /// When it was written, as its writer's node says, in Unix milliseconds.
    pub said_unix_ms: u64,
    /// `spam`, `harassment`, `illegal` or `other`.
    pub reason: String,
    /// Whether it came from elsewhere with the proof that this node has signed what is reported;
    /// else it is what this node holds itself.
    pub is_proven: bool,
    /// The author's organisation, where that is another one and is told.
    #[serde(default)]
    pub sent_to: Option<String>,
    /// When it was closed, in Unix milliseconds.
    #[serde(default)]
    pub closed_unix_ms: Option<u64>,
}

/// A report with what is reported.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ReportDetail {
    /// The report.
    #[serde(flatten)]
    pub line: ReportLine,
    /// What who reports says about it.
    #[serde(default)]
    pub comment: Option<String>,
    /// The text that is reported.
    #[serde(default)]
    pub text: Option<String>,
}

/// Reports in one list.
pub const REPORTS_LISTED_MAX: usize = 1_000;
