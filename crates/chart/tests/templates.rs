//! Templates through the front door: what Go's language and Helm's functions mean, and where they end.

#[cfg(test)]
mod tests {
    use chart::{Chart, ChartError, Kubernetes, Release, Rendered, Values, render};
    use proptest::prelude::*;
    use serde_json::{Value as Json, json};

    const METADATA: &str = "name: a\nversion: 1.2.3\nappVersion: '1.31'";

    fn rendered(files: &[(&str, &str)], values: &Values) -> Result<Vec<Rendered>, ChartError> {
        let files = [("Chart.yaml", METADATA)].iter().chain(files);
        let files = files.map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
        let chart = Chart::from_files(files)?;
        let release = Release {
            name: "r".to_owned(),
            namespace: "n".to_owned(),
            is_upgrade: false,
            revision: 1,
            service: "weft".to_owned(),
        };
        let kubernetes = Kubernetes {
            version: "v1.34.4".to_owned(),
            api_versions: vec!["apps/v1".to_owned()],
        };
        render(&chart, values, &release, &kubernetes)
    }

    /// What a template writes, as the text of one field.
    fn text(template: &str, values: &str) -> Result<String, String> {
        let helper = ("templates/_h.tpl", "{{ define \"h\" }}[{{ . }}]{{ end }}");
        // Quoted, so that what it writes is neither YAML nor trimmed.
        let page = format!(
            "{{{{ define \"t\" }}}}{template}{{{{ end }}}}out: {{{{ include \"t\" . | toRawJson }}}}"
        );
        let files = [
            helper,
            ("templates/t.yaml", &page),
            ("f/x.txt", "one\ntwo\n"),
        ];
        let values = Values::from_yaml(values).unwrap();
        let objects = rendered(&files, &values).map_err(|error| error.to_string())?;
        Ok(objects[0].object["out"].as_str().unwrap().to_owned())
    }

    const LANGUAGE: &[(&str, &str)] = &[
        ("a {{- 1 -}} b", "a1b"),
        (
            "{{ if .Values.wrong }}x{{ else if .Values.right }}y{{ else }}z{{ end }}",
            "y",
        ),
        (
            "{{ with .Values.m }}{{ .k }}{{ $.Release.Name }}{{ else }}-{{ end }}",
            "vr",
        ),
        (
            "{{ range $i, $x := .Values.l }}{{ $i }}{{ $x }};{{ else }}-{{ end }}",
            "0a;1b;",
        ),
        (
            "{{ range $k, $v := .Values.m }}{{ $k }}={{ $v }}{{ end }}",
            "k=v",
        ),
        ("{{ range .Values.none }}x{{ else }}-{{ end }}", "-"),
        ("{{ range 3 }}{{ . }}{{ end }}", "012"),
        (
            "{{ range .Values.l }}{{ if eq . \"b\" }}{{ break }}{{ end }}{{ . }}{{ end }}",
            "a",
        ),
        (
            "{{ range .Values.l }}{{ if eq . \"a\" }}{{ continue }}{{ end }}{{ . }}{{ end }}",
            "b",
        ),
        (
            "{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ end }}{{ $x }}",
            "2",
        ),
        (
            "{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}",
            "1",
        ),
        (
            "{{ template \"h\" \"x\" }}{{ include \"h\" \"y\" }}",
            "[x][y]",
        ),
        ("{{ block \"b\" 5 }}<{{ . }}>{{ end }}", "<5>"),
        ("{{ (.Values.none).deeper.still }}", ""),
        ("{{ .Values.none }}{{ .Values.none | default \"d\" }}", "d"),
        (
            "{{ and 1 0 .Values.none.x }}{{ or 0 \"y\" .Values.none.x }}",
            "0y",
        ),
        (
            "{{ tpl \"{{ include `h` .a }}{{ define `z` }}Z{{ end }}{{ template `z` }}\" (dict \"a\" 1) }}",
            "[1]Z",
        ),
        (
            "{{ .Chart.Name }} {{ .Chart.AppVersion }} {{ .Template.Name }}",
            "a 1.31 a/templates/t.yaml",
        ),
        (
            "{{ .Capabilities.KubeVersion.Minor }}{{ .Capabilities.APIVersions.Has \"apps/v1\" }}",
            "34true",
        ),
        (
            "{{ .Files.Get \"f/x.txt\" }}{{ range .Files.Lines \"f/x.txt\" }}<{{ . }}>{{ end }}",
            "one\ntwo\n<one><two>",
        ),
        (
            "{{ (.Files.Glob \"f/*\").AsConfig }}",
            "x.txt: |\n  one\n  two",
        ),
    ];

    #[test]
    fn the_language_is_that_of_go() {
        for (template, expected) in LANGUAGE.iter().copied() {
            let values = "right: true\nwrong: false\nm: {k: v}\nl: [a, b]";
            assert_eq!(
                text(template, values),
                Ok(expected.to_owned()),
                "{template}"
            );
        }
    }

    const FUNCTIONS: &[(&str, &str)] = &[
        (
            "{{ 1000000 }} {{ .Values.num }} {{ int .Values.num }}",
            "1000000 1e+06 1000000",
        ),
        (
            "{{ toYaml (dict \"b\" 1 \"a\" (list \"x: y\" true)) }}",
            "a:\n- 'x: y'\n- true\nb: 1",
        ),
        (
            "{{ toJson (fromYaml \"a: [1, yes]\") }}{{ toJson (fromJson \"[]\") }}",
            "{\"a\":[1,true]}{\"Error\":\"error unmarshaling JSON: while decoding JSON: json: cannot unmarshal array into Go value of type map[string]interface {}\"}",
        ),
        (
            "{{ quote \"a\" 1 nil }} {{ squote \"b\" }}",
            "\"a\" \"1\" 'b'",
        ),
        ("{{ printf \"%s-%d\" \"a\" 5 | upper | trunc 2 }}", "A-"),
        ("{{ \"a-b\" | replace \"-\" \"_\" | nindent 2 }}", "\n  a_b"),
        (
            "{{ $d := dict }}{{ $_ := set $d \"a\" 1 }}{{ $_ := unset $d \"b\" }}{{ $d }}",
            "map[a:1]",
        ),
        (
            "{{ merge (dict \"a\" 1) (dict \"a\" 2 \"b\" 3) }}{{ mergeOverwrite (dict \"a\" 1) (dict \"a\" 2) }}",
            "map[a:1 b:3]map[a:2]",
        ),
        (
            "{{ dig \"a\" \"b\" \"no\" (dict \"a\" (dict \"b\" 1)) }}{{ dig \"x\" \"no\" (dict) }}",
            "1no",
        ),
        (
            "{{ omit (dict \"a\" 1 \"b\" 2) \"a\" }}{{ pick (dict \"a\" 1 \"b\" 2) \"a\" }}",
            "map[b:2]map[a:1]",
        ),
        (
            "{{ join \",\" (list 1 \"b\" nil) }} {{ splitList \".\" \"a.b\" }} {{ (split \".\" \"a.b\")._1 }}",
            "1,b [a b] b",
        ),
        (
            "{{ ternary 1 2 true }}{{ coalesce nil \"\" \"c\" }}{{ empty \"\" }}{{ has 1 (list 1) }}",
            "1ctruetrue",
        ),
        (
            "{{ regexMatch \"^a+$\" \"aa\" }}{{ regexReplaceAll \"a(x*)b\" \"-ab-axxb-\" \"${1}W\" }}",
            "true-W-xxW-",
        ),
        (
            "{{ b64enc \"hi\" }}{{ b64dec \"aGk=\" }}{{ sha256sum \"\" | trunc 8 }}",
            "aGk=hie3b0c442",
        ),
        (
            "{{ semverCompare \">=1.30-0\" .Capabilities.KubeVersion.Version }}",
            "true",
        ),
        (
            "{{ add 1 2.9 \"3\" }}{{ div 7 2 }}{{ mod 7 2 }}{{ max 1 5 3 }}{{ until 3 }}",
            "6315[0 1 2]",
        ),
        (
            "{{ kindOf .Values }}{{ typeOf .Values.num }}{{ kindIs \"string\" \"\" }}",
            "mapfloat64true",
        ),
        (
            "{{ first (list 1 2) }}{{ last (list 1 2) }}{{ rest (list 1 2) }}{{ uniq (list 1 1) }}{{ without (list 1 2) 1 }}",
            "12[2][1][2]",
        ),
        (
            "{{ len \"abc\" }}{{ index (list 1 2) 1 }}{{ index (dict \"a\" (dict \"b\" 1)) \"a\" \"b\" }}{{ eq 1 2 1 }}",
            "321true",
        ),
    ];

    #[test]
    fn functions_are_those_of_helm() {
        for (template, expected) in FUNCTIONS.iter().copied() {
            assert_eq!(
                text(template, "num: 1000000"),
                Ok(expected.to_owned()),
                "{template}"
            );
        }
    }

    #[test]
    fn mistakes_say_what_and_where() {
        let table = [
            (
                "\n{{ fail \"not so\" }}",
                "refuses these values: not so (at a/templates/t.yaml:2",
            ),
            ("{{ required \"needed\" .Values.none }}", "needed"),
            (
                "{{ .Values.none.x }}",
                "nil pointer evaluating interface {}.x",
            ),
            ("{{ .Chart.Nonsense }}", "can't evaluate field Nonsense"),
            ("{{ nonsense 1 }}", "\"nonsense\" not defined"),
            ("{{ now }}", "not offered"),
            ("{{ $x }}", "undefined variable"),
            ("{{ if }}{{ end }}", "missing value for if"),
            ("{{ trunc \"a\" \"b\" }}", "expected int; got string"),
            ("{{ trunc 1 }}", "wrong number of args"),
            ("{{ eq 1 \"a\" }}", "incompatible types"),
            ("{{ include \"nonsense\" . }}", "not defined"),
            ("{{ range \"text\" }}{{ end }}", "range can't iterate"),
            ("{{ break }}", "outside"),
            ("{{ tpl \"{{ x\" . }}", "unclosed action"),
        ];
        for (template, part) in table {
            let error = text(template, "").unwrap_err();
            assert!(
                error.contains(part) && error.contains("a/templates/t.yaml"),
                "{template}: {error}"
            );
        }
    }

    /// On a thread with as small a stack as tests get.
    #[test]
    fn what_does_not_end_is_ended() {
        let table = [
            "{{ define \"x\" }}{{ include \"x\" . }}{{ end }}{{ include \"x\" . }}",
            "{{ define \"x\" }}{{ if true }}{{ with 1 }}{{ template \"x\" . }}{{ end }}{{ end }}{{ end }}{{ template \"x\" . }}",
            "{{ $t := \"{{ tpl .t . }}\" }}{{ tpl $t (dict \"t\" $t) }}",
            "{{ range 100000 }}{{ range 100000 }}{{ end }}{{ end }}",
            "{{ $x := \"xxxxxxxxxx\" }}{{ range 100 }}{{ $x = print $x $x }}{{ end }}",
            "{{ repeat 1000000000 \"xxxxxxxxxx\" }}",
            "{{ until 1000000000 }}",
            "{{ range 1000000000000 }}{{ end }}",
            "{{ printf \"%999999999d\" 1 }}",
            "{{ $d := dict }}{{ $_ := set $d \"d\" $d }}{{ $d }}",
            "{{ $x := list 1 }}{{ range until 60 }}{{ $x = concat $x $x }}{{ end }}",
            "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ $_ := deepCopy $x }}",
            "{{ $x := list 1 }}{{ range until 60 }}{{ $x = list $x $x }}{{ end }}{{ $_ := mustToJson $x }}",
            "{{ $t := repeat 9000000 \"b\" }}{{ $_ := cat $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t $t }}",
            "{{ $_ := replace \"a\" (repeat 1000000 \"b\") (repeat 1000000 \"a\") }}",
            "{{ $_ := regexReplaceAll \"a\" (repeat 1000000 \"a\") (repeat 1000000 \"b\") }}",
            "{{ $_ := regexReplaceAll \".*\" (repeat 1000000 \"a\") (repeat 1000 \"${0}\") }}",
            "{{ $_ := join (repeat 1000000 \"b\") (until 1000000) }}",
            "{{ $_ := uniq (until 100000) }}",
        ];
        for template in table {
            let run = move || rendered(&[("templates/t.yaml", template)], &Values::new());
            let thread = std::thread::Builder::new()
                .stack_size(2 << 20)
                .spawn(run)
                .unwrap();
            assert!(
                matches!(thread.join().unwrap(), Err(ChartError::Template(_))),
                "{template}"
            );
        }
        let nested = "a: 1\n{{ $x := list }}{{ $m := dict }}{{ range until 300000 }}{{ $x = list $x }}{{ $m = dict \"m\" $m }}{{ end }}";
        let thread = std::thread::Builder::new()
            .stack_size(2 << 20)
            .spawn(move || rendered(&[("templates/t.yaml", nested)], &Values::new()).is_ok())
            .unwrap();
        assert!(thread.join().unwrap(), "what nests deep is dropped");
        let deep = format!("{}1{}", "(".repeat(1_000), ")".repeat(1_000));
        assert!(
            rendered(
                &[("templates/t.yaml", &format!("{{{{ {deep} }}}}"))],
                &Values::new()
            )
            .is_err()
        );
    }

    #[test]
    fn one_template_changes_values_for_all_that_follow() {
        let files = [
            ("values.yaml", "_defaults: {a: {b: 1, c: 2}}"),
            ("templates/a.yaml", "a: {{ .Values.a.b }}{{ .Values.a.c }}"),
            (
                "templates/zzz.yaml",
                "{{ $d := .Values._defaults }}{{ $_ := unset .Values \"_defaults\" }}{{ $_ := set $ \"Values\" (mustMergeOverwrite $d .Values) }}",
            ),
        ];
        let mut values = Values::new();
        values.set("a.b=7").unwrap();
        let objects = rendered(&files, &values).unwrap();
        assert_eq!(objects[0].object, json!({"a": 72}));
    }

    #[test]
    fn a_later_file_defines_anew_and_a_blank_does_not() {
        let files = [
            ("templates/a.tpl", "{{ define \"x\" }}a{{ end }}"),
            ("templates/b.tpl", "{{ define \"x\" }}b{{ end }}"),
            ("templates/_0.tpl", "{{ define \"x\" }} {{ end }}"),
            ("templates/t.yaml", "x: {{ template \"x\" }}"),
        ];
        assert_eq!(
            rendered(&files, &Values::new()).unwrap()[0].object,
            json!({"x": "a"})
        );
    }

    #[test]
    fn what_is_around_templates_is_checked() {
        let schema = r#"{"$schema": "http://json-schema.org/schema#", "properties": {"a": {"type": "integer"}}}"#;
        let chart = [
            ("values.schema.json", schema),
            ("templates/t.yaml", "a: {{ .Values.a }}"),
            ("crds/c.yaml", "kind: C"),
            ("templates/NOTES.txt", "hello"),
        ];
        let objects = rendered(&chart, &Values::from_yaml("a: 1").unwrap()).unwrap();
        assert_eq!(
            objects
                .iter()
                .map(|it| it.source.as_str())
                .collect::<Vec<_>>(),
            ["a/crds/c.yaml", "a/templates/t.yaml"]
        );
        let error = rendered(&chart, &Values::from_yaml("a: x").unwrap())
            .unwrap_err()
            .to_string();
        assert!(error.contains("/a: \"x\" is not of type"), "{error}");
        let error = rendered(&[("templates/t.yaml", "a: [")], &Values::new()).unwrap_err();
        assert!(matches!(error, ChartError::Document { .. }), "{error}");
    }

    fn values() -> impl Strategy<Value = Json> {
        let leaf = prop_oneof![
            any::<bool>().prop_map(Json::from),
            any::<i32>().prop_map(Json::from),
            // Helm loses line breaks at the end of what it prints as YAML.
            "[ -~\n\té<&>]{0,90}".prop_map(|text| Json::from(text.trim_end_matches('\n'))),
        ];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Json::from),
                prop::collection::btree_map("[a-z0-9 :#-]{1,6}", inner, 0..4)
                    .prop_map(|map| Json::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn data_passes_through_templates_unharmed(value in values()) {
            let given = Values::from_json(json!({"v": value})).unwrap();
            let page = "yaml:\n{{ toYaml .Values | indent 2 }}\njson: {{ toJson .Values }}\ntwice:\n{{ .Values | toYaml | fromYaml | toYaml | indent 2 }}";
            let objects = rendered(&[("templates/t.yaml", page)], &given).unwrap();
            for name in ["yaml", "json", "twice"] {
                prop_assert_eq!(&objects[0].object[name]["v"], &value, "{}", name);
            }
        }

        #[test]
        fn any_template_is_rendered_or_refused(page in "[{}() |.$\"`a-e0-3:=/*-]{0,60}") {
            let page = page.replace('{', "{{").replace('}', "}}").replace('a', "if ").replace('b', " end ").replace('c', "dict ").replace('e', "range ");
            let _outcome = rendered(&[("templates/t.yaml", &page)], &Values::new());
        }
    }
}
