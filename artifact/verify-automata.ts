/**
 * Verifies automata: that no byte has a class and no step a state that is not there, that every table
 * has the size its automaton says, and that an expression, and nothing else, has an automaton.
 */
import { ArtifactError } from "./artifact-error.ts";
import { BYTE_CLASS_ROWS, NONE, offsetsOf, strideOf, type Tables } from "./layout.ts";
import { PREDICATE_KINDS } from "./model.ts";

const AUTOMATON = offsetsOf("automata");
const AUTOMATON_STRIDE = strideOf("automata");
const PREDICATE = offsetsOf("predicates");
const PREDICATE_STRIDE = strideOf("predicates");
const REGEX = PREDICATE_KINDS.indexOf("regex");

/** @throws ArtifactError */
export function verifyAutomata(view: Tables): void {
  const { automata, byteClasses, steps, predicates } = view;
  let nextClass = 0;
  let nextStep = 0;
  for (let at = 0; at < automata.length; at += AUTOMATON_STRIDE) {
    const row = at / AUTOMATON_STRIDE;
    const states = automata[at + AUTOMATON.states]!;
    const classes = automata[at + AUTOMATON.classes]!;
    // One behind the other, so that none is looked at twice.
    const isDense =
      automata[at + AUTOMATON.classOf] === nextClass &&
      automata[at + AUTOMATON.classOf + 1] === BYTE_CLASS_ROWS &&
      automata[at + AUTOMATON.steps] === nextStep &&
      automata[at + AUTOMATON.steps + 1] === states * classes;
    if (!isDense) throw new ArtifactError(`the tables of its automaton ${row} are out of place`);
    if (automata[at + AUTOMATON.start]! >= states || automata[at + AUTOMATON.accepting]! > states) {
      throw new ArtifactError(`its automaton ${row} has a state that is not there`);
    }
    for (const end = nextClass + BYTE_CLASS_ROWS; nextClass < end; nextClass++) {
      const four = byteClasses[nextClass]!;
      for (let shift = 0; shift < 32; shift += 8) {
        if (((four >>> shift) & 0xff) >= classes) {
          throw new ArtifactError(`its automaton ${row} has a class that is not there`);
        }
      }
    }
    for (const end = nextStep + states * classes; nextStep < end; nextStep++) {
      if (steps[nextStep]! >= states) {
        throw new ArtifactError(`its automaton ${row} has a state that is not there`);
      }
    }
  }
  if (nextClass !== byteClasses.length || nextStep !== steps.length) {
    throw new ArtifactError("some tables of its automata belong to none");
  }
  for (let at = 0; at < predicates.length; at += PREDICATE_STRIDE) {
    const isRegex = predicates[at + PREDICATE.kind] === REGEX;
    if (isRegex !== (predicates[at + PREDICATE.automaton] !== NONE)) {
      throw new ArtifactError(
        `its predicate ${at / PREDICATE_STRIDE} has an automaton it does not need, or none`,
      );
    }
  }
}
