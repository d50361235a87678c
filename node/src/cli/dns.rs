//! `comity dns`: the records to publish for this node.

use std::io::{self, Write};

use clap::Args;

use super::{Failure, say, shown_keys};
use crate::config::{HostName, Settings};
use crate::doctor::Records;
use crate::keys;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The node's host name, which needs an address record [default: federation.host, else the
    /// domain]
    #[arg(long)]
    host: Option<HostName>,
    /// The UDP port that others reach [default: federation.port, else that of federation.listen]
    #[arg(long)]
    port: Option<u16>,
}

/// Runs `comity dns`.
pub(super) fn run(settings: &Settings, options: Options) -> Result<(), Failure> {
    let keys = shown_keys(settings)?;
    let host = options.host.as_ref().map_or(settings.advertised_host(), HostName::as_str);
    let port = options.port.unwrap_or(settings.advertised_port());
    let mut text = Records::of(&keys, host, port).to_string();
    if let Some(next) = next_record(settings, host, port)? {
        text.push_str(&next);
        // Not among the lines of the zone.
        let _ = writeln!(
            io::stderr(),
            "comity: the last record is of the key that is to follow: publish both until comity \
             keys show says that it has"
        );
    }
    Ok(say(text)?)
}

/// The record of the key that is to follow the node's, if there is one.
fn next_record(settings: &Settings, host: &str, port: u16) -> Result<Option<String>, Failure> {
    let next = keys::open_next(&settings.data_dir, &settings.domain)?;
    Ok(next.map(|next| Records::of(&next, host, port).txt_line() + "\n"))
}
