//! One writer at a time: a Lease beside the record, held while a verb works.
//!
//! A holder that was killed is recognised at once on its own machine. Elsewhere only its signs tell, and whoever waits
//! measures their absence by a clock of its own: the clocks of two machines say nothing about each other. A holder whose
//! signs do not come through stops before anybody may take its place. That no write is lost between people who both think
//! that they are alone is what the preconditions of each write are for.

mod at_work;
mod claim;
mod holder;

use std::time::Duration;

use k8s_openapi::api::coordination::v1::Lease;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{DeleteParams, PostParams, Preconditions};
use tokio::runtime::{Handle, RuntimeFlavor};
use tokio::task::JoinSet;

use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::failure::{Exit, Failure};
pub(crate) use at_work::at_work;
use claim::{Claim, GIVE_UP, NAME, Next, SECONDS, Seen, claim, next, signed};
use holder::{Holder, Process, clock};

/// How often a holder looks at the clock, which goes on while the machine sleeps.
const TICK: Duration = Duration::from_secs(1);
/// How often whoever waits looks for a sign.
const LOOK: Duration = Duration::from_secs(2);
/// How long letting go may take once we are told to stop.
const PARTING: Duration = Duration::from_secs(5);
/// How often letting go is tried where a sign of ours was on its way.
const TRIES: u32 = 3;

/// The right to write, until it is let go; dropped, it is let go too, since a verb that is interrupted is dropped.
struct Held {
    api: Api<Lease>,
    cluster: Cluster,
    us: Holder,
    /// The same, as a Lease says it.
    holder: String,
    signs: JoinSet<()>,
    is_let_go: bool,
}

/// Acts with the right to write to what is in `namespace`, and lets it go whatever came of it.
///
/// # Errors
/// What `act` failed with comes before a Lease that could not be let go: that one ends by itself. Exit code 1 where
/// somebody else writes already, or took the right over meanwhile; `act` is stopped then, at its next wait.
pub(crate) fn while_held<T>(
    cluster: &Cluster,
    namespace: &str,
    verb: &str,
    act: impl Future<Output = Result<T, Failure>>,
) -> impl Future<Output = Result<T, Failure>> {
    // What acts is large, and would lie in the future of every caller.
    let act = Box::pin(act);
    async move {
        let who = crate::history::who(cluster).await?;
        let api = Api::namespaced(cluster.client.clone(), namespace);
        let mut held = Held::new(cluster, api, Holder::here(&who, verb));
        let since = held.take(namespace).await?;
        held.give_signs(since);
        let done = tokio::select! {
            done = act => done,
            _ = held.signs.join_next() => Err(lost(namespace)),
        };
        let released = held.let_go().await;
        let done = done?;
        match released {
            // A deletion takes the Lease along with its namespace.
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(done),
        }
    }
}

impl Held {
    /// Not yet taken: interrupted while it is being taken, it is let go as well.
    fn new(cluster: &Cluster, api: Api<Lease>, us: Holder) -> Self {
        Self {
            api,
            cluster: cluster.clone(),
            holder: us.to_string(),
            us,
            signs: JoinSet::new(),
            is_let_go: false,
        }
    }

    /// Takes it, and says since when it is ours.
    async fn take(&self, namespace: &str) -> Result<Duration, Failure> {
        let what = format!("take Lease {namespace}/{NAME}");
        let mut seen: Option<Seen> = None;
        loop {
            let now = clock();
            let found = self.cluster.call(&what, self.api.get_opt(NAME)).await?;
            if let Some(lease) = &found {
                let first = seen.get_or_insert_with(|| Seen {
                    version: lease.metadata.resource_version.clone(),
                    at: clock(),
                });
                match claim(lease, &self.us, Process::life, first, now) {
                    Claim::Take => {}
                    Claim::Leave(holder) => return Err(busy(namespace, &holder)),
                    Claim::Look => {
                        tokio::time::sleep(LOOK).await;
                        continue;
                    }
                }
            }
            let lease = signed(found, &self.holder, Timestamp::now());
            match self.write(&what, &lease).await {
                Ok(()) => return Ok(now),
                Err(error) if error.is_status(409) => {
                    return Err(busy(namespace, "somebody who was faster"));
                }
                Err(error) => return Err(error.into()),
            }
        }
    }

    async fn write(&self, what: &str, lease: &Lease) -> Result<(), ClusterError> {
        let params = PostParams {
            field_manager: Some(super::MANAGER.to_owned()),
            ..PostParams::default()
        };
        if lease.metadata.resource_version.is_some() {
            let asked = self.api.replace(NAME, &params, lease);
            self.cluster.call(what, asked).await.map(drop)
        } else {
            let asked = self.api.create(&params, lease);
            self.cluster.call(what, asked).await.map(drop)
        }
    }

    /// Gives signs of life as long as it is held; the task ends when the right to write is lost.
    fn give_signs(&mut self, since: Duration) {
        let mut giver = Self::new(&self.cluster, self.api.clone(), self.us.clone());
        // It only gives signs.
        giver.is_let_go = true;
        self.signs.spawn(async move {
            let mut last = since;
            loop {
                tokio::time::sleep(TICK).await;
                let now = clock();
                match next(last, now) {
                    Next::Nothing => continue,
                    Next::Stop => return,
                    Next::Sign => {}
                }
                let left = GIVE_UP.saturating_sub(now.saturating_sub(last));
                match tokio::time::timeout(left, giver.sign()).await {
                    Ok(Ok(true)) => last = now,
                    Ok(Ok(false)) => return,
                    // One sign that is missed is not the end: the next comes in time.
                    Ok(Err(_)) | Err(_) => {}
                }
            }
        });
    }

    /// Whether it was still ours.
    async fn sign(&self) -> Result<bool, ClusterError> {
        let what = "renew the Lease";
        let found = self.cluster.call(what, self.api.get_opt(NAME)).await?;
        if found.as_ref().is_some_and(|lease| !self.is_ours(lease)) {
            return Ok(false);
        }
        let is_gone = found.is_none();
        let lease = signed(found, &self.holder, Timestamp::now());
        match self.write(what, &lease).await {
            Ok(()) => Ok(true),
            // A deletion takes the Lease along with its namespace, where nobody else can take it then either.
            Err(error) if is_gone && (error.is_forbidden() || error.is_not_found()) => Ok(true),
            Err(error) => Err(error),
        }
    }

    fn is_ours(&self, lease: &Lease) -> bool {
        let spec = lease.spec.as_ref();
        spec.and_then(|spec| spec.holder_identity.as_deref()) == Some(&self.holder)
    }

    /// Lets it go. It would go by itself too, only later.
    async fn let_go(&mut self) -> Result<(), ClusterError> {
        self.signs.abort_all();
        let what = "let the Lease go";
        let mut tries = TRIES;
        loop {
            let found = self.cluster.call(what, self.api.get_opt(NAME)).await?;
            let Some(lease) = found.filter(|lease| self.is_ours(lease)) else {
                break;
            };
            let params = DeleteParams::default().preconditions(Preconditions {
                resource_version: lease.metadata.resource_version,
                uid: lease.metadata.uid,
            });
            tries = tries.saturating_sub(1);
            match self
                .cluster
                .call(what, self.api.delete(NAME, &params))
                .await
            {
                // A sign of ours was still on its way.
                Err(error) if error.is_status(409) && tries > 0 => {}
                Err(error) if !error.is_status(404) && !error.is_status(409) => return Err(error),
                _ => break,
            }
        }
        self.is_let_go = true;
        Ok(())
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let runtime = Handle::try_current()
            .ok()
            .filter(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
        if let (false, Some(runtime)) = (self.is_let_go, runtime) {
            let bounded = async {
                // A server that does not answer makes it go by itself.
                drop(tokio::time::timeout(PARTING, self.let_go()).await);
            };
            tokio::task::block_in_place(|| runtime.block_on(bounded));
        }
    }
}

/// Our signs did not come through, or somebody took the Lease over.
fn lost(namespace: &str) -> Failure {
    let text = format!(
        "Lease {namespace}/{NAME} is lost: this weft gave no sign of life for {} s (a slow API server, or a machine that \
         slept), or somebody took the Lease away, so another weft may work now; this one stopped: run the same command again",
        GIVE_UP.as_secs()
    );
    Failure::text(Exit::Failure, text)
}

fn busy(namespace: &str, holder: &str) -> Failure {
    let text = format!(
        "another weft works on the mesh in {namespace}: {holder} holds Lease {namespace}/{NAME}; \
         wait until it is done (a holder that was killed is forgotten after {SECONDS} s)"
    );
    Failure::text(Exit::Failure, text)
}
