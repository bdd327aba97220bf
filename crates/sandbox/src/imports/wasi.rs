//! The WASI calls that Envoy knows: random bytes, the clock, writing to the log; everything else answers that it cannot.

use crate::guest::{Guest, Outcome, Stop};

/// WASI's numbers, which are not the ABI's.
pub(crate) const BAD_DESCRIPTOR: u32 = 8;
const INVALID: u32 = 28;
pub(crate) const NOT_SUPPORTED: u32 = 58;
/// Envoy fills at most so many random bytes in one call.
const MOST_RANDOM: u32 = 64 * 1024;

pub(crate) fn random_get(guest: &mut Guest<'_>) -> Outcome {
    let size = guest.number(1);
    if size > MOST_RANDOM {
        return Ok(INVALID);
    }
    let mut bytes = vec![0; usize::try_from(size).unwrap_or_default()];
    guest.world().borrow_mut().fill_random(&mut bytes)?;
    guest.put(0, &bytes)
}

pub(crate) fn clock_time_get(guest: &mut Guest<'_>) -> Outcome {
    // Real time and monotonic time are one here.
    if guest.number(0) > 1 {
        return Ok(NOT_SUPPORTED);
    }
    let now = guest.world().borrow_mut().clock()?;
    let nanoseconds = u64::try_from(now.as_nanos()).unwrap_or(u64::MAX);
    guest.put(2, &nanoseconds.to_le_bytes())
}

/// There are no environment variables and no arguments.
pub(crate) fn no_strings(guest: &mut Guest<'_>) -> Outcome {
    guest.put(0, &0_u32.to_le_bytes())?;
    guest.put(1, &0_u32.to_le_bytes())
}

/// Standard output goes to the log as information, standard error as errors.
pub(crate) fn fd_write(guest: &mut Guest<'_>) -> Outcome {
    let level = match guest.number(0) {
        1 => 2,
        2 => 4,
        _ => return Ok(BAD_DESCRIPTOR),
    };
    let list = guest.read(guest.number(1), guest.number(2).saturating_mul(8))?;
    let mut written = Vec::new();
    for piece in list.chunks_exact(8) {
        let mut numbers = piece
            .chunks_exact(4)
            .filter_map(|number| number.try_into().ok())
            .map(u32::from_le_bytes);
        let (address, size) = numbers.next().zip(numbers.next()).unwrap_or_default();
        written.extend(guest.read(address, size)?);
    }
    let text = String::from_utf8_lossy(&written).trim_end().to_owned();
    guest
        .world()
        .borrow_mut()
        .write(guest.place(), level, text)?;
    guest.put(
        3,
        &u32::try_from(written.len())
            .unwrap_or(u32::MAX)
            .to_le_bytes(),
    )
}

pub(crate) fn proc_exit(guest: &mut Guest<'_>) -> Outcome {
    let code = guest.number(0);
    Err(Stop::Trap(wasmi::Error::new(format!(
        "the module exits with code {code}"
    ))))
}
