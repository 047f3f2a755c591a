// What the player computes, without a browser: tests/test_javascript.py runs this with node.

import assert from "node:assert/strict";
import { test } from "node:test";
import {
  INSTRUMENTS,
  clock,
  frequency,
  marksAt,
  moved,
  noteName,
  notesFromCells,
  notesWithin,
  pitchRange,
  placeOf,
  songSeconds,
  tone,
  unpackSong,
  zoomed,
} from "../../../musegen/player/player.js";

const SONG = {
  title: "four",
  tempo: 120,
  stepsPerBeat: 2,
  length: 16,
  colour: "#000",
  voices: 1,
  onset: [0, 4, 0, 8],
  duration: [4, 2, 12, 4],
  pitch: [60, 64, 67, 72],
};

test("pitches have the names musicians give them", () => {
  assert.deepEqual([0, 21, 60, 61, 127].map(noteName), ["C-1", "A0", "C4", "C#4", "G9"]);
});

test("seconds are written as a clock", () => {
  assert.deepEqual([0, 59.99, 60, 1805].map(clock), ["0:00", "0:59", "1:00", "30:05"]);
});

test("a song unpacks to its notes, seconds and bars", () => {
  const song = unpackSong(SONG);
  assert.deepEqual(
    song.notes.map((note) => note.onset),
    [0, 4, 4, 12],
  );
  assert.equal(songSeconds(song), 4);
  assert.equal(placeOf(song, 12), "bar 2, beat 3");
});

test("notes start where cells come up to the level and end where they fall below", () => {
  const values = Uint8Array.of(9, 40, 41, 9, 63, 40, 40, 40);
  const cells = { low: 60, level: 40, levels: 64, values };
  assert.deepEqual(notesFromCells(cells, 4), [
    { onset: 0, duration: 4, pitch: 61, voice: 0 },
    { onset: 1, duration: 2, pitch: 60, voice: 0 },
  ]);
  assert.equal(notesFromCells({ ...cells, level: 63 }, 4).length, 1);
});

test("cells travel as one letter each", () => {
  const { cells } = unpackSong({
    ...SONG,
    length: 3,
    cells: { low: 60, level: 32, values: "Ag/" },
  });
  assert.deepEqual([...cells.values], [0, 32, 63]);
});

test("what sounds at a moment includes notes held from before, not those just over", () => {
  const { notes } = unpackSong(SONG);
  const heard = notesWithin(notes, 4, 4 + 1e-6).map((note) => note.pitch);
  assert.deepEqual(heard, [64, 67]);
});

test("a mark holds from its first step up to its end", () => {
  const song = unpackSong({
    ...SONG,
    marks: [
      [2, 6, "1"],
      [5, 9, "2"],
    ],
  });
  const said = [1, 2, 5, 6, 9].map((step) => marksAt(song, step).join());
  assert.deepEqual(said, ["", "1", "1,2", "2", ""]);
  assert.deepEqual(marksAt(unpackSong(SONG), 3), []);
});

test("at least two octaves are shown, within 0..127", () => {
  const song = (...pitches) => ({ notes: pitches.map((pitch) => ({ pitch })), cells: null });
  for (const songs of [[song()], [song(0)], [song(127)], [song(60, 64)], [song(0, 127)]]) {
    const { low, high } = pitchRange(songs);
    assert.ok(low >= 0 && high <= 127 && high - low >= 24, `${low}..${high}`);
    for (const { pitch } of songs[0].notes) assert.ok(low <= pitch && pitch <= high);
  }
});

test("a view stays within the song, however it is zoomed and moved", () => {
  const whole = { from: 0, to: 30 };
  const close = zoomed(whole, 3, 12, 30);
  assert.deepEqual(close, { from: 8, to: 18 });
  assert.deepEqual(moved(close, 100, 30), { from: 20, to: 30 });
  assert.deepEqual(moved(close, -100, 30), { from: 0, to: 10 });
  assert.deepEqual(zoomed(close, 0.01, 12, 30), whole);
  assert.ok(zoomed(close, 1e9, 12, 30).to - zoomed(close, 1e9, 12, 30).from >= 1 - 1e-9);
});

/** Measures how much of a frequency is in samples. */
function strength(samples, rate, hertz) {
  let [x, y] = [0, 0];
  samples.forEach((value, i) => {
    x += value * Math.cos((2 * Math.PI * hertz * i) / rate);
    y += value * Math.sin((2 * Math.PI * hertz * i) / rate);
  });
  return Math.hypot(x, y) / samples.length;
}

test("every instrument plays its pitch, from the lowest key to the highest, without clicks", () => {
  const rate = 24000;
  for (const [name, { held }] of Object.entries(INSTRUMENTS)) {
    for (const pitch of [21, 45, 69, 93, 108]) {
      const samples = tone(name, pitch, rate);
      assert.ok(samples.every(Number.isFinite));
      assert.ok(samples.reduce((most, value) => Math.max(most, Math.abs(value)), 0) < 1.2, name);
      const first = samples.subarray(0, rate / 2);
      const [there, between] = [1, 1.5].map((n) => strength(first, rate, n * frequency(pitch)));
      assert.ok(there > 4 * between, `${name} ${pitch}`);
      // What is not looped begins and ends at rest; what is looped goes on where it began.
      const steps = samples.map((value, i) => Math.abs(value - samples[Math.max(0, i - 1)]));
      const seam = held
        ? Math.abs(samples[0] - samples.at(-1))
        : samples[0] ** 2 + samples.at(-1) ** 2;
      assert.ok(seam <= 1.01 * (held ? Math.max(...steps) : 1e-6), `${name} ${pitch}: ${seam}`);
    }
  }
});

test("a piano's tone dies away, and a high one sooner", () => {
  const power = (samples, from) =>
    samples.subarray(from, from + 2400).reduce((sum, value) => sum + value * value, 0);
  const fall = (pitch) => {
    const samples = tone("piano", pitch);
    return power(samples, 24000) / power(samples, 1200);
  };
  assert.ok(fall(36) < 0.7);
  assert.ok(fall(84) < 0.3 * fall(36));
});
