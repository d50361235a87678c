//! `comity proof`: the proof that an organisation wrote two histories of one log (`docs/protocol/`
//! section 5.4). Checking one needs no node, no settings and no network; the running node lists and
//! hands out those that it holds.

use std::fmt::Write;
use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Subcommand;
use comity_identity::keys_of;
use comity_protocol::clock::HybridTime;
use comity_protocol::fork::{Fork, ForkProof};
use comity_protocol::hash::Hash;
use comity_protocol::head::Head;
use comity_protocol::id::LogName;
use comity_protocol::key::NodePublicKey;
use comity_protocol::limits::FORK_PROOF_BYTES_MAX;
use data_encoding::{BASE64, BASE64URL_NOPAD, HEXLOWER};

use super::{Failure, say};
use crate::admin::{AdminClient, ForkLine};
use crate::config::Settings;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Check a proof that an organisation wrote two histories of one log
    ///
    /// The proof carries all that it needs: nobody is asked. It names the organisation by its key;
    /// whether that is the key of the domain that stands beside it is for you to compare, or for
    /// --key. The exit status is 0 only where the proof holds.
    Check {
        /// The proof: its bytes, or their base64url as text; - reads standard input
        file: PathBuf,
        /// The public key that it has to be about, as `comity keys show` prints it at that
        /// organisation, or as p= of its TXT record says
        #[arg(long, value_parser = public_key)]
        key: Option<NodePublicKey>,
    },
    /// List the proofs that this node holds
    ///
    /// A line for each log: a name for `comity proof export`, the organisation that wrote it, the
    /// channel, and the first record that has two hashes. Asks the running node.
    List,
    /// Print a proof that this node holds, as text that `comity proof check` reads
    ///
    /// Asks the running node. Send it to whom it concerns: anybody can check it.
    Export {
        /// Its name, as `comity proof list` prints it
        #[arg(allow_hyphen_values = true)]
        id: String,
    },
}

/// Runs `comity proof`; `settings` are read where the node is asked.
pub(super) async fn run(
    command: Command,
    settings: impl FnOnce() -> Result<Settings, Failure>,
) -> Result<(), Failure> {
    let admin = || settings().map(|settings| AdminClient::of(&settings.data_dir));
    match command {
        Command::Check { file, key } => check(&file, key),
        Command::List => {
            let forks = admin()?.forks().await?;
            if forks.is_empty() {
                say("This node knows of no organisation that contradicted itself.\n")?;
            }
            for ForkLine { id, domain, channel, record } in forks {
                say(format_args!("{id}  {domain}  {channel}  record {record}\n"))?;
            }
            Ok(())
        }
        Command::Export { id } => {
            let proof = admin()?.proof(&id).await?;
            let text = BASE64URL_NOPAD.encode(&proof);
            for line in text.as_bytes().chunks(LINE_CHARS) {
                say(format_args!("{}\n", String::from_utf8_lossy(line)))?;
            }
            Ok(())
        }
    }
}

/// Characters of an exported proof in a line.
const LINE_CHARS: usize = 76;

fn check(file: &Path, key: Option<NodePublicKey>) -> Result<(), Failure> {
    let is_piped = file == Path::new("-");
    let failed = |reason: String| match is_piped {
        true => format!("standard input: {reason}"),
        false => format!("{}: {reason}", file.display()),
    };
    let bytes = match is_piped {
        true => read(std::io::stdin().lock()),
        false => std::fs::File::open(file).map_err(|error| error.to_string()).and_then(read),
    };
    let bytes = bytes.map_err(failed)?;
    let proof = ForkProof::decode(&bytes).map_err(|error| failed(format!("no proof: {error}")))?;
    let nothing = |error| failed(format!("it proves nothing: {error}"));
    let fork = proof.verify(keys_of).map_err(nothing)?;
    if key.is_some_and(|key| !keys_of(&proof.organisation).contains(&key)) {
        let theirs = BASE64.encode(fork.keys[0].as_bytes());
        return Err(failed(format!("it is about another key than yours: {theirs}")).into());
    }
    Ok(say(shown(&proof, &fork, key.is_some()))?)
}

/// The proof's bytes, from what holds them or their text.
fn read(from: impl Read) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let limit = FILE_BYTES_MAX as u64 + 1;
    from.take(limit).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
    if bytes.len() > FILE_BYTES_MAX {
        return Err("no proof: it is too long for one".to_owned());
    }
    // A proof's first byte is no letter, so that no text can be taken for its bytes.
    let letters: Vec<u8> = bytes.iter().copied().filter(|b| !b.is_ascii_whitespace()).collect();
    Ok(BASE64URL_NOPAD.decode(&letters).unwrap_or(bytes))
}

fn shown(proof: &ForkProof, fork: &Fork, is_key_given: bool) -> String {
    let domain = &proof.organisation.domain;
    let (kind, log) = match fork.log.name {
        LogName::Control { term, .. } => ("control", format!("term {term}")),
        LogName::Message { writer, .. } => ("message", format!("writer {:016x}", writer.0)),
    };
    let mut text = format!(
        "It holds: {domain} wrote two histories of one {kind} log. \
         Record {} has two hashes there,\n\
         each with a history above it that ends at a head signed with the same key.\n\n\
         domain      {domain}\n\
         lineage     {}\n\
         public key  {}\n\
         channel     {}\n\
         {kind:<12}{log}\n",
        fork.seq,
        proof.log.origin,
        BASE64.encode(fork.keys[0].as_bytes()),
        fork.log.channel,
    );
    for (hash, head) in fork.hashes.iter().zip(&fork.heads) {
        text.push_str(&history(fork.seq, hash, head));
    }
    if is_key_given {
        text.push_str("\nThe public key is the one that you gave.\n");
    } else {
        let _ = write!(
            text,
            "\nThe key signed this; that the key is {domain}'s, the proof alone cannot say. \
             Compare it with\np= in the TXT record of _comity.{domain}, \
             or with `comity keys show` there.\n"
        );
    }
    text
}

fn history(seq: u64, hash: &Hash, head: &Head) -> String {
    format!(
        "history     record {seq} is {}\n            signed at record {}, dated {}\n",
        HEXLOWER.encode(&hash.0),
        head.seq,
        utc(head.time),
    )
}

/// What the signer says of the time.
fn utc(time: HybridTime) -> String {
    let ms = i64::try_from(time.unix_ms()).ok();
    let known = ms.and_then(|ms| jiff::Timestamp::from_millisecond(ms).ok());
    known.map_or_else(|| "beyond all time".to_owned(), |time| time.to_string())
}

fn public_key(text: &str) -> Result<NodePublicKey, String> {
    let bytes = BASE64.decode(text.as_bytes()).ok().and_then(|bytes| bytes.try_into().ok());
    let key = bytes.and_then(|bytes| NodePublicKey::from_bytes(&bytes).ok());
    key.ok_or_else(|| "44 characters of base64, a public key".to_owned())
}

/// Base64 with line breaks is at most half as long again.
const FILE_BYTES_MAX: usize = FORK_PROOF_BYTES_MAX / 2 * 3;
