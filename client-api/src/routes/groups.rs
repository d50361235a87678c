//! Groups that are found without an invitation: aliases, and lists of what may be joined.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::json;
use crate::backend::{Action, Backend, Refusal};
use crate::extract::{ApiState, Authenticated, JsonBody, OptionalBody, PathOf, QueryOf};
use crate::model::{
    AliasRequest, FoundGroupShape, FoundGroupsAnswer, GroupsQuery, JoinedAnswer, NonceQuery,
    NonceRequest, StatusAnswer, alias,
};

/// `GET /v1/groups`
pub(crate) async fn list<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    QueryOf(query): QueryOf<GroupsQuery>,
) -> Result<Response, Refusal> {
    let asked = query.into_groups()?;
    let domain = asked.domain.unwrap_or_else(|| api.backend.domain().clone());
    let found = api.backend.find_groups(&caller, domain, asked.after, asked.limit).await?;
    Ok(json(StatusCode::OK, &FoundGroupsAnswer::from(found)))
}

/// `GET /v1/aliases/{alias}`
pub(crate) async fn show<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(text): PathOf<String>,
) -> Result<Response, Refusal> {
    let found = api.backend.find_group(&caller, alias(&text)?).await?;
    Ok(json(StatusCode::OK, &FoundGroupShape::from(found)))
}

/// `PUT /v1/aliases/{alias}`
pub(crate) async fn name<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(text): PathOf<String>,
    JsonBody(request): JsonBody<AliasRequest>,
) -> Result<Response, Refusal> {
    let (nonce, channel) = request.into_parts()?;
    let action = Action::SetAlias { channel, alias: alias(&text)? };
    let outcome = api.backend.perform(&caller, nonce, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `DELETE /v1/aliases/{alias}`
pub(crate) async fn unname<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(text): PathOf<String>,
    QueryOf(query): QueryOf<NonceQuery>,
) -> Result<Response, Refusal> {
    let action = Action::RemoveAlias { alias: alias(&text)? };
    let outcome = api.backend.perform(&caller, query.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `POST /v1/aliases/{alias}/join`
pub(crate) async fn join<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(text): PathOf<String>,
    OptionalBody(request): OptionalBody<NonceRequest>,
) -> Result<Response, Refusal> {
    let action = Action::JoinAlias { alias: alias(&text)? };
    let outcome = api.backend.perform(&caller, request.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &JoinedAnswer::from(&outcome)))
}
