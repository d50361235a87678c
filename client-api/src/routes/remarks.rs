//! What is said of a message: its edits, its thread, reactions, pins, and how far one has read.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use comity_protocol::id::{ChannelId, MessageId};

use super::{json, json_text};
use crate::backend::{Action, Backend, Refusal};
use crate::extract::{ApiState, Authenticated, JsonBody, OptionalBody, PathOf, QueryOf, TextBody};
use crate::message::EventList;
use crate::model::{
    EditRequest, MentionsQuery, NonceQuery, NonceRequest, ReadRequest, RepliesQuery, StatusAnswer,
    VersionsAnswer, channel_id, events_answer, frames_answer, message_id, reaction,
};

/// `PUT /v1/channels/{id}/messages/{message}`
pub(crate) async fn edit<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(path): PathOf<(String, String)>,
    TextBody(request): TextBody<EditRequest>,
) -> Result<Response, Refusal> {
    let (channel, message) = ids(&path)?;
    let (nonce, action) = request.into_action(channel, message)?;
    let outcome = api.backend.perform(&caller, nonce, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `GET /v1/channels/{id}/messages/{message}/versions`
pub(crate) async fn versions<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(path): PathOf<(String, String)>,
) -> Result<Response, Refusal> {
    let (channel, message) = ids(&path)?;
    let versions = api.backend.versions(&caller, channel, message).await?;
    Ok(json(StatusCode::OK, &VersionsAnswer::from(versions.as_slice())))
}

/// `GET /v1/channels/{id}/messages/{message}/replies`
pub(crate) async fn replies<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(path): PathOf<(String, String)>,
    QueryOf(query): QueryOf<RepliesQuery>,
) -> Result<Response, Refusal> {
    let ((channel, message), (after, limit)) = (ids(&path)?, query.into_parts()?);
    let found = api.backend.replies(&caller, channel, message, after, limit).await?;
    Ok(json_text(StatusCode::OK, events_answer(&found)))
}

/// `PUT /v1/channels/{id}/messages/{message}/reactions/{reaction}`
pub(crate) async fn react<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf((id, message, text)): PathOf<(String, String, String)>,
    OptionalBody(request): OptionalBody<NonceRequest>,
) -> Result<Response, Refusal> {
    let (channel, message) = ids(&(id, message))?;
    let action = Action::React { channel, message, reaction: reaction(text)?, on: true };
    let outcome = api.backend.perform(&caller, request.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `DELETE /v1/channels/{id}/messages/{message}/reactions/{reaction}`
pub(crate) async fn unreact<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf((id, message, text)): PathOf<(String, String, String)>,
    QueryOf(query): QueryOf<NonceQuery>,
) -> Result<Response, Refusal> {
    let (channel, message) = ids(&(id, message))?;
    let action = Action::React { channel, message, reaction: reaction(text)?, on: false };
    let outcome = api.backend.perform(&caller, query.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `GET /v1/channels/{id}/pins`
pub(crate) async fn pins<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    let events = api.backend.pins(&caller, channel_id(&id)?).await?;
    Ok(json_text(StatusCode::OK, events_answer(&EventList { events, more: false })))
}

/// `PUT /v1/channels/{id}/pins/{message}`
pub(crate) async fn pin<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(path): PathOf<(String, String)>,
    OptionalBody(request): OptionalBody<NonceRequest>,
) -> Result<Response, Refusal> {
    let (channel, message) = ids(&path)?;
    let action = Action::Pin { channel, message, on: true };
    let outcome = api.backend.perform(&caller, request.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `DELETE /v1/channels/{id}/pins/{message}`
pub(crate) async fn unpin<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(path): PathOf<(String, String)>,
    QueryOf(query): QueryOf<NonceQuery>,
) -> Result<Response, Refusal> {
    let (channel, message) = ids(&path)?;
    let action = Action::Pin { channel, message, on: false };
    let outcome = api.backend.perform(&caller, query.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `PUT /v1/channels/{id}/read`
pub(crate) async fn mark_read<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    JsonBody(request): JsonBody<ReadRequest>,
) -> Result<Response, Refusal> {
    let (nonce, action) = request.into_action(channel_id(&id)?)?;
    let outcome = api.backend.perform(&caller, nonce, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `GET /v1/mentions`
pub(crate) async fn mentions<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    QueryOf(query): QueryOf<MentionsQuery>,
) -> Result<Response, Refusal> {
    let (before, limit) = query.into_parts()?;
    let found = api.backend.mentions(&caller, before, limit).await?;
    Ok(json_text(StatusCode::OK, frames_answer(&found)))
}

fn ids((channel, message): &(String, String)) -> Result<(ChannelId, MessageId), Refusal> {
    Ok((channel_id(channel)?, message_id(message)?))
}
