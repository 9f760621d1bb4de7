//! What makes the program start quickly.

use std::process::Command;

/// josekit checks some values with regular expressions. Those of a grant's header need no check, and must not bring in the
/// regex crates, whose Unicode tables would be relocated at each start.
#[test]
fn the_binary_has_no_tables_of_regular_expressions() {
    let has = |text: &str| {
        let mut grep = Command::new("grep");
        grep.args(["-q", "-F", text, env!("CARGO_BIN_EXE_maskinporten")]).status().unwrap().success()
    };

    // The name of a Unicode property, and a text of this program that shows that texts are found.
    assert!(!has("Changes_When_Casefolded"));
    assert!(has("MASKINPORTEN_TOKEN"));
}
