//! Which writing of a plugin an object is, so that two runs of `weft` on one plugin notice each other instead of writing
//! over and over what the other one has just replaced.

use super::record::Record;
use super::wasmplugin::WasmPlugin;
use crate::cluster::error::ClusterError;

/// What tells one version that was written from another. Sending a version again, and closing one that was open, keep it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stamp {
    revision: u64,
    deployed_at: Option<String>,
    image: String,
    url: String,
}

impl Stamp {
    /// Of an object.
    pub(crate) fn of(object: &WasmPlugin) -> Self {
        let record = Record::read(object);
        Self {
            revision: record.revision,
            deployed_at: record.deployed_at,
            image: record.image,
            url: object.spec.url.clone(),
        }
    }
}

/// Refuses to go on when what is there is not what was there, or was written, by us.
pub(crate) fn unchanged(
    namespace: &str,
    name: &str,
    known: Option<&Stamp>,
    current: Option<&WasmPlugin>,
) -> Result<(), ClusterError> {
    if known == current.map(Stamp::of).as_ref() {
        return Ok(());
    }
    Err(ClusterError::Overtaken {
        what: format!("WasmPlugin {namespace}/{name}"),
        by: current.map_or_else(|| "was removed".to_owned(), successor),
    })
}

/// What is there instead, and who wrote it.
fn successor(current: &WasmPlugin) -> String {
    let stamp = Stamp::of(current);
    let managed = current.metadata.managed_fields.iter().flatten();
    let last = managed
        .filter(|entry| entry.subresource.as_deref().is_none_or(str::is_empty))
        .max_by_key(|entry| entry.time.as_ref().map(|time| time.0));
    let by = last
        .and_then(|entry| entry.manager.as_deref())
        .map(|manager| format!(" by {manager}"))
        .unwrap_or_default();
    let at = stamp
        .deployed_at
        .map(|at| format!(", deployed at {at}"))
        .unwrap_or_default();
    format!(
        "is now revision {} of {}{at}, written{by}",
        stamp.revision, stamp.image
    )
}

#[cfg(test)]
mod tests {
    use super::super::record::Rollout;
    use super::super::wasmplugin::WasmPluginSpec;
    use super::*;

    fn object(revision: u64, at: &str) -> WasmPlugin {
        let spec = WasmPluginSpec {
            url: "oci://r/x@sha256:1".to_owned(),
            ..WasmPluginSpec::default()
        };
        let mut object = WasmPlugin::new("x", spec.clone());
        let record = Record {
            image: "r/x:1".to_owned(),
            revision,
            deployed_at: Some(at.to_owned()),
            rollout: Rollout::Pending,
            ..Record::default()
        };
        record.write(&spec, &mut object.metadata);
        object
    }

    #[test]
    fn another_version_is_noticed_and_named_and_the_same_one_sent_again_is_not() {
        let ours = object(2, "t2");
        let mut again = ours.clone();
        again.spec.fail_strategy = Some("FAIL_CLOSE".to_owned());
        let mut theirs = object(3, "t3");
        theirs.metadata.managed_fields = serde_json::from_value(serde_json::json!([
            {"manager": "weft", "operation": "Apply", "time": "2026-01-01T00:00:00Z"},
            {"manager": "kubectl-edit", "operation": "Update", "time": "2026-01-02T00:00:00Z"},
            {"manager": "istiod", "subresource": "status", "time": "2026-01-03T00:00:00Z"},
        ]))
        .unwrap();
        let stamp = Stamp::of(&ours);
        let check = |current: Option<&WasmPlugin>| {
            unchanged("shop", "x", Some(&stamp), current).map_err(|error| error.to_string())
        };

        assert_eq!(check(Some(&again)), Ok(()));
        let said = check(Some(&theirs)).unwrap_err();
        assert!(
            said.contains("WasmPlugin shop/x is now revision 3 of r/x:1, deployed at t3, written by kubectl-edit"),
            "{said}"
        );
        assert!(check(None).unwrap_err().contains("was removed"));
        assert!(unchanged("shop", "x", None, Some(&ours)).is_err());
        assert!(unchanged("shop", "x", None, None).is_ok());
    }
}
