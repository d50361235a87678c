//! Messages by their words.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;

use super::json;
use crate::backend::{Backend, Refusal};
use crate::extract::{ApiState, Authenticated, QueryOf};
use crate::model::{SearchAnswer, SearchQuery};

/// `GET /v1/search`
pub(crate) async fn find<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    QueryOf(query): QueryOf<SearchQuery>,
) -> Result<Response, Refusal> {
    let page = api.backend.search(&caller, query.into_search()?).await?;
    Ok(json(StatusCode::OK, &SearchAnswer::from(&page)))
}
