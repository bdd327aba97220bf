//! Shared queues. No plugin of ours uses one (their data is lost with the VM that owns them), but the ABI has them.

use std::collections::{BTreeMap, VecDeque};

use super::Place;
use crate::status::Status;

/// All shared queues.
#[derive(Debug, Default)]
pub(crate) struct Queues {
    names: BTreeMap<String, u32>,
    queues: BTreeMap<u32, Queue>,
}

#[derive(Debug)]
struct Queue {
    owner: Place,
    items: VecDeque<Vec<u8>>,
}

impl Queues {
    /// The queue `name`, owned from now on by whoever registered it last.
    pub(crate) fn register(&mut self, name: &str, owner: Place) -> u32 {
        let next = u32::try_from(self.names.len())
            .unwrap_or(u32::MAX)
            .saturating_add(1);
        let token = *self.names.entry(name.to_owned()).or_insert(next);
        let queue = self.queues.entry(token).or_insert_with(|| Queue {
            owner,
            items: VecDeque::new(),
        });
        queue.owner = owner;
        token
    }

    pub(crate) fn resolve(&self, name: &str) -> Result<u32, Status> {
        self.names.get(name).copied().ok_or(Status::NOT_FOUND)
    }

    pub(crate) fn dequeue(&mut self, token: u32) -> Result<Vec<u8>, Status> {
        let queue = self.queues.get_mut(&token).ok_or(Status::NOT_FOUND)?;
        queue.items.pop_front().ok_or(Status::EMPTY)
    }

    /// Appends an item and says who is to be told.
    pub(crate) fn enqueue(&mut self, token: u32, item: &[u8]) -> Result<Place, Status> {
        let queue = self.queues.get_mut(&token).ok_or(Status::NOT_FOUND)?;
        queue.items.push_back(item.to_vec());
        Ok(queue.owner)
    }
}
