/** Hints for rules whose message has no fix. A test checks that every pattern matches a rule of a schema. */

type Hint = readonly [pattern: RegExp, hint: string];

const HINTS: readonly Hint[] = [
  [/^Must have port for Service reference$/, 'add "port:" with a port of the Service'],
  [/^filter\.(\w+) must be nil if the filter\.type is not (\w+)$/, 'remove "$1:", or write "type: $2"'],
  [/^filter\.(\w+) must be specified for (\w+) filter\.type$/, 'add "$1:" below "type: $2"'],
  [/^(\w+) filter cannot be repeated$/, 'merge the two filters'],
  [
    /^May specify either httpRouteFilterRequestRedirect/,
    'remove the URLRewrite filter: a redirect sets host and path itself',
  ],
  [
    /^RequestRedirect filter must not be used together with backendRefs$/,
    'remove "backendRefs:": a redirect needs no backend',
  ],
  [
    /exactly one PathPrefix match must be specified$/,
    'give the rule one match, of type PathPrefix, or use ReplaceFullPath',
  ],
  [/^value must be an absolute path/, 'begin the path with "/"'],
  [/^must not (contain|end with) '\/[./]*' when type/, 'write the path in its normal form, such as /a/b'],
  [
    /^must not contain '%2[fF]' when type/,
    'an encoded slash is never a separator: use type RegularExpression',
  ],
  [/^must not contain '#' when type/, 'remove "#" and what follows: clients never send it'],
  [
    /^must only contain valid characters .* for types/,
    'percent-encode other characters, or use type RegularExpression',
  ],
  [/^type must be '(\w+)' when (\w+) is set$/, 'write "type: $1", or remove "$2:"'],
  [/^(\w+) must be specified when (type|protocol) is set to '(\w+)'$/, 'add "$1:"'],
  [/^protocol must be '(\w+)' when (\w+) is set$/, 'write "protocol: $1", or remove "$2:"'],
  [/^AbsoluteTimeout must be specified/, 'add "absoluteTimeout:", such as 24h'],
  [/^cookieConfig can only be set with type Cookie$/, 'remove "cookieConfig:", or write "type: Cookie"'],
  [/^Only one of percent or fraction/, 'remove one of the two'],
  [/^One or both of 'service' or 'method'/, 'add "service:" or "method:"'],
  [/^service must only contain valid characters/, 'write it as in the proto file: package.Service'],
  [/cannot contain '\*' alongside/, 'write "*" alone, or list the others without it'],
  [/^backendRequest timeout cannot be longer/, 'shorten backendRequest, or remove it'],
  [
    /^sectionName or port must be (specified|unique)/,
    'select a different listener in each, with "sectionName:"',
  ],
  [/^sectionName must be (specified|unique)/, 'select a different port in each, with "sectionName:"'],
  [/^Rule name must be unique/, 'rename one of them'],
  [/^Listener name must be unique/, 'rename one of them'],
  [/^Combination of port, protocol and hostname/, 'give one of them another port or hostname'],
  [/^tls must not be specified for protocols/, 'remove "tls:", or write "protocol: HTTPS"'],
  [
    /^tls mode must be Terminate for protocol HTTPS$/,
    'write "mode: Terminate", or "protocol: TLS" to pass TLS through',
  ],
  [
    /^tls mode must be set for protocol TLS$/,
    'add "tls:" with "mode: Passthrough", or "mode: Terminate" and certificateRefs',
  ],
  [/^hostname must not be specified for protocols/, 'remove "hostname:": these protocols do not use it'],
  [
    /^certificateRefs or options must be specified/,
    'add "certificateRefs:" with the name of a Secret of type kubernetes.io/tls',
  ],
  [/^must not contain both CACertificateRefs/, 'remove one of the two'],
  [
    /^must specify either CACertificateRefs/,
    'add "caCertificateRefs:", or "wellKnownCACertificates: System"',
  ],
  [/^SubjectAltName element must contain (\w+)/, 'add the value that "type: $1" requires'],
  [/^SubjectAltName element must not contain (\w+)/, 'keep only the value that "type:" names'],
  [/^Hostnames cannot contain an IP$/, 'write a DNS name: TLS server names cannot be IP addresses'],
  [/^Name must be a valid DNS label$/, 'remove "name:": this version of the CRD rejects every name'],
];

/** null when the message of the rule says it all. */
export function ruleHint(message: string): string | null {
  for (const [pattern, hint] of HINTS) {
    const match = pattern.exec(message);
    if (match !== null) return hint.replaceAll(/\$(\d)/g, (_, index: string) => match[Number(index)] ?? '');
  }
  return null;
}

/** The messages that have a hint, as patterns. */
export const hintedMessages = (): readonly RegExp[] => HINTS.map(([pattern]) => pattern);
