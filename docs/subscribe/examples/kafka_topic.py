"""Reads the topic of an organisation.  pip install 'confluent-kafka[avro,schemaregistry]'"""

import sys

from confluent_kafka import Consumer
from confluent_kafka.schema_registry import SchemaRegistryClient
from confluent_kafka.schema_registry.avro import AvroDeserializer
from confluent_kafka.serialization import MessageField, SerializationContext


def read(broker: str, hub: str, organisation: str, most: int) -> None:
    """Store each notice, then say so: in this order a death in between repeats and never loses."""
    topic = f"notices.{organisation}"
    decode = AvroDeserializer(SchemaRegistryClient({"url": f"{hub}/registry"}))
    consumer = Consumer(
        {
            "bootstrap.servers": broker,
            "group.id": f"{organisation}-notices",
            "enable.auto.commit": False,
            "auto.offset.reset": "earliest",
        }
    )
    consumer.subscribe([topic])
    while most > 0:
        record = consumer.poll(1.0)
        if record is None or record.error():
            continue
        notice = decode(record.value(), SerializationContext(topic, MessageField.VALUE))
        sys.stdout.write(f"{notice['notice_id']} {notice['reason']} {notice['role']}\n")
        consumer.commit(record, asynchronous=False)
        most -= 1
    consumer.close()


if __name__ == "__main__":
    read(sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4]))
