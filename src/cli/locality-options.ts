/** Options that say where a proxy runs. Provisioned pods say it by the environment. */
import { Option } from 'commander';

export const zoneOption = (): Option =>
  new Option('--zone <zone>', 'where the proxy runs, for backends that prefer endpoints near it')
    .env('SLUICE_ZONE')
    .default('', 'not known');

export const nodeOption = (): Option =>
  new Option('--node <node>', 'the node it runs on').env('SLUICE_NODE').default('', 'not known');
