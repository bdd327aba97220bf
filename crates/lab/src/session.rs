//! A run of tests or a demo: whatever it starts belongs to it, and goes when it goes.
//!
//! Dropping a session takes everything down. If the process is killed instead, what it started is recognised by its
//! owner being gone, and the next session, `lab up`, `lab down` or `lab clean` removes it.

use crate::apart;
use crate::cache::Cache;
use crate::cleanup::Scope;
use crate::cluster::{self, Cluster, ClusterOptions};
use crate::istio::{self, IstioOptions};
use crate::output::say;
use crate::process::ProcId;
use crate::registry::{self, Registry};
use crate::tools::{self, Tool};
use crate::{host, state};
use anyhow::Result;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

/// Starts things, and stops them when dropped.
#[derive(Debug)]
pub struct Session {
    cache: Cache,
    owner: Option<ProcId>,
    names: Mutex<Vec<String>>,
    keep: bool,
}

impl Session {
    /// A session of this process, in the cache that the environment names. Removes what dead runs left.
    ///
    /// # Errors
    /// When there is no place for the cache, or what a dead run left cannot be removed.
    pub fn start() -> Result<Self> {
        Self::in_cache(Cache::from_env()?)
    }

    /// The same in a cache of the caller's choice.
    ///
    /// # Errors
    /// When what a dead run left cannot be removed.
    pub fn in_cache(cache: Cache) -> Result<Self> {
        clean(&cache, &Scope::Dead)?;
        Ok(Self {
            cache,
            owner: ProcId::current(),
            names: Mutex::default(),
            keep: false,
        })
    }

    /// What is started belongs to that process, or to nobody, and stays when the session is dropped.
    #[must_use]
    pub fn detached(mut self, owner: Option<ProcId>) -> Self {
        self.owner = owner;
        self.keep = true;
        self
    }

    /// The cache that it works in.
    #[must_use]
    pub fn cache(&self) -> &Cache {
        &self.cache
    }

    /// Installs a tool unless it is there.
    ///
    /// # Errors
    /// As [`tools::ensure`].
    pub fn tool(&self, tool: Tool) -> Result<PathBuf> {
        tools::ensure(&self.cache, tool)
    }

    /// Starts a registry of that name.
    ///
    /// # Errors
    /// When the name is taken or the server does not start.
    pub fn registry(&self, name: &str) -> Result<Registry> {
        self.remember(name, || {
            registry::start(&self.cache, name, self.owner.clone())
        })
    }

    /// Brings a cluster up.
    ///
    /// # Errors
    /// When none can run here, the name is taken, or it does not come up; the error says where its logs are.
    pub fn cluster(&self, options: &ClusterOptions) -> Result<Cluster> {
        self.remember(&options.name, || {
            cluster::start(&self.cache, options, self.owner.clone())
        })
    }

    /// Installs istiod on a cluster.
    ///
    /// # Errors
    /// When it does not get ready.
    pub fn istio(&self, cluster: &Cluster, options: &IstioOptions) -> Result<()> {
        istio::install(&self.cache, cluster, options)
    }

    /// Takes one thing down before the session ends.
    ///
    /// # Errors
    /// When something of it cannot be removed.
    pub fn down(&self, name: &str) -> Result<()> {
        clean(&self.cache, &Scope::Named(vec![name.to_owned()]))
    }

    /// Only what did start is ours to stop: a name that was taken is somebody else's. What failed half way is dead
    /// once `starting` is cleared, and goes with the next clean-up.
    fn remember<T>(&self, name: &str, start: impl FnOnce() -> Result<T>) -> Result<T> {
        let taken = state::find(&self.cache, name).is_ok();
        let started = start();
        if started.is_ok() || (!taken && self.is_ours(name)) {
            self.names
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .push(name.to_owned());
        }
        started
    }

    fn is_ours(&self, name: &str) -> bool {
        state::find(&self.cache, name).is_ok_and(|part| part.starting == ProcId::current())
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        if self.keep {
            return;
        }
        let names = std::mem::take(self.names.get_mut().unwrap_or_else(PoisonError::into_inner));
        if names.is_empty() {
            return;
        }
        if let Err(error) = clean(&self.cache, &Scope::Named(names)) {
            say(&format!(
                "not everything could be stopped: {error:#}; try: lab clean"
            ));
        }
    }
}

/// Makes the scope true, under the lock. What tests left that have died goes in any case.
pub(crate) fn clean(cache: &Cache, scope: &Scope) -> Result<()> {
    apart::sweep(cache);
    let lock = host::lock(cache)?;
    host::clean(cache, scope, &lock)
}
