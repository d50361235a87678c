//! How the node logs: to standard error, as text or JSON. Logs name accounts, channels, peers and
//! codes; the text of a message, a password, a token or a key is never an argument of a log line.

use std::io::{self, IsTerminal};

use thiserror::Error;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::filter::ParseError;

use crate::config::{Log, LogFilterError, LogFormat, check_log_filter};

/// Why logging cannot be set up.
#[derive(Debug, Error)]
pub enum LoggingError {
    /// `log.level` is no filter.
    #[error("log.level: {0}")]
    Filter(#[from] LogFilterError),
    /// The library takes no such filter.
    #[error("log.level: {0}")]
    Level(#[from] ParseError),
}

/// Sets logging up for this process; a second call leaves the first in place.
pub fn start(log: &Log) -> Result<(), LoggingError> {
    let filter: EnvFilter = filter(&log.level)?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    let started = match log.format {
        LogFormat::Json => lines.json().flatten_event(true).try_init(),
        LogFormat::Text => lines.with_ansi(io::stderr().is_terminal()).try_init(),
    };
    // In a test, or in the demo's second node, somebody has set it up already.
    drop(started);
    Ok(())
}

/// The libraries are quieter than the node: at `info` they speak of every connection, and the
/// demo's DNS warns of answers that are as they should be.
fn filter(level: &str) -> Result<EnvFilter, LoggingError> {
    check_log_filter(level)?;
    let mut filter: EnvFilter = level.parse()?;
    for (library, its_level) in QUIET {
        if !level.contains(library) {
            filter = filter.add_directive(format!("{library}={its_level}").parse()?);
        }
    }
    Ok(filter)
}

/// How libraries log unless `log.level` names them.
const QUIET: &[(&str, &str)] = &[
    ("hickory_net", "warn"),
    ("hickory_proto", "warn"),
    ("hickory_resolver", "warn"),
    ("hickory_server", "error"),
    ("quinn", "warn"),
    ("rustls", "warn"),
];

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn a_level_is_a_filter_and_libraries_are_quiet_unless_named() {
        let shown = filter("info,quinn=debug").unwrap().to_string();
        assert!(shown.contains("quinn=debug") && shown.contains("hickory_server=error"), "{shown}");
        for level in ["comity=loud", "loud", "", "info,", "=info", "info debug", "info, warn"] {
            let said = filter(level).unwrap_err().to_string();
            assert!(said.contains("is no log level: off, error, warn"), "{said}");
        }
        for level in ["WARN", "off", "info,comity::writer=trace"] {
            assert!(filter(level).is_ok(), "{level}");
        }
    }
}
