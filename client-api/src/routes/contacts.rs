//! The caller's contacts: list, ask or agree, decline or end.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::json;
use crate::backend::{Action, Backend, Refusal};
use crate::extract::{ApiState, Authenticated, OptionalBody, PathOf, QueryOf};
use crate::model::{ContactsAnswer, NonceQuery, NonceRequest, StatusAnswer, label};

/// `GET /v1/contacts`
pub(crate) async fn list<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let contacts = api.backend.contacts(&caller).await?;
    Ok(json(StatusCode::OK, &ContactsAnswer::from(contacts)))
}

/// `PUT /v1/contacts/{account}`
pub(crate) async fn add<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(account): PathOf<String>,
    OptionalBody(request): OptionalBody<NonceRequest>,
) -> Result<Response, Refusal> {
    let action = Action::AddContact { account: label(&account)? };
    let outcome = api.backend.perform(&caller, request.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `DELETE /v1/contacts/{account}`
pub(crate) async fn remove<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(account): PathOf<String>,
    QueryOf(query): QueryOf<NonceQuery>,
) -> Result<Response, Refusal> {
    let action = Action::RemoveContact { account: label(&account)? };
    let outcome = api.backend.perform(&caller, query.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}
