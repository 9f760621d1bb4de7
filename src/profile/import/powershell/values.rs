//! The values of PowerShell: strings in single and double quotes, here-strings, numbers, and variables.

use super::{
    super::{
        ImportProblem,
        statement::{ParsedValue, ValuePart, plain, push_text, push_value},
    },
    PowerShellParser, Unclosed, is_double, is_name, is_single,
};

impl<'a> PowerShellParser<'a> {
    /// Parses the value on the right of the equals sign, up to the end of the statement.
    pub(super) fn expression(&mut self) -> Result<ParsedValue, Unclosed> {
        if self.at_end_of_statement() {
            return Ok(Err(ImportProblem::NoValue));
        }
        let start = (self.rest, self.line);
        let value = match self.peek() {
            Some(quote) if is_double(quote) => self.double_quoted()?,
            Some(quote) if is_single(quote) => Ok(plain(&self.single_quoted()?)),
            Some('@') if self.is_here_string() => {
                self.skip_here_string()?;
                return self.skip_statement().map(|()| Err(ImportProblem::HereString));
            }
            Some('$') if !self.rest.starts_with("$(") => {
                self.next()?;
                self.variable()
            }
            _ => self.bare_word(),
        };
        if self.at_end_of_statement() {
            return Ok(value);
        }
        let is_empty = matches!(&value, Ok(parts) if parts.is_empty());
        let is_doubled = is_empty && self.peek().is_some_and(char::is_alphanumeric);
        (self.rest, self.line) = start;
        self.skip_statement()?;
        Ok(Err(if is_doubled { ImportProblem::TwoQuotes } else { value.err().unwrap_or(ImportProblem::Expression) }))
    }

    /// Parses a value without quotes: a number is a value, a word is a command.
    fn bare_word(&mut self) -> ParsedValue {
        let word = self.take_while(|character| !character.is_whitespace() && !";#(){}$'\"".contains(character));
        if !word.is_empty() && word.bytes().all(|byte| byte.is_ascii_digit()) {
            return Ok(plain(word));
        }
        let is_command = word.contains('-') && !self.at_end_of_statement(); // Join-Path $a $b
        let is_expression = is_command || word.is_empty() || word.starts_with(['@', '&', '-']);
        Err(if is_expression { ImportProblem::Expression } else { ImportProblem::Unquoted })
    }

    /// Parses a string in single quotes, where only the quote itself is special: it is doubled.
    pub(super) fn single_quoted(&mut self) -> Result<String, Unclosed> {
        self.next()?;
        let mut text = String::new();
        loop {
            match self.next()? {
                quote if is_single(quote) && !self.peek().is_some_and(is_single) => return Ok(text),
                quote if is_single(quote) => text.push(self.next()?),
                other => text.push(other),
            }
        }
    }

    /// Parses a string in double quotes. A value that cannot be known does not stop it: it is read to its end.
    pub(super) fn double_quoted(&mut self) -> Result<ParsedValue, Unclosed> {
        self.next()?;
        let mut value = Ok(Vec::new());
        loop {
            match self.next()? {
                quote if is_double(quote) && !self.peek().is_some_and(is_double) => return Ok(value),
                quote if is_double(quote) => push_text(&mut value, self.next()?.to_string()),
                '`' => push_text(&mut value, self.escape()?.to_string()),
                '$' if self.take("(") => push_value(&mut value, self.subexpression()?),
                '$' if self.rest.starts_with(|next| is_name(next) || next == '{') => {
                    push_value(&mut value, self.variable());
                }
                other => push_text(&mut value, other.encode_utf8(&mut [0; 4])),
            }
        }
    }

    /// Parses the rest of `$(…)`, whose value is known when it is one variable and nothing else.
    fn subexpression(&mut self) -> Result<ParsedValue, Unclosed> {
        self.skip_blanks();
        if self.take("$") {
            let value = self.variable();
            self.skip_blanks();
            if self.take(")") {
                return Ok(value);
            }
        }
        let mut depth = 1_usize;
        while depth > 0 {
            match self.next()? {
                '(' => depth += 1,
                ')' => depth -= 1,
                '\n' => break, // an open bracket is more likely than an expression of several lines
                _ => {}
            }
        }
        Ok(Err(ImportProblem::Expression))
    }

    /// Parses the character after a backtick.
    fn escape(&mut self) -> Result<char, Unclosed> {
        Ok(match self.next()? {
            '0' => '\0',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' => '\u{1b}',
            'f' => '\u{c}',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\u{b}',
            'u' if self.take("{") => {
                let digits = self.take_while(|character| character.is_ascii_hexdigit());
                self.take("}");
                u32::from_str_radix(digits, 16).ok().and_then(char::from_u32).unwrap_or('\u{fffd}')
            }
            other => other,
        })
    }

    /// Skips `@"` … `"@`, whose end is at the start of a line.
    pub(super) fn skip_here_string(&mut self) -> Result<(), Unclosed> {
        self.next()?;
        let is_same = if is_double(self.next()?) { is_double } else { is_single };
        loop {
            self.skip_past("\n")?;
            if self.peek().is_some_and(is_same) {
                self.next()?;
                if self.take("@") {
                    return Ok(());
                }
            }
        }
    }

    /// Parses the name of a variable after `$`: `name`, `{name}`, `env:NAME`, or `script:name`, without that scope.
    pub(super) fn variable_name(&mut self) -> Option<&'a str> {
        let name = if self.take("{") {
            let name = self.take_while(|character| character != '}' && character != '\n');
            self.take("}").then_some(name)?
        } else {
            let start = self.rest;
            let mut length = self.take_while(is_name).len();
            let scope = &start[..length].to_lowercase();
            let has_scope = ["env", "script", "global", "local"].contains(&scope.as_str());
            if has_scope && self.rest.strip_prefix(':').is_some_and(|rest| rest.starts_with(is_name)) {
                length += self.advance(1).len() + self.take_while(is_name).len();
            }
            &start[..length]
        };
        let name = match name.split_once(':') {
            Some((scope, rest)) if !scope.eq_ignore_ascii_case("env") => rest,
            _ => name,
        };
        (!name.is_empty()).then_some(name)
    }

    /// Parses a variable after `$` and returns its value.
    fn variable(&mut self) -> ParsedValue {
        let name = self.variable_name().ok_or(ImportProblem::Expression)?;
        let lower = name.to_lowercase();
        Ok(match lower.as_str() {
            "null" => Vec::new(),
            "true" | "false" => plain(&lower),
            "psscriptroot" | "pwd" => vec![ValuePart::Folder],
            "home" | "env:home" | "env:userprofile" => vec![ValuePart::Home],
            _ => match name.get(4..).filter(|_| lower.starts_with("env:")) {
                Some(variable) => vec![ValuePart::Environment(variable.to_owned())],
                None => {
                    let unknown = || ImportProblem::UnknownVariable(name.chars().take(60).collect());
                    self.variables.value(name).unwrap_or_else(|| Err(unknown()))?
                }
            },
        })
    }
}
