//! Who is there: what a device says of itself, and how named accounts and the members of a channel
//! are.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, put};

use super::{Api, json_text};
use crate::backend::{Backend, Refusal};
use crate::extract::{ApiState, Authenticated, JsonBody, PathOf, QueryOf};
use crate::model::{PresenceRequest, asked_accounts, channel_id, presences_answer};

/// The resources.
pub(super) fn routes<B: Backend>() -> Router<Api<B>> {
    Router::new()
        .route("/v1/me/presence", put(set::<B>))
        .route("/v1/presence", get(list::<B>))
        .route("/v1/channels/{id}/presence", get(of_channel::<B>))
}

/// `PUT /v1/me/presence`
pub(crate) async fn set<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<PresenceRequest>,
) -> Result<StatusCode, Refusal> {
    api.backend.set_presence(&caller, request.into_change()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/presence`
pub(crate) async fn list<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    QueryOf(query): QueryOf<Vec<(String, String)>>,
) -> Result<Response, Refusal> {
    let presences = api.backend.presences(&caller, asked_accounts(query)?).await?;
    Ok(json_text(StatusCode::OK, presences_answer(&presences)))
}

/// `GET /v1/channels/{id}/presence`
pub(crate) async fn of_channel<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    let presences = api.backend.channel_presences(&caller, channel_id(&id)?).await?;
    Ok(json_text(StatusCode::OK, presences_answer(&presences)))
}
