//! `application NAME[topic] { filter { … }; parser { … }; };`

use super::{Parser, tokens::Owner};
use crate::{
    ast::{Application, Ident, same_keyword},
    diagnostic::Diagnostic,
    input::{Context, TokenKind},
    span::Span,
};

const PARTS: [&str; 2] = ["filter", "parser"];

impl Parser<'_> {
    /// An application, from behind the keyword.
    pub(super) fn application(&mut self, keyword: Span) -> Option<Application> {
        let name = self.name("the application")?;
        self.expect(b'[', format_args!("`[` and the topic of application `{}`", name.text))?;
        let topic = self.name("the topic")?;
        self.expect(b']', "`]` behind the topic")?;
        let open = self.expect(b'{', format_args!("`{{` after application `{}`", name.text))?;
        let mut application = Application { name, topic, filter: None, parser: None, span: keyword };
        let label = application.name.text.clone();
        while let Some(token) = self.element(Owner("application", Some(&label)), None, open.span) {
            let TokenKind::Word(word) = &token.kind else { continue };
            let what = PARTS.iter().find(|part| same_keyword(part, word)).copied();
            let part = Ident { text: word.clone(), span: token.span };
            match what.and_then(|what| self.application_part(what, &part, &mut application)) {
                Some(what) => self.semicolon(what),
                None if what.is_some() => self.skip_element(),
                None => {
                    let message = format!("`{word}` cannot stand in an application");
                    self.report(Diagnostic::error(message, token.span).suggest(word, PARTS));
                    self.skip_element();
                }
            }
        }
        Some(application)
    }

    fn application_part(
        &mut self,
        what: &'static str,
        part: &Ident,
        application: &mut Application,
    ) -> Option<&'static str> {
        let open = self.expect(b'{', format_args!("`{{` after `{what}`"))?;
        let twice = match what {
            "filter" => {
                let expr = self.filter_body(open.span);
                let twice = application.filter.is_some();
                application.filter = expr.or(application.filter.take());
                twice
            }
            _ => {
                let body = self.body(Owner("the parser", None), Context::Parser, open.span);
                application.parser.replace(body).is_some()
            }
        };
        if twice {
            let message = format!("an application has one `{what}`");
            self.report(Diagnostic::error(message, part.span));
        }
        Some(what)
    }
}
