//! A way through the characters of a file that always knows its line.

/// The characters, and how far they have been read.
pub(super) struct Cursor {
    characters: Vec<char>,
    at: usize,
    pub(super) line: usize,
}

/// A place to go back to.
pub(super) struct Mark(usize, usize);

impl Cursor {
    pub(super) fn new(text: &str) -> Self {
        Self { characters: text.replace("\r\n", "\n").replace('\r', "\n").chars().collect(), at: 0, line: 1 }
    }

    pub(super) fn peek(&self) -> Option<char> {
        self.peek_at(0)
    }

    pub(super) fn peek_at(&self, ahead: usize) -> Option<char> {
        self.characters.get(self.at + ahead).copied()
    }

    pub(super) fn next(&mut self) -> Option<char> {
        let character = self.peek()?;
        self.at += 1;
        self.line += usize::from(character == '\n');
        Some(character)
    }

    /// Takes this character, if it is the next one.
    pub(super) fn take(&mut self, wanted: char) -> Option<char> {
        (self.peek() == Some(wanted)).then(|| self.next()).flatten()
    }

    pub(super) fn take_while(&mut self, wanted: impl Fn(char) -> bool) -> String {
        let mut taken = String::new();
        while let Some(character) = self.peek().filter(|character| wanted(*character)) {
            taken.push(character);
            self.next();
        }
        taken
    }

    pub(super) fn skip_while(&mut self, wanted: impl Fn(char) -> bool) {
        while self.peek().is_some_and(&wanted) {
            self.next();
        }
    }

    /// Skips blanks, and line breaks with a backtick before them.
    pub(super) fn skip_blanks(&mut self) {
        loop {
            self.skip_while(|character| character.is_whitespace() && character != '\n');
            if (self.peek(), self.peek_at(1)) != (Some('`'), Some('\n')) {
                return;
            }
            self.next();
            self.next();
        }
    }

    pub(super) fn skip_line(&mut self) {
        self.skip_while(|character| character != '\n');
    }

    /// Skips up to and with this text. Says whether it is there.
    pub(super) fn skip_past(&mut self, end: &str) -> bool {
        let end: Vec<char> = end.chars().collect();
        while self.at + end.len() <= self.characters.len() {
            if self.characters.get(self.at..).is_some_and(|rest| rest.starts_with(&end)) {
                for _ in &end {
                    self.next();
                }
                return true;
            }
            self.next();
        }
        false
    }

    pub(super) fn mark(&self) -> Mark {
        Mark(self.at, self.line)
    }

    pub(super) fn back_to(&mut self, Mark(at, line): Mark) {
        (self.at, self.line) = (at, line);
    }

    /// The name of a variable behind its `$`: `name`, `{name}`, `env:NAME`, `script:name` without the scope.
    pub(super) fn variable(&mut self) -> Option<String> {
        let name_character = |character: char| character.is_alphanumeric() || character == '_';
        if self.take('{').is_some() {
            let name = self.take_while(|character| character != '}' && character != '\n');
            self.take('}')?;
            return (!name.is_empty()).then(|| without_scope(&name).to_owned());
        }
        let mut name = self.take_while(name_character);
        let scope = ["env", "script", "global", "local"].contains(&name.to_lowercase().as_str());
        if scope && self.peek() == Some(':') && self.peek_at(1).is_some_and(name_character) {
            self.next();
            name.push(':');
            name.push_str(&self.take_while(name_character));
        }
        (!name.is_empty()).then(|| without_scope(&name).to_owned())
    }
}

fn without_scope(name: &str) -> &str {
    match name.split_once(':') {
        Some((scope, rest)) if !scope.eq_ignore_ascii_case("env") => rest,
        _ => name,
    }
}
