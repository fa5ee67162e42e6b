//! `http()`: messages as the bodies of HTTP requests, one each or many together.

mod action;
mod body;
mod driver;
#[cfg(test)]
mod tests;

use std::num::NonZeroU32;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use conf::Options;
use conf::ast::{Call, Value};
use conf::diagnostic::Diagnostic;
use conf::options::{FreeForm, Seconds, Spanned};
use message::template::Template;
use pipeline::options::{DestinationOptions, NoEffect, NotYet, TemplateOptionGroup};
use pipeline::{Compile, DestinationPlan, DestinationSpec};
use reqwest::header::{HeaderName, HeaderValue};

use self::action::Actions;
use self::body::{Compression, Layout};
use self::driver::{Http, Sending};
use crate::tls::TlsOptions;

pub(super) const SPEC: DestinationSpec =
    DestinationSpec { names: &["http"], options: HttpOptions::DOCS, compile };

conf::options! {
    /// Send messages to a web server.
    pub struct HttpOptions {
        /// Options of all destinations.
        destination: DestinationOptions = flatten,
        /// Where to: templates. Of several, another one is taken when one fails, and each worker begins with its own.
        url: Vec<Value> = repeated,
        /// `POST`, `PUT` and the like.
        method: Spanned<String> = inherit,
        /// Headers, as `Name: value`. The value is a template, of which the first message of a request is shown.
        headers: Vec<Value> = repeated,
        /// What is sent for a message: a template.
        body: Value = inherit,
        /// What stands before the first message of a request.
        body_prefix: String = String::new(),
        /// What stands behind the last one.
        body_suffix: String = String::new(),
        /// What stands between two.
        delimiter: String = "\n".to_owned(),
        /// Name for HTTP's basic authentication.
        user: String = inherit,
        /// Password for it.
        password: String = inherit,
        /// What we call ourselves.
        user_agent: String = concat!("hognose/", env!("CARGO_PKG_VERSION")).to_owned(),
        /// Seconds that a request may take; 0 for no limit.
        timeout: Seconds = Seconds::new(0),
        /// Follow redirections, twenty of them at most.
        accept_redirects: bool = false,
        /// Proxy to send by, such as `http://proxy:3128`.
        proxy: Spanned<String> = inherit,
        /// `none`, `gzip` or `deflate`.
        content_compression: Compression = Compression::None,
        /// What the server may answer in. Its answers are not read beyond what the log shows.
        accept_encoding: String = inherit,
        /// Trust the authorities that this machine trusts, beside those of ca-file() and ca-dir().
        use_system_cert_store: bool = false,
        /// Encryption.
        tls: TlsOptions = inherit,
        /// The same options without `tls()` around them.
        flat: TlsOptions = flatten,
        /// Messages of one request at most.
        batch_lines: u32 = 0,
        /// Bytes of one request's body after which no message is added; 0 for no limit but 4 MiB.
        batch_bytes: u64 = 0,
        /// Milliseconds that a message may wait for others.
        batch_timeout: u64 = 0,
        /// Threads that send side by side. With more than one, the order is not kept.
        workers: NonZeroU32 = NonZeroU32::MIN,
        /// Times that messages may fail before they are dropped.
        retries: NonZeroU32 = inherit,
        /// What an answer means: `404 => drop`, with `success`, `retry`, `drop` or `disconnect`.
        response_action: Actions = inherit,
        /// How dates and values are shown.
        dates: TemplateOptionGroup = flatten,
        /// Which messages one worker gets. A request never mixes URLs, whoever sends it.
        worker_partition_key: NoEffect = inherit,
        /// Send when that changes.
        flush_on_worker_key_change: NoEffect = inherit,
        /// Answers of a certain product.
        response_adapter: NotYet = inherit,
        /// Classes in Python that add headers to each request.
        python_http_header: Vec<FreeForm> = repeated,
        /// Authentication as Azure wants it.
        azure_auth_header: NotYet = inherit,
        /// Authentication at cloud services.
        cloud_auth: NotYet = inherit,
        /// Flags of the driver.
        flags: NoEffect = inherit,
    }
}

/// Bytes of a request's body where nobody says otherwise.
const BODY_BYTES_MAX: usize = 4 << 20;
/// Methods of requests that have a body.
const METHODS: [&str; 6] = ["POST", "PUT", "PATCH", "DELETE", "GET", "OPTIONS"];

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<DestinationPlan> {
    let options = HttpOptions::read(call, cx.diagnostics)?;
    let layout = Arc::new(options.layout(call, cx)?);
    let mut plugins = Vec::new();
    for plugin in &options.python_http_header {
        plugins.push(cx.http_headers(&plugin.0)?);
    }
    let sending = Arc::new(Sending { plugins, ..options.sending(call, cx)? });
    let instance = layout.urls.first().map(|url| url.as_str().to_owned()).unwrap_or_default();
    let workers_made = AtomicUsize::new(0);
    let destination = &options.destination;
    Some(DestinationPlan {
        driver: "http",
        persist_name: destination.persist_name(|| format!("http({instance})")),
        instance,
        fifo_size: destination.fifo_size(cx),
        time_reopen: destination.time_reopen(cx),
        workers: options.workers.get() as usize,
        retries: options.retries.map_or(pipeline::destination::RETRIES, NonZeroU32::get),
        make: Box::new(move |exit, _carry| {
            let first_url = workers_made.fetch_add(1, Ordering::Relaxed);
            Box::new(Http::new(layout.clone(), sending.clone(), first_url, exit))
        }),
    })
}

impl HttpOptions {
    fn layout(&self, call: &Call, cx: &mut Compile<'_>) -> Option<Layout> {
        if self.url.is_empty() {
            cx.error(call, "http() needs url(\"…\")");
            return None;
        }
        let urls: Vec<Template> = self.url.iter().map(|url| cx.template(url)).collect::<Option<_>>()?;
        for (url, value) in urls.iter().zip(&self.url) {
            let constant = url.constant().map(String::from_utf8_lossy);
            if let Some(Err(error)) = constant.map(|url| reqwest::Url::parse(&url)) {
                let message = format!("`{}` is no URL: {error}", value.text());
                cx.diagnostics.push(Diagnostic::error(message, value.span));
                return None;
            }
        }
        let mut headers = Vec::new();
        for value in &self.headers {
            let template = cx.template(value)?;
            let name = template.as_str().split_once(':').map(|(name, _)| HeaderName::try_from(name.trim()));
            match name {
                Some(Ok(name)) => headers.push((name, template)),
                _ => {
                    let message = format!("`{}` is no header: it looks like `Name: value`", value.text());
                    cx.diagnostics.push(Diagnostic::error(message, value.span));
                    return None;
                }
            }
        }
        let body = match &self.body {
            Some(value) => cx.template(value)?,
            None => cx.template(&Value {
                kind: conf::ast::ValueKind::String("$MSG".to_owned()),
                span: conf::Span::default(),
            })?,
        };
        let bytes_max = usize::try_from(self.batch_bytes).unwrap_or(usize::MAX);
        Some(Layout {
            urls,
            headers,
            body,
            prefix: self.body_prefix.clone().into_bytes(),
            suffix: self.body_suffix.clone().into_bytes(),
            delimiter: self.delimiter.clone().into_bytes(),
            options: self.dates.resolve(cx)?,
            lines_max: match self.batch_lines {
                0 if self.batch_bytes > 0 => usize::MAX,
                lines => (lines as usize).max(1),
            },
            bytes_max: if bytes_max == 0 { BODY_BYTES_MAX } else { bytes_max },
            timeout: Duration::from_millis(self.batch_timeout),
        })
    }

    fn sending(&self, call: &Call, cx: &mut Compile<'_>) -> Option<Sending> {
        let method = match &self.method {
            None => reqwest::Method::POST,
            Some(word) => {
                let name = word.value.to_ascii_uppercase();
                let Some(known) = METHODS.iter().find(|known| **known == name) else {
                    let message = format!("method() does not take `{}`", word.value);
                    cx.diagnostics.push(Diagnostic::error(message, word.span).suggest(&name, METHODS));
                    return None;
                };
                reqwest::Method::from_bytes(known.as_bytes()).ok()?
            }
        };
        let proxy = match &self.proxy {
            None => None,
            Some(url) => match reqwest::Proxy::all(&url.value) {
                Ok(proxy) => Some(proxy),
                Err(error) => {
                    let message = format!("`{}` is no proxy: {error}", url.value);
                    cx.diagnostics.push(Diagnostic::error(message, url.span));
                    return None;
                }
            },
        };
        let tls = self.tls.as_ref().unwrap_or(&self.flat);
        let tls = tls.public_client(self.use_system_cert_store, call.name.span, cx)?;
        let accept_encoding = match &self.accept_encoding {
            None => None,
            Some(text) => match HeaderValue::try_from(text) {
                Ok(value) => Some(value),
                Err(_) => {
                    cx.error(call, format!("accept-encoding() does not take `{text}`"));
                    return None;
                }
            },
        };
        Some(Sending {
            plugins: Vec::new(),
            method,
            tls,
            proxy,
            accept_encoding,
            user: self.user.clone().map(|user| (user, self.password.clone())),
            user_agent: self.user_agent.clone(),
            timeout: (self.timeout.as_f64() > 0.0).then(|| self.timeout.duration()),
            redirects: self.accept_redirects,
            compression: self.content_compression,
            actions: self.response_action.clone().unwrap_or_default(),
        })
    }
}
