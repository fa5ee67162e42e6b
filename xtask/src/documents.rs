//! Documents that are made of the code, and so cannot say anything else.

use crate::Source;
use crate::{compatibility, reference};

/// Every page, as it should stand in the checkout.
pub fn pages() -> Vec<Source> {
    let mut pages = reference::pages();
    pages.push(compatibility::page());
    pages
}
