//! Enough of PowerShell's lexer to tell code from literals and comments.
//!
//! Written after the language specification (sections 2.3 and 2.4) with its extended quotes; it
//! knows no grammar beyond balanced brackets.

/// One piece of a script.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Token {
    /// Anything bare: a command, a parameter, an operator, a number.
    Word(String),
    /// What a single-quoted string or here-string stands for.
    Literal(String),
    /// A double-quoted string as written.
    Expandable(String),
    /// A variable without its dollar sign.
    Variable(String),
    /// A comment as written.
    Comment(String),
    /// A bracket, a separator or the end of a line.
    Mark(char),
}

const SINGLE: [char; 5] = ['\'', '\u{2018}', '\u{2019}', '\u{201a}', '\u{201b}'];
const DOUBLE: [char; 4] = ['"', '\u{201c}', '\u{201d}', '\u{201e}'];

/// The tokens, or what is wrong: an unfinished string, brackets that do not match.
pub(super) fn tokens(script: &str) -> Result<Vec<Token>, String> {
    let mut reader = Reader { rest: script.chars().collect(), at: 0 };
    let mut found = Vec::new();
    let mut open = Vec::new();
    while let Some(token) = reader.next()? {
        if let Token::Mark(mark) = token {
            match mark {
                '(' | '{' | '[' => open.push(mark),
                ')' | '}' | ']' => {
                    let begun = open.pop();
                    if !matches!((begun, mark), (Some('('), ')') | (Some('{'), '}') | (Some('['), ']')) {
                        return Err(format!("{mark} closes {begun:?}"));
                    }
                }
                _ => {}
            }
        }
        found.push(token);
    }
    if open.is_empty() { Ok(found) } else { Err(format!("never closed: {open:?}")) }
}

struct Reader {
    rest: Vec<char>,
    at: usize,
}

impl Reader {
    fn peek(&self, ahead: usize) -> Option<char> {
        self.rest.get(self.at + ahead).copied()
    }

    fn take(&mut self) -> Option<char> {
        let taken = self.peek(0);
        self.at += 1;
        taken
    }

    fn next(&mut self) -> Result<Option<Token>, String> {
        while matches!(self.peek(0), Some(' ' | '\t')) {
            self.at += 1;
        }
        let Some(first) = self.peek(0) else {
            return Ok(None);
        };
        let token = match first {
            '#' => Token::Comment(self.until(|c| c == '\n')),
            '<' if self.peek(1) == Some('#') => return Err("block comment".to_owned()),
            '@' if self.quote_ahead(1, &SINGLE) => Token::Literal(self.here(&SINGLE)?),
            '@' if self.quote_ahead(1, &DOUBLE) => Token::Expandable(self.here(&DOUBLE)?),
            _ if SINGLE.contains(&first) => Token::Literal(self.quoted(&SINGLE)?),
            _ if DOUBLE.contains(&first) => Token::Expandable(self.quoted(&DOUBLE)?),
            '$' if self.peek(1).is_some_and(|c| c.is_alphanumeric() || "_?:^$".contains(c)) => {
                self.at += 1;
                Token::Variable(self.until(|c| !c.is_alphanumeric() && c != '_' && c != ':'))
            }
            '$' if self.peek(1) == Some('{') => return Err("braced variable".to_owned()),
            '(' | ')' | '{' | '}' | '[' | ']' | ';' | '|' | ',' | '\n' => {
                self.at += 1;
                Token::Mark(first)
            }
            _ => Token::Word(self.word()),
        };
        Ok(Some(token))
    }

    fn quote_ahead(&self, ahead: usize, quotes: &[char]) -> bool {
        self.peek(ahead).is_some_and(|c| quotes.contains(&c))
    }

    fn until(&mut self, end: impl Fn(char) -> bool) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek(0).filter(|c| !end(*c)) {
            text.push(c);
            self.at += 1;
        }
        text
    }

    /// A number sign inside a word is part of it; a backtick takes the next character along.
    fn word(&mut self) -> String {
        let mut text = String::new();
        while let Some(c) = self.peek(0) {
            let ends = c.is_whitespace() || "(){}[];|,$".contains(c) && !text.is_empty();
            if ends || SINGLE.contains(&c) || DOUBLE.contains(&c) {
                break;
            }
            text.push(c);
            self.at += 1;
            if c == '`' {
                text.extend(self.take());
            }
        }
        text
    }

    fn quoted(&mut self, quotes: &[char]) -> Result<String, String> {
        let expands = quotes == DOUBLE;
        self.at += 1;
        let mut text = String::new();
        loop {
            let c = self.take().ok_or("unfinished string")?;
            if quotes.contains(&c) {
                if !self.quote_ahead(0, quotes) {
                    return Ok(text);
                }
                self.at += 1;
            }
            text.push(c);
            if expands && c == '`' {
                text.extend(self.take());
            }
        }
    }

    /// Starts after the end of the line, ends at a line that begins with a quote and an at sign.
    fn here(&mut self, quotes: &[char]) -> Result<String, String> {
        self.at += 2;
        if !self.until(|c| c == '\n').trim().is_empty() || self.take().is_none() {
            return Err("text after the beginning of a here-string".to_owned());
        }
        let mut lines = Vec::new();
        while self.peek(0).is_some() {
            if self.quote_ahead(0, quotes) && self.peek(1) == Some('@') {
                self.at += 2;
                return Ok(lines.join("\n"));
            }
            lines.push(self.until(|c| c == '\n'));
            self.at += 1;
        }
        Err("unfinished here-string".to_owned())
    }
}
