//! The caller's devices.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::json;
use crate::backend::{AccountChange, Backend, Refusal};
use crate::extract::{ApiState, Authenticated, PathOf};
use crate::model::{DevicesAnswer, device_id};

/// `GET /v1/devices`
pub(crate) async fn list<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
) -> Result<Response, Refusal> {
    let devices = api.backend.devices(&caller).await?;
    Ok(json(StatusCode::OK, &DevicesAnswer::from(devices.as_slice())))
}

/// `DELETE /v1/devices/{id}`
pub(crate) async fn delete<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    PathOf(id): PathOf<String>,
) -> Result<StatusCode, Refusal> {
    let change = AccountChange::RevokeDevice(device_id(&id)?);
    api.backend.change_account(&caller, change).await?;
    Ok(StatusCode::NO_CONTENT)
}
