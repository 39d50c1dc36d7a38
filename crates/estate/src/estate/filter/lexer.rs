//! The words of a query, cut as Terragrunt cuts them.
//!
//! What a letter means hangs on what stands before it: behind `=` a value may hold slashes, and a word with a slash
//! ahead of the next operator is a path. Blanks belong to a word, except around it.

use slipway_hcl::source::Span;

/// What a word is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// The end of the query.
    End,
    /// A name, a key or a value.
    Word,
    /// A path.
    Path,
    /// `!`
    Not,
    /// `|`
    And,
    /// `=`
    Equals,
    /// `{`
    OpenBrace,
    /// `}`
    CloseBrace,
    /// `[`
    OpenBracket,
    /// `]`
    CloseBracket,
    /// `(`
    OpenParenthesis,
    /// `)`
    CloseParenthesis,
    /// `...`
    Ellipsis,
    /// `^`
    Caret,
    /// A letter that can stand nowhere.
    Illegal,
}

/// One word and where it stands, in bytes from the start of the query.
#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub kind: Kind,
    pub text: &'a str,
    pub span: Span,
}

/// Cuts a query into words; the end stands beside them.
pub(super) fn tokens(query: &str) -> (Vec<Token<'_>>, Token<'_>) {
    let mut lexer = Lexer { query, at: 0, behind_equals: false };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next();
        if token.kind == Kind::End {
            return (tokens, token);
        }
        tokens.push(token);
    }
}

struct Lexer<'a> {
    query: &'a str,
    at: usize,
    behind_equals: bool,
}

impl<'a> Lexer<'a> {
    fn next(&mut self) -> Token<'a> {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
        let rest = self.rest();
        let Some(first) = rest.chars().next() else { return self.token(Kind::End, 0, 0) };
        if rest.starts_with("...") {
            return self.token(Kind::Ellipsis, 3, 3);
        }
        let behind_equals = std::mem::replace(&mut self.behind_equals, first == '=');
        match operator(first) {
            Some(kind) => self.token(kind, 1, 1),
            None if first == '.' => self.dotted(rest),
            None if first == '/' => self.word(Kind::Path, is_operator),
            None if behind_equals => self.word(Kind::Word, is_operator),
            None if has_slash(rest) => self.word(Kind::Path, is_operator),
            None => self.word(Kind::Word, |letter| is_operator(letter) || letter == '/'),
        }
    }

    /// `.`, `./…` and `../…` are paths, `.name` is a name.
    fn dotted(&mut self, rest: &'a str) -> Token<'a> {
        let next = rest.chars().nth(1);
        if rest.starts_with("./") || rest.starts_with("../") {
            return self.word(Kind::Path, is_operator);
        }
        match next {
            None => self.token(Kind::Path, 1, 1),
            Some(letter) if letter.is_whitespace() || is_operator(letter) => self.token(Kind::Path, 1, 1),
            Some(_) => self.word(Kind::Word, |letter| is_operator(letter) || letter == '/'),
        }
    }

    /// A word up to a letter that ends it, or up to an ellipsis.
    fn word(&mut self, kind: Kind, ends: impl Fn(char) -> bool) -> Token<'a> {
        let rest = self.rest();
        let end = rest.find(ends).unwrap_or(rest.len());
        // What ends a word is no dot, so no ellipsis reaches beyond it.
        let word = rest.get(..end).unwrap_or(rest);
        let end = word.find("...").unwrap_or(end);
        let text = word.get(..end).unwrap_or(word).trim_end();
        self.token(kind, text.len(), end)
    }

    /// A token of the next bytes; `whole` of them are passed.
    fn token(&mut self, kind: Kind, length: usize, whole: usize) -> Token<'a> {
        let (start, end) = (self.at, self.at + length);
        self.at += whole;
        Token { kind, text: self.query.get(start..end).unwrap_or_default(), span: Span::new(start, end) }
    }

    fn rest(&self) -> &'a str {
        self.query.get(self.at..).unwrap_or_default()
    }
}

fn operator(letter: char) -> Option<Kind> {
    Some(match letter {
        '!' => Kind::Not,
        '|' => Kind::And,
        '=' => Kind::Equals,
        '{' => Kind::OpenBrace,
        '}' => Kind::CloseBrace,
        '[' => Kind::OpenBracket,
        ']' => Kind::CloseBracket,
        '(' => Kind::OpenParenthesis,
        ')' => Kind::CloseParenthesis,
        '^' => Kind::Caret,
        '\0' => Kind::Illegal,
        _ => return None,
    })
}

fn is_operator(letter: char) -> bool {
    operator(letter).is_some()
}

/// Whether a slash comes before the next operator.
fn has_slash(rest: &str) -> bool {
    rest.chars().find(|letter| *letter == '/' || is_operator(*letter)) == Some('/')
}
