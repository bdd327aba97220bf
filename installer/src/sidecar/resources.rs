//! What a workload's proxies may use, as annotations of its template.
//!
//! Once one of the four annotations is there, Istio's template takes all of its resources from them and none from the
//! mesh's default. Leaving a limit out is therefore how "no limit" is said, and only beside another annotation.

use super::edit::{Edit, Want};
use super::injector::Labels;
use crate::cluster::quantity::unsigned;

/// What was written on the command line; nothing for what stays.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Asked {
    /// `--cpu`.
    pub(crate) cpu: Option<String>,
    /// `--memory`.
    pub(crate) memory: Option<String>,
    /// `--cpu-limit`.
    pub(crate) cpu_limit: Option<String>,
    /// `--memory-limit`.
    pub(crate) memory_limit: Option<String>,
}

/// The annotations, in the order of [`Asked`]: a request and its limit belong together.
pub(crate) const KEYS: [&str; 4] = [
    "sidecar.istio.io/proxyCPU",
    "sidecar.istio.io/proxyMemory",
    "sidecar.istio.io/proxyCPULimit",
    "sidecar.istio.io/proxyMemoryLimit",
];
const FLAGS: [&str; 4] = ["--cpu", "--memory", "--cpu-limit", "--memory-limit"];

/// The edit that takes all four away.
pub(crate) fn clear() -> Edit {
    KEYS.iter().fold(Edit::default(), |edit, key| {
        edit.annotation(key, Want::Gone)
    })
}

/// The edit that is asked for, or every mistake in it.
pub(crate) fn edit(asked: &Asked, current: &Labels) -> Result<Edit, Vec<String>> {
    let values = [
        &asked.cpu,
        &asked.memory,
        &asked.cpu_limit,
        &asked.memory_limit,
    ];
    let mut mistakes = Vec::new();
    let mut edit = Edit::default();
    for ((value, key), flag) in values.iter().zip(KEYS).zip(FLAGS) {
        let Some(value) = value else { continue };
        match want(value) {
            Some(want) => edit = edit.annotation(key, want),
            None => mistakes.push(format!(
                "{flag} {value:?} is no quantity: write for example 100m, 0.5 or 128Mi, or none"
            )),
        }
    }
    let after = Edit::on(&edit.annotations, current);
    mistakes.extend(contradictions(&after));
    let nothing_left = KEYS.iter().all(|key| !after.contains_key(*key));
    if mistakes.is_empty() && nothing_left && !edit.annotations.is_empty() {
        mistakes.push(
            "nothing would be left, and the mesh's default would apply again: name one request or limit beside none, or give --clear if the default is what you want"
                .to_owned(),
        );
    }
    if mistakes.is_empty() {
        Ok(edit)
    } else {
        Err(mistakes)
    }
}

/// `none` and `0` are the same: not to say anything.
fn want(value: &str) -> Option<Want> {
    if value == "none" {
        return Some(Want::Gone);
    }
    // Kubernetes takes no container's amount that is finer than a thousandth.
    let amount = unsigned(value).filter(|amount| amount.is_multiple_of(1_000_000))?;
    Some(if amount == 0 {
        Want::Gone
    } else {
        Want::Value(value.to_owned())
    })
}

/// A request above its limit makes the pod invalid. What is there already counts, too.
fn contradictions(after: &Labels) -> Vec<String> {
    let [cpu, memory, cpu_limit, memory_limit] = KEYS;
    let pairs = [("CPU", cpu, cpu_limit), ("memory", memory, memory_limit)];
    let over = |(what, request, limit): (&str, &str, &str)| {
        let (request, limit) = (after.get(request)?, after.get(limit)?);
        (unsigned(request)? > unsigned(limit)?).then(|| {
            format!("the request for {what} ({request}) is more than its limit ({limit}): raise the limit or lower the request")
        })
    };
    pairs.into_iter().filter_map(over).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(words: &str) -> Asked {
        let mut asked = Asked::default();
        for word in words.split_whitespace() {
            let (flag, value) = word.split_once('=').unwrap();
            let field = match flag {
                "cpu" => &mut asked.cpu,
                "memory" => &mut asked.memory,
                "cpu-limit" => &mut asked.cpu_limit,
                "memory-limit" => &mut asked.memory_limit,
                other => panic!("{other}"),
            };
            *field = Some(value.to_owned());
        }
        asked
    }

    /// What would be there, or the mistakes.
    fn after(words: &str, current: &[(&str, &str)]) -> Result<String, Vec<String>> {
        let current: Labels = current
            .iter()
            .map(|(key, value)| (format!("sidecar.istio.io/{key}"), (*value).to_owned()))
            .collect();
        let edit = edit(&asked(words), &current)?;
        let after = Edit::on(&edit.annotations, &current);
        let texts: Vec<_> = after
            .iter()
            .map(|(key, value)| format!("{}={value}", key.rsplit('/').next().unwrap()))
            .collect();
        Ok(texts.join(" "))
    }

    #[test]
    #[expect(clippy::type_complexity, reason = "a table, row by row")]
    fn what_becomes_of_the_annotations() {
        let cases: [(&str, &[(&str, &str)], &str); 5] = [
            (
                "cpu=100m memory=128Mi",
                &[],
                "proxyCPU=100m proxyMemory=128Mi",
            ),
            (
                "cpu=100m cpu-limit=none",
                &[("proxyCPULimit", "2")],
                "proxyCPU=100m",
            ),
            (
                "cpu=100m cpu-limit=0",
                &[("proxyCPULimit", "2")],
                "proxyCPU=100m",
            ),
            (
                "cpu=1 cpu-limit=1000m",
                &[],
                "proxyCPU=1 proxyCPULimit=1000m",
            ),
            (
                "memory=1Gi",
                &[("proxyCPU", "1")],
                "proxyCPU=1 proxyMemory=1Gi",
            ),
        ];
        for (words, current, wanted) in cases {
            assert_eq!(after(words, current), Ok(wanted.to_owned()), "{words}");
        }
    }

    #[test]
    #[expect(clippy::type_complexity, reason = "a table, row by row")]
    fn mistakes_are_told_all_at_once() {
        let cases: [(&str, &[(&str, &str)], &[&str]); 4] = [
            (
                "cpu=x memory=12MB",
                &[],
                &[
                    "--cpu \"x\" is no quantity",
                    "--memory \"12MB\" is no quantity",
                ],
            ),
            (
                "cpu=2 cpu-limit=1500m",
                &[],
                &["request for CPU (2) is more than its limit (1500m)"],
            ),
            (
                "memory=2Gi",
                &[("proxyMemoryLimit", "1Gi")],
                &["request for memory (2Gi) is more than its limit (1Gi)"],
            ),
            (
                "cpu=none",
                &[("proxyCPU", "1")],
                &["the mesh's default would apply again"],
            ),
        ];
        for (words, current, wanted) in cases {
            let mistakes = after(words, current).unwrap_err();
            assert_eq!(mistakes.len(), wanted.len(), "{mistakes:?}");
            for (mistake, wanted) in mistakes.iter().zip(wanted) {
                assert!(mistake.contains(wanted), "{mistake}");
            }
        }
    }
}
