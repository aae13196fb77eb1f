/** Renderings of the charts that are kept: `golden/<case>.yaml` from `values/<case>.yaml`, and the plain installation. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from '../conformance/lab.ts';
import { renderChart, renderInstall } from './helm.ts';

const VALUES = join(import.meta.dirname, 'values');
const GOLDEN = join(import.meta.dirname, 'golden');

export interface ChartCase {
  readonly name: string;
  /** Where the rendering is kept. */
  readonly file: string;
  readonly render: (helm: string) => string;
}

export const VALUES_FILES: readonly string[] = readdirSync(VALUES).map((file) => join(VALUES, file));

export const CASES: readonly ChartCase[] = [
  ...readdirSync(VALUES).map((file) => ({
    name: file.replace('.yaml', ''),
    file: join(GOLDEN, file),
    render: (helm: string) => renderChart(helm, 'sluice', join(VALUES, file)),
  })),
  { name: 'plain installation', file: join(ROOT, 'deploy', 'install.yaml'), render: renderInstall },
];
