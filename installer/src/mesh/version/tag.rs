//! Which Istio a tag of images names, or a chart: both may be anything, and what names no version cannot be judged.

use super::IstioVersion;

/// What a text says about a version, at its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Named {
    /// `1`.
    major: u64,
    /// `31` of 1.31.0-ours.
    minor: u64,
    /// `0` of it; nothing of 1.31-alpha.
    patch: Option<u64>,
}

impl Named {
    /// By a tag such as `1.31.0-distroless` or `v1.31.0`; nothing of `latest`, a hash or a date.
    pub(crate) fn of(text: &str) -> Option<Self> {
        let bare = text.strip_prefix('v').unwrap_or(text);
        let end = bare.find(['-', '+', '_']).unwrap_or(bare.len());
        let numbers: Option<Vec<_>> = bare
            .get(..end)?
            .split('.')
            .map(|part| super::number(part, 5))
            .collect();
        match *numbers?.as_slice() {
            [major, minor] => Some(Self {
                major,
                minor,
                patch: None,
            }),
            [major, minor, patch] => Some(Self {
                major,
                minor,
                patch: Some(patch),
            }),
            _ => None,
        }
    }

    /// Whether this is another minor version of Istio. Of another major one there is none: that is somebody's own way to count.
    pub(crate) fn is_another_minor(self, version: &IstioVersion) -> bool {
        self.major == version.major && self.minor != version.minor
    }

    /// Whether this is another version, as far as both say.
    pub(crate) fn is_another(self, version: &IstioVersion) -> bool {
        let patch = version.patch.as_ref().map(|(patch, _)| *patch);
        let patches = self.patch.zip(patch);
        self.is_another_minor(version)
            || (self.major == version.major && patches.is_some_and(|(one, other)| one != other))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_names_no_version_is_not_judged() {
        let version: IstioVersion = "1.31.2".parse().unwrap();
        let cases = [
            ("1.31.2", Some((false, false))),
            ("v1.31.2", Some((false, false))),
            ("1.31.2-distroless", Some((false, false))),
            ("1.31.2_ours", Some((false, false))),
            ("1.31", Some((false, false))),
            ("1.31-alpha.5f00", Some((false, false))),
            ("1.31.0-lab", Some((false, true))),
            ("1.30.2", Some((true, true))),
            ("1.30-dev", Some((true, true))),
            ("1.32.0-rc.1", Some((true, true))),
            ("3.2.1", Some((false, false))),
            ("2024.10", Some((false, false))),
            ("latest", None),
            ("stable", None),
            ("1", None),
            ("5f0e2c1d", None),
            ("1234567", None),
            ("1.31.2.7", None),
            ("1.x", None),
            ("", None),
        ];
        for (text, wanted) in cases {
            let found = Named::of(text);
            let found = found.map(|one| (one.is_another_minor(&version), one.is_another(&version)));
            assert_eq!(found, wanted, "{text}");
        }
    }
}
