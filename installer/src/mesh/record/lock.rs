//! One writer at a time: a Lease beside the record, held while a verb works.
//!
//! A holder that was killed is recognised at once on its own machine, and elsewhere after some seconds without a sign of
//! life. The Lease only keeps two people from working against each other; that no write is lost is what the
//! preconditions of each write are for.

use std::time::Duration;

use k8s_openapi::api::coordination::v1::{Lease, LeaseSpec};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::MicroTime;
use k8s_openapi::jiff::Timestamp;
use kube::Api;
use kube::api::{DeleteParams, ObjectMeta, PostParams, Preconditions};

use crate::cluster::access::Cluster;
use crate::cluster::error::ClusterError;
use crate::failure::{Exit, Failure};

/// A holder that gave no sign for so long is gone.
const SECONDS: i32 = 30;
/// How often a holder gives one.
const SIGN: Duration = Duration::from_secs(10);

/// Who holds a Lease: a user, a command, and the process that can be looked for on its own machine.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Holder {
    who: String,
    verb: String,
    machine: String,
    pid: u32,
}

/// What is to be done about a Lease.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Claim {
    /// Nobody has it, or its holder is gone.
    Take,
    /// Somebody works.
    Wait {
        /// Who and with what.
        holder: String,
        /// For how many seconds it would be honoured without another sign.
        seconds: i64,
    },
}

/// The right to write, until it is let go.
#[derive(Debug)]
struct Held {
    api: Api<Lease>,
    cluster: Cluster,
    name: String,
    holder: String,
    signs: tokio::task::JoinHandle<()>,
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
        let mut held = hold(cluster, namespace, &who, verb).await?;
        let done = tokio::select! {
            done = act => done,
            _ = &mut held.signs => Err(lost(namespace)),
        };
        let released = held.release().await;
        let done = done?;
        match released {
            // A deletion takes the Lease along with its namespace.
            Err(error) if !error.is_not_found() => Err(error.into()),
            _ => Ok(done),
        }
    }
}

async fn hold(cluster: &Cluster, namespace: &str, who: &str, verb: &str) -> Result<Held, Failure> {
    let api: Api<Lease> = Api::namespaced(cluster.client.clone(), namespace);
    let name = "weft".to_owned();
    let holder = Holder::here(who, verb);
    let what = format!("take Lease {namespace}/{name}");
    let found = cluster.call(&what, api.get_opt(&name)).await?;
    if let Some(Claim::Wait { holder, seconds }) = found
        .as_ref()
        .map(|lease| claim(lease, Timestamp::now(), &holder))
    {
        return Err(busy(namespace, &holder, seconds));
    }
    let text = holder.to_string();
    let lease = signed(found, &name, &text, Timestamp::now());
    let params = PostParams {
        field_manager: Some(super::MANAGER.to_owned()),
        ..PostParams::default()
    };
    let taken = if lease.metadata.resource_version.is_some() {
        cluster
            .call(&what, api.replace(&name, &params, &lease))
            .await
    } else {
        cluster.call(&what, api.create(&params, &lease)).await
    };
    match taken {
        Ok(_) => {}
        Err(error) if error.is_status(409) => {
            return Err(busy(
                namespace,
                "somebody who was faster",
                i64::from(SECONDS),
            ));
        }
        Err(error) => return Err(error.into()),
    }
    let signs = tokio::spawn(give_signs(
        cluster.clone(),
        api.clone(),
        name.clone(),
        text.clone(),
    ));
    Ok(Held {
        api,
        cluster: cluster.clone(),
        name,
        holder: text,
        signs,
    })
}

impl Held {
    /// Lets it go. It would go by itself too, only later.
    async fn release(self) -> Result<(), ClusterError> {
        self.signs.abort();
        let Some(lease) = self
            .cluster
            .call("let the Lease go", self.api.get_opt(&self.name))
            .await?
        else {
            return Ok(());
        };
        if lease.spec.and_then(|spec| spec.holder_identity).as_deref() != Some(&self.holder) {
            return Ok(());
        }
        let params = DeleteParams::default().preconditions(Preconditions {
            resource_version: lease.metadata.resource_version,
            uid: lease.metadata.uid,
        });
        match self
            .cluster
            .call("let the Lease go", self.api.delete(&self.name, &params))
            .await
        {
            Err(error) if !error.is_status(404) && !error.is_status(409) => Err(error),
            _ => Ok(()),
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.signs.abort();
    }
}

async fn give_signs(cluster: Cluster, api: Api<Lease>, name: String, holder: String) {
    loop {
        tokio::time::sleep(SIGN).await;
        let Ok(Some(lease)) = cluster.call("renew the Lease", api.get_opt(&name)).await else {
            continue;
        };
        let held = lease
            .spec
            .as_ref()
            .and_then(|spec| spec.holder_identity.as_deref())
            == Some(&holder);
        if !held {
            return;
        }
        let lease = signed(Some(lease), &name, &holder, Timestamp::now());
        // One sign that is missed is not the end: the next comes in time.
        drop(
            cluster
                .call(
                    "renew the Lease",
                    api.replace(&name, &PostParams::default(), &lease),
                )
                .await,
        );
    }
}

fn signed(found: Option<Lease>, name: &str, holder: &str, now: Timestamp) -> Lease {
    let mut lease = found.unwrap_or_else(|| Lease {
        metadata: ObjectMeta {
            name: Some(name.to_owned()),
            ..ObjectMeta::default()
        },
        spec: None,
    });
    let mut spec = lease.spec.take().unwrap_or_default();
    if spec.holder_identity.as_deref() != Some(holder) {
        spec.acquire_time = Some(MicroTime(now));
    }
    lease.spec = Some(LeaseSpec {
        holder_identity: Some(holder.to_owned()),
        lease_duration_seconds: Some(SECONDS),
        renew_time: Some(MicroTime(now)),
        ..spec
    });
    lease
}

fn claim(lease: &Lease, now: Timestamp, us: &Holder) -> Claim {
    let spec = lease.spec.clone().unwrap_or_default();
    let Some(text) = spec.holder_identity.filter(|text| !text.is_empty()) else {
        return Claim::Take;
    };
    let gone = Holder::parse(&text)
        .is_some_and(|holder| holder.machine == us.machine && !is_alive(holder.pid));
    let age = spec
        .renew_time
        .map_or(i64::MAX, |time| now.duration_since(time.0).as_secs());
    let left = i64::from(spec.lease_duration_seconds.unwrap_or(SECONDS)).saturating_sub(age);
    if gone || left <= 0 {
        return Claim::Take;
    }
    let holder = Holder::parse(&text).map_or(text, |holder| {
        format!("{} with `weft {}`", holder.who, holder.verb)
    });
    Claim::Wait {
        holder,
        seconds: left,
    }
}

/// Somebody took the Lease over: our signs of life did not come through for too long.
fn lost(namespace: &str) -> Failure {
    let text = format!(
        "Lease {namespace}/weft is held by another weft now: this one gave no sign of life for {SECONDS} s \
         (a slow API server, or a machine that slept), and stopped; run the same command again when that one is done"
    );
    Failure::text(Exit::Failure, text)
}

fn busy(namespace: &str, holder: &str, seconds: i64) -> Failure {
    let text = format!(
        "another weft works on the mesh in {namespace}: {holder} holds Lease {namespace}/weft; \
         wait until it is done (a holder that was killed is forgotten after {seconds} s)"
    );
    Failure::text(Exit::Failure, text)
}

impl Holder {
    fn here(who: &str, verb: &str) -> Self {
        let name = rustix::system::uname()
            .nodename()
            .to_string_lossy()
            .into_owned();
        // Two containers may share the name and number their processes alike.
        let space = std::fs::read_link("/proc/self/ns/pid").unwrap_or_default();
        Self {
            who: who.to_owned(),
            verb: verb.to_owned(),
            machine: format!("{name} {}", space.display()),
            pid: std::process::id(),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        // From the end: a user's name may have anything in it.
        let mut parts = text.rsplitn(4, " | ").map(str::to_owned);
        Some(Self {
            pid: parts.next()?.parse().ok()?,
            machine: parts.next()?,
            verb: parts.next()?,
            who: parts.next()?,
        })
    }
}

impl std::fmt::Display for Holder {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            out,
            "{} | {} | {} | {}",
            self.who, self.verb, self.machine, self.pid
        )
    }
}

fn is_alive(pid: u32) -> bool {
    let pid = i32::try_from(pid)
        .ok()
        .and_then(rustix::process::Pid::from_raw);
    // A process that we may not signal is there all the same.
    pid.is_some_and(|pid| rustix::process::test_kill_process(pid) != Err(rustix::io::Errno::SRCH))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    fn holder(machine: &str, pid: u32) -> Holder {
        Holder {
            who: "alice".to_owned(),
            verb: "mesh apply".to_owned(),
            machine: machine.to_owned(),
            pid,
        }
    }

    #[test]
    fn a_holder_is_honoured_while_it_lives_and_for_some_seconds() {
        let us = holder("here", std::process::id());
        let dead = u32::try_from(i32::MAX).unwrap();
        let wait = |seconds| Claim::Wait {
            holder: "alice with `weft mesh apply`".to_owned(),
            seconds,
        };
        let cases = [
            (
                "alive, here",
                holder("here", std::process::id()),
                0,
                wait(30),
            ),
            ("dead, here", holder("here", dead), 0, Claim::Take),
            (
                "dead or alive, elsewhere",
                holder("there", dead),
                29,
                wait(1),
            ),
            ("no sign for long", holder("there", dead), 30, Claim::Take),
            ("a clock that is late", holder("there", dead), -5, wait(35)),
        ];
        for (what, holder, age, wanted) in cases {
            let lease = signed(None, "weft", &holder.to_string(), at(0));
            assert_eq!(claim(&lease, at(age), &us), wanted, "{what}");
        }
    }

    #[test]
    fn a_lease_of_nobody_is_taken() {
        assert_eq!(
            claim(&Lease::default(), at(0), &holder("here", 1)),
            Claim::Take
        );
    }

    #[test]
    fn a_sign_does_not_change_since_when() {
        let first = signed(None, "weft", "a", at(0));
        let second = signed(Some(first.clone()), "weft", "a", at(10));
        let acquired = |lease: &Lease| lease.spec.as_ref().unwrap().acquire_time.clone();
        assert_eq!(acquired(&first), acquired(&second));
        let taken = signed(Some(second), "weft", "b", at(20));
        assert_eq!(acquired(&taken), Some(MicroTime(at(20))));
    }
}
