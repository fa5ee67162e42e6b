//! What stands in the braces of a source, destination, parser or rewrite.

use super::{Parser, tokens::Owner};
use crate::{
    ast::{Item, same_keyword},
    input::{Context, Token, TokenKind},
    span::Span,
};

impl Parser<'_> {
    /// The drivers of `owner`, from behind the opening brace; forks and branches may stand among them.
    pub(super) fn body(&mut self, owner: Owner<'_>, context: Context, open: Span) -> Vec<Item> {
        self.nested(open, |parser| {
            let mut items = Vec::new();
            while let Some(token) = parser.element(owner, Some(context), open) {
                match parser.body_item(context, token) {
                    Some(item) => {
                        match &item {
                            Item::Driver(call) => {
                                parser.semicolon(format_args!("`{}(…)`", call.name.text));
                            }
                            Item::If(_) => parser.semicolon("the last branch"),
                            Item::Junction(..) => parser.semicolon("the junction"),
                            _ => parser.semicolon("the path"),
                        }
                        items.push(item);
                    }
                    None => parser.skip_element(),
                }
            }
            items
        })
        .unwrap_or_default()
    }

    fn body_item(&mut self, context: Context, token: Token) -> Option<Item> {
        let TokenKind::Word(word) = &token.kind else { return None };
        let is = |keyword: &str| same_keyword(word, keyword);
        // `log("x")` would be a driver of that name.
        let call = self.peek().is(b'(');
        if (is("log") || is("channel")) && !call {
            return Some(Item::Path(self.log_path(token.span)?));
        }
        if is("junction") && !call {
            return self.junction(token.span);
        }
        if is("if") {
            return self.conditional(token.span);
        }
        let inner = match context {
            Context::Source => Some(Context::InnerSource),
            Context::Destination => Some(Context::InnerDestination),
            _ => None,
        };
        Some(Item::Driver(self.call(token, inner)?))
    }
}
