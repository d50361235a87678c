//! The way in: which node, whom to trust, and the account. Says in sentences what a person can do
//! about each refusal; the chat itself begins behind it.

use std::io::{self, IsTerminal};
use std::path::Path;

use comity_client::{Endpoint, Http, HttpError, LoggedIn, trust_pem_file};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use super::Options;
use crate::cli::Failure;

/// The node that the options name, or the one that the account's domain names.
pub(super) async fn server(options: &Options) -> Result<Http, Failure> {
    let tls = match options.trust.as_deref() {
        None => None,
        Some(path) => {
            holds_certificates(path)?;
            let trusted = trust_pem_file(path);
            Some(trusted.map_err(|error| format!("{}: {error}", path.display()))?)
        }
    };
    if let Some(url) = &options.server {
        if !url.contains("://") {
            return Err(format!(
                "--server {url} lacks its scheme: https://{url}, or http://{url} \
                                for a node on this machine"
            )
            .into());
        }
        let endpoint = Endpoint { url: url.clone(), priority: 0, weight: 0 };
        return Ok(Http::with_endpoints(&[endpoint], tls)?);
    }
    match options.user.rsplit_once('@') {
        Some((_, domain)) => {
            let found = Http::discover_at(&format!("https://{domain}"), tls).await;
            found.map_err(|error| explained(&error, options))
        }
        None => Err("which node? Give --server URL, or --user name@domain".into()),
    }
}

/// Logs in, with a new account where one is to be made.
pub(super) async fn log_in(http: &Http, options: &Options) -> Result<LoggedIn, Failure> {
    let password = match &options.password {
        Some(password) => password.clone(),
        None if io::stdin().is_terminal() => rpassword::prompt_password("password: ")?,
        None => return Err("no password: set COMITY_PASSWORD, or give --password".into()),
    };
    let logged_in = if options.sign_up {
        let name = options.user.split('@').next().unwrap_or_default();
        http.sign_up(name, &password, options.invite.as_deref(), DEVICE_NAME).await
    } else {
        http.log_in(&options.user, &password, DEVICE_NAME).await
    };
    logged_in.map_err(|error| explained(&error, options))
}

fn holds_certificates(path: &Path) -> Result<(), Failure> {
    let named = |what: String| format!("--trust {}: {what}", path.display());
    let certificates = CertificateDer::pem_file_iter(path).map_err(|e| named(e.to_string()))?;
    let mut count = 0;
    for certificate in certificates {
        certificate.map_err(|error| named(error.to_string()))?;
        count += 1;
    }
    if count == 0 {
        let hint = "there is no certificate in it; a PEM file has -----BEGIN CERTIFICATE-----";
        return Err(named(hint.to_owned()).into());
    }
    Ok(())
}

fn explained(error: &HttpError, options: &Options) -> Failure {
    let text = super::text::clean(&error.to_string());
    if text.contains("CaUsedAsEndEntity") {
        return format!(
            "{text}\nThe node shows a certificate that is marked as an authority's, which clients \
             refuse. Make it again with: openssl req -x509 … -addext \
             basicConstraints=critical,CA:FALSE"
        )
        .into();
    }
    if options.sign_up && options.invite.is_none() && error.code() == Some("invite_token_invalid") {
        return "this node needs an invite to sign up: ask its admin for one (comity user invite) \
                and give --invite TOKEN"
            .into();
    }
    text.into()
}

/// What the user sees in the list of devices.
const DEVICE_NAME: &str = "comity chat";

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: Options,
    }

    #[test]
    fn an_authoritys_certificate_is_explained() {
        let options = Line::parse_from(["chat", "--user", "alice"]).options;
        let refused = "invalid peer certificate: Other(OtherError(CaUsedAsEndEntity))";
        let said = explained(&HttpError::Unreachable(refused.to_owned()), &options).to_string();
        assert!(said.contains("basicConstraints=critical,CA:FALSE"), "{said}");
    }

    #[test]
    fn a_file_without_a_certificate_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("chain.pem");
        let missing = holds_certificates(&path).unwrap_err().to_string();
        assert!(missing.contains("chain.pem"), "{missing}");
        for text in ["", "hello", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"]
        {
            std::fs::write(&path, text).unwrap();
            let said = holds_certificates(&path).unwrap_err().to_string();
            assert!(said.contains("chain.pem: there is no certificate in it"), "{said}");
        }
    }
}
