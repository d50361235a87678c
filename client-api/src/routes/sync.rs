//! Polling and long polling: the feed for clients that cannot hold a socket. It must not keep
//! anything between two polls; the cursor says it all, and the mark in it which deliveries were
//! told.

use std::collections::HashSet;
use std::time::Duration;

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use tokio::time::timeout;

use super::json_text;
use crate::backend::{Backend, Delivery, Refusal, Subscription};
use crate::extract::{ApiState, Authenticated, QueryOf};
use crate::gate::Asker;
use crate::model::{SyncQuery, sync_answer};

/// `GET /v1/sync`
pub(crate) async fn show<B: Backend>(
    State(api): ApiState<B>,
    Authenticated(caller): Authenticated,
    asker: Asker,
    QueryOf(query): QueryOf<SyncQuery>,
) -> Result<Response, Refusal> {
    let sync = query.into_sync()?;
    let _place = api.gate.lasting_place(asker)?;
    let mut subscribed = api.backend.subscribe(&caller, sync.since).await?;
    let mark = sync.mark.filter(|_| !subscribed.resync).unwrap_or_else(|| api.backend.mark());
    let feed = &mut subscribed.subscription;
    feed.beat(Duration::ZERO);
    let mut deliveries = ready(feed, sync.limit).await;
    let has_news =
        !deliveries.is_empty() || !api.backend.delivered_since(&caller, mark).1.is_empty();
    // After a resync the client has to list its channels anew, so there is nothing worth waiting
    // for.
    if !has_news && sync.timeout_ms > 0 && !subscribed.resync {
        let wait = Duration::from_millis(sync.timeout_ms);
        // Who waits can give no other sign of life.
        feed.beat(wait);
        deliveries = timeout(wait, next(feed, sync.limit)).await.unwrap_or_default();
    }
    if let [Delivery::Goodbye { code, .. }, ..] = deliveries[..] {
        return Err(code.into());
    }
    let (mark, mut told) = api.backend.delivered_since(&caller, mark);
    add(&mut told, deliveries);
    Ok(json_text(StatusCode::OK, sync_answer(subscribed.cursor, mark, subscribed.resync, &told)))
}

/// What there is already for a poll, past what only sockets carry.
async fn ready(feed: &mut impl Subscription, max: usize) -> Vec<Delivery> {
    loop {
        let found = feed.ready(max).await;
        let is_over = found.is_empty();
        let carried = carried(found);
        if is_over || !carried.is_empty() {
            return carried;
        }
    }
}

/// Waits until there is something for a poll.
async fn next(feed: &mut impl Subscription, max: usize) -> Vec<Delivery> {
    loop {
        let carried = carried(feed.next(max).await);
        if !carried.is_empty() {
            return carried;
        }
    }
}

/// What polls carry. An answer with nothing of it would leave the poller where it was, and be given
/// again at once.
fn carried(mut found: Vec<Delivery>) -> Vec<Delivery> {
    found.retain(|delivery| {
        matches!(
            delivery,
            Delivery::Delivered { .. }
                | Delivery::Event(_)
                | Delivery::Goodbye { .. }
                | Delivery::HistoryGrew { .. }
        )
    });
    found
}

/// Adds what a subscription yielded to the notices that it may have yielded too.
fn add(told: &mut Vec<Delivery>, yielded: Vec<Delivery>) {
    let named = |delivery: &Delivery| match delivery {
        Delivery::Delivered { message, .. } => Some(*message),
        _ => None,
    };
    let known: HashSet<_> = told.iter().filter_map(named).collect();
    told.extend(yielded.into_iter().filter(|d| named(d).is_none_or(|id| !known.contains(&id))));
}
