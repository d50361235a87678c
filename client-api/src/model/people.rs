//! Whom the caller knows and whom he blocks, as JSON. It must not know routes.

use serde::{Deserialize, Serialize};

use super::time::format_unix_ms;
use super::value::contact_standing_text;
use crate::backend::{Blocked, Contact};

#[derive(Debug, Serialize, Deserialize)]
struct ContactShape {
    account: String,
    standing: String,
    since_time: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ContactsAnswer {
    contacts: Vec<ContactShape>,
}

impl From<Vec<Contact>> for ContactsAnswer {
    fn from(contacts: Vec<Contact>) -> Self {
        let shape = |contact: Contact| ContactShape {
            account: contact.account.to_string(),
            standing: contact_standing_text(contact.standing).to_owned(),
            since_time: format_unix_ms(contact.since_unix_ms),
        };
        Self { contacts: contacts.into_iter().map(shape).collect() }
    }
}

#[derive(Debug, Serialize, Deserialize)]
struct BlockShape {
    account: String,
    since_time: String,
}

#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct BlocksAnswer {
    blocks: Vec<BlockShape>,
}

impl From<Vec<Blocked>> for BlocksAnswer {
    fn from(blocks: Vec<Blocked>) -> Self {
        let shape = |block: Blocked| BlockShape {
            account: block.account.to_string(),
            since_time: format_unix_ms(block.since_unix_ms),
        };
        Self { blocks: blocks.into_iter().map(shape).collect() }
    }
}
