import { isEntityTypeName } from '../entity-uid.ts';
import { EntityNode } from './entity-node.ts';
import type { Environment } from './environment.ts';
import { isIn } from './environment.ts';
import {
  attribute,
  booleanOf,
  type Code,
  getTag,
  hasAttribute,
  hasTag,
  inEntities,
  isLess,
  longValue,
  nodeOf,
  setOf,
  type Test,
  textOf,
} from './expression.ts';
import { caught, EvaluationFailure, fail } from './failure.ts';
import { extensionFunction } from './functions.ts';
import { compilePattern, type PatternElement } from './like.ts';
import { add, multiply, negate, subtract } from './long.ts';
import { ExtensionCallError, JsonValueError, type ValueReader } from './read-json.ts';
import { equal, RecordValue, SetValue, type Value } from './values.ts';

/** A policy that cannot be compiled; the message says what of it. */
export class UnsupportedPolicyError extends Error {
  override readonly name = 'UnsupportedPolicyError';
}

/** What is known of a compiled expression. */
interface Compiled {
  run: Code;
  /** The value, where it is always the same and there is one. */
  constant?: Value;
  /** Set where the value is a boolean, if there is one. */
  test?: Test;
}

/**
 * Deepest nesting of expressions that is compiled. Chains of `&&` and `||` of any length are one level; the rest
 * must leave the stack room to evaluate.
 */
export const MAX_EXPRESSION_DEPTH = 1_000;

type Json = Record<string, unknown>;

const VARIABLES = new Map<unknown, Code>([
  ['principal', (env) => env.principal],
  ['action', (env) => env.action],
  ['resource', (env) => env.resource],
  ['context', (env) => env.context],
]);

/**
 * Compiles Cedar's JSON expressions into closures.
 *
 * @see https://docs.cedarpolicy.com/policies/json-format.html
 */
export class ExpressionCompiler {
  readonly #reader: ValueReader;
  #depth = 0;

  /** @param reader reads literals */
  constructor(reader: ValueReader) {
    this.#reader = reader;
  }

  /** A condition: a type error where its value is no boolean. @throws UnsupportedPolicyError */
  condition(json: unknown): { test: Test; constant?: boolean } {
    const compiled = this.#compile(json);
    const test = asTest(compiled);
    return typeof compiled.constant === 'boolean' ? { test, constant: compiled.constant } : { test };
  }

  #compile(json: unknown): Compiled {
    if (typeof json !== 'object' || json === null || Array.isArray(json)) {
      throw new UnsupportedPolicyError('an expression must be an object');
    }
    const operators = Object.keys(json);
    const [operator] = operators;
    if (operator === undefined || operators.length !== 1) {
      throw new UnsupportedPolicyError('an expression must have one operator');
    }
    this.#depth += 1;
    if (this.#depth > MAX_EXPRESSION_DEPTH) {
      throw new UnsupportedPolicyError(`an expression nests deeper than ${MAX_EXPRESSION_DEPTH} levels`);
    }
    const compiled = this.#operator(operator, (json as Json)[operator]);
    this.#depth -= 1;
    return compiled;
  }

  #operator(operator: string, operand: unknown): Compiled {
    switch (operator) {
      case 'Value':
        return this.#literal(operand);
      case 'Var':
        return variable(operand);
      case '!':
        return this.#not(member(operand, 'arg'));
      case 'neg':
        return this.#unary(operand, (value) => negate(longValue(value)));
      case 'isEmpty':
        return this.#unaryTest(operand, (value) => setOf(value).items.length === 0);
      case '&&':
      case '||':
        return this.#chain(operator, operand);
      case 'if-then-else':
        return this.#conditional(operand);
      case '.':
        return this.#attribute(operand);
      case 'has':
        return this.#has(operand);
      case 'like':
        return this.#like(operand);
      case 'is':
        return this.#is(operand);
      case 'in':
        return this.#in(operand);
      case '==':
        return this.#equals(operand, true);
      case '!=':
        return this.#equals(operand, false);
      case '<':
        return this.#compare(operand, (a, b) => isLess(a, b, false));
      case '<=':
        return this.#compare(operand, (a, b) => isLess(a, b, true));
      case '>':
        return this.#compare(operand, (a, b) => !isLess(a, b, true));
      case '>=':
        return this.#compare(operand, (a, b) => !isLess(a, b, false));
      case '+':
        return this.#binary(operand, (a, b) => add(longValue(a), longValue(b)));
      case '-':
        return this.#binary(operand, (a, b) => subtract(longValue(a), longValue(b)));
      case '*':
        return this.#binary(operand, (a, b) => multiply(longValue(a), longValue(b)));
      case 'contains':
        return this.#compare(operand, (a, b) => setOf(a).has(b));
      case 'containsAll':
        return this.#compare(operand, (a, b) => setOf(a).hasAll(setOf(b)));
      case 'containsAny':
        return this.#compare(operand, (a, b) => setOf(a).hasAny(setOf(b)));
      case 'hasTag':
        return this.#pair(operand, (left, right) => testing((env) => hasTag(env, left(env), right(env))));
      case 'getTag':
        return this.#pair(operand, (left, right) => ({ run: (env) => getTag(env, left(env), right(env)) }));
      case 'Set':
        return this.#set(operand);
      case 'Record':
        return this.#record(operand);
      default:
        return this.#call(operator, operand);
    }
  }

  #literal(json: unknown): Compiled {
    try {
      return constant(this.#reader.read(json, undefined, 'a literal'));
    } catch (error) {
      const wrong = caught(error, JsonValueError);
      if (wrong instanceof ExtensionCallError) return failing(wrong.message);
      throw new UnsupportedPolicyError(wrong.message);
    }
  }

  #not(arg: unknown): Compiled {
    const test = this.#compile(arg);
    const inner = asTest(test);
    return folded(
      [test],
      testing((env) => !inner(env)),
    );
  }

  #unary(operand: unknown, apply: (value: Value) => Value): Compiled {
    const arg = this.#compile(member(operand, 'arg'));
    const { run } = arg;
    return folded([arg], { run: (env) => apply(run(env)) });
  }

  #unaryTest(operand: unknown, apply: (value: Value) => boolean): Compiled {
    const arg = this.#compile(member(operand, 'arg'));
    const { run } = arg;
    return folded(
      [arg],
      testing((env) => apply(run(env))),
    );
  }

  #operands(operand: unknown): [Compiled, Compiled] {
    return [this.#compile(member(operand, 'left')), this.#compile(member(operand, 'right'))];
  }

  #binary(operand: unknown, apply: (left: Value, right: Value) => Value): Compiled {
    const [left, right] = this.#operands(operand);
    const { run: a } = left;
    const { run: b } = right;
    return folded([left, right], { run: (env) => apply(a(env), b(env)) });
  }

  #compare(operand: unknown, apply: (left: Value, right: Value) => boolean): Compiled {
    const [left, right] = this.#operands(operand);
    const { run: a } = left;
    const { run: b } = right;
    return folded(
      [left, right],
      testing((env) => apply(a(env), b(env))),
    );
  }

  /** Like {@link #compare}, where the answer depends on entities and is never the same for all requests. */
  #pair(operand: unknown, make: (left: Code, right: Code) => Compiled): Compiled {
    const [left, right] = this.#operands(operand);
    return make(left.run, right.run);
  }

  #equals(operand: unknown, positive: boolean): Compiled {
    const [left, right] = this.#operands(operand);
    const { run: a } = left;
    const { constant: known, run: b } = right;
    if (known !== undefined && left.constant === undefined && typeof known !== 'object') {
      // Against a string, number or boolean there is nothing to look into.
      return testing(positive ? (env) => a(env) === known : (env) => a(env) !== known);
    }
    const test: Test = positive ? (env) => equal(a(env), b(env)) : (env) => !equal(a(env), b(env));
    return folded([left, right], testing(test));
  }

  /** `a && b && c`, however long, is one closure over a list: no depth, and each is tested for itself. */
  #chain(operator: '&&' | '||', operand: unknown): Compiled {
    const goesOn = operator === '&&';
    const terms = flattened(operator, operand).map((json) => this.#compile(json));
    const tests: Test[] = [];
    for (const term of terms) {
      // A constant that does not decide adds nothing; one that does ends the chain.
      if (term.constant === goesOn) continue;
      tests.push(asTest(term));
      if (term.constant === !goesOn) break;
    }
    const [first, second, ...more] = tests;
    if (first === undefined) return constant(goesOn);
    if (tests.length === 1) return folded(terms, testing(first));
    if (second !== undefined && more.length === 0) {
      return testing(goesOn ? (env) => first(env) && second(env) : (env) => first(env) || second(env));
    }
    return testing((env) => {
      for (const test of tests) if (test(env) !== goesOn) return !goesOn;
      return goesOn;
    });
  }

  #conditional(operand: unknown): Compiled {
    const condition = this.#compile(member(operand, 'if'));
    const then = this.#compile(member(operand, 'then'));
    const otherwise = this.#compile(member(operand, 'else'));
    if (condition.constant === true) return then;
    if (condition.constant === false) return otherwise;
    const test = asTest(condition);
    const { run: a } = then;
    const { run: b } = otherwise;
    return { run: (env) => (test(env) ? a(env) : b(env)) };
  }

  #attribute(operand: unknown): Compiled {
    const left = this.#compile(member(operand, 'left'));
    const name = text(operand, 'attr');
    const { run } = left;
    const compiled: Compiled = { run: (env) => attribute(env, run(env), name) };
    return left.constant instanceof EntityNode ? compiled : folded([left], compiled);
  }

  /** `has a.b` is `has a && .a has b`. */
  #has(operand: unknown): Compiled {
    const left = this.#compile(member(operand, 'left'));
    const attr = member(operand, 'attr');
    const path: unknown[] = Array.isArray(attr) ? attr : [attr];
    const names = path.filter((name) => typeof name === 'string').map(wellFormedText);
    const last = names.at(-1);
    if (last === undefined || names.length !== path.length) {
      throw new UnsupportedPolicyError('has needs an attribute name, or a path of them');
    }
    const { run } = left;
    if (names.length === 1) return testing((env) => hasAttribute(env, run(env), last));
    const before = names.slice(0, -1);
    return testing((env) => {
      let value = run(env);
      for (const name of before) {
        if (!hasAttribute(env, value, name)) return false;
        value = attribute(env, value, name);
      }
      return hasAttribute(env, value, last);
    });
  }

  #like(operand: unknown): Compiled {
    const left = this.#compile(member(operand, 'left'));
    const matches = compilePattern(patternOf(member(operand, 'pattern')));
    const { run } = left;
    return folded(
      [left],
      testing((env) => matches(textOf(run(env)))),
    );
  }

  #is(operand: unknown): Compiled {
    const left = this.#compile(member(operand, 'left'));
    const type = text(operand, 'entity_type');
    if (!isEntityTypeName(type)) throw new UnsupportedPolicyError(`${type} is not an entity type name`);
    const { run } = left;
    const group = (operand as { in?: unknown }).in;
    if (group === undefined || group === null) return testing((env) => nodeOf(run(env)).type === type);
    const { run: groups } = this.#compile(group);
    return testing((env) => {
      const node = nodeOf(run(env));
      return node.type === type && inEntities(env, node, groups(env));
    });
  }

  #in(operand: unknown): Compiled {
    const [left, right] = this.#operands(operand);
    const { run: a } = left;
    const { constant: group, run: b } = right;
    if (group instanceof EntityNode) return testing((env) => isIn(env, nodeOf(a(env)), group));
    return testing((env) => inEntities(env, a(env), b(env)));
  }

  #set(operand: unknown): Compiled {
    const items = list(operand).map((json) => this.#compile(json));
    const runs = items.map(({ run }) => run);
    return folded(items, { run: (env) => SetValue.of(runs.map((run) => run(env))) });
  }

  #record(operand: unknown): Compiled {
    if (typeof operand !== 'object' || operand === null || Array.isArray(operand))
      throw new UnsupportedPolicyError('Record needs an object');
    const names = Object.keys(operand).map(wellFormedText);
    const items = names.map((name) => this.#compile((operand as Json)[name]));
    const runs = items.map(({ run }) => run);
    const shape = new Map(names.map((name, index) => [name, index]));
    return folded(items, {
      run: (env) =>
        new RecordValue(
          shape,
          runs.map((run) => run(env)),
        ),
    });
  }

  #call(name: string, operand: unknown): Compiled {
    const found = extensionFunction(name);
    if (found === undefined) throw new UnsupportedPolicyError(`there is no operator or function ${name}`);
    const args = list(operand).map((json) => this.#compile(json));
    if (args.length !== found.arity) {
      return failing(`${name} takes ${found.arity} arguments, not ${args.length}`);
    }
    const runs = args.map(({ run }) => run);
    const { call } = found;
    return folded(args, { run: (env) => call(runs.map((run) => run(env))) });
  }
}

function constant(value: Value): Compiled {
  const known = { run: () => value, constant: value };
  return typeof value === 'boolean' ? { ...known, test: () => value } : known;
}

/** An expression that never has a value: an evaluation error only where it is evaluated, as with Cedar. */
function failing(message: string): Compiled {
  return { run: () => fail(message) };
}

function testing(test: Test): Compiled {
  return { run: test, test };
}

function asTest({ run, test }: Compiled): Test {
  return test ?? ((env) => booleanOf(run(env)));
}

/** Evaluated now where every part is known; one that fails keeps failing at each request. */
function folded(parts: readonly Compiled[], compiled: Compiled): Compiled {
  if (parts.some((part) => part.constant === undefined)) return compiled;
  try {
    // No part looks at the environment.
    return constant(compiled.run(undefined as unknown as Environment));
  } catch (error) {
    caught(error, EvaluationFailure);
    return compiled;
  }
}

function flattened(operator: string, operand: unknown): unknown[] {
  const terms: unknown[] = [];
  const pending: unknown[] = [{ [operator]: operand }];
  for (let json = pending.pop(); json !== undefined; json = pending.pop()) {
    const inner = isChain(json, operator) ? json[operator] : undefined;
    if (inner === undefined) terms.push(json);
    // The left one is taken next.
    else pending.push(member(inner, 'right'), member(inner, 'left'));
  }
  return terms;
}

function isChain(json: unknown, operator: string): json is Json {
  return (
    typeof json === 'object' &&
    json !== null &&
    Object.hasOwn(json, operator) &&
    Object.keys(json).length === 1
  );
}

function variable(name: unknown): Compiled {
  const run = VARIABLES.get(name);
  if (run === undefined) throw new UnsupportedPolicyError(`there is no variable ${JSON.stringify(name)}`);
  return { run };
}

function member(operand: unknown, name: string): unknown {
  const value = typeof operand === 'object' && operand !== null ? (operand as Json)[name] : undefined;
  if (value === undefined) throw new UnsupportedPolicyError(`an expression lacks its "${name}"`);
  return value;
}

function text(operand: unknown, name: string): string {
  const value = member(operand, name);
  if (typeof value !== 'string') throw new UnsupportedPolicyError(`"${name}" must be a string`);
  return wellFormedText(value);
}

/** Half of a surrogate pair would be in strings that Cedar's do not have it in. */
function wellFormedText(text: string): string {
  if (text.isWellFormed()) return text;
  throw new UnsupportedPolicyError('a name or pattern is not well-formed Unicode');
}

function list(operand: unknown): unknown[] {
  if (!Array.isArray(operand)) throw new UnsupportedPolicyError('an operator needs a list');
  return operand;
}

function patternOf(json: unknown): PatternElement[] {
  return list(json).map((element): PatternElement => {
    if (element === 'Wildcard') return element;
    const literal = (element as { Literal?: unknown } | null)?.Literal;
    if (typeof literal !== 'string')
      throw new UnsupportedPolicyError('a pattern has Wildcard and {"Literal"} only');
    return { Literal: wellFormedText(literal) };
  });
}
