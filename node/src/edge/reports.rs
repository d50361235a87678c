//! Reports of abuse: what an account of ours reports is found here with all that proves it, and the
//! admin is shown what came. It decides nothing; what counts is the machine's to say.

use std::ops::ControlFlow;
use std::time::Duration;

use comity_client_api::{Action, Caller, Refusal};
use comity_machine::{Act, ChannelNo, Command, EventRow, Log, LogNo, Report, Reporting, State};
use comity_protocol::body::{Body, WireBody};
use comity_protocol::code::Code;
use comity_protocol::control::Moderation;
use comity_protocol::id::{ChannelId, LineageId, LogName, MessageId};
use comity_protocol::report::{Evidence, RecordProof};

use super::client::ClientEdge;
use super::history::{self, Found};
use super::{convert, remarks};
use crate::admin::{REPORTS_LISTED_MAX, ReportDetail, ReportLine};
use crate::clock;
use crate::writer::{RecordsError, Shared, View};

/// How often rows are looked for that have to be there: the newest are laid down a moment later
/// than the state says of them.
const LOOKS_MAX: usize = 10;
/// How long is waited between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(50);

/// What is reported, as the rows have it.
struct Shown {
    target: Moderation,
    row: EventRow,
    body: Body,
    channel: ChannelNo,
}

impl ClientEdge {
    /// The act by which a caller reports a message.
    pub(super) async fn report_act(&self, caller: &Caller, action: Action) -> Result<Act, Refusal> {
        let Action::Report { channel, message, reason, comment, name_me } = action else {
            return Err(Code::Internal.into());
        };
        let Shown { target, row, body, channel: no } = self.reported(caller, channel, message)?;
        let header = row.header.clone();
        let proof = match target.origin == caller.account.lineage {
            true => None,
            false => self.proof_of(no, target, row.seq).await?,
        };
        let evidence = Evidence { header, body, comment, proof }.encode().into();
        let (reason, names_me) = (reason.number(), name_me);
        Ok(Act::Report(Reporting { channel, target, reason, names_me, evidence }))
    }

    /// The record whose text a message shows: the message's own, or that of its newest edit.
    fn reported(
        &self,
        caller: &Caller,
        channel: ChannelId,
        message: MessageId,
    ) -> Result<Shown, Refusal> {
        let found = history::find(self.shared(), &channel, message, caller.account)?;
        if found.author == caller.account {
            return Err(Code::ReportSelf.into());
        }
        let view = self.shared().view().map_err(history::failed)?;
        let edit = remarks::newest_edit(&view, &found, caller.account).map_err(history::failed)?;
        let Found { row, channel: no, .. } = found;
        let shown = edit.filter(|edit| matches!(edit.body, WireBody::Present(_))).unwrap_or(row);
        let WireBody::Present(body) = shown.body.clone() else {
            return Err(Code::MessageErased.into());
        };
        let state = self.shared().state();
        let LogName::Message { origin, writer } = log_of(&state, no, shown.log)?.0 else {
            return Err(Code::MessageNotFound.into());
        };
        let hash = shown.hash.into();
        let target = Moderation { origin, writer, seq: shown.seq, hash };
        Ok(Shown { target, row: shown, body, channel: no })
    }

    /// What leads from a head that its origin has signed to a record; `None` where it is not all
    /// here.
    async fn proof_of(
        &self,
        no: ChannelNo,
        target: Moderation,
        seq: u64,
    ) -> Result<Option<RecordProof>, Refusal> {
        let name = LogName::Message { origin: target.origin, writer: target.writer };
        for _ in 0..LOOKS_MAX {
            let log = {
                let state = self.shared().state();
                state.channels.get(&no).and_then(|channel| channel.logs.get(&name)).cloned()
            };
            let edge = self.clone();
            let look = move || log.map_or(Ok(None), |log| edge.links_to(no, &log, seq));
            let found = tokio::task::spawn_blocking(look).await.map_err(|_| Code::Internal)?;
            if let Some(found) = found.map_err(history::failed)? {
                return Ok(Some(found));
            }
            tokio::time::sleep(LOOK_AGAIN).await;
        }
        Ok(None)
    }

    fn links_to(
        &self,
        no: ChannelNo,
        log: &Log,
        seq: u64,
    ) -> Result<Option<RecordProof>, RecordsError> {
        let view = self.shared().view()?;
        let mut failed = None;
        let links = log.links_to(seq, &mut |seq| {
            row_at(&view, no, log.no, seq).unwrap_or_else(|error| {
                failed.get_or_insert(error);
                None
            })
        });
        let found = links.zip(log.proof.clone()).map(|(links, head)| RecordProof { links, head });
        failed.map_or(Ok(found), Err)
    }

    /// The newest reports, at most so many; all of them, or those that are open.
    pub(super) fn listed_reports(&self, all: bool) -> Vec<ReportLine> {
        let state = self.shared().state();
        let wanted = state.reports().rev().filter(|(_, report)| all || report.is_open());
        wanted.take(REPORTS_LISTED_MAX).map(|(number, r)| line(&state, number, r)).collect()
    }

    /// A report with what is reported.
    pub(super) async fn read_report(&self, number: u64) -> Result<ReportDetail, Refusal> {
        let mut looks = 1;
        loop {
            let edge = self.clone();
            let read = move || edge.report_of(number);
            let found = tokio::task::spawn_blocking(read).await.map_err(|_| Code::Internal)??;
            if found.text.is_some() || looks == LOOKS_MAX {
                return Ok(found);
            }
            looks += 1;
            tokio::time::sleep(LOOK_AGAIN).await;
        }
    }

    fn report_of(&self, number: u64) -> Result<ReportDetail, Refusal> {
        let (report, line) = {
            let state = self.shared().state();
            let report = state.report(number).ok_or_else(no_report)?;
            (report.clone(), line(&state, number, report))
        };
        let evidence = evidence(self.shared(), &report).map_err(history::failed)?;
        let (comment, body) = evidence.map(|found| (found.comment, found.body)).unzip();
        let text = body.as_ref().and_then(Body::as_text).map(str::to_owned);
        Ok(ReportDetail { line, comment: comment.flatten(), text })
    }

    /// The admin has dealt with a report.
    pub(super) async fn end_report(&self, number: u64) -> Result<(), Refusal> {
        if self.shared().state().report(number).is_none() {
            return Err(no_report());
        }
        let command = Command::CloseReport { number, unix_ms: clock::unix_ms() };
        convert::done(self.propose(command).await?)
    }
}

/// What the event of a report carries.
fn evidence(shared: &Shared, report: &Report) -> Result<Option<Evidence>, RecordsError> {
    let row = shared.view()?.record(report.place.channel, report.place.pos)?;
    Ok(row.and_then(|row| match row.body {
        WireBody::Absent(_) => None,
        WireBody::Present(body) => Evidence::decode(&body),
    }))
}

/// A log by this node's number.
fn log_of(state: &State, no: ChannelNo, log: LogNo) -> Result<(LogName, &Log), Code> {
    let channel = state.channels.get(&no).ok_or(Code::ChannelNotFound)?;
    let mut logs = channel.logs.iter().filter(|(_, known)| known.no == log);
    logs.next().map(|(name, log)| (*name, log)).ok_or(Code::MessageNotFound)
}

/// The n-th record of a log.
fn row_at(
    view: &View,
    no: ChannelNo,
    log: LogNo,
    seq: u64,
) -> Result<Option<EventRow>, RecordsError> {
    let mut found = None;
    view.log(no, log, seq, &mut |_, row| {
        found = (row.seq == seq).then_some(row);
        ControlFlow::Break(())
    })?;
    if found.is_some() { Ok(found) } else { view.backfilled(no, log, seq) }
}

fn line(state: &State, number: u64, report: &Report) -> ReportLine {
    let domain = |lineage: &LineageId| state.domain_of(lineage).unwrap_or("unknown").to_owned();
    let about = report.about_label.clone();
    ReportLine {
        number,
        unix_ms: report.unix_ms,
        from: domain(&report.by),
        reporter: report.reporter_label.clone(),
        about: about.unwrap_or_else(|| format!("unknown@{}", domain(&report.about.lineage))),
        channel: report.channel.to_string(),
        message: report.message.to_string(),
        said_unix_ms: report.message.time().unix_ms(),
        reason: report.reason().name().to_owned(),
        is_proven: report.by != state.lineage(),
        sent_to: report.is_told.then(|| domain(&report.about.lineage)),
        closed_unix_ms: report.closed_unix_ms,
    }
}

fn no_report() -> Refusal {
    let sentence =
        "There is no such report; `comity reports --all` lists those that are kept.".to_owned();
    Refusal { sentence, ..Code::ResourceNotFound.into() }
}
