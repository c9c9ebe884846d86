// Regular expressions of predicates: what they take, what is refused, and that they agree with the
// language's own engine on what both know.

import fc from "fast-check";
import { expect, test } from "vitest";

import { AUTOMATON_STATES_MAX } from "../../artifact/layout.ts";
import { accepts, type Automaton, compileRegex } from "../../artifact/regex/automaton.ts";
import { effort, seed } from "../property/seed.ts";

function automatonOf(regex: string): Automaton {
  const automaton = compileRegex(regex);
  if ("reason" in automaton) throw new Error(`${regex} ${automaton.reason}`);
  return automaton;
}

function takes(regex: string, value: string | Uint8Array): boolean {
  return accepts(automatonOf(regex), Buffer.from(value));
}

test.each<[regex: string, taken: string[], refused: string[]]>([
  ["abc", ["abc"], ["", "ab", "abcd", "xabc", "ABC"]],
  ["^abc$", ["abc"], ["xabc", "abcd"]],
  ["a|bc|", ["a", "bc", ""], ["b", "abc"]],
  ["a*b+c?", ["b", "aab", "abbc"], ["", "a", "c", "bcc"]],
  ["(ab)*", ["", "ab", "abab"], ["a", "aba"]],
  ["(?:a|b){2,3}", ["ab", "bba"], ["a", "abab"]],
  ["a{2}", ["aa"], ["a", "aaa"]],
  ["a{2,}", ["aa", "aaaa"], ["a"]],
  ["a{0}b", ["b"], ["ab"]],
  ["(a*)*", ["", "aaa"], ["b"]],
  ["(a?){3}", ["", "aaa"], ["aaaa"]],
  ["v[0-9]+(\\.[0-9]+)?", ["v1", "v12.34"], ["v", "v1.", "v1x2", "1"]],
  ["[^a-c]", ["d", "]", " "], ["a", "b", "dd", ""]],
  ["[a\\-z]", ["a", "-", "z"], ["b"]],
  ["[az-]", ["a", "z", "-"], ["b"]],
  ["[\\d.]+", ["1.2"], ["a"]],
  ["[+--]", ["+", ",", "-"], ["."]],
  ["\\d\\w\\s\\D\\W\\S", ["1a a.x"], ["1a ab."]],
  ["a\\.b\\\\", ["a.b\\"], ["axb\\"]],
  ["\\$", ["$"], [""]],
  ["a\\$", ["a$"], ["a"]],
  ["(?i)ab[c-d]", ["AbC", "abd"], ["abe"]],
  ["(?i)^a$", ["A"], ["b"]],
  [".", ["a", " "], ["", "é"]],
  ["é+", ["é", "éé"], ["e", "é́"]],
  ["", [""], ["a"]],
  ["[\\]]", ["]"], ["["]],
  ["}", ["}"], ["{"]],
])("%s takes what it should", (regex, taken, refused) => {
  expect(taken.filter((value) => !takes(regex, value))).toEqual([]);
  expect(refused.filter((value) => takes(regex, value))).toEqual([]);
});

test.each<[regex: string, offset: number, reason: string]>([
  ["(a", 0, "has a ( without its )"],
  ["a)", 1, "has a ) without its ("],
  ["a[b", 1, "has a [ without its ]"],
  ["[]", 1, "has an empty class"],
  ["[\\D\\d\\s]x|[^\\D\\d]", -1, ""],
  ["[^\\D\\d]", 0, "matches no value at all"],
  ["[z-a]", 1, "has a range that is none"],
  ["[\\d-x]", 1, "has a range that is none"],
  ["[[:alpha:]]", 1, "has a named class"],
  ["[é]", 1, 'has the character "é" in a class'],
  ["*a", 0, "has a * with nothing before it"],
  ["a|+", 2, "has a + with nothing before it"],
  ["a**", 2, "has a quantifier after a quantifier"],
  ["a+?", 2, "has a lazy quantifier"],
  ["a{,2}", 1, "has a { that begins no count"],
  ["a{3,2}", 1, "has a count whose end is before its beginning"],
  ["a{101}", 1, "has a count above 100"],
  ["a^b", 1, "has a ^ inside"],
  ["a$b", 1, "has a $ inside"],
  ["(^a)", 1, "has a ^ inside"],
  ["(a)\\1", 3, "has a back-reference"],
  ["\\bx", 0, "has the escape \\b"],
  ["\\p{L}", 0, "has the escape \\p"],
  ["a\\", 1, "ends in a \\"],
  ["(?=a)", 0, "looks ahead"],
  ["(?<!a)b", 0, "looks behind"],
  ["(?<n>a)", 0, "has a group with a name"],
  ["(?>a)", 0, "has an atomic group"],
  ["a(?i)b", 1, "has (?i) inside"],
  ["(?s)a", 0, "has a group of an unknown kind"],
  ["(".repeat(21) + ")".repeat(21), 20, "has groups nested more than 20 deep"],
  ["a".repeat(513), 0, "is longer than 512 characters"],
  ["(?:.{100}){100}", 0, `needs more than ${AUTOMATON_STATES_MAX} states`],
  ["(?:a|b)*a(?:a|b){12}", 0, `needs more than ${AUTOMATON_STATES_MAX} states`],
])("%s is refused by name", (regex, offset, reason) => {
  const result = compileRegex(regex);
  if (reason === "") expect(result).not.toHaveProperty("reason");
  else expect(result).toMatchObject({ offset, reason });
});

test("the longest value takes one step a byte, whatever the expression", () => {
  const value = Buffer.alloc(1 << 20, "a");
  // Both take exponential time where a matcher goes back.
  expect(takes("(a+)+b", value)).toBe(false);
  expect(takes("(?:a|aa|aaa)*c", value)).toBe(false);
});

test("bytes that are no UTF-8 are bytes", () => {
  expect(takes("a.", Uint8Array.of(0x61, 0xff))).toBe(true);
  expect(takes("[^a]", Uint8Array.of(0x80))).toBe(true);
});

const leaf = fc.constantFrom("a", "b", ".", "[ab]", "[^b]", "\\d", "1", "\\.", "");
const { expression } = fc.letrec<{ expression: string }>((tie) => ({
  expression: fc.oneof(
    { maxDepth: 4 },
    leaf,
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => a + b),
    fc.tuple(tie("expression"), tie("expression")).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie("expression"), fc.constantFrom("*", "+", "?", "{2}", "{1,3}", "{0,2}", "{2,}"))
      .map(([a, times]) => `(${a})${times}`),
  ),
}));
const value = fc
  .array(fc.constantFrom("a", "b", "1", "."), { maxLength: 8 })
  .map((l) => l.join(""));

test("expressions mean what the language's own engine says they mean", () => {
  let taken = 0;
  const property = fc.property(expression, fc.array(value, { minLength: 40 }), (regex, values) => {
    const own = new RegExp(`^(?:${regex})$`, "s");
    const automaton = automatonOf(regex);
    for (const text of values) {
      const isTaken = accepts(automaton, Buffer.from(text));
      if (isTaken !== own.test(text)) throw new Error(`${regex} on ${text}: ${isTaken}`);
      if (isTaken) taken++;
    }
  });
  fc.assert(property, { seed, numRuns: 1_000 * effort });
  expect(taken).toBeGreaterThan(1_000);
}, 30_000);

test("the same language has as many states, however it is written", () => {
  const states = (regex: string) => (compileRegex(regex) as { states: number }).states;
  expect(states("(?:a|b)c*")).toBe(states("[ab](?:c+)?"));
  expect(states("(?:foo|foobar|foobaz)")).toBe(states("foo(?:ba[rz])?"));
});
