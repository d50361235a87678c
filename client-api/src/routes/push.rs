//! What devices are told while nobody looks at them: where, and of what.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{get, put};

use super::{Api, json};
use crate::backend::{Backend, Refusal};
use crate::extract::{ApiState, Authenticated, JsonBody, PathOf};
use crate::model::{LevelRequest, NotificationsShape, PushAnswer, PushRequest, channel_id};

/// The resources.
pub(super) fn routes<B: Backend>() -> Router<Api<B>> {
    let of_channel = put(set_level::<B>).delete(unset_level::<B>);
    Router::new()
        .route("/v1/push", get(show::<B>).put(subscribe::<B>).delete(unsubscribe::<B>))
        .route("/v1/notifications", get(wanted::<B>).put(want::<B>))
        .route("/v1/channels/{id}/notifications", of_channel)
}

/// `GET /v1/push`
async fn show<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let state = api.backend.push_state(&caller)?;
    Ok(json(StatusCode::OK, &PushAnswer::from(state)))
}

/// `PUT /v1/push`
async fn subscribe<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<PushRequest>,
) -> Result<StatusCode, Refusal> {
    let (target, content) = request.into_parts()?;
    api.backend.subscribe_push(&caller, target, content).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/push`
async fn unsubscribe<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Refusal> {
    api.backend.unsubscribe_push(&caller).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /v1/notifications`
async fn wanted<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let wanted = api.backend.notifications(&caller);
    Ok(json(StatusCode::OK, &NotificationsShape::from(wanted)))
}

/// `PUT /v1/notifications`
async fn want<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<NotificationsShape>,
) -> Result<StatusCode, Refusal> {
    api.backend.set_notifications(&caller, request.into_notifications()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /v1/channels/{id}/notifications`
async fn set_level<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(channel): PathOf<String>,
    JsonBody(request): JsonBody<LevelRequest>,
) -> Result<StatusCode, Refusal> {
    let level = Some(request.into_level()?);
    api.backend.set_channel_level(&caller, channel_id(&channel)?, level).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `DELETE /v1/channels/{id}/notifications`
async fn unset_level<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(channel): PathOf<String>,
) -> Result<StatusCode, Refusal> {
    api.backend.set_channel_level(&caller, channel_id(&channel)?, None).await?;
    Ok(StatusCode::NO_CONTENT)
}
