//! The other organisations of a channel, as clients read them.

use serde::{Deserialize, Serialize};

use super::time::format_unix_ms;
use crate::backend::ChannelOrganisation;

/// Another organisation in a channel.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct OrganisationShape {
    domain: String,
    linked: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    behind_since_time: Option<String>,
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    refused: bool,
}

impl From<ChannelOrganisation> for OrganisationShape {
    fn from(other: ChannelOrganisation) -> Self {
        Self {
            domain: other.domain,
            linked: other.is_linked,
            behind_since_time: other.behind_since_unix_ms.map(format_unix_ms),
            refused: other.is_refused,
        }
    }
}
