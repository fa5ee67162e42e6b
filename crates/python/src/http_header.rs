//! `python-http-header()` within `http()`: headers from a class in Python, for each request.

use std::sync::Arc;
use std::time::Duration;

use channel::protocol::{DriverKind, Mode};
use conf::ast::Call;
use conf::options::Options;
use pipeline::{Compile, HttpHeaders, HttpHeadersSpec};
use serde_json::{Value, json};

use crate::binding::BindingOptions;
use crate::report::Known;
use crate::spec;
use crate::staff::{Failure, Member};

/// Every header plugin of this crate.
pub const HTTP_HEADERS: &[HttpHeadersSpec] =
    &[HttpHeadersSpec { names: &["python-http-header"], options: PythonHttpHeaderOptions::DOCS, compile }];

conf::options! {
    /// Add headers to the requests of `http()`, by a class written in Python.
    ///
    /// The class is made with its options; `get_headers(body, headers)` returns a list of headers, and
    /// `on_http_response_received(http_code)`, if it is there, is told of each answer.
    pub struct PythonHttpHeaderOptions {
        /// Which class, and in which Python.
        binding: BindingOptions = flatten,
        /// Whether a request is held back when its headers cannot be had; else it is sent without them.
        mark_errors_as_critical: bool = true,
        /// Plugins and drivers of the same name share a process.
        worker: String = inherit,
    }
}

/// How long one call may take before the worker is killed.
const STALL: Duration = Duration::from_secs(60);

fn compile(call: &Call, cx: &mut Compile<'_>) -> Option<Arc<dyn HttpHeaders>> {
    let options = PythonHttpHeaderOptions::read(call, cx.diagnostics)?;
    let class = options.binding.class(call, cx)?;
    let driver = options.binding.driver(call, DriverKind::Header, &class, cx);
    let launch = options.binding.launch(call, cx)?;
    let known = Known { id: cx.id.clone(), class, location: cx.location(call) };
    let hello = spec::hello(Mode::Run, cx.config, cx.sources, cx.globals);
    let staff = spec::staff(options.worker.as_deref(), "header.python", known, launch, hello, call, cx)?;
    let object = staff.employ(driver);
    let member = spec::members(&staff, 1, call, cx)?.remove(0);
    cx.tell(staff);
    Some(Arc::new(PythonHttpHeader { member, object, critical: options.mark_errors_as_critical }))
}

struct PythonHttpHeader {
    member: Arc<Member>,
    object: u32,
    critical: bool,
}

impl PythonHttpHeader {
    fn ask(&self, said: &Value) -> Result<Value, String> {
        let line =
            self.member.line_now().ok_or("the worker of python-http-header() is being started again")?;
        line.call(self.object, said, Some(STALL)).map_err(|failure| match failure {
            Failure::TooLarge(bytes) => format!("a body of {bytes} bytes is too large for a worker"),
            Failure::Died(_) | Failure::Stalled(_) => {
                self.member.hang_up(&line);
                "the worker of python-http-header() died".to_owned()
            }
        })
    }

    fn get(&self, body: &[u8], headers: &[String]) -> Result<Vec<String>, String> {
        let body =
            std::str::from_utf8(body).map_err(|_| "the body is not UTF-8, as get_headers() needs it")?;
        let said = self.ask(&json!({"do": "headers", "body": body, "headers": headers}))?;
        if let Some(why) = said["why"].as_str() {
            return Err(format!("get_headers() failed: {why}"));
        }
        serde_json::from_value(said["headers"].clone())
            .map_err(|_| "the worker of python-http-header() gave an answer that cannot be read".to_owned())
    }
}

impl HttpHeaders for PythonHttpHeader {
    fn headers(&self, body: &[u8], headers: &[String]) -> Result<Vec<String>, String> {
        match self.get(body, headers) {
            Err(why) if !self.critical => {
                tracing::warn!(driver = %self.member.known().id, error = %why, "HTTP request is sent without headers from Python");
                Ok(Vec::new())
            }
            other => other,
        }
    }

    fn answered(&self, status: u16) {
        if let Err(why) = self.ask(&json!({"do": "response", "code": status})) {
            tracing::warn!(driver = %self.member.known().id, error = %why, "HTTP response is not told to Python");
        }
    }
}
