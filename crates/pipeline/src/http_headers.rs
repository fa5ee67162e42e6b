//! Headers that something outside adds to the requests of `http()`.

/// Called on the threads of the destination, one request at a time each.
pub trait HttpHeaders: Send + Sync {
    /// Headers for a request of this body that has `headers` already; each is `Name: value`.
    ///
    /// `Err` says why the request must not be sent now: it is tried again after `time-reopen()`.
    fn headers(&self, body: &[u8], headers: &[String]) -> Result<Vec<String>, String>;

    /// The request was answered with this status.
    fn answered(&self, status: u16);
}
