//! The admin's socket with a double behind it.

#![allow(clippy::unwrap_used)]

use std::os::unix::fs::MetadataExt;

use comity_protocol::code::Code;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::UnixStream;

use super::*;

#[derive(Clone)]
struct Fake;

impl AdminBackend for Fake {
    async fn add_user(&self, name: AccountName, password: String) -> Result<AccountLabel, Refusal> {
        if password.len() < 8 {
            return Err(Code::PasswordWeak.into());
        }
        Ok(AccountLabel { name, domain: "acme.example".parse().unwrap() })
    }

    fn users(&self, prefix: &str, _: Option<&str>) -> UserPage {
        let name = format!("{prefix}lice");
        let alice = UserLine {
            name,
            display_name: None,
            created_unix_ms: 60_000,
            last_active_unix_ms: None,
            is_there: false,
            devices: 1,
            is_admin: false,
            is_suspended: true,
            is_deleted: false,
        };
        UserPage { users: vec![alice], more: false, total: 1 }
    }

    async fn change_user(&self, name: AccountName, _: UserChange) -> Result<(), Refusal> {
        if name.as_str() == "alice" { Ok(()) } else { Err(Code::AccountNotFound.into()) }
    }

    async fn invite(&self, uses: u32, expires_in: Duration) -> Result<Invite, Refusal> {
        let token = format!("token-for-{uses}");
        Ok(Invite { token, expires_unix_ms: u64::try_from(expires_in.as_millis()).unwrap() })
    }

    fn invites(&self) -> Vec<InviteLine> {
        vec![InviteLine { id: "0123456789ab".to_owned(), uses: 2, expires_unix_ms: 60_000 }]
    }

    async fn revoke_invite(&self, named: &str) -> Result<(), Refusal> {
        let known = self.invites().iter().any(|line| line.id == named);
        if known { Ok(()) } else { Err(Code::InviteNotFound.into()) }
    }

    fn forks(&self) -> Vec<ForkLine> {
        let (id, domain) = ("c1-AAAAAAAA".to_owned(), "globex.example".to_owned());
        vec![ForkLine { id, domain, channel: "AAAAAAAA".to_owned(), record: 7 }]
    }

    fn proof(&self, id: &str) -> Option<Vec<u8>> {
        (id == "c1-AAAAAAAA").then(|| vec![1, 2, 3])
    }

    async fn reopen(
        &self,
        channel: &str,
        at: Option<(u64, u64)>,
        _: bool,
    ) -> Result<Reopening, Refusal> {
        let voided = self.voided(channel)?;
        let (term, seq) = at.unwrap_or((1, 6));
        Ok(Reopening { base: format!("{term}.{seq}"), voided, unheard: vec![] })
    }

    fn voided(&self, channel: &str) -> Result<Vec<VoidLine>, Refusal> {
        if channel != "AAAAAAAA" {
            return Err(Code::ChannelNotFound.into());
        }
        let (record, what) = ("1.7".to_owned(), "topic".to_owned());
        Ok(vec![VoidLine { record, unix_ms: 5, what, by: Some("alice@acme.example".into()) }])
    }

    fn groups(&self) -> Vec<GroupLine> {
        let waits_for = vec!["globex.example".to_owned()];
        let (channel, name) = ("AAAAAAAA".to_owned(), "Team".to_owned());
        let home = "acme.example".to_owned();
        let (invited, is_ungranted) = (0, false);
        vec![GroupLine { channel, name, home, read_only: None, waits_for, invited, is_ungranted }]
    }

    async fn confirm(&self, channel: &str) -> Result<(), Refusal> {
        self.voided(channel).map(|_| ())
    }

    async fn peers(&self) -> Result<Vec<PeerState>, Refusal> {
        let link = PeerLink::Up { since_unix_ms: 7, is_dialled: true };
        let domain = "globex.example".to_owned();
        let backlog = Some(Backlog { records: 3, oldest_ms: 9 });
        Ok(vec![PeerState { domain, link, backlog, ..PeerState::default() }])
    }

    fn retry_peer(&self, domain: &str) -> Result<bool, Refusal> {
        match domain {
            "globex.example" => Ok(true),
            _ => Err(Code::DomainUnreachable.into()),
        }
    }

    fn policy(&self) -> PolicyState {
        let domain = "evil.example".to_owned();
        let rule =
            Rule { stance: RuleStance::Block, asks_per_hour: None, records_per_minute: None };
        let line = RuleLine { domain, rule, since_unix_ms: 3, groups: vec![] };
        PolicyState { mode: "ask".to_owned(), rules: vec![line], asking: vec![] }
    }

    async fn set_rule(&self, domain: &str, rule: Option<Rule>) -> Result<(), Refusal> {
        match (domain, rule.map(|rule| rule.stance)) {
            ("globex.example", Some(RuleStance::AllowNamed)) => Ok(()),
            _ => Err(Code::NameInvalid.into()),
        }
    }

    async fn share(&self, _: &str, group: &str) -> Result<(), Refusal> {
        self.voided(group).map(|_| ())
    }

    async fn unshare(&self, _: &str, group: &str) -> Result<(), Refusal> {
        self.voided(group).map(|_| ())
    }

    async fn examine(&self, domain: Option<&str>) -> Result<Vec<Finding>, Refusal> {
        let found = domain.ok_or(Code::NameInvalid)?;
        Ok(vec![Finding::bad("TXT record", found, "Publish it.").publish("a line".into())])
    }

    fn reports(&self, all: bool) -> Vec<ReportLine> {
        let line = ReportLine {
            number: 7,
            unix_ms: 5,
            from: "globex.example".to_owned(),
            reporter: None,
            about: "mallory@acme.example".to_owned(),
            channel: "AAAAAAAA".to_owned(),
            message: "01KAPTNBMFE5G8DV3Q6R7S9T0W".to_owned(),
            said_unix_ms: 4,
            reason: "spam".to_owned(),
            is_proven: true,
            sent_to: None,
            closed_unix_ms: all.then_some(9),
        };
        vec![line]
    }

    async fn report(&self, number: u64) -> Result<ReportDetail, Refusal> {
        let mut known = self.reports(false).into_iter().filter(|line| line.number == number);
        let line = known.next().ok_or(Code::ResourceNotFound)?;
        Ok(ReportDetail { line, comment: None, text: Some("\u{7}".repeat(400_000)) })
    }

    async fn close_report(&self, number: u64) -> Result<(), Refusal> {
        self.report(number).await.map(|_| ())
    }

    async fn rotate_key(&self, makes_next: bool, now: bool) -> Result<KeyState, Refusal> {
        let (name, key) = ("2026b".to_owned(), "AAAA".to_owned());
        let record = "v=comity1".to_owned();
        let next = NextKey { name, key, record, switches_in_ms: None };
        let next = Some(next).filter(|_| makes_next && !now);
        Ok(KeyState { name: "2026a".to_owned(), key: "BBBB".to_owned(), next })
    }

    async fn accept_key(&self, domain: &str, key: &str) -> Result<(), Refusal> {
        if (domain, key) == ("globex.example", "AAAA") {
            return Ok(());
        }
        Err(Code::DomainKeyChanged.into())
    }

    async fn figures(&self) -> Result<Figures, Refusal> {
        Err(Code::Internal.into())
    }

    fn settings(&self) -> Vec<SettingLine> {
        Vec::new()
    }

    fn status(&self) -> Status {
        let domain = "globex.example".to_owned();
        let (faults, refused, void, waiting) = (1, 2, 3, 4);
        let denied = 0;
        let line = PeerLine { domain, is_linked: true, faults, refused, void, denied, waiting };
        Status { is_clock_doubted: true, peers: vec![line], ..Status::default() }
    }
}

#[tokio::test]
async fn the_admin_is_served_and_told_refusals() {
    let dir = tempfile::tempdir().unwrap();
    let socket = serve(dir.path(), Fake).await.unwrap();
    let mode = std::fs::metadata(socket_path(dir.path())).unwrap().mode() & 0o777;
    assert_eq!(mode, 0o600);
    let client = AdminClient::of(dir.path());
    let name = "alice".parse().unwrap();
    let label = client.add_user(&name, "long enough").await.unwrap();
    assert_eq!(label.to_string(), "alice@acme.example");
    let refused = client.add_user(&name, "short").await.unwrap_err();
    assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "password_weak"));
    let invite = client.invite(3, Duration::from_secs(60)).await.unwrap();
    assert_eq!((invite.token.as_str(), invite.expires_unix_ms), ("token-for-3", 60_000));
    for (uses, seconds) in [(0, 1), (INVITE_USES_MAX + 1, 1), (1, 0), (1, u64::MAX)] {
        let refused = client.invite(uses, Duration::from_secs(seconds)).await.unwrap_err();
        assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "malformed"));
    }
    let invites = client.invites().await.unwrap();
    assert_eq!(invites, Fake.invites());
    client.revoke_invite(&invites[0].id).await.unwrap();
    let refused = client.revoke_invite("another").await.unwrap_err();
    assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "invite_not_found"));
    let forks = client.forks().await.unwrap();
    assert_eq!((forks.len(), forks[0].record), (1, 7));
    assert_eq!(client.proof(&forks[0].id).await.unwrap(), [1, 2, 3]);
    let refused = client.proof("another").await.unwrap_err();
    assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "log_unknown"));
    let reopening = client.reopen("AAAAAAAA", Some((1, 3)), true).await.unwrap();
    assert_eq!((reopening.base.as_str(), reopening.voided.len()), ("1.3", 1));
    assert_eq!(client.voided("AAAAAAAA").await.unwrap(), reopening.voided);
    let refused = client.voided("BBBBBBBB").await.unwrap_err();
    assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "channel_not_found"));
    assert_eq!(client.groups().await.unwrap(), Fake.groups());
    client.confirm("AAAAAAAA").await.unwrap();
    let refused = client.confirm("BBBBBBBB").await.unwrap_err();
    assert!(matches!(&refused, AdminError::Refused { code, .. } if code == "channel_not_found"));
    assert_eq!(client.status().await.unwrap(), Fake.status());
    assert_eq!(client.peers().await.unwrap(), Fake.peers().await.unwrap());
    assert!(client.retry_peer("globex.example").await.unwrap());
    assert!(client.retry_peer("initech.example").await.is_err());
    assert_eq!(client.policy().await.unwrap(), Fake.policy());
    let stance = RuleStance::AllowNamed;
    let rule = Rule { stance, asks_per_hour: Some(1), records_per_minute: None };
    client.set_rule("globex.example", Some(rule)).await.unwrap();
    assert!(client.set_rule("globex.example", None).await.is_err());
    client.share("globex.example", "AAAAAAAA").await.unwrap();
    assert!(client.share("globex.example", "BBBBBBBB").await.is_err());
    client.unshare("globex.example", "AAAAAAAA").await.unwrap();
    assert!(client.unshare("globex.example", "BBBBBBBB").await.is_err());
    assert!(client.rotate_key(true, false).await.unwrap().next.is_some());
    assert_eq!(client.rotate_key(true, true).await.unwrap().next, None);
    client.accept_key("globex.example", "AAAA").await.unwrap();
    assert!(client.accept_key("globex.example", "BBBB").await.is_err());
    assert_eq!(client.reports(true).await.unwrap(), Fake.reports(true));
    assert_eq!(client.reports(false).await.unwrap(), Fake.reports(false));
    // The longest text, all of it escaped.
    assert_eq!(client.report(7).await.unwrap(), Fake.report(7).await.unwrap());
    client.close_report(7).await.unwrap();
    assert!(client.close_report(8).await.is_err() && client.report(8).await.is_err());
    drop(socket);
    assert!(!socket_path(dir.path()).exists());
}

#[tokio::test]
async fn without_a_node_the_error_says_how_to_start_it() {
    let dir = tempfile::tempdir().unwrap();
    let client = AdminClient::of(dir.path());
    let error = client.invite(1, Duration::from_secs(1)).await.unwrap_err();
    assert!(error.to_string().contains("comity serve"), "{error}");
}

#[tokio::test]
async fn a_socket_left_by_a_dead_node_is_replaced_and_a_live_one_is_not() {
    let dir = tempfile::tempdir().unwrap();
    drop(std::os::unix::net::UnixListener::bind(socket_path(dir.path())).unwrap());
    let live = serve(dir.path(), Fake).await.unwrap();
    let error = serve(dir.path(), Fake).await.unwrap_err();
    assert!(matches!(error, AdminSocketError::InUse(_)), "{error}");
    drop(live);
}

#[tokio::test]
async fn what_is_no_request_gets_a_refusal() {
    let dir = tempfile::tempdir().unwrap();
    let _socket = serve(dir.path(), Fake).await.unwrap();
    let long = vec![b' '; 100_000];
    for line in [&b"{}\n"[..], b"\xff\n", b"{\"do\":\"stop\"}\n", &long] {
        let mut stream = UnixStream::connect(socket_path(dir.path())).await.unwrap();
        // The node may close before it has read all of a line that is too long.
        let _ = stream.write_all(line).await;
        let _ = stream.shutdown().await;
        let mut answer = String::new();
        let _ = stream.read_to_string(&mut answer).await;
        assert!(answer.contains("malformed") || line.len() > 10_000, "{answer}");
    }
    let client = AdminClient::of(dir.path());
    assert!(client.invite(1, Duration::from_secs(1)).await.is_ok());
}

#[tokio::test]
async fn accounts_are_listed_and_changed_over_the_socket() {
    let dir = tempfile::tempdir().unwrap();
    let _socket = serve(dir.path(), Fake).await.unwrap();
    let admin = AdminClient::of(dir.path());
    let page = admin.users("a", None).await.unwrap();
    assert_eq!((page.users[0].name.as_str(), page.total), ("alice", 1));
    let change = |name: &str| (name.parse::<AccountName>().unwrap(), UserChange::Suspended(true));
    let (alice, suspends) = change("alice");
    admin.change_user(&alice, suspends).await.unwrap();
    let (nobody, suspends) = change("nobody");
    let refused = admin.change_user(&nobody, suspends).await.unwrap_err();
    assert!(matches!(refused, AdminError::Refused { code, .. } if code == "account_not_found"));
}
