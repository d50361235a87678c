//! Sign-up. Who may is the node's to decide.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::json;
use crate::backend::{Backend, Refusal};
use crate::extract::{ApiState, JsonBody};
use crate::gate::Asker;
use crate::model::{LoggedInAnswer, SignUpRequest};

/// `POST /v1/accounts`
pub(crate) async fn create<B: Backend>(
    State(api): ApiState<B>,
    asker: Asker,
    JsonBody(request): JsonBody<SignUpRequest>,
) -> Result<Response, Refusal> {
    let sign_up = request.into_sign_up(api.backend.domain())?;
    let _place = api.gate.admit_sign_up(asker)?;
    let device_name = sign_up.device_name.clone();
    let logged_in = api.backend.sign_up(sign_up).await?;
    Ok(json(StatusCode::CREATED, &LoggedInAnswer::new(logged_in, device_name)))
}
