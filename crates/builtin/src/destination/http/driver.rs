//! Sending requests, and settling their messages by the answers.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use pipeline::destination::{Settled, Then};
use pipeline::{Destination, Exit, Flow, HttpHeaders, Outcome, SendError};
use reqwest::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use tokio::runtime::Runtime;

use super::action::{Action, Actions};
use super::body::{Compression, Draft, Layout};
use crate::socket::leave::Leave;

/// How long an answer may take after exit was requested.
const FINISH: Duration = Duration::from_millis(300);
/// How long a connection may take to be made.
const CONNECT_MAX: Duration = Duration::from_secs(30);
/// Redirections of one request.
const REDIRECTS_MAX: usize = 20;

/// How requests are sent.
pub(super) struct Sending {
    pub(super) method: reqwest::Method,
    pub(super) tls: Arc<rustls::ClientConfig>,
    pub(super) proxy: Option<reqwest::Proxy>,
    pub(super) accept_encoding: Option<HeaderValue>,
    pub(super) user: Option<(String, Option<String>)>,
    pub(super) user_agent: String,
    pub(super) timeout: Option<Duration>,
    pub(super) redirects: bool,
    pub(super) compression: Compression,
    pub(super) actions: Actions,
    /// What adds headers to each request.
    pub(super) plugins: Vec<Arc<dyn HttpHeaders>>,
}

/// The driver of one worker, with connections of its own.
pub(super) struct Http {
    layout: Arc<Layout>,
    sending: Arc<Sending>,
    exit: Exit,
    /// Which URL is used.
    current: usize,
    draft: Option<Draft>,
    client: Option<Client>,
}

struct Client {
    runtime: Runtime,
    client: reqwest::Client,
}

/// What became of one request.
enum Answer {
    Delivered,
    Dropped,
    Again,
    Reopen(SendError),
    Failed(SendError),
}

impl Http {
    pub(super) fn new(layout: Arc<Layout>, sending: Arc<Sending>, current: usize, exit: &Exit) -> Http {
        Http { layout, sending, exit: exit.clone(), current, draft: None, client: None }
    }

    /// Sends what has been gathered.
    fn send_draft(&mut self) -> (usize, Answer) {
        let Some(mut draft) = self.draft.take() else { return (0, Answer::Delivered) };
        let body = self.layout.finish(&mut draft, self.sending.compression);
        let url = String::from_utf8_lossy(&draft.url).into_owned();
        if let Err(error) = self.add_headers(&mut draft.headers, &body) {
            return (draft.messages, Answer::Reopen(error));
        }
        let status = match self.request(&url, &draft.headers, body) {
            Ok(Some(status)) => status,
            Ok(None) => return (draft.messages, Answer::Again),
            Err(error) => {
                tracing::error!(url, error = %error, "Error sending HTTP request");
                self.current = self.current.wrapping_add(1);
                return (draft.messages, Answer::Reopen(error));
            }
        };
        self.sending.plugins.iter().for_each(|plugin| plugin.answered(status));
        let action = self.sending.actions.of(status);
        if action != Action::Success {
            tracing::error!(
                url,
                status_code = status,
                batch_size = draft.messages,
                "Server returned with an error"
            );
        }
        let error = || SendError::new(format!("{url} answers with status {status}"));
        let answer = match action {
            Action::Success => Answer::Delivered,
            Action::Drop => Answer::Dropped,
            Action::Retry => Answer::Failed(error()),
            Action::Disconnect => {
                self.current = self.current.wrapping_add(1);
                Answer::Reopen(error())
            }
        };
        (draft.messages, answer)
    }

    /// Adds the headers that the plugins have for this request.
    fn add_headers(&self, headers: &mut HeaderMap, body: &[u8]) -> Result<(), SendError> {
        for plugin in &self.sending.plugins {
            let text = |(name, value): (&HeaderName, &HeaderValue)| {
                format!("{name}: {}", String::from_utf8_lossy(value.as_bytes()))
            };
            let present: Vec<String> = headers.iter().map(text).collect();
            for header in plugin.headers(body, &present).map_err(SendError::new)? {
                let read = header.split_once(':').and_then(|(name, value)| {
                    Some((name.trim().parse::<HeaderName>().ok()?, value.trim().parse::<HeaderValue>().ok()?))
                });
                match read {
                    Some((name, value)) => headers.append(name, value),
                    None => {
                        return Err(SendError::new(format!("`{header}` is no header: write Name: value")));
                    }
                };
            }
        }
        Ok(())
    }

    /// Makes one request and waits for its answer: the status, or nothing when exit is requested first.
    fn request(&self, url: &str, headers: &HeaderMap, body: Vec<u8>) -> Result<Option<u16>, SendError> {
        let wrong = |what: &dyn std::fmt::Display| SendError::new(format!("cannot send to {url}: {what}"));
        let Some(Client { runtime, client }) = &self.client else { return Err(wrong(&"not connected")) };
        let sending = &*self.sending;
        let mut request = client.request(sending.method.clone(), url);
        if let Some((user, password)) = &sending.user {
            request = request.basic_auth(user, password.as_ref());
        }
        let mut all = HeaderMap::new();
        // What a form is sent as, which is what syslog-ng's servers are used to; headers() say it better.
        all.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        all.extend(
            sending.compression.encoding().map(|name| (CONTENT_ENCODING, HeaderValue::from_static(name))),
        );
        all.extend(sending.accept_encoding.clone().map(|value| (ACCEPT_ENCODING, value)));
        all.extend(headers.clone());
        let request = request.headers(all).body(body).build().map_err(|error| wrong(&chain(&error)))?;
        runtime.block_on(async {
            let leave = Leave::new(&self.exit).map_err(|error| wrong(&error))?;
            tokio::select! {
                answer = client.execute(request) => match answer {
                    Ok(answer) => {
                        let status = answer.status().as_u16();
                        // The connection is free again once its answer is read.
                        let _ = answer.bytes().await;
                        Ok(Some(status))
                    }
                    Err(error) => Err(wrong(&chain(&error))),
                },
                () = async {
                    leave.requested().await;
                    tokio::time::sleep(FINISH).await;
                } => Ok(None),
            }
        })
    }

    fn connect(&self) -> Result<Client, Box<dyn std::error::Error>> {
        let sending = &*self.sending;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_io().enable_time().build()?;
        let mut builder = reqwest::Client::builder()
            .user_agent(&sending.user_agent)
            .connect_timeout(CONNECT_MAX)
            .http1_only()
            .redirect(if sending.redirects {
                reqwest::redirect::Policy::limited(REDIRECTS_MAX)
            } else {
                reqwest::redirect::Policy::none()
            });
        let mut tls = rustls::ClientConfig::clone(&sending.tls);
        tls.enable_sni = true;
        builder = builder.tls_backend_preconfigured(tls);
        builder = match &sending.proxy {
            Some(proxy) => builder.proxy(proxy.clone()),
            None => builder.no_proxy(),
        };
        if let Some(timeout) = sending.timeout {
            builder = builder.timeout(timeout);
        }
        Ok(Client { runtime, client: builder.build()? })
    }
}

impl Destination for Http {
    fn open(&mut self) -> Result<(), SendError> {
        if self.client.is_none() {
            let client = self.connect().map_err(|error| SendError::new(error.to_string()))?;
            self.client = Some(client);
        }
        Ok(())
    }

    fn send(&mut self, batch: &Flow) -> Outcome {
        let layout = self.layout.clone();
        let mut scope = layout.scope(batch.messages());
        let mut delivered = 0;
        for message in batch.messages() {
            let url = layout.url(self.current, message, &mut scope);
            if self.draft.as_ref().is_some_and(|draft| draft.url != url) {
                match self.send_draft() {
                    (messages, Answer::Delivered) => delivered += messages,
                    (messages, answer) => return settled(delivered, messages, answer),
                }
            }
            let draft = self.draft.get_or_insert_with(|| layout.begin(url, message, &mut scope));
            layout.add(draft, message, &mut scope);
            if layout.is_full(draft) {
                match self.send_draft() {
                    (messages, Answer::Delivered) => delivered += messages,
                    (messages, answer) => return settled(delivered, messages, answer),
                }
            }
        }
        match (delivered, &self.draft) {
            (_, None) => Outcome::Success,
            (0, Some(_)) => Outcome::Queued,
            (delivered, Some(_)) => {
                Outcome::Settled(Settled { delivered, dropped: 0, reason: REJECTED, then: Then::KeepOpen })
            }
        }
    }

    fn flush(&mut self) -> Outcome {
        match &self.draft {
            None => Outcome::Success,
            Some(draft) if !self.layout.patience(draft).is_zero() => Outcome::Queued,
            Some(_) => self.finish(),
        }
    }

    fn finish(&mut self) -> Outcome {
        match self.send_draft() {
            (_, Answer::Delivered) => Outcome::Success,
            (messages, answer) => settled(0, messages, answer),
        }
    }

    fn idle_max(&self) -> Option<Duration> {
        self.draft.as_ref().map(|draft| self.layout.patience(draft))
    }

    fn close(&mut self) {
        self.client = None;
        // Its messages are still open, and come again.
        self.draft = None;
    }
}

/// Under which messages are counted that a server does not want.
const REJECTED: &str = "rejected";

fn settled(delivered: usize, messages: usize, answer: Answer) -> Outcome {
    let (dropped, then) = match answer {
        Answer::Delivered => return Outcome::Success,
        Answer::Dropped => (messages, Then::Again),
        Answer::Again => (0, Then::Again),
        Answer::Reopen(error) => (0, Then::Reopen(error)),
        Answer::Failed(error) => (0, Then::Failed { messages, error }),
    };
    Outcome::Settled(Settled { delivered, dropped, reason: REJECTED, then })
}

/// An error with all its reasons: the first one only says that something went wrong.
fn chain(error: &reqwest::Error) -> io::Error {
    let mut text = error.to_string();
    let mut source = std::error::Error::source(error);
    while let Some(reason) = source {
        text = format!("{text}: {reason}");
        source = reason.source();
    }
    io::Error::other(text)
}
