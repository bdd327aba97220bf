//! An API server in memory, for tests: objects by their paths, which are listed, made, replaced and merged.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};

use crate::cluster::access::Cluster;
use crate::cluster::fake::served;

/// What there is, and who asked for what.
#[derive(Clone, Default)]
pub(crate) struct Fake {
    objects: Arc<Mutex<BTreeMap<String, Value>>>,
    asked: Arc<Mutex<Vec<String>>>,
    forbids: bool,
}

impl Fake {
    /// One where nobody may have to do with `ConfigMap`s.
    pub(crate) fn forbidding() -> Self {
        Self {
            forbids: true,
            ..Self::default()
        }
    }

    /// A connection to it.
    pub(crate) fn cluster(&self) -> Cluster {
        served(Router::new().fallback(answer).with_state(self.clone()))
    }

    /// Puts an object there.
    pub(crate) fn put(&self, path: &str, object: Value) {
        self.objects.lock().unwrap().insert(path.to_owned(), object);
    }

    /// What was asked for so far, as `PATCH /apis/...`.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.asked.lock().unwrap().clone()
    }
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let mut body: Value = serde_json::from_slice(&body).unwrap_or_default();
    let path = parts.uri.path().to_owned();
    fake.asked
        .lock()
        .unwrap()
        .push(format!("{} {path}", parts.method));
    if fake.forbids && path.contains("/configmaps") {
        return status(403);
    }
    let mut objects = fake.objects.lock().unwrap();
    let version = (fake.asked.lock().unwrap().len()).to_string();
    let found = match parts.method {
        Method::POST if path.ends_with("/configmaps") => {
            let name = body["metadata"]["name"].as_str().unwrap().to_owned();
            body["metadata"]["resourceVersion"] = json!(version);
            objects.insert(format!("{path}/{name}"), body.clone());
            Some(body)
        }
        Method::PUT => {
            body["metadata"]["resourceVersion"] = json!(version);
            objects.insert(path, body.clone());
            Some(body)
        }
        Method::GET if is_list(&path) => {
            let items = objects.iter().filter(|(at, _)| at.starts_with(&path));
            let items: Vec<_> = items.map(|(_, object)| object.clone()).collect();
            Some(json!({"apiVersion": "v1", "kind": "List", "metadata": {}, "items": items}))
        }
        Method::GET | Method::PATCH => objects.get(&path).cloned(),
        _ => None,
    };
    found.map_or_else(
        || status(404),
        |found| (StatusCode::OK, found.to_string()).into_response(),
    )
}

fn is_list(path: &str) -> bool {
    ["/configmaps", "/poddisruptionbudgets", "/pods"]
        .iter()
        .any(|kind| path.ends_with(kind))
}

fn status(code: u16) -> Response {
    let reason = if code == 404 { "NotFound" } else { "Forbidden" };
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("fake {code}"), "reason": reason, "details": {}, "code": code});
    (StatusCode::from_u16(code).unwrap(), status.to_string()).into_response()
}
