//! Who is in a group: invite, accept, decline, join, leave, remove, ban, roles. Whether a caller
//! may is the node's to decide.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::{Api, json};
use crate::backend::{Action, Backend, Caller, Refusal};
use crate::extract::{ApiState, Authenticated, JsonBody, OptionalBody, PathOf, QueryOf};
use crate::model::{
    AccountRequest, JoinRequest, NonceQuery, NonceRequest, RoleRequest, StatusAnswer, channel_id,
    label,
};

/// `POST /v1/channels/{id}/accept`
pub(crate) async fn accept<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    OptionalBody(request): OptionalBody<NonceRequest>,
) -> Result<Response, Refusal> {
    let action = Action::Accept { channel: channel_id(&id)? };
    perform(&api, &caller, request.into_nonce()?, action).await
}

/// `POST /v1/channels/{id}/decline`
pub(crate) async fn decline<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    OptionalBody(request): OptionalBody<NonceRequest>,
) -> Result<Response, Refusal> {
    let action = Action::Decline { channel: channel_id(&id)? };
    perform(&api, &caller, request.into_nonce()?, action).await
}

/// `POST /v1/channels/{id}/leave`
pub(crate) async fn leave<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    OptionalBody(request): OptionalBody<NonceRequest>,
) -> Result<Response, Refusal> {
    let action = Action::Leave { channel: channel_id(&id)? };
    perform(&api, &caller, request.into_nonce()?, action).await
}

/// `POST /v1/channels/{id}/invites`
pub(crate) async fn invite<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<AccountRequest>,
) -> Result<Response, Refusal> {
    let (nonce, account) = request.into_parts()?;
    let action = Action::Invite { channel: channel_id(&id)?, account };
    perform(&api, &caller, nonce, action).await
}

/// `POST /v1/channels/{id}/join`
pub(crate) async fn join<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<JoinRequest>,
) -> Result<Response, Refusal> {
    let (nonce, home) = request.into_parts()?;
    perform(&api, &caller, nonce, Action::Join { channel: channel_id(&id)?, home }).await
}

/// `POST /v1/channels/{id}/bans`
pub(crate) async fn ban<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<AccountRequest>,
) -> Result<Response, Refusal> {
    let (nonce, account) = request.into_parts()?;
    perform(&api, &caller, nonce, Action::Ban { channel: channel_id(&id)?, account }).await
}

/// `DELETE /v1/channels/{id}/bans/{account}`
pub(crate) async fn unban<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf((id, account)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<NonceQuery>,
) -> Result<Response, Refusal> {
    let action = Action::Unban { channel: channel_id(&id)?, account: label(&account)? };
    perform(&api, &caller, query.into_nonce()?, action).await
}

/// `DELETE /v1/channels/{id}/members/{account}`
pub(crate) async fn remove<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf((id, account)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<NonceQuery>,
) -> Result<Response, Refusal> {
    let action = Action::Remove { channel: channel_id(&id)?, account: label(&account)? };
    perform(&api, &caller, query.into_nonce()?, action).await
}

/// `PUT /v1/channels/{id}/members/{account}/role`
pub(crate) async fn set_role<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf((id, account)): PathOf<(String, String)>,
    JsonBody(request): JsonBody<RoleRequest>,
) -> Result<Response, Refusal> {
    let (nonce, role) = request.into_parts()?;
    let action = Action::SetRole { channel: channel_id(&id)?, account: label(&account)?, role };
    perform(&api, &caller, nonce, action).await
}

async fn perform<B: Backend>(
    api: &Api<B>,
    caller: &Caller,
    nonce: Option<u64>,
    action: Action,
) -> Result<Response, Refusal> {
    let outcome = api.backend.perform(caller, nonce, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}
