/** The syntax of names and labels in Kubernetes (k8s.io/apimachinery, util/validation). */

const LABEL = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/;
const SUBDOMAIN = /^[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*$/;
const LABEL_1035 = /^[a-z]([-a-z0-9]*[a-z0-9])?$/;
const QUALIFIED_PART = /^([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]$/;

/** null if the text is valid, otherwise the expected form. */
export type NameFormat = (text: string) => string | null;

export const dns1123Label: NameFormat = (text) =>
  text.length <= 63 && LABEL.test(text)
    ? null
    : 'at most 63 lower-case letters, digits and "-", with a letter or digit first and last';

export const dns1123Subdomain: NameFormat = (text) =>
  text.length <= 253 && SUBDOMAIN.test(text)
    ? null
    : 'at most 253 lower-case letters, digits, "-" and ".", with a letter or digit first and last in each part';

const dns1035Label: NameFormat = (text) =>
  text.length <= 63 && LABEL_1035.test(text)
    ? null
    : 'at most 63 lower-case letters, digits and "-", with a letter first and a letter or digit last';

/** `name` or `prefix/name`: keys of labels and annotations. */
export const qualifiedName: NameFormat = (text) => {
  const slash = text.indexOf('/');
  const name = text.slice(slash + 1);
  if (slash !== -1 && dns1123Subdomain(text.slice(0, slash)) !== null) {
    return 'a name, or a DNS name, "/" and a name';
  }
  return name.length <= 63 && QUALIFIED_PART.test(name)
    ? null
    : 'at most 63 letters, digits, "-", "_" and ".", with a letter or digit first and last';
};

export const labelValue: NameFormat = (text) =>
  text === '' || (text.length <= 63 && QUALIFIED_PART.test(text))
    ? null
    : 'at most 63 letters, digits, "-", "_" and ".", with a letter or digit first and last';

/** The named formats of Kubernetes' CEL library. */
export const NAME_FORMATS: Readonly<Record<string, NameFormat>> = {
  dns1123Label,
  dns1123Subdomain,
  dns1035Label,
  qualifiedName,
  labelValue,
};
