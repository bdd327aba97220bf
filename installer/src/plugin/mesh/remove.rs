//! Takes a plugin away, and waits until no listener of a proxy uses it.

use std::time::Duration;

use tokio::time::Instant;

use super::super::apply::Writer;
use super::super::report::ListReport;
use super::super::selection;
use super::super::stamp::Stamp;
use super::super::wasmplugin::WasmPlugin;
use super::Mesh;
use crate::failure::{Exit, Failure, Outcome};

/// Between two looks at the proxies.
const PAUSE: Duration = Duration::from_millis(500);

impl Mesh {
    /// Takes a plugin away, and waits until no proxy has it.
    pub(crate) async fn remove(
        &self,
        name: &str,
        namespace: &str,
        yes: bool,
        timeout: Option<Duration>,
    ) -> Outcome {
        let plugin = self.existing(name, namespace).await?;
        let what = selection::describe(&plugin.spec);
        let question = format!("Remove plugin {namespace}/{name}, which concerns {what}?");
        if !self.output.confirm(&question, yes).await? {
            return Err(Failure::text(Exit::Failure, "nothing was removed"));
        }
        let writer = Writer::new(self.cluster.clone(), false);
        // What was asked about, and not what somebody else has put there meanwhile.
        let known = Stamp::of(&plugin);
        writer.remove_over(namespace, name, &known).await?;
        match timeout {
            Some(timeout) => self.gone(&plugin, name, namespace, timeout).await?,
            None => self.output.say(format!(
                "removed plugin {namespace}/{name}; nobody waited for the proxies"
            )),
        }
        self.output.report(&ListReport::of(&[plugin]))?;
        Ok(Exit::Ok)
    }

    async fn gone(
        &self,
        plugin: &WasmPlugin,
        name: &str,
        namespace: &str,
        timeout: Duration,
    ) -> Result<(), Failure> {
        let started = Instant::now();
        let progress = self.output.progress();
        let scope = self.scope(namespace);
        loop {
            let pods = self.reader.pods(scope).await?;
            let selection = selection::select(&plugin.spec, scope, &pods);
            let left = self
                .reader
                .holders(&format!("{namespace}.{name}"), &selection.running)
                .await;
            let Some((pod, why)) = left.first() else {
                break;
            };
            let why = why
                .clone()
                .unwrap_or_else(|| "a listener still uses it".to_owned());
            let text = format!("{} proxies still have it; {pod}: {why}", left.len());
            if started.elapsed() >= timeout {
                return Err(Failure::text(
                    Exit::Timeout,
                    format!("plugin {namespace}/{name} is removed, but {text}"),
                ));
            }
            progress.update(text);
            tokio::time::sleep(PAUSE).await;
        }
        drop(progress);
        self.output.say(format!(
            "removed plugin {namespace}/{name}: no proxy uses it for new connections; connections that were open drain with it"
        ));
        Ok(())
    }
}
