//! Aligns the lines of a report in columns.

/// The cells of a line, of which the last one is not padded.
pub(super) type Cells = Vec<String>;

/// Formats lines with their columns aligned, indented by two spaces.
pub(super) fn aligned(rows: &[Cells]) -> Vec<String> {
    let columns = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| {
        let cells = rows.iter().filter(|row| row.len() > column + 1).map(|row| visible(&row[column]));
        cells.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns).map(width).collect();
    let lines = rows.iter().map(|row| {
        let cells = row.iter().enumerate().map(|(column, cell)| match row.len() - column {
            1 => cell.clone(),
            _ => format!("{cell}{}", " ".repeat(widths[column].saturating_sub(visible(cell)))),
        });
        format!("  {}", cells.collect::<Vec<_>>().join("  "))
    });
    lines.map(|line| line.trim_end().to_owned()).collect()
}

/// Returns the number of columns that a text takes, without its colour codes.
fn visible(text: &str) -> usize {
    let coloured = |part: &str| part.split_once('m').map_or(0, |(_, rest)| rest.chars().count());
    let mut parts = text.split('\u{1b}');
    parts.next().map_or(0, |plain| plain.chars().count()) + parts.map(coloured).sum::<usize>()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn colour_codes_take_no_columns() {
        assert_eq!(visible("\u{1b}[1;31mFAULT\u{1b}[0m"), 5);
        assert_eq!(visible("blåbær"), 6);
    }
}
