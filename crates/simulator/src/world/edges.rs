//! The other host calls.

use std::time::Duration;

use super::{Action, Kind, Line, Place, Stream, Timer, World};
use crate::status::Status;

impl World {
    /// Writes a line to the log.
    ///
    /// # Errors
    ///
    /// `BadArgument` for a level that there is not.
    pub fn write(&mut self, place: Place, level: u32, text: String) -> Result<(), Status> {
        self.faults.meet("proxy_log")?;
        if level > 5 {
            return Err(Status::BAD_ARGUMENT);
        }
        self.log.push(Line {
            worker: place.worker,
            level,
            text,
        });
        Ok(())
    }

    /// The time.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn clock(&mut self) -> Result<Duration, Status> {
        self.faults.meet("proxy_get_current_time_nanoseconds")?;
        Ok(self.now)
    }

    /// Has a configuration tick on its worker; a period of 0 ends that.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn set_tick_period(&mut self, place: Place, period: Duration) -> Result<(), Status> {
        self.faults.meet("proxy_set_tick_period_milliseconds")?;
        let root = Place {
            context: self.root_of(place),
            ..place
        };
        if period.is_zero() {
            self.timers.remove(&root);
        } else {
            let next = self.now.saturating_add(period);
            self.timers.insert(root, Timer { period, next });
        }
        Ok(())
    }

    /// A property of the stream.
    ///
    /// # Errors
    ///
    /// `NotFound` when it has none of this path.
    pub fn property(&mut self, place: Place, path: &str) -> Result<Vec<u8>, Status> {
        self.faults.meet("proxy_get_property")?;
        let stream = self.streams.get(&place);
        let said = stream.and_then(|stream| stream.property(path));
        match path {
            "plugin_name" => Ok(self.plugin_name.clone().into_bytes()),
            "plugin_root_id" | "plugin_vm_id" => Ok(Vec::new()),
            _ => said.ok_or(Status::NOT_FOUND),
        }
    }

    /// Sets a property of the stream, which others read as `wasm.` and its path.
    ///
    /// # Errors
    ///
    /// `NotFound` outside a stream.
    pub fn set_property(&mut self, place: Place, path: &str, value: &[u8]) -> Result<(), Status> {
        self.faults.meet("proxy_set_property")?;
        let stream = self.streams.get_mut(&place).ok_or(Status::NOT_FOUND)?;
        stream
            .own_properties
            .insert(path.to_owned(), value.to_vec());
        Ok(())
    }

    /// Bytes of shared data and their version.
    ///
    /// # Errors
    ///
    /// `NotFound` for a key that was never set.
    pub fn shared_get(&mut self, key: &str) -> Result<(Vec<u8>, u32), Status> {
        self.faults.meet("proxy_get_shared_data")?;
        self.shared
            .get(key)
            .map(|(bytes, version)| (bytes.to_vec(), version))
    }

    /// Sets shared data.
    ///
    /// # Errors
    ///
    /// `CasMismatch` when the key exists with another version than this, unless it is 0.
    pub fn shared_set(&mut self, key: &str, bytes: &[u8], version: u32) -> Result<(), Status> {
        self.faults.meet("proxy_set_shared_data")?;
        self.shared.set(key, bytes, version)
    }

    /// Defines a metric and gives the number by which it is used.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn define_metric(&mut self, kind: Kind, name: &str) -> Result<u32, Status> {
        self.faults.meet("proxy_define_metric")?;
        Ok(self.metrics.define(kind, name))
    }

    /// Adds to a counter or gauge.
    ///
    /// # Errors
    ///
    /// `NotFound` for a metric that nobody defined, `BadArgument` for a counter that would shrink, and for a histogram.
    pub fn increment_metric(&mut self, id: u32, offset: i64) -> Result<(), Status> {
        self.faults.meet("proxy_increment_metric")?;
        self.metrics.increment(id, offset)
    }

    /// Sets a gauge, records a value of a histogram, adds to a counter.
    ///
    /// # Errors
    ///
    /// `NotFound` for a metric that nobody defined.
    pub fn record_metric(&mut self, id: u32, number: u64) -> Result<(), Status> {
        self.faults.meet("proxy_record_metric")?;
        self.metrics.record(id, number)
    }

    /// The value of a counter or gauge.
    ///
    /// # Errors
    ///
    /// `NotFound` for a metric that nobody defined, `BadArgument` for a histogram.
    pub fn read_metric(&mut self, id: u32) -> Result<u64, Status> {
        self.faults.meet("proxy_get_metric")?;
        self.metrics.read(id)
    }

    /// Random bytes.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn fill_random(&mut self, bytes: &mut [u8]) -> Result<(), Status> {
        self.faults.meet("random_get")?;
        self.random.fill(bytes);
        Ok(())
    }

    /// Registers a shared queue.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn register_queue(&mut self, place: Place, name: &str) -> Result<u32, Status> {
        self.faults.meet("proxy_register_shared_queue")?;
        let owner = Place {
            context: self.root_of(place),
            ..place
        };
        Ok(self.queues.register(name, owner))
    }

    /// The number of a shared queue.
    ///
    /// # Errors
    ///
    /// `NotFound` for one that nobody registered.
    pub fn resolve_queue(&mut self, name: &str) -> Result<u32, Status> {
        self.faults.meet("proxy_resolve_shared_queue")?;
        self.queues.resolve(name)
    }

    /// Takes the first item of a shared queue.
    ///
    /// # Errors
    ///
    /// `NotFound` without such a queue, `Empty` without an item.
    pub fn dequeue(&mut self, token: u32) -> Result<Vec<u8>, Status> {
        self.faults.meet("proxy_dequeue_shared_queue")?;
        self.queues.dequeue(token)
    }

    /// Appends an item to a shared queue.
    ///
    /// # Errors
    ///
    /// `NotFound` without such a queue.
    pub fn enqueue(&mut self, token: u32, item: &[u8]) -> Result<(), Status> {
        self.faults.meet("proxy_enqueue_shared_queue")?;
        let owner = self.queues.enqueue(token, item)?;
        self.actions.push_back(Action::QueueReady(owner, token));
        Ok(())
    }
}

impl Stream {
    fn property(&self, path: &str) -> Option<Vec<u8>> {
        let asked = |name| self.request.fields.first(name).map(<[u8]>::to_vec);
        match (
            self.properties
                .get(path)
                .or_else(|| self.own_properties.get(path)),
            path,
        ) {
            (Some(said), _) => Some(said.clone()),
            (None, "request\0path") => asked(":path"),
            (None, "request\0method") => asked(":method"),
            (None, "request\0host") => asked(":authority"),
            (None, "response\0code_details") => Some(self.details.clone()?.into_bytes()),
            (None, "response\0code") => {
                let status = std::str::from_utf8(self.response.fields.first(":status")?).ok()?;
                Some(status.parse::<u64>().ok()?.to_le_bytes().to_vec())
            }
            (None, _) => None,
        }
    }
}
