// The table of ops in docs/ops.md, from the op definitions. `npm run generate` writes it, as does
// `node --import tsx scripts/ops-table.ts`; an argument names another file to write.
import { writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { OPS, type OpDefinition } from '../src/ops/index.ts';

const DOMAINS = [
  { domain: '', title: "ONNX's own" },
  { domain: 'com.microsoft', title: "ONNX Runtime's (`com.microsoft`)" },
  { domain: 'com.microsoft.nchwc', title: "ONNX Runtime's, over channels in blocks (`com.microsoft.nchwc`)" },
  { domain: 'harrier', title: "Harrier's own (`harrier`), written in stock ops before anything runs" },
];

const INTRODUCTION = `# Ops

<!-- Generated from src/ops by scripts/ops-table.ts: change that, then \`npm run generate\`. -->

This table lists the ops that Harrier can read. For each op, the last column says whether it has a gradient: **yes**;
**zero**, if the derivative is zero wherever it exists; or **no**, with the reason. Some rules cover only some uses of
their op: Pad has a gradient in its constant mode only. Other uses are refused with an error that names the node.
[Adding an op](adding-an-op.md) shows how to extend the table.
`;

/** The text of docs/ops.md. */
export function opsTable(ops: Iterable<OpDefinition> = OPS.values()): string {
  const all = [...ops].sort((a, b) => (a.opType < b.opType ? -1 : 1));
  const sections = DOMAINS.map(({ domain, title }) => {
    const rows = all.filter((op) => op.domain === domain);
    const lines = rows.map((op) => `| ${op.opType} | ${domain || 'ai.onnx'} | ${gradientOf(op)} |`);
    return `\n## ${title}\n\n| op | domain | gradient |\n| --- | --- | --- |\n${lines.join('\n')}\n`;
  });
  return INTRODUCTION + sections.join('');
}

function gradientOf({ derivative }: OpDefinition): string {
  if (derivative === 'zero') return 'zero';
  return typeof derivative === 'function' ? 'yes' : `no: ${derivative.none}`;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  writeFileSync(process.argv[2] ?? new URL('../docs/ops.md', import.meta.url), opsTable());
}
