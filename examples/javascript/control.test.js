// A test in JavaScript that uses the powers of the broker over HTTP (docs/control.md). Start the broker and the test:
//
//   java -jar broker-core/target/ottla.jar --control-port 8090
//   node --test examples/javascript/control.test.js

const assert = require('node:assert');
const { beforeEach, test } = require('node:test');

const control = process.env.OTTLA_CONTROL ?? 'http://localhost:8090';

async function ask(method, path, body) {
  const answer = await fetch(control + path, { method, body: body && JSON.stringify(body) });
  const json = await answer.json();
  if (!answer.ok) {
    throw new Error(json.error);
  }
  return json;
}

beforeEach(() => ask('POST', '/reset'));

test('records go when they are older than the retention', async () => {
  await ask('POST', '/topics', { name: 'orders', configs: { 'retention.ms': 604800000 } });
  await ask('POST', '/topics/orders/records', { key: '42', value: 'a book', headers: { trace: '7' } });
  const [record] = await ask('GET', '/topics/orders/records');
  assert.equal(record.value, 'a book');
  await ask('POST', '/clock/advance', { duration: 'P8D' });
  assert.deepEqual(await ask('GET', '/topics/orders/records'), []);
});

test('a snapshot brings records back', async () => {
  await ask('POST', '/topics', { name: 'orders' });
  await ask('POST', '/topics/orders/records', [{ value: 'one' }, { value: 'two' }]);
  const { id } = await ask('POST', '/snapshots');
  await ask('POST', '/reset');
  await ask('POST', `/snapshots/${id}/restore`);
  await ask('POST', '/waits', { for: 'records', topic: 'orders', count: 2 });
  await ask('DELETE', `/snapshots/${id}`);
});

test('a wait in vain says what there is', async () => {
  await ask('POST', '/topics', { name: 'orders' });
  await assert.rejects(
    ask('POST', '/waits', { for: 'records', topic: 'orders', count: 1, atMostMs: 50 }),
    /there are 1 records in orders, but there are 0/);
});
