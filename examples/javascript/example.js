// Writes two records and reads them back. Usage: npm install && npm start [-- host:port]
const { Kafka, logLevel } = require("kafkajs");

const broker = process.argv[2] || "localhost:9092";
const topic = "test-topic-javascript";
const kafka = new Kafka({ clientId: "example", brokers: [broker], logLevel: logLevel.ERROR });

async function produce() {
    const producer = kafka.producer();
    await producer.connect();
    await producer.send({
        topic,
        messages: [
            { value: "Hello Kafka" },
            { key: "greeting", value: "This is message 2", headers: { language: "en" } },
        ],
    });
    await producer.disconnect();
}

async function consume(count) {
    const consumer = kafka.consumer({ groupId: "example-javascript" });
    await consumer.connect();
    await consumer.subscribe({ topic, fromBeginning: true });
    await new Promise((resolve, reject) => {
        let received = 0;
        consumer.on(consumer.events.CRASH, (event) => reject(event.payload.error));
        consumer.run({
            eachMessage: async ({ partition, message }) => {
                console.log(`${topic}-${partition}@${message.offset}: ${message.value}`);
                if (++received === count) {
                    resolve();
                }
            },
        });
    });
    await consumer.disconnect();
}

async function main() {
    await produce();
    await consume(2);
}

main().catch((error) => {
    console.error(error.message);
    process.exit(1);
});
