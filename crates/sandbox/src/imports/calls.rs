//! Call-outs, foreign functions, contexts.

use std::time::Duration;

use simulator::Status;
use simulator::world::Asked;

use crate::guest::{DONE, Guest, Outcome};
use crate::pairs;

fn milliseconds(number: u32) -> Result<Duration, Status> {
    // Envoy reads the number as a signed one and refuses what is below 0.
    let signed = i32::try_from(number).map_err(|_| Status::BAD_ARGUMENT)?;
    u64::try_from(signed)
        .map(Duration::from_millis)
        .map_err(|_| Status::BAD_ARGUMENT)
}

pub(crate) fn http_call(guest: &mut Guest<'_>) -> Outcome {
    let cluster = guest.text(0)?;
    let headers = pairs::decode(&guest.bytes(2)?).ok_or(Status::BAD_ARGUMENT)?;
    let body = guest.bytes(4)?;
    pairs::decode(&guest.bytes(6)?).ok_or(Status::BAD_ARGUMENT)?;
    let timeout = milliseconds(guest.number(8))?;
    let token =
        guest
            .world()
            .borrow_mut()
            .http_call(guest.place(), &cluster, (headers, body), timeout)?;
    guest.put(9, &token.to_le_bytes())
}

pub(crate) fn grpc_call(guest: &mut Guest<'_>) -> Outcome {
    let target = guest.bytes(0)?;
    let place = guest.place();
    let cluster = guest.world().borrow_mut().grpc_cluster(place, &target)?;
    let asked = Asked::Grpc {
        service: guest.text(2)?,
        method: guest.text(4)?,
        metadata: pairs::decode(&guest.bytes(6)?).ok_or(Status::BAD_ARGUMENT)?,
        message: guest.bytes(8)?,
    };
    let timeout = milliseconds(guest.number(10))?;
    let token = guest
        .world()
        .borrow_mut()
        .grpc_call(guest.place(), &cluster, asked, timeout)?;
    guest.put(11, &token.to_le_bytes())
}

pub(crate) fn grpc_cancel(guest: &mut Guest<'_>) -> Outcome {
    guest
        .world()
        .borrow_mut()
        .grpc_cancel(guest.place(), guest.number(0))?;
    Ok(DONE)
}

pub(crate) fn get_status(guest: &mut Guest<'_>) -> Outcome {
    let (code, message) = guest.world().borrow_mut().call_status()?;
    guest.put(0, &code.to_le_bytes())?;
    guest.give(1, message.as_bytes())
}

pub(crate) fn call_foreign(guest: &mut Guest<'_>) -> Outcome {
    let (name, argument) = (guest.text(0)?, guest.bytes(2)?);
    let answer = guest
        .world()
        .borrow_mut()
        .call_foreign(guest.place(), &name, &argument)?;
    // A function that answers nothing leaves the module's variables as they are.
    if answer.is_empty() {
        Ok(DONE)
    } else {
        guest.give(4, &answer)
    }
}

pub(crate) fn set_effective_context(guest: &mut Guest<'_>) -> Outcome {
    guest
        .world()
        .borrow_mut()
        .ask("proxy_set_effective_context")?;
    let context = guest.number(0);
    let worker = guest.place().worker;
    let known = guest
        .world()
        .borrow()
        .has_stream(simulator::world::Place { worker, context });
    if !known && !guest.state().roots.contains(&context) {
        return Err(Status::BAD_ARGUMENT.into());
    }
    guest.state().effective = Some(context);
    Ok(DONE)
}
