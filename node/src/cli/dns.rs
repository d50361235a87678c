//! `comity dns`: the records to publish for this node.

use clap::Args;

use super::{Failure, say, shown_keys};
use crate::config::{HostName, Settings};
use crate::doctor::Records;

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
    Ok(say(Records::of(&keys, host, port))?)
}
