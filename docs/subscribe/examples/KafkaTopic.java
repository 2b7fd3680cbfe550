// Reads the topic of an organisation.  Needs kafka-clients and, when it runs, Confluent's kafka-avro-serializer.
import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;

public class KafkaTopic {
    public static void main(String[] given) {
        String broker = given[0], hub = given[1], organisation = given[2];
        var settings = new Properties();
        settings.put("bootstrap.servers", broker);
        settings.put("group.id", organisation + "-notices");
        settings.put("enable.auto.commit", "false");
        settings.put("auto.offset.reset", "earliest");
        settings.put("key.deserializer", "org.apache.kafka.common.serialization.StringDeserializer");
        settings.put("value.deserializer", "io.confluent.kafka.serializers.KafkaAvroDeserializer");
        settings.put("schema.registry.url", hub + "/registry");
        try (var consumer = new KafkaConsumer<String, Object>(settings)) {
            consumer.subscribe(List.of("notices." + organisation));
            while (true) {
                for (var record : consumer.poll(Duration.ofSeconds(1))) {
                    storeOnce(record.value()); // a GenericRecord; its notice_id tells a repeat
                }
                consumer.commitSync(); // after it is stored
            }
        }
    }

    static void storeOnce(Object notice) {
        System.out.println("stored");
    }
}
