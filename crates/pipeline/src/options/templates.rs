//! How a driver shows dates and values in its templates.

use conf::diagnostic::Diagnostic;
use conf::globals::{GlobalOptions, TsFormat};
use conf::options::Spanned;
use message::{TemplateOptions, Zone};

use crate::compile::Compile;

conf::options! {
    /// How dates and values are shown, where the global options are not to decide.
    pub struct TemplateOptionGroup {
        /// Escape quotes and control characters in what macros say.
        template_escape: bool = inherit,
        /// Format of time stamps.
        ts_format: TsFormat = inherit,
        /// Digits of the fraction of a second.
        frac_digits: u8 = inherit,
        /// Zone that time stamps are shown in.
        send_time_zone | time_zone: Spanned<String> = inherit,
        /// Zone of dates in the names of files.
        local_time_zone: Spanned<String> = inherit,
    }
}

impl TemplateOptionGroup {
    /// The options these come to, on top of the global ones. `None` after reporting a mistake.
    pub fn resolve(&self, cx: &mut Compile<'_>) -> Option<TemplateOptions> {
        let mut options = template_options(cx)?;
        if let Some(format) = self.ts_format {
            options.ts_format = ts_format(format);
        }
        if let Some(digits) = self.frac_digits {
            options.frac_digits = digits.min(message::time::FRAC_DIGITS_MAX);
        }
        if let Some(escape) = self.template_escape {
            options.escape = escape;
        }
        if let Some(zone) = &self.send_time_zone {
            options.send_zone = Some(read_zone(zone, cx)?);
        }
        if let Some(zone) = &self.local_time_zone {
            options.local_zone = Some(read_zone(zone, cx)?);
        }
        Some(options)
    }
}

/// How dates and values are shown where only the global options say it.
pub fn template_options(cx: &mut Compile<'_>) -> Option<TemplateOptions> {
    let globals: &GlobalOptions = cx.globals;
    let own = if globals.use_fqdn { message::host::fqdn() } else { message::host::short() };
    let mut options = TemplateOptions {
        ts_format: ts_format(globals.ts_format),
        frac_digits: globals.frac_digits.min(message::time::FRAC_DIGITS_MAX),
        escape: globals.template_escape,
        own_host: own.into(),
        ..TemplateOptions::default()
    };
    if let Some(zone) = &globals.send_time_zone {
        options.send_zone = Some(read_zone(&Spanned::synthetic(zone.clone()), cx)?);
    }
    if let Some(zone) = &globals.local_time_zone {
        options.local_zone = Some(read_zone(&Spanned::synthetic(zone.clone()), cx)?);
    }
    Some(options)
}

fn ts_format(format: TsFormat) -> message::time::TsFormat {
    match format {
        TsFormat::Bsd => message::time::TsFormat::Bsd,
        TsFormat::Iso => message::time::TsFormat::Iso,
        TsFormat::Full => message::time::TsFormat::Full,
        TsFormat::Unix => message::time::TsFormat::Unix,
    }
}

fn read_zone(zone: &Spanned<String>, cx: &mut Compile<'_>) -> Option<Zone> {
    match Zone::parse(&zone.value) {
        Ok(zone) => Some(zone),
        Err(error) => {
            cx.diagnostics.push(Diagnostic::error(error.to_string(), zone.span));
            None
        }
    }
}
