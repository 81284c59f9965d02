/** JSON.parse, for now. */
export function parseJson(text: string): unknown {
  return JSON.parse(text);
}
