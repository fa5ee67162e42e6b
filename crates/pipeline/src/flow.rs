//! A batch on its way through a log path: records that never change, and which of them are still in.
//!
//! A filter makes a shorter selection over the same bytes; a rewrite or a parser makes new records. Each row keeps
//! the number it had in the batch the source posted, so that branches can be compared and put back in order.

use std::sync::Arc;

use message::{Message, Record, Records};

/// Records, and the rows of them that are meant.
#[derive(Debug, Clone)]
pub struct Flow {
    records: Arc<Records>,
    rows: Rows,
}

/// Which records of an allocation are meant, in order.
#[derive(Debug, Clone)]
enum Rows {
    /// All of them, numbered from 0.
    All,
    /// These.
    Some(Arc<[Row]>),
}

/// One record of a selection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Row {
    /// Where it starts in its allocation.
    pub offset: u32,
    /// Its number in the batch the source posted.
    pub number: u32,
}

impl Flow {
    /// All of `records`.
    pub fn all(records: Arc<Records>) -> Flow {
        Flow { records, rows: Rows::All }
    }

    /// These rows of `records`, in order of their numbers.
    pub fn some(records: Arc<Records>, rows: Vec<Row>) -> Flow {
        debug_assert!(rows.is_sorted_by_key(|row| row.number), "rows out of order");
        Flow { records, rows: Rows::Some(rows.into()) }
    }

    /// Number of messages.
    pub fn len(&self) -> usize {
        match &self.rows {
            Rows::All => self.records.len(),
            Rows::Some(rows) => rows.len(),
        }
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The records selected from.
    pub fn records(&self) -> &Arc<Records> {
        &self.records
    }

    /// The rows, in order.
    pub fn rows(&self) -> RowsIter<'_> {
        match &self.rows {
            Rows::All => RowsIter::All { bytes: self.records.bytes(), next: Row { offset: 0, number: 0 } },
            Rows::Some(rows) => RowsIter::Some(rows.iter()),
        }
    }

    /// The messages, in order.
    pub fn messages(&self) -> Messages<'_> {
        Messages { records: &self.records, rows: self.rows() }
    }

    /// The rows for which `keep` holds. Costs no copy where it holds for all.
    #[must_use]
    pub fn filtered(&self, mut keep: impl FnMut(Row, Message<'_>) -> bool) -> Flow {
        let mut kept = Vec::new();
        let mut all = true;
        for row in self.rows() {
            if keep(row, self.records.message(row.offset)) {
                kept.push(row);
            } else {
                all = false;
            }
        }
        if all { self.clone() } else { Flow::some(self.records.clone(), kept) }
    }

    /// Splits off everything behind the first `count` messages.
    #[must_use]
    pub fn split_at(&self, count: usize) -> (Flow, Flow) {
        let rows: Vec<Row> = self.rows().collect();
        let (head, tail) = rows.split_at(count.min(rows.len()));
        (Flow::some(self.records.clone(), head.to_vec()), Flow::some(self.records.clone(), tail.to_vec()))
    }

    /// The flows as one, in order of their rows' numbers; a row that several of them hold comes in the order of the
    /// flows. Copies the records unless all flows select from the same ones.
    #[must_use]
    pub fn merged(flows: Vec<Flow>) -> Option<Flow> {
        let mut flows: Vec<Flow> = flows.into_iter().filter(|flow| !flow.is_empty()).collect();
        if flows.len() <= 1 {
            return flows.pop();
        }
        let mut rows: Vec<(Row, usize)> =
            flows.iter().enumerate().flat_map(|(i, flow)| flow.rows().map(move |row| (row, i))).collect();
        rows.sort_by_key(|(row, flow)| (row.number, *flow));
        let first = &flows[0].records;
        if flows.iter().all(|flow| Arc::ptr_eq(&flow.records, first)) {
            return Some(Flow::some(first.clone(), rows.into_iter().map(|(row, _)| row).collect()));
        }
        let mut bytes = Vec::new();
        let mut merged = Vec::with_capacity(rows.len());
        for (row, flow) in rows {
            merged.push(Row { offset: bytes.len() as u32, number: row.number });
            bytes.extend_from_slice(flows[flow].records.message(row.offset).record().as_bytes());
        }
        let records = Records::new(bytes, merged.len() as u32, first.origin().clone());
        Some(Flow::some(Arc::new(records), merged))
    }

    /// The same messages in an allocation that holds nothing else, where the selection is so sparse that keeping the
    /// whole batch alive for it would waste memory.
    #[must_use]
    pub fn compacted(self) -> Flow {
        let Rows::Some(rows) = &self.rows else { return self };
        if rows.len() * COMPACT_BELOW > self.records.len() {
            return self;
        }
        let mut bytes = Vec::new();
        let mut kept = Vec::with_capacity(rows.len());
        for row in rows.iter() {
            kept.push(Row { offset: bytes.len() as u32, number: row.number });
            bytes.extend_from_slice(self.records.message(row.offset).record().as_bytes());
        }
        bytes.shrink_to_fit();
        let records = Records::new(bytes, kept.len() as u32, self.records.origin().clone());
        Flow::some(Arc::new(records), kept)
    }
}

/// A selection of less than one in so many rows is copied out before it is queued.
const COMPACT_BELOW: usize = 2;

/// The rows of a flow.
#[derive(Debug, Clone)]
pub enum RowsIter<'a> {
    /// Every record of these bytes.
    All {
        /// The records, back to back.
        bytes: &'a [u8],
        /// The row that comes next.
        next: Row,
    },
    /// Chosen ones.
    Some(std::slice::Iter<'a, Row>),
}

impl Iterator for RowsIter<'_> {
    type Item = Row;

    #[inline]
    fn next(&mut self) -> Option<Row> {
        match self {
            RowsIter::Some(rows) => rows.next().copied(),
            RowsIter::All { bytes, next } => {
                let row = *next;
                if row.offset as usize >= bytes.len() {
                    return None;
                }
                let size = Record::at(bytes, row.offset as usize).as_bytes().len();
                *next = Row { offset: row.offset + size as u32, number: row.number + 1 };
                Some(row)
            }
        }
    }
}

/// The messages of a flow.
#[derive(Debug, Clone)]
pub struct Messages<'a> {
    records: &'a Records,
    rows: RowsIter<'a>,
}

impl<'a> Iterator for Messages<'a> {
    type Item = Message<'a>;

    #[inline]
    fn next(&mut self) -> Option<Message<'a>> {
        self.rows.next().map(|row| self.records.message(row.offset))
    }
}

#[cfg(test)]
mod tests;
