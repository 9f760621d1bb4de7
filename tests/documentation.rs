//! The README and the book in `docs`: its contents, its links, and the pages that are made from the program.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Component, Path, PathBuf},
};

use regex::Regex;
use snapbox::{Assert, Data, assert::DEFAULT_ACTION_ENV, data::DataFormat};

use crate::support::maskinporten;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Returns the text of a page, such as `docs/keys.md`.
pub fn page(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Returns the README and the pages of the book, by their paths.
pub fn pages() -> BTreeMap<PathBuf, String> {
    let mut pages = BTreeMap::from([(PathBuf::from("README.md"), page("README.md"))]);
    let mut folders = vec![PathBuf::from("docs")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).unwrap() {
            let path = folder.join(entry.unwrap().file_name());
            if root().join(&path).is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let text = page(path.to_str().unwrap());
                pages.insert(path, text);
            }
        }
    }
    pages
}

/// Returns the blocks of all pages whose first line is this, such as `sh run`.
pub fn blocks(kind: &str) -> Vec<String> {
    let start = format!("\n```{kind}\n");
    let texts = pages();
    let blocks = texts.values().flat_map(|text| text.split(&start).skip(1));
    blocks.map(|after| after.split_once("```").unwrap().0.to_owned()).collect()
}

/// Returns the targets of the links in a page, outside of its code.
fn links(text: &str) -> Vec<String> {
    let code = Regex::new("(?s)```.*?\n *```|`[^`\n]*`").unwrap();
    let link = Regex::new(r"\]\(([^)\s]+)\)").unwrap();
    link.captures_iter(&code.replace_all(text, "`")).map(|found| found[1].to_owned()).collect()
}

/// Returns the anchors of a page: GitHub and mdBook make them from the headings in the same way.
fn anchors(text: &str) -> BTreeSet<String> {
    let code = Regex::new("(?s)```.*?\n *```").unwrap();
    let text = code.replace_all(text, "");
    let headings =
        text.lines().filter_map(|line| line.strip_prefix('#')).map(|line| line.trim_start_matches('#').trim());
    let kept = |c: char| if c == ' ' { Some('-') } else { (c.is_alphanumeric() || c == '-' || c == '_').then_some(c) };
    headings.map(|heading| heading.to_lowercase().chars().filter_map(kept).collect()).collect()
}

/// Returns a path without `..`.
fn normal(path: &Path) -> PathBuf {
    let mut normal = PathBuf::new();
    for component in path.components() {
        if component == Component::ParentDir {
            normal.pop();
        } else {
            normal.push(component);
        }
    }
    normal
}

#[test]
fn every_link_to_a_page_a_file_or_a_heading_leads_there() {
    let pages = pages();
    let mut inner = 0;
    for (path, text) in &pages {
        for link in links(text).into_iter().filter(|link| !link.contains("://") && !link.starts_with("mailto:")) {
            inner += 1;
            let (file, anchor) = link.split_once('#').unwrap_or((&link, ""));
            let target = if file.is_empty() { path.clone() } else { normal(&path.parent().unwrap().join(file)) };
            assert!(root().join(&target).exists(), "{}: {link}", path.display());
            if !anchor.is_empty() {
                assert!(anchors(&pages[&target]).contains(anchor), "{}: {link}", path.display());
            }
        }
    }
    assert!(inner > 100, "{inner}");
}

/// mdBook leaves out what the summary does not list, and would make an empty page of a file that does not exist.
#[test]
fn the_summary_lists_every_page_once() {
    let summary = links(&page("docs/SUMMARY.md"));
    let listed: BTreeSet<PathBuf> = summary.iter().map(|link| Path::new("docs").join(link)).collect();
    let own = [Path::new("README.md"), Path::new("docs/SUMMARY.md")];
    let existing: BTreeSet<PathBuf> = pages().into_keys().filter(|path| !own.contains(&path.as_path())).collect();

    assert_eq!(listed, existing);
    assert_eq!(summary.len(), listed.len());
}

/// On GitHub the links lead to files outside of the book, too; in the book they would not.
#[test]
fn the_book_links_to_no_file_outside_of_it() {
    for (path, text) in pages().iter().filter(|(path, _)| path.starts_with("docs")) {
        for link in links(text).into_iter().filter(|link| !link.contains("://") && !link.starts_with('#')) {
            let target = normal(&path.parent().unwrap().join(link.split('#').next().unwrap()));
            assert!(target.starts_with("docs"), "{}: {link}", path.display());
        }
    }
}

/// Returns the commands of this program in a page, in its blocks for shells and in its sentences.
fn commands(text: &str) -> BTreeSet<String> {
    let block = Regex::new(r"(?s)```(?:sh|powershell|text)[^\n]*\n(.*?)```").unwrap();
    let in_block = Regex::new(r"(?m)(?:^|\s|\()(maskinporten [a-z][^|;&>()\n]*)").unwrap();
    let in_sentence = Regex::new(r"`(maskinporten [a-z][^`|]*)`").unwrap();
    let code = block.captures_iter(text).map(|found| found[1].replace(" \\\n", " "));
    let mut commands: BTreeSet<String> = code
        .flat_map(|code| in_block.captures_iter(&code).map(|found| found[1].to_owned()).collect::<Vec<_>>())
        .collect();
    let sentences = block.replace_all(text, "");
    commands.extend(in_sentence.captures_iter(&sentences).map(|found| found[1].to_owned()));
    commands.retain(|command| !command.contains('…') && !command.contains("COMMAND"));
    commands
}

#[test]
fn every_command_in_the_documentation_parses() {
    let mut checked = 0;
    let made = Path::new("docs/reference");
    for (path, text) in pages().iter().filter(|(path, _)| !path.starts_with(made)) {
        for command in commands(text) {
            let command = command.replace("\"${vendor[@]}\"", "--profile vendor");
            let words = shlex::split(&command).unwrap_or_else(|| panic!("{command}"));
            let own = words[1..].iter().take_while(|word| *word != "--").map(String::as_str);
            let outcome = maskinporten(own.chain(["--help"])).run();
            assert_eq!((outcome.code, outcome.stderr.as_str()), (0, ""), "{}: {command}", path.display());
            checked += 1;
        }
    }
    assert!(checked > 100, "{checked}");
}

#[test]
fn the_readme_is_short_and_names_every_command() {
    let readme = page("README.md");
    assert!(readme.lines().count() <= 150, "{} lines", readme.lines().count());
    let help = maskinporten(["--help"]).run().artefact();
    for command in help.lines().skip_while(|line| *line != "Tokens:").take_while(|line| *line != "Options:") {
        if let Some(name) = command.strip_prefix("  ").and_then(|line| line.split(' ').next()) {
            assert!(readme.contains(&format!("`{name}`")), "{name}");
        }
    }
}

#[test]
fn the_changelog_begins_with_the_version_of_the_program_or_with_what_comes_after_it() {
    let log = page("CHANGELOG.md");
    let versions: Vec<&str> = log.lines().filter_map(|line| line.strip_prefix("## [")?.split(']').next()).collect();
    let released: Vec<&str> = versions.iter().copied().filter(|version| *version != "Unreleased").collect();

    assert_eq!(released[0], env!("CARGO_PKG_VERSION"));
    assert!(versions.iter().position(|version| *version == "Unreleased").is_none_or(|at| at == 0), "{versions:?}");
}

/// Every command in the order of `--help`, with its own options; those of settings and of the output are on a page or in the
/// first section.
#[test]
fn the_reference_has_the_help_of_every_command() {
    let mut reference = REFERENCE.to_owned();
    let mut open: Vec<Vec<String>> = vec![Vec::new()];
    while let Some(words) = open.pop() {
        let help = maskinporten(&words).args(["--help"]).run().artefact();
        let inner = crate::help::listed(&help).into_iter().rev();
        open.extend(inner.map(|inner| [words.as_slice(), &[inner]].concat()));
        let name = [&["maskinporten".to_owned()], words.as_slice()].concat().join(" ");
        reference += &["\n## ", &name, "\n\n", &section(&help, words.is_empty())].concat();
    }

    let kept = Data::read_from(&root().join("docs/reference/commands.md"), Some(DataFormat::Text));
    Assert::new().action_env(DEFAULT_ACTION_ENV).eq(reference, kept.raw());
}

const REFERENCE: &str = "# Commands\n\nWhat `--help` prints, without the options that set a [setting](settings.md); the options of the \
    output are in the first section alone.\n\nA test makes this page from the program.\n";

/// The headings of settings in help texts.
const SETTINGS: [&str; 8] = [
    "Authorization server",
    "Grant",
    "Key",
    "Key in a hardware token",
    "Altinn",
    "Login of a person",
    "Network",
    "Token cache",
];

/// Returns the section of a command.
fn section(help: &str, is_first: bool) -> String {
    let (mut kept, mut settings) = (String::new(), Vec::new());
    let mut is_kept = true;
    for line in help.lines() {
        // A heading, or the text after the options, ends what stands under the heading before it.
        if line.starts_with(|first: char| first != ' ') {
            let heading = line.trim_end_matches(':');
            // The program itself has no settings; one of its groups of commands has the name of one of theirs.
            let is_setting = !is_first && SETTINGS.contains(&heading);
            settings.extend(is_setting.then_some(heading));
            is_kept = !is_setting && (is_first || heading != "Output");
        }
        if is_kept {
            kept += line.trim_end();
            kept.push('\n');
        }
    }
    let listed = if settings.is_empty() { String::new() } else { format!("\nSettings: {}.\n", settings.join(", ")) };
    format!("```text\n{}\n```\n{listed}", kept.trim_end())
}
