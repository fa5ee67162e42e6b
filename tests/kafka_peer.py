"""A Kafka broker that speaks the real protocol: librdkafka's mock cluster, run inside the test process.

The wheel of confluent-kafka brings librdkafka as a shared library, and its C interface makes such a
cluster (rdkafka_mock.h). Its brokers listen on the loopback, so a consumer in another process, here
the daemon's worker, can use it like any cluster: groups, rebalancing, offset commits and all.
"""

import ctypes
from contextlib import contextmanager
from pathlib import Path

import confluent_kafka

RD_KAFKA_PRODUCER = 0
ERROR_BYTES = 512
REBALANCE_DELAY_MS = 50


class MockCluster:
    def __init__(self, library):
        self._lib = library
        error = ctypes.create_string_buffer(ERROR_BYTES)
        # The cluster's brokers run on the threads of a client instance that does nothing else.
        self._host = library.rd_kafka_new(RD_KAFKA_PRODUCER, None, error, ERROR_BYTES)
        assert self._host, error.value
        self._cluster = library.rd_kafka_mock_cluster_new(self._host, 1)
        assert self._cluster, "no mock cluster in this librdkafka"
        # The first member of a group would wait 3 s for others.
        library.rd_kafka_mock_group_initial_rebalance_delay_ms(self._cluster, REBALANCE_DELAY_MS)
        self.bootstraps = library.rd_kafka_mock_cluster_bootstraps(self._cluster).decode()

    def produce(self, topic, records):
        """Sends (key, value) records to one partition, and returns once all are acknowledged."""
        failed = []
        producer = confluent_kafka.Producer({"bootstrap.servers": self.bootstraps})
        for key, value in records:
            producer.produce(
                topic, value, key, partition=0, on_delivery=lambda error, _: error and failed.append(error)
            )
        assert producer.flush(30) == 0 and not failed, failed

    def committed(self, group, topic):
        """The offset from which a member of the group goes on, in the partition that produce() fills."""
        consumer = confluent_kafka.Consumer({"bootstrap.servers": self.bootstraps, "group.id": group})
        try:
            partition = confluent_kafka.TopicPartition(topic, 0)
            return consumer.committed([partition], timeout=30)[0].offset
        finally:
            consumer.close()

    def close(self):
        self._lib.rd_kafka_mock_cluster_destroy(self._cluster)
        self._lib.rd_kafka_destroy(self._host)


@contextmanager
def mock_cluster():
    cluster = MockCluster(_librdkafka())
    try:
        yield cluster
    finally:
        cluster.close()


def _librdkafka():
    bundled = Path(confluent_kafka.__file__).parent.parent / "confluent_kafka.libs"
    path = next(bundled.glob("librdkafka*.so*"), "librdkafka.so.1")
    library = ctypes.CDLL(str(path))
    pointer, text = ctypes.c_void_p, ctypes.c_char_p
    for name, result, arguments in (
        ("rd_kafka_new", pointer, [ctypes.c_int, pointer, text, ctypes.c_size_t]),
        ("rd_kafka_destroy", None, [pointer]),
        ("rd_kafka_mock_cluster_new", pointer, [pointer, ctypes.c_int]),
        ("rd_kafka_mock_cluster_bootstraps", text, [pointer]),
        ("rd_kafka_mock_group_initial_rebalance_delay_ms", None, [pointer, ctypes.c_int32]),
        ("rd_kafka_mock_cluster_destroy", None, [pointer]),
    ):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library
