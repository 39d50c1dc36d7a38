//! The tree of a query.

use std::fmt;

use slipway_support::glob::Glob;

/// What a query asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    /// The units at a path.
    Path(PathPattern),
    /// The units of which something is true.
    Attribute(Attribute),
    /// The units that differ between two commits.
    Git(GitRange),
    /// All but those: `!`.
    Not(Box<Expression>),
    /// Those of the first that are also in the next, and so on: `|`. Two or more.
    All(Vec<Expression>),
    /// Units and what is around them in the graph: `...`.
    Graph(Box<GraphExpression>),
}

impl Expression {
    /// Whether it can only take away: every part of it is a negation.
    pub fn is_negation(&self) -> bool {
        match self {
            Self::Not(_) => true,
            Self::All(parts) => parts.iter().all(Self::is_negation),
            _ => false,
        }
    }

    /// The expression and all that it is made of.
    pub fn walk(&self, visit: &mut dyn FnMut(&Self)) {
        visit(self);
        match self {
            Self::Not(inner) => inner.walk(visit),
            Self::All(parts) => parts.iter().for_each(|part| part.walk(visit)),
            Self::Graph(graph) => graph.target.walk(visit),
            Self::Path(_) | Self::Attribute(_) | Self::Git(_) => {}
        }
    }

    /// Whether some part of it is so.
    pub fn any(&self, wanted: impl Fn(&Self) -> bool) -> bool {
        let mut found = false;
        self.walk(&mut |part| found |= wanted(part));
        found
    }
}

/// A path, with the wildcards of [`Glob`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    /// As it was written.
    pub written: String,
    /// Cleaned; absolute, or seen from the working folder.
    pub glob: Glob,
}

impl PathPattern {
    /// Whether it begins at the root of the file system.
    pub fn is_absolute(&self) -> bool {
        self.written.starts_with('/')
    }
}

/// `key=value`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attribute {
    /// The last folder of the path. A bare word means this as well.
    Name(Glob),
    /// Whether it is a unit or a stack.
    Type(Type),
    /// Whether it lies outside of the folder that was walked.
    External(bool),
    /// A file that is read for it: absolute, or seen from the working folder.
    Reading(PathPattern),
    /// The `source` of the `terraform` block.
    Source(Glob),
}

/// The keys that a query may use.
pub(super) const KEYS: &[&str] = &["name", "type", "external", "reading", "source"];

/// The values of `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Type {
    /// A folder with a `terragrunt.hcl`.
    Unit,
    /// A folder with a `terragrunt.stack.hcl`.
    Stack,
}

/// `[from...to]`; `[from]` ends at `HEAD`, `[from...]` at the work tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GitRange {
    /// The commit that is compared with.
    pub from: String,
    /// The commit that is looked at; none for the work tree as it is, which is what `--affected` asks for.
    pub to: Option<String>,
}

/// `...target...` with its limits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct GraphExpression {
    /// Where it starts.
    pub target: Expression,
    /// Whether it goes to what depends on the target, and how far.
    pub dependents: Option<Reach>,
    /// Whether it goes to what the target depends on, and how far.
    pub dependencies: Option<Reach>,
    /// Whether the target itself is left out: `^`.
    pub without_target: bool,
}

/// How far to follow the graph in one direction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reach {
    /// How many steps; none for all.
    pub depth: Option<usize>,
    /// The folder that is not left, absolute or seen from the working folder.
    pub within: Option<String>,
}

impl fmt::Display for Expression {
    /// A query that means the same: paths in braces, names with their key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(path) => write!(f, "{{{}}}", path.written),
            Self::Attribute(attribute) => attribute.fmt(f),
            Self::Git(GitRange { from, to }) => write!(f, "[{from}...{}]", to.as_deref().unwrap_or_default()),
            Self::Not(inner) => write!(f, "!{inner}"),
            Self::All(parts) => {
                for (index, part) in parts.iter().enumerate() {
                    let between = if index == 0 { "" } else { " | " };
                    write!(f, "{between}{part}")?;
                }
                Ok(())
            }
            Self::Graph(graph) => graph.fmt(f),
        }
    }
}

impl fmt::Display for Attribute {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(glob) => write!(f, "name={}", glob.as_str()),
            Self::Type(Type::Unit) => f.write_str("type=unit"),
            Self::Type(Type::Stack) => f.write_str("type=stack"),
            Self::External(truth) => write!(f, "external={truth}"),
            Self::Reading(path) => write!(f, "reading={}", path.written),
            Self::Source(glob) => write!(f, "source={}", glob.as_str()),
        }
    }
}

impl fmt::Display for GraphExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(reach) = &self.dependents {
            write!(f, "{reach}...")?;
        }
        if self.without_target {
            f.write_str("^")?;
        }
        // Two negations keep apart the dots of a graph within a graph.
        let apart = if matches!(self.target, Expression::Graph(_)) { "!!" } else { "" };
        write!(f, "{apart}{}", self.target)?;
        match &self.dependencies {
            // The blank keeps a dot at the end of the target out of the ellipsis.
            Some(reach) => write!(f, " ...{reach}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for Reach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.within, self.depth) {
            (Some(folder), _) => write!(f, "({folder})"),
            (None, Some(depth)) => write!(f, "{depth}"),
            (None, None) => Ok(()),
        }
    }
}
