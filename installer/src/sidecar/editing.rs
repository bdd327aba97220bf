//! An edit of one object, decided, and decided once more where somebody wrote the object meanwhile.

use serde_json::Value;

use super::edit::{Edit, Prepared, Site, prepare};
use super::read::Reader;
use super::write::Writer;
use crate::cluster::error::ClusterError;
use crate::cluster::object::ObjectId;

/// How often an edit is decided anew because somebody wrote the object meanwhile; a controller does so now and then.
const TRIES: u32 = 8;

/// An edit, and what it takes to decide it once more.
pub(crate) struct Editing {
    edit: Edit,
    site: Site,
    /// As it was decided first.
    pub(crate) prepared: Prepared,
}

impl Editing {
    /// Decides what an edit means for the object as the API server gave it.
    pub(crate) fn new(object: &Value, site: Site, edit: Edit) -> Self {
        let prepared = prepare(object, site, &edit);
        Self {
            edit,
            site,
            prepared,
        }
    }

    /// Writes it to the object at that path.
    pub(crate) async fn write(
        &self,
        id: &ObjectId,
        path: &str,
        writer: &Writer,
        reader: &Reader,
    ) -> Result<(), ClusterError> {
        let what = id.to_string();
        let mut again = None;
        let mut tries = TRIES;
        loop {
            let prepared = again.as_ref().unwrap_or(&self.prepared);
            tries = tries.saturating_sub(1);
            match writer.edit(&what, path, prepared).await {
                Err(error) if error.is_status(409) && tries > 0 => {}
                done => return done,
            }
            let object = reader.object(&what, path).await?;
            let newer = self
                .prepared
                .anew(&object, self.site, &self.edit)
                .ok_or_else(|| ClusterError::Overtaken {
                    what: what.clone(),
                    by: "is not as it was read".to_owned(),
                })?;
            if !newer.foreign.is_empty() && !writer.forces() {
                return Err(ClusterError::Conflict {
                    what: format!("write {id}"),
                    fields: newer.foreign,
                });
            }
            again = Some(newer);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use axum::Router;
    use axum::extract::{Request, State};
    use axum::http::{Method, StatusCode};
    use axum::response::{IntoResponse as _, Response};
    use http_body_util::BodyExt as _;
    use serde_json::json;

    use super::*;
    use crate::cluster::fake;
    use crate::sidecar::edit::{MANAGER, Want, current};
    use crate::sidecar::injector::Labels;

    const PATH: &str = "/api/v1/namespaces/shop";
    const BOTH: &str = "istio-injection=enabled istio.io/rev=new";

    /// Before which write of weft's somebody does what.
    type Meanwhile = Option<(usize, fn(&mut Place))>;
    /// That, what the namespace said after each write of weft's, and whether the edit came to its end.
    type Row = (Meanwhile, &'static [&'static str], bool);

    /// A namespace, who writes what beside weft, and what it said after each write.
    #[derive(Default)]
    struct Place {
        labels: Labels,
        ours: Labels,
        version: u32,
        writes: usize,
        meanwhile: Meanwhile,
        said: Vec<String>,
    }

    impl Place {
        fn object(&self) -> Value {
            let keys = |all: &Labels| -> Value {
                all.keys()
                    .map(|key| (format!("f:{key}"), json!({})))
                    .collect()
            };
            let mut others = self.labels.clone();
            others.retain(|key, _| !self.ours.contains_key(key));
            let owner = |manager: &str, operation: &str, all: &Labels| {
                json!({"manager": manager, "operation": operation,
                    "fieldsV1": {"f:metadata": {"f:labels": keys(all)}}})
            };
            json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "shop", "uid": "1",
                "resourceVersion": self.version.to_string(), "labels": self.labels,
                "managedFields": [owner(MANAGER, "Apply", &self.ours), owner("kubectl-label", "Update", &others)]}})
        }

        fn patch(&mut self, body: &Value, is_apply: bool) -> StatusCode {
            self.writes += 1;
            if let Some((_, act)) = self.meanwhile.filter(|(at, _)| *at == self.writes) {
                act(self);
                self.version += 1;
            }
            if body["metadata"]["resourceVersion"] != json!(self.version.to_string()) {
                return StatusCode::CONFLICT;
            }
            let asked = body["metadata"]["labels"]
                .as_object()
                .cloned()
                .unwrap_or_default();
            if is_apply {
                let gone: Vec<_> = std::mem::take(&mut self.ours).into_keys().collect();
                self.labels.retain(|key, _| !gone.contains(key));
            }
            for (key, value) in asked {
                if let Some(value) = value.as_str() {
                    self.labels.insert(key.clone(), value.to_owned());
                    self.ours.insert(key, value.to_owned());
                } else {
                    self.labels.remove(&key);
                    self.ours.remove(&key);
                }
            }
            self.version += 1;
            let words = self
                .labels
                .iter()
                .map(|(key, value)| format!("{key}={value}"));
            self.said.push(words.collect::<Vec<_>>().join(" "));
            StatusCode::OK
        }
    }

    async fn answer(State(place): State<Arc<Mutex<Place>>>, request: Request) -> Response {
        let (parts, body) = request.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        let mut place = place.lock().unwrap();
        let mut status = StatusCode::OK;
        if parts.method == Method::PATCH {
            let is_apply = parts.headers["content-type"]
                .to_str()
                .unwrap()
                .contains("apply");
            status = place.patch(&serde_json::from_slice(&body).unwrap(), is_apply);
        }
        let object = if status == StatusCode::OK {
            place.object()
        } else {
            json!({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": "later", "reason": "Conflict", "code": 409})
        };
        (status, object.to_string()).into_response()
    }

    /// Whoever is killed after any write, or meets somebody who writes meanwhile, leaves a namespace that asks for sidecars.
    #[tokio::test]
    async fn a_label_is_taken_over_without_a_moment_of_silence() {
        let note = |place: &mut Place| drop(place.labels.insert("team".to_owned(), "a".to_owned()));
        let takes = |place: &mut Place| drop(place.labels.remove("istio-injection"));
        let turns = |place: &mut Place| {
            drop(
                place
                    .labels
                    .insert("istio-injection".to_owned(), "disabled".to_owned()),
            );
        };
        let cases: [Row; 6] = [
            (None, &[BOTH, "istio.io/rev=new"], true),
            (
                Some((1, note)),
                &[
                    "istio-injection=enabled istio.io/rev=new team=a",
                    "istio.io/rev=new team=a",
                ],
                true,
            ),
            (
                Some((2, note)),
                &[
                    BOTH,
                    "istio-injection=enabled istio.io/rev=new team=a",
                    "istio.io/rev=new team=a",
                ],
                true,
            ),
            (Some((2, takes)), &[BOTH, "istio.io/rev=new"], true),
            (Some((1, turns)), &[], false),
            (Some((2, turns)), &[BOTH], false),
        ];
        for (meanwhile, said, is_done) in cases {
            let at = meanwhile.map(|(at, _)| at);
            let place = Arc::new(Mutex::new(Place {
                labels: [("istio-injection".to_owned(), "enabled".to_owned())].into(),
                meanwhile,
                ..Place::default()
            }));
            let cluster = fake::served(Router::new().fallback(answer).with_state(place.clone()));
            let reader = Reader::new(cluster.clone());
            let writer = Writer::new(cluster, false, false);
            let object = reader.object("Namespace shop", PATH).await.unwrap();
            let edit = Edit::default()
                .label("istio-injection", Want::Gone)
                .label("istio.io/rev", Want::Value("new".to_owned()));
            let editing = Editing::new(&object, Site::Object, edit);
            let id = ObjectId::of(&object).unwrap();
            let done = editing.write(&id, PATH, &writer, &reader).await;
            assert_eq!(done.is_ok(), is_done, "{at:?} {done:?}");
            let place = place.lock().unwrap();
            assert_eq!(place.said, said, "{at:?}");
            let now = current(&place.object(), Site::Object, "labels");
            assert_eq!(now.contains_key("istio-injection"), !is_done, "{at:?}");
        }
    }
}
