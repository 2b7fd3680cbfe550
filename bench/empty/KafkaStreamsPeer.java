// The empty core on Kafka Streams: KafkaStreamsPeer BROKER APP INPUT OUTPUT DATA THREADS.
// RocksDB, at-least-once, record caching off: one state update, one changelog record, one output.

import java.nio.ByteBuffer;
import java.util.Properties;
import org.apache.kafka.common.serialization.Serdes;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.StreamsConfig;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;
import org.apache.kafka.streams.state.KeyValueStore;
import org.apache.kafka.streams.state.Stores;

public class KafkaStreamsPeer {
  static class Counter implements Processor<byte[], byte[], byte[], byte[]> {
    private ProcessorContext<byte[], byte[]> context;
    private KeyValueStore<byte[], byte[]> totals;

    public void init(ProcessorContext<byte[], byte[]> context) {
      this.context = context;
      this.totals = context.getStateStore("totals");
    }

    public void process(Record<byte[], byte[]> input) {
      byte[] raw = totals.get(input.key());
      long number = ByteBuffer.wrap(input.value()).getLong();
      long seq = 1, total = number;
      if (raw != null) {
        ByteBuffer state = ByteBuffer.wrap(raw);
        seq = state.getLong() + 1;
        total = state.getLong() + number;
      }
      totals.put(input.key(), ByteBuffer.allocate(16).putLong(seq).putLong(total).array());
      context.forward(input.withValue(output(number, seq, total)));
    }

    // msgpack: an array of three unsigned 64-bit integers, as the judge reads them.
    private static byte[] output(long number, long seq, long total) {
      ByteBuffer out = ByteBuffer.allocate(28).put((byte) 0x93);
      for (long each : new long[] {number, seq, total}) {
        out.put((byte) 0xcf).putLong(each);
      }
      return out.array();
    }
  }

  public static void main(String[] args) {
    Properties settings = new Properties();
    settings.put(StreamsConfig.BOOTSTRAP_SERVERS_CONFIG, args[0]);
    settings.put(StreamsConfig.APPLICATION_ID_CONFIG, args[1]);
    settings.put(StreamsConfig.STATE_DIR_CONFIG, args[4]);
    settings.put(StreamsConfig.NUM_STREAM_THREADS_CONFIG, args[5]);
    settings.put(StreamsConfig.STATESTORE_CACHE_MAX_BYTES_CONFIG, 0);
    settings.put(StreamsConfig.PROCESSING_GUARANTEE_CONFIG, StreamsConfig.AT_LEAST_ONCE);
    settings.put(StreamsConfig.COMMIT_INTERVAL_MS_CONFIG, 500);
    settings.put(StreamsConfig.producerPrefix("acks"), "all");
    settings.put(StreamsConfig.producerPrefix("linger.ms"), 20);
    settings.put(StreamsConfig.producerPrefix("batch.size"), 1 << 20);
    settings.put(StreamsConfig.consumerPrefix("auto.offset.reset"), "earliest");
    settings.put(StreamsConfig.consumerPrefix("max.poll.records"), 4000);
    Topology flow = new Topology();
    var bytes = Serdes.ByteArray();
    flow.addSource("in", bytes.deserializer(), bytes.deserializer(), args[2]);
    flow.addProcessor("count", Counter::new, "in");
    flow.addStateStore(
        Stores.keyValueStoreBuilder(Stores.persistentKeyValueStore("totals"), bytes, bytes)
            .withCachingDisabled(),
        "count");
    flow.addSink("out", args[3], bytes.serializer(), bytes.serializer(), "count");
    KafkaStreams streams = new KafkaStreams(flow, settings);
    Runtime.getRuntime().addShutdownHook(new Thread(streams::close));
    streams.start();
  }
}
