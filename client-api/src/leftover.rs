//! What a client still has to say when its answer is ready: the rest of a body that no route read.
//! Left unread it would end the connection under the client's next request, or reset it before the
//! answer arrives. So the rest is read and thrown away within bounds; past them the answer says
//! that the connection closes. It must not look into what it reads.

use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::{Body, Bytes, HttpBody};
use axum::extract::Request;
use axum::http::{HeaderValue, header};
use axum::middleware::Next;
use axum::response::Response;
use http_body_util::BodyExt;
use hyper::body::{Frame, SizeHint};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// Makes sure that a connection goes on after an answer, or that the answer says that it does not.
pub(crate) async fn read_out(request: Request, next: Next) -> Response {
    if request.body().is_end_stream() {
        return next.run(request).await;
    }
    // Whoever asks before sending is told before sending, and may then send nothing at all.
    let asks = request.headers().contains_key(header::EXPECT);
    let (give_back, leftover) = oneshot::channel();
    let lent = |body| Body::new(Lent { body, ended: false, give_back: Some(give_back) });
    let mut response = next.run(request.map(lent)).await;
    let whole = match leftover.await {
        Ok(Leftover::Nothing) => true,
        Ok(Leftover::Rest(rest)) => !asks && timeout(READ_TIMEOUT, read(rest)).await == Ok(true),
        Err(_) => false,
    };
    if !whole {
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    response
}

/// Reads to the end; false when it does not come within bounds.
async fn read(mut body: Body) -> bool {
    let mut bytes = 0;
    while bytes <= READ_BYTES_MAX {
        match timeout(READ_PAUSE_MAX, body.frame()).await {
            Ok(None) => return true,
            Ok(Some(Ok(frame))) => bytes += frame.data_ref().map_or(0, Bytes::len),
            Ok(Some(Err(_))) | Err(_) => return false,
        }
    }
    false
}

/// What is there of a body when the routes are done with it.
enum Leftover {
    Nothing,
    Rest(Body),
}

/// A body that goes back to the layer when a route drops it.
struct Lent {
    body: Body,
    ended: bool,
    give_back: Option<oneshot::Sender<Leftover>>,
}

impl HttpBody for Lent {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let frame = std::task::ready!(Pin::new(&mut self.body).poll_frame(cx));
        self.ended |= frame.is_none();
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        let ended = self.ended || self.body.is_end_stream();
        let body = std::mem::take(&mut self.body);
        let leftover = if ended { Leftover::Nothing } else { Leftover::Rest(body) };
        if let Some(give_back) = self.give_back.take() {
            // The layer is gone when the connection is.
            let _ = give_back.send(leftover);
        }
    }
}

/// The most that is read for nothing: any body that some route takes, and then some.
const READ_BYTES_MAX: usize = 8 * 1024 * 1024;
/// How long reading for nothing may hold up the answer.
const READ_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a client may pause within it.
const READ_PAUSE_MAX: Duration = Duration::from_secs(1);
