/**
 * Sites: how the makers' sites are spoken to.
 *
 * Owns: the settings (`SLIPWAY_DOWNLOADS`, `SLIPWAY_DOWNLOAD_MIRROR`), proxies, and how long an answer may take. The sites
 * are asked for what is needed first, all at the same time, so that a computer which reaches none of them knows after one
 * wait. Neighbours: `catalogue.ts` has the addresses, `checksums.ts` decides by the answers, `download.ts` takes the files.
 */
import { EnvHttpProxyAgent, fetch, type Response } from 'undici';
import { messagesOf } from '../../words/failure.ts';
import { SandboxFailure } from '../failure.ts';

export type SiteSettings = {
  /** Whether the makers' binaries are taken at all. */
  readonly downloads: 'auto' | 'off';
  /** A folder on the web with a folder for each site: `<mirror>/dl.k8s.io/release/…`. */
  readonly mirror?: string;
};

/** How long one waits. A site that is slower than this is not worth it: the tools can be built. */
export type Patience = {
  /** For the whole answer to a small question. */
  readonly answerMilliseconds: number;
  /** In each of these spans a file must grow by so many bytes. */
  readonly paceMilliseconds: number;
  readonly paceBytes: number;
};

export const PATIENCE: Patience = { answerMilliseconds: 4_000, paceMilliseconds: 10_000, paceBytes: 2 << 20 };

/** What a site says when it is asked for a small text. */
export type Answer =
  | { readonly kind: 'text'; readonly text: string }
  /** It is there, and does not give this. */
  | { readonly kind: 'refused'; readonly why: string }
  | { readonly kind: 'silent'; readonly why: string };

export type Sites = {
  readonly patience: Patience;
  /** Where something is really taken from: the mirror, if there is one. */
  readonly placeOf: (url: string) => string;
  readonly open: (url: string, signal: AbortSignal) => Promise<Response>;
  readonly close: () => Promise<void>;
};

const MODES = ['auto', 'off'] as const;

export const siteSettings = (environment: NodeJS.ProcessEnv): SiteSettings => {
  const { SLIPWAY_DOWNLOADS: said = 'auto', SLIPWAY_DOWNLOAD_MIRROR: mirror = '' } = environment;
  const downloads = MODES.find((mode) => mode === (said || 'auto'));
  if (downloads === undefined) {
    throw new SandboxFailure(
      'usage',
      `SLIPWAY_DOWNLOADS is ${said}, which is none of ${MODES.join(' and ')}`,
      "set it to off, so that the makers' binaries are never taken, or leave it out",
    );
  }
  if (mirror === '') return { downloads };
  if (!URL.canParse(mirror) || !/^https?:$/.test(new URL(mirror).protocol)) {
    throw new SandboxFailure(
      'usage',
      `SLIPWAY_DOWNLOAD_MIRROR is ${mirror}, which is no address of a mirror`,
      'set it to an address such as https://mirror.example/tools, under which are dl.k8s.io, github.com and api.github.com',
    );
  }
  return { downloads, mirror: mirror.replace(/\/+$/, '') };
};

/** The sites, reached through the proxy that `HTTPS_PROXY`, `HTTP_PROXY` and `NO_PROXY` name, if they do. */
export const openSites = (
  settings: SiteSettings,
  patience = PATIENCE,
  environment: NodeJS.ProcessEnv = process.env,
): Sites => {
  const variable = (name: string): string => environment[name.toLowerCase()] ?? environment[name] ?? '';
  const dispatcher = new EnvHttpProxyAgent({
    httpProxy: variable('HTTP_PROXY'),
    httpsProxy: variable('HTTPS_PROXY'),
    noProxy: variable('NO_PROXY'),
  });
  const placeOf = (url: string): string => {
    const { host, pathname } = new URL(url);
    return settings.mirror === undefined ? url : `${settings.mirror}/${host}${pathname}`;
  };
  return {
    patience,
    placeOf,
    // GitHub answers nobody without a name. What comes is what is counted and checked, so nobody may pack it on the way.
    open: (url, signal) =>
      fetch(placeOf(url), { dispatcher, signal, headers: { 'user-agent': 'slipway', 'accept-encoding': 'identity' } }),
    close: () => dispatcher.destroy(),
  };
};

export const hostOf = (sites: Sites, url: string): string => new URL(sites.placeOf(url)).host;

/** What is at the bottom of an error: undici's own message says only that it failed. */
export const reasonOf = (error: unknown): string => messagesOf(error).at(-1) ?? String(error);

const ask = async (sites: Sites, url: string): Promise<Answer> => {
  const host = hostOf(sites, url);
  const signal = AbortSignal.timeout(sites.patience.answerMilliseconds);
  try {
    const response = await sites.open(url, signal);
    const text = await response.text();
    if (response.ok) return { kind: 'text', text };
    return { kind: 'refused', why: `${host} answers ${response.status} to a question for ${sites.placeOf(url)}` };
  } catch (error) {
    const seconds = sites.patience.answerMilliseconds / 1000;
    const why = signal.aborted ? `did not answer within ${seconds} s` : `cannot be reached (${reasonOf(error)})`;
    return { kind: 'silent', why: `${host} ${why}` };
  }
};

/** Asks for several texts at the same time, each once. */
export const askAll = async (sites: Sites, urls: readonly string[]): Promise<ReadonlyMap<string, Answer>> => {
  const distinct = [...new Set(urls)];
  return new Map(await Promise.all(distinct.map(async (url) => [url, await ask(sites, url)] as const)));
};
