//! Configurations: tried in a throw-away VM first, then handed to every worker, and drained when a newer one comes.

use super::{Configuration, Misuse, Refused, Simulator, count};
use crate::engine::{Callback, Vm};
use crate::world::{CANARY, Place};

/// The number of a VM's first root context.
const FIRST_ROOT: u32 = 1;

impl Simulator {
    /// Configures the plugin, in place of what was configured before: new requests come to this, old streams stay with
    /// theirs.
    ///
    /// # Errors
    ///
    /// [`Refused`]; everything is then as it was.
    pub fn configure(&mut self, written: &[u8]) -> Result<(), Refused> {
        self.configure_beside(written)?;
        let newest = self.configurations.len().saturating_sub(1);
        for older in self.configurations.iter_mut().take(newest) {
            older.live = false;
        }
        self.drain();
        Ok(())
    }

    /// Configures the plugin once more, as a second resource with the same module does. Gives the number by which
    /// [`crate::Request::configuration`] chooses it.
    ///
    /// # Errors
    ///
    /// [`Refused`]; everything is then as it was.
    pub fn configure_beside(&mut self, written: &[u8]) -> Result<usize, Refused> {
        self.try_out(written)?;
        let number = self.configurations.len();
        self.configurations.push(Configuration {
            written: written.to_vec(),
            live: true,
        });
        for worker in 0..self.workers.len() {
            if let Err(error) = self.hand_over(worker, number) {
                return Err(Refused {
                    mistakes: vec![error.to_string()],
                });
            }
        }
        Ok(number)
    }

    /// Runs the configuration in a VM that no request will meet, as Envoy does on its main thread.
    fn try_out(&self, written: &[u8]) -> Result<(), Refused> {
        let said_before = self.world().log.len();
        let refused = |mistakes| Err(Refused { mistakes });
        let mut vm = match self.engine.start(&self.world, CANARY) {
            Ok(vm) => vm,
            Err(error) => return refused(vec![error]),
        };
        let taken = self.configured(
            vm.as_mut(),
            Place {
                worker: CANARY,
                context: FIRST_ROOT,
            },
            written,
            true,
        );
        let mut world = self.world_mut();
        world.timers.retain(|place, _| place.worker != CANARY);
        world.actions.clear();
        match taken {
            Ok(true) => Ok(()),
            Ok(false) => {
                let lines = world
                    .log
                    .iter()
                    .skip(said_before)
                    .filter(|line| line.level >= 4);
                let mistakes = lines.map(|line| mistake(&line.text)).collect();
                refused(mistakes)
            }
            Err(trap) => refused(vec![trap]),
        }
    }

    /// Whether `vm` takes the configuration as root context `place`.
    fn configured(
        &self,
        vm: &mut dyn Vm,
        place: Place,
        written: &[u8],
        fresh: bool,
    ) -> Result<bool, String> {
        written.clone_into(&mut self.world_mut().configuration);
        let size = count(written.len());
        let mut run = |callback| vm.call(place.context, callback).map_err(|trap| trap.0);
        let mut whole = || {
            run(Callback::Create { parent: 0 })?;
            let started = !fresh || run(Callback::VmStart)?.is_none_or(|taken| taken != 0);
            Ok(started && run(Callback::Configure { size })?.is_none_or(|taken| taken != 0))
        };
        let taken = whole();
        self.world_mut().configuration.clear();
        taken
    }

    /// Hands configuration `number` to `worker`, whose VM starts if it has none.
    fn hand_over(&mut self, worker: usize, number: usize) -> Result<(), Misuse> {
        let configuration = self
            .configurations
            .get(number)
            .ok_or(Misuse::NotConfigured)?;
        let written = configuration.written.clone();
        let state = self
            .workers
            .get_mut(worker)
            .ok_or(Misuse::NoWorker(worker))?;
        let (mut vm, fresh) = match state.vm.take() {
            Some(vm) => (vm, false),
            None => (
                self.engine
                    .start(&self.world, worker)
                    .map_err(Misuse::Engine)?,
                true,
            ),
        };
        if fresh {
            state.next_context = FIRST_ROOT;
        }
        let root = state.next_context;
        state.next_context = root.saturating_add(1);
        let place = Place {
            worker,
            context: root,
        };
        let taken = self.configured(vm.as_mut(), place, &written, fresh);
        let said = match &taken {
            Ok(true) => None,
            Ok(false) => Some("refuses a configuration that the trial VM took".to_owned()),
            Err(trap) => Some(format!("{trap}, while it was being configured")),
        };
        if let Some(said) = said {
            self.world_mut().problem(place, said);
        }
        if let (Ok(taken), Some(state)) = (taken, self.workers.get_mut(worker)) {
            state.vm = Some(vm);
            if taken {
                state.roots.insert(number, root);
            }
        }
        self.run_actions();
        Ok(())
    }

    /// Gives `worker` a new VM with the live configurations, as Envoy does after a trap when it is told to reload.
    ///
    /// # Errors
    ///
    /// [`Misuse`] when there is no such worker or no VM starts.
    pub fn restart(&mut self, worker: usize) -> Result<(), Misuse> {
        self.bury(worker);
        self.orphan(worker);
        let state = self
            .workers
            .get_mut(worker)
            .ok_or(Misuse::NoWorker(worker))?;
        state.vm = None;
        state.roots.clear();
        for number in 0..self.configurations.len() {
            if self
                .configurations
                .get(number)
                .is_some_and(|configuration| configuration.live)
            {
                self.hand_over(worker, number)?;
            }
        }
        Ok(())
    }

    /// Ends, on each worker, the old configurations that have no stream left.
    pub(super) fn drain(&mut self) {
        for worker in 0..self.workers.len() {
            for (number, root) in self.drained(worker) {
                let place = Place {
                    worker,
                    context: root,
                };
                self.notify(place, Callback::Done);
                self.notify(place, Callback::Delete);
                self.world_mut().timers.remove(&place);
                if let Some(state) = self.workers.get_mut(worker) {
                    state.roots.remove(&number);
                }
            }
        }
    }

    fn drained(&self, worker: usize) -> Vec<(usize, u32)> {
        let Some(state) = self.workers.get(worker) else {
            return Vec::new();
        };
        let world = self.world();
        let empty = |root: u32| {
            let mut streams = world.streams.iter();
            !streams.any(|(place, stream)| place.worker == worker && stream.root == root)
        };
        let old = |number: usize| {
            self.configurations
                .get(number)
                .is_some_and(|known| !known.live)
        };
        let roots = state.roots.iter().map(|(number, root)| (*number, *root));
        roots
            .filter(|(number, root)| old(*number) && empty(*root))
            .collect()
    }
}

/// A line about a mistake, without what says that it is one.
fn mistake(line: &str) -> String {
    line.strip_prefix("configuration refused: ")
        .unwrap_or(line)
        .to_owned()
}
