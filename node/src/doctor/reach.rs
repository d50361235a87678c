//! Whether addresses answer by UDP: a partner's from here, and ours from outside.

use std::net::SocketAddr;
use std::time::Duration;

use comity_federation::ConnectError;
use comity_protocol::code::Code;
use comity_protocol::name::ServerName;
use comity_protocol::probe::{Probed, Tried};
use data_encoding::BASE64;

use super::{Knock, in_words};
use crate::admin::{Finding, Grade};

const REACHED: &str = "UDP";
const OUTSIDE: &str = "from outside";

/// What became of dialling each address of a partner.
pub(crate) fn reached(domain: &ServerName, knocks: &[Knock]) -> Vec<Finding> {
    let finding = |(addr, outcome): &Knock| match outcome {
        Ok(took) => Finding::ok(
            REACHED,
            format!("{addr}/udp answers within {} ms, with the right key.", ms(*took)),
        ),
        Err(ConnectError::WrongKey(key)) => Finding::bad(
            REACHED,
            format!(
                "Another node answers at {addr}/udp: it shows the key {}.",
                BASE64.encode(key.as_bytes())
            ),
            format!("The admin of {domain} has to put its address or its key in DNS right."),
        ),
        Err(ConnectError::Address) => Finding::look(
            REACHED,
            format!("{addr}/udp cannot be tried from the socket of this node."),
            "Let federation.listen be an address of that family too; [::] is for both.",
        ),
        Err(error) => {
            Finding::bad(REACHED, format!("{addr}/udp: {error}."), open_both(domain, *addr))
        }
    };
    soften(knocks.iter().map(finding).collect())
}

/// What a partner says of dialling this node.
pub(crate) fn outside(by: &ServerName, probed: &Probed) -> Vec<Finding> {
    let code = probed.code.map(|code| Code::from_number(code).unwrap_or(Code::Internal));
    match code {
        Some(Code::RateLimited | Code::Overloaded) => {
            let found = format!("{by} has dialled this node, or others, just now.");
            return vec![Finding::look(OUTSIDE, found, "Ask again in a minute.")];
        }
        Some(code) => {
            let found = format!("{by} does not find this node ({}).", in_words(code));
            let todo = "See what is said of the records; what is right now may be seen by others \
                        after an hour.";
            return vec![Finding::bad(OUTSIDE, found, todo)];
        }
        None => {}
    }
    let finding = |tried: &Tried| {
        let addr = tried.address.socket()?;
        let code = tried.code.map(|code| Code::from_number(code).unwrap_or(Code::Internal));
        Some(match code {
            None => Finding::ok(
                OUTSIDE,
                format!(
                    "{by} reached {addr}/udp by a fresh connection within {} ms, and met this \
                     node's key.",
                    tried.took_ms
                ),
            ),
            Some(Code::PeerNameMismatch) => Finding::bad(
                OUTSIDE,
                format!("{by} met another node at {addr}/udp: it shows another key."),
                "Put the address in DNS right, or the key that the records name.",
            ),
            Some(_) => Finding::bad(
                OUTSIDE,
                format!("{by} gets no answer from {addr}/udp."),
                format!(
                    "Open UDP port {port} for connections from outside: in the firewall of this \
                     machine and of its network; and have the router pass it on to this machine. \
                     If this node is not at {ip}, put the record right.",
                    port = addr.port(),
                    ip = addr.ip()
                ),
            ),
        })
    };
    let findings: Vec<Finding> = probed.tried.iter().filter_map(finding).collect();
    if findings.is_empty() {
        let found = format!("{by} found no address of this node to dial.");
        return vec![Finding::bad(OUTSIDE, found, "See what is said of the records.")];
    }
    soften(findings)
}

/// Where one address works, the others are worth a look.
fn soften(mut findings: Vec<Finding>) -> Vec<Finding> {
    if findings.iter().any(|finding| finding.grade == Grade::Ok) {
        for finding in findings.iter_mut().filter(|finding| finding.grade == Grade::Bad) {
            finding.grade = Grade::Look;
        }
    }
    findings
}

fn open_both(domain: &ServerName, addr: SocketAddr) -> String {
    format!(
        "UDP port {} has to be open in both firewalls: for connections from outside at {domain}, \
         and for connections to outside, with their answers, here. Ask its admin whether its node \
         runs, and for what comity doctor says there.",
        addr.port()
    )
}

fn ms(took: Duration) -> u128 {
    took.as_millis().max(1)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    #[test]
    fn an_address_that_does_not_answer_beside_one_that_does_is_worth_a_look() {
        let domain: ServerName = "globex.example".parse().unwrap();
        let [good, silent] = ["192.0.2.7:4433", "[2001:db8::7]:4433"].map(|a| a.parse().unwrap());
        let silent = (silent, Err(ConnectError::TimedOut));
        let both = reached(&domain, &[(good, Ok(Duration::from_millis(12))), silent]);
        assert_eq!(both.iter().map(|f| f.grade).collect::<Vec<_>>(), [Grade::Ok, Grade::Look]);
        assert!(both[1].found.contains("[2001:db8::7]:4433/udp"), "it is named: {both:?}");
        let alone = reached(&domain, &[silent]);
        assert_eq!(alone[0].grade, Grade::Bad);
        assert!(alone[0].todo.as_ref().unwrap().contains("UDP port 4433 has to be open"));
    }
}
