//! The grammar of a query.
//!
//! ```text
//! query  = term { "|" term }
//! term   = { "!" } [ reach "..." ] [ "^" ] target [ "..." reach ]
//! reach  = [ number | "(" folder ")" ]
//! target = name | path | "{" path "}" | key "=" value | "[" commit [ "..." commit ] "]"
//! ```
//! A `!` may stand ahead of the dots or behind them: `!...vpc` is all but what depends on `vpc`, `...!vpc` is all that
//! depends on something else.

use std::path::Path;
use std::sync::Arc;

use super::lexer::{Kind, Token, tokens};
use super::syntax::{Attribute, Expression, GitRange, GraphExpression, KEYS, PathPattern, Reach, Type};
use slipway_hcl::diagnostic::Diagnostic;
use slipway_hcl::source::{Location, SourceFile, Span};
use slipway_hcl::suggest;
use slipway_support::glob::Glob;
use slipway_support::paths;

/// How many negations and graph operators may stand in each other.
const DEEPEST: usize = 64;

/// More steps than any graph has.
const FARTHEST: usize = 1_000_000;

const TARGETS: &str =
    "select by name (vpc), path (./live/dev/**), attribute (type=unit) or commits ([main...HEAD])";

type Parsed<T> = Result<T, Box<Diagnostic>>;

/// Reads the query that stands at `span` of a file.
pub(super) fn parse(source: &Arc<SourceFile>, span: Span) -> Parsed<Expression> {
    let query = source.slice(span);
    let (tokens, end) = tokens(query);
    let mut parser = Parser { source, start: span.start, query, tokens, end, at: 0, depth: 0 };
    let expression = parser.query()?;
    match parser.current().kind {
        Kind::End => Ok(expression),
        _ => Err(Box::new(parser.left_over())),
    }
}

struct Parser<'a> {
    source: &'a Arc<SourceFile>,
    start: u32,
    query: &'a str,
    tokens: Vec<Token<'a>>,
    /// What stands behind the last of them.
    end: Token<'a>,
    at: usize,
    depth: usize,
}

impl<'a> Parser<'a> {
    fn query(&mut self) -> Parsed<Expression> {
        let first = self.term()?;
        if self.current().kind != Kind::And {
            return Ok(first);
        }
        let mut parts = vec![first];
        while self.eat(Kind::And) {
            if self.current().kind == Kind::End {
                return Err(Box::new(self.error("nothing stands behind `|`").help(TARGETS)));
            }
            parts.push(self.term()?);
        }
        Ok(Expression::All(parts))
    }

    fn term(&mut self) -> Parsed<Expression> {
        self.depth += 1;
        if self.depth > DEEPEST {
            return Err(Box::new(
                self.error("the query stands too deep in itself").help("take some operators out"),
            ));
        }
        let dependents = self.dependents()?;
        let without_target = self.eat(Kind::Caret);
        let target = self.target()?;
        let dependencies = if self.eat(Kind::Ellipsis) { Some(self.reach()?) } else { None };
        self.depth -= 1;
        if dependents.is_none() && dependencies.is_none() && !without_target {
            return Ok(target);
        }
        let graph = GraphExpression { target, dependents, dependencies, without_target };
        Ok(Expression::Graph(Box::new(graph)))
    }

    /// `...`, `2...` or `(folder)...` ahead of a target.
    fn dependents(&mut self) -> Parsed<Option<Reach>> {
        let token = self.current();
        match token.kind {
            Kind::Ellipsis => {
                self.advance();
                Ok(Some(Reach::default()))
            }
            Kind::OpenParenthesis => {
                let reach = self.reach()?;
                if !self.eat(Kind::Ellipsis) {
                    let message = "a folder in parentheses says how far `...` goes, and there is no `...`";
                    return Err(Box::new(self.error(message).help("write it as (./live)...vpc")));
                }
                Ok(Some(reach))
            }
            _ if is_number(token.text) && self.peek().kind == Kind::Ellipsis => {
                let reach = self.reach()?;
                self.advance();
                Ok(Some(reach))
            }
            _ => Ok(None),
        }
    }

    /// A number, a folder in parentheses, or nothing.
    fn reach(&mut self) -> Parsed<Reach> {
        let token = self.current();
        if token.kind == Kind::OpenParenthesis {
            let folder = self.enclosed(Kind::CloseParenthesis, ")", "folder", "(./live)...vpc")?;
            return Ok(Reach { depth: None, within: Some(folder.to_owned()) });
        }
        if !is_number(token.text) {
            return Ok(Reach::default());
        }
        self.advance();
        // Nought steps mean all, as in Terragrunt; so does a number that nobody can count to.
        let depth = token.text.parse().ok().filter(|depth| *depth > 0);
        Ok(Reach { depth: depth.map(|depth: usize| depth.min(FARTHEST)), within: None })
    }

    fn target(&mut self) -> Parsed<Expression> {
        let token = self.current();
        match token.kind {
            Kind::Not => self.negation(),
            Kind::Path => {
                self.advance();
                self.path(token.text, token.span).map(Expression::Path)
            }
            Kind::OpenBrace => {
                let path = self.enclosed(Kind::CloseBrace, "}", "path", "{./live/dev}")?;
                self.path(path, self.span_of(path)).map(Expression::Path)
            }
            Kind::OpenBracket => self.git_range().map(Expression::Git),
            Kind::Word if self.peek().kind == Kind::Equals => self.attribute().map(Expression::Attribute),
            Kind::Word => {
                self.advance();
                let glob = self.glob(token.text, token.span)?;
                Ok(Expression::Attribute(Attribute::Name(glob)))
            }
            Kind::End => Err(Box::new(
                self.error("the query ends where something to select is expected").help(TARGETS),
            )),
            Kind::And => Err(Box::new(self.error("nothing stands ahead of `|`").help(TARGETS))),
            _ => Err(Box::new(self.left_over())),
        }
    }

    fn negation(&mut self) -> Parsed<Expression> {
        let mut negated = false;
        while self.eat(Kind::Not) {
            negated = !negated;
        }
        if self.current().kind == Kind::End {
            return Err(Box::new(self.error("nothing stands behind `!`").help(TARGETS)));
        }
        let inner = self.term()?;
        Ok(if negated { Expression::Not(Box::new(inner)) } else { inner })
    }

    fn attribute(&mut self) -> Parsed<Attribute> {
        let key = self.advance();
        self.advance();
        let value = self.current();
        if !matches!(value.kind, Kind::Word | Kind::Path) {
            let message = format!("`{}=` has no value", key.text);
            return Err(Box::new(self.error(message).help("write a value behind it, such as name=vpc")));
        }
        self.advance();
        let one_of = |what: &str, values: &[&str]| {
            let message = format!("there is no {what} \"{}\"", value.text);
            let near = suggest::nearest(value.text, values.iter().copied());
            let help = near.map_or_else(
                || format!("use {}", values.join(", ")),
                |near| format!("did you mean \"{near}\"?"),
            );
            let diagnostic = Diagnostic::error("filter::value", message);
            Box::new(diagnostic.at(self.location(value.span)).help(help))
        };
        match key.text {
            "name" => Ok(Attribute::Name(self.glob(value.text, value.span)?)),
            "source" => Ok(Attribute::Source(self.glob(value.text, value.span)?)),
            "reading" => Ok(Attribute::Reading(self.path(value.text, value.span)?)),
            "type" => match value.text {
                "unit" => Ok(Attribute::Type(Type::Unit)),
                "stack" => Ok(Attribute::Type(Type::Stack)),
                _ => Err(one_of("type", &["unit", "stack"])),
            },
            "external" => match value.text {
                "true" => Ok(Attribute::External(true)),
                "false" => Ok(Attribute::External(false)),
                _ => Err(one_of("value of external", &["true", "false"])),
            },
            unknown => {
                let message = format!("there is no key \"{unknown}\"");
                let help = suggest::nearest(unknown, KEYS.iter().copied()).map_or_else(
                    || format!("the keys are {}", KEYS.join(", ")),
                    |near| format!("did you mean \"{near}\"?"),
                );
                let diagnostic = Diagnostic::error("filter::key", message);
                Err(Box::new(diagnostic.at(self.location(key.span)).help(help)))
            }
        }
    }

    fn git_range(&mut self) -> Parsed<GitRange> {
        let inside = self.enclosed(Kind::CloseBracket, "]", "commit", "[main...HEAD]")?;
        let (from, to) = inside.split_once("...").unwrap_or((inside, "HEAD"));
        let (from, to) = (from.trim(), to.trim());
        if from.is_empty() {
            let diagnostic = Diagnostic::error("filter::syntax", "a commit is missing ahead of `...`");
            let diagnostic = diagnostic.at(self.location(self.span_of(inside)));
            let help = "name it, as in [main...HEAD]; [main...] ends at the work tree";
            return Err(Box::new(diagnostic.help(help)));
        }
        // As in Git; `a....b` could be read in two ways else.
        if let Some(wrong) = [from, to].into_iter().find(|name| name.starts_with('.') || name.ends_with('.'))
        {
            let message = format!("`{}` names no commit", wrong.escape_debug());
            let diagnostic = Diagnostic::error("filter::syntax", message);
            let diagnostic = diagnostic.at(self.location(self.span_of(wrong)));
            return Err(Box::new(diagnostic.help("names of commits neither begin nor end with a dot")));
        }
        Ok(GitRange { from: from.to_owned(), to: (!to.is_empty()).then(|| to.to_owned()) })
    }

    /// What stands between the opening sign here and the first closing one, and steps behind it.
    fn enclosed(&mut self, close: Kind, sign: &str, what: &str, example: &str) -> Parsed<&'a str> {
        let open = self.advance();
        let ends = |(_, token): &(usize, &Token<'a>)| token.kind == close;
        let Some((end, close)) = self.tokens.iter().enumerate().skip(self.at).find(ends) else {
            let message = format!("`{}` is never closed", open.text);
            let diagnostic = Diagnostic::error("filter::syntax", message).at(self.location(open.span));
            return Err(Box::new(diagnostic.help(format!("write `{sign}` behind the {what}: {example}"))));
        };
        let close = close.span;
        let inside = self.query.get(open.span.range().end..close.range().start).unwrap_or_default().trim();
        if inside.is_empty() {
            let message = format!("there is no {what} between `{}` and `{sign}`", open.text);
            let diagnostic = Diagnostic::error("filter::syntax", message);
            let diagnostic = diagnostic.at(self.location(open.span.to(close)));
            return Err(Box::new(diagnostic.help(format!("write one, as in {example}"))));
        }
        self.at = end + 1;
        Ok(inside)
    }

    fn path(&self, written: &str, span: Span) -> Parsed<PathPattern> {
        let cleaned = paths::clean(Path::new(written));
        let glob = self.glob(&cleaned.to_string_lossy(), span)?;
        Ok(PathPattern { written: written.to_owned(), glob })
    }

    fn glob(&self, pattern: &str, span: Span) -> Parsed<Glob> {
        Glob::new(pattern).map_err(|error| {
            let diagnostic = Diagnostic::error("filter::pattern", format!("this is no pattern: {error}"));
            let help = "wildcards are *, **, ?, [abc], [!a-z] and {a,b}; a backslash takes their meaning";
            Box::new(diagnostic.at(self.location(span)).help(help))
        })
    }

    /// The error for a word that cannot stand where it stands.
    fn left_over(&self) -> Diagnostic {
        let token = self.current();
        let before = self.at.checked_sub(1).and_then(|at| self.tokens.get(at));
        let behind = |kind: Kind| before.is_some_and(|before| before.kind == kind);
        let written = before.map(|before| before.text).unwrap_or_default();
        let help = match token.kind {
            Kind::OpenBrace | Kind::OpenBracket if behind(Kind::Path) || behind(Kind::Word) => {
                format!("with such wildcards a path stands in braces: {{{written}{}…}}", token.text)
            }
            Kind::CloseBrace if behind(Kind::CloseBrace) => {
                "a path in braces ends at the first `}`; give --filter once for each alternative".to_owned()
            }
            Kind::Caret if behind(Kind::Word) => format!("did you mean [{written}^]?"),
            Kind::Path if behind(Kind::Word) => format!("did you mean ./{written}{}?", token.text),
            Kind::Word | Kind::Path if behind(Kind::Ellipsis) => {
                "behind `...` stands a number, a (folder) or nothing".to_owned()
            }
            Kind::Equals => "write a key ahead of it, such as name=vpc".to_owned(),
            Kind::Ellipsis => "write a target beside it, such as ...vpc or vpc...".to_owned(),
            _ => "join queries by `|`, or give --filter again for one more".to_owned(),
        };
        self.error(format!("`{}` cannot stand here", token.text.escape_debug())).help(help)
    }

    /// An error at the current word; at the end, behind the last one.
    fn error(&self, message: impl Into<String>) -> Diagnostic {
        let span = self.current().span;
        Diagnostic::error("filter::syntax", message).at(self.location(span))
    }

    fn location(&self, span: Span) -> Location {
        let shifted =
            Span { start: span.start.saturating_add(self.start), end: span.end.saturating_add(self.start) };
        Location::new(self.source, shifted)
    }

    /// Where a part of the query stands in it.
    fn span_of(&self, part: &str) -> Span {
        let start = part.as_ptr() as usize - self.query.as_ptr() as usize;
        Span::new(start, start + part.len())
    }

    fn current(&self) -> Token<'a> {
        self.tokens.get(self.at).copied().unwrap_or(self.end)
    }

    fn peek(&self) -> Token<'a> {
        self.tokens.get(self.at + 1).copied().unwrap_or(self.end)
    }

    /// The current word, stepping behind it; the end is never passed.
    fn advance(&mut self) -> Token<'a> {
        let token = self.current();
        self.at = (self.at + 1).min(self.tokens.len());
        token
    }

    fn eat(&mut self, kind: Kind) -> bool {
        let there = self.current().kind == kind;
        if there {
            self.advance();
        }
        there
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}
