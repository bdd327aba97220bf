//! A registry in memory, for tests: it can ask for a log-in, refuse, and lie.

use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::request::Parts;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

/// How it behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Mood {
    /// As it should.
    #[default]
    Good,
    /// Wants `me:secret` by HTTP basic authentication.
    Basic,
    /// Wants a token, which it gives to `me:secret`.
    Token,
    /// Answers every request with this.
    Answers(u16),
    /// Changes the last byte of every blob.
    Lies,
}

#[derive(Clone, Default)]
struct Store {
    mood: Mood,
    address: String,
    held: Arc<Mutex<BTreeMap<String, (String, Bytes)>>>,
    asked: Arc<Mutex<Vec<String>>>,
}

/// A running fake; it ends with the test's runtime.
pub(crate) struct Fake {
    pub(crate) address: String,
    store: Store,
}

impl Fake {
    pub(crate) async fn start(mood: Mood) -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let store = Store {
            mood,
            address: address.clone(),
            ..Store::default()
        };
        let router = Router::new().fallback(serve).with_state(store.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, store }
    }

    /// Puts something in directly, under `manifests/TAG` or `blobs/DIGEST`.
    pub(crate) fn put(&self, path: &str, kind: &str, data: &[u8]) {
        let key = path.to_owned();
        self.store
            .held
            .lock()
            .unwrap()
            .insert(key, (kind.to_owned(), Bytes::copy_from_slice(data)));
    }

    /// Every request until now, `GET /v2/…`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.store.asked.lock().unwrap().clone()
    }

    pub(crate) fn paths(&self) -> Vec<String> {
        self.store.held.lock().unwrap().keys().cloned().collect()
    }
}

async fn serve(State(store): State<Store>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let path = parts.uri.path().to_owned();
    store
        .asked
        .lock()
        .unwrap()
        .push(format!("{} {path}", parts.method));
    if path == "/token" {
        return if is_me(&parts.headers) {
            r#"{"token":"t0ken"}"#.into_response()
        } else {
            StatusCode::UNAUTHORIZED.into_response()
        };
    }
    if let Some(refusal) = store.refusal(&parts.headers) {
        return refusal;
    }
    let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
    if path == "/v2/" {
        StatusCode::OK.into_response()
    } else {
        store.answer(&parts, body)
    }
}

fn is_me(headers: &HeaderMap) -> bool {
    // me:secret
    headers
        .get(header::AUTHORIZATION)
        .is_some_and(|value| value == "Basic bWU6c2VjcmV0")
}

impl Store {
    fn refusal(&self, headers: &HeaderMap) -> Option<Response> {
        let challenge = |words: String| {
            Some(
                (
                    StatusCode::UNAUTHORIZED,
                    [(header::WWW_AUTHENTICATE, words)],
                )
                    .into_response(),
            )
        };
        match self.mood {
            Mood::Answers(code) => Some(StatusCode::from_u16(code).unwrap().into_response()),
            Mood::Basic if !is_me(headers) => challenge("Basic realm=\"fake\"".to_owned()),
            Mood::Token
                if headers
                    .get(header::AUTHORIZATION)
                    .is_none_or(|value| value != "Bearer t0ken") =>
            {
                challenge(format!(
                    "Bearer realm=\"http://{}/token\",service=\"fake\"",
                    self.address
                ))
            }
            Mood::Good | Mood::Basic | Mood::Token | Mood::Lies => None,
        }
    }

    fn answer(&self, request: &Parts, body: Bytes) -> Response {
        let path = request.uri.path().to_owned();
        // The last two segments: manifests/TAG, blobs/DIGEST, uploads/SESSION.
        let key = path
            .rsplitn(3, '/')
            .take(2)
            .fold(String::new(), |end, part| format!("{part}/{end}"));
        let key = key.trim_end_matches('/').to_owned();
        let here = || [(header::LOCATION, path.clone())];
        let mut held = self.held.lock().unwrap();
        match request.method.as_str() {
            "POST" => (
                StatusCode::ACCEPTED,
                [(header::LOCATION, path.clone() + "session")],
            )
                .into_response(),
            "PATCH" => {
                held.insert("upload".to_owned(), (String::new(), body));
                (StatusCode::ACCEPTED, here(), [(header::RANGE, "0-0")]).into_response()
            }
            "PUT" if key.starts_with("manifests/") => {
                let kind = request
                    .headers
                    .get(header::CONTENT_TYPE)
                    .unwrap()
                    .to_str()
                    .unwrap()
                    .to_owned();
                let digest = crate::measure::digest(&body);
                held.insert(format!("manifests/{digest}"), (kind.clone(), body.clone()));
                held.insert(key, (kind, body));
                (StatusCode::CREATED, here()).into_response()
            }
            "PUT" => {
                let digest = request
                    .uri
                    .query()
                    .unwrap()
                    .split("digest=")
                    .nth(1)
                    .unwrap()
                    .replace("%3A", ":");
                let (_, upload) = held.remove("upload").unwrap();
                held.insert(format!("blobs/{digest}"), (String::new(), upload));
                (StatusCode::CREATED, here()).into_response()
            }
            _ => held.get(&key).map_or_else(
                || StatusCode::NOT_FOUND.into_response(),
                |found| self.give(&key, found),
            ),
        }
    }

    fn give(&self, key: &str, (kind, data): &(String, Bytes)) -> Response {
        let mut data = data.to_vec();
        if let (Mood::Lies, true, Some(last)) =
            (self.mood, key.starts_with("blobs/"), data.last_mut())
        {
            *last ^= 1;
        }
        ([(header::CONTENT_TYPE, kind.clone())], data).into_response()
    }
}
