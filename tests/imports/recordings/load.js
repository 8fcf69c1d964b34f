import http from 'k6/http';
import { check, group, sleep } from 'k6';
import { randomIntBetween, uuidv4 } from 'https://jslib.k6.io/k6-utils/1.4.0/index.js';

const BASE = __ENV.BASE_URL || 'http://127.0.0.1:8000';
const JSON_TYPE = { 'Content-Type': 'application/json' };

export const options = {
  scenarios: {
    night: { executor: 'constant-arrival-rate', rate: 30, timeUnit: '1m', duration: '5m' },
    day: { executor: 'ramping-arrival-rate', startRate: 10, stages: [{ target: 80, duration: '1m' }] },
    people: { executor: 'ramping-vus', stages: [{ target: 5, duration: '1m' }] },
  },
};

export function setup() {
  const answer = http.post(`${BASE}/login`, { user: 'ann', password: 'correct-horse-9' });
  return { token: answer.json('token') };
}

export default function (data) {
  const params = {
    headers: { ...JSON_TYPE, Authorization: `Bearer ${__ENV.API_TOKEN}` },
    tags: { name: 'orders' },
    timeout: '10s',
  };
  const res = http.post(`${BASE}/orders`, JSON.stringify({ sku: 'a-1', n: 2, at: new Date().toISOString(), id: uuidv4() }), params);
  check(res, {
    'status is 201': (r) => r.status === 201,
    'has an id': (r) => r.body.includes('"id"'),
    'is fast': (r) => r.timings.duration < 200,
  });
  check(http.get(`${BASE}/items/${randomIntBetween(1, 500)}?tag=a%20b`), { ok: (r) => [200, 404].includes(r.status) });
  http.get(`${BASE}/orders/${res.json('id')}`, { headers: { Authorization: 'Bearer ' + data.token } });
  for (let i = 0; i < 3; i++) {
    http.del(BASE + '/carts/1');
  }
  http.batch([['GET', `${BASE}/a`], { method: 'PUT', url: `${BASE}/b`, body: 'plain text' }, `${BASE}/c`]);
  http.request('PATCH', BASE + '/items/1', JSON.stringify(data.patch));
  http.get(data.next);
  sleep(1);
}
