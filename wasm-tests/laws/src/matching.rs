//! Laws of matching.

use filter::Headers;
use matcher::{Path, RequestLine, path};
use simulator::storm::Script;

/// However a client spells a path, its normal form is the path.
pub(crate) fn spelled_paths(script: &[u8]) -> Result<(), String> {
    let mut script = Script::new(script);
    while script.goes_on() {
        let (plain, spelled) = path_and_spelling(&mut script);
        match path::normalise(&spelled) {
            Path::Normal(found) if *found == *plain => {}
            other @ (Path::Normal(_) | Path::Ambiguous) => {
                let spelled = spelled.escape_ascii();
                return Err(format!(
                    "{spelled} is {other:?} instead of {}",
                    plain.escape_ascii()
                ));
            }
        }
    }
    Ok(())
}

fn path_and_spelling(script: &mut Script<'_>) -> (Vec<u8>, Vec<u8>) {
    let (mut plain, mut spelled) = (Vec::new(), Vec::new());
    for _ in 0..=script.below(4) {
        plain.push(b'/');
        let slash = script.choose(&["/", "//", "/./", "/%2F", "/%2f./", "/\\", "/%5c"]);
        spelled.extend_from_slice(slash.as_bytes());
        for _ in 0..=script.below(5) {
            let letter = script.choose(b"abcXYZ019-_~");
            plain.push(letter);
            match script.below(3) {
                0 => spelled.extend(format!("%{letter:02X}").into_bytes()),
                1 => spelled.extend(format!("%{letter:02x}").into_bytes()),
                _ => spelled.push(letter),
            }
        }
        spelled.extend_from_slice(script.choose(&["", "", ";", ";v=1", "%3Ba;b"]).as_bytes());
    }
    spelled.extend_from_slice(
        script
            .choose(&["", "/", "//", "/.", "?", "?a=/b", "/;x"])
            .as_bytes(),
    );
    (plain, spelled)
}

/// Any bytes are ambiguous or have a normal form, which is one.
pub(crate) fn any_path(script: &[u8]) -> Result<(), String> {
    let mut script = Script::new(script);
    while script.goes_on() {
        let mut bytes = script.choose(&[&b"/"[..], b"", b"//", b"/."]).to_vec();
        bytes.extend(script.bytes(30));
        let Path::Normal(found) = path::normalise(&bytes) else {
            continue;
        };
        let segments: Vec<_> = found.split(|byte| *byte == b'/').collect();
        let sound = match segments.as_slice() {
            [b"*"] | [b"", b""] => true,
            [b"", rest @ ..] => rest
                .iter()
                .all(|segment| ![&b""[..], b".", b".."].contains(segment)),
            _ => false,
        };
        if !sound {
            return Err(format!(
                "{} has the normal form {}",
                bytes.escape_ascii(),
                found.escape_ascii()
            ));
        }
    }
    Ok(())
}

/// Letter case, a port, a user and a final dot tell no hosts apart, and another name does.
pub(crate) fn spelled_hosts(script: &[u8]) -> Result<(), String> {
    let rule = br#"{"match": {"hosts": ["shop.example.com"]}}"#;
    let rule = filter::config::read(rule, |object| object.required("match", matcher::read));
    let rule = rule.map_err(|errors| errors.to_string())?;
    let mut script = Script::new(script);
    while script.goes_on() {
        let name = script.choose(&[
            "shop.example.com",
            "shop.example.org",
            "ashop.example.com",
            "example.com",
        ]);
        let cased = name.chars().map(|letter| {
            if script.below(2) == 0 {
                letter.to_ascii_uppercase()
            } else {
                letter
            }
        });
        let mut authority: String = cased.collect();
        authority.push_str(script.choose(&["", "."]));
        authority.push_str(script.choose(&["", ":80", ":65535"]));
        let authority = format!("{}{authority}", script.choose(&["", "user@", "a:b@"]));
        let headers: Headers = [(":authority", authority.as_bytes())].into_iter().collect();
        if rule.matches(&RequestLine::new(&headers)) != (name == "shop.example.com") {
            return Err(format!("{authority} against shop.example.com"));
        }
    }
    Ok(())
}
