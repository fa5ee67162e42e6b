//! What a configuration says, as data: statements, and within them generic calls.
//!
//! No driver is known here. `file("/var/log/all" create-dirs(yes))` is a [`Call`] like any other; what its
//! arguments mean is decided by the options that the driver declares.

use crate::span::Span;

/// One configuration, includes and blocks expanded, in the order written.
#[derive(Debug, Clone, Default)]
pub struct Config {
    /// `@version`, as `(major, minor)`.
    pub version: Version,
    /// Arguments of every `options { … }` statement, in order; a later one overrides an earlier one.
    pub options: Vec<Call>,
    /// `source NAME { … }`, in order.
    pub sources: Vec<Named>,
    /// `destination NAME { … }`, in order.
    pub destinations: Vec<Named>,
    /// `parser NAME { … }`, in order.
    pub parsers: Vec<Named>,
    /// `rewrite NAME { … }`, in order.
    pub rewrites: Vec<Named>,
    /// `filter NAME { … }`, in order.
    pub filters: Vec<NamedFilter>,
    /// `template NAME …`, in order.
    pub templates: Vec<TemplateStatement>,
    /// `log { … }`, in order.
    pub log_paths: Vec<LogPath>,
    /// `template-function NAME "…"`, in order.
    pub template_functions: Vec<TemplateStatement>,
    /// `application NAME[topic] { … }`, in order.
    pub applications: Vec<Application>,
    /// `python { … }`, in order.
    pub python: Vec<PythonBlock>,
    /// `@module NAME …`, in order.
    pub modules: Vec<Module>,
    /// `@config-id`.
    pub id: Option<String>,
}

/// `@module NAME parameter(value) …`
#[derive(Debug, Clone, PartialEq)]
pub struct Module {
    /// The module.
    pub name: String,
    /// Its parameters, with what stands between their parentheses.
    pub parameters: Vec<(String, Vec<Argument>)>,
    /// The whole line.
    pub span: Span,
}

/// The language version a configuration asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Version {
    /// The part before the dot.
    pub major: u16,
    /// The part behind it.
    pub minor: u16,
}

/// A word with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Ident {
    /// The text, as written (`-` and `_` kept; compare through [`Ident::is`]).
    pub text: String,
    /// Where it stands.
    pub span: Span,
}

/// `name(argument …)`.
#[derive(Debug, Clone, PartialEq)]
pub struct Call {
    /// The name before the parenthesis.
    pub name: Ident,
    /// What stands between the parentheses, commas dropped.
    pub arguments: Vec<Argument>,
    /// From the name to the closing parenthesis.
    pub span: Span,
}

/// One thing between the parentheses of a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Argument {
    /// A string, a number or a bare word.
    Value(Value),
    /// `name(…)`.
    Call(Call),
    /// `[ … ]`.
    List(Vec<Value>, Span),
    /// `( … )` without a name before it.
    Group(Vec<Argument>, Span),
    /// `=>`, `..`, `==`, `<`, `:` and the like.
    Operator(Operator, Span),
}

/// An operator as the lexer knows it, by its spelling.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    /// `=>`
    Arrow,
    /// `..`
    Range,
    /// `...`
    Ellipsis,
    /// `=`
    Assign,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `>=`
    GreaterEqual,
    /// `>`
    Greater,
    /// `===`
    SameTyped,
    /// `!==`
    NotSameTyped,
    /// `:`
    Colon,
    /// `;` (inside filter expressions: and)
    Semicolon,
    /// `.`
    Dot,
    /// `|`
    Pipe,
    /// `@`
    At,
}

/// A literal with its place.
#[derive(Debug, Clone, PartialEq)]
pub struct Value {
    /// What it is.
    pub kind: ValueKind,
    /// Where it stands.
    pub span: Span,
}

/// The kinds of literal.
#[derive(Debug, Clone, PartialEq)]
pub enum ValueKind {
    /// `word`: a string wherever a string is wanted, a keyword where one is known.
    Word(String),
    /// `"…"` or `'…'`, unescaped.
    String(String),
    /// `10`, `0x1F`, `4KiB`; with the text as written, since `port(0514)` and names like `10` want it.
    Integer(i64, String),
    /// `1.5`; with the text as written.
    Float(f64, String),
}

/// `source NAME { … }` and its kin.
#[derive(Debug, Clone, PartialEq)]
pub struct Named {
    /// The statement's name.
    pub name: Ident,
    /// What stands between the braces.
    pub body: Vec<Item>,
}

/// `filter NAME { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct NamedFilter {
    /// The statement's name.
    pub name: Ident,
    /// Its expression; `;` between expressions has become [`Expr::And`].
    pub expr: Expr,
}

/// `template NAME "…"` or `template NAME { template("…"); template-escape(yes); }`.
#[derive(Debug, Clone, PartialEq)]
pub struct TemplateStatement {
    /// The statement's name.
    pub name: Ident,
    /// The text and its place.
    pub text: Value,
    /// `template-escape(…)`, where written.
    pub escape: Option<bool>,
}

/// `application NAME[topic] { filter { … }; parser { … }; }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Application {
    /// The application's name.
    pub name: Ident,
    /// The topic that `app-parser()` asks for; `*` completes the others of that name.
    pub topic: Ident,
    /// Which messages are the application's, where it says so.
    pub filter: Option<Expr>,
    /// How they are taken apart, where it says so.
    pub parser: Option<Vec<Item>>,
    /// The keyword.
    pub span: Span,
}

/// One element of a log path or of a source/destination/parser/rewrite body.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// A driver, parser or rewrite: `file("/x");`
    Driver(Call),
    /// `source(name)`, `source { … }` in a log path.
    Source(Reference<Vec<Item>>),
    /// `destination(name)`, `destination { … }`.
    Destination(Reference<Vec<Item>>),
    /// `parser(name)`, `parser { … }`.
    Parser(Reference<Vec<Item>>),
    /// `rewrite(name)`, `rewrite { … }`.
    Rewrite(Reference<Vec<Item>>),
    /// `filter(name)`, `filter { … }`.
    Filter(Reference<Expr>),
    /// `junction { … }`: the branches.
    Junction(Vec<LogPath>, Span),
    /// An embedded `log { … }` or `channel { … }`.
    Path(LogPath),
    /// `if … elif … else …`.
    If(Conditional),
}

/// A name that stands for a statement, or the statement's body inline.
#[derive(Debug, Clone, PartialEq)]
pub enum Reference<T> {
    /// By name.
    Named(Ident),
    /// Inline; the span covers the keyword.
    Inline(T, Span),
}

/// `log { … }`, `channel { … }`, or the body of a branch.
#[derive(Debug, Clone, PartialEq)]
pub struct LogPath {
    /// `log NAME { … }`.
    pub name: Option<Ident>,
    /// The elements, in order; embedded paths are [`Item::Path`].
    pub items: Vec<Item>,
    /// `flags(…)`.
    pub flags: Vec<Ident>,
    /// The keyword that opens it.
    pub span: Span,
}

/// `if (expr) { … } elif … else …`, or `if { … } elif { … } else { … }`.
#[derive(Debug, Clone, PartialEq)]
pub struct Conditional {
    /// The branches in order; the condition is `None` in the compound form.
    pub branches: Vec<(Option<Expr>, LogPath)>,
    /// `else { … }`.
    pub otherwise: Option<LogPath>,
    /// The `if`.
    pub span: Span,
}

/// A filter expression.
#[derive(Debug, Clone, PartialEq)]
pub enum Expr {
    /// `a and b`, `a; b`
    And(Box<Expr>, Box<Expr>),
    /// `a or b`
    Or(Box<Expr>, Box<Expr>),
    /// `not a`
    Not(Box<Expr>),
    /// `program("sshd")`
    Call(Call),
    /// `"$A" eq "b"`, `"$N" >= 5`
    Compare(Argument, Comparison, Argument, Span),
}

/// How two templates are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    /// `lt` `le` `eq` `ne` `ge` `gt`: as strings.
    Text(Ordering),
    /// `<` `<=` `==` `!=` `>=` `>`: by type.
    Typed(Ordering),
    /// `===`
    Same,
    /// `!==`
    NotSame,
}

/// The six orderings.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ordering {
    /// less
    Less,
    /// less or equal
    LessEqual,
    /// equal
    Equal,
    /// not equal
    NotEqual,
    /// greater or equal
    GreaterEqual,
    /// greater
    Greater,
}

/// `python { … };`
#[derive(Debug, Clone, PartialEq)]
pub struct PythonBlock {
    /// The text between the braces, as written.
    pub text: String,
    /// The file it stands in.
    pub file: String,
    /// The line of the file on which the text's first line stands, from 1.
    pub line: u32,
    /// The `python` keyword.
    pub span: Span,
}

impl Argument {
    /// Where it stands.
    pub fn span(&self) -> Span {
        match self {
            Argument::Value(value) => value.span,
            Argument::Call(call) => call.span,
            Argument::List(_, span) | Argument::Group(_, span) | Argument::Operator(_, span) => *span,
        }
    }
}

impl Operator {
    /// Its spelling.
    pub fn text(self) -> &'static str {
        match self {
            Operator::Arrow => "=>",
            Operator::Range => "..",
            Operator::Ellipsis => "...",
            Operator::Assign => "=",
            Operator::Less => "<",
            Operator::LessEqual => "<=",
            Operator::Equal => "==",
            Operator::NotEqual => "!=",
            Operator::GreaterEqual => ">=",
            Operator::Greater => ">",
            Operator::SameTyped => "===",
            Operator::NotSameTyped => "!==",
            Operator::Colon => ":",
            Operator::Semicolon => ";",
            Operator::Dot => ".",
            Operator::Pipe => "|",
            Operator::At => "@",
        }
    }
}

impl Ident {
    /// Whether this is `keyword`, `-` and `_` being the same.
    pub fn is(&self, keyword: &str) -> bool {
        same_keyword(&self.text, keyword)
    }
}

impl Value {
    /// The literal as a string: every kind has one, since a number is its own text.
    pub fn text(&self) -> &str {
        match &self.kind {
            ValueKind::Word(text) | ValueKind::String(text) => text,
            ValueKind::Integer(_, text) | ValueKind::Float(_, text) => text,
        }
    }
}

impl Default for Version {
    /// The newest version known: what a file without `@version` gets.
    fn default() -> Version {
        Version { major: 4, minor: 11 }
    }
}

/// Whether two keywords are the same: `-` equals `_`, letters by case.
pub fn same_keyword(a: &str, b: &str) -> bool {
    let fold = |byte: u8| if byte == b'_' { b'-' } else { byte };
    a.len() == b.len() && a.bytes().map(fold).eq(b.bytes().map(fold))
}

/// What a value says as a boolean; `None` when it is none. Numbers are true unless zero.
pub fn truth(value: &Value) -> Option<bool> {
    match &value.kind {
        ValueKind::Integer(number, _) => Some(*number != 0),
        ValueKind::Word(text) | ValueKind::String(text) => match text.as_str() {
            "yes" | "on" => Some(true),
            "no" | "off" => Some(false),
            _ => None,
        },
        ValueKind::Float(..) => None,
    }
}
