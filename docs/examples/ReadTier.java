import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.generic.GenericRecord;
import org.apache.avro.io.DecoderFactory;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;
import org.apache.kafka.common.serialization.StringDeserializer;

/**
 * Reads a tier's topic with Apache's own libraries, kafka-clients and avro:
 * java -cp 'lib/*' docs/examples/ReadTier.java BOOTSTRAP_SERVERS REGISTRY_URL TOPIC [USERNAME PASSWORD [CA]]
 * CA: a PEM file with the certificate that the Kafka cluster's TLS rests on.
 */
public class ReadTier {
    static final HttpClient HTTP = HttpClient.newHttpClient();
    static final Map<Integer, Schema> SCHEMAS = new HashMap<>();
    static final Map<Integer, Long> EPOCHS = new HashMap<>();

    public static void main(String[] at) throws Exception {
        try (var consumer = new KafkaConsumer<>(config(at), new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(at[2]));
            while (true) {
                for (var message : consumer.poll(Duration.ofSeconds(1))) {
                    GenericRecord record = decode(at[1], message.value());
                    long epoch = (Long) record.get("epoch");
                    // Of a worker that had been replaced.
                    if (epoch < EPOCHS.merge(message.partition(), epoch, Math::max)) continue;
                    // A control record: heartbeat, STALE, FRESH, GAP, SESSION.
                    if (message.key() == null) continue;
                    System.out.println(record.get("symbol") + " " + record.get("bid") + " " + record.get("ask"));
                }
            }
        }
    }

    static Map<String, Object> config(String[] at) {
        Map<String, Object> config = new HashMap<>(Map.of("bootstrap.servers", at[0], "auto.offset.reset", "earliest"));
        // On a secured cluster a tenant has the groups that begin with its id and a dot.
        config.put("group.id", (at.length > 3 ? at[3] : "my") + ".java-desk");
        if (at.length > 4) {
            config.put("security.protocol", at.length > 5 ? "SASL_SSL" : "SASL_PLAINTEXT");
            config.put("sasl.mechanism", "SCRAM-SHA-512");
            config.put("sasl.jaas.config", "org.apache.kafka.common.security.scram.ScramLoginModule required"
                + " username=\"" + at[3] + "\" password=\"" + at[4] + "\";");
        }
        if (at.length > 5) {
            config.put("ssl.truststore.type", "PEM");
            config.put("ssl.truststore.location", at[5]);
        }
        return config;
    }

    static GenericRecord decode(String registry, byte[] payload) throws Exception {
        ByteBuffer buffer = ByteBuffer.wrap(payload, 1, 4); // byte 0 is 0, then the schema's id, then the Avro body
        Schema schema = schema(registry, buffer.getInt());
        var body = DecoderFactory.get().binaryDecoder(payload, 5, payload.length - 5, null);
        return new GenericDatumReader<GenericRecord>(schema).read(null, body);
    }

    static Schema schema(String registry, int id) throws Exception {
        if (!SCHEMAS.containsKey(id)) {
            var request = HttpRequest.newBuilder(URI.create(registry + "/schemas/ids/" + id)).build();
            var answer = new ObjectMapper().readTree(HTTP.send(request, BodyHandlers.ofString()).body());
            SCHEMAS.put(id, new Schema.Parser().parse(answer.get("schema").asText()));
        }
        return SCHEMAS.get(id);
    }
}
