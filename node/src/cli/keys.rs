//! `comity keys`: who the node is to others. Shows public halves only.

use clap::Subcommand;
use comity_identity::NodeKeyFile;
use data_encoding::BASE64;

use super::{Failure, say, shown_keys};
use crate::config::Settings;
use crate::doctor::published;
use crate::keys::{NODE_KEY_FILE, RECOVERY_KEY_FILE, recovery_key_is_here};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Show the node's public key and lineage, and where its secrets lie
    ///
    /// Makes the keys if there are none yet.
    Show,
}

/// Runs `comity keys`.
pub(super) fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    let Command::Show = command;
    let keys = shown_keys(settings)?;
    Ok(say(shown(settings, &keys))?)
}

fn shown(settings: &Settings, keys: &NodeKeyFile) -> String {
    let domain = &keys.domain;
    let mut text = format!(
        "domain         {domain}\n\
         lineage        {}\n\
         key name       {}\n\
         public key     {}\n\
         recovery hash  {}\n\
         key file       {}\n",
        keys.lineage().id,
        keys.name,
        BASE64.encode(keys.key.public().as_bytes()),
        BASE64.encode(&keys.recovery.0),
        settings.data_dir.join(NODE_KEY_FILE).display(),
    );
    text.push_str(&format!(
        "\nFor a partner without DNSSEC, under [federation.pins] of their settings:\n\
         \"{domain}\" = \"{}\"\n",
        published(keys),
    ));
    if recovery_key_is_here(&settings.data_dir) {
        let path = settings.data_dir.join(RECOVERY_KEY_FILE);
        text.push_str(&format!(
            "\nThe recovery key is still here: {path}\n\
             From a later release on it continues your organisation when the node's key is lost\n\
             or stolen. It cannot be made again, so keep it now, and not together with that key:\n\
             move it to a safe place off this machine.\n\
             \n    scp {path} you@another-machine:comity-{domain}-recovery.key && shred -u {path}\n\
             \nThe node does not need it to run.\n",
            path = path.display(),
        ));
    } else {
        text.push_str(
            "\nThe recovery key is not on this machine. Good: keep it safe where it is.\n",
        );
    }
    text
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use std::path::Path;

    use super::super::node_keys;
    use super::*;

    #[test]
    fn keys_are_shown_without_their_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let text = format!("domain = \"acme.example\"\ndata_dir = {:?}", dir.path());
        let settings = Settings::parse(&text, Path::new(""), []).unwrap();
        let keys = node_keys(&settings).unwrap();
        let text = shown(&settings, &keys);
        for wanted in ["acme.example", &keys.lineage().id.to_string(), "shred -u", "v=comity1;"] {
            assert!(text.contains(wanted), "{wanted} is not in {text}");
        }
        for file in [NODE_KEY_FILE, RECOVERY_KEY_FILE] {
            let secret = std::fs::read_to_string(dir.path().join(file)).unwrap();
            let secret = secret.lines().rev().nth(1).unwrap().to_owned();
            assert!(secret.len() == 44 && !text.contains(&secret));
        }
        std::fs::remove_file(dir.path().join(RECOVERY_KEY_FILE)).unwrap();
        assert!(shown(&settings, &keys).contains("not on this machine"));
    }
}
