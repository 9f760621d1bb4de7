//! `config.ps1`: PowerShell assignments, as far as they can be read without running them.
//!
//! The language: <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules>.
//! PowerShell takes the curly quotes of word processors for quotes too. A statement that is not an assignment of a string
//! is reported by its line, and skipped.

mod values;

use super::{
    ImportProblem,
    statement::{NumberedStatement, Statement, Variables},
};

/// Parses a file.
pub(super) fn parse(text: &str, variables: &mut Variables) -> Vec<NumberedStatement> {
    let text = text.replace("\r\n", "\n").replace('\r', "\n");
    let mut parser = PowerShellParser { rest: &text, line: 1, depth: 0, statements: Vec::new(), variables };
    parser.statements();
    parser.statements
}

struct PowerShellParser<'a> {
    rest: &'a str,
    line: usize,
    /// The number of open braces.
    depth: usize,
    statements: Vec<NumberedStatement>,
    variables: &'a mut Variables,
}

/// A quote or comment that is not closed. Nothing after it can be read.
struct Unclosed;

fn is_double(character: char) -> bool {
    matches!(character, '"' | '\u{201c}' | '\u{201d}' | '\u{201e}')
}

fn is_single(character: char) -> bool {
    matches!(character, '\'' | '\u{2018}' | '\u{2019}' | '\u{201a}' | '\u{201b}')
}

fn is_name(character: char) -> bool {
    character.is_alphanumeric() || character == '_'
}

/// The characters.
impl<'a> PowerShellParser<'a> {
    fn peek(&self) -> Option<char> {
        self.rest.chars().next()
    }

    fn advance(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes);
        self.line += taken.matches('\n').count();
        self.rest = rest;
        taken
    }

    fn next(&mut self) -> Result<char, Unclosed> {
        let character = self.peek().ok_or(Unclosed)?;
        self.advance(character.len_utf8());
        Ok(character)
    }

    /// Takes this text, if it comes next.
    fn take(&mut self, text: &str) -> bool {
        let is_next = self.rest.starts_with(text);
        if is_next {
            self.advance(text.len());
        }
        is_next
    }

    fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|character| !wanted(character)).unwrap_or(self.rest.len());
        self.advance(end)
    }

    /// Skips blanks, and line breaks with a backtick before them.
    fn skip_blanks(&mut self) {
        loop {
            self.take_while(|character| character.is_whitespace() && character != '\n');
            if !self.take("`\n") {
                return;
            }
        }
    }

    fn skip_past(&mut self, end: &str) -> Result<(), Unclosed> {
        let at = self.rest.find(end).ok_or(Unclosed)?;
        self.advance(at + end.len());
        Ok(())
    }

    fn is_here_string(&self) -> bool {
        self.rest.strip_prefix('@').is_some_and(|rest| rest.starts_with(|next| is_double(next) || is_single(next)))
    }

    /// Returns whether the statement ends here.
    fn at_end_of_statement(&mut self) -> bool {
        self.skip_blanks();
        matches!(self.peek(), None | Some('\n' | ';' | '#' | '}'))
    }
}

/// Statements.
impl PowerShellParser<'_> {
    fn statements(&mut self) {
        loop {
            self.take_while(|character| character.is_whitespace() || character == ';');
            let line = self.line;
            let Some(first) = self.peek() else { return };
            if self.statement(line, first).is_err() {
                self.statements.push((line, Statement::Other(ImportProblem::Unclosed)));
                return;
            }
        }
    }

    fn statement(&mut self, line: usize, first: char) -> Result<(), Unclosed> {
        if first == '#' {
            self.comment(line);
        } else if self.take("<#") {
            self.skip_past("#>")?;
        } else if self.take("}") {
            self.depth = self.depth.saturating_sub(1);
        } else if let Some((name, is_plain)) = self.assigned_name() {
            let value = match self.expression()? {
                Ok(_) if self.depth > 0 => Err(ImportProblem::Block),
                Ok(_) if !is_plain => Err(ImportProblem::Expression),
                value => value,
            };
            let value = self.variables.set(&name, value);
            self.statements.push((line, Statement::Set(name, value)));
        } else {
            if self.depth == 0 {
                self.statements.push((line, Statement::Other(ImportProblem::Statement)));
            }
            self.skip_statement()?;
        }
        Ok(())
    }

    /// Parses a comment, which may hold an assignment that its author takes to be set: `#$test_kid=`, `#set test_kid=abc`.
    fn comment(&mut self, line: usize) {
        let text = self.take_while(|character| character != '\n').trim_start_matches('#');
        let dollar = text.trim_start().strip_prefix('$');
        let has_value = |rest: &&str| rest.split_once('=').is_some_and(|(_, value)| !value.trim().is_empty());
        let set = text.strip_prefix("set ").filter(has_value);
        if let Some((name, _)) = dollar.or(set).and_then(|text| text.split_once('=')) {
            self.statements.push((line, Statement::Commented(name.trim().to_owned())));
        }
    }

    /// Parses `$name =`, `${name} =` or `[string]$script:name =`, and returns whether it is a plain `=`. `None`: there is
    /// none, and nothing is taken.
    fn assigned_name(&mut self) -> Option<(String, bool)> {
        let start = (self.rest, self.line);
        let found = self.name_before_equals();
        if found.is_none() {
            (self.rest, self.line) = start;
        }
        found
    }

    fn name_before_equals(&mut self) -> Option<(String, bool)> {
        if self.take("[") {
            self.take_while(|character| character.is_alphanumeric() || character == '.');
            self.take("]").then_some(())?;
            self.skip_blanks();
        }
        self.take("$").then_some(())?;
        let name = self.variable_name()?.to_owned();
        self.skip_blanks();
        let is_plain = !self.take("+");
        self.take("=").then_some(())?;
        (self.peek() != Some('=') && !name.to_lowercase().starts_with("env:")).then_some((name, is_plain))
    }

    /// Skips to the end of a statement: a line break or `;` outside of quotes and round brackets.
    fn skip_statement(&mut self) -> Result<(), Unclosed> {
        let mut brackets = 0_usize;
        while let Some(character) = self.peek() {
            match character {
                '\n' | ';' if brackets == 0 => return Ok(()),
                '#' => drop(self.take_while(|character| character != '\n')),
                '<' if self.take("<#") => self.skip_past("#>")?,
                '@' if self.is_here_string() => self.skip_here_string()?,
                quote if is_double(quote) => drop(self.double_quoted()?),
                quote if is_single(quote) => drop(self.single_quoted()?),
                _ => {
                    self.next()?;
                    match character {
                        '`' if self.peek().is_some() => drop(self.next()?),
                        '(' => brackets += 1,
                        ')' => brackets = brackets.saturating_sub(1),
                        '}' => self.depth = self.depth.saturating_sub(1),
                        '{' => {
                            self.depth += 1;
                            if brackets == 0 {
                                return Ok(()); // a block has statements of its own
                            }
                        }
                        _ => {}
                    }
                }
            }
        }
        Ok(())
    }
}
