//! The tables of `docs/protocol/README.md` that say what the code says: limits and refusal codes. A
//! table that is stale fails; with `COMITY_WRITE_TABLES` set, a run writes them anew.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};

use comity_protocol::code::Code;
use comity_protocol::limits as l;

const LIMITS_SOURCE: &str = include_str!("../src/limits.rs");

/// Every constant of `limits` with its value.
const LIMITS: &[(&str, u64)] = &[
    ("DOMAIN_BYTES_MAX", l::DOMAIN_BYTES_MAX as u64),
    ("DOMAIN_LABEL_BYTES_MAX", l::DOMAIN_LABEL_BYTES_MAX as u64),
    ("ACCOUNT_NAME_CHARS_MAX", l::ACCOUNT_NAME_CHARS_MAX as u64),
    ("ACCOUNT_NAME_BYTES_MAX", l::ACCOUNT_NAME_BYTES_MAX as u64),
    ("LABEL_BYTES_MAX", l::LABEL_BYTES_MAX as u64),
    ("TEXT_CHARS_MAX", l::TEXT_CHARS_MAX as u64),
    ("BODY_BYTES_MAX", l::BODY_BYTES_MAX as u64),
    ("CONTENT_TYPE_BYTES_MAX", l::CONTENT_TYPE_BYTES_MAX as u64),
    ("REPORT_COMMENT_CHARS_MAX", l::REPORT_COMMENT_CHARS_MAX as u64),
    ("REPORT_BODY_BYTES_MAX", l::REPORT_BODY_BYTES_MAX as u64),
    ("MENTIONS_MAX", l::MENTIONS_MAX as u64),
    ("REACTION_BYTES_MAX", l::REACTION_BYTES_MAX as u64),
    ("CHANNEL_NAME_CHARS_MAX", l::CHANNEL_NAME_CHARS_MAX as u64),
    ("CHANNEL_TOPIC_CHARS_MAX", l::CHANNEL_TOPIC_CHARS_MAX as u64),
    ("EVENT_HEADER_BYTES_MAX", l::EVENT_HEADER_BYTES_MAX as u64),
    ("CONTROL_HEADER_BYTES_MAX", l::CONTROL_HEADER_BYTES_MAX as u64),
    ("COVER_ENTRIES_MAX", l::COVER_ENTRIES_MAX as u64),
    ("CLOSED_LOGS_MAX", l::CLOSED_LOGS_MAX as u64),
    ("CLOSE_AFTER_MS", l::CLOSE_AFTER_MS),
    ("ENDED_LOGS_MAX", l::ENDED_LOGS_MAX as u64),
    ("LINKS_MAX", l::LINKS_MAX as u64),
    ("INCLUSION_PATH_MAX", l::INCLUSION_PATH_MAX as u64),
    ("CHECKPOINT_BYTES_MAX", l::CHECKPOINT_BYTES_MAX as u64),
    ("FORK_PROOF_BYTES_MAX", l::FORK_PROOF_BYTES_MAX as u64),
    ("MEMBERS_DEFAULT", l::MEMBERS_DEFAULT as u64),
    ("MEMBERS_MAX", l::MEMBERS_MAX as u64),
    ("ORGANISATIONS_MAX", l::ORGANISATIONS_MAX as u64),
    ("KEY_CHANGES_MAX", l::KEY_CHANGES_MAX as u64),
    ("KEY_CHANGE_BYTES_MAX", l::KEY_CHANGE_BYTES_MAX as u64),
    ("SIGNED_MAX", l::SIGNED_MAX as u64),
    ("SNAPSHOT_INTERVAL", l::SNAPSHOT_INTERVAL),
    ("ACCOUNTS_KNOWN_MAX", l::ACCOUNTS_KNOWN_MAX as u64),
    ("STAYS_MAX", l::STAYS_MAX as u64),
    ("RULE_CHANGES_MAX", l::RULE_CHANGES_MAX as u64),
    ("RETENTION_SECONDS_MIN", l::RETENTION_SECONDS_MIN),
    ("COVER_EVENTS", l::COVER_EVENTS as u64),
    ("COVER_AGE_MS", l::COVER_AGE_MS),
    ("WRITERS_PER_HOUR_MAX", l::WRITERS_PER_HOUR_MAX as u64),
    ("AHEAD_MS_MAX", l::AHEAD_MS_MAX),
    ("LATE_MS", l::LATE_MS),
    ("FRAME_BYTES_MAX", l::FRAME_BYTES_MAX as u64),
    ("BATCH_BYTES_TARGET", l::BATCH_BYTES_TARGET as u64),
    ("BATCH_RECORDS_MAX", l::BATCH_RECORDS_MAX as u64),
    ("VECTOR_ENTRIES_MAX", l::VECTOR_ENTRIES_MAX as u64),
    ("HISTORY_LOGS_MAX", l::HISTORY_LOGS_MAX as u64),
    ("HISTORY_RECORDS_MAX", l::HISTORY_RECORDS_MAX as u64),
    ("OFFERED_GROUPS_MAX", l::OFFERED_GROUPS_MAX as u64),
    ("STATUS_CHARS_MAX", l::STATUS_CHARS_MAX as u64),
    ("DISPLAY_NAME_CHARS_MAX", l::DISPLAY_NAME_CHARS_MAX as u64),
    ("AVATAR_SIDE", l::AVATAR_SIDE as u64),
    ("AVATAR_BYTES_MAX", l::AVATAR_BYTES_MAX as u64),
    ("PRESENCE_MEMBERS_MAX", l::PRESENCE_MEMBERS_MAX as u64),
    ("LEASE_MS", l::LEASE_MS),
    ("PRESENCES_MAX", l::PRESENCES_MAX as u64),
    ("MARKS_MAX", l::MARKS_MAX as u64),
    ("PRESENCE_GAP_MS", l::PRESENCE_GAP_MS),
    ("PROBE_GAP_MS", l::PROBE_GAP_MS),
    ("PROBES_MAX", l::PROBES_MAX as u64),
    ("PROBE_ADDRESSES_MAX", l::PROBE_ADDRESSES_MAX as u64),
    ("SOFTWARE_BYTES_MAX", l::SOFTWARE_BYTES_MAX as u64),
    ("DATAGRAM_BYTES_MAX", l::DATAGRAM_BYTES_MAX as u64),
    ("CBOR_DEPTH_MAX", l::CBOR_DEPTH_MAX as u64),
    ("NONCE_WINDOW", l::NONCE_WINDOW),
];

#[test]
fn the_limits_are_those_of_the_code() {
    let documented = documented();
    let listed: Vec<&str> = LIMITS.iter().map(|(name, _)| *name).collect();
    let there: Vec<&str> = documented.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(listed, there, "this test's list of limits");
    let mut table = "| limit | value | what it bounds |\n| --- | ---: | --- |\n".to_owned();
    for ((name, value), (_, about)) in LIMITS.iter().zip(&documented) {
        table.push_str(&format!("| `{name}` | {} | {about} |\n", grouped(*value)));
    }
    check_table("limits", &table);
}

#[test]
fn the_codes_are_those_of_the_code() {
    let mut table = "| number | name | sentence |\n| ---: | --- | --- |\n".to_owned();
    for code in Code::ALL {
        table.push_str(&format!("| {} | `{code}` | {} |\n", code.number(), code.sentence()));
    }
    check_table("codes", &table);
}

/// Every public constant of the source with its comment.
fn documented() -> Vec<(String, String)> {
    let mut about = String::new();
    let mut found = Vec::new();
    for line in LIMITS_SOURCE.lines() {
        if let Some(text) = line.strip_prefix("/// ") {
            about.push_str(if about.is_empty() { "" } else { " " });
            about.push_str(text);
        } else if let Some(rest) = line.strip_prefix("pub const ") {
            let name = rest.split(':').next().unwrap().to_owned();
            found.push((name, std::mem::take(&mut about)));
        } else {
            about.clear();
        }
    }
    found
}

fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Holds the table between two marks of the document against what it should be.
fn check_table(mark: &str, table: &str) {
    let path: PathBuf = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/protocol/README.md");
    let text = std::fs::read_to_string(&path).unwrap();
    let (begin, end) = (format!("<!-- {mark}: begin -->\n"), format!("<!-- {mark}: end -->"));
    let (before, rest) = text.split_once(&begin).unwrap();
    let (found, after) = rest.split_once(&end).unwrap();
    let expected = format!("\n{table}\n");
    if std::env::var_os("COMITY_WRITE_TABLES").is_some() {
        let text = format!("{before}{begin}{expected}{end}{after}");
        std::fs::write(&path, text).unwrap();
    } else {
        assert!(found == expected, "the table of {mark} in docs/protocol/README.md is stale");
    }
}
