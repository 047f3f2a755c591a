// The composer's states, without a browser or Python: tests/test_javascript.py runs this with node.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  between,
  coordinate,
  makeSpace,
  nameOf,
  questions,
  randomLatent,
  songOf,
  stateFromText,
  stateToText,
  withCoordinate,
} from "../../../musegen/composer/composer.js";

// Two components, at right angles, of 2 and 0.5.
const SPACE = makeSpace(Float32Array.of(1, 1, 1), Float32Array.of(2, 0, 0, 0, 0.3, 0.4));
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-5, `${a} is not ${b}`);

test("a slider moves along its own component only", () => {
  const moved = withCoordinate(SPACE, Float32Array.of(3, 1, 5), 1, -2);
  near(coordinate(SPACE, moved, 1), -2);
  near(coordinate(SPACE, moved, 0), 1);
  near(coordinate(SPACE, SPACE.mean, 0), 0);
});

test("random latents spread as widely as they are asked to", () => {
  for (const sigma of [1, 2]) {
    const drawn = Array.from({ length: 4000 }, () =>
      coordinate(SPACE, randomLatent(SPACE, sigma), 1),
    );
    const spread = Math.sqrt(drawn.reduce((sum, z) => sum + z * z, 0) / drawn.length);
    assert.ok(Math.abs(spread / sigma - 1) < 0.1, `${spread}`);
  }
});

test("a slider is named by what one hears of it, the most first", () => {
  assert.equal(nameOf([9.9, 0.41, 0.27]), "higher, denser");
  assert.equal(nameOf([-0.2, -0.2, 0.2]), "sparser");
  assert.equal(nameOf([0.9, 0.1, -0.2]), "other notes");
});

test("a walk begins at one song and ends at the other", () => {
  const [a, b] = [Float32Array.of(0, 4), Float32Array.of(2, 0)];
  assert.deepEqual(
    [0, 0.5, 1].map((share) => [...between(a, b, share)]),
    [
      [0, 4],
      [1, 2],
      [2, 0],
    ],
  );
});

const STATE = { latent: Float32Array.of(0.1, 2.5), threshold: 0.4, tempo: 90, instrument: "organ" };
const read = (text, run = "ae") => stateFromText(text, "mine.json", run, ["piano", "organ"], 2);

test("a state comes back from its file", () => {
  assert.deepEqual(read(stateToText(STATE, "ae")), STATE);
});

test("a file that is no state is refused in a sentence that names it", () => {
  const text = stateToText(STATE, "ae");
  assert.throws(() => read("{"), /mine\.json is not JSON; choose/);
  for (const other of ["null", "[]", "3", "{}"]) {
    assert.throws(() => read(other), /mine\.json holds no sliders/);
  }
  assert.throws(() => read(text, "other"), /mine\.json belongs to the network ae; this is other/);
  const damaged = [
    ["0.1", '"x"'],
    ["2.5", "null"],
    ["0.4", "7"],
    ["90", "1e9"],
    ["organ", "kazoo"],
  ];
  for (const [from, to] of damaged) {
    assert.throws(() => read(text.replace(from, to)), /mine\.json is damaged/);
  }
});

test("the threshold decides which cells sound", () => {
  const setup = { low: 60, length: 2, stepsPerBeat: 6, colour: "#000", name: "ae_10" };
  const values = Uint8Array.of(100, 200, 0, 255);
  const notes = (threshold) => songOf(setup, { ...STATE, threshold }, values).notes.length;
  assert.deepEqual([0.1, 0.5, 0.9, 0.99].map(notes), [2, 2, 1, 1]);
});

test("answers find their questions, in any order; a lost connection answers all", async () => {
  const sent = [];
  const { ask, answered, lost } = questions((id, said) => sent.push([id, said]));
  const [one, two, three] = ["a", "b", "c"].map((said) => ask(said));
  answered(sent[1][0], "B", []);
  answered(sent[0][0], "A", []);
  answered(99, "nobody asked", []);
  assert.deepEqual([(await one).said, (await two).said], ["A", "B"]);
  lost("gone");
  await assert.rejects(three, /gone/);
});
