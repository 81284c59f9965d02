import { InvalidArgumentError, Option } from 'commander';

/** Reads a whole number of an option. */
export function wholeNumber(min: number, max: number, what = 'a whole number'): (value: string) => number {
  return (value) => {
    const number = /^\d{1,16}$/.test(value) ? Number(value) : Number.NaN;
    if (number >= min && number <= max) return number;
    throw new InvalidArgumentError(`It must be ${what} from ${min} to ${max}.`);
  };
}

/** `--timeout`, in seconds. */
export function timeoutOption(description: string, seconds: number): Option {
  return new Option('--timeout <seconds>', description)
    .default(seconds)
    .argParser(wholeNumber(1, 86_400, 'a whole number of seconds'));
}
