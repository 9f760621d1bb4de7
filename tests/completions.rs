//! Completion in real shells: a line is typed, the Tab key is pressed, and the line is read back.
//!
//! Nushell and `PowerShell` are not in Debian, so only the text of their scripts is checked.

use std::{fs, path::PathBuf, process::Command};

use serde_json::json;
use snapbox::str;
use tempfile::TempDir;

use crate::support::{Maskinporten, bin, maskinporten, program, search_path};

/// Profiles with a command as their name, one with a command as a setting, and one with a space in its name.
const USERS: &str = r#"
[profiles.test]
env = "test"
keystore_password_command = "touch ran"

[profiles."$(touch ran)"]
env = "test"

[profiles."`touch ran`"]
env = "test"

[profiles."two words"]
env = "test"
"#;

const PROJECTS: &str = "[profiles.kunde-2]\nenv = \"test\"\n\n[profiles.\"';touch ran;'\"]\nenv = \"test\"\n";

/// A home with a config file, and a project folder with another.
struct Home {
    home: TempDir,
    folder: PathBuf,
}

impl Home {
    fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        let folder = home.path().join("project");
        let config = home.path().join(".config/maskinporten");
        fs::create_dir_all(&config).unwrap();
        fs::create_dir(&folder).unwrap();
        fs::write(config.join("config.toml"), USERS).unwrap();
        fs::write(folder.join("maskinporten.toml"), PROJECTS).unwrap();
        fs::write(folder.join("enterprise.p12"), "").unwrap();
        for shell in ["bash", "zsh", "fish", "elvish"] {
            fs::write(home.path().join(shell), script(shell)).unwrap();
        }
        Self { home, folder }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Returns the binary, run in the project folder.
    fn maskinporten(&self, arguments: &[&str]) -> Maskinporten {
        maskinporten(arguments).env("HOME", self.home.path()).in_folder(&self.folder)
    }

    /// Types lines in a shell on a separate terminal, and returns the lines after completion. Each ends with the key that
    /// the shell's settings bind to writing down the current line.
    fn type_in(&self, command: &[&str], lines: &[&str]) -> Vec<String> {
        let written = self.path("lines");
        let path = search_path(&[bin()]).into_string().unwrap();
        let environment = json!({
            // Elvish keeps a folder for its history's server there.
            "TMPDIR": self.home.path(),
            "HOME": self.home.path(), "ZDOTDIR": self.home.path(), "PATH": path, "TERM": "dumb", "LC_ALL": "C.UTF-8",
            "LINES_FILE": written,
        });
        let answers: Vec<_> = lines.iter().map(|line| json!(["READY> ", format!("{line}\u{19}")])).collect();
        let end = [json!(["READY> ", "exit\r"])];
        let wanted = json!({
            "command": command, "environment": environment, "stdout": self.path("stdout"), "visible": true,
            "answers": answers.iter().chain(&end).collect::<Vec<_>>(),
        });

        let mut python = Command::new("python3");
        let python = python.args(["-c", include_str!("terminal.py")]).current_dir(&self.folder);
        let told = program(python, wanted.to_string().as_bytes());

        let read = fs::read_to_string(&written).unwrap_or_else(|error| panic!("{error}: {told}"));
        read.lines().map(str::to_owned).collect()
    }

    /// Checks that nothing that a config file names was run.
    #[track_caller]
    fn nothing_ran(&self) {
        for folder in [self.home.path(), &self.folder] {
            assert!(!folder.join("ran").exists(), "a config file made the shell run something");
        }
    }
}

fn script(shell: &str) -> String {
    maskinporten(["completions", shell]).run().artefact()
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs bash")]
#[test]
fn bash_completes_commands_options_profiles_environments_and_files() {
    let home = Home::new();
    let settings = "PS1='READY> '; set +o history\n\
                    note() { printf '%s\\n' \"$READLINE_LINE\" >> \"$LINES_FILE\"; READLINE_LINE= READLINE_POINT=0; }\n\
                    bind -x '\"\\C-y\": note'\nbind '\"\\C-a\": insert-completions'\n. ~/bash\n";
    fs::write(home.path("settings"), settings).unwrap();
    let settings = home.path("settings").display().to_string();

    let lines = home.type_in(
        &["/bin/bash", "--noprofile", "--rcfile", &settings, "-i"],
        &[
            "maskinporten tok\t",
            "maskinporten token --prof\t",
            "maskinporten token --profile k\t",
            "maskinporten token --profile \u{1}",
            "maskinporten token --profile \\$\t",
            "maskinporten token --env \u{1}",
            "maskinporten token -k ent\t",
            "maskinporten config sh\t",
            "maskinporten completions f\t",
        ],
    );

    assert_eq!(
        lines,
        [
            "maskinporten token ",
            "maskinporten token --profile ",
            "maskinporten token --profile kunde-2 ",
            "maskinporten token --profile kunde-2 test ",
            "maskinporten token --profile \\$",
            "maskinporten token --env prod test dev ver2 sky test-sky local ",
            "maskinporten token -k enterprise.p12 ",
            "maskinporten config show ",
            "maskinporten completions fish ",
        ]
    );
    home.nothing_ran();
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs zsh")]
#[test]
fn zsh_completes_commands_options_profiles_environments_and_files() {
    let home = Home::new();
    let settings = "PS1='READY> '; unsetopt promptsp\nautoload -U compinit; compinit -u -D\n\
                    note() { print -r -- \"$BUFFER\" >> \"$LINES_FILE\"; BUFFER=; zle .accept-line }\n\
                    zle -N note; bindkey '^Y' note\n. ~/zsh\n";
    fs::write(home.path(".zshrc"), settings).unwrap();

    let lines = home.type_in(
        &["/usr/bin/zsh", "-d", "-i"],
        &[
            "maskinporten tok\t",
            "maskinporten token --prof\t",
            "maskinporten token --profile k\t",
            "maskinporten token --profile=t\t",
            "maskinporten token --profile \\$\t",
            "maskinporten token --env d\t",
            "maskinporten token -k ent\t",
            "maskinporten config sh\t",
            "maskinporten completions f\t",
        ],
    );

    assert_eq!(
        lines,
        [
            "maskinporten token ",
            "maskinporten token --profile=",
            "maskinporten token --profile kunde-2 ",
            "maskinporten token --profile=test ",
            "maskinporten token --profile \\$",
            "maskinporten token --env dev ",
            "maskinporten token -k enterprise.p12 ",
            "maskinporten config show ",
            "maskinporten completions fish ",
        ]
    );
    home.nothing_ran();
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs fish")]
#[test]
fn fish_completes_commands_options_profiles_environments_and_files() {
    let home = Home::new();
    let completed = |line: &str| -> Vec<String> {
        let mut fish = Command::new("fish");
        let fish = fish.args(["--no-config", "-c", "source ~/fish; complete -C $argv[1]", line]);
        let fish =
            fish.env_clear().env("PATH", search_path(&[bin()])).env("HOME", home.home.path()).current_dir(&home.folder);
        let words = program(fish, b"");
        words.lines().map(|line| line.split('\t').next().unwrap().to_owned()).collect()
    };

    assert_eq!(completed("maskinporten tok"), ["token"]);
    assert_eq!(completed("maskinporten token --prof"), ["--profile"]);
    assert_eq!(completed("maskinporten token --profile "), ["kunde-2", "test"]);
    assert_eq!(completed("maskinporten token --profile=k"), ["--profile=kunde-2"]);
    assert_eq!(completed("maskinporten token --env "), ["dev", "local", "prod", "sky", "test", "test-sky", "ver2"]);
    assert_eq!(completed("maskinporten token -k ent"), ["enterprise.p12"]);
    assert_eq!(completed("maskinporten config sh"), ["show"]);
    home.nothing_ran();
}

#[cfg_attr(not(feature = "system-tests"), ignore = "needs elvish")]
#[test]
fn elvish_completes_commands_options_profiles_environments_and_files() {
    let home = Home::new();
    let lines = ["tok", "token --profile ''", "token --env ''", "token -k ent"];
    let asked = lines.map(|words| format!("print (complete {words})\"\\n\" >> $E:LINES_FILE\n")).concat();
    let settings = format!(
        "use str\neval (slurp < ~/elvish)\n\
         fn text {{|found| if (eq (kind-of $found) string) {{ put $found }} else {{ put $found[stem] }} }}\n\
         fn complete {{|@words| var found = [($edit:completion:arg-completer[maskinporten] maskinporten $@words)]\n\
         put (str:join ' ' [(each $text~ $found)]) }}\n{asked}exit\n"
    );
    fs::write(home.path("settings"), settings).unwrap();
    let settings = home.path("settings").display().to_string();

    let found = home.type_in(&["/usr/bin/elvish", "-rc", &settings], &[]);

    assert!(found[0].contains(" token grant headers "), "{}", found[0]);
    assert_eq!(
        found[1..],
        ["kunde-2 test", "prod test dev ver2 sky test-sky local", "enterprise.p12 maskinporten.toml"]
    );
    home.nothing_ran();
}

#[test]
fn the_names_of_profiles_are_those_of_both_files_without_a_special_meaning_in_a_shell() {
    let home = Home::new();

    assert_eq!(home.maskinporten(&["__profiles"]).run().artefact(), "kunde-2\ntest\n");
    assert_eq!(home.maskinporten(&["__profiles", "t"]).run().artefact(), "test\n");
    assert_eq!(home.maskinporten(&["__profiles", "$"]).run().artefact(), "");
    home.nothing_ran();
}

#[test]
fn a_config_file_that_cannot_be_read_gives_no_names_and_no_error() {
    assert_eq!(maskinporten(["__profiles"]).run().artefact(), "");
    for text in ["[profiles.test\n", "unknown = 1\n", "\u{0}"] {
        let home = Home::new();
        fs::write(home.folder.join("maskinporten.toml"), text).unwrap();

        assert_eq!(home.maskinporten(&["__profiles"]).run().artefact(), "");
    }
}

#[test]
fn a_profile_with_a_fault_is_completed_like_any_other() {
    let home = Home::new();
    fs::write(home.folder.join("maskinporten.toml"), "[profiles.broken]\nunknown = 1\n").unwrap();

    assert_eq!(home.maskinporten(&["__profiles"]).run().artefact(), "broken\ntest\n");
}

#[test]
fn the_query_for_names_is_not_a_command() {
    assert!(!maskinporten(["--help"]).run().artefact().contains("__profiles"));
    maskinporten(["__profiles", "a", "b"]).run().fails(
        2,
        str![[r#"
error: unrecognized subcommand '__profiles'

Usage: maskinporten [OPTIONS] <COMMAND>

For more information, try '--help'.

"#]],
    );
}

#[test]
fn the_script_for_nushell_has_each_command_and_queries_profiles_and_environments() {
    let script = script("nushell");

    for command in ["maskinporten token", "maskinporten config show", "maskinporten completions"] {
        assert!(script.contains(&format!("\n  export extern \"{command}\" [\n")), "{command}");
    }
    assert!(script.contains(
        "  def \"nu-complete maskinporten token profile\" [] {\n    \
         ^maskinporten __profiles | complete | get stdout | lines\n  }\n"
    ));
    assert!(script.contains("    --profile: string@\"nu-complete maskinporten token profile\""));
    assert!(script.contains(
        "  def \"nu-complete maskinporten token env\" [] {\n    [ \"prod\" \"test\" \"dev\" \"ver2\" \"sky\" \"test-sky\" \"local\" ]\n  }\n"
    ));
    assert!(script.contains("    --keystore(-k): path"));
    is_balanced(&script);
}

#[test]
fn the_script_for_powershell_completes_profiles_and_environments_first() {
    let script = script("powershell");

    let (_, block) = script.split_once("    param($wordToComplete, $commandAst, $cursorPosition)\n").unwrap();
    let (values, commands) = block.split_once("    $commandElements = $commandAst.CommandElements\n").unwrap();
    assert!(values.contains("        '--profile' { maskinporten __profiles 2>$null }\n"), "{values}");
    assert!(
        values.contains("        '--env' { 'prod', 'test', 'dev', 'ver2', 'sky', 'test-sky', 'local' }\n"),
        "{values}"
    );
    assert!(commands.contains("[CompletionResult]::new('token', 'token', [CompletionResultType]::ParameterValue,"));
    is_balanced(&script);
}

/// Checks that brackets outside of quotes and comments are balanced.
#[track_caller]
fn is_balanced(script: &str) {
    let mut open = Vec::new();
    for line in script.lines() {
        let mut quote = None;
        for character in line.chars() {
            match (quote, character) {
                (Some(own), _) if own == character => quote = None,
                (None, '\'' | '"') => quote = Some(character),
                (None, '#') => break,
                (None, '(' | '[' | '{') => open.push(character),
                (None, ')') => assert_eq!(open.pop(), Some('('), "{line}"),
                (None, ']') => assert_eq!(open.pop(), Some('['), "{line}"),
                (None, '}') => assert_eq!(open.pop(), Some('{'), "{line}"),
                (Some(_) | None, _) => {}
            }
        }
        assert_eq!(quote, None, "{line}");
    }
    assert!(open.is_empty(), "left open: {open:?}");
}
