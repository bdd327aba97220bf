//! An API server in memory, for tests: plugins with resource versions and preconditions, and pods. Its proxies cannot
//! be asked.

use super::access::Cluster;
use axum::Router;
use axum::body::Bytes;
use axum::extract::{Request, State};
use axum::http::{Method, StatusCode};
use axum::response::{IntoResponse as _, Response};
use http_body_util::BodyExt as _;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// Called with each request and the number of its kind, before it is answered; a status answers in the server's place.
type Hook = Box<dyn FnMut(&mut World, &Method, usize) -> Option<u16> + Send>;

/// What there is.
#[derive(Default)]
pub(crate) struct World {
    /// By the path of the resource.
    pub(crate) plugins: BTreeMap<String, Value>,
    /// As listed.
    pub(crate) pods: Vec<Value>,
    version: u64,
    seen: BTreeMap<String, usize>,
}

#[derive(Clone, Default)]
pub(crate) struct Fake {
    world: Arc<Mutex<World>>,
    hook: Arc<Mutex<Option<Hook>>>,
}

impl World {
    /// Puts an object in the place of what is there.
    pub(crate) fn put(&mut self, path: &str, mut object: Value, manager: &str) -> Value {
        self.version += 1;
        let metadata = object["metadata"].as_object_mut().unwrap();
        metadata.insert("resourceVersion".into(), json!(self.version.to_string()));
        metadata.insert("uid".into(), json!("u"));
        metadata.insert(
            "managedFields".into(),
            json!([{"manager": manager, "operation": "Apply", "time": "2026-01-01T00:00:00Z"}]),
        );
        self.plugins.insert(path.to_owned(), object.clone());
        object
    }

    fn version_of(&self, path: &str) -> Option<&str> {
        self.plugins.get(path)?["metadata"]["resourceVersion"].as_str()
    }
}

/// A connection to whatever answers.
pub(crate) fn served(router: Router) -> Cluster {
    Cluster {
        client: kube::Client::new(router, "shop"),
        namespace: "shop".to_owned(),
        server: "https://fake".to_owned(),
        timeout: Duration::from_secs(5),
        caller: Arc::default(),
    }
}

impl Fake {
    /// A connection to it.
    pub(crate) fn cluster(&self) -> Cluster {
        served(Router::new().fallback(answer).with_state(self.clone()))
    }

    pub(crate) fn before_each(
        &self,
        hook: impl FnMut(&mut World, &Method, usize) -> Option<u16> + Send + 'static,
    ) {
        *self.hook.lock().unwrap() = Some(Box::new(hook));
    }

    pub(crate) fn with<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.world.lock().unwrap())
    }
}

async fn answer(State(fake): State<Fake>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    let path = parts.uri.path().to_owned();
    let mut world = fake.world.lock().unwrap();
    if path.contains("/wasmplugins/") {
        let count = world.seen.entry(parts.method.to_string()).or_default();
        *count += 1;
        let count = *count;
        let mut hook = fake.hook.lock().unwrap();
        let status = hook
            .as_mut()
            .and_then(|hook| hook(&mut world, &parts.method, count));
        if let Some(code) = status {
            return status_of(code);
        }
        let rehearsed = parts
            .uri
            .query()
            .is_some_and(|query| query.contains("dryRun=All"));
        let before = world.plugins.get(&path).cloned();
        let answer = plugin(&mut world, &parts.method, &path, &body);
        if rehearsed {
            world.plugins.remove(&path);
            world.plugins.extend(before.map(|before| (path, before)));
        }
        return answer;
    }
    if path.ends_with("/pods") {
        let items = &world.pods;
        return found(
            &json!({"apiVersion": "v1", "kind": "PodList", "metadata": {}, "items": items}),
        );
    }
    status_of(404)
}

fn plugin(world: &mut World, method: &Method, path: &str, body: &Bytes) -> Response {
    let body: Value = serde_json::from_slice(body).unwrap_or_default();
    match *method {
        Method::GET => world
            .plugins
            .get(path)
            .map_or_else(|| status_of(404), found),
        Method::DELETE => {
            let wanted = body.pointer("/preconditions/resourceVersion");
            if wanted.is_some_and(|wanted| wanted.as_str() != world.version_of(path)) {
                return status_of(409);
            }
            world
                .plugins
                .remove(path)
                .map_or_else(|| status_of(404), |object| found(&object))
        }
        Method::PATCH => {
            let wanted = body.pointer("/metadata/resourceVersion");
            if wanted.is_some_and(|wanted| wanted.as_str() != world.version_of(path)) {
                return status_of(409);
            }
            found(&world.put(path, body, "weft"))
        }
        _ => status_of(405),
    }
}

fn found(value: &Value) -> Response {
    (StatusCode::OK, value.to_string()).into_response()
}

fn status_of(code: u16) -> Response {
    let status = json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
        "message": format!("fake {code}"), "reason": if code == 404 { "NotFound" } else { "" }, "details": {}, "code": code});
    (StatusCode::from_u16(code).unwrap(), status.to_string()).into_response()
}
