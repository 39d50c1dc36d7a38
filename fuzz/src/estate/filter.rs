#[path = "../../../src/estate/filter/lexer.rs"]
mod lexer;
#[path = "../../../src/estate/filter/parser.rs"]
mod parser;
#[path = "../../../src/estate/filter/syntax.rs"]
pub mod syntax;

pub(super) fn parse(
    source: &std::sync::Arc<crate::hcl::source::SourceFile>,
    span: crate::hcl::source::Span,
) -> Result<syntax::Expression, Box<crate::hcl::diagnostic::Diagnostic>> {
    parser::parse(source, span)
}
