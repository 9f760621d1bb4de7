//! `config.ps1`: assignments of PowerShell, as far as they can be read without running it.
//!
//! The language: <https://learn.microsoft.com/powershell/module/microsoft.powershell.core/about/about_quoting_rules>.
//! What is no assignment of a text is told by its line, and skipped.

mod cursor;
mod strings;

use self::cursor::Cursor;
use super::{
    Reason,
    line::{Line, Part, Statement, Text, Variables, plain},
};

/// Reads a file.
pub(super) fn read(text: &str, variables: &mut Variables) -> Vec<Line> {
    let mut reader = Reader { cursor: Cursor::new(text), lines: Vec::new(), depth: 0, variables };
    reader.statements();
    reader.lines
}

struct Reader<'a> {
    cursor: Cursor,
    lines: Vec<Line>,
    /// How many braces are open.
    depth: usize,
    variables: &'a mut Variables,
}

/// A quote or comment that is not closed. Nothing after it can be read.
struct Unclosed;

impl Reader<'_> {
    fn statements(&mut self) {
        loop {
            self.cursor.skip_while(|character| character.is_whitespace() || character == ';');
            let line = self.cursor.line;
            if self.cursor.peek().is_none() {
                return;
            }
            if self.statement(line).is_err() {
                self.lines.push(Line { number: line, says: Statement::Other(Reason::Unclosed) });
                return;
            }
        }
    }

    fn statement(&mut self, line: usize) -> Result<(), Unclosed> {
        match self.cursor.peek() {
            Some('#') => {
                self.comment(line);
                Ok(())
            }
            Some('<') if self.cursor.peek_at(1) == Some('#') => {
                self.cursor.skip_past("#>").then_some(()).ok_or(Unclosed)
            }
            Some('}') => {
                self.depth = self.depth.saturating_sub(1);
                self.cursor.next();
                Ok(())
            }
            _ => {
                if let Some((name, plainly)) = self.assigned_name() {
                    return self.assignment(line, name, plainly);
                }
                if self.depth == 0 {
                    self.lines.push(Line { number: line, says: Statement::Other(Reason::Statement) });
                }
                self.skip_statement()
            }
        }
    }

    /// `$name =`, `${name} =`, `[string]$script:name =`, and whether it is a plain `=`. Without one, nothing is taken.
    fn assigned_name(&mut self) -> Option<(String, bool)> {
        let start = self.cursor.mark();
        let found = self.name_before_equals();
        if found.is_none() {
            self.cursor.back_to(start);
        }
        found
    }

    fn name_before_equals(&mut self) -> Option<(String, bool)> {
        if self.cursor.peek() == Some('[') {
            self.cursor.next();
            self.cursor.skip_while(|character| character.is_alphanumeric() || character == '.');
            self.cursor.take(']')?;
            self.cursor.skip_blanks();
        }
        self.cursor.take('$')?;
        let name = self.cursor.variable()?;
        self.cursor.skip_blanks();
        let plainly = self.cursor.take('+').is_none();
        self.cursor.take('=')?;
        (self.cursor.peek() != Some('=') && !name.to_lowercase().starts_with("env:")).then_some((name, plainly))
    }

    fn assignment(&mut self, line: usize, name: String, plainly: bool) -> Result<(), Unclosed> {
        let read = self.expression()?;
        let value = match read {
            Ok(_) if self.depth > 0 => Err(Reason::Block),
            Ok(_) if !plainly => Err(Reason::Expression),
            other => other,
        };
        let value = self.variables.set(&name, value);
        self.lines.push(Line { number: line, says: Statement::Set(name, value) });
        Ok(())
    }

    /// What stands right of the equals sign, up to the end of the statement.
    fn expression(&mut self) -> Result<Result<Text, Reason>, Unclosed> {
        self.cursor.skip_blanks();
        let start = self.cursor.mark();
        let value = match self.cursor.peek() {
            None | Some('\n' | ';' | '#' | '}') => return Ok(Err(Reason::NoValue)),
            Some(quote) if strings::is_double(quote) => strings::double(&mut self.cursor, self.variables)?,
            Some(quote) if strings::is_single(quote) => Ok(strings::single(&mut self.cursor)?),
            Some('@') if self.cursor.peek_at(1).is_some_and(strings::is_quote) => {
                strings::skip_here_string(&mut self.cursor)?;
                return self.skip_statement().map(|()| Err(Reason::HereString));
            }
            Some('$') if self.cursor.peek_at(1) != Some('(') => {
                self.cursor.next();
                let name = self.cursor.variable();
                name.map_or(Err(Reason::Expression), |name| strings::variable(&name, self.variables))
            }
            _ => self.bare_word(),
        };
        if self.at_the_end() {
            return Ok(value);
        }
        let nothing = matches!(&value, Ok(text) if text.is_empty());
        let doubled = nothing && self.cursor.peek().is_some_and(char::is_alphanumeric);
        self.cursor.back_to(start);
        self.skip_statement()?;
        Ok(Err(if doubled { Reason::TwoQuotes } else { value.err().unwrap_or(Reason::Expression) }))
    }

    /// A number is a value; a word is a command, whatever was meant.
    fn bare_word(&mut self) -> Result<Text, Reason> {
        let word = self.cursor.take_while(|character| !character.is_whitespace() && !";#(){}$'\"".contains(character));
        if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(plain(&word));
        }
        let command = word.contains('-') && !self.at_the_end(); // Join-Path $a $b
        Err(if command || word.is_empty() || word.starts_with(['@', '&', '-']) {
            Reason::Expression
        } else {
            Reason::Unquoted
        })
    }

    /// Whether nothing more belongs to this statement.
    fn at_the_end(&mut self) -> bool {
        self.cursor.skip_blanks();
        matches!(self.cursor.peek(), None | Some('\n' | ';' | '#' | '}'))
    }

    /// Goes to the end of a statement: a line break or `;` outside of quotes and round brackets.
    fn skip_statement(&mut self) -> Result<(), Unclosed> {
        let mut brackets = 0_usize;
        while let Some(character) = self.cursor.peek() {
            match character {
                '\n' | ';' if brackets == 0 => return Ok(()),
                '#' => self.cursor.skip_line(),
                '<' if self.cursor.peek_at(1) == Some('#') => {
                    self.cursor.skip_past("#>").then_some(()).ok_or(Unclosed)?;
                }
                '@' if self.cursor.peek_at(1).is_some_and(strings::is_quote) => {
                    strings::skip_here_string(&mut self.cursor)?;
                }
                quote if strings::is_double(quote) => {
                    let _ = strings::double(&mut self.cursor, self.variables)?;
                }
                quote if strings::is_single(quote) => {
                    strings::single(&mut self.cursor)?;
                }
                other => {
                    match other {
                        '(' => brackets += 1,
                        ')' => brackets = brackets.saturating_sub(1),
                        '{' => self.depth += 1,
                        '}' if self.depth == 0 => {}
                        '}' => self.depth -= 1,
                        _ => {}
                    }
                    self.cursor.next();
                    if other == '`' {
                        self.cursor.next();
                    }
                    if other == '{' && brackets == 0 {
                        return Ok(()); // what is in a block are statements of their own
                    }
                }
            }
        }
        Ok(())
    }

    /// A comment, which may be an assignment that somebody believes in: `#$test_kid=` or `#set test_kid=abc`.
    fn comment(&mut self, line: usize) {
        let text = self.cursor.take_while(|character| character != '\n');
        let text = text.trim_start_matches('#');
        let dollar = text.trim_start().strip_prefix('$');
        let set = text
            .strip_prefix("set ")
            .filter(|rest| rest.split_once('=').is_some_and(|(_, value)| !value.trim().is_empty()));
        if let Some((name, _)) = dollar.or(set).and_then(|text| text.split_once('=')) {
            self.lines.push(Line { number: line, says: Statement::Commented(name.trim().to_owned()) });
        }
    }
}

/// The parts that a reference to a variable stands for.
pub(super) fn special(name: &str) -> Option<Text> {
    let lower = name.to_lowercase();
    Some(match lower.as_str() {
        "null" => Vec::new(),
        "true" | "false" => plain(&lower),
        "psscriptroot" | "pwd" => vec![Part::Folder],
        "home" | "env:home" | "env:userprofile" => vec![Part::Home],
        _ => vec![Part::Environment(name.get(4..).filter(|_| lower.starts_with("env:"))?.to_owned())],
    })
}
