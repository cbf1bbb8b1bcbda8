import { resultMetricsOf, type Tracker } from 'harrier/node';

export default (address?: string): Tracker => {
  let run = '';
  return {
    name: 'the webhook',
    async begin({ name }) {
      run = name;
    },
    async epoch() {},
    async end(result) {
      const figures = typeof result === 'string' ? [] : resultMetricsOf(result);
      const text = figures.map(([name, value]) => `${name} ${value.toFixed(4)}`).join(', ');
      const body = JSON.stringify({ text: `${run}: ${text || result}` });
      const headers = { 'content-type': 'application/json' };
      const answer = await fetch(`${address}`, { method: 'POST', headers, body });
      if (!answer.ok) throw new Error(`It answered ${answer.status}`);
    },
  };
};
