/** `sluice cert`: certificates for development, from a local CA. */
import { isIP } from 'node:net';
import { InvalidArgumentError, Option, type Command } from 'commander';
import { USAGE_ERROR } from '../exit-codes.ts';
import { parsePath } from '../options.ts';
import { print, printError } from '../../report/terminal.ts';
import type { CertificateOrder, WrittenFiles } from '../../certificates/certificate-files.ts';
import { trustAdvice } from '../../certificates/trust-advice.ts';

interface CertCommandOptions {
  readonly out: string;
  readonly days: number;
  readonly key: CertificateOrder['keyType'];
  readonly client?: true;
  readonly secret?: string;
  readonly namespace: string;
  readonly force?: true;
}

/** Some systems reject certificates of user-added CAs that are valid for longer. */
const MAX_DAYS = 825;
const NAME = /^(?:\*\.)?[a-z0-9](?:[-a-z0-9]*[a-z0-9])?(?:\.[a-z0-9](?:[-a-z0-9]*[a-z0-9])?)*$/;
const OBJECT_NAME = /^[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?$/;

const EXAMPLES = `
Examples:
  sluice cert shop.example '*.shop.example'      certs/shop.example.{crt,key,secret.yaml}
  sluice cert localhost 127.0.0.1 ::1
  sluice cert --client alice                     for listeners that require a client certificate
  sluice run gateway.yaml certs                  use the Secrets in the folder`;

export function registerCert(program: Command): void {
  program
    .command('cert')
    .description('create certificates for development, as PEM files and as a Secret')
    .argument(
      '<names...>',
      'DNS names (*. allowed) and IP addresses; the first one names the files',
      collectName,
    )
    .option(
      '-o, --out <folder>',
      'output folder; the ca.crt in it is created once and reused',
      parsePath,
      'certs',
    )
    .option('--days <days>', `days of validity, at most ${String(MAX_DAYS)}`, parseDays, 365)
    .addOption(new Option('--key <type>', 'type of the key').choices(['ecdsa', 'rsa']).default('ecdsa'))
    .option('--client', 'create a client certificate instead of a server certificate')
    .option('--secret <name>', 'name of the Secret (default: the first name plus -tls)', parseObjectName)
    .option('-n, --namespace <namespace>', 'namespace of the Secret', parseObjectName, 'default')
    .option('--force', 'overwrite existing files')
    .addHelpText('after', EXAMPLES)
    .action(async (names: readonly string[], options: CertCommandOptions) => {
      // Loaded now: the certificate library is large, and no other command needs it.
      const { CertificateOrderError, writeCertificate } =
        await import('../../certificates/certificate-files.ts');
      try {
        const order = toOrder(names, options);
        report(await writeCertificate(order), order);
      } catch (error) {
        const isExpected =
          error instanceof CertificateOrderError || (error instanceof Error && 'errno' in error);
        if (!isExpected) throw error;
        printError(`sluice cert: ${error.message}`);
        process.exitCode = USAGE_ERROR;
      }
    });
}

function toOrder(names: readonly string[], options: CertCommandOptions): CertificateOrder {
  const [first = ''] = names;
  const readable = first.replace(/^\*\./, 'wildcard-').replace(/[^a-z0-9]+/g, '-');
  return {
    names,
    folder: options.out,
    days: options.days,
    keyType: options.key,
    usage: options.client === true ? 'client' : 'server',
    namespace: options.namespace,
    secretName: options.secret ?? `${readable.replace(/^-+|-+$/g, '')}-tls`,
    replace: options.force === true,
  };
}

function report(files: WrittenFiles, order: CertificateOrder): void {
  print(`certificate  ${files.certificate}`);
  print(`key          ${files.key}`);
  print(`Secret       ${files.secret}   named ${order.namespace}/${order.secretName}, for certificateRefs`);
  print(`CA           ${files.authority}${files.isNewAuthority ? ' (new)' : ''}`);
  print(`ConfigMap    ${files.configMap}   the CA, for caCertificateRefs`);
  print('');
  print(trustAdvice(files, order.usage === 'client', process.platform));
}

/** Commander passes the names one by one. */
function collectName(text: string, names: readonly string[] | undefined): readonly string[] {
  const name = text.toLowerCase();
  if (isIP(name) === 0 && (!NAME.test(name) || name.length > 253)) {
    throw new InvalidArgumentError(
      'Write a DNS name such as shop.example or *.shop.example, or an IP address.',
    );
  }
  return [...(names ?? []), name];
}

function parseDays(text: string): number {
  const days = Number(text);
  if (!/^\d+$/.test(text) || days < 1 || days > MAX_DAYS) {
    throw new InvalidArgumentError(`Write a number of days from 1 to ${String(MAX_DAYS)}.`);
  }
  return days;
}

function parseObjectName(text: string): string {
  if (!OBJECT_NAME.test(text)) {
    throw new InvalidArgumentError('Write an object name: lower-case letters, digits, hyphens and dots.');
  }
  return text;
}
