//! The web client: files that are part of the program, for browsers. It must not know what the
//! pages do; they use the API as every other client does.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};

/// A file of the client.
struct File {
    /// Its path below the root.
    path: &'static str,
    /// Names its content.
    tag: &'static str,
    plain: &'static [u8],
    /// Compressed; empty where that is no shorter.
    packed: &'static [u8],
}

include!(concat!(env!("OUT_DIR"), "/web.rs"));

/// What a page may do: nothing but use its own node. Scripts and styles within pages are none. A
/// worker may be made of a script that is no file: so a session's beat goes on in a page that
/// nobody sees. Who could make another worker would have to run a script already.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' \
    blob: data:; font-src 'self'; connect-src 'self'; manifest-src 'self'; \
    worker-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The page of every path that is no file: the client shows what the path names.
const PAGE: &str = "index.html";
/// Characters in a file's name that change with its content: `app.VVTI2TPQ.js`.
const HASH_CHARS: usize = 8;

/// Answers a request that is none of the API's; `None` where it is for no page.
pub(crate) fn answer(method: &Method, uri: &Uri, headers: &HeaderMap) -> Option<Response> {
    let path = uri.path().trim_start_matches('/');
    let is_api = path.starts_with("v1/") || path.starts_with(".well-known/");
    if is_api || (method != Method::GET && method != Method::HEAD) {
        return None;
    }
    // A worker that keeps the page asks for it as a file.
    let wanted = if path.is_empty() { PAGE } else { path };
    let named = FILES.iter().find(|file| file.path == wanted);
    let wants_page = || {
        let accepted = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok());
        let is_page = accepted.is_some_and(|accepted| accepted.contains("text/html"));
        FILES.iter().find(|file| file.path == PAGE).filter(|_| is_page)
    };
    Some(file(named.or_else(wants_page)?, headers))
}

fn file(file: &File, headers: &HeaderMap) -> Response {
    let is_held = headers.get(header::IF_NONE_MATCH).is_some_and(|tag| tag == file.tag);
    let accepts = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok());
    let is_packed = !file.packed.is_empty() && accepts.is_some_and(|it| it.contains("gzip"));
    let bytes = if is_packed { file.packed } else { file.plain };
    let mut response = match is_held {
        true => StatusCode::NOT_MODIFIED.into_response(),
        false => Body::from(bytes).into_response(),
    };
    let lasts = if is_lasting(file.path) { "max-age=31536000, immutable" } else { "no-cache" };
    let fields = [
        (header::CONTENT_TYPE, kind(file.path)),
        (header::CACHE_CONTROL, lasts),
        (header::ETAG, file.tag),
        (header::VARY, "accept-encoding"),
        (header::CONTENT_SECURITY_POLICY, POLICY),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
    ];
    for (name, value) in fields {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    if is_packed && !is_held {
        let gzip = HeaderValue::from_static("gzip");
        response.headers_mut().insert(header::CONTENT_ENCODING, gzip);
    }
    response
}

/// Whether another content would have another name.
fn is_lasting(path: &str) -> bool {
    let mut parts = path.rsplit(['.', '-', '/']).skip(1);
    let is_hash = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit();
    parts.next().is_some_and(|part| part.len() == HASH_CHARS && part.chars().all(is_hash))
}

fn kind(path: &str) -> &'static str {
    match path.rsplit_once('.').map(|(_, ending)| ending) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("json") => "application/json",
        Some("webmanifest") => "application/manifest+json",
        Some("svg") => "image/svg+xml",
        Some("png") => "image/png",
        Some("woff2") => "font/woff2",
        _ => "application/octet-stream",
    }
}
