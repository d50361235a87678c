//! What an admin does that the log tells of, whether over the socket or over HTTP. A deed that is
//! refused is no line of the log.

use std::time::Duration;

use comity_client_api::Refusal;
use comity_protocol::code::Code;
use comity_protocol::name::{AccountLabel, AccountName};

use super::{AdminBackend, INVITE_LIFETIME_MAX, INVITE_USES_MAX, Invite, Rule, UserChange};

/// Makes an account.
pub(super) async fn add_user(
    backend: &impl AdminBackend,
    name: &str,
    password: String,
) -> Result<AccountLabel, Refusal> {
    let account = backend.add_user(account_name(name)?, password).await?;
    tracing::info!(%account, "account made by an admin");
    Ok(account)
}

/// Changes what an account may do.
pub(super) async fn change_user(
    backend: &impl AdminBackend,
    name: &str,
    change: UserChange,
) -> Result<(), Refusal> {
    let name = account_name(name)?;
    let what = match &change {
        UserChange::Admin(true) => "an admin of the node",
        UserChange::Admin(false) => "an admin no longer",
        UserChange::Suspended(true) => "suspended",
        UserChange::Suspended(false) => "suspended no longer",
        UserChange::Password(_) => "given another password",
    };
    backend.change_user(name.clone(), change).await?;
    tracing::info!(account = %name, "{what}, by an admin's word");
    Ok(())
}

/// Makes an invite within its bounds.
pub(super) async fn invite(
    backend: &impl AdminBackend,
    uses: u32,
    expires_in_seconds: u64,
) -> Result<Invite, Refusal> {
    let expires_in = Duration::from_secs(expires_in_seconds);
    let lifetime_ok = !expires_in.is_zero() && expires_in <= INVITE_LIFETIME_MAX;
    if !lifetime_ok || !(1..=INVITE_USES_MAX).contains(&uses) {
        let sentence = "An invite is for 1 to 10,000 accounts and up to 366 days.".into();
        return Err(Refusal { sentence, ..Code::Malformed.into() });
    }
    let invite = backend.invite(uses, expires_in).await?;
    tracing::info!(uses, expires_unix_ms = invite.expires_unix_ms, "invite made");
    Ok(invite)
}

/// Takes an invite back.
pub(super) async fn revoke_invite(backend: &impl AdminBackend, named: &str) -> Result<(), Refusal> {
    backend.revoke_invite(named).await?;
    // Its name may be the token.
    tracing::info!("invite revoked");
    Ok(())
}

/// Says something of a domain, or nothing any more.
pub(super) async fn set_rule(
    backend: &impl AdminBackend,
    domain: &str,
    rule: Option<Rule>,
) -> Result<(), Refusal> {
    backend.set_rule(domain, rule).await?;
    let stance = rule.map_or("nothing", |rule| rule.stance.name());
    tracing::info!(%domain, stance, "the admin's word on a domain");
    Ok(())
}

/// Lets a group be shared with a domain.
pub(super) async fn share(
    backend: &impl AdminBackend,
    domain: &str,
    group: &str,
) -> Result<(), Refusal> {
    backend.share(domain, group).await?;
    tracing::info!(%domain, %group, "the admin lets a group be shared");
    Ok(())
}

/// Shares a group with a domain no longer.
pub(super) async fn unshare(
    backend: &impl AdminBackend,
    domain: &str,
    group: &str,
) -> Result<(), Refusal> {
    backend.unshare(domain, group).await?;
    tracing::info!(%domain, %group, "the admin has a group shared no longer");
    Ok(())
}

/// Closes a report of abuse.
pub(super) async fn close_report(backend: &impl AdminBackend, number: u64) -> Result<(), Refusal> {
    backend.close_report(number).await?;
    tracing::info!(number, "a report of abuse is closed");
    Ok(())
}

fn account_name(text: &str) -> Result<AccountName, Refusal> {
    text.parse().map_err(|_| Code::NameInvalid.into())
}
