/**
 * JSON: reading what somebody else sent.
 *
 * Owns: that an answer may be anything. Neighbours: the clients of Kubernetes and the hub say what it means
 * when it isn't JSON: it didn't come from the API that was asked.
 */

/** The value, or undefined where the text is no JSON. */
export const parsedJson = (text: string): unknown => {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
};
