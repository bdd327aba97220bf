//! The command line as clap sees it.

use super::*;

fn parsed(line: &str) -> Result<Cli, clap::Error> {
    parse(line.split_whitespace().map(OsString::from))
}

#[test]
fn the_definitions_are_consistent() {
    command().debug_assert();
}

#[test]
fn every_exit_code_is_in_the_help() {
    let help = command().render_long_help().to_string();
    for exit in Exit::ALL {
        let line = format!("{:<4}{}", exit.code(), exit.meaning());
        assert!(help.contains(&line), "{line} is missing in:\n{help}");
    }
}

#[test]
fn help_is_asked_for_and_mistakes_are_not() {
    let cases = [
        ("weft --help", Exit::Ok),
        ("weft plugin --help", Exit::Ok),
        ("weft --version", Exit::Ok),
        ("weft", Exit::Usage),
        ("weft plugin", Exit::Usage),
        ("weft nonsense", Exit::Usage),
        ("weft version -o xml", Exit::Usage),
    ];
    for (line, wanted) in cases {
        let error = parsed(line).expect_err(line);
        assert_eq!(
            if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Ok
            },
            wanted,
            "{line}"
        );
    }
}

#[test]
fn output_flags_may_stand_anywhere() {
    for line in [
        "weft -o json version --no-headers",
        "weft version -o json --no-headers",
    ] {
        let cli = parsed(line).unwrap();
        assert_eq!(
            (cli.common.output, cli.common.no_headers),
            (Format::Json, true),
            "{line}"
        );
    }
}

/// Each verb shows how it is used, so that nobody has to guess.
#[test]
fn every_verb_has_examples() {
    for noun in command()
        .get_subcommands()
        .filter(|noun| !noun.is_hide_set())
    {
        let verbs: Vec<_> = noun
            .get_subcommands()
            .filter(|verb| !verb.is_hide_set())
            .collect();
        for verb in if verbs.is_empty() { vec![noun] } else { verbs } {
            let help = verb.clone().render_long_help().to_string();
            assert!(
                help.contains("Examples:\n"),
                "weft {} {} has no examples",
                noun.get_name(),
                verb.get_name()
            );
        }
    }
}

/// Paragraphs are wrapped by clap to the terminal, at most to 100 columns; a break of our own would make short lines of it,
/// and an example that is longer would be torn.
#[test]
fn help_is_wrapped_in_one_place() {
    fn look(command: &clap::Command) {
        let help = command.get_after_help().map(ToString::to_string);
        let mut before = "";
        for line in help.as_deref().unwrap_or_default().lines() {
            let is_prose = |line: &str| {
                !line.is_empty() && !line.starts_with("  ") && !line.starts_with("Examples:")
            };
            assert!(
                !(is_prose(before) && is_prose(line)),
                "{}: {before:?} is broken before {line:?}",
                command.get_name()
            );
            assert!(
                is_prose(line) || line.chars().count() <= 98,
                "{}: {line:?} is too long",
                command.get_name()
            );
            before = line;
        }
        command.get_subcommands().for_each(look);
    }
    look(&command());
}

#[test]
fn completion_offers_nothing_hidden() {
    for shell in [
        clap_complete::Shell::Bash,
        clap_complete::Shell::Zsh,
        clap_complete::Shell::Fish,
    ] {
        let mut script = Vec::new();
        clap_complete::generate(shell, &mut shown(), "weft", &mut script);
        let script = String::from_utf8(script).unwrap();
        assert!(!script.contains("exec-with-parent"), "{shell}");
        for word in ["rollback", "no-headers"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
    }
}

#[test]
fn what_is_said_is_json_where_a_verb_was_asked_for_that() {
    let cases = [
        ("weft mesh create shop --progress json", true),
        ("weft mesh delete shop --yes --progress json", true),
        ("weft mesh upgrade finish shop --progress json", true),
        ("weft gateway create edge -n shop --progress json", true),
        ("weft mesh create shop --progress plain", false),
        ("weft mesh create shop", false),
        ("weft mesh list", false),
    ];
    for (line, wanted) in cases {
        assert_eq!(parsed(line).unwrap().json_talk, wanted, "{line}");
    }
}
