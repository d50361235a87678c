//! What came of each way to prove a domain's key, where none did: the code that users see, and the
//! words that help an admin. Asks nobody.

use std::fmt;

use comity_discovery::{IntroduceError, Policy, Proof};
use comity_protocol::code::Code;
use comity_protocol::name::ServerName;

use super::web::WebError;

/// No proof of a domain's key was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NoProof {
    /// What came of the DNS records, which DNSSEC or a pin might have proven.
    pub records: RecordsFault,
    /// What came of the well-known document.
    pub document: DocumentOutcome,
    /// What the admin himself says about the domain.
    pub pin: PinUse,
}

/// Why DNS records do not introduce a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordsFault {
    /// What they say, or that nothing proves it.
    Introduce(IntroduceError),
    /// The name servers did not answer, or not usably.
    Unanswered,
}

/// What came of a domain's document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DocumentOutcome {
    /// It was asked for, and does not introduce the node.
    Failed(WebError),
    /// The records left nothing open, so it was not asked for.
    NotAsked,
    /// The admin takes no document for a proof.
    NotTrusted,
}

/// Whether the admin has pinned a domain's key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PinUse {
    /// There is no pin.
    None,
    /// There is one, but the admin takes no pin for a proof.
    NotTrusted,
    /// There is one, and it is the proof of what records or document say.
    Set,
}

impl PinUse {
    pub(super) fn of(domain: &ServerName, policy: &Policy) -> Self {
        match policy.pins.0.contains_key(domain) {
            true if policy.trust.takes(Proof::Pin) => Self::Set,
            true => Self::NotTrusted,
            false => Self::None,
        }
    }
}

impl RecordsFault {
    /// Whether the document may still introduce the node. Silence leaves nothing open: else whoever
    /// can drop DNS answers would choose which proof counts.
    pub(super) fn leaves_open(self) -> bool {
        matches!(self, Self::Introduce(error) if error.leaves_open())
    }

    const fn code(self) -> Code {
        match self {
            Self::Introduce(error) => error.code(),
            Self::Unanswered => Code::DomainUnreachable,
        }
    }
}

impl NoProof {
    /// The code that users see.
    pub const fn code(self) -> Code {
        let DocumentOutcome::Failed(error) = self.document else { return self.records.code() };
        let unproven = matches!(self.records, RecordsFault::Introduce(IntroduceError::Unproven));
        match error {
            WebError::Introduce(error) => error.code(),
            _ if unproven || error.is_of_somebody_else() => Code::DomainUnproven,
            _ if error.is_passing() => Code::DomainUnreachable,
            _ => Code::DomainNotFound,
        }
    }
}

impl fmt::Display for NoProof {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { records, document, pin } = self;
        match pin {
            PinUse::Set => write!(f, "pin: {records}; webpki: {document}"),
            PinUse::None => write!(f, "dnssec: {records}; webpki: {document}; pin: none is set"),
            PinUse::NotTrusted => {
                let pin = IntroduceError::NotTrusted;
                write!(f, "dnssec: {records}; webpki: {document}; pin: {pin}")
            }
        }
    }
}

impl fmt::Display for RecordsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Introduce(error) => error.fmt(f),
            Self::Unanswered => f.write_str("the name servers did not answer"),
        }
    }
}

impl fmt::Display for DocumentOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Failed(error) => error.fmt(f),
            Self::NotAsked => f.write_str("not asked for"),
            Self::NotTrusted => IntroduceError::NotTrusted.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resolver::web::CertificateFault;
    use IntroduceError::*;
    use comity_discovery::DocumentError;

    fn no_proof(records: IntroduceError, document: DocumentOutcome) -> NoProof {
        NoProof { records: RecordsFault::Introduce(records), document, pin: PinUse::None }
    }

    #[test]
    fn the_code_is_the_most_telling_one() {
        use Code::*;
        let expired = WebError::Certificate(CertificateFault::Expired);
        let other = WebError::Document(DocumentError::OtherDomain);
        for (records, web, code) in [
            (NotPublished, WebError::NoAddress, DomainNotFound),
            (NotPublished, WebError::Status(404), DomainNotFound),
            (NotPublished, WebError::Redirect, DomainNotFound),
            (NotPublished, WebError::Unreachable, DomainUnreachable),
            (NotPublished, WebError::TooSlow, DomainUnreachable),
            (NotPublished, expired, DomainUnproven),
            (NotPublished, other, DomainUnproven),
            (NotPublished, WebError::Introduce(Contradicted), DomainKeyChanged),
            (Unproven, WebError::Unreachable, DomainUnproven),
            (Unproven, WebError::Status(404), DomainUnproven),
            (Unproven, WebError::Introduce(PinMismatch), DomainKeyChanged),
            (NotTrusted, WebError::Unreachable, DomainUnreachable),
            (NotTrusted, WebError::Status(404), DomainNotFound),
        ] {
            let refused = no_proof(records, DocumentOutcome::Failed(web));
            assert_eq!(refused.code(), code, "{refused}");
        }
        for (records, code) in
            [(NotPublished, DomainNotFound), (NotTrusted, DomainUnproven), (Bogus, DomainBogus)]
        {
            assert_eq!(no_proof(records, DocumentOutcome::NotTrusted).code(), code);
        }
    }

    #[test]
    fn every_proof_and_its_fault_is_named() {
        let web = WebError::Certificate(CertificateFault::Expired);
        let mut refused = no_proof(Unproven, DocumentOutcome::Failed(web));
        let said = "dnssec: the domain's records are not signed; webpki: the web server's \
                    certificate has expired; pin: none is set";
        assert_eq!(refused.to_string(), said);
        refused.document = DocumentOutcome::NotTrusted;
        refused.pin = PinUse::NotTrusted;
        let said = "dnssec: the domain's records are not signed; webpki: left out of \
                    federation.trust; pin: left out of federation.trust";
        assert_eq!(refused.to_string(), said);
        refused.records = RecordsFault::Introduce(PinMismatch);
        refused.document = DocumentOutcome::NotAsked;
        refused.pin = PinUse::Set;
        let said = "pin: the domain publishes another key than the one that is pinned; webpki: \
                    not asked for";
        assert_eq!(refused.to_string(), said);
    }
}
