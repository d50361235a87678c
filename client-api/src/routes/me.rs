//! The caller's own account.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::json;
use crate::backend::{Action, Backend, Refusal};
use crate::extract::{ApiState, Authenticated, JsonBody};
use crate::gate::Asker;
use crate::model::{DeleteRequest, MeAnswer, PasswordRequest, StatusAnswer, SwitchRequest};

/// `GET /v1/me`
pub(crate) async fn show<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let devices = api.backend.devices(&caller).await?;
    let is = (api.backend.shows_reads(&caller), api.backend.is_admin(&caller));
    Ok(json(StatusCode::OK, &MeAnswer::new(&caller, &devices, is)))
}

/// `PUT /v1/me/shows_reads`
pub(crate) async fn show_reads<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<SwitchRequest>,
) -> Result<Response, Refusal> {
    let (nonce, on) = request.into_parts()?;
    let outcome = api.backend.perform(&caller, nonce, Action::ShowReads { on }).await?;
    Ok(json(StatusCode::OK, &StatusAnswer::from(&outcome)))
}

/// `DELETE /v1/me`
pub(crate) async fn delete<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<DeleteRequest>,
) -> Result<StatusCode, Refusal> {
    api.backend.change_account(&caller, request.into_change()?).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// `PUT /v1/me/password`
pub(crate) async fn set_password<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    asker: Asker,
    JsonBody(request): JsonBody<PasswordRequest>,
) -> Result<StatusCode, Refusal> {
    let change = request.into_change()?;
    // Who found a device unlocked may not try passwords on it either.
    let tried = api.gate.begin_log_in(&caller.label.name, asker)?;
    let changed = api.backend.change_account(&caller, change).await;
    tried.end(&changed);
    changed?;
    Ok(StatusCode::NO_CONTENT)
}
