//! What stands in the braces of a source, destination, parser or rewrite.

use super::Parser;
use crate::{
    ast::{Item, same_keyword},
    input::{Context, Token, TokenKind},
    span::Span,
};

impl Parser<'_> {
    /// The drivers of `owner`, from behind the opening brace; forks and branches may stand among them.
    pub(super) fn body(&mut self, owner: &str, context: Context, open: Span) -> Vec<Item> {
        self.nested(open, |parser| {
            let mut items = Vec::new();
            while let Some(token) = parser.element(owner, Some(context), open) {
                match parser.body_item(context, token) {
                    Some((item, what)) => {
                        parser.semicolon(&what);
                        items.push(item);
                    }
                    None => parser.skip_element(),
                }
            }
            items
        })
        .unwrap_or_default()
    }

    /// One element, and what it is for the message about a missing semicolon.
    fn body_item(&mut self, context: Context, token: Token) -> Option<(Item, String)> {
        let TokenKind::Word(word) = &token.kind else { return None };
        let is = |keyword: &str| same_keyword(word, keyword);
        // `log("x")` would be a driver of that name.
        let call = self.peek().is(b'(');
        if (is("log") || is("channel")) && !call {
            let what = format!("`{word} {{ … }}`");
            return Some((Item::Path(self.log_path(token.span)?), what));
        }
        if is("junction") && !call {
            return Some((self.junction(token.span)?, "`junction { … }`".to_owned()));
        }
        if is("if") {
            return Some((self.conditional(token.span)?, "the last branch".to_owned()));
        }
        let what = format!("`{word}(…)`");
        let inner = match context {
            Context::Source => Some(Context::InnerSource),
            Context::Destination => Some(Context::InnerDestination),
            _ => None,
        };
        Some((Item::Driver(self.call(token, inner)?), what))
    }
}
