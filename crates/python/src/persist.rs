//! The persist file, for workers: what a Python `Persist` asks is done here, on the thread that listens to the worker.

use channel::protocol::{
    Bytes, PERSIST_NAMES_BYTES_MAX, PERSIST_VALUE_BYTES_MAX, PersistAnswer, PersistRequest,
};
use store::{Change, Key, Persist};

/// Where a driver's checkpoint is kept.
pub(crate) fn checkpoint_key(persist_name: &str) -> Key {
    Key::new(format!("checkpoint {persist_name}"))
}

/// Does what a worker asks. It is not believed: names and sizes are checked here, and a namespace of nobody is the
/// daemon's own and refused.
///
/// Returns once a change is on the disk, which takes milliseconds: only the driver that asked waits for it.
pub(crate) fn answer(persist: &Persist, request: PersistRequest) -> PersistAnswer {
    try_answer(persist, request).unwrap_or_else(|message| PersistAnswer::Failed { message })
}

/// As [`answer`], for a driver that has checkpoints, kept under `checkpoint`; one that its class has named says so.
pub(crate) fn answer_driver(
    persist: &Persist,
    checkpoint: &mut Key,
    request: PersistRequest,
) -> PersistAnswer {
    let PersistRequest::Restore { persist_name } = request else { return answer(persist, request) };
    if let Some(persist_name) = persist_name {
        *checkpoint = checkpoint_key(&persist_name);
    }
    match persist.get(checkpoint) {
        Ok(value) => PersistAnswer::Value { value: value.map(Bytes) },
        Err(error) => PersistAnswer::Failed { message: in_words(error) },
    }
}

fn try_answer(persist: &Persist, request: PersistRequest) -> Result<PersistAnswer, String> {
    let key = |space: &str, name: Bytes| match space {
        "" => Err("a persist name is empty".to_owned()),
        space => Ok(Key::within(space, name.0)),
    };
    match request {
        PersistRequest::Get { space, name } => {
            let value = persist.get(&key(&space, name)?).map_err(in_words)?;
            Ok(PersistAnswer::Value { value: value.map(Bytes) })
        }
        PersistRequest::Put { space, entries } => {
            let mut changes = Vec::with_capacity(entries.len());
            for (name, value) in entries {
                if value.0.len() > PERSIST_VALUE_BYTES_MAX {
                    return Err(format!("a value of {} bytes is too long", value.0.len()));
                }
                changes.push(Change::Put(key(&space, name)?, value.0));
            }
            persist.commit(&changes).map_err(in_words)?;
            Ok(PersistAnswer::Done)
        }
        PersistRequest::Delete { space, name } => {
            persist.delete(&key(&space, name)?).map_err(in_words)?;
            Ok(PersistAnswer::Done)
        }
        PersistRequest::Names { space, after } => {
            key(&space, Bytes::default())?;
            let entries = persist.entries(&space).map_err(in_words)?;
            Ok(names(entries.into_keys(), after.map(|after| after.0)))
        }
        PersistRequest::Restore { .. } => Err("only a source or a fetcher has checkpoints".to_owned()),
    }
}

fn names(all: impl Iterator<Item = Vec<u8>>, after: Option<Vec<u8>>) -> PersistAnswer {
    let mut bytes = 0;
    let mut names = Vec::new();
    for name in all.filter(|name| after.as_ref().is_none_or(|after| name > after)) {
        bytes += name.len().max(1);
        if bytes > PERSIST_NAMES_BYTES_MAX {
            return PersistAnswer::Names { names, more: true };
        }
        names.push(Bytes(name));
    }
    PersistAnswer::Names { names, more: false }
}

fn in_words(error: store::PersistError) -> String {
    error.to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn put(persist: &Persist, space: &str, name: &str, value: &[u8]) -> PersistAnswer {
        let entries = vec![(Bytes(name.into()), Bytes(value.to_vec()))];
        answer(persist, PersistRequest::Put { space: space.to_owned(), entries })
    }

    fn all_names(persist: &Persist, space: &str) -> Vec<Vec<u8>> {
        let (mut all, mut after) = (Vec::new(), None);
        loop {
            let request = PersistRequest::Names { space: space.to_owned(), after: after.clone() };
            let PersistAnswer::Names { names, more } = answer(persist, request) else { panic!("no names") };
            after = names.last().cloned();
            all.extend(names.into_iter().map(|name| name.0));
            if !more {
                return all;
            }
        }
    }

    #[test]
    fn a_namespace_sees_its_own_names_only() {
        let persist = Persist::in_memory();
        for (space, name) in [("a", "x"), ("ab", "y"), ("a", "z"), ("a#", "w")] {
            assert_eq!(put(&persist, space, name, b"v"), PersistAnswer::Done);
        }
        assert_eq!(all_names(&persist, "a"), [b"x", b"z"]);
        let request = PersistRequest::Delete { space: "a".to_owned(), name: Bytes(b"x".to_vec()) };
        assert_eq!(answer(&persist, request), PersistAnswer::Done);
        assert_eq!(all_names(&persist, "a"), [b"z"]);
    }

    #[test]
    fn many_names_come_in_several_answers() {
        let persist = Persist::in_memory();
        let name = |i: u32| format!("{i:01000}");
        let entries = (0..600).map(|i| (Bytes(name(i).into()), Bytes::default())).collect();
        let request = PersistRequest::Put { space: "s".to_owned(), entries };
        assert_eq!(answer(&persist, request), PersistAnswer::Done);
        assert_eq!(all_names(&persist, "s").len(), 600);
    }

    #[test]
    fn what_is_the_daemons_own_is_refused_and_so_is_what_is_too_long() {
        let persist = Persist::in_memory();
        let long = vec![0; PERSIST_VALUE_BYTES_MAX + 1];
        for refused in [put(&persist, "", "x", b"v"), put(&persist, "s", "x", &long)] {
            assert!(matches!(refused, PersistAnswer::Failed { .. }), "{refused:?}");
        }
        assert!(matches!(put(&persist, "s", &"x".repeat(2000), b"v"), PersistAnswer::Failed { .. }));
        assert!(all_names(&persist, "s").is_empty());
    }

    #[test]
    fn a_driver_finds_its_checkpoint_under_the_name_it_gives_itself() {
        let persist = Persist::in_memory();
        let mut key = checkpoint_key("python(C)#s#0");
        persist.put(&key, b"one").unwrap();
        let mut restore =
            |persist_name| answer_driver(&persist, &mut key, PersistRequest::Restore { persist_name });
        assert_eq!(restore(None), PersistAnswer::Value { value: Some(Bytes(b"one".to_vec())) });
        assert_eq!(restore(Some("other".to_owned())), PersistAnswer::Value { value: None });
        assert_eq!(key, checkpoint_key("other"));
    }
}
