/**
 * What a statement takes of the stack of the official parser and validator, which end for good where it is used up:
 * told from the tokens before they get the text. Each share is the part of the stack that one more level takes,
 * measured on the version in use and rounded up by a sixth.
 */
const BRACKET = 1 / 100;
const LOGIC = 1 / 1450;
const ARITHMETIC = 1 / 1050;

/** From what binds least to what binds most. */
const LEVELS: { share: number; tokens: string[] }[] = [
  { share: 1 / 460, tokens: ['when', 'unless'] },
  { share: 1 / 650, tokens: ['if'] },
  { share: LOGIC, tokens: ['||'] },
  { share: LOGIC, tokens: ['&&'] },
  { share: LOGIC, tokens: ['==', '!=', '<', '<=', '>', '>=', 'in', 'has', 'like', 'is'] },
  { share: ARITHMETIC, tokens: ['+', '-'] },
  { share: ARITHMETIC, tokens: ['*'] },
  { share: LOGIC, tokens: ['!'] },
  { share: ARITHMETIC, tokens: ['.', '(', '['] },
];
const LEVEL_OF = new Map(LEVELS.flatMap(({ tokens }, level) => tokens.map((token) => [token, level])));

/** Where one operand ends and the next has all its own levels. */
const SEPARATORS = new Set([',', 'then', 'else']);

/** What is between two brackets: how long the chains at each level are, and the most that is inside of it. */
interface Frame {
  chains: number[];
  longest: number[];
  inside: number;
}

/** Counts the share of the stack that the tokens of one statement take; 1 is all of it. */
export class ParserLoad {
  #frames: Frame[] = [newFrame()];

  token(text: string): void {
    const frame = this.#frames.at(-1) as Frame;
    const level = LEVEL_OF.get(text);
    if (level !== undefined) {
      const length = (frame.chains[level] ?? 0) + 1;
      frame.chains[level] = length;
      frame.chains.fill(0, level + 1);
      frame.longest[level] = Math.max(frame.longest[level] ?? 0, length);
    } else if (SEPARATORS.has(text)) {
      // An `if` in a branch is inside the one before it.
      frame.chains.fill(0, text === ',' ? 0 : LEVEL_IF + 1);
    }
    if (text === '(' || text === '[' || text === '{') this.#frames.push(newFrame());
    else if ((text === ')' || text === ']' || text === '}') && this.#frames.length > 1) this.#close();
  }

  /** The whole, with what is still open taken as closed. */
  total(): number {
    while (this.#frames.length > 1) this.#close();
    return loadOf(this.#frames[0] as Frame);
  }

  #close(): void {
    const closed = loadOf(this.#frames.pop() as Frame) + BRACKET;
    const frame = this.#frames.at(-1) as Frame;
    frame.inside = Math.max(frame.inside, closed);
  }
}

const LEVEL_IF = 1;

function newFrame(): Frame {
  return { chains: LEVELS.map(() => 0), longest: LEVELS.map(() => 0), inside: 0 };
}

/** As if the longest chains of all levels and the heaviest brackets were inside one another. */
function loadOf({ longest, inside }: Frame): number {
  return longest.reduce((sum, length, level) => sum + length * (LEVELS[level]?.share ?? 0), inside);
}
