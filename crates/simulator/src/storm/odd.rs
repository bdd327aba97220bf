//! Odd values: what a client may send and nobody expects.

use super::Script;
use crate::fields::Fields;

pub(super) fn path(script: &mut Script<'_>) -> Vec<u8> {
    match script.below(6) {
        0 => visible(script.bytes(30)),
        1 => b"/reply".to_vec(),
        2 => [b"/".to_vec(), visible(script.bytes(200))].concat(),
        3 => b"/a/../%2e%2e//b;c=1?d#e".to_vec(),
        _ => script
            .choose(&[&b"/"[..], b"/a", b"/a/b", b"", b"*", b"http://x/y"])
            .to_vec(),
    }
}

pub(super) fn field(script: &mut Script<'_>) -> (&'static str, Vec<u8>) {
    let name = script.choose(&[
        "authorization",
        "content-length",
        "content-type",
        "cookie",
        "grpc-status",
        "host",
        "set-cookie",
        "x-forwarded-for",
        "x-signature",
        "x-tier",
        "x-user",
    ]);
    let value = match script.below(4) {
        0 => script
            .choose(&[
                &b"application/grpc"[..],
                b"0",
                b"00ff",
                b"a=b; session=1",
                b"gold",
                b"\xff\xfe",
                b"",
            ])
            .to_vec(),
        _ => visible(script.bytes(40)),
    };
    (name, value)
}

pub(super) fn trailers(script: &mut Script<'_>) -> Fields {
    let count = script.below(3);
    (0..count).map(|_| field(script)).collect()
}

/// What a codec lets through: any byte but line breaks and NUL.
pub(super) fn visible(mut bytes: Vec<u8>) -> Vec<u8> {
    bytes.retain(|byte| ![b'\0', b'\r', b'\n'].contains(byte));
    bytes
}
