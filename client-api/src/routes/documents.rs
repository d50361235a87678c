//! The API described for programs: OpenAPI for the resources, AsyncAPI for the socket. The tests
//! hold both to what the node answers.

use axum::body::Bytes;
use axum::http::StatusCode;
use axum::response::Response;

use super::json_text;

const OPENAPI: &str = include_str!("../../openapi.json");
const ASYNCAPI: &str = include_str!("../../asyncapi.json");

/// `GET /v1/openapi.json`
pub(crate) async fn openapi() -> Response {
    json_text(StatusCode::OK, Bytes::from_static(OPENAPI.as_bytes()))
}

/// `GET /v1/asyncapi.json`
pub(crate) async fn asyncapi() -> Response {
    json_text(StatusCode::OK, Bytes::from_static(ASYNCAPI.as_bytes()))
}
