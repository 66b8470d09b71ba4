/** JSON of a successful answer of one of the sandbox's own doors, or an error that shows the other one. */
export const readJson = async (url: string): Promise<unknown> => {
  const answer = await fetch(url);
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${url} answered ${answer.status}: ${text}`);
  return JSON.parse(text);
};
