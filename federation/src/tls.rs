//! How two nodes prove their keys: TLS 1.3 with self-signed certificates, of which only the key is
//! compared (`docs/protocol/` section 8). No authority, name or date in a certificate means
//! anything here.
//!
//! Who dials knows which key to expect and takes no other. Who is dialled takes any Ed25519 key,
//! since the hello, not the handshake, says which domain the peer claims to be; the caller then
//! checks it.

use std::sync::{Arc, OnceLock};

use comity_identity::NodeKey;
use comity_protocol::key::NodePublicKey;
use quinn::crypto::rustls::{QuicClientConfig, QuicServerConfig};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ParsedCertificate};
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::{
    CertificateError, DigitallySignedStruct, DistinguishedName, Error, SignatureAlgorithm,
    SignatureScheme,
};

/// The protocol that both ends have to name (RFC 7301).
const ALPN: &[u8] = b"comity/1";
/// QUIC needs some name; nobody looks at it and it is not sent.
pub(crate) const SERVER_NAME: &str = "node.comity.invalid";
/// What precedes an Ed25519 key in its SubjectPublicKeyInfo (RFC 8410 section 4).
const SPKI_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0];

/// This node's side of every handshake.
#[derive(Debug)]
pub(crate) struct TlsIdentity {
    certified: Arc<SingleCertAndKey>,
    provider: Arc<CryptoProvider>,
}

/// The key that the dialled end showed, also where it was not the expected one.
pub(crate) type ShownKey = Arc<OnceLock<NodePublicKey>>;

impl TlsIdentity {
    pub(crate) fn new(node_key: Arc<NodeKey>) -> Result<Self, rcgen::Error> {
        let public = *node_key.public().as_bytes();
        let key = TlsKey { node_key, public };
        let params = rcgen::CertificateParams::new(vec![SERVER_NAME.to_owned()])?;
        let certificate = params.self_signed(&key)?.der().clone();
        let certified = CertifiedKey::new(vec![certificate], Arc::new(key));
        Ok(Self {
            certified: Arc::new(SingleCertAndKey::from(certified)),
            provider: Arc::new(rustls::crypto::ring::default_provider()),
        })
    }

    /// The dialled end: demands a certificate.
    pub(crate) fn server(&self) -> Result<Arc<QuicServerConfig>, Error> {
        let verifier = AnyPeer { provider: self.provider.clone() };
        let mut config = rustls::ServerConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .with_client_cert_verifier(Arc::new(verifier))
            .with_cert_resolver(self.certified.clone());
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.session_storage = Arc::new(NoServerSessionStorage {});
        config.send_tls13_tickets = 0;
        QuicServerConfig::try_from(config).map(Arc::new).map_err(|_| no_initial_suite())
    }

    /// The dialling end: takes the expected keys only.
    pub(crate) fn client(
        &self,
        expected: Vec<NodePublicKey>,
    ) -> Result<(Arc<QuicClientConfig>, ShownKey), Error> {
        let shown = ShownKey::default();
        let verifier = OnePeer { expected, shown: shown.clone(), provider: self.provider.clone() };
        let mut config = rustls::ClientConfig::builder_with_provider(self.provider.clone())
            .with_protocol_versions(&[&rustls::version::TLS13])?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(verifier))
            .with_client_cert_resolver(self.certified.clone());
        config.alpn_protocols = vec![ALPN.to_vec()];
        config.resumption = rustls::client::Resumption::disabled();
        config.enable_sni = false;
        let config = QuicClientConfig::try_from(config).map_err(|_| no_initial_suite())?;
        Ok((Arc::new(config), shown))
    }
}

/// The key that the other end of a connection has proven.
pub(crate) fn peer_key(connection: &quinn::Connection) -> Option<NodePublicKey> {
    let identity = connection.peer_identity()?.downcast::<Vec<CertificateDer<'static>>>().ok()?;
    certificate_key(identity.first()?).ok()
}

fn no_initial_suite() -> Error {
    Error::General("the provider lacks the cipher suite of QUIC's first packets".into())
}

fn certificate_key(certificate: &CertificateDer<'_>) -> Result<NodePublicKey, Error> {
    let parsed = ParsedCertificate::try_from(certificate)?;
    let spki = parsed.subject_public_key_info();
    let bytes = spki.strip_prefix(&SPKI_PREFIX).and_then(|key| key.try_into().ok());
    let key = bytes.and_then(|bytes: &[u8; 32]| NodePublicKey::from_bytes(bytes).ok());
    key.ok_or(Error::InvalidCertificate(CertificateError::BadEncoding))
}

/// The node key as rustls and rcgen want to see it; the secret stays where it is.
#[derive(Clone, Debug)]
struct TlsKey {
    node_key: Arc<NodeKey>,
    public: [u8; 32],
}

impl SigningKey for TlsKey {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        let offers = offered.contains(&SignatureScheme::ED25519);
        offers.then(|| Box::new(self.clone()) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for TlsKey {
    /// TLS separates its signatures from ours by its own context string (RFC 8446 section 4.4.3).
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(self.node_key.sign(message).to_vec())
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

impl rcgen::PublicKeyData for TlsKey {
    fn der_bytes(&self) -> &[u8] {
        &self.public
    }

    fn algorithm(&self) -> &'static rcgen::SignatureAlgorithm {
        &rcgen::PKCS_ED25519
    }
}

impl rcgen::SigningKey for TlsKey {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, rcgen::Error> {
        Ok(self.node_key.sign(message).to_vec())
    }
}

/// Takes the keys of one organisation.
#[derive(Debug)]
struct OnePeer {
    expected: Vec<NodePublicKey>,
    shown: ShownKey,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for OnePeer {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let key = certificate_key(certificate)?;
        // A handshake shows one certificate, so this is the first.
        let _ = self.shown.set(key);
        if self.expected.contains(&key) {
            Ok(ServerCertVerified::assertion())
        } else {
            Err(Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
        }
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::PeerIncompatible(rustls::PeerIncompatible::Tls12NotOffered))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}

/// Takes any usable Ed25519 key, but demands one.
#[derive(Debug)]
struct AnyPeer {
    provider: Arc<CryptoProvider>,
}

impl ClientCertVerifier for AnyPeer {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        certificate: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        certificate_key(certificate).map(|_| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::PeerIncompatible(rustls::PeerIncompatible::Tls12NotOffered))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let algorithms = &self.provider.signature_verification_algorithms;
        verify_tls13_signature(message, certificate, signed, algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
