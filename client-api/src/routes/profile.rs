//! What accounts show of themselves: the caller's own, others', their avatars, and the directory of
//! this node's accounts.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, put};
use comity_protocol::code::Code;

use super::{Api, json};
use crate::backend::{Action, Backend, Refusal};
use crate::extract::{ApiState, Authenticated, ImageBody, JsonBody, PathOf, QueryOf};
use crate::model::{
    DirectoryQuery, DisplayNameRequest, NonceQuery, ProfilesAnswer, Sought, StatusAnswer,
    asked_accounts, avatar_text, label,
};

/// The resources.
pub(super) fn routes<B: Backend>() -> Router<Api<B>> {
    Router::new()
        .route("/v1/me/display_name", put(set_display_name::<B>))
        .route("/v1/me/avatar", put(set_avatar::<B>).delete(remove_avatar::<B>))
        .route("/v1/profiles", get(list::<B>))
        .route("/v1/avatars/{account}", get(avatar::<B>))
        .route("/v1/directory", get(directory::<B>))
}

/// `PUT /v1/me/display_name`
async fn set_display_name<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<DisplayNameRequest>,
) -> Result<Response, Refusal> {
    let (nonce, name) = request.into_parts()?;
    let outcome = api.backend.perform(&caller, nonce, Action::SetDisplayName { name }).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `PUT /v1/me/avatar`
async fn set_avatar<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    QueryOf(query): QueryOf<NonceQuery>,
    ImageBody(image): ImageBody,
) -> Result<Response, Refusal> {
    let action = Action::SetAvatar { image: Some(image) };
    let outcome = api.backend.perform(&caller, query.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `DELETE /v1/me/avatar`
async fn remove_avatar<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    QueryOf(query): QueryOf<NonceQuery>,
) -> Result<Response, Refusal> {
    let action = Action::SetAvatar { image: None };
    let outcome = api.backend.perform(&caller, query.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `GET /v1/profiles`
async fn list<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    QueryOf(query): QueryOf<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let profiles = api.backend.profiles(&caller, asked_accounts(query)?).await?;
    Ok(json(StatusCode::OK, &ProfilesAnswer::from(&profiles[..])))
}

/// `GET /v1/directory`
async fn directory<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    QueryOf(query): QueryOf<DirectoryQuery>,
) -> Result<Response, Refusal> {
    let (sought, limit) = query.into_parts()?;
    match sought {
        Sought::Account(account) => {
            let mut found = api.backend.profiles(&caller, vec![account]).await?;
            let is_missing = |refusal: &Refusal| refusal.code == Code::AccountNotFound;
            found.retain(|(_, found)| !found.as_ref().is_err_and(is_missing));
            Ok(json(StatusCode::OK, &ProfilesAnswer::from(&found[..])))
        }
        Sought::Names(text) => {
            let found = api.backend.directory(&caller, &text, limit);
            Ok(json(StatusCode::OK, &ProfilesAnswer::from(&found[..])))
        }
    }
}

/// `GET /v1/avatars/{account}`
async fn avatar<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(account): PathOf<String>,
    headers: HeaderMap,
) -> Result<Response, Refusal> {
    let avatar = api.backend.avatar(&caller, label(&account)?).await?;
    let tag = format!("\"{}\"", avatar_text(avatar.id));
    let known = headers.get_all(header::IF_NONE_MATCH).into_iter();
    let is_known = known.filter_map(|value| value.to_str().ok()).any(|tags| names(tags, &tag));
    // Kept by who asked, and asked for anew each time, so that a new one is seen at once.
    let about = [(header::ETAG, tag.as_str()), (header::CACHE_CONTROL, "private, no-cache")];
    if is_known {
        return Ok((StatusCode::NOT_MODIFIED, about).into_response());
    }
    let kind = [
        (header::CONTENT_TYPE, "image/jpeg"),
        (header::CONTENT_DISPOSITION, "inline"),
        (header::CONTENT_SECURITY_POLICY, "default-src 'none'; sandbox"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    Ok((StatusCode::OK, about, kind, avatar.image).into_response())
}

/// Whether a list of tags (RFC 9110 section 13.1.2) has one.
fn names(tags: &str, tag: &str) -> bool {
    let mut tags = tags.split(',').map(|known| known.trim().trim_start_matches("W/"));
    tags.any(|known| known == tag || known == "*")
}
