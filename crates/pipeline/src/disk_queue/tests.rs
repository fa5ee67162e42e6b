use std::sync::atomic::{AtomicU32, Ordering};

use message::record::{self, Entry, Head};
use message::{Builtin, Name, Origin, Records, ValueType};

use super::*;
use crate::flow::Flow;
use crate::inlet::InletOptions;
use crate::metrics::Metrics;
use crate::queue::Popped;

/// How long something may take that is waited for.
const PATIENCE: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Answers {
    messages: AtomicU32,
    aborted: AtomicU32,
}

impl Answer for Answers {
    fn answered(&self, messages: u32, _position: Position, aborted: bool) {
        let counter = if aborted { &self.aborted } else { &self.messages };
        counter.fetch_add(messages, Ordering::Relaxed);
    }
}

/// A destination whose worker is the test.
struct Bench {
    dir: tempfile::TempDir,
    inlet: Arc<Inlet>,
    metrics: Arc<Metrics>,
    answers: Arc<Answers>,
    settings: DiskSettings,
    disk: Option<DiskQueue>,
}

impl Bench {
    fn new(change: impl FnOnce(&mut DiskSettings)) -> Bench {
        let dir = tempfile::tempdir().unwrap();
        let mut settings = DiskSettings {
            dir: dir.path().to_owned(),
            reliable: true,
            capacity: 1 << 20,
            front: 10,
            window_bytes: 1 << 20,
            sync: Sync::Batch,
            compress: false,
            preallocate: false,
        };
        change(&mut settings);
        let metrics = Metrics::new();
        let inlet = inlet(&metrics);
        let mut bench = Bench { dir, inlet, metrics, answers: Arc::default(), settings, disk: None };
        bench.start();
        bench
    }

    fn start(&mut self) {
        let mut disk =
            self.disk.take().unwrap_or_else(|| DiskQueue::open("d", self.settings.clone()).unwrap());
        self.inlet = inlet(&self.metrics);
        disk.attach(&self.inlet, self.settings.clone());
        self.inlet.set_disk(Some(disk.shared().clone()));
        self.disk = Some(disk);
    }

    /// What a stop does, and for a reload keeps the queue.
    fn stop(&mut self, reload: bool) -> usize {
        let mut disk = self.disk.take().unwrap();
        disk.detach();
        self.inlet.set_disk(None);
        disk.hold(self.inlet.queue().drain());
        if reload {
            self.disk = Some(disk);
            return 0;
        }
        disk.close(Instant::now() + PATIENCE)
    }

    fn push(&self, ids: std::ops::Range<u32>, flow_control: bool) {
        let mut bytes = Vec::new();
        for id in ids.clone() {
            let text = format!("{id}");
            let name = Name::Builtin(Builtin::Message);
            let entry = Entry { name, value: text.as_bytes(), kind: ValueType::String };
            record::encode(&mut bytes, &Head::default(), &[entry]);
        }
        let origin = Arc::new(Origin::new(&[(Builtin::Source, b"s")]));
        let count = ids.len() as u32;
        let records = Records::new(bytes, count, origin);
        let ack = Ack::new(self.answers.clone(), count, Position(0));
        self.inlet.push(Flow::all(Arc::new(records)), &ack, flow_control);
    }

    fn pop(&self) -> Delivery {
        match self.inlet.queue().pop(PATIENCE) {
            Popped::Delivery(delivery) => delivery,
            _ => panic!("nothing comes out"),
        }
    }

    /// Takes and answers messages until there were so many; which they are.
    fn take(&self, messages: usize) -> Vec<u32> {
        let mut ids = Vec::new();
        while ids.len() < messages {
            ids.extend(ids_of(&self.pop().flow));
        }
        ids
    }

    #[track_caller]
    fn wait(&self, what: &str, done: impl Fn(&Bench) -> bool) {
        assert!(wait_until(Instant::now() + PATIENCE, || done(self)), "waited in vain for {what}");
    }

    fn answered(&self) -> u32 {
        self.answers.messages.load(Ordering::Relaxed)
    }

    fn counter(&self, kind: &'static str) -> u64 {
        self.metrics.counter("dst.test", "d#0", "", kind).get()
    }
}

fn inlet(metrics: &Arc<Metrics>) -> Arc<Inlet> {
    let options = InletOptions {
        id: "d#0".to_owned(),
        statement: "d".to_owned(),
        driver: "test",
        instance: String::new(),
        fifo_size: 1000,
        time_reopen: Duration::from_millis(1),
        disk: true,
    };
    Arc::new(Inlet::new(options, metrics))
}

fn ids_of(flow: &Flow) -> Vec<u32> {
    let id = |message: message::Message<'_>| {
        assert_eq!(message.builtin(Builtin::Source), b"s", "the origin is lost");
        std::str::from_utf8(message.builtin(Builtin::Message)).unwrap().parse().unwrap()
    };
    flow.messages().map(id).collect()
}

#[test]
fn a_source_is_answered_before_the_destination_takes_anything() {
    let bench = Bench::new(|_| ());
    bench.push(0..5, true);
    bench.wait("the answer", |bench| bench.answered() == 5);
    assert_eq!(bench.take(5), [0, 1, 2, 3, 4]);
}

#[test]
fn what_does_not_fit_in_memory_comes_from_the_disk_in_order() {
    for (compress, preallocate, sync) in [
        (false, false, Sync::Batch),
        (true, true, Sync::Interval(Duration::from_millis(5))),
        (false, true, Sync::Never),
    ] {
        let bench = Bench::new(|settings| {
            (settings.compress, settings.preallocate, settings.sync) = (compress, preallocate, sync);
        });
        (0..100).for_each(|i| bench.push(i * 7..i * 7 + 7, true));
        bench.wait("the answers", |bench| bench.answered() == 700);
        bench.wait("the count", |bench| bench.counter("queued") == 700);
        assert!(
            bench.inlet.queue().len() < 20,
            "the front cache has 10 messages, and a batch may cross that"
        );
        assert_eq!(bench.take(700), (0..700).collect::<Vec<_>>());
        bench.wait("the count", |bench| bench.counter("queued") == 0);
    }
}

#[test]
fn what_was_not_answered_for_is_there_after_a_restart() {
    let mut bench = Bench::new(|_| ());
    (0..10).for_each(|i| bench.push(i * 10..i * 10 + 10, i % 2 == 0));
    bench.wait("the answers", |bench| bench.answered() == 100 && bench.counter("queued") == 100);
    let taken = bench.take(30).len() as u32;
    bench.wait("the count", |bench| bench.counter("queued") == u64::from(100 - taken));
    // One is on its way when the daemon stops: the destination never answers.
    bench.pop().ack.abort();
    assert_eq!(bench.stop(false), 0);
    bench.start();
    assert_eq!(bench.take(100 - taken as usize), (taken..100).collect::<Vec<_>>());
}

#[test]
fn a_reload_gives_each_message_once() {
    let mut bench = Bench::new(|_| ());
    let mut got = Vec::new();
    for round in 0..20 {
        bench.push(round * 10..round * 10 + 10, true);
        got.extend(bench.take(5));
        bench.stop(true);
        bench.start();
    }
    got.extend(bench.take(200 - got.len()));
    assert_eq!(got, (0..200).collect::<Vec<_>>());
}

#[test]
fn a_full_buffer_drops_what_is_not_under_flow_control_and_keeps_the_rest_waiting() {
    let bench = Bench::new(|_| ());
    // Some 130 bytes each on the disk, in 1 MiB.
    (0..150).for_each(|i| bench.push(i * 100..i * 100 + 100, false));
    bench.wait("a drop", |bench| bench.counter("dropped.queue-full") > 0);
    bench.push(20_000..20_001, true);
    let mut got = Vec::new();
    while got.last() != Some(&20_000) {
        got.extend(bench.take(1));
    }
    assert!(got.is_sorted());
    assert_eq!(got.len() as u64 - 1 + bench.counter("dropped.queue-full"), 15_000);
    bench.wait("the answer", |bench| bench.answered() == 15_001);
}

#[test]
fn a_disk_that_cannot_be_written_bounds_what_waits() {
    let bench = Bench::new(|settings| settings.window_bytes = 5000);
    let queue = bench.dir.path().join(directory_name("d"));
    // Files cannot be made where a directory is gone.
    std::fs::remove_dir_all(&queue).unwrap();
    (0..100).for_each(|i| bench.push(i..i + 1, false));
    assert!(bench.counter("dropped.queue-full") > 0);
    bench.push(1000..1010, true);
    assert_eq!(bench.answered(), 100, "those without flow-control are answered at once");
    std::fs::create_dir(&queue).unwrap();
    bench.wait("the answer", |bench| bench.answered() == 110);
    let kept = 100 - bench.counter("dropped.queue-full") as usize;
    assert_eq!(*bench.take(kept + 10).last().unwrap(), 1009);
}

#[test]
fn a_buffer_in_use_is_refused_by_name() {
    let bench = Bench::new(|_| ());
    let Err(error) = DiskQueue::open("d", bench.settings.clone()) else { panic!("two have it") };
    assert!(error.to_string().contains("in use"), "{error}");
}

#[test]
fn directories_have_names_that_tell_them_apart() {
    let name = |name: &str| directory_name(name).to_str().unwrap().to_owned();
    assert!(name("afsocket_dd(stream,127.0.0.1:514)").starts_with("afsocket_dd_stream_127.0.0.1_514_-"));
    assert_ne!(name("a/b"), name("a_b"));
    assert!(name(&"x".repeat(1000)).len() < 130);
}
