//! Log, clock, properties, shared data, queues, metrics.

use std::time::Duration;

use simulator::Status;
use simulator::world::Kind;

use crate::guest::{DONE, Guest, Outcome};

pub(crate) fn log(guest: &mut Guest<'_>) -> Outcome {
    let text = guest.text(1)?;
    guest
        .world()
        .borrow_mut()
        .write(guest.place(), guest.number(0), text)?;
    Ok(DONE)
}

pub(crate) fn get_log_level(guest: &mut Guest<'_>) -> Outcome {
    let level = guest.world().borrow().log_level;
    guest.put(0, &level.to_le_bytes())
}

pub(crate) fn now(guest: &mut Guest<'_>) -> Outcome {
    let now = guest.world().borrow_mut().clock()?;
    let nanoseconds = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    guest.put(0, &nanoseconds.to_le_bytes())
}

pub(crate) fn set_tick_period(guest: &mut Guest<'_>) -> Outcome {
    let period = Duration::from_millis(u64::from(guest.number(0)));
    guest
        .world()
        .borrow_mut()
        .set_tick_period(guest.place(), period)?;
    Ok(DONE)
}

pub(crate) fn get_property(guest: &mut Guest<'_>) -> Outcome {
    let path = guest.text(0)?;
    let value = guest.world().borrow_mut().property(guest.place(), &path)?;
    guest.give(2, &value)
}

pub(crate) fn set_property(guest: &mut Guest<'_>) -> Outcome {
    let (path, value) = (guest.text(0)?, guest.bytes(2)?);
    guest
        .world()
        .borrow_mut()
        .set_property(guest.place(), &path, &value)?;
    Ok(DONE)
}

pub(crate) fn get_shared(guest: &mut Guest<'_>) -> Outcome {
    let key = guest.text(0)?;
    let (bytes, version) = guest.world().borrow_mut().shared_get(&key)?;
    guest.give(2, &bytes)?;
    guest.put(4, &version.to_le_bytes())
}

pub(crate) fn set_shared(guest: &mut Guest<'_>) -> Outcome {
    let (key, bytes, version) = (guest.text(0)?, guest.bytes(2)?, guest.number(4));
    guest
        .world()
        .borrow_mut()
        .shared_set(&key, &bytes, version)?;
    Ok(DONE)
}

pub(crate) fn register_queue(guest: &mut Guest<'_>) -> Outcome {
    let name = guest.text(0)?;
    let token = guest
        .world()
        .borrow_mut()
        .register_queue(guest.place(), &name)?;
    guest.put(2, &token.to_le_bytes())
}

/// All modules of the fake proxy have one VM identity, as under Istio, so the one that is asked for does not matter.
pub(crate) fn resolve_queue(guest: &mut Guest<'_>) -> Outcome {
    let name = guest.text(2)?;
    let token = guest.world().borrow_mut().resolve_queue(&name)?;
    guest.put(4, &token.to_le_bytes())
}

pub(crate) fn dequeue(guest: &mut Guest<'_>) -> Outcome {
    let item = guest.world().borrow_mut().dequeue(guest.number(0))?;
    guest.give(1, &item)
}

pub(crate) fn enqueue(guest: &mut Guest<'_>) -> Outcome {
    let item = guest.bytes(1)?;
    guest.world().borrow_mut().enqueue(guest.number(0), &item)?;
    Ok(DONE)
}

pub(crate) fn define_metric(guest: &mut Guest<'_>) -> Outcome {
    let kind = Kind::from_abi(guest.number(0)).ok_or(Status::BAD_ARGUMENT)?;
    let name = guest.text(1)?;
    let id = guest.world().borrow_mut().define_metric(kind, &name)?;
    guest.put(3, &id.to_le_bytes())
}

pub(crate) fn increment_metric(guest: &mut Guest<'_>) -> Outcome {
    guest
        .world()
        .borrow_mut()
        .increment_metric(guest.number(0), guest.long(1))?;
    Ok(DONE)
}

pub(crate) fn record_metric(guest: &mut Guest<'_>) -> Outcome {
    let number = guest.long(1).cast_unsigned();
    guest
        .world()
        .borrow_mut()
        .record_metric(guest.number(0), number)?;
    Ok(DONE)
}

pub(crate) fn get_metric(guest: &mut Guest<'_>) -> Outcome {
    let value = guest.world().borrow_mut().read_metric(guest.number(0))?;
    guest.put(1, &value.to_le_bytes())
}
