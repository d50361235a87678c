//! Polling and long polling: the feed for clients that cannot hold a socket. It must not keep
//! anything between two polls; the cursor says it all.

use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::timeout;

use super::json_text;
use crate::backend::{Backend, Delivery, Refusal, Subscription};
use crate::extract::{ApiState, Authenticated, QueryOf};
use crate::model::{SyncQuery, sync_answer};

/// `GET /v1/sync`
pub(crate) async fn show<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    QueryOf(query): QueryOf<SyncQuery>,
) -> Result<Response, Refusal> {
    let sync = query.into_sync()?;
    let mut subscribed = api.backend.subscribe(&caller, sync.since).await?;
    let feed = &mut subscribed.subscription;
    let mut deliveries = feed.ready(sync.limit).await;
    // After a resync the client has to list its channels anew, so there is nothing worth waiting
    // for.
    if deliveries.is_empty() && sync.timeout_ms > 0 && !subscribed.resync {
        let wait = Duration::from_millis(sync.timeout_ms);
        deliveries = timeout(wait, feed.next(sync.limit)).await.unwrap_or_default();
    }
    if let [Delivery::Goodbye { code, .. }, ..] = deliveries[..] {
        return Err(code.into());
    }
    Ok(json_text(StatusCode::OK, sync_answer(subscribed.cursor, subscribed.resync, &deliveries)))
}
