//! What a partner's domain publishes, and what this node makes of it.

use std::net::IpAddr;

use comity_federation::{DiscoverError, Evidence, Survey};
use comity_protocol::code::Code;
use comity_protocol::name::ServerName;
use data_encoding::BASE64;

use super::{is_bare, list, plain, proof_text, weakest};
use crate::admin::Finding;

/// Looks at its records and at their proof. `is_known` says whether this node knows the domain by
/// another lineage.
pub(crate) fn examine(domain: &ServerName, survey: &Survey, is_another: bool) -> Vec<Finding> {
    let mut findings = vec![records(domain, survey)];
    findings.extend(addresses(survey));
    findings.push(dnssec(domain, survey));
    findings.push(proof(domain, survey, is_another));
    findings
}

fn records(domain: &ServerName, survey: &Survey) -> Finding {
    const ABOUT: &str = "records";
    let (Some(srv), Some(txt)) = (&survey.srv.records, &survey.txt.records) else {
        return Finding::bad(
            ABOUT,
            format!("The name servers do not answer for {domain}."),
            "Look whether this machine reaches the name servers that it asks (dns.nameservers); \
             if others are found, its admin has to look at those of the zone.",
        );
    };
    let offered = srv.iter().filter(|record| record.target != "." && record.port != 0);
    let places: Vec<String> =
        offered.map(|record| format!("{} port {}", plain(&record.target), record.port)).collect();
    let lacking: Vec<&str> = [(places.is_empty(), "SRV"), (txt.is_empty(), "TXT")]
        .into_iter()
        .filter_map(|(is_lacking, name)| is_lacking.then_some(name))
        .collect();
    if lacking.is_empty() {
        return Finding::ok(ABOUT, format!("{domain} publishes a key, and {}.", list(places)));
    }
    // The document may say the same.
    if let Ok(introduced) = &survey.introduced {
        let hosts = introduced.targets.iter().map(|target| plain(&target.host));
        return Finding::ok(ABOUT, format!("Its document names {}.", list(hosts)));
    }
    let found = format!("{domain} publishes no {} record.", lacking.join(" and no "));
    let todo = "Its admin has to publish what comity dns prints there.";
    Finding::bad(ABOUT, found, todo)
}

/// Hosts without an address; where another one has some, the node may be reached all the same.
fn addresses(survey: &Survey) -> Vec<Finding> {
    const ABOUT: &str = "address";
    let has_any = survey.hosts.iter().any(|host| !host.addrs.is_empty());
    let finding = |host: &str, addrs: &[IpAddr]| match (addrs, has_any) {
        ([], true) => Finding::look(
            ABOUT,
            format!("{host} has no address."),
            "Its admin has to publish one, or take the host out.",
        ),
        ([], false) => Finding::bad(
            ABOUT,
            format!("{host} has no address, or its name servers do not answer."),
            "Its admin has to publish an address record (A or AAAA) for it.",
        ),
        (addrs, _) => Finding::ok(ABOUT, format!("{host} is at {}.", list(addrs))),
    };
    survey.hosts.iter().map(|host| finding(plain(&host.host), &host.addrs)).collect()
}

fn dnssec(domain: &ServerName, survey: &Survey) -> Finding {
    const ABOUT: &str = "DNSSEC";
    match weakest(survey.txt.evidence, survey.srv.evidence) {
        Some(Evidence::Secure) if is_bare(survey) => {
            Finding::ok(ABOUT, "It has no records; its zone is signed, and verifies.")
        }
        Some(Evidence::Indeterminate | Evidence::Insecure)
            if is_bare(survey) && survey.introduced.is_err() =>
        {
            Finding::bad(
                ABOUT,
                "It has no records that could be signed.",
                "Its admin has to publish them first; see the records above.",
            )
        }
        Some(Evidence::Secure) => Finding::ok(ABOUT, "Its records are signed, and verify."),
        Some(Evidence::Bogus) => Finding::bad(
            ABOUT,
            "Its records should be signed, and their signatures do not verify.",
            format!(
                "Its admin has to look at the zone: comity doctor says there what to do. If \
                 others find {domain} well signed, somebody between answers in its place."
            ),
        ),
        Some(Evidence::Indeterminate | Evidence::Insecure) if survey.introduced.is_ok() => {
            Finding::look(
                ABOUT,
                "Its records are not signed; something else proves its key.",
                "Its admin can have the zone signed.",
            )
        }
        Some(Evidence::Indeterminate | Evidence::Insecure) => Finding::bad(
            ABOUT,
            "Its records are not signed.",
            "Its admin has to have the zone signed, or to let its document be had under a valid \
             web certificate; or pin its key here (federation.pins).",
        ),
        None => Finding::bad(
            ABOUT,
            "What would prove its records does not come.",
            "Look whether the resolver that this node asks passes DNSSEC records on \
             (dns.nameservers).",
        ),
    }
}

fn proof(domain: &ServerName, survey: &Survey, is_another: bool) -> Finding {
    const ABOUT: &str = "key";
    let introduction = match &survey.introduced {
        Ok(introduced) => &introduced.introduction,
        Err(error) => return unproven(domain, *error),
    };
    let key = BASE64.encode(introduction.key.as_bytes());
    if is_another {
        let found = format!(
            "{domain} publishes the key {key}, and this node knows it by another one \
             (domain_key_changed)."
        );
        let todo = "Ask its admin what happened. Where its node.key was lost, it is another \
                    organisation now; where not, somebody else publishes in its place.";
        return Finding::bad(ABOUT, found, todo);
    }
    Finding::ok(ABOUT, format!("{key}, proven by {}.", proof_text(introduction.proof)))
}

fn unproven(domain: &ServerName, error: DiscoverError) -> Finding {
    let code = error.code();
    let todo = match code {
        Code::DomainBogus => "Nothing is believed of it while that is so; see DNSSEC above.",
        Code::DomainKeyChanged => {
            "Compare its key with your pin: one of them is wrong. Ask its admin on another way."
        }
        Code::DomainNotFound => "See the records above; look whether the domain is spelt rightly.",
        Code::DomainUnproven => {
            "Its admin has to give a proof that federation.trust takes here, or you pin its key."
        }
        _ => "Try again; if it stays so, look at the name servers and at its web server.",
    };
    Finding::bad("key", format!("Nothing proves the key of {domain} ({code}): {error}."), todo)
}
