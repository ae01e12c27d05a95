//! The language of rules' expressions.

use regex_syntax::hir::Hir;
use std::ops::Range;

/// `range` and up to 48 bytes of the name in whose middle it begins: `csrf_` of `csrf_token=…`.
pub(in crate::leak) fn named(text: &[u8], range: &Range<usize>) -> Range<usize> {
    let name = |byte: &&u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'$');
    let before = text.get(..range.start).unwrap_or_default().iter().rev().take(48).take_while(name).count();
    range.start.saturating_sub(before)..range.end
}

/// Parses an expression as rules mean theirs: of bytes.
pub(in crate::leak) fn parse_expression(expression: &str) -> Result<Hir, Box<regex_syntax::Error>> {
    regex_syntax::ParserBuilder::new().unicode(false).utf8(false).build().parse(expression).map_err(Box::new)
}
