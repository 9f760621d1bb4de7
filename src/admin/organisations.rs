//! Lists of organisations, as people keep them: a number on each line, perhaps with a name, perhaps as CSV.

use std::collections::HashSet;

use crate::organisation::{OrganisationNumber, OrganisationNumberError};

/// A line that does not begin with an organisation number.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {error}")]
pub struct WrongLine {
    /// The line, counted from one.
    pub line: usize,
    /// What is wrong with it.
    pub error: OrganisationNumberError,
}

/// Reads the organisations of a list, each once, in the order of the list.
///
/// A number may be followed by a name. Of CSV, the first column counts; its headings are ignored, and so are empty lines and
/// what follows `#`.
///
/// # Errors
/// Every line that is wrong, so that all of them can be corrected at once.
pub fn organisations(text: &str) -> Result<Vec<OrganisationNumber>, Vec<WrongLine>> {
    let (mut numbers, mut wrong, mut known) = (Vec::new(), Vec::new(), HashSet::new());
    let lines = text.lines().enumerate().map(|(index, line)| (index + 1, first_cell(line)));
    for (position, (line, cell)) in lines.filter(|(_, cell)| !cell.is_empty()).enumerate() {
        match OrganisationNumber::parse(&without_name(cell)) {
            Ok(number) => {
                if known.insert(number.clone()) {
                    numbers.push(number);
                }
            }
            Err(_) if position == 0 && !cell.contains(|character: char| character.is_ascii_digit()) => {}
            Err(error) => wrong.push(WrongLine { line, error }),
        }
    }
    if wrong.is_empty() { Ok(numbers) } else { Err(wrong) }
}

fn first_cell(line: &str) -> &str {
    let cell = line.split(['#', ',', ';', '\t']).next().unwrap_or_default();
    cell.trim().trim_matches('"').trim()
}

/// Returns the nine digits that a cell begins with; the whole cell if it begins with anything else.
fn without_name(cell: &str) -> String {
    // Spreadsheets and web pages group the digits with spaces that do not break.
    let cell: String = cell.chars().map(|character| if character.is_whitespace() { ' ' } else { character }).collect();
    let mut digits = cell.char_indices().filter(|(_, character)| character.is_ascii_digit());
    let after = digits.nth(8).map(|(index, _)| cell.split_at(index + 1));
    match after {
        Some((number, name)) if name.is_empty() || name.starts_with(' ') => number.to_owned(),
        _ => cell,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn numbers(text: &str) -> Vec<String> {
        organisations(text).unwrap().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn each_number_is_read_once_whatever_stands_beside_it() {
        let list = "# our customers\n\n991825827\n991 825 827 Digdir\n974\u{a0}761\u{a0}076\tSkatteetaten\n\
            310700010 # the simulator's\r\n310700029 2 AS\n";
        assert_eq!(numbers(list), ["991825827", "974761076", "310700010", "310700029"]);
        let csv = "\"Org.nr\",\"Navn\"\n\"991825827\",\"Digdir, Leikanger\"\n974761076;Skatteetaten\n";
        assert_eq!(numbers(csv), ["991825827", "974761076"]);
        assert_eq!(numbers(""), [""; 0]);
    }

    #[test]
    fn every_wrong_line_is_reported() {
        let wrong = organisations("orgnr\nnavn\n991825828\n991825827\n9918258271\n0192:991825827\nNO 991825827\n");
        let messages: Vec<String> = wrong.unwrap_err().iter().map(ToString::to_string).collect();
        assert_eq!(
            messages,
            [
                "line 2: `navn` is not nine digits",
                "line 3: `991825828` has a wrong check digit (modulus 11)",
                "line 5: `9918258271` is not nine digits",
                "line 6: `0192:991825827` is not nine digits",
                "line 7: `NO 991825827` is not nine digits",
            ]
        );
    }
}
