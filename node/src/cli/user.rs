//! `comity user`: asks the running node through the admin's socket.

use std::io::{self, IsTerminal};
use std::time::Duration;

use clap::Subcommand;
use comity_protocol::name::AccountName;
use data_encoding::BASE32_NOPAD;

use super::{Failure, say};
use crate::admin::{AdminClient, INVITE_LIFETIME_MAX, INVITES_LISTED_MAX, InviteLine, UserChange};
use crate::config::{PublicUrl, Settings};
use crate::keys;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Make an account
    ///
    /// Prints the account and, unless --password-stdin is given, a new password for it, shown this
    /// once. Names are folded to lower case; a name is never given out twice, not even after its
    /// account is gone.
    Add {
        /// The name before the @; what stands after it may be given too
        name: String,
        /// Read the password from standard input (one line) instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// List the accounts
    List {
        /// Those whose names begin with this
        #[arg(default_value = "")]
        prefix: String,
        /// One JSON object instead of a table
        #[arg(long)]
        json: bool,
    },
    /// Let an account do over HTTP, in the console at /admin, what this command does
    Admin {
        /// The account's name
        name: String,
        /// Take that back
        #[arg(long)]
        revoke: bool,
    },
    /// Shut an account out: it is logged out everywhere and cannot log in
    ///
    /// What it has said stays, and so does its place in channels.
    Suspend {
        /// The account's name
        name: String,
    },
    /// Let a suspended account log in again
    Restore {
        /// The account's name
        name: String,
    },
    /// Give an account a new password, and log it out everywhere
    Reset {
        /// The account's name
        name: String,
        /// Read the password from standard input (one line) instead of making one
        #[arg(long)]
        password_stdin: bool,
    },
    /// Make an invite with which people sign up themselves
    Invite {
        /// How many accounts it makes
        #[arg(long, default_value_t = 1, value_name = "N")]
        uses: u32,
        /// How long it is good for: a number and m, h, d or w (minutes, hours, days, weeks)
        #[arg(long, default_value = "7d", value_parser = lifetime, value_name = "TIME")]
        expires: Duration,
    },
    /// List the invites that still make accounts
    ///
    /// Tokens are not kept; the first column names an invite for `comity user revoke-invite`.
    Invites,
    /// Take an invite back
    ///
    /// Accounts that were made with it stay.
    RevokeInvite {
        /// The invite's token, or its name in the list
        #[arg(allow_hyphen_values = true)]
        invite: String,
    },
}

/// Runs `comity user`.
pub(super) async fn run(settings: &Settings, command: Command) -> Result<(), Failure> {
    // Finds out about a data directory of another domain before anything is asked of its node.
    keys::open(&settings.data_dir, &settings.domain)?;
    let admin = AdminClient::of(&settings.data_dir);
    match command {
        Command::Add { name, password_stdin } => {
            let name = name_here(&name, settings.domain.as_str())?;
            if password_stdin {
                let account = admin.add_user(&name, &password_from_stdin()?).await?;
                say(format_args!("{account}\n"))?;
            } else {
                let password = new_password()?;
                let account = admin.add_user(&name, &password).await?;
                say(format_args!("{account}\npassword: {password}\n"))?;
            }
        }
        Command::List { prefix, json } => list_users(&admin, &prefix, json).await?,
        Command::Admin { name, revoke } => {
            let name = name_here(&name, settings.domain.as_str())?;
            admin.change_user(&name, UserChange::Admin(!revoke)).await?;
            let is = if revoke { "no admin any more" } else { "an admin of the node" };
            say(format_args!("{name} is {is}\n"))?;
        }
        Command::Suspend { name } => {
            let name = name_here(&name, settings.domain.as_str())?;
            admin.change_user(&name, UserChange::Suspended(true)).await?;
            say(format_args!("{name} is logged out everywhere and cannot log in\n"))?;
        }
        Command::Restore { name } => {
            let name = name_here(&name, settings.domain.as_str())?;
            admin.change_user(&name, UserChange::Suspended(false)).await?;
            say(format_args!("{name} can log in again\n"))?;
        }
        Command::Reset { name, password_stdin } => {
            let name = name_here(&name, settings.domain.as_str())?;
            let given = if password_stdin { Some(password_from_stdin()?) } else { None };
            let made = if given.is_none() { Some(new_password()?) } else { None };
            let password = given.or_else(|| made.clone()).unwrap_or_default();
            admin.change_user(&name, UserChange::Password(password)).await?;
            say(format_args!("{name} is logged out everywhere and has a new password\n"))?;
            if let Some(password) = made {
                say(format_args!("password: {password}\n"))?;
            }
        }
        Command::Invite { uses, expires } => {
            let invite = admin.invite(uses, expires).await?;
            let until = local_time(invite.expires_unix_ms);
            say(format_args!("{}\ngood for {uses} until {until}\n", invite.token))?;
            if let Some(link) = link(&invite.token, &settings.client.public_urls) {
                say(format_args!("in a browser: {link}\n"))?;
            }
        }
        Command::Invites => list(&admin.invites().await?)?,
        Command::RevokeInvite { invite } => {
            admin.revoke_invite(&invite).await?;
            say(format_args!("revoked\n"))?;
        }
    }
    Ok(())
}

async fn list_users(admin: &AdminClient, prefix: &str, json: bool) -> Result<(), Failure> {
    let mut after = None;
    let mut users = Vec::new();
    loop {
        let page = admin.users(prefix, after.as_deref()).await?;
        after = page.users.last().map(|user| user.name.clone());
        users.extend(page.users);
        if !page.more {
            break;
        }
    }
    if json {
        let text = serde_json::to_string(&users).map_err(|error| error.to_string())?;
        return Ok(say(format_args!("{text}\n"))?);
    }
    let width = users.iter().map(|user| user.name.chars().count()).max().unwrap_or(0);
    for user in &users {
        let seen = match user.last_active_unix_ms {
            _ if user.is_there => "is here".to_owned(),
            Some(at_ms) => format!("was here {}", local_time(at_ms)),
            None => "was not here yet".to_owned(),
        };
        let marks = [
            (user.is_admin, "admin"),
            (user.is_suspended, "suspended"),
            (user.is_deleted, "deleted"),
        ];
        let marks = marks.iter().filter(|(is, _)| *is).map(|(_, mark)| format!("  {mark}"));
        let marks: String = marks.collect();
        let devices = user.devices;
        let noun = if devices == 1 { "device" } else { "devices" };
        say(format_args!("{:width$}  {devices} {noun}  {seen}{marks}\n", user.name))?;
    }
    if users.is_empty() {
        say(format_args!("no accounts\n"))?;
    }
    Ok(())
}

fn list(invites: &[InviteLine]) -> io::Result<()> {
    if invites.is_empty() {
        return say(format_args!("no invites\n"));
    }
    for InviteLine { id, uses, expires_unix_ms } in invites {
        say(format_args!("{id}  good for {uses} until {}\n", local_time(*expires_unix_ms)))?;
    }
    if invites.len() >= INVITES_LISTED_MAX {
        say(format_args!("and more\n"))?;
    }
    Ok(())
}

/// Where a browser makes an account with an invite, under the URL that clients try first.
fn link(token: &str, public_urls: &[PublicUrl]) -> Option<String> {
    let first = public_urls.iter().min_by_key(|public| public.priority)?;
    Some(format!("{}/invite/{token}", first.url))
}

/// A name of this node's domain, with the domain or without.
fn name_here(typed: &str, domain: &str) -> Result<AccountName, Failure> {
    let name = match typed.rsplit_once('@') {
        None => typed,
        Some((name, its)) if its.eq_ignore_ascii_case(domain) => name,
        Some(_) => return Err(format!("this node makes accounts of {domain} only").into()),
    };
    Ok(AccountName::normalise(name)?)
}

fn password_from_stdin() -> io::Result<String> {
    if io::stdin().is_terminal() {
        return rpassword::prompt_password("password: ");
    }
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(line.trim_end_matches(['\n', '\r']).to_owned())
}

/// 100 random bits in four groups that can be read out on the telephone.
fn new_password() -> Result<String, Failure> {
    let mut bytes = [0; 13];
    getrandom::fill(&mut bytes)?;
    let text = BASE32_NOPAD.encode(&bytes).to_ascii_lowercase();
    let groups = text.as_bytes().chunks_exact(5).map(String::from_utf8_lossy);
    Ok(groups.collect::<Vec<_>>().join("-"))
}

fn lifetime(text: &str) -> Result<Duration, String> {
    let error = || "a number and m, h, d or w, such as 12h or 7d, up to 366d".to_owned();
    let unit = text.chars().last().ok_or_else(error)?;
    let seconds = match unit {
        'm' => 60,
        'h' => 3_600,
        'd' => 24 * 3_600,
        'w' => 7 * 24 * 3_600,
        _ => return Err(error()),
    };
    let count: u64 = text[..text.len() - 1].parse().map_err(|_| error())?;
    let duration = Duration::from_secs(count.checked_mul(seconds).ok_or_else(error)?);
    if duration.is_zero() || duration > INVITE_LIFETIME_MAX { Err(error()) } else { Ok(duration) }
}

fn local_time(unix_ms: u64) -> String {
    let time = i64::try_from(unix_ms).ok().and_then(|t| jiff::Timestamp::from_millisecond(t).ok());
    match time {
        Some(time) => {
            let local = time.to_zoned(jiff::tz::TimeZone::system());
            local.strftime("%Y-%m-%d %H:%M %Z").to_string()
        }
        None => "the end of time".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn lifetimes_are_a_number_and_a_unit() {
        assert_eq!(lifetime("7d").unwrap(), Duration::from_secs(604_800));
        assert_eq!(lifetime("90m").unwrap(), Duration::from_secs(5_400));
        for text in ["", "d", "0d", "7", "7x", "-1d", "367d", "99999999999999999999w", "7日"] {
            assert!(lifetime(text).is_err(), "{text}");
        }
    }

    #[test]
    fn an_invite_has_a_link_where_clients_have_a_url() {
        let at = |url: &str, priority| PublicUrl { url: url.to_owned(), priority, weight: 1 };
        assert_eq!(link("t0ken", &[]), None);
        let urls = [at("https://b.acme.example", 20), at("https://chat.acme.example", 10)];
        assert_eq!(link("t0ken", &urls).unwrap(), "https://chat.acme.example/invite/t0ken");
    }

    #[test]
    fn a_name_may_come_with_its_own_domain_only() {
        let name = |typed: &str| name_here(typed, "acme.example").map(|n| n.as_str().to_owned());
        assert_eq!(name("Alice@ACME.example").unwrap(), "alice");
        assert_eq!(name("alice").unwrap(), "alice");
        assert!(name("alice@globex.example").unwrap_err().to_string().contains("acme.example"));
        assert!(name("a@b@acme.example").is_err());
    }

    #[test]
    fn passwords_are_long_and_never_the_same() {
        let (a, b) = (new_password().unwrap(), new_password().unwrap());
        assert_ne!(a, b);
        assert_eq!(a.split('-').map(str::len).collect::<Vec<_>>(), [5, 5, 5, 5]);
    }
}
