import com.sun.management.OperatingSystemMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.DecoderFactory;
import org.apache.avro.io.EncoderFactory;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.apache.kafka.streams.KafkaStreams;
import org.apache.kafka.streams.Topology;
import org.apache.kafka.streams.processor.api.Processor;
import org.apache.kafka.streams.processor.api.ProcessorContext;
import org.apache.kafka.streams.processor.api.Record;

/**
 * The peers' job on Kafka Streams: dedupe by sequence, best bid and offer over brokers, three tiers with a leading-edge
 * interval; with LAST_VALUES in the environment each interval's last value, too. Arguments: ticks to process, the .avsc files of the product's Tick and of the peers' record, broker topics
 * separated by commas. Prints one line of JSON and ends.
 */
public final class TierFanout {
    private static final int HEADER_BYTES = 5;
    private static final boolean LAST_VALUES = System.getenv("LAST_VALUES") != null;
    private static final Set<String> FREE = Set.of("EURUSD", "GBPUSD");
    private static final Set<String> PRO = Set.of("EURUSD", "GBPUSD", "USDJPY", "USDCHF", "AUDUSD");
    private static final List<Tier> TIERS = List.of(
            new Tier("free", 1_000_000, FREE), new Tier("pro", 100_000, PRO), new Tier("enterprise", 10_000, null));

    /** {@code symbols} is null where a tier carries all. */
    private record Tier(String name, long intervalUs, Set<String> symbols) {
        boolean carries(String symbol) {
            return symbols == null || symbols.contains(symbol);
        }
    }

    private record Composite(double bid, double ask, String bidBroker, String askBroker) {}

    private static final class Quote {
        final String broker;
        double bid;
        double ask;

        Quote(String broker) {
            this.broker = broker;
        }
    }

    /** One stream thread: nothing here is shared. */
    private static final class Meter {
        final long ticks;
        long seen;
        long released;
        long startNs;
        long startCpuNs;
        long laterCpuNs;
        long laterSeen;

        Meter(long ticks) {
            this.ticks = ticks;
        }

        static long cpuNs() {
            return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean()).getProcessCpuTime();
        }

        void before() {
            if (seen == 0) {
                startCpuNs = cpuNs();
                startNs = System.nanoTime();
            }
        }

        void after() {
            seen++;
            if (seen == ticks / 2) {
                laterCpuNs = cpuNs();
                laterSeen = seen;
            }
            if (seen == ticks) {
                report();
            }
        }

        private void report() {
            double wallS = (System.nanoTime() - startNs) / 1e9;
            long cpuNs = cpuNs();
            System.out.printf(Locale.ROOT,
                    "{\"ticks\": %d, \"wall_s\": %f, \"cpu_us_per_tick\": %f, \"cpu_us_per_tick_later\": %f, "
                            + "\"ticks_per_s\": %f, \"out_per_tick\": %f, \"peak_rss_mb\": %f}%n",
                    seen, wallS, (cpuNs - startCpuNs) / 1e3 / seen,
                    (cpuNs - laterCpuNs) / 1e3 / (seen - laterSeen), seen / wallS, (double) released / seen, peakMb());
            System.out.flush();
            Runtime.getRuntime().halt(0);
        }

        private static double peakMb() {
            try {
                return Files.readAllLines(Path.of("/proc/self/status")).stream()
                        .filter(line -> line.startsWith("VmHWM:"))
                        .mapToDouble(line -> Double.parseDouble(line.replaceAll("\\D", "")) / 1024)
                        .findFirst().orElse(Double.NaN);
            } catch (IOException absent) {
                return Double.NaN;
            }
        }
    }

    private static final class Fanout implements Processor<byte[], byte[], byte[], byte[]> {
        private final Meter meter;
        private final Schema outSchema;
        private final int symbolAt;
        private final int brokerAt;
        private final int bidAt;
        private final int askAt;
        private final int sequenceAt;
        private final int receivedAt;
        private final GenericDatumReader<GenericRecord> reader;
        private final GenericDatumWriter<GenericRecord> writer;
        private final Map<String, Long> newest = new HashMap<>();
        private final Map<String, Map<String, Quote>> books = new HashMap<>();
        private final Map<String, Map<String, Long>> released = new HashMap<>();
        private final Map<String, Map<String, Composite>> held = new HashMap<>();
        private ProcessorContext<byte[], byte[]> context;
        private BinaryDecoder decoder;
        private BinaryEncoder encoder;
        private GenericRecord tick;

        Fanout(Meter meter, Schema in, Schema out) {
            this.meter = meter;
            this.outSchema = out;
            this.reader = new GenericDatumReader<>(in);
            this.writer = new GenericDatumWriter<>(out);
            symbolAt = in.getField("symbol").pos();
            brokerAt = in.getField("broker").pos();
            bidAt = in.getField("bid").pos();
            askAt = in.getField("ask").pos();
            sequenceAt = in.getField("sequence").pos();
            receivedAt = in.getField("received_time").pos();
            TIERS.forEach(tier -> released.put(tier.name(), new HashMap<>()));
            TIERS.forEach(tier -> held.put(tier.name(), new HashMap<>()));
        }

        @Override
        public void init(ProcessorContext<byte[], byte[]> context) {
            this.context = context;
        }

        @Override
        public void process(Record<byte[], byte[]> record) {
            if (record.key() == null) {
                return; // control records carry no key
            }
            meter.before();
            try {
                fanOut(record);
            } catch (IOException broken) {
                throw new UncheckedIOException(broken);
            }
            meter.after();
        }

        private void fanOut(Record<byte[], byte[]> record) throws IOException {
            byte[] value = record.value();
            decoder = DecoderFactory.get().binaryDecoder(value, HEADER_BYTES, value.length - HEADER_BYTES, decoder);
            tick = reader.read(tick, decoder);
            String broker = tick.get(brokerAt).toString();
            String symbol = tick.get(symbolAt).toString();
            long sequence = (Long) tick.get(sequenceAt);
            String series = broker + "|" + symbol;
            if (sequence <= newest.getOrDefault(series, 0L)) {
                return;
            }
            newest.put(series, sequence);
            Map<String, Quote> book = books.computeIfAbsent(symbol, name -> new HashMap<>());
            long now = (Long) tick.get(receivedAt);
            if (LAST_VALUES) {
                for (Tier tier : TIERS) {
                    releaseHeld(record, tier, symbol, now);
                }
            }
            Quote quote = book.computeIfAbsent(broker, Quote::new);
            quote.bid = (Double) tick.get(bidAt);
            quote.ask = (Double) tick.get(askAt);
            Quote bid = null;
            Quote ask = null;
            for (Quote other : book.values()) {
                bid = bid == null || other.bid > bid.bid ? other : bid;
                ask = ask == null || other.ask < ask.ask ? other : ask;
            }
            for (Tier tier : TIERS) {
                if (tier.carries(symbol)) {
                    release(record, tier, symbol, new Composite(bid.bid, ask.ask, bid.broker, ask.broker), now);
                }
            }
        }

        private void release(Record<byte[], byte[]> record, Tier tier, String symbol, Composite composite, long now)
                throws IOException {
            if (now - released.get(tier.name()).getOrDefault(symbol, 0L) >= tier.intervalUs()) {
                publish(record, tier, symbol, composite, now);
            } else if (LAST_VALUES) {
                held.get(tier.name()).put(symbol, composite);
            }
        }

        /** The last value of an interval that is over: at the symbol's next tick, for want of a timer. */
        private void releaseHeld(Record<byte[], byte[]> record, Tier tier, String symbol, long now) throws IOException {
            long due = released.get(tier.name()).getOrDefault(symbol, 0L) + tier.intervalUs();
            if (due <= now) {
                Composite last = held.get(tier.name()).remove(symbol);
                if (last != null) {
                    publish(record, tier, symbol, last, due);
                }
            }
        }

        private void publish(Record<byte[], byte[]> record, Tier tier, String symbol, Composite composite, long now)
                throws IOException {
            released.get(tier.name()).put(symbol, now);
            GenericRecord out = new GenericData.Record(outSchema);
            out.put("symbol", symbol);
            out.put("bid", composite.bid());
            out.put("ask", composite.ask());
            out.put("bid_broker", composite.bidBroker());
            out.put("ask_broker", composite.askBroker());
            out.put("spread", composite.ask() - composite.bid());
            out.put("event_time", now);
            ByteArrayOutputStream bytes = new ByteArrayOutputStream(96);
            bytes.write(0);
            for (int shift = 24; shift >= 0; shift -= 8) {
                bytes.write(100 >> shift);
            }
            encoder = EncoderFactory.get().binaryEncoder(bytes, encoder);
            writer.write(out, encoder);
            encoder.flush();
            meter.released++;
            byte[] key = symbol.getBytes(StandardCharsets.UTF_8);
            context.forward(record.withKey(key).withValue(bytes.toByteArray()), tier.name());
        }
    }

    public static void main(String[] arguments) throws IOException {
        Meter meter = new Meter(Long.parseLong(arguments[0]));
        Schema in = new Schema.Parser().parse(Files.readString(Path.of(arguments[1])));
        Schema out = new Schema.Parser().parse(Files.readString(Path.of(arguments[2])));
        Topology topology = new Topology();
        topology.addSource("ticks", new ByteArrayDeserializer(), new ByteArrayDeserializer(), arguments[3].split(","));
        topology.addProcessor("fanout", () -> new Fanout(meter, in, out), "ticks");
        for (Tier tier : TIERS) {
            topology.addSink(tier.name(), "tier." + tier.name(), new ByteArraySerializer(), new ByteArraySerializer(), "fanout");
        }
        Properties settings = new Properties();
        settings.put("application.id", "kafka-streams-" + System.nanoTime());
        settings.put("bootstrap.servers", System.getenv("BOOTSTRAP"));
        settings.put("auto.offset.reset", "earliest");
        settings.put("num.stream.threads", "1");
        settings.put("producer.compression.type", "lz4");
        settings.put("producer.linger.ms", "5");
        settings.put("max.poll.records", "5000");
        settings.put("replication.factor", "1");
        settings.put("state.dir", System.getenv("STATE_DIR"));
        new KafkaStreams(topology, settings).start();
    }
}
