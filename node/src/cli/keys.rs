//! `comity keys`: who the node is to others, and how its key is followed by another. Shows public
//! halves only.

use std::path::{Path, PathBuf};

use clap::{Args, Subcommand};
use comity_discovery::txt_name;
use comity_identity::{KeyChain, NodeKeyFile};
use data_encoding::BASE64;
use zeroize::Zeroizing;

use super::peers::plain;
use super::{Failure, say, shown_keys};
use crate::admin::{AdminClient, AdminError, KeyState, NextKey};
use crate::clock;
use crate::config::Settings;
use crate::doctor::{TTL_SECONDS, published};
use crate::keys::{self, NODE_KEY_FILE, RECOVERY_KEY_FILE, recovery_key_is_here};
use crate::server::known_chain;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Take another organisation at a domain, where its old keys are lost
    ///
    /// For a partner that comity peers says has a replaced key, once its admin has confirmed the
    /// new one on another way. Accounts and groups of the one before stay as they are, and nobody
    /// speaks for them any more.
    Accept {
        /// The domain, such as globex.example
        domain: String,
        /// The key that it publishes now, as its admin says it
        key: String,
    },
    /// Print the recovery key, once, and remove it from this machine
    ///
    /// It continues your organisation when the node's key is lost or stolen. Have it printed into a
    /// file on another machine: ssh node comity keys export-recovery > recovery.key
    ExportRecovery,
    /// Make a new key by the recovery key, where the node's is lost or stolen
    ///
    /// The node has to be stopped. All keys before the new one are revoked: once they hear of it,
    /// other nodes take nothing more that was signed with them. Prints the record to publish.
    Recover {
        /// The file of the recovery key
        #[arg(long, value_name = "FILE")]
        recovery_key: PathBuf,
        /// Make another one though no node has run with the key that was made so last
        #[arg(long)]
        again: bool,
    },
    /// Let another key follow the node's, as a routine
    ///
    /// Makes the next key and prints its record, to be published beside the old one. The running
    /// node goes on under it by itself once it has seen the record for as long as the old one may
    /// be kept by others; comity keys show says how far it is.
    Rotate(RotateOptions),
    /// Show the node's public key and lineage, and where its secrets lie
    ///
    /// Makes the keys if there are none yet.
    Show,
}

#[derive(Debug, Args)]
pub(super) struct RotateOptions {
    /// Go on under the next key now, whoever still relies on the old record
    #[arg(long)]
    now: bool,
}

/// Runs `comity keys`.
pub(super) async fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    match command {
        Command::Accept { domain, key } => {
            let domain = plain(&domain);
            AdminClient::of(&settings.data_dir).accept_key(&domain, &key).await?;
            Ok(say(format!(
                "{domain} is the organisation of that key now, and is dialled. Invite its people \
                 anew: those of before are other accounts.\n"
            ))?)
        }
        Command::ExportRecovery => {
            let text = exported(settings)?;
            // What cannot be written is still here.
            say(text.as_str())?;
            Ok(keys::remove_recovery_key(&settings.data_dir)?)
        }
        Command::Recover { recovery_key, again } => {
            Ok(say(recover(settings, &recovery_key, again).await?)?)
        }
        Command::Rotate(options) => rotate(settings, options.now).await,
        Command::Show => {
            let keys = shown_keys(settings)?;
            let state = AdminClient::of(&settings.data_dir).rotate_key(false, false).await;
            let is_running = state.is_ok();
            let next = state.ok().and_then(|state| state.next);
            let next = match next {
                Some(next) => Some(next),
                None => next_of(settings)?,
            };
            let rotation = next.map(|next| coming(&next, is_running)).unwrap_or_default();
            Ok(say(shown(settings, &keys) + &rotation)?)
        }
    }
}

async fn rotate(settings: &Settings, now: bool) -> Result<(), Failure> {
    if now && keys::open_next(&settings.data_dir, &settings.domain)?.is_none() {
        return Err("there is no next key: comity keys rotate makes one".into());
    }
    let admin = AdminClient::of(&settings.data_dir);
    let (state, is_running) = match admin.rotate_key(!now, now).await {
        Ok(state) => (state, true),
        Err(AdminError::NotRunning { .. }) => (rotate_stopped(settings, now)?, false),
        Err(error) => return Err(error.into()),
    };
    Ok(say(rotated(settings, &state, (now, is_running)))?)
}

/// The same where no node runs: it goes on under the key that its file has when it starts.
fn rotate_stopped(settings: &Settings, now: bool) -> Result<KeyState, Failure> {
    let Settings { data_dir, domain, .. } = settings;
    let missing = || format!("there is no {}: comity keys show makes one", NODE_KEY_FILE);
    let keys = keys::open(data_dir, domain)?.ok_or_else(missing)?;
    if now {
        if keys::open_next(data_dir, domain)?.is_some() {
            keys::switch(data_dir)?;
        }
    } else {
        keys::make_next(data_dir, &keys, clock::year())?;
    }
    let keys = keys::open(data_dir, domain)?.ok_or_else(missing)?;
    let key = BASE64.encode(keys.key.public().as_bytes());
    Ok(KeyState { name: keys.name.to_string(), key, next: next_of(settings)? })
}

/// The key that is to follow, by its file.
fn next_of(settings: &Settings) -> Result<Option<NextKey>, Failure> {
    let next = keys::open_next(&settings.data_dir, &settings.domain)?;
    Ok(next.map(|next| NextKey {
        name: next.name.to_string(),
        key: BASE64.encode(next.key.public().as_bytes()),
        record: published(&next).to_string(),
        switches_in_ms: None,
    }))
}

/// That another key is to follow.
fn coming(next: &NextKey, is_running: bool) -> String {
    let (name, key) = (&next.name, &next.key);
    format!("\nnext key       {name}, {key}\n{}", progress(next, is_running))
}

fn rotated(settings: &Settings, state: &KeyState, (now, is_running): (bool, bool)) -> String {
    let owner = txt_name(&settings.domain);
    let Some(next) = &state.next else {
        let done = if now { "is now" } else { "is" };
        return format!(
            "The node's key {done} {}: {}\n\
             Take the records of older keys out of your zone, and replace the line that partners \
             have pinned.\n",
            state.name, state.key,
        );
    };
    let mut text = format!(
        "key        {}, {}\n\
         next key   {}, {}\n\
         \nPublish this record beside the one that is there:\n\
         \n{owner} {TTL_SECONDS} IN TXT \"{}\"\n\n",
        state.name, state.key, next.name, next.key, next.record,
    );
    text.push_str(&progress(next, is_running));
    text
}

/// How far a rotation is.
fn progress(next: &NextKey, is_running: bool) -> String {
    match next.switches_in_ms {
        Some(left_ms) => format!(
            "The record is seen. The node goes on under the next key in {} min.\n",
            left_ms.div_ceil(60_000)
        ),
        None if is_running => "The record is not seen yet. Once it is, and nobody keeps older \
                               ones any more, the node goes\non under the next key by itself; \
                               comity keys show says how far it is. Without records (a web\n\
                               document, pins): comity keys rotate --now\n"
            .to_owned(),
        None => "No node is running. Once one is, it goes on under the next key by itself when \
                 its record is\nseen; or at its next start after: comity keys rotate --now\n"
            .to_owned(),
    }
}

/// The text of the recovery key's file, to be removed afterwards.
fn exported(settings: &Settings) -> Result<Zeroizing<String>, Failure> {
    let Settings { data_dir, domain, .. } = settings;
    if let Some(text) = keys::recovery_text(data_dir, domain)? {
        return Ok(text);
    }
    if keys::open(data_dir, domain)?.is_none() {
        let path = data_dir.display();
        return Err(format!(
            "there are no keys in {path}: if your node has some already, data_dir is not what you \
             mean; else comity keys show makes them, and the recovery key with them"
        )
        .into());
    }
    Err("the recovery key is not on this machine any more: it was handed out, or moved away".into())
}

async fn recover(settings: &Settings, recovery_key: &Path, again: bool) -> Result<String, Failure> {
    let Settings { data_dir, domain, .. } = settings;
    if !matches!(
        AdminClient::of(data_dir).rotate_key(false, false).await,
        Err(AdminError::NotRunning { .. })
    ) {
        return Err("a node is running on this data directory: stop it first".into());
    }
    let by_file = keys::open(data_dir, domain)?;
    let by_records = keys::records(data_dir)?.map(|_| known_chain(settings)).transpose()?.flatten();
    let is_waiting = |made: &&NodeKeyFile| is_under_way(&made.chain, by_records.as_ref());
    if let Some(made) = by_file.as_ref().filter(is_waiting).filter(|_| !again) {
        return Ok(recovered(made, "was made by the recovery key already, and waits for its node")
            + "\nTo make another one all the same: comity keys recover --again\n");
    }
    let chain = longest(by_file.map(|keys| keys.chain), by_records).ok_or(
        "there is neither node.key nor a record of it in this data directory: restore your \
         newest backup of it first",
    )?;
    let made = keys::recover(data_dir, &chain, recovery_key, clock::year())?;
    Ok(recovered(&made, "is new"))
}

/// Whether a key was made by the recovery key with which no node has run yet.
fn is_under_way(chain: &KeyChain, by_records: Option<&KeyChain>) -> bool {
    let ran = by_records.map_or(0, |known| known.changes().len());
    let last = chain.changes().last().filter(|_| chain.changes().len() > ran);
    last.is_some_and(|last| last.change().recovery.is_some())
}

/// What is to be done with a key that was made by the recovery key.
fn recovered(made: &NodeKeyFile, how: &str) -> String {
    let owner = txt_name(made.domain());
    format!(
        "The node's key {} {how}: {}\n\
         All keys before it are revoked. Publish this record in place of all others there:\n\
         \n{owner} {TTL_SECONDS} IN TXT \"{}\"\n\
         \nThen start the node: it shows others the change, has them hold its history under the \
         new key,\nand writes into new logs. Where the old key was stolen, look through comity \
         proof list and comity\ngroup list afterwards. Take the recovery key away from this \
         machine again.\n",
        made.name,
        BASE64.encode(made.key.public().as_bytes()),
        published(made),
    )
}

/// The chain that goes furthest; an older key file may have been restored.
fn longest(one: Option<KeyChain>, other: Option<KeyChain>) -> Option<KeyChain> {
    let length = |chain: &KeyChain| chain.changes().len();
    one.into_iter().chain(other).max_by_key(length)
}

fn shown(settings: &Settings, keys: &NodeKeyFile) -> String {
    let domain = keys.domain();
    let mut text = format!(
        "domain         {domain}\n\
         lineage        {}\n\
         key name       {}\n\
         public key     {}\n\
         recovery hash  {}\n\
         changes        {}\n\
         key file       {}\n",
        keys.lineage().id,
        keys.name,
        BASE64.encode(keys.key.public().as_bytes()),
        BASE64.encode(&keys.recovery().0),
        keys.chain.changes().len(),
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
             It continues your organisation when the node's key is lost or stolen (comity keys\n\
             recover). It cannot be made again, and must not lie beside that key: move it to a\n\
             safe place off this machine. There:\n\
             \n    ssh this-node comity keys export-recovery > comity-{domain}-recovery.key\n\
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

    fn acme(dir: &Path) -> Settings {
        let text = format!("domain = \"acme.example\"\ndata_dir = {dir:?}");
        Settings::parse(&text, Path::new(""), []).unwrap()
    }

    #[test]
    fn keys_are_shown_without_their_secrets() {
        let dir = tempfile::tempdir().unwrap();
        let settings = acme(dir.path());
        let keys = node_keys(&settings).unwrap();
        let text = shown(&settings, &keys);
        for wanted in
            ["acme.example", &keys.lineage().id.to_string(), "export-recovery", "v=comity1;"]
        {
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

    #[tokio::test]
    async fn who_recovers_twice_is_told_of_the_key_that_waits() {
        let dir = tempfile::tempdir().unwrap();
        let settings = acme(dir.path());
        let first = node_keys(&settings).unwrap();
        let safe = dir.path().join("safe.key");
        std::fs::rename(dir.path().join(RECOVERY_KEY_FILE), &safe).unwrap();
        let key = || {
            let keys = keys::open(dir.path(), &settings.domain).unwrap().unwrap();
            (BASE64.encode(keys.key.public().as_bytes()), keys.chain)
        };
        let said = recover(&settings, &safe, false).await.unwrap();
        let (made, chain) = key();
        assert!(said.contains(" is new: ") && said.contains(&made), "{said}");
        assert!(is_under_way(&chain, Some(&first.chain)) && !is_under_way(&chain, Some(&chain)));
        let said = recover(&settings, &safe, false).await.unwrap();
        assert!(said.contains("waits for its node") && said.contains(&made), "{said}");
        assert!(said.contains("IN TXT") && said.contains("recover --again"), "{said}");
        assert_eq!(key(), (made.clone(), chain));
        let said = recover(&settings, &safe, true).await.unwrap();
        assert!(said.contains(" is new: ") && !said.contains(&made), "{said}");
    }

    #[test]
    fn where_there_is_no_recovery_key_it_is_said_why() {
        let dir = tempfile::tempdir().unwrap();
        let settings = acme(dir.path());
        let none = exported(&settings).unwrap_err().to_string();
        assert!(none.contains("there are no keys in") && none.contains("keys show"), "{none}");
        node_keys(&settings).unwrap();
        assert!(exported(&settings).is_ok());
        keys::remove_recovery_key(dir.path()).unwrap();
        let gone = exported(&settings).unwrap_err().to_string();
        assert!(gone.contains("handed out"), "{gone}");
    }

    #[test]
    fn a_rotation_without_a_node_is_done_by_its_files() {
        let dir = tempfile::tempdir().unwrap();
        let settings = acme(dir.path());
        let first = node_keys(&settings).unwrap();
        let state = rotate_stopped(&settings, false).unwrap();
        let next = state.next.clone().unwrap();
        let text = rotated(&settings, &state, (false, false));
        let f = format!("f={}", BASE64.encode(first.key.public().as_bytes()));
        let wanted = [
            "_comity.acme.example. 3600 IN TXT \"v=comity1; k=ed25519; ",
            &next.key,
            &f,
            "No node",
        ];
        assert!(wanted.iter().all(|wanted| text.contains(wanted)), "{text}");
        assert!(coming(&next, false).contains(&next.key));
        let state = rotate_stopped(&settings, true).unwrap();
        assert_eq!((state.key.as_str(), state.next.as_ref()), (next.key.as_str(), None));
        assert!(rotated(&settings, &state, (true, false)).starts_with("The node's key is now"));
        let now = keys::open(dir.path(), &settings.domain).unwrap().unwrap();
        assert_eq!(longest(Some(first.chain), Some(now.chain.clone())), Some(now.chain));
    }
}
