//! The doctor at a running node: finds out, by the peers' edge, what there is to know of our own
//! domain or of a partner. Words are `crate::doctor`'s.

use comity_client_api::Refusal;
use comity_federation::Survey;
use comity_protocol::code::Code;
use comity_protocol::name::ServerName;
use comity_protocol::probe::Probed;
use tokio::task::JoinSet;

use super::client::ClientEdge;
use super::peer::Examiner;
use crate::admin::{Finding, Grade};
use crate::clock;
use crate::doctor::{self, Compared, Own};

/// Partners that are asked for their clocks.
const CLOCKS_MAX: usize = 8;
/// Partners that are asked to dial this node, one after another, until one has reached it.
const DIALLING_MAX: usize = 3;

impl ClientEdge {
    /// Looks at a domain: our own where none is named.
    pub(super) async fn examine_domain(
        &self,
        domain: Option<&str>,
    ) -> Result<Vec<Finding>, Refusal> {
        let domain = domain.map(str::parse::<ServerName>).transpose();
        let domain = domain.map_err(|_| Refusal::from(Code::NameInvalid))?;
        Ok(match domain.filter(|domain| domain != self.own_domain()) {
            Some(partner) => self.examine_partner(&partner).await,
            None => self.examine_own().await,
        })
    }

    async fn examine_own(&self) -> Vec<Finding> {
        let examiner = self.examiner();
        let Some(mut own) = self.own() else { return Vec::new() };
        let linked = self.linked();
        let (survey, compared, dialled) = tokio::join!(
            examiner.survey(&own.domain, Some(&own.host)),
            compare_all(examiner, &linked),
            dialled_by(examiner, &linked),
        );
        let mut seen = dialled.iter().filter_map(|(_, probed)| probed.seen.as_ref()?.socket());
        own.seen = seen.next().map(|addr| addr.ip());
        let mut findings = doctor::examine_own(&own, &survey);
        findings.extend(outside(&dialled));
        findings.push(doctor::clocks(&compared));
        findings
    }

    async fn examine_partner(&self, domain: &ServerName) -> Vec<Finding> {
        let examiner = self.examiner();
        let survey = examiner.survey(domain, None).await;
        let mut findings =
            doctor::examine_partner(domain, &survey, self.is_another(domain, &survey));
        let knocks = async {
            match &survey.introduced {
                Ok(introduced) => examiner.knock(introduced).await,
                Err(_) => Vec::new(),
            }
        };
        let (knocks, linked) = tokio::join!(knocks, self.examine_link(domain));
        findings.extend(doctor::reached(domain, &knocks));
        findings.extend(linked);
        findings
    }

    async fn examine_link(&self, domain: &ServerName) -> Vec<Finding> {
        let examiner = self.examiner();
        // Whoever looks at a domain does not want it to be let in yet.
        let admission = self.shared().state().admission(domain.as_str());
        if let Err(code) = admission.check() {
            let why = match code {
                Code::DomainWaits => "nobody has said yet whether it is let in".to_owned(),
                code => code.sentence().to_owned(),
            };
            return vec![doctor::linked(domain, Err((code, why)))];
        }
        // The first one may have to wait for the link.
        if let Err(code) = examiner.probe(domain, false).await {
            return vec![doctor::linked(domain, Err(self.trouble(domain, code)))];
        }
        let mut findings = vec![doctor::linked(domain, Ok(()))];
        let (compared, dialled, tested) = tokio::join!(
            compare(examiner, domain.clone()),
            examiner.probe(domain, true),
            examiner.test(domain),
        );
        if let Some((compared, probed)) = compared {
            findings.extend(doctor::answered(&compared, &probed));
        }
        if let Ok(probed) = dialled {
            findings.extend(doctor::outside(domain, &probed));
        }
        findings.push(doctor::tested(domain, tested));
        findings
    }

    pub(super) fn examiner(&self) -> &Examiner {
        &self.peer_parts().examiner
    }

    /// What we should publish, and whom we believe.
    fn own(&self) -> Option<Own> {
        let host = self.settings().introduction.hosts.first()?;
        Some(Own {
            domain: self.own_domain().clone(),
            published: self.examiner().published(),
            host: host.host.clone(),
            port: host.port,
            trust: self.examiner().trust().clone(),
            seen: None,
        })
    }

    /// Partners with which a link is up.
    fn linked(&self) -> Vec<ServerName> {
        let all = self.links().all().into_iter();
        let up = all.filter_map(|(domain, link)| link.up.map(|_| domain));
        up.take(CLOCKS_MAX).collect()
    }

    /// Whether we know a domain by another lineage than the one that it publishes.
    fn is_another(&self, domain: &ServerName, survey: &Survey) -> bool {
        let known = self.shared().state().peer_domains.get(domain.as_str()).copied();
        let published = survey.introduced.as_ref().map(|found| found.introduction.lineage);
        known.zip(published.ok()).is_some_and(|(known, published)| known != published)
    }

    /// What is wrong with a link that does not come up, or did not stay.
    fn trouble(&self, domain: &ServerName, code: Code) -> (Code, String) {
        let link = self.links().all().remove(domain);
        let trouble = link.filter(|link| link.up.is_none()).and_then(|link| link.trouble);
        match trouble {
            Some((_, trouble)) => (trouble.code, trouble.why),
            None => (code, code.sentence().to_owned()),
        }
    }
}

/// What partners say of dialling us; where none can be asked, that.
fn outside(dialled: &[(ServerName, Probed)]) -> Vec<Finding> {
    let findings: Vec<Finding> =
        dialled.iter().flat_map(|(by, probed)| doctor::outside(by, probed)).collect();
    if findings.is_empty() {
        let found = "No partner is linked that could try to reach this node.";
        let todo = "Write to somebody elsewhere, or ask a partner's admin what comity doctor says \
                    there of your domain.";
        return vec![Finding::look("from outside", found, todo)];
    }
    findings
}

/// A partner's clock, and what it said.
async fn compare(examiner: &Examiner, domain: ServerName) -> Option<(Compared, Probed)> {
    let (asked_unix_ms, asked_ms) = (clock::unix_ms(), clock::monotonic_ms());
    let probed = examiner.probe(&domain, false).await.ok()?;
    let within_ms = clock::monotonic_ms().saturating_sub(asked_ms);
    // It read its clock halfway, nearly.
    let here_ms = asked_unix_ms.saturating_add(within_ms / 2);
    let ahead_ms = i128::from(probed.unix_ms) - i128::from(here_ms);
    let ahead_ms =
        i64::try_from(ahead_ms).unwrap_or(if ahead_ms < 0 { -i64::MAX } else { i64::MAX });
    Some((Compared { domain, ahead_ms, within_ms }, probed))
}

async fn compare_all(examiner: &Examiner, partners: &[ServerName]) -> Vec<Compared> {
    let mut asked = JoinSet::new();
    for domain in partners {
        let (examiner, domain) = (examiner.clone(), domain.clone());
        asked.spawn(async move { compare(&examiner, domain).await });
    }
    let mut compared: Vec<Compared> =
        asked.join_all().await.into_iter().flatten().map(|(compared, _)| compared).collect();
    compared.sort_by(|one, other| one.domain.cmp(&other.domain));
    compared
}

/// Has partners dial us until one has reached us.
async fn dialled_by(examiner: &Examiner, partners: &[ServerName]) -> Vec<(ServerName, Probed)> {
    let mut dialled = Vec::new();
    for domain in partners.iter().take(DIALLING_MAX) {
        let Ok(probed) = examiner.probe(domain, true).await else { continue };
        let found = doctor::outside(domain, &probed);
        let is_reached = found.iter().any(|finding| finding.grade == Grade::Ok);
        dialled.push((domain.clone(), probed));
        if is_reached {
            break;
        }
    }
    dialled
}
