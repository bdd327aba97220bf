//! What `weft mesh init` writes: a mesh file with every field, most of them commented out.
//!
//! `# text` explains, `#field` is a field to uncomment. The tests read the file as it is and with each field uncommented, and
//! look for every field of the schema in it.

/// The file for a mesh of this name.
pub(crate) fn template(name: &str) -> String {
    include_str!("template/mesh.yaml").replace("name: NAME", &format!("name: {name}"))
}

#[cfg(test)]
mod tests {
    use super::super::document::parse;
    use super::super::read::read;
    use super::super::schema::schema;
    use super::*;
    use serde_json::Value;

    /// The commented fields, each with the lines that belong to it.
    fn blocks(text: &str) -> Vec<(usize, usize)> {
        let lines: Vec<_> = text.lines().collect();
        let starts = |line: &str| {
            line.strip_prefix("  #")
                .is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_alphabetic()))
        };
        let mut found = Vec::new();
        for (start, line) in lines.iter().enumerate() {
            if starts(line) {
                let more = lines[start + 1..]
                    .iter()
                    .take_while(|line| line.starts_with("  #  "));
                found.push((start, start + 1 + more.count()));
            }
        }
        found
    }

    #[test]
    fn it_reads_and_so_does_each_field_of_it() {
        let text = template("shop");
        let whole = read(parse(text.as_bytes()).unwrap(), &[]).unwrap();
        assert_eq!(whole.metadata.name, "shop");
        let blocks = blocks(&text);
        assert!(blocks.len() > 15, "{blocks:?}");
        for (start, end) in blocks {
            let uncommented: String = text
                .lines()
                .enumerate()
                .map(|(number, line)| {
                    let line = match line.strip_prefix("  #") {
                        Some(rest) if (start..end).contains(&number) => format!("  {rest}"),
                        _ => line.to_owned(),
                    };
                    line + "\n"
                })
                .collect();
            let mesh = read(parse(uncommented.as_bytes()).unwrap(), &[]);
            let line = text.lines().nth(start).unwrap();
            assert!(
                mesh.as_ref().is_ok_and(|mesh| *mesh != whole
                    || line.contains("rootNamespace")
                    || line.contains("engine")),
                "{line}: {mesh:?}"
            );
        }
    }

    #[test]
    fn it_shows_every_field() {
        fn fields(schema: &Value, found: &mut Vec<String>) {
            if let Some(Value::Object(properties)) = schema.get("properties") {
                for (name, schema) in properties {
                    found.push(name.clone());
                    fields(schema, found);
                }
            }
            if let Some(items) = schema.get("items") {
                fields(items, found);
            }
        }
        let mut names = Vec::new();
        fields(&schema(), &mut names);
        assert!(names.len() > 60);
        let text = template("shop");
        for name in names {
            assert!(
                text.contains(&format!("{name}:")),
                "{name} is not in the file of `mesh init`"
            );
        }
    }
}
