//! Whom the caller blocks, and channels that he mutes: list, set, take away.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, put};

use super::{Api, json};
use crate::backend::{Action, Backend, Refusal};
use crate::extract::{ApiState, Authenticated, OptionalBody, PathOf, QueryOf};
use crate::model::{BlocksAnswer, NonceQuery, NonceRequest, StatusAnswer, channel_id, label};

/// The resources of this file.
pub(super) fn routes<B: Backend>() -> Router<Api<B>> {
    Router::new()
        .route("/v1/blocks", get(list::<B>))
        .route("/v1/blocks/{account}", put(block::<B>).delete(unblock::<B>))
        .route("/v1/channels/{id}/mute", put(mute::<B>).delete(unmute::<B>))
}

/// `GET /v1/blocks`
async fn list<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let blocks = api.backend.blocks(&caller).await?;
    Ok(json(StatusCode::OK, &BlocksAnswer::from(blocks)))
}

/// `PUT /v1/blocks/{account}`
async fn block<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(account): PathOf<String>,
    OptionalBody(request): OptionalBody<NonceRequest>,
) -> Result<Response, Refusal> {
    let action = Action::Block { account: label(&account)? };
    let outcome = api.backend.perform(&caller, request.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `DELETE /v1/blocks/{account}`
async fn unblock<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(account): PathOf<String>,
    QueryOf(query): QueryOf<NonceQuery>,
) -> Result<Response, Refusal> {
    let action = Action::Unblock { account: label(&account)? };
    let outcome = api.backend.perform(&caller, query.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `PUT /v1/channels/{id}/mute`
async fn mute<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(channel): PathOf<String>,
    OptionalBody(request): OptionalBody<NonceRequest>,
) -> Result<Response, Refusal> {
    let action = Action::Mute { channel: channel_id(&channel)?, on: true };
    let outcome = api.backend.perform(&caller, request.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `DELETE /v1/channels/{id}/mute`
async fn unmute<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(channel): PathOf<String>,
    QueryOf(query): QueryOf<NonceQuery>,
) -> Result<Response, Refusal> {
    let action = Action::Mute { channel: channel_id(&channel)?, on: false };
    let outcome = api.backend.perform(&caller, query.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}
