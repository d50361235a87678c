//! Reports of abuse (`docs/protocol/` section 3.8): what is kept for the admin of what somebody
//! finds fault with, here or at another organisation. The reported text is no part of the state: it
//! is the body of the event that reports it, in a link channel, and goes when the report goes. It
//! must not look anything up; what an account reports is found by whoever proposes the command.

use comity_protocol::body::{Body, WireBody};
use comity_protocol::cbor::ByteString;
use comity_protocol::code::Code;
use comity_protocol::control::Moderation;
use comity_protocol::cursor::Pos;
use comity_protocol::event::{self, EventAct};
use comity_protocol::hash::Hash;
use comity_protocol::head::HeadProof;
use comity_protocol::id::{AccountId, AccountNumber, ChannelId, LineageId, MessageId, ShortHash};
use comity_protocol::report::{Evidence, Proven, Reason};
use minicbor::{Decode, Encode};

use crate::answer::Answer;
use crate::applied::Applied;
use crate::channel::{ChannelNo, Kind, LogNo};
use crate::erase::Erasing;
use crate::rows::RowKey;
use crate::state::{Effects, State};

/// Reports that a node keeps. Where there is no room, the one that was closed first goes.
pub const REPORTS_MAX: usize = 2_000;
/// Open reports of one other organisation; more are dropped until some are closed.
pub const OPEN_PER_ORGANISATION_MAX: usize = 200;
/// Reports that an account of ours makes in an hour.
pub const REPORTS_PER_HOUR_MAX: usize = 20;
/// For how long a closed report is kept, in milliseconds: half a year, while it may be asked for.
pub const CLOSED_KEPT_MS: u64 = 180 * 24 * 60 * 60 * 1_000;
const HOUR_MS: u64 = 3_600_000;

/// What an account reports, as whoever proposes the command has found it.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct Reporting {
    /// The channel.
    #[n(0)]
    pub channel: ChannelId,
    /// The record whose text is shown for the message.
    #[n(1)]
    pub target: Moderation,
    /// The number of the reason.
    #[n(2)]
    pub reason: u16,
    /// Whether the author's organisation is told who reports.
    #[n(3)]
    pub names_me: bool,
    /// An [`Evidence`], encoded.
    #[n(4)]
    pub evidence: ByteString,
}

/// A report that is kept for the admin.
#[derive(Clone, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(map)]
pub struct Report {
    /// When it came, in Unix milliseconds.
    #[n(0)]
    pub unix_ms: u64,
    /// The organisation whose account reports.
    #[n(1)]
    pub by: LineageId,
    /// The account, where it is ours, or is named.
    #[n(2)]
    pub reporter: Option<AccountNumber>,
    /// Its label.
    #[n(3)]
    pub reporter_label: Option<String>,
    /// Who wrote what is reported.
    #[n(4)]
    pub about: AccountId,
    /// Its label, as far as it is known.
    #[n(5)]
    pub about_label: Option<String>,
    /// Where.
    #[n(6)]
    pub channel: ChannelId,
    /// The message.
    #[n(7)]
    pub message: MessageId,
    /// The number of the reason.
    #[n(8)]
    pub reason: u16,
    /// The event that reports it; its body is the evidence.
    #[n(9)]
    pub place: ReportPlace,
    /// Whether the author's organisation, another one, is told.
    #[n(10)]
    pub is_told: bool,
    /// When the admin closed it, in Unix milliseconds.
    #[n(11)]
    pub closed_unix_ms: Option<u64>,
}

/// Where the event of a report is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Encode, Decode)]
#[cbor(array)]
pub struct ReportPlace {
    /// The channel.
    #[n(0)]
    pub channel: ChannelNo,
    /// Its pos.
    #[n(1)]
    pub pos: Pos,
    /// The log, as this node numbers it.
    #[n(2)]
    pub log: LogNo,
    /// Its place in the log.
    #[n(3)]
    pub seq: u64,
    /// Its hash.
    #[n(4)]
    pub hash: Hash,
}

/// Why a report of another organisation is not kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dropped {
    /// There is no room for it, or it has none this hour.
    Crowded,
    /// It proves nothing.
    Unproven,
}

impl ReportPlace {
    fn of(channel: ChannelNo, placed: &Applied) -> Self {
        let Applied { pos, log_no: log, seq, hash, .. } = *placed;
        Self { channel, pos, log, seq, hash }
    }
}

impl Report {
    /// The reason.
    pub fn reason(&self) -> Reason {
        Reason::of(self.reason)
    }

    /// Whether the admin has not closed it.
    pub fn is_open(&self) -> bool {
        self.closed_unix_ms.is_none()
    }
}

impl State {
    /// The reports that are kept, by number: the later the higher.
    pub fn reports(&self) -> impl DoubleEndedIterator<Item = (u64, &Report)> {
        self.reports.iter().map(|(number, report)| (*number, report))
    }

    /// A report by its number.
    pub fn report(&self, number: u64) -> Option<&Report> {
        self.reports.get(&number)
    }

    /// How many reports of an organisation were dropped.
    pub fn reports_dropped(&self, by: &LineageId) -> u64 {
        self.peers.get(by).and_then(|peer| peer.reports_dropped).unwrap_or_default()
    }

    /// Whether a report was closed so long ago that it goes.
    pub fn has_old_reports(&self, unix_ms: u64) -> bool {
        self.reports.values().any(|report| is_old(report, unix_ms))
    }

    /// Reports what somebody wrote: to our admin, and to the author's organisation where that is
    /// another one that we federate with.
    pub(crate) fn report_abuse(
        &mut self,
        account: AccountNumber,
        reporting: &Reporting,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        let Reporting { channel, target, reason, names_me, evidence } = reporting;
        let (own, origin) = (self.lineage(), target.origin);
        let body = Body::report([0; 32], evidence.clone());
        let found = Evidence::decode(&body).ok_or(Code::Malformed)?;
        let Proven { author, message } = found.read().ok_or(Code::MessageNotFound)?;
        let about = AccountId { lineage: origin, number: author };
        if about == self.account_id(account) {
            return Err(Code::ReportSelf);
        }
        if !self.audience_has(channel, account) {
            return Err(Code::ChannelNotFound);
        }
        let ours = |report: &&Report| report.by == own && report.reporter == Some(account);
        let mut known = self.reports.values().filter(ours);
        if let Some(known) = known.find(|r| r.channel == *channel && r.message == message) {
            return Ok(self.reported(known));
        }
        let recent = self.reports.values().filter(ours);
        let recent = recent.filter(|r| fx.unix_ms.saturating_sub(r.unix_ms) < HOUR_MS).count();
        if recent >= REPORTS_PER_HOUR_MAX {
            return Err(Code::ReportLimit);
        }
        if !self.make_report_room(fx) {
            return Err(Code::Overloaded);
        }
        // What cannot be proven to its author's organisation would be dropped there.
        let is_for_them =
            origin != own && found.proof.is_some() && self.check_admitted(origin).is_ok();
        let told = if is_for_them { self.link_with(origin) } else { None };
        let label = self.own_label(account)?;
        let (sender, from) = match told.filter(|_| *names_me) {
            Some(_) => (account, Some(label.clone())),
            None => (AccountNumber(0), None),
        };
        let no = told.map_or_else(|| self.contact_channel(own, fx), Ok)?;
        let Moderation { writer, seq, hash, .. } = *target;
        let reason = *reason;
        let act = event::Report { channel: *channel, writer, seq, hash, reason, from };
        let place = self.append_report(no, sender, act, evidence, fx)?;
        let known = self.channel(channel).map(|(no, _)| no);
        let about_label = known.and_then(|no| self.label(no, &about));
        let report = Report {
            unix_ms: fx.unix_ms,
            by: own,
            reporter: Some(account),
            reporter_label: Some(label),
            about,
            about_label: about_label.map(|label| label.to_string()),
            channel: *channel,
            message,
            reason,
            place,
            is_told: told.is_some(),
            closed_unix_ms: None,
        };
        let answer = self.reported(&report);
        self.keep_report(report, fx);
        Ok(answer)
    }

    /// Takes another organisation's report of what one of ours wrote, where the event that was just
    /// placed is one. One that proves nothing is dropped, and so is one for which there is no room:
    /// its body goes.
    pub(crate) fn mind_report(&mut self, no: ChannelNo, act: &EventAct, fx: &mut Effects) {
        let EventAct::Report(report) = act else { return };
        let own = self.lineage();
        let in_link = matches!(self.channels[&no].kind, Kind::Link { .. });
        let Some(placed) = fx.applied.last().filter(|_| in_link) else { return };
        // What we said there before we lost it is told to nobody again.
        let Some(sender) = placed.sender.filter(|sender| sender.lineage != own) else { return };
        let (place, body) = (ReportPlace::of(no, placed), placed.record.body.clone());
        match self.judge_report(report, sender, (place, &body), fx) {
            Ok(report) => self.keep_report(report, fx),
            Err(why) => {
                fx.unheard += u32::from(why == Dropped::Unproven);
                if let Some(placed) = fx.applied.last_mut() {
                    placed.record.body.erase();
                }
                self.count_dropped(sender.lineage, fx);
            }
        }
    }

    /// The admin has dealt with a report.
    pub(crate) fn close_report(
        &mut self,
        number: u64,
        unix_ms: u64,
        fx: &mut Effects,
    ) -> Result<Answer, Code> {
        fx.unix_ms = unix_ms;
        let report = self.reports.get_mut(&number).ok_or(Code::ResourceNotFound)?;
        if report.is_open() {
            report.closed_unix_ms = Some(unix_ms);
            fx.dirty(RowKey::Report(number));
        }
        Ok(Answer::Done)
    }

    /// Lets go of what was closed long ago.
    pub(crate) fn forget_reports(&mut self, fx: &mut Effects) {
        let old = self.reports.iter().filter(|(_, report)| is_old(report, fx.unix_ms));
        let old: Vec<u64> = old.map(|(number, _)| *number).collect();
        for number in old {
            self.drop_report(number, fx);
        }
    }

    /// What a report says of one of ours, where it is proven and there is room for it.
    fn judge_report(
        &mut self,
        report: &event::Report,
        sender: AccountId,
        (place, body): (ReportPlace, &WireBody),
        fx: &mut Effects,
    ) -> Result<Report, Dropped> {
        let by = sender.lineage;
        let open = self.reports.values().filter(|known| known.by == by && known.is_open());
        let is_crowded = open.count() >= OPEN_PER_ORGANISATION_MAX;
        // Whatever is asked counts, so that nobody has us verify proofs without end.
        if !self.hears_ask(by, fx) || is_crowded {
            return Err(Dropped::Crowded);
        }
        let proven = self.proven_by(report, body);
        let Proven { author, message } = proven.ok_or(Dropped::Unproven)?;
        if !self.make_report_room(fx) {
            return Err(Dropped::Crowded);
        }
        let about = AccountId { lineage: self.lineage(), number: author };
        let label = self.accounts.get(&author).and_then(|account| account.label.as_ref());
        let about_label = label.map(ToString::to_string);
        let is_named = |from: &String| sender.number.0 != 0 && self.is_label_of(by, from);
        let reporter_label = report.from.clone().filter(is_named);
        Ok(Report {
            unix_ms: fx.unix_ms,
            by,
            reporter: reporter_label.is_some().then_some(sender.number),
            reporter_label,
            about,
            about_label,
            channel: report.channel,
            message,
            reason: report.reason,
            place,
            is_told: false,
            closed_unix_ms: None,
        })
    }

    /// What the record says that a report's body carries, where we have signed just this.
    fn proven_by(&self, report: &event::Report, body: &WireBody) -> Option<Proven> {
        let WireBody::Present(body) = body else { return None };
        let evidence = Evidence::decode(body)?;
        let own = self.identity.as_ref()?;
        let named = evidence.proof.as_ref().and_then(|proof| HeadProof::key(&proof.head))?;
        let key = self.signer(&own.lineage, own.key, named);
        evidence.prove(report, &own.lineage, &key)
    }

    fn append_report(
        &mut self,
        no: ChannelNo,
        sender: AccountNumber,
        act: event::Report,
        evidence: &ByteString,
        fx: &mut Effects,
    ) -> Result<ReportPlace, Code> {
        let act = EventAct::Report(act);
        let body = |salt| Body::report(salt, evidence.clone());
        self.append_with(no, sender, &act, body, fx);
        let placed = fx.applied.last().ok_or(Code::Internal)?;
        Ok(ReportPlace::of(no, placed))
    }

    fn reported(&self, report: &Report) -> Answer {
        let to = self.domain_of(&report.about.lineage).filter(|_| report.is_told);
        Answer::Reported { to: to.map(str::to_owned) }
    }

    fn keep_report(&mut self, report: Report, fx: &mut Effects) {
        let Some(identity) = self.identity.as_mut() else { return };
        let number = identity.reports.unwrap_or_default() + 1;
        identity.reports = Some(number);
        self.reports.insert(number, report);
        fx.dirty(RowKey::Identity);
        fx.dirty(RowKey::Report(number));
    }

    fn count_dropped(&mut self, by: LineageId, fx: &mut Effects) {
        if let Some(peer) = self.peers.get_mut(&by) {
            peer.reports_dropped = Some(peer.reports_dropped.unwrap_or_default() + 1);
            fx.dirty(RowKey::Peer(by));
        }
    }

    /// Sees to it that there is room for one more report; whether there is.
    fn make_report_room(&mut self, fx: &mut Effects) -> bool {
        if self.reports.len() < REPORTS_MAX {
            return true;
        }
        let all = self.reports.iter();
        let closed = all.filter_map(|(number, report)| Some((report.closed_unix_ms?, *number)));
        let Some((_, first)) = closed.min() else { return false };
        self.drop_report(first, fx);
        true
    }

    /// Lets go of a report, and of its text.
    fn drop_report(&mut self, number: u64, fx: &mut Effects) {
        let Some(report) = self.reports.remove(&number) else { return };
        fx.dirty(RowKey::Report(number));
        let ReportPlace { channel, log, seq, hash, .. } = report.place;
        let (hash, by) = (ShortHash::from(hash), Pos::default());
        fx.erased.push(Erasing { channel, log, seq, hash, by, by_channel: channel });
    }
}

fn is_old(report: &Report, unix_ms: u64) -> bool {
    report.closed_unix_ms.is_some_and(|at_ms| unix_ms.saturating_sub(at_ms) >= CLOSED_KEPT_MS)
}
