/** The version of Sluice, as package.json has it. */
import { readFileSync } from 'node:fs';

export function sluiceVersion(): string {
  const text = readFileSync(new URL('../../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
