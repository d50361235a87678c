//! Reports of abuse: what the caller reports to the admins.

use axum::Router;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::post;
use comity_protocol::code::Code;

use super::{Api, json};
use crate::backend::{Backend, Outcome, Refusal};
use crate::extract::{ApiState, Authenticated, JsonBody};
use crate::model::{ReportAnswer, ReportRequest};

/// The resources of this file.
pub(super) fn routes<B: Backend>() -> Router<Api<B>> {
    Router::new().route("/v1/reports", post(create::<B>))
}

/// `POST /v1/reports`
async fn create<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    JsonBody(request): JsonBody<ReportRequest>,
) -> Result<Response, Refusal> {
    let (nonce, action) = request.into_action()?;
    match api.backend.perform(&caller, nonce, action).await? {
        Outcome::Reported { to } => {
            Ok(json(StatusCode::CREATED, &ReportAnswer::new(api.backend.domain(), to.as_ref())))
        }
        outcome => {
            tracing::error!(?outcome, "a report was answered as something else");
            Err(Code::Internal.into())
        }
    }
}
