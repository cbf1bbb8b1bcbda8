/** The schema library, in the form that leaves out of a page what it does not use (docs/decisions/0014). */
import * as z from 'zod/mini';

// No code from texts: pages with a content security policy forbid it, and so may Node.
z.config({ jitless: true });

export { z };
