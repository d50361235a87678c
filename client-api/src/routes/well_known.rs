//! Where clients connect, and what other nodes need to know this one (`docs/protocol/` section
//! 8.1). Without a list from the node, clients connect where this document was asked from. It must
//! not decide what proves a key.

use axum::extract::State;
use axum::http::{Extensions, HeaderMap, StatusCode, header};
use axum::response::Response;

use super::json;
use crate::backend::{Backend, Endpoint};
use crate::extract::ApiState;
use crate::model::WellKnownAnswer;
use crate::serve::Encrypted;

/// `GET /.well-known/comity`
pub(crate) async fn show<B: Backend>(
    State(api): ApiState<B>,
    extensions: Extensions,
    headers: HeaderMap,
) -> Response {
    let mut endpoints = api.backend.endpoints();
    if endpoints.is_empty() {
        endpoints.extend(asked_at(&extensions, &headers));
    }
    let answer = WellKnownAnswer {
        version: 1,
        domain: api.backend.domain().to_string(),
        endpoints: endpoints.into_iter().map(Into::into).collect(),
        node: api.backend.introduction().into(),
    };
    json(StatusCode::OK, &answer)
}

fn asked_at(extensions: &Extensions, headers: &HeaderMap) -> Option<Endpoint> {
    let host = headers.get(header::HOST)?.to_str().ok()?;
    let scheme = if extensions.get::<Encrypted>().is_some() { "https" } else { "http" };
    Some(Endpoint { url: format!("{scheme}://{host}"), priority: 10, weight: 1 })
}
