import { answerCalls } from '../../../calls.ts';
import { parentChannel } from '../../../platform/node/worker.ts';
import { load } from './load.ts';

// On a thread of its own, so that nothing else of the benchmark is in its way.
const methods = { load };
export type LoadCalls = typeof methods;
answerCalls(parentChannel(), methods);
