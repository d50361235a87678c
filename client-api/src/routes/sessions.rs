//! Log-in and log-out of one device.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::json;
use crate::backend::{AccountChange, Backend, Refusal};
use crate::extract::{ApiState, Authenticated, JsonBody};
use crate::gate::Asker;
use crate::model::{LogInRequest, LoggedInAnswer};

/// `POST /v1/sessions`
pub(crate) async fn create<B: Backend>(
    State(api): ApiState<B>,
    asker: Asker,
    JsonBody(request): JsonBody<LogInRequest>,
) -> Result<Response, Refusal> {
    let log_in = request.into_log_in(api.backend.domain())?;
    let device_name = log_in.device_name.clone();
    let tried = api.gate.begin_log_in(&log_in.name, asker)?;
    let logged_in = api.backend.log_in(log_in).await;
    tried.end(&logged_in);
    Ok(json(StatusCode::CREATED, &LoggedInAnswer::new(logged_in?, device_name)))
}

/// `DELETE /v1/sessions/current`
pub(crate) async fn delete<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
) -> Result<StatusCode, Refusal> {
    api.backend.change_account(&caller, AccountChange::LogOut).await?;
    Ok(StatusCode::NO_CONTENT)
}
