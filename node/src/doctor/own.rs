//! What a node's own domain publishes, held against what it should.

use comity_federation::{
    Document, Evidence, Proof, PublishedKey, Seen, SrvRecord, Survey, TxtRecord, WebError,
};
use data_encoding::BASE64;

use super::{Own, Records, is_bare, list, plain, weakest};
use crate::admin::Finding;

/// Looks at records, signatures and document.
pub(crate) fn examine(own: &Own, survey: &Survey) -> Vec<Finding> {
    let records = own.records();
    let mut findings = vec![
        srv(own, &records, &survey.srv),
        txt(own, &records, &survey.txt),
        address(own, &records, survey),
        dnssec(own, survey),
    ];
    findings.extend(survey.document.as_ref().map(|found| document(own, survey, found)));
    findings
}

fn srv(own: &Own, records: &Records, seen: &Seen<SrvRecord>) -> Finding {
    const ABOUT: &str = "SRV record";
    let name = records.srv_name();
    let Some(found) = &seen.records else { return silent(ABOUT, &name) };
    let is_ours = |record: &&SrvRecord| {
        record.port == own.port && plain(&record.target).eq_ignore_ascii_case(&own.host)
    };
    let offered: Vec<&SrvRecord> =
        found.iter().filter(|record| record.target != "." && record.port != 0).collect();
    let place = |record: &&SrvRecord| format!("{} port {}", plain(&record.target), record.port);
    let others: Vec<String> = offered.iter().filter(|r| !is_ours(r)).map(place).collect();
    if offered.is_empty() {
        let found = format!("Nothing at {name} says where this node listens.");
        return Finding::bad(ABOUT, found, "Publish this record.").publish(records.srv_line());
    }
    if others.len() == offered.len() {
        let found = format!(
            "The SRV record names {}, and this node is to be at {} port {}.",
            list(others),
            own.host,
            own.port
        );
        let todo = "Publish this record instead, or set federation.host and federation.port to \
                    what the record says.";
        return Finding::bad(ABOUT, found, todo).publish(records.srv_line());
    }
    if !others.is_empty() {
        let found = format!("The SRV records name this node, and {} too.", list(others));
        return Finding::look(ABOUT, found, "Take out what is not this node; this one stays.")
            .publish(records.srv_line());
    }
    Finding::ok(ABOUT, format!("It names {}, UDP port {}.", own.host, own.port))
}

fn txt(own: &Own, records: &Records, seen: &Seen<TxtRecord>) -> Finding {
    const ABOUT: &str = "TXT record";
    let name = records.txt_name();
    let Some(found) = &seen.records else { return silent(ABOUT, &name) };
    let mut keys = Vec::new();
    for record in found.iter().filter(|record| is_of_comity(record)) {
        match PublishedKey::from_record(record) {
            Ok(key) => keys.push(key),
            Err(error) => {
                let found = format!("A record at {name} cannot be read: {error}.");
                return Finding::bad(ABOUT, found, "Publish this record instead.")
                    .publish(records.txt_line());
            }
        }
    }
    // While one key follows another, the records of both stand there.
    let lineage = |key: &PublishedKey| key.lineage(own.domain.clone());
    let has_our_key = keys.iter().any(|key| key.key == own.published.key);
    let is_one_lineage = keys.iter().all(|key| lineage(key) == lineage(&own.published));
    match keys.as_slice() {
        [] => Finding::bad(
            ABOUT,
            format!("Nothing at {name} introduces this node's key."),
            "Publish this record.",
        ),
        [_] if has_our_key && is_one_lineage => {
            return Finding::ok(ABOUT, "It introduces this node's key.");
        }
        _ if has_our_key && is_one_lineage => {
            let found = "This node's key is introduced, and another one of this organisation.";
            let todo = "Leave both while the node's key changes (comity keys show says how far \
                        that is); afterwards take the older one out.";
            return Finding::look(ABOUT, found, todo);
        }
        [key] => {
            let found = format!(
                "It introduces the key {}, and this node has another one.",
                BASE64.encode(key.key.as_bytes())
            );
            let todo = "Publish this record instead. If this node's keys were made anew by \
                        mistake, put node.key back from the backup: partners know the old key.";
            Finding::bad(ABOUT, found, todo)
        }
        several => {
            let found = format!("{} keys are introduced, not all of them ours.", several.len());
            Finding::bad(ABOUT, found, "Leave this record alone, and take the others out.")
        }
    }
    .publish(records.txt_line())
}

fn address(own: &Own, records: &Records, survey: &Survey) -> Finding {
    const ABOUT: &str = "address";
    let host = survey.hosts.iter().find(|h| plain(&h.host).eq_ignore_ascii_case(&own.host));
    match host.map(|host| host.addrs.as_slice()) {
        None | Some([]) => Finding::bad(
            ABOUT,
            format!("{} has no address, or its name servers do not answer.", own.host),
            "Publish an address record (A or AAAA) for it.",
        )
        .publish(records.address_line(own.seen)),
        Some(addrs) => Finding::ok(ABOUT, format!("{} is at {}.", own.host, list(addrs))),
    }
}

fn dnssec(own: &Own, survey: &Survey) -> Finding {
    const ABOUT: &str = "DNSSEC";
    let domain = &own.domain;
    match weakest(survey.txt.evidence, survey.srv.evidence) {
        Some(Evidence::Secure) if is_bare(survey) => {
            Finding::ok(ABOUT, "There are no records yet; the zone is signed, and verifies.")
        }
        Some(Evidence::Indeterminate | Evidence::Insecure) if is_bare(survey) => Finding::look(
            ABOUT,
            "There are no records yet that could be signed.",
            "Publish those above, and ask again.",
        ),
        Some(Evidence::Secure) => Finding::ok(ABOUT, "The records are signed, and verify."),
        Some(Evidence::Bogus) => Finding::bad(
            ABOUT,
            "The records should be signed, and their signatures do not verify: nobody takes them.",
            format!(
                "Look whether the DS record of {domain} at your registrar is of the key that \
                 signs the zone now, and whether the signatures have expired; then sign the zone \
                 anew. Without a way to sign it, have the DS record taken out."
            ),
        ),
        Some(Evidence::Indeterminate | Evidence::Insecure) => unsigned(own, survey),
        None if survey.txt.records.is_none() => silent(ABOUT, domain.as_str()),
        None => Finding::bad(
            ABOUT,
            "The name servers that are asked give the records, and not what proves them.",
            "Set dns.nameservers to a resolver that passes DNSSEC records on.",
        ),
    }
}

/// How bad that is hangs on what else proves the key, and whom the admin believes himself.
fn unsigned(own: &Own, survey: &Survey) -> Finding {
    const ABOUT: &str = "DNSSEC";
    const SIGN: &str = "Have your zone signed, and its DS record entered at your registrar";
    let found = "The records are not signed";
    let by_document = survey.document.as_ref().is_some_and(|document| {
        document.as_ref().is_ok_and(|document| is_introduced(own, document))
    });
    if by_document {
        let found = format!("{found}; the document under your web certificate proves the key.");
        let todo = format!("{SIGN}: then no certificate authority has a say in it.");
        return Finding::look(ABOUT, found, todo);
    }
    let (dnssec, webpki) = (own.trust.takes(Proof::Dnssec), own.trust.takes(Proof::WebPki));
    if !dnssec && !webpki {
        let found = format!("{found}: each partner has to pin this node's key by hand.");
        let todo = format!("{SIGN}, or give each partner the line that comity keys show prints.");
        return Finding::look(ABOUT, found, todo);
    }
    let found = format!("{found}, and nothing else proves this node's key to whom it is new.");
    let todo = if webpki {
        format!(
            "{SIGN}, or let https://{}/.well-known/comity give this node's document under a valid \
             certificate.",
            own.domain
        )
    } else {
        format!("{SIGN}; without that each partner has to pin this node's key.")
    };
    Finding::bad(ABOUT, found, todo)
}

fn document(own: &Own, survey: &Survey, found: &Result<Document, WebError>) -> Finding {
    const ABOUT: &str = "document";
    let url = format!("https://{}/.well-known/comity", own.domain);
    let is_needed = weakest(survey.txt.evidence, survey.srv.evidence) != Some(Evidence::Secure);
    let document = match found {
        Ok(document) => document,
        Err(error) => {
            let found = format!("{url}: {error}.");
            let todo = "Let your web server pass that path on to the node, or serve the node's \
                        answer as a file; clients find the node by it too.";
            return match is_needed {
                true => Finding::bad(ABOUT, found, todo),
                false => Finding::look(ABOUT, found, todo),
            };
        }
    };
    if document.published.key != own.published.key
        || document.published.recovery != own.published.recovery
    {
        let found = format!("{url} names another key than this node's.");
        let todo = "Let it give the answer of this node; a file has to be saved anew.";
        return Finding::bad(ABOUT, found, todo);
    }
    if !is_introduced(own, document) {
        let hosts = document.hosts.iter();
        let hosts = list(hosts.map(|host| format!("{} port {}", plain(&host.target), host.port)));
        let found = format!(
            "{url} names {hosts}, and this node is to be at {} port {}.",
            own.host, own.port
        );
        return Finding::bad(ABOUT, found, "Let it give the answer of this node.");
    }
    Finding::ok(ABOUT, format!("{url} names this node and its key."))
}

/// Whether a document names this node, with its key.
fn is_introduced(own: &Own, document: &Document) -> bool {
    let is_here = document
        .hosts
        .iter()
        .any(|host| host.port == own.port && plain(&host.target).eq_ignore_ascii_case(&own.host));
    is_here
        && document.published.key == own.published.key
        && document.published.recovery == own.published.recovery
}

fn silent(about: &str, name: &str) -> Finding {
    Finding::bad(
        about,
        format!("The name servers do not answer for {name}."),
        "Look whether the zone's name servers run, and whether this machine reaches those that it \
         asks (dns.nameservers).",
    )
}

/// Whether a record is meant to be one of ours. Anything else may stand beside it.
fn is_of_comity(record: &TxtRecord) -> bool {
    let text = record.0.concat();
    text.trim_ascii_start().starts_with(b"v=comity1")
}
