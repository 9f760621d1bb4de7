//! Administration from nothing: a scope, access, a client whose key is replaced while it is used, and all of it from files.

use crate::recipes::{Workspace, run};

#[test]
fn the_script_administers_a_scope_and_a_client_and_restores_both_from_files() {
    let workspace = Workspace::new();
    let folder = workspace.local.file("").display().to_string();

    let outcome = run(workspace.command("bash").args(["administration.sh", &folder]));

    assert_eq!(outcome.code, 0, "{}\n{}", outcome.stdout, outcome.stderr);
    let lines: Vec<&str> = outcome.stdout.lines().collect();
    let fetched = lines.iter().find_map(|line| line.strip_prefix("tokens fetched during the rotation: ")).unwrap();
    assert!(fetched.trim().parse::<usize>().unwrap() > 2, "{}", outcome.stdout);
    assert_eq!(lines.last(), Some(&"restored without a difference"));
    // The only refusal is the one that the script asks for.
    let log = workspace.local.log();
    let refused: Vec<&str> =
        log.lines().filter(|line| line.starts_with("POST /token ") && !line.starts_with("POST /token 200 ")).collect();
    assert!(matches!(refused.as_slice(), [only] if only.contains("MP-250")), "{refused:?}");
    assert_eq!(log.matches("access to simulator:recipe.read granted to 310700029, 2 in all").count(), 1, "{log}");
}
