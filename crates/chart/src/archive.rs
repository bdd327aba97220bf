//! A chart's archive: a gzipped tar of one folder. It comes from a network, so it is read with suspicion.

use crate::chart::{LARGEST_CHART, LARGEST_FILE, MOST_FILES, check_path};
use crate::error::ChartError;
use flate2::read::GzDecoder;
use std::io::Read;
use tar::{Archive, EntryType};

/// The files below the chart's folder.
pub(crate) fn files(archive: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ChartError> {
    // Headers and padding may double what small files take.
    let limit = u64::try_from(LARGEST_CHART)
        .unwrap_or(u64::MAX)
        .saturating_mul(2);
    let mut archive = Archive::new(GzDecoder::new(archive).take(limit));
    let mut files = Vec::new();
    let entries = archive.entries().map_err(unreadable)?;
    for entry in entries {
        let mut entry = entry.map_err(unreadable)?;
        match entry.header().entry_type() {
            EntryType::Directory | EntryType::XGlobalHeader | EntryType::XHeader => continue,
            EntryType::Regular | EntryType::Continuous => {}
            // A link could point anywhere.
            _ => {
                return Err(refused(
                    "it has something that is neither a file nor a folder",
                ));
            }
        }
        if files.len() >= MOST_FILES {
            return Err(refused(&format!("it has more than {MOST_FILES} files")));
        }
        let path = String::from_utf8(entry.path_bytes().into_owned())
            .map_err(|_| refused("the name of a file is not UTF-8"))?;
        let path = path.strip_prefix("./").unwrap_or(&path);
        let Some((_, inner)) = path.split_once('/') else {
            return Err(refused(&format!(
                "the file {path:?} is not in the chart's folder"
            )));
        };
        check_path(path)?;
        let mut bytes = Vec::new();
        let most = u64::try_from(LARGEST_FILE)
            .unwrap_or(u64::MAX)
            .saturating_add(1);
        (&mut entry)
            .take(most)
            .read_to_end(&mut bytes)
            .map_err(unreadable)?;
        if bytes.len() > LARGEST_FILE {
            return Err(refused(&format!("the file {path:?} is too large")));
        }
        files.push((inner.to_owned(), bytes));
    }
    Ok(files)
}

fn refused(problem: &str) -> ChartError {
    ChartError::Archive(problem.to_owned())
}

#[expect(clippy::needless_pass_by_value, reason = "map_err hands it over")]
fn unreadable(error: std::io::Error) -> ChartError {
    ChartError::Archive(error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Chart;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write as _;
    use tar::{Builder, Header};

    fn header(path: &str, size: usize, kind: EntryType) -> Header {
        let mut header = Header::new_gnu();
        // Past the library's own check of the path.
        header.as_gnu_mut().unwrap().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(size as u64);
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_cksum();
        header
    }

    type Entry<'e> = (&'e str, &'e [u8], EntryType);

    fn archive(entries: &[Entry<'_>]) -> Vec<u8> {
        let mut builder = Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
        for (path, bytes, kind) in entries {
            builder
                .append(&header(path, bytes.len(), *kind), *bytes)
                .unwrap();
        }
        builder.into_inner().unwrap().finish().unwrap()
    }

    const CHART: Entry<'_> = (
        "a/Chart.yaml",
        b"name: a\nversion: 1.0.0",
        EntryType::Regular,
    );

    #[test]
    fn a_chart_is_read() {
        let bytes = archive(&[
            ("a", b"", EntryType::Directory),
            CHART,
            ("a/templates/x.yaml", b"x: 1", EntryType::Regular),
        ]);
        let chart = Chart::from_archive(&bytes).unwrap();
        let paths: Vec<&str> = chart.files().map(|(path, _)| path).collect();
        assert_eq!(paths, ["Chart.yaml", "templates/x.yaml"]);
    }

    #[test]
    fn what_could_do_harm_is_refused() {
        let big = vec![0; LARGEST_FILE + 1];
        let table: [(&[Entry<'_>], &str); 5] = [
            (
                &[CHART, ("a/../../x", b"", EntryType::Regular)],
                "leads out",
            ),
            (&[CHART, ("/etc/x", b"", EntryType::Regular)], "leads out"),
            (&[CHART, ("a/link", b"", EntryType::Symlink)], "neither"),
            (
                &[("Chart.yaml", b"", EntryType::Regular)],
                "not in the chart's folder",
            ),
            (&[CHART, ("a/big", &big, EntryType::Regular)], "too large"),
        ];
        for (entries, part) in table {
            let error = Chart::from_archive(&archive(entries))
                .unwrap_err()
                .to_string();
            assert!(error.contains(part), "{error}");
        }
        assert!(Chart::from_archive(b"nonsense").is_err());
        let many: Vec<String> = (0..=MOST_FILES).map(|index| format!("a/{index}")).collect();
        let many: Vec<_> = many
            .iter()
            .map(|path| (path.as_str(), b"".as_slice(), EntryType::Regular))
            .collect();
        assert!(
            Chart::from_archive(&archive(&many))
                .unwrap_err()
                .to_string()
                .contains("files")
        );
    }

    #[test]
    fn a_bomb_does_not_go_off() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        let zeros = vec![0; 1 << 20];
        encoder
            .write_all(header("a/x", 1 << 30, EntryType::Regular).as_bytes())
            .unwrap();
        for _ in 0..256 {
            encoder.write_all(&zeros).unwrap();
        }
        assert!(Chart::from_archive(&encoder.finish().unwrap()).is_err());
    }
}
