//! The requests of the engine: objects of any kind, as JSON.

use kube::api::{DeleteParams, GetParams, ListParams, Patch, PatchParams, Preconditions};
use kube::core::{Request, request};
use serde_json::{Value, json};

use super::access::Cluster;
use super::discovery::Resource;
use super::error::ClusterError;
use super::object::ObjectId;
use super::pages;
use super::peek::text;

/// How to write.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Write {
    /// As whom.
    pub(crate) manager: &'static str,
    /// Take over what others own.
    pub(crate) force: bool,
    /// Only say what would come of it.
    pub(crate) dry_run: bool,
}

impl Cluster {
    /// The object, if it exists.
    pub(crate) async fn read(
        &self,
        resource: &Resource,
        id: &ObjectId,
    ) -> Result<Option<Value>, ClusterError> {
        let asked = async {
            let request = Request::new(resource.path(id.namespace.as_deref()));
            let request = built(request.get(&id.name, &GetParams::default()))?;
            match self.client.request::<Value>(request).await {
                Ok(object) => Ok(Some(object)),
                Err(kube::Error::Api(status)) if status.is_not_found() => Ok(None),
                Err(error) => Err(error),
            }
        };
        self.call(&format!("read {id}"), asked).await
    }

    /// The objects of a kind, in a namespace or in all, that selectors choose.
    pub(crate) async fn select(
        &self,
        resource: &Resource,
        namespace: Option<&str>,
        labels: &str,
        fields: &str,
    ) -> Result<Vec<Value>, ClusterError> {
        let mut params = ListParams::default();
        if !labels.is_empty() {
            params = params.labels(labels);
        }
        if !fields.is_empty() {
            params = params.fields(fields);
        }
        let what = format!("list {}", resource.plural);
        pages::all(params, async |params| {
            let asked = async {
                let request = Request::new(resource.path(namespace));
                self.client
                    .request::<Value>(built(request.list(params))?)
                    .await
            };
            let mut page = self.call(&what, asked).await?;
            let next = text(&page, "/metadata/continue").to_owned();
            let items = match page.get_mut("items").map(Value::take) {
                Some(Value::Array(items)) => items,
                _ => Vec::new(),
            };
            let items = items.into_iter().map(|item| typed(item, resource));
            Ok((items.collect(), Some(next)))
        })
        .await
    }

    /// Server-side apply. The answer is the object as it is then.
    pub(crate) async fn apply(
        &self,
        resource: &Resource,
        id: &ObjectId,
        object: &Value,
        write: Write,
    ) -> Result<Value, ClusterError> {
        let params = PatchParams {
            dry_run: write.dry_run,
            force: write.force,
            ..PatchParams::apply(write.manager)
        };
        let asked = async {
            let request = Request::new(resource.path(id.namespace.as_deref()));
            let request = built(request.patch(&id.name, &params, &Patch::Apply(object)))?;
            self.client.request::<Value>(request).await
        };
        self.call(&format!("write {id}"), asked).await
    }

    /// Deletes the object if it is still that very one; what it owns goes before it. It is no mistake when there is none.
    pub(crate) async fn delete(
        &self,
        resource: &Resource,
        id: &ObjectId,
        uid: &str,
    ) -> Result<(), ClusterError> {
        let params = DeleteParams::foreground().preconditions(Preconditions {
            uid: Some(uid.to_owned()),
            resource_version: None,
        });
        let asked = async {
            let request = Request::new(resource.path(id.namespace.as_deref()));
            let request = built(request.delete(&id.name, &params))?;
            match self.client.request::<Value>(request).await {
                Ok(_) => Ok(()),
                // Gone, or another object of the same name by now.
                Err(kube::Error::Api(status)) if matches!(status.code, 404 | 409) => Ok(()),
                Err(error) => Err(error),
            }
        };
        self.call(&format!("delete {id}"), asked).await
    }
}

/// The items of a list do not say what they are.
fn typed(mut item: Value, resource: &Resource) -> Value {
    if let Some(fields) = item.as_object_mut() {
        fields.insert("apiVersion".to_owned(), json!(resource.api_version()));
        fields.insert("kind".to_owned(), json!(resource.kind));
    }
    item
}

fn built<T>(request: Result<T, request::Error>) -> Result<T, kube::Error> {
    request.map_err(kube::Error::BuildRequest)
}
