//! The same over HTTP, for accounts that are admins of the node: what the console at `/admin` is
//! made of (`docs/client/` names the resources). Each resource asks the node as the socket's line
//! does; nothing is decided here.

use axum::Router;
use axum::extract::{FromRequestParts, State};
use axum::http::StatusCode;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use comity_client_api::{
    Api, ApiState, Authenticated, Backend, Caller, JsonBody, PathOf, QueryOf, Refusal, json,
};
use comity_protocol::code::Code;
use data_encoding::BASE64URL_NOPAD;
use serde::{Deserialize, Serialize};

use super::{AdminBackend, Rule, UserChange, deeds};

/// The resources under `/v1/admin`.
pub fn routes<B: Backend + AdminBackend>() -> Router<Api<B>> {
    Router::new()
        .route("/v1/admin/status", get(status::<B>))
        .route("/v1/admin/figures", get(figures::<B>))
        .route("/v1/admin/settings", get(settings::<B>))
        .route("/v1/admin/users", get(users::<B>).post(add_user::<B>))
        .route("/v1/admin/users/{name}", put(set_user::<B>))
        .route("/v1/admin/invites", get(invites::<B>).post(add_invite::<B>))
        .route("/v1/admin/invites/{id}", delete(revoke_invite::<B>))
        .route("/v1/admin/groups", get(groups::<B>))
        .route("/v1/admin/groups/{id}/confirm", post(confirm::<B>))
        .route("/v1/admin/groups/{id}/reopen", post(reopen::<B>))
        .route("/v1/admin/groups/{id}/voided", get(voided::<B>))
        .route("/v1/admin/reports", get(reports::<B>))
        .route("/v1/admin/reports/{number}", get(report::<B>).delete(close_report::<B>))
        .route("/v1/admin/forks", get(forks::<B>))
        .route("/v1/admin/forks/{id}", get(proof::<B>))
        .merge(of_partners())
}

/// Other organisations.
fn of_partners<B: Backend + AdminBackend>() -> Router<Api<B>> {
    Router::new()
        .route("/v1/admin/peers", get(peers::<B>))
        .route("/v1/admin/peers/{domain}/retry", post(retry::<B>))
        .route("/v1/admin/peers/{domain}/key", put(accept_key::<B>))
        .route("/v1/admin/policy", get(policy::<B>))
        .route("/v1/admin/policy/{domain}", put(set_rule::<B>).delete(forget_rule::<B>))
        .route("/v1/admin/policy/{domain}/groups/{id}", put(share::<B>).delete(unshare::<B>))
        .route("/v1/admin/doctor", get(examine::<B>))
}

/// The holder of the request's token, who is an admin of the node.
struct Admin(Caller);

impl<B: Backend + AdminBackend> FromRequestParts<Api<B>> for Admin {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, api: &Api<B>) -> Result<Self, Refusal> {
        let Authenticated(caller) = Authenticated::from_request_parts(parts, api).await?;
        if api.backend.is_admin(&caller) { Ok(Self(caller)) } else { Err(Code::AdminOnly.into()) }
    }
}

/// A list under its name.
macro_rules! list {
    ($name:ident, $items:expr) => {
        json(StatusCode::OK, &serde_json::json!({ stringify!($name): $items }))
    };
}

fn ok(value: &impl Serialize) -> Response {
    json(StatusCode::OK, value)
}

fn done() -> Response {
    StatusCode::NO_CONTENT.into_response()
}

async fn status<B: Backend + AdminBackend>(State(api): ApiState<B>, _: Admin) -> Response {
    ok(&api.backend.status())
}

async fn figures<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
) -> Result<Response, Refusal> {
    Ok(ok(&api.backend.figures().await?))
}

async fn settings<B: Backend + AdminBackend>(State(api): ApiState<B>, _: Admin) -> Response {
    list!(settings, api.backend.settings())
}

#[derive(Deserialize)]
struct UsersQuery {
    #[serde(default)]
    prefix: String,
    after: Option<String>,
}

async fn users<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    QueryOf(query): QueryOf<UsersQuery>,
) -> Response {
    ok(&api.backend.users(&query.prefix, query.after.as_deref()))
}

#[derive(Deserialize)]
struct NewUser {
    name: String,
    password: String,
}

async fn add_user<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    JsonBody(new): JsonBody<NewUser>,
) -> Result<Response, Refusal> {
    let account = deeds::add_user(&api.backend, &new.name, new.password).await?;
    Ok(json(StatusCode::CREATED, &serde_json::json!({ "account": account.to_string() })))
}

async fn set_user<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    Admin(caller): Admin,
    PathOf(name): PathOf<String>,
    JsonBody(change): JsonBody<UserChange>,
) -> Result<Response, Refusal> {
    // Nobody locks himself out of the console by a slip: another admin does that.
    if name == caller.label.name.as_str() && !matches!(change, UserChange::Password(_)) {
        let sentence = "Another admin changes what your account may do.".into();
        return Err(Refusal { sentence, ..Code::NotAllowed.into() });
    }
    deeds::change_user(&api.backend, &name, change).await?;
    Ok(done())
}

async fn invites<B: Backend + AdminBackend>(State(api): ApiState<B>, _: Admin) -> Response {
    list!(invites, api.backend.invites())
}

#[derive(Deserialize)]
struct NewInvite {
    uses: u32,
    expires_in_seconds: u64,
}

async fn add_invite<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    JsonBody(new): JsonBody<NewInvite>,
) -> Result<Response, Refusal> {
    let made = deeds::invite(&api.backend, new.uses, new.expires_in_seconds).await?;
    let shape = serde_json::json!({ "token": made.token, "expires_unix_ms": made.expires_unix_ms });
    Ok(json(StatusCode::CREATED, &shape))
}

async fn revoke_invite<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    deeds::revoke_invite(&api.backend, &id).await?;
    Ok(done())
}

async fn groups<B: Backend + AdminBackend>(State(api): ApiState<B>, _: Admin) -> Response {
    list!(groups, api.backend.groups())
}

async fn confirm<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    api.backend.confirm(&id).await?;
    Ok(done())
}

#[derive(Deserialize)]
struct Reopen {
    /// The term and the number of the record to go back to; the newest that nothing contradicts.
    at: Option<(u64, u64)>,
    /// Without it nothing is done, and what would be is told.
    #[serde(default)]
    sure: bool,
}

async fn reopen<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(id): PathOf<String>,
    JsonBody(reopen): JsonBody<Reopen>,
) -> Result<Response, Refusal> {
    Ok(ok(&api.backend.reopen(&id, reopen.at, reopen.sure).await?))
}

async fn voided<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    Ok(list!(voided, api.backend.voided(&id)?))
}

#[derive(Deserialize)]
struct ReportsQuery {
    #[serde(default)]
    all: bool,
}

async fn reports<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    QueryOf(query): QueryOf<ReportsQuery>,
) -> Response {
    list!(reports, api.backend.reports(query.all))
}

async fn report<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(number): PathOf<u64>,
) -> Result<Response, Refusal> {
    Ok(ok(&api.backend.report(number).await?))
}

async fn close_report<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(number): PathOf<u64>,
) -> Result<Response, Refusal> {
    deeds::close_report(&api.backend, number).await?;
    Ok(done())
}

async fn forks<B: Backend + AdminBackend>(State(api): ApiState<B>, _: Admin) -> Response {
    list!(forks, api.backend.forks())
}

async fn proof<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(id): PathOf<String>,
) -> Result<Response, Refusal> {
    let proof = api.backend.proof(&id).ok_or(Code::ResourceNotFound)?;
    Ok(list!(proof, BASE64URL_NOPAD.encode(&proof)))
}

async fn peers<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
) -> Result<Response, Refusal> {
    Ok(list!(peers, api.backend.peers().await?))
}

async fn retry<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(domain): PathOf<String>,
) -> Result<Response, Refusal> {
    Ok(list!(is_dialled, api.backend.retry_peer(&domain)?))
}

#[derive(Deserialize)]
struct AcceptedKey {
    key: String,
}

async fn accept_key<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(domain): PathOf<String>,
    JsonBody(accepted): JsonBody<AcceptedKey>,
) -> Result<Response, Refusal> {
    api.backend.accept_key(&domain, &accepted.key).await?;
    Ok(done())
}

async fn policy<B: Backend + AdminBackend>(State(api): ApiState<B>, _: Admin) -> Response {
    ok(&api.backend.policy())
}

async fn set_rule<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(domain): PathOf<String>,
    JsonBody(rule): JsonBody<Rule>,
) -> Result<Response, Refusal> {
    deeds::set_rule(&api.backend, &domain, Some(rule)).await?;
    Ok(done())
}

async fn forget_rule<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf(domain): PathOf<String>,
) -> Result<Response, Refusal> {
    deeds::set_rule(&api.backend, &domain, None).await?;
    Ok(done())
}

async fn share<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf((domain, group)): PathOf<(String, String)>,
) -> Result<Response, Refusal> {
    deeds::share(&api.backend, &domain, &group).await?;
    Ok(done())
}

async fn unshare<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    PathOf((domain, group)): PathOf<(String, String)>,
) -> Result<Response, Refusal> {
    deeds::unshare(&api.backend, &domain, &group).await?;
    Ok(done())
}

#[derive(Deserialize)]
struct DoctorQuery {
    domain: Option<String>,
}

async fn examine<B: Backend + AdminBackend>(
    State(api): ApiState<B>,
    _: Admin,
    QueryOf(query): QueryOf<DoctorQuery>,
) -> Result<Response, Refusal> {
    let findings = api.backend.examine(query.domain.as_deref()).await?;
    Ok(list!(findings, findings))
}
