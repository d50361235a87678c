//! A bare QUIC client for tests, under a key of their choice: it does with streams what no link of
//! ours does.

use std::net::Ipv4Addr;
use std::sync::Arc;

use comity_protocol::code::Code;
use comity_protocol::frame::Frame;
use quinn::crypto::rustls::QuicClientConfig;
use quinn::{ConnectionError, RecvStream, SendStream};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer, ServerName, UnixTime};
use rustls::{DigitallySignedStruct, Error, SignatureScheme};

use super::rogue::{Rogue, SEED};
use super::world::{Home, soon};
use crate::writer::tests::story::seed_of;

/// The protocol that both ends have to name.
pub(super) const ALPN: &[u8] = b"comity/1";
/// What precedes an Ed25519 seed in PKCS #8 (RFC 8410 section 7).
const PKCS8_PREFIX: [u8; 16] =
    [0x30, 0x2e, 0x02, 0x01, 0, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

/// A link that is up.
pub(super) struct Raw {
    pub(super) connection: quinn::Connection,
    pub(super) saying: SendStream,
    pub(super) hearing: RecvStream,
}

impl Raw {
    /// Goes through the hello of the rogue whose key the node knows.
    pub(super) async fn links(rogue: &Rogue, home: &Home) -> Self {
        let connection = soon(dial(home, Some(SEED), ALPN)).await.unwrap();
        let mut saying = connection.open_uni().await.unwrap();
        saying.write_all(&[1]).await.unwrap();
        saying.write_all(&framed(&Frame::Hello(rogue.hello(home)))).await.unwrap();
        let mut hearing = soon(connection.accept_uni()).await.unwrap();
        let mut head = [0; 5];
        soon(hearing.read_exact(&mut head)).await.unwrap();
        let length = u32::from_be_bytes(head[1..].try_into().unwrap());
        let mut hello = vec![0; length as usize];
        soon(hearing.read_exact(&mut hello)).await.unwrap();
        assert!(matches!(Frame::decode(&hello).unwrap(), Frame::Hello(_)));
        Self { connection, saying, hearing }
    }

    /// Opens another stream and says something on it.
    pub(super) async fn opens(&self, bytes: &[u8]) -> SendStream {
        let mut stream = soon(self.connection.open_uni()).await.unwrap();
        stream.write_all(bytes).await.unwrap();
        stream
    }

    /// How the node ends the link.
    pub(super) async fn ends(&self) -> Code {
        code_of(&soon(self.connection.closed()).await)
    }
}

/// The code of a close.
pub(super) fn code_of(error: &ConnectionError) -> Code {
    let ConnectionError::ApplicationClosed(close) = error else { panic!("{error:?}") };
    Code::from_number(close.error_code.into_inner().try_into().unwrap()).unwrap()
}

/// A frame as it stands on a stream.
pub(super) fn framed(frame: &Frame) -> Vec<u8> {
    let bytes = frame.encode();
    let length = u32::try_from(bytes.len()).unwrap().to_be_bytes();
    [&length[..], &bytes].concat()
}

/// Dials a node under the key of a seed, or without any.
pub(super) async fn dial(
    home: &Home,
    seed: Option<u8>,
    alpn: &[u8],
) -> Result<quinn::Connection, ConnectionError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_protocol_versions(&[&rustls::version::TLS13])
        .unwrap()
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(Anybody));
    let mut config = match seed {
        Some(seed) => {
            let key = PrivatePkcs8KeyDer::from([&PKCS8_PREFIX[..], &seed_of(seed)].concat());
            let pair = rcgen::KeyPair::try_from(&key).unwrap();
            let params = rcgen::CertificateParams::new(vec!["raw.test".to_owned()]).unwrap();
            let certificate = params.self_signed(&pair).unwrap().der().clone();
            builder.with_client_auth_cert(vec![certificate], key.into()).unwrap()
        }
        None => builder.with_no_client_auth(),
    };
    config.alpn_protocols = vec![alpn.to_vec()];
    let config = quinn::ClientConfig::new(Arc::new(QuicClientConfig::try_from(config).unwrap()));
    let endpoint = quinn::Endpoint::client((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
    endpoint.connect_with(config, home.node.federation_addr, "raw.test").unwrap().await
}

#[derive(Debug)]
struct Anybody;

impl ServerCertVerifier for Anybody {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn verify_tls13_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Ok(HandshakeSignatureValid::assertion())
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        vec![SignatureScheme::ED25519]
    }
}
