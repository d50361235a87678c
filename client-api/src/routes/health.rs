//! Whether the node answers at all. It must not tell more to strangers.

use axum::http::StatusCode;
use axum::response::Response;

use super::json;
use crate::model::HealthAnswer;

/// `GET /v1/health`
pub(crate) async fn show() -> Response {
    json(StatusCode::OK, &HealthAnswer { status: "ok".to_owned() })
}
