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
 * java -cp 'lib/*' docs/examples/ReadTier.java BOOTSTRAP_SERVERS REGISTRY_URL TOPIC
 */
public class ReadTier {
    static final HttpClient HTTP = HttpClient.newHttpClient();
    static final Map<Integer, Schema> SCHEMAS = new HashMap<>();
    static final Map<Integer, Long> EPOCHS = new HashMap<>();

    public static void main(String[] at) throws Exception {
        Map<String, Object> config =
            Map.of("bootstrap.servers", at[0], "group.id", "my-java-desk", "auto.offset.reset", "earliest");
        try (var consumer = new KafkaConsumer<>(config, new StringDeserializer(), new ByteArrayDeserializer())) {
            consumer.subscribe(List.of(at[2]));
            while (true) {
                for (var message : consumer.poll(Duration.ofSeconds(1))) {
                    GenericRecord record = decode(at[1], message.value());
                    long epoch = (Long) record.get("epoch");
                    // Of a worker that had been replaced.
                    if (epoch < EPOCHS.merge(message.partition(), epoch, Math::max)) continue;
                    // A control record: heartbeat, STALE, FRESH, SESSION.
                    if (message.key() == null) continue;
                    System.out.println(record.get("symbol") + " " + record.get("bid") + " " + record.get("ask"));
                }
            }
        }
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
