//! What routes take from a request: who asks, a JSON body, a query, a path. Each refuses in the
//! API's own shape; none must look at what the values mean.

use std::error::Error;
use std::str::from_utf8;

use axum::body::{Bytes, HttpBody};
use axum::extract::{FromRequest, FromRequestParts, Path, Query, Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use comity_protocol::code::Code;
use http_body_util::{BodyExt, Limited};
use percent_encoding::percent_decode_str;
use serde::de::DeserializeOwned;

use crate::backend::{Backend, Caller, Refusal};
use crate::model::{json_object, malformed, refusal, with_separators};
use crate::routes::Api;
use crate::settings::{BODY_BYTES_MAX, IMAGE_BODY_BYTES_MAX, TEXT_BODY_BYTES_MAX};

/// The holder of the request's token. Counts the request: his, or, without a valid token, that of
/// the address.
pub struct Authenticated(pub Caller);

impl<B: Backend> FromRequestParts<Api<B>> for Authenticated {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Api<B>) -> Result<Self, Refusal> {
        let asker = api.gate.asker(&parts.headers, &parts.extensions);
        let known = match bearer(&parts.headers) {
            Some(token) => api.backend.authenticate(token).await,
            None => Err(Code::TokenInvalid.into()),
        };
        match known {
            Ok(caller) => {
                api.gate.at_home(&caller, asker);
                api.gate.admit_account(&caller).map(|()| Self(caller))
            }
            Err(refusal) => {
                api.gate.admit_stranger(asker)?;
                Err(refusal)
            }
        }
    }
}

/// A JSON body. Its Content-Type is not asked for: there is only one.
pub struct JsonBody<T>(pub T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for JsonBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        json(&body(request, BODY_BYTES_MAX).await?).map(Self)
    }
}

/// A JSON body that may be as long as the longest text.
pub(crate) struct TextBody<T>(pub(crate) T);

impl<T: DeserializeOwned, S: Sync> FromRequest<S> for TextBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        json(&body(request, TEXT_BODY_BYTES_MAX).await?).map(Self)
    }
}

/// A JSON body that may be left out.
pub(crate) struct OptionalBody<T>(pub(crate) T);

impl<T: DeserializeOwned + Default, S: Sync> FromRequest<S> for OptionalBody<T> {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        let bytes = body(request, BODY_BYTES_MAX).await?;
        if bytes.is_empty() { Ok(Self(T::default())) } else { json(&bytes).map(Self) }
    }
}

/// An image as it is uploaded.
pub(crate) struct ImageBody(pub(crate) Bytes);

impl<S: Sync> FromRequest<S> for ImageBody {
    type Rejection = Refusal;

    async fn from_request(request: Request, _: &S) -> Result<Self, Refusal> {
        body(request, IMAGE_BODY_BYTES_MAX).await.map(Self)
    }
}

/// The query.
pub struct QueryOf<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for QueryOf<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Refusal> {
        let query = parts.uri.query().unwrap_or_default();
        if percent_decode_str(query).decode_utf8().is_err() {
            return Err(malformed("The query is not percent-encoded UTF-8."));
        }
        Query::try_from_uri(&parts.uri).map(|Query(query)| Self(query)).map_err(|error| {
            let why = error.source().map_or_else(|| error.to_string(), ToString::to_string);
            malformed(format!("The query could not be read: {why}."))
        })
    }
}

/// The path's variable segments, percent-decoded.
pub struct PathOf<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for PathOf<T> {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, Refusal> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(path)) => Ok(Self(path)),
            Err(_) => Err(malformed("The path is not percent-encoded UTF-8.")),
        }
    }
}

/// The backend as routes take it.
pub type ApiState<B> = State<Api<B>>;

/// The token of an `Authorization: Bearer …` header.
pub(crate) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    let token = token.trim();
    let plausible = scheme.eq_ignore_ascii_case("bearer") && !token.is_empty();
    plausible.then_some(token)
}

/// A body that is too large is left where it is; `leftover` sees to the rest of it.
async fn body(request: Request, bytes_max: usize) -> Result<Bytes, Refusal> {
    let body = request.into_body();
    let announced = body.size_hint().lower();
    if announced > bytes_max as u64 {
        return Err(too_large(bytes_max));
    }
    match Limited::new(body, bytes_max).collect().await {
        Ok(collected) => Ok(collected.to_bytes()),
        Err(e) if e.is::<http_body_util::LengthLimitError>() => Err(too_large(bytes_max)),
        Err(_) => Err(malformed("The body did not arrive whole.")),
    }
}

fn too_large(bytes_max: usize) -> Refusal {
    let max = with_separators(bytes_max);
    refusal(Code::TooLarge, format!("The body is larger than {max} bytes."))
}

fn json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Refusal> {
    let text = from_utf8(bytes).map_err(|e| {
        let sentence = format!("The body is not valid UTF-8 at byte {}.", e.valid_up_to());
        refusal(Code::TextNotUtf8, sentence)
    })?;
    json_object(text)
}
