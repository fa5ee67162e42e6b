# What a developer runs. `just` alone lists it.

_:
    @just --list --unsorted

# Everything that is not a run of the product: formatting, lints, house rules.
check:
    scripts/setup
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    cargo test -p xtask --locked
    target/venv/bin/ruff check . && target/venv/bin/ruff format --check .
    target/venv/bin/mypy

# Set up, build, and run the whole suite; arguments go to pytest.
test *args:
    scripts/test {{ args }}

# Build and run a configuration in the terminal.
run config="examples/hello.conf" *args:
    scripts/hello {{ config }} {{ args }}

# hognose beside its peers: `just bench --quick`, `just bench --only 'source*' --rounds 5`.
bench *args:
    cargo build --release --workspace --locked
    python3 benches/bench.py {{ args }}

# Property tests with many more cases than a test run has.
fuzz cases="100000":
    PROPTEST_CASES={{ cases }} cargo test --release --locked -p hognose-builtin -p hognose-channel \
        -p hognose-conf -p hognose-control -p hognose-message

# Disk buffer and persist file on a disk that crashes, fails and lies, with so many seeds.
simulate seeds="10000":
    HOGNOSE_SEEDS={{ seeds }} cargo test --release --locked -p hognose-store -- --nocapture

# What takes minutes: ten million messages into a slow reader.
soak:
    scripts/setup
    cargo build --release --workspace --locked
    target/venv/bin/pytest -m soak

# A thousand workers and two hundred daemons killed, against a receiver that counts.
kills:
    scripts/setup
    cargo build --release --workspace --locked
    target/venv/bin/pytest -m soak tests/test_checkpoints.py

# What CI runs.
ci:
    .ci/run

# Licences and versions of what we build on.
deny:
    cargo deny --workspace check
