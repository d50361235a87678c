//! The caller's own account.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::json;
use crate::backend::{Backend, Refusal};
use crate::extract::{ApiState, Authenticated, JsonBody};
use crate::gate::Asker;
use crate::model::{MeAnswer, PasswordRequest};

/// `GET /v1/me`
pub(crate) async fn show<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let devices = api.backend.devices(&caller).await?;
    Ok(json(StatusCode::OK, &MeAnswer::new(&caller, &devices)))
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
