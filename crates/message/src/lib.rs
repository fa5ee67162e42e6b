//! Messages: the record, names and values, time, syslog formats, templates.
