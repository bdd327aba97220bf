//! A configuration becomes a plugin.

use std::time::Duration;

use filter::{Level, Plugin, Proxy, lease};

use super::live::{self, Counted, Live, Names};
use super::{NativeVm, Root};
use crate::world::{Buffer, Half, Kind, Place};

impl<P: Plugin> NativeVm<P> {
    pub(super) fn configure(&mut self, root: u32, size: u32) -> Option<()> {
        let place = self.place(root);
        let written = self
            .world
            .borrow_mut()
            .buffer(place, Buffer::Configuration, 0, size);
        let written = written.map_err(|status| self.refuse(place, &status)).ok()?;
        let plugin = match P::configure(&written) {
            Ok(plugin) => plugin,
            Err(errors) => {
                errors
                    .mistakes()
                    .iter()
                    .for_each(|mistake| self.refuse(place, mistake));
                return None;
            }
        };
        let prefix = self.prefix(place, &written);
        let metrics = self.define_metrics(&plugin);
        let mut me = [0; 8];
        // Without a random source all workers are called 0, and then all of them lead.
        let named = self.world.borrow_mut().fill_random(&mut me).is_ok();
        let me = if named { u64::from_le_bytes(me) } else { 0 };
        let mut configured = Root {
            plugin,
            names: Names { prefix, metrics },
            me,
        };
        let mut live = Live::new(&self.world, place, &configured.names, Half::Request);
        if configured.plugin.tick_period().is_some()
            && let Err(error) = lease::create(&mut live)
        {
            let warning =
                format!("no worker can be elected, so every one of them will lead: {error}");
            live.log(Level::Warn, &warning);
        }
        configured.plugin.on_start(&mut live);
        if let Some(period) = configured.plugin.tick_period() {
            let period = period.max(Duration::from_millis(1));
            let set = self.world.borrow_mut().set_tick_period(place, period);
            set.map_err(|status| self.refuse(place, &status)).ok()?;
        }
        self.roots.insert(root, configured);
        Some(())
    }

    fn refuse(&self, place: Place, why: &dyn std::fmt::Display) {
        live::log(
            &self.world,
            place,
            Level::Error,
            &format!("configuration refused: {why}"),
        );
    }

    fn prefix(&self, place: Place, written: &[u8]) -> String {
        let mut world = self.world.borrow_mut();
        let mut property = |path| world.property(place, path).unwrap_or_default();
        let (named, rooted) = (property("plugin_name"), property("plugin_root_id"));
        let parts = [&rooted[..], b"\0", written].concat();
        let named = String::from_utf8_lossy(&named);
        let hash = parts.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
            (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
        });
        format!(
            "weft/{}/{}/{named}/{hash:016x}/",
            P::NAME,
            P::SHARED_VERSION
        )
    }

    fn define_metrics(&self, plugin: &P) -> Vec<Option<Counted>> {
        let define = |metric: &filter::Metric| {
            let (kind, adds) = match metric.kind {
                filter::metric::Kind::Counter => (Kind::Counter, true),
                filter::metric::Kind::Gauge => (Kind::Gauge, false),
                filter::metric::Kind::Histogram => (Kind::Histogram, false),
            };
            let id = self
                .world
                .borrow_mut()
                .define_metric(kind, &metric.name)
                .ok()?;
            Some(Counted { id, adds })
        };
        plugin.metrics().iter().map(define).collect()
    }
}
