//! One Wasm VM of a plugin that sees request headers and nothing else.
//!
//! Such a plugin needs no context for a stream, so it need not be told of a stream's end, which saves a fifth of a microsecond
//! for each request. Two things follow. Which configuration a stream belongs to is known because the host announces a
//! stream immediately before its first callback, which here is its only one. And the end of a configuration is not told
//! either, so each has a slow pulse: a timer ends with its root context, and all of them run on one thread at one period. A
//! round ends when a root context beats for the second time in it; one that was silent for several rounds is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use filter::{Level, Next, Outcome, Plugin};

use crate::live::{self, Live, Place};
use crate::root::{Root, tick_every};
use crate::settle::{Action, NOT_CONFIGURED, apply, failed, refuse, send};

/// How often a configuration shows that it lives.
const PULSE: Duration = Duration::from_mins(1);

/// How many rounds a configuration may be silent before it is taken for gone.
const MISSED: u32 = 5;

/// Everything that one VM holds of plugin `P`.
#[derive(Debug)]
pub struct LightVm<P> {
    roots: BTreeMap<u32, Beating<P>>,
    announced: Option<(u32, u32)>,
}

#[derive(Debug)]
struct Beating<P> {
    root: Root<P>,
    /// Whether it beat in this round.
    beat: bool,
    /// How many rounds before this one it was silent.
    missed: u32,
}

impl<P> Default for LightVm<P> {
    fn default() -> Self {
        Self {
            roots: BTreeMap::new(),
            announced: None,
        }
    }
}

impl<P: Plugin> LightVm<P> {
    /// `proxy_on_configure`: whether the configuration of root context `root` is one that the plugin takes.
    pub fn configure(&mut self, root: u32, size: u32) -> u32 {
        let configured = Root::configure(size).filter(|_| tick_every(PULSE).is_some());
        let taken = configured.is_some();
        if let Some(configured) = configured {
            self.roots.insert(
                root,
                Beating {
                    root: configured,
                    beat: false,
                    missed: 0,
                },
            );
        }
        u32::from(taken)
    }

    /// `proxy_on_context_create`: a root context has the parent 0.
    pub const fn context_create(&mut self, context: u32, parent: u32) {
        if parent != 0 {
            self.announced = Some((context, parent));
        }
    }

    /// `proxy_on_request_headers`.
    pub fn request_headers(&mut self, context: u32) -> u32 {
        let announced = self
            .announced
            .filter(|(announced, _)| *announced == context);
        let Some(beating) = announced.and_then(|(_, root)| self.roots.get_mut(&root)) else {
            return refuse(NOT_CONFIGURED).code();
        };
        let root = &mut beating.root;
        settle(
            root.plugin
                .on_request(&mut Live::new(&root.names, Place::Request)),
        )
        .code()
    }

    /// `proxy_on_tick`: the pulse of root context `root`.
    pub fn tick(&mut self, root: u32) {
        if self.roots.get(&root).is_some_and(|beating| beating.beat) {
            self.end_round();
        }
        if let Some(beating) = self.roots.get_mut(&root) {
            beating.beat = true;
        }
    }

    fn end_round(&mut self) {
        for beating in self.roots.values_mut() {
            beating.missed = if beating.beat {
                0
            } else {
                beating.missed.saturating_add(1)
            };
            beating.beat = false;
        }
        self.roots.retain(|_, beating| beating.missed <= MISSED);
    }
}

/// Carries `outcome` out. What it remembers of the stream nobody will ask for.
fn settle<S>(outcome: Outcome<S>) -> Action {
    if let Err(error) = apply(&outcome.edits, Place::Request) {
        return failed(&error);
    }
    match outcome.next {
        Next::Continue(_) => Action::Continue,
        Next::Reply(reply, _) => send(&reply),
        Next::Wait(..) | Next::Buffer(_) => {
            live::log(
                Level::Error,
                "the plugin holds a request, for which it must export more than request_headers",
            );
            refuse("weft_cannot_wait")
        }
    }
}

#[cfg(test)]
mod tests {
    use filter::{Callbacks, Exchange, config};

    use super::*;
    use crate::live::Names;

    struct Passes;

    impl Plugin for Passes {
        const NAME: &'static str = "passes";
        const CALLBACKS: Callbacks = Callbacks::REQUEST;
        type Stream = ();

        fn configure(_: &[u8]) -> Result<Self, config::Errors> {
            Ok(Self)
        }

        fn on_request(&mut self, _: &mut dyn Exchange) -> Outcome<()> {
            Outcome::proceed(())
        }
    }

    fn vm(roots: &[u32]) -> LightVm<Passes> {
        let names = || Names {
            prefix: String::new(),
            metrics: Vec::new(),
        };
        let beating = || Beating {
            root: Root {
                plugin: Passes,
                names: names(),
                me: 0,
            },
            beat: false,
            missed: 0,
        };
        LightVm {
            roots: roots.iter().map(|root| (*root, beating())).collect(),
            announced: None,
        }
    }

    proptest::proptest! {
        #[test]
        fn whoever_beats_lives_and_whoever_is_silent_goes(
            count in 1_u32..64,
            orders in proptest::collection::vec(proptest::prelude::any::<u64>(), 20),
        ) {
            let silent = count + 1;
            let mut vm = vm(&(1..=silent).collect::<Vec<_>>());
            for order in orders {
                // Every timer fires once in a period, in any order.
                let mut beats: Vec<_> = (1..=count).collect();
                beats.rotate_left(usize::try_from(order % u64::from(count)).unwrap());
                if order % 3 == 0 {
                    beats.reverse();
                }
                for root in beats {
                    vm.tick(root);
                }
            }
            let left: Vec<_> = vm.roots.keys().copied().collect();
            proptest::prop_assert_eq!(left, (1..=count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_stream_goes_to_the_configuration_that_it_was_announced_for() {
        let mut vm = vm(&[1, 2]);
        vm.context_create(7, 2);
        assert_eq!(vm.request_headers(7), Action::Continue.code());
        assert_eq!(
            vm.request_headers(8),
            Action::Pause.code(),
            "a stream that was not announced"
        );
        vm.context_create(9, 5);
        assert_eq!(
            vm.request_headers(9),
            Action::Pause.code(),
            "a configuration that is not there"
        );
    }
}
