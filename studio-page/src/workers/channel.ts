import type { Channel } from 'harrier/src/calls.ts';

/** The channel to a worker of the page. */
export function workerChannel(worker: Worker): Channel {
  return {
    send: (message, transfer = []) => worker.postMessage(message, [...transfer]),
    listen: (onMessage) => worker.addEventListener('message', ({ data }) => onMessage(data)),
  };
}

/** The channel of a worker to the page. */
export const pageChannel: Channel = {
  send: (message, transfer = []) => self.postMessage(message, { transfer: [...transfer] }),
  listen: (onMessage) => self.addEventListener('message', ({ data }) => onMessage(data)),
};
