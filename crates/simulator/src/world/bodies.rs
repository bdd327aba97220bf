//! Host calls on bodies.

use filter::network::Side;

use super::{Place, World};
use crate::status::Status;

/// A half of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Half {
    /// The request.
    Request,
    /// The response.
    Response,
}

/// A buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Buffer {
    /// The body of a half.
    Body(Half),
    /// The body of a call-out's answer.
    AnswerBody,
    /// The message of a gRPC call-out's answer.
    AnswerMessage,
    /// The configuration, while it is being handed over.
    Configuration,
    /// What one side of a connection sent.
    Data(Side),
    /// A buffer that is always empty here.
    Empty,
}

impl Buffer {
    /// The buffer of the ABI's number.
    #[must_use]
    pub const fn from_abi(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Body(Half::Request)),
            1 => Some(Self::Body(Half::Response)),
            4 => Some(Self::AnswerBody),
            5 => Some(Self::AnswerMessage),
            7 => Some(Self::Configuration),
            2 => Some(Self::Data(Side::Downstream)),
            3 => Some(Self::Data(Side::Upstream)),
            6 | 8 => Some(Self::Empty),
            _ => None,
        }
    }
}

impl World {
    /// At most `limit` bytes of a buffer from byte `start`.
    ///
    /// # Errors
    ///
    /// `BadArgument` when `start + limit` overflows.
    pub fn buffer(
        &mut self,
        place: Place,
        which: Buffer,
        start: u32,
        limit: u32,
    ) -> Result<Vec<u8>, Status> {
        self.faults.meet("proxy_get_buffer_bytes")?;
        let end = start.checked_add(limit).ok_or(Status::BAD_ARGUMENT)?;
        let bytes: &[u8] = match which {
            Buffer::Body(half) => match self.streams.get(&place).map(|stream| stream.half(half)) {
                Some(message) if message.body_visible => &message.body,
                Some(_) | None => &[],
            },
            Buffer::Data(side) => match self.connections.get(&place) {
                Some(connection) => connection.visible(side),
                None => &[],
            },
            Buffer::AnswerBody => &self.arrived.body,
            Buffer::AnswerMessage => &self.arrived.message,
            Buffer::Configuration => &self.configuration,
            Buffer::Empty => &[],
        };
        let end = index(end).min(bytes.len());
        Ok(bytes.get(index(start)..end).unwrap_or_default().to_vec())
    }

    /// Puts `bytes` into the body at hand: before it (`start` and `length` 0), in its place (`length` its length), or
    /// after it (`start` its length).
    ///
    /// # Errors
    ///
    /// `BadArgument` for any other place, and for a buffer that cannot be changed now.
    pub fn set_buffer(
        &mut self,
        place: Place,
        which: Buffer,
        range: (u32, u32),
        bytes: &[u8],
    ) -> Result<(), Status> {
        self.faults.meet("proxy_set_buffer_bytes")?;
        let body = match which {
            Buffer::Body(half) => {
                let stream = self.streams.get_mut(&place);
                let message = stream.map(|stream| stream.half_mut(half));
                let visible = message.filter(|message| message.body_visible);
                visible.map(|message| &mut message.body)
            }
            Buffer::Data(side) => {
                let connection = self.connections.get_mut(&place);
                connection.and_then(|connection| connection.changeable(side))
            }
            Buffer::AnswerBody | Buffer::AnswerMessage | Buffer::Configuration | Buffer::Empty => {
                None
            }
        };
        let body = body.ok_or(Status::BAD_ARGUMENT)?;
        let (start, length) = (index(range.0), index(range.1));
        match start {
            0 => {
                let kept = body.get(length..).unwrap_or_default().to_vec();
                *body = [bytes, &kept].concat();
                Ok(())
            }
            start if start >= body.len() => {
                body.extend_from_slice(bytes);
                Ok(())
            }
            _ => Err(Status::BAD_ARGUMENT),
        }
    }
}

fn index(number: u32) -> usize {
    usize::try_from(number).unwrap_or(usize::MAX)
}
