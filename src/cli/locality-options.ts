/** Options for the location of a proxy. Provisioned pods set them by environment variables. */
import { Option } from 'commander';

export const zoneOption = (): Option =>
  new Option('--zone <zone>', 'zone of the proxy, to prefer endpoints in the same zone')
    .env('SLUICE_ZONE')
    .default('', 'not known');

export const nodeOption = (): Option =>
  new Option('--node <node>', 'node of the proxy, to prefer endpoints on the same node')
    .env('SLUICE_NODE')
    .default('', 'not known');
