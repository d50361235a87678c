//! One notification on its way: made, sent, and what the service's answer means.

use std::time::Duration;

use bytes::Bytes;
use comity_machine::{ChannelNo, DeviceId, PushSubscription, PushTarget};
use comity_protocol::code::Code;
use comity_protocol::cursor::Pos;
use comity_protocol::id::AccountNumber;
use comity_push::{Job, What};
use data_encoding::BASE64URL_NOPAD;
use http::{HeaderMap, HeaderValue, StatusCode, header};
use ring::digest::{SHA256, digest};

use super::Push;
use super::judge::origin;
use super::payload::News;
use crate::clock;
use crate::push::{Answer, DeviceKeys, Request, Urgency, check_endpoint, seal};

/// How long a service keeps a notification for a device that is away, in seconds.
const TTL_S: &str = "604800";
/// Characters of a topic (RFC 8030 section 5.4).
const TOPIC_CHARS: usize = 32;

/// What became of a notification.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Delivered {
    /// The service took it.
    Took,
    /// There is nothing to be told any more.
    Nothing,
    /// What the device subscribed to at that pos is no more.
    Gone(Pos),
    /// The service did not take it.
    Failed {
        /// Whether that says nothing of what is for other devices.
        is_alone: bool,
        /// How long it wants to be left alone.
        retry_after: Option<Duration>,
        /// Why, in a sentence.
        why: String,
    },
}

impl Delivered {
    fn failed(why: impl Into<String>) -> Self {
        Self::Failed { is_alone: false, retry_after: None, why: why.into() }
    }
}

impl Push {
    /// Tells a device what it is to be told.
    pub(super) async fn deliver(&self, job: Job) -> Delivered {
        let (device, no) = (DeviceId(job.key.device), ChannelNo(job.key.channel));
        let known = {
            let state = self.0.shared.state();
            let known = state.devices.get(&device);
            known.and_then(|device| Some((device.account, device.push.clone()?)))
        };
        let Some((account, subscription)) = known else { return Delivered::Nothing };
        // It may have stood in line for long.
        if job.what == What::Tell && !self.is_wanted(account, no) {
            return Delivered::Nothing;
        }
        let news = match self.look_up(account, no, job.what).await {
            Ok(Some(news)) => news,
            Ok(None) => return Delivered::Nothing,
            Err(_) => return Delivered::failed("the node cannot read its records"),
        };
        if job.what == What::Tell && !news.is_something() {
            return Delivered::Nothing;
        }
        let told = self.tell(device, &subscription, &news, subscription.content).await;
        match told {
            // Too long for this service: by ids alone it is short.
            Told::Answered(answer) if answer.status == StatusCode::PAYLOAD_TOO_LARGE => {
                self.tell(device, &subscription, &news, false).await.means(&subscription)
            }
            told => told.means(&subscription),
        }
    }

    /// What is to be told, read in its turn and off the threads that serve sockets.
    async fn look_up(
        &self,
        account: AccountNumber,
        no: ChannelNo,
        what: What,
    ) -> Result<Option<News>, Code> {
        // The semaphore is never closed.
        let _turn = self.0.reading.acquire().await;
        let push = self.clone();
        let news = tokio::task::spawn_blocking(move || push.news(account, no, what));
        news.await.map_err(|_| Code::Internal)?
    }

    async fn tell(
        &self,
        device: DeviceId,
        subscription: &PushSubscription,
        news: &News,
        with_content: bool,
    ) -> Told {
        match self.request(device, subscription, news, with_content) {
            Ok(request) => match self.0.sender.send(request).await {
                Ok(answer) => Told::Answered(answer),
                Err(error) => Told::Unanswered(error.to_string()),
            },
            Err(why) => Told::Unanswered(why),
        }
    }

    fn request(
        &self,
        device: DeviceId,
        subscription: &PushSubscription,
        news: &News,
        with_content: bool,
    ) -> Result<Request, String> {
        let guard = self.0.sender.guard();
        let endpoint = |text: &str| check_endpoint(text, guard).map_err(|error| error.to_string());
        match &subscription.target {
            PushTarget::WebPush { endpoint: text, key, secret } => {
                let keys = DeviceKeys { key, secret };
                let body = seal(&keys, &news.to_json(with_content));
                let body = Bytes::from(body.map_err(|error| error.to_string())?);
                let (endpoint, mut headers) = (endpoint(text)?, HeaderMap::new());
                let mut put = |name: &'static str, text: &str| {
                    let value = HeaderValue::from_str(text).ok();
                    value.map(|value| headers.insert(name, value));
                };
                put("ttl", TTL_S);
                put("content-encoding", "aes128gcm");
                put("content-type", "application/octet-stream");
                put("urgency", urgency(news).name());
                put("topic", &topic(device, news));
                if let Some(origin) = origin(&subscription.target) {
                    let said = self.0.key.authorization(&origin, clock::unix_ms() / 1_000);
                    put("authorization", &said.ok_or("the node cannot sign")?);
                }
                Ok(Request { endpoint, headers, body })
            }
            PushTarget::Gateway { url, app, key } => {
                let body = news.to_gateway_json((app, key), with_content).into();
                let json = HeaderValue::from_static("application/json");
                let headers = HeaderMap::from_iter([(header::CONTENT_TYPE, json)]);
                Ok(Request { endpoint: endpoint(url)?, headers, body })
            }
        }
    }
}

/// What came back.
enum Told {
    Answered(Answer),
    Unanswered(String),
}

impl Told {
    /// What that means (RFC 8030 sections 5 and 8.4; gateways answer likewise).
    fn means(self, subscription: &PushSubscription) -> Delivered {
        let Answer { status, retry_after, body } = match self {
            Self::Answered(answer) => answer,
            Self::Unanswered(why) => return Delivered::failed(why),
        };
        match status {
            StatusCode::NOT_FOUND | StatusCode::GONE => Delivered::Gone(subscription.changed),
            status if status.is_success() => match &subscription.target {
                PushTarget::Gateway { key, .. } if rejects(&body, key) => {
                    Delivered::Gone(subscription.changed)
                }
                _ => Delivered::Took,
            },
            status if status.is_redirection() => {
                Delivered::failed("it redirects, which is not followed")
            }
            status => {
                let why = format!("it answers with status {}", status.as_u16());
                let is_alone = status.is_client_error();
                Delivered::Failed { is_alone, retry_after, why }
            }
        }
    }
}

/// Whether a gateway's answer says that it knows a device no more.
fn rejects(body: &[u8], pushkey: &str) -> bool {
    let answer: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    let rejected = answer["rejected"].as_array().map(Vec::as_slice).unwrap_or_default();
    rejected.iter().any(|key| key == pushkey)
}

fn urgency(news: &News) -> Urgency {
    match news.what {
        What::Withdraw => Urgency::Low,
        What::Tell if news.is_meant => Urgency::High,
        What::Tell => Urgency::Normal,
    }
}

/// What replaces what the service still holds of the same channel; it tells nobody which devices
/// share a channel.
fn topic(DeviceId(device): DeviceId, news: &News) -> String {
    let mut bytes = device.to_be_bytes().to_vec();
    bytes.extend_from_slice(news.channel.as_bytes());
    let mut topic = BASE64URL_NOPAD.encode(digest(&SHA256, &bytes).as_ref());
    topic.truncate(TOPIC_CHARS);
    topic
}
