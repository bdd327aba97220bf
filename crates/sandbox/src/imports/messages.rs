//! Headers, bodies, and what becomes of a message.

use simulator::world::{Buffer, Half, LocalReply, Map};
use simulator::{Fields, Status};

use crate::guest::{DONE, Guest, Outcome};
use crate::pairs;

fn map(guest: &Guest<'_>) -> Result<Map, Status> {
    Map::from_abi(guest.number(0)).ok_or(Status::BAD_ARGUMENT)
}

fn buffer(guest: &Guest<'_>) -> Result<Buffer, Status> {
    Buffer::from_abi(guest.number(0)).ok_or(Status::BAD_ARGUMENT)
}

fn half(guest: &Guest<'_>) -> Result<Half, Status> {
    match guest.number(0) {
        0 => Ok(Half::Request),
        1 => Ok(Half::Response),
        _ => Err(Status::BAD_ARGUMENT),
    }
}

pub(crate) fn get_buffer(guest: &mut Guest<'_>) -> Outcome {
    let (start, limit) = (guest.number(1), guest.number(2));
    let bytes = guest
        .world()
        .borrow_mut()
        .buffer(guest.place(), buffer(guest)?, start, limit)?;
    // A buffer in which nothing is left leaves the module's variables as they are.
    if bytes.is_empty() {
        Ok(DONE)
    } else {
        guest.give(3, &bytes)
    }
}

pub(crate) fn get_buffer_status(guest: &mut Guest<'_>) -> Outcome {
    let bytes = guest
        .world()
        .borrow_mut()
        .buffer(guest.place(), buffer(guest)?, 0, u32::MAX)?;
    guest.charge(bytes.len())?;
    let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
    guest.put(1, &size.to_le_bytes())?;
    guest.put(2, &0_u32.to_le_bytes())
}

pub(crate) fn set_buffer(guest: &mut Guest<'_>) -> Outcome {
    let bytes = guest.bytes(3)?;
    let which = buffer(guest)?;
    let range = (guest.number(1), guest.number(2));
    guest
        .world()
        .borrow_mut()
        .set_buffer(guest.place(), which, range, &bytes)?;
    Ok(DONE)
}

pub(crate) fn get_pairs(guest: &mut Guest<'_>) -> Outcome {
    let fields = guest
        .world()
        .borrow_mut()
        .header_pairs(guest.place(), map(guest)?)?;
    guest.give(1, &pairs::encode(&fields))
}

pub(crate) fn set_pairs(guest: &mut Guest<'_>) -> Outcome {
    let fields = pairs::decode(&guest.bytes(1)?).ok_or(Status::BAD_ARGUMENT)?;
    guest
        .world()
        .borrow_mut()
        .set_header_pairs(guest.place(), map(guest)?, fields)?;
    Ok(DONE)
}

pub(crate) fn get_header(guest: &mut Guest<'_>) -> Outcome {
    let name = guest.text(1)?;
    let value = guest
        .world()
        .borrow_mut()
        .header(guest.place(), map(guest)?, &name)?;
    guest.give(3, &value)
}

pub(crate) fn get_size(guest: &mut Guest<'_>) -> Outcome {
    let fields = guest
        .world()
        .borrow_mut()
        .header_pairs(guest.place(), map(guest)?)?;
    let sizes = fields
        .iter()
        .map(|(name, value)| name.len().saturating_add(value.len()));
    let size = sizes.fold(0, usize::saturating_add);
    guest.charge(size)?;
    guest.put(1, &u32::try_from(size).unwrap_or(u32::MAX).to_le_bytes())
}

pub(crate) fn replace_header(guest: &mut Guest<'_>) -> Outcome {
    let (name, value) = (guest.text(1)?, guest.bytes(3)?);
    guest
        .world()
        .borrow_mut()
        .set_header(guest.place(), map(guest)?, &name, &value)?;
    Ok(DONE)
}

pub(crate) fn add_header(guest: &mut Guest<'_>) -> Outcome {
    let (name, value) = (guest.text(1)?, guest.bytes(3)?);
    guest
        .world()
        .borrow_mut()
        .add_header(guest.place(), map(guest)?, &name, &value)?;
    Ok(DONE)
}

pub(crate) fn remove_header(guest: &mut Guest<'_>) -> Outcome {
    let name = guest.text(1)?;
    guest
        .world()
        .borrow_mut()
        .remove_header(guest.place(), map(guest)?, &name)?;
    Ok(DONE)
}

pub(crate) fn continue_stream(guest: &mut Guest<'_>) -> Outcome {
    guest
        .world()
        .borrow_mut()
        .continue_stream(guest.place(), half(guest)?)?;
    Ok(DONE)
}

pub(crate) fn close_stream(guest: &mut Guest<'_>) -> Outcome {
    let place = guest.place();
    let closed = match guest.number(0) {
        0 | 1 => guest.world().borrow_mut().close_stream(place),
        2 | 3 => guest.world().borrow_mut().close_connection(place),
        _ => Err(Status::BAD_ARGUMENT),
    };
    closed?;
    Ok(DONE)
}

pub(crate) fn send_local_response(guest: &mut Guest<'_>) -> Outcome {
    let headers: Fields = pairs::decode(&guest.bytes(5)?).ok_or(Status::BAD_ARGUMENT)?;
    let grpc_status = guest.number(7);
    let reply = LocalReply {
        status: guest.number(0),
        headers,
        body: guest.bytes(3)?,
        // -1 is how a module says that it has none; Envoy takes 0 to 16.
        grpc_status: (grpc_status <= 16).then_some(grpc_status),
        details: guest.text(1)?,
    };
    guest
        .world()
        .borrow_mut()
        .local_reply(guest.place(), reply)?;
    Ok(DONE)
}
