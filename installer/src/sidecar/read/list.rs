//! Reads lists, in pages of which only the views are kept.

use kube::api::ListParams;
use kube::core::Request;
use serde::de::DeserializeOwned;

use super::super::view::Page;
use super::Reader;
use crate::cluster::error::ClusterError;
use crate::cluster::pages;

/// What of each object of a list is sent.
#[derive(Clone, Copy, Debug)]
pub(super) enum Part {
    /// All of it.
    All,
    /// Its metadata alone.
    Metadata,
}

impl Reader {
    /// Objects whole.
    pub(super) async fn list<T: DeserializeOwned, V>(
        &self,
        what: &str,
        path: &str,
        params: ListParams,
        view: impl Fn(T) -> Option<V>,
    ) -> Result<Vec<V>, ClusterError> {
        self.pages(what, (path, Part::All), params, view).await
    }

    /// Page after page.
    pub(super) async fn pages<T: DeserializeOwned, V>(
        &self,
        what: &str,
        (path, part): (&str, Part),
        params: ListParams,
        view: impl Fn(T) -> Option<V>,
    ) -> Result<Vec<V>, ClusterError> {
        pages::all(params, async |params| {
            let request = match part {
                Part::All => Request::new(path).list(params),
                Part::Metadata => Request::new(path).list_metadata(params),
            };
            let asked = async {
                let request = request.map_err(kube::Error::BuildRequest)?;
                self.cluster.client.request::<Page<T>>(request).await
            };
            let page = self.cluster.call(what, asked).await?;
            let views = page.items.into_iter().flatten().filter_map(&view);
            Ok((views.collect(), page.metadata.next))
        })
        .await
    }
}
