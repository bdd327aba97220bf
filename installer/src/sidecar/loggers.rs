//! How much an Envoy writes into its log: the question to its admin interface, and its answer.

use std::collections::BTreeMap;

/// The levels that Envoy knows; `critical` and `off` included.
pub(crate) const LEVELS: [&str; 7] = [
    "trace", "debug", "info", "warning", "error", "critical", "off",
];

/// The addresses to post to, or every mistake.
///
/// One address sets all loggers, another some of them: in this order the exceptions stay.
pub(crate) fn paths(level: Option<&str>, loggers: &[String]) -> Result<Vec<String>, Vec<String>> {
    let mut mistakes: Vec<String> = level.and_then(wrong_level).into_iter().collect();
    let mut pairs = Vec::new();
    for logger in loggers {
        match logger.split_once('=') {
            Some((name, level)) if is_logger(name) => {
                mistakes.extend(wrong_level(level));
                pairs.push(format!("{name}:{level}"));
            }
            _ => mistakes.push(format!(
                "--logger {logger:?}: write NAME=LEVEL, for example http=debug"
            )),
        }
    }
    if !mistakes.is_empty() {
        return Err(mistakes);
    }
    let mut paths: Vec<_> = level
        .map(|level| format!("/logging?level={level}"))
        .into_iter()
        .collect();
    if !pairs.is_empty() {
        paths.push(format!("/logging?paths={}", pairs.join(",")));
    }
    if paths.is_empty() {
        paths.push("/logging".to_owned());
    }
    Ok(paths)
}

/// What is to be said after levels were set, and the error if some proxies failed: `failures` has one entry for each proxy.
pub(crate) fn ended(failures: &[Option<&str>]) -> [Option<String>; 2] {
    let failed: Vec<&str> = failures.iter().copied().flatten().collect();
    let all = failures.len();
    let holds = (failed.len() < all).then(|| {
        "it holds until the proxy starts anew: nothing was written to the cluster".to_owned()
    });
    let error = failed.first().map(|first| {
        if failed.len() == all {
            format!("no proxy did as it was asked: {first}")
        } else {
            format!(
                "{} of {all} proxies did not do as they were asked; the first: {first}",
                failed.len()
            )
        }
    });
    [holds, error]
}

/// Those of the loggers in `NAME=LEVEL` that a proxy does not have.
pub(crate) fn unknown(asked: &[String], has: &BTreeMap<String, String>) -> Option<String> {
    let names = asked.iter().filter_map(|one| one.split_once('='));
    let wrong = names.filter(|(name, _)| !has.contains_key(*name));
    let wrong: Vec<_> = wrong.map(|(name, _)| name).collect();
    (!wrong.is_empty()).then(|| {
        let known: Vec<_> = has.keys().map(String::as_str).collect();
        format!(
            "nothing was set: it has no logger {}; it has {}",
            wrong.join(", "),
            known.join(", ")
        )
    })
}

/// Reads `active loggers:` and the lines that follow; nothing when it is something else.
pub(crate) fn read(answer: &str) -> Option<BTreeMap<String, String>> {
    let (head, lines) = answer.split_once('\n')?;
    if !head.starts_with("active loggers") {
        return None;
    }
    let line = |line: &str| {
        let (name, level) = line.trim().split_once(": ")?;
        Some((name.to_owned(), level.to_owned()))
    };
    Some(lines.lines().filter_map(line).collect())
}

/// The level that most loggers have, and those that differ.
pub(crate) fn summary(loggers: &BTreeMap<String, String>) -> (String, BTreeMap<String, String>) {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for level in loggers.values() {
        let count = counts.entry(level).or_default();
        *count = count.saturating_add(1);
    }
    let most = counts
        .into_iter()
        .max_by_key(|(_, count)| *count)
        .map_or("", |(level, _)| level);
    let others = loggers.iter().filter(|(_, level)| *level != most);
    (
        most.to_owned(),
        others
            .map(|(name, level)| (name.clone(), level.clone()))
            .collect(),
    )
}

fn is_logger(name: &str) -> bool {
    !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

fn wrong_level(level: &str) -> Option<String> {
    (!LEVELS.contains(&level))
        .then(|| format!("{level:?} is no level: Envoy knows {}", LEVELS.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_for_all_and_one_for_some() {
        let some = ["http=debug".to_owned(), "rbac=trace".to_owned()];

        assert_eq!(paths(None, &[]), Ok(vec!["/logging".to_owned()]));
        assert_eq!(
            paths(Some("info"), &some).unwrap(),
            [
                "/logging?level=info",
                "/logging?paths=http:debug,rbac:trace"
            ]
        );
    }

    #[test]
    fn mistakes_are_told_all_at_once() {
        let some = [
            "http".to_owned(),
            "rbac=loud".to_owned(),
            "a&b=info".to_owned(),
        ];

        let mistakes = paths(Some("verbose"), &some).unwrap_err();

        assert_eq!(mistakes.len(), 4, "{mistakes:?}");
        assert!(mistakes[0].contains("\"verbose\" is no level: Envoy knows trace"));
    }

    #[test]
    fn only_what_was_set_holds() {
        let error = |failures: &[Option<&str>]| ended(failures).map(Option::unwrap_or_default);
        let holds = "it holds until the proxy starts anew: nothing was written to the cluster";

        assert_eq!(error(&[None, None]), [holds, ""]);
        assert_eq!(
            error(&[None, Some("no")]),
            [
                holds,
                "1 of 2 proxies did not do as they were asked; the first: no"
            ]
        );
        assert_eq!(
            error(&[Some("no")]),
            ["", "no proxy did as it was asked: no"]
        );
    }

    #[test]
    fn loggers_that_a_proxy_lacks() {
        let has = read("active loggers:\n  admin: warning\n  http: debug\n").unwrap();
        let told = |asked: &[&str]| {
            let asked: Vec<_> = asked.iter().map(|one| (*one).to_owned()).collect();
            unknown(&asked, &has)
        };

        assert_eq!(told(&[]), None);
        assert_eq!(told(&["http=info"]), None);
        assert_eq!(
            told(&["http=info", "nope=debug", "no=info"]).unwrap(),
            "nothing was set: it has no logger nope, no; it has admin, http"
        );
    }

    #[test]
    fn an_answer_is_read() {
        let loggers =
            read("active loggers:\n  admin: warning\n  http: debug\n  aws: warning\n").unwrap();

        let (level, others) = summary(&loggers);

        assert_eq!(level, "warning");
        assert_eq!(
            others.into_iter().collect::<Vec<_>>(),
            [("http".to_owned(), "debug".to_owned())]
        );
        assert_eq!(read("error: invalid\n"), None);
    }
}
