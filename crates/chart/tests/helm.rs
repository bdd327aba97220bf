//! Real charts of two versions of Istio, rendered by us and by the real `helm template`: each object is the same, field
//! by field and in the same order, and what one refuses the other refuses with the same words.
//!
//! It needs Helm and the charts, so it runs in the ladder only (`WEFT_LADDER=1`); elsewhere one line says what was left
//! out.

#[cfg(test)]
#[path = "helm/cases.rs"]
mod cases;
#[cfg(test)]
#[path = "helm/compare.rs"]
mod compare;

#[cfg(test)]
mod tests {
    use super::cases::cases;
    use super::compare::{Comparison, Tools};
    use std::collections::BTreeMap;
    use std::io::Write as _;
    use std::sync::Mutex;
    use std::sync::atomic::{AtomicUsize, Ordering};

    const VERSIONS: [&str; 2] = ["1.30", "1.31"];
    /// The folders of charts, each of which must be there in both versions.
    const CHARTS: [&str; 8] = [
        "base",
        "default",
        "gateway",
        "gateways/istio-egress",
        "gateways/istio-ingress",
        "istio-cni",
        "istio-control/istio-discovery",
        "ztunnel",
    ];

    #[test]
    fn rendering_is_that_of_helm() {
        if std::env::var_os("WEFT_LADDER").is_none_or(|set| set != "1") {
            writeln!(
                std::io::stderr(),
                "LEFT OUT rendering_is_that_of_helm: WEFT_LADDER=1 is not set"
            )
            .unwrap();
            return;
        }
        let tools = Tools::ensure();
        let cases = cases();
        assert!(cases.len() >= 30);
        let jobs: Vec<_> = VERSIONS
            .iter()
            .flat_map(|version| CHARTS.iter().map(move |chart| (*version, *chart)))
            .flat_map(|(version, chart)| {
                let cases = cases.iter().filter(move |case| case.is_about(chart));
                cases.map(move |case| (version, chart, case))
            })
            .collect();
        let next = AtomicUsize::new(0);
        let done = Mutex::new(Vec::new());
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
                scope.spawn(|| {
                    while let Some((version, chart, case)) =
                        jobs.get(next.fetch_add(1, Ordering::Relaxed))
                    {
                        let comparison = tools.compare(version, chart, case);
                        done.lock()
                            .unwrap()
                            .push(((*version, *chart), case.name, comparison));
                    }
                });
            }
        });
        report(&done.into_inner().unwrap());
    }

    type Done<'d> = ((&'d str, &'d str), &'d str, Comparison);

    fn report(done: &[Done<'_>]) {
        let mut objects = BTreeMap::new();
        let (mut refusals, mut differences) = (0, Vec::new());
        for (place, case, comparison) in done {
            match comparison {
                Comparison::Same(count) => *objects.entry(*place).or_insert(0) += count,
                Comparison::BothRefuse => refusals += 1,
                Comparison::Differs(what) => {
                    differences.push(format!("{} {} {case}: {what}", place.0, place.1));
                }
            }
        }
        let total: usize = objects.values().sum();
        let mut err = std::io::stderr();
        for ((version, chart), count) in &objects {
            writeln!(err, "{version} {chart}: {count} objects").unwrap();
        }
        writeln!(
            err,
            "{} renders, {total} objects, {refusals} refusals compared with Helm's",
            done.len()
        )
        .unwrap();
        assert!(
            differences.is_empty(),
            "{} differ:\n{}",
            differences.len(),
            differences.join("\n")
        );
        assert!(refusals > 0, "no refusal was compared");
        for version in VERSIONS {
            for chart in CHARTS {
                assert!(
                    objects
                        .get(&(version, chart))
                        .is_some_and(|count| *count > 0),
                    "{version} {chart} was not compared"
                );
            }
        }
    }
}
