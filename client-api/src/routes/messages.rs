//! A channel's history by page, and sending for clients without a socket.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use comity_protocol::code::Code;

use super::{json, json_text};
use crate::backend::{Action, Backend, Outcome, Refusal};
use crate::extract::{ApiState, Authenticated, PathOf, QueryOf, TextBody};
use crate::model::{
    MessageAnswer, NonceQuery, PageQuery, SendRequest, StatusAnswer, StoredAnswer, channel_id,
    history_answer, message_id,
};

/// `GET /v1/channels/{id}/messages`
pub(crate) async fn list<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    QueryOf(query): QueryOf<PageQuery>,
) -> Result<Response, Refusal> {
    let (page, limit) = query.into_page()?;
    let found = api.backend.history(&caller, channel_id(&id)?, page, limit).await?;
    Ok(json_text(StatusCode::OK, history_answer(page, &found)))
}

/// `GET /v1/channels/{id}/messages/{message}`
pub(crate) async fn show<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf((id, message)): PathOf<(String, String)>,
) -> Result<Response, Refusal> {
    let (channel, message) = (channel_id(&id)?, message_id(&message)?);
    let found = api.backend.message(&caller, channel, message).await?;
    Ok(json(StatusCode::OK, &MessageAnswer::from(&found)))
}

/// `DELETE /v1/channels/{id}/messages/{message}`
pub(crate) async fn erase<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf((id, message)): PathOf<(String, String)>,
    QueryOf(query): QueryOf<NonceQuery>,
) -> Result<Response, Refusal> {
    let action = Action::Erase { channel: channel_id(&id)?, message: message_id(&message)? };
    let outcome = api.backend.perform(&caller, query.into_nonce()?, action).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `POST /v1/channels/{id}/messages`
pub(crate) async fn create<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
    TextBody(request): TextBody<SendRequest>,
) -> Result<Response, Refusal> {
    let (nonce, action) = request.into_action(channel_id(&id)?)?;
    match api.backend.perform(&caller, Some(nonce), action).await? {
        Outcome::Stored { message, cursor } => {
            Ok(json(StatusCode::CREATED, &StoredAnswer::new(message, cursor)))
        }
        outcome => {
            tracing::error!(?outcome, "a text was answered without its id");
            Err(Code::Internal.into())
        }
    }
}
