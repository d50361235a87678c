//! The resources, one a file: parse, call the backend, map the answer. No rule of channels or
//! accounts lives here.

mod accounts;
mod blocks;
mod channels;
mod contacts;
mod devices;
mod documents;
mod groups;
mod health;
mod me;
mod members;
mod messages;
mod presence;
mod profile;
mod push;
mod remarks;
mod reports;
mod search;
mod sessions;
mod socket;
mod sync;
mod well_known;

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use comity_protocol::code::Code;
use serde::Serialize;

use crate::backend::{Backend, Refusal};
use crate::extract::ApiState;
use crate::gate::{Asker, Gate, strangers};
use crate::layer::{cross_origin, deadline, log};
use crate::leftover::read_out;
use crate::model::encode;
use crate::settings::ApiSettings;
use crate::web;

/// What every route shares.
#[derive(Clone)]
pub struct Api<B> {
    /// The node.
    pub backend: B,
    pub(crate) settings: Arc<ApiSettings>,
    pub(crate) gate: Gate,
}

/// The client API in front of a node, with resources that the node adds to it.
pub fn router<B: Backend>(backend: B, settings: ApiSettings, more: Router<Api<B>>) -> Router {
    let request_timeout = settings.request_timeout;
    let gate = Gate::new(&settings);
    let origins = Arc::new(settings.origins.clone());
    let api = Api { backend, settings: Arc::new(settings), gate: gate.clone() };
    let resources = for_strangers::<B>(gate.clone())
        .merge(for_probes())
        .route("/v1/sessions/current", delete(sessions::delete::<B>))
        .route("/v1/me", get(me::show::<B>).delete(me::delete::<B>))
        .route("/v1/me/shows_reads", put(me::show_reads::<B>))
        .route("/v1/me/password", put(me::set_password::<B>))
        .route("/v1/devices", get(devices::list::<B>))
        .route("/v1/devices/{id}", delete(devices::delete::<B>))
        .route("/v1/channels", get(channels::list::<B>).post(channels::create::<B>))
        .route("/v1/channels/{id}", get(channels::show::<B>).patch(channels::change::<B>))
        .route("/v1/channels/{id}/accept", post(members::accept::<B>))
        .route("/v1/channels/{id}/decline", post(members::decline::<B>))
        .route("/v1/channels/{id}/leave", post(members::leave::<B>))
        .route("/v1/channels/{id}/join", post(members::join::<B>))
        .route("/v1/channels/{id}/invites", post(members::invite::<B>))
        .route("/v1/channels/{id}/bans", post(members::ban::<B>))
        .route("/v1/channels/{id}/bans/{account}", delete(members::unban::<B>))
        .route("/v1/channels/{id}/members/{account}", delete(members::remove::<B>))
        .route("/v1/channels/{id}/members/{account}/role", put(members::set_role::<B>))
        .route("/v1/channels/{id}/messages", get(messages::list::<B>).post(messages::create::<B>))
        .merge(of_messages())
        .route("/v1/contacts", get(contacts::list::<B>))
        .route("/v1/contacts/{account}", put(contacts::add::<B>).delete(contacts::remove::<B>))
        .merge(blocks::routes())
        .route("/v1/groups", get(groups::list::<B>))
        .route(
            "/v1/aliases/{alias}",
            get(groups::show::<B>).put(groups::name::<B>).delete(groups::unname::<B>),
        )
        .route("/v1/aliases/{alias}/join", post(groups::join::<B>))
        .merge(presence::routes())
        .merge(profile::routes())
        .merge(push::routes())
        .merge(reports::routes())
        .merge(more)
        .layer(from_fn_with_state(request_timeout, deadline));
    let poll_timeout = request_timeout + Duration::from_secs(60);
    let long = Router::new()
        .route("/v1/socket", get(socket::open::<B>))
        .route_layer(from_fn_with_state(gate, strangers))
        .route("/v1/sync", get(sync::show::<B>))
        .layer(from_fn_with_state(poll_timeout, deadline));
    resources
        .merge(long)
        .fallback(no_resource::<B>)
        .method_not_allowed_fallback(async |State(api): ApiState<B>, asker: Asker| {
            no_such(&api, asker, Code::MethodNotAllowed)
        })
        .layer(DefaultBodyLimit::disable())
        .layer(from_fn(log))
        .layer(from_fn_with_state(origins, cross_origin))
        .layer(from_fn(read_out))
        .with_state(api)
}

/// Messages, and what is said of them.
fn of_messages<B: Backend>() -> Router<Api<B>> {
    Router::new()
        .route(
            "/v1/channels/{id}/messages/{message}",
            get(messages::show::<B>).put(remarks::edit::<B>).delete(messages::erase::<B>),
        )
        .route("/v1/channels/{id}/messages/{message}/versions", get(remarks::versions::<B>))
        .route("/v1/channels/{id}/messages/{message}/replies", get(remarks::replies::<B>))
        .route(
            "/v1/channels/{id}/messages/{message}/reactions/{reaction}",
            put(remarks::react::<B>).delete(remarks::unreact::<B>),
        )
        .route("/v1/channels/{id}/pins", get(remarks::pins::<B>))
        .route(
            "/v1/channels/{id}/pins/{message}",
            put(remarks::pin::<B>).delete(remarks::unpin::<B>),
        )
        .route("/v1/channels/{id}/read", put(remarks::mark_read::<B>))
        .route("/v1/mentions", get(remarks::mentions::<B>))
        .route("/v1/search", get(search::find::<B>))
}

/// What is there without a token.
fn for_strangers<B: Backend>(gate: Gate) -> Router<Api<B>> {
    Router::new()
        .route("/.well-known/comity", get(well_known::show::<B>))
        .route("/v1/openapi.json", get(documents::openapi))
        .route("/v1/asyncapi.json", get(documents::asyncapi))
        .route("/v1/accounts", post(accounts::create::<B>))
        .route("/v1/sessions", post(sessions::create::<B>))
        .route_layer(from_fn_with_state(gate, strangers))
}

/// What others ask as often as they like: whether a node is well must be seen when it is not.
fn for_probes<B: Backend>() -> Router<Api<B>> {
    Router::new().route("/v1/health", get(health::show))
}

/// What is no resource: a page of the web client, or nothing.
async fn no_resource<B: Backend>(
    State(api): ApiState<B>,
    asker: Asker,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
) -> Response {
    let page = if api.settings.web { web::answer(&method, &uri, &headers) } else { None };
    page.unwrap_or_else(|| no_such(&api, asker, Code::ResourceNotFound).into_response())
}

/// The answer where nothing is; whoever gropes about is counted as one without a token.
fn no_such<B: Backend>(api: &Api<B>, asker: Asker, code: Code) -> Refusal {
    api.gate.admit_stranger(asker).err().unwrap_or_else(|| code.into())
}

/// An answer in JSON.
pub fn json(status: StatusCode, shape: &impl Serialize) -> Response {
    json_text(status, encode(shape))
}

/// An answer that is JSON already. Nothing is kept by caches: every answer is one account's at one
/// moment.
pub(crate) fn json_text(status: StatusCode, text: axum::body::Bytes) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, text).into_response()
}
