//! What a domain publishes, for an admin who wants to know what is wrong: all of it, proven or not,
//! looked up anew. It decides nothing.

use std::net::IpAddr;
use std::time::Duration;

use comity_discovery::{
    Document, Evidence, Proof, RecordSet, SRV_RECORDS_MAX, SrvRecord, Trust, TxtRecord, srv_name,
    txt_name,
};
use comity_protocol::name::ServerName;

use super::query::Unanswered;
use super::{DiscoverError, Inner, Introduced, Resolver, WebError};

/// What a domain publishes, and what comes of it.
#[derive(Clone, Debug)]
pub struct Survey {
    /// What introduces its key.
    pub txt: Seen<TxtRecord>,
    /// Where its node listens.
    pub srv: Seen<SrvRecord>,
    /// The hosts of these, and one more where it was asked for.
    pub hosts: Vec<SurveyedHost>,
    /// Its document, where it was asked for and counts as a proof here; one that was fetched some
    /// minutes ago is not fetched again.
    pub document: Option<Result<Document, WebError>>,
    /// What this node makes of it.
    pub introduced: Result<Introduced, DiscoverError>,
}

/// Records of one name and type.
#[derive(Clone, Debug)]
pub struct Seen<R> {
    /// The records, proven or not; `None` where the name servers do not answer.
    pub records: Option<Vec<R>>,
    /// How far they are proven; `None` where what it takes to prove them does not come.
    pub evidence: Option<Evidence>,
}

/// A host's addresses.
#[derive(Clone, Debug)]
pub struct SurveyedHost {
    /// The host, absolute and with its final dot.
    pub host: String,
    /// None where it has none, or the name servers do not say.
    pub addrs: Vec<IpAddr>,
}

impl Resolver {
    /// Looks up anew what a domain publishes: also the addresses of a host that it should name, and
    /// its document even where records suffice.
    pub async fn survey(&self, domain: &ServerName, host: Option<&str>) -> Survey {
        self.forget(domain);
        self.0.validate_anew();
        // One after the other, so that its web server is asked once.
        let introduced = self.introduce(domain).await;
        let (txt, srv, document) = self.0.published(domain, host.is_some()).await;
        let mut names: Vec<String> = host.map(absolute).into_iter().collect();
        for record in srv.records.iter().flatten().take(SRV_RECORDS_MAX) {
            let target = absolute(&record.target);
            if target != "." && !names.contains(&target) {
                names.push(target);
            }
        }
        let mut hosts = Vec::new();
        for host in names {
            let found = self.0.in_turn(self.0.plain.addrs(&host)).await;
            let addrs = found.and_then(Result::ok).map(|(addrs, _)| addrs).unwrap_or_default();
            hosts.push(SurveyedHost { host, addrs });
        }
        Survey { txt, srv, hosts, document, introduced }
    }

    /// What suffices here as a proof.
    pub fn trust(&self) -> &Trust {
        &self.0.policy.trust
    }
}

type Published = (Seen<TxtRecord>, Seen<SrvRecord>, Option<Result<Document, WebError>>);

impl Inner {
    async fn published(&self, domain: &ServerName, with_document: bool) -> Published {
        let (txt_name, srv_name) = (txt_name(domain), srv_name(domain));
        let validating = self.validating();
        let asked = async {
            tokio::join!(
                self.plain.txt(&txt_name),
                validating.txt(&txt_name),
                self.plain.srv(&srv_name),
                validating.srv(&srv_name),
            )
        };
        let unanswered = (Err(Unanswered), Err(Unanswered), Err(Unanswered), Err(Unanswered));
        let document = async {
            let is_asked = with_document && self.policy.trust.takes(Proof::WebPki);
            if !is_asked {
                return None;
            }
            Some(self.web.document(domain, &self.plain).await.map(|(document, _)| document))
        };
        let (records, document) = tokio::join!(self.in_turn(asked), document);
        let (txt, proven_txt, srv, proven_srv) = records.unwrap_or(unanswered);
        (Seen::of(txt, proven_txt), Seen::of(srv, proven_srv), document)
    }
}

impl<R> Seen<R> {
    /// Of what is there, and of what validation makes of it.
    fn of(plain: Answer<R>, proven: Answer<R>) -> Self {
        let proven = proven.ok().map(|(set, _)| set);
        let evidence = proven.as_ref().map(|set| set.evidence);
        let records = match (plain, proven) {
            (Ok((set, _)), _) => Some(set.records),
            (Err(_), set) => set.map(|set| set.records),
        };
        Self { records, evidence }
    }
}

type Answer<R> = Result<(RecordSet<R>, Duration), Unanswered>;

/// A host name with its final dot, in small letters.
fn absolute(host: &str) -> String {
    let host = host.to_ascii_lowercase();
    if host.ends_with('.') { host } else { format!("{host}.") }
}
