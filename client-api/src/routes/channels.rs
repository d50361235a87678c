//! The caller's channels: list, create, look at, rename.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use comity_protocol::code::Code;

use super::json;
use crate::backend::{Backend, Outcome, Refusal};
use crate::extract::{ApiState, Authenticated, JsonBody, PathOf};
use crate::model::{
    ChannelAnswer, ChannelsAnswer, CreateChannel, CreatedAnswer, PatchChannel, StatusAnswer,
    channel_id,
};

/// `GET /v1/channels`
pub(crate) async fn list<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let channels = api.backend.channels(&caller).await?;
    Ok(json(StatusCode::OK, &ChannelsAnswer::from(channels)))
}

/// `POST /v1/channels`
pub(crate) async fn create<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<CreateChannel>,
) -> Result<Response, Refusal> {
    let (nonce, action) = request.into_action()?;
    match api.backend.perform(&caller, nonce, action).await? {
        Outcome::Channel(id) => Ok(json(StatusCode::CREATED, &CreatedAnswer::new(id.to_string()))),
        outcome => {
            tracing::error!(?outcome, "a new channel was answered without its id");
            Err(Code::Internal.into())
        }
    }
}

/// `GET /v1/channels/{id}`
pub(crate) async fn show<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    let detail = api.backend.channel(&caller, channel_id(&id)?).await?;
    Ok(json(StatusCode::OK, &ChannelAnswer::from(detail)))
}

/// `PATCH /v1/channels/{id}`
pub(crate) async fn change<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<PatchChannel>,
) -> Result<Response, Refusal> {
    let (nonce, action) = request.into_action(channel_id(&id)?)?;
    let outcome = api.backend.perform(&caller, nonce, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}
