//! Host calls on header maps.

use super::{Half, Place, World};
use crate::fields::Fields;
use crate::status::Status;

/// A header map, by the ABI's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    /// Headers of the request.
    Request,
    /// Headers of the response.
    Response,
    /// Headers of a call-out's answer.
    Answer,
    /// Trailers of a half.
    Trailers(Half),
    /// A map that is always empty here: gRPC metadata.
    Empty,
}

impl Map {
    /// The map of the ABI's number.
    #[must_use]
    pub const fn from_abi(number: u32) -> Option<Self> {
        match number {
            0 => Some(Self::Request),
            1 => Some(Self::Trailers(Half::Request)),
            2 => Some(Self::Response),
            3 => Some(Self::Trailers(Half::Response)),
            6 => Some(Self::Answer),
            4 | 5 | 7 => Some(Self::Empty),
            _ => None,
        }
    }
}

impl World {
    /// All headers. A map that is not there now is empty, which is not an error.
    ///
    /// # Errors
    ///
    /// Only what a test ordered.
    pub fn header_pairs(&mut self, place: Place, map: Map) -> Result<Fields, Status> {
        self.faults.meet("proxy_get_header_map_pairs")?;
        Ok(self.map(place, map).cloned().unwrap_or_default())
    }

    /// The first header of this name.
    ///
    /// # Errors
    ///
    /// `NotFound` for one that is not there, `BadArgument` for a map that is not there now.
    pub fn header(&mut self, place: Place, map: Map, name: &str) -> Result<Vec<u8>, Status> {
        self.faults.meet("proxy_get_header_map_value")?;
        let logging = self
            .streams
            .get(&place)
            .is_some_and(|stream| stream.logging);
        match self.map(place, map) {
            Some(fields) => fields
                .first(name)
                .map(<[u8]>::to_vec)
                .ok_or(Status::NOT_FOUND),
            None if logging => Ok(Vec::new()),
            None => Err(Status::BAD_ARGUMENT),
        }
    }

    /// Replaces all headers.
    ///
    /// # Errors
    ///
    /// `BadArgument` for a map that cannot be changed now.
    pub fn set_header_pairs(
        &mut self,
        place: Place,
        map: Map,
        fields: Fields,
    ) -> Result<(), Status> {
        self.faults.meet("proxy_set_header_map_pairs")?;
        for (name, value) in fields.iter() {
            self.check_field(place, name, value);
        }
        *self.changeable(place, map)? = fields;
        Ok(())
    }

    /// Replaces the headers of this name by one.
    ///
    /// # Errors
    ///
    /// `BadArgument` for a map that cannot be changed now.
    pub fn set_header(
        &mut self,
        place: Place,
        map: Map,
        name: &str,
        value: &[u8],
    ) -> Result<(), Status> {
        self.faults.meet("proxy_replace_header_map_value")?;
        self.check_field(place, name, value);
        self.changeable(place, map)?.set(name, value);
        Ok(())
    }

    /// Adds a header.
    ///
    /// # Errors
    ///
    /// `BadArgument` for a map that cannot be changed now.
    pub fn add_header(
        &mut self,
        place: Place,
        map: Map,
        name: &str,
        value: &[u8],
    ) -> Result<(), Status> {
        self.faults.meet("proxy_add_header_map_value")?;
        self.check_field(place, name, value);
        if name.starts_with(':') {
            self.problem(
                place,
                format_args!("adds a second {name}; it ought to set it"),
            );
        }
        self.changeable(place, map)?.add(name, value);
        Ok(())
    }

    /// Removes the headers of this name.
    ///
    /// # Errors
    ///
    /// `BadArgument` for a map that cannot be changed now.
    pub fn remove_header(&mut self, place: Place, map: Map, name: &str) -> Result<(), Status> {
        self.faults.meet("proxy_remove_header_map_value")?;
        self.changeable(place, map)?.remove(name);
        Ok(())
    }

    fn map(&self, place: Place, map: Map) -> Option<&Fields> {
        let stream = self.streams.get(&place);
        let message = match map {
            Map::Request => &stream?.request,
            Map::Response => &stream?.response,
            Map::Trailers(half) => {
                let message = stream?.half(half);
                let visible = message.trailers.as_ref();
                return visible.filter(|_| message.trailers_visible);
            }
            Map::Answer => return Some(&self.arrived.headers),
            Map::Empty => return None,
        };
        let logged = stream.is_some_and(|stream| stream.logging);
        (message.fields_visible || logged).then_some(&message.fields)
    }

    fn changeable(&mut self, place: Place, map: Map) -> Result<&mut Fields, Status> {
        let stream = self.streams.get_mut(&place).ok_or(Status::BAD_ARGUMENT)?;
        let message = match map {
            Map::Request => &mut stream.request,
            Map::Response => &mut stream.response,
            Map::Trailers(half) => {
                let message = stream.half_mut(half);
                let visible = message.trailers_visible;
                let trailers = message.trailers.as_mut().filter(|_| visible);
                return trailers.ok_or(Status::BAD_ARGUMENT);
            }
            Map::Answer | Map::Empty => return Err(Status::BAD_ARGUMENT),
        };
        if message.fields_visible {
            Ok(&mut message.fields)
        } else {
            Err(Status::BAD_ARGUMENT)
        }
    }

    /// A header that no HTTP codec can send makes Envoy reset the stream, or worse.
    pub(super) fn check_field(&mut self, place: Place, name: &str, value: &[u8]) {
        let bare = name.strip_prefix(':').unwrap_or(name);
        let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
        if bare.is_empty() || !bare.bytes().all(token) {
            self.problem(place, format_args!("sets a header with the name {name:?}"));
        }
        if value
            .iter()
            .any(|byte| [b'\0', b'\r', b'\n'].contains(byte))
        {
            let value = value.escape_ascii();
            self.problem(
                place,
                format_args!("sets header {name} to the value \"{value}\""),
            );
        }
    }
}
